"""What was run, in words: network, data, seeds, and the recipe of every share as its trials had it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from frostline.analysis.comparisons import distinct_runs
from frostline.analysis.frost_line import percent
from frostline.report.known_data import counts_of_the_list, noted
from frostline.report.networks import network_in_words
from frostline.report.recipes import augmentation_in_words, forging_in_words
from frostline.report.recipes_of_shares import recipes_of_shares
from frostline.report.words import dataset_in_words, source_in_words, varying
from frostline.spec.augmentation import NOTHING
from frostline.spec.dataset import Dataset
from frostline.spec.folds import turn_of
from frostline.spec.forged import forged_of
from frostline.spec.plan import Plan
from frostline.spec.study import Pretraining, Study
from frostline.spec.trial import Trial
from frostline.way_facts import in_words

NO_FACTS: Mapping[str, str] = MappingProxyType({})
GROUP = "group (an artist, a speaker, a recording)"
SCALED = {
    "planes": "planes scaled to 0 to 1",
    "images": "planes scaled to 0 to 1",
    "sounds": "each spectrogram scaled so that its lowest level is 0 and its highest 1",
}


def what_was_run(study: Study, plan: Plan, frame: pd.DataFrame, facts: Mapping[str, str] = NO_FACTS) -> list[str]:
    """One sentence for each thing that decides what the trials of ``plan`` were, and one for how they stopped.

    ``facts`` are those that the store of the study keeps: they tell how the trials were computed, and why so.
    """
    seeds = ", ".join(map(str, study.seed_values))
    return [
        f"Network: {network_in_words(plan.entries[0].trial.network)}.",
        *_beside(study, plan),
        f"Target: {_data(study.dataset)}.",
        f"Source: {_source(study)}.",
        f"Shares of the target's training items: {', '.join(map(percent, study.shares))}.",
        f"Seeds: {seeds}; with them vary: {varying(study)}.",
        *counts_of_the_list(study.dataset, facts),
        *recipes_of_shares(study, plan, frame),
        *_augmentation(study),
        *_forged(plan),
        *_splits(study),
        *noted(plan, facts),
        f"Normalisation: {_normalisation(plan)}.",
        *in_words(study, facts).splitlines(),
        *_stopped(frame),
    ]


def _beside(study: Study, plan: Plan) -> list[str]:
    """Every other network, with its planes where these are other ones."""
    told = []
    for name in study.beside:
        trial = next(entry.trial for entry in plan.entries if entry.arm.beside == name)
        shape = " x ".join(map(str, trial.dataset.plane_shape))
        said = f"{network_in_words(trial.network)}, from scratch on planes of {shape}, {_normalised(trial)}"
        told.append(f"Beside it, {name}: {said}.")
    return told


def _splits(study: Study) -> list[str]:
    """Who trains, validates and tests, and whether that is leaky."""
    dataset = study.dataset
    if dataset.has_folds:
        folds = f"{dataset.fold_count} folds"
        parted = {
            "official": f"the {folds} that belong to {dataset.name}{_grouping(dataset)}",
            "grouped": f"{folds} dealt group by group, which part no {GROUP}",
            "stratified": f"{folds} dealt item by item",
        }
        said = [
            f"Split: {parted[dataset.splitting]}. {_turns(study)} A share takes its part of what trains and validates."
        ]
        if dataset.splitting == "stratified":
            said.append(
                "This split is leaky where items belong together (one artist, one speaker, one recording): it parts "
                "them, so that the figures are too good for new ones."
            )
        return said
    if dataset.card.validation_counts is not None:
        return ["Split: the official parts; a share takes its part of training and of validation."]
    of = "the items of each class of a share" if dataset.task == "classes" else "the items of a share"
    return [f"Validation: {percent(study.validation)} of {of}, not trained on."]


def _grouping(dataset: Dataset) -> str:
    """Whether official folds are known to part no group: known datasets are made so, one's own say it or do not."""
    listing = dataset.card.listing
    if listing is None or any(item.group != item.id for item in listing.items):
        return f", which part no {GROUP}"
    return "; nothing says which items belong together"


def _turns(study: Study) -> str:
    """Which of the folds test, validate and train."""
    folds = study.dataset.fold_count
    others = "the other fold trains" if folds - 2 == 1 else f"the other {folds - 2} train"
    if "split" not in study.vary:
        turn = turn_of(study.fixed_seed, folds)
        return f"In every run fold {turn.test + 1} tests, fold {turn.validation + 1} validates and {others}."
    said = f"The seed chooses the fold that tests; the next one validates and {others}."
    deals = {turn_of(seed, folds).deal for seed in study.seed_values}
    if study.dataset.splitting == "official" or len(deals) == 1:
        return said
    return f"{said} Once all folds have tested, the items are dealt anew."


def _normalisation(plan: Plan) -> str:
    """How the planes of the trials were normalised, in numbers where there are numbers."""
    return _normalised(plan.entries[0].trial)


def _normalised(trial: Trial) -> str:
    scaled = SCALED[trial.dataset.card.kind]
    match trial.normalise:
        case "unit":
            return f"{scaled}, nothing more"
        case "standard":
            return f"{scaled}, then by the mean and deviation of the training items, channel by channel"
        case statistics:
            mean, deviation = (", ".join(f"{v:g}" for v in vs) for vs in (statistics.mean, statistics.deviation))
            return f"{scaled}, then by the mean {mean} and the deviation {deviation} of each channel"


def _data(dataset: Dataset) -> str:
    pools = dataset.pools(0)
    items = sum(pools.train) + sum(pools.validation or ())
    counted = f"{items + sum(pools.test)} items in all folds" if dataset.has_folds else f"{items} training items"
    sound = f"; {_sound(dataset)}" if dataset.card.kind == "sounds" else ""
    return (
        f"{dataset_in_words(dataset)}; {counted}, planes of "
        f"{' x '.join(map(str, dataset.plane_shape))} (channels, rows, columns){_fitted(dataset)}{sound}"
    )


def _fitted(dataset: Dataset) -> str:
    """How planes came to their channels and their size, where that is not their own."""
    told = []
    if dataset.channels is not None:
        told.append("one channel repeated" if dataset.card.channels == 1 else "the mean of all channels")
    if dataset.size is not None:
        padded = "padded" if dataset.resize == "pad" else "interpolated"
        fitted = {"planes": padded, "images": "scaled and cut around the middle", "sounds": "scaled"}
        told.append(f"{fitted[dataset.card.kind]} to that size")
    return "".join(f", {one}" for one in told)


def _sound(dataset: Dataset) -> str:
    """The convention of the spectrograms, every number of it."""
    sound = dataset.sound
    pieces = f"{sound.segments} segments a recording, their answers averaged; " if sound.segments > 1 else ""
    over = "the maximum" if sound.reference == "maximum" else "one"
    levels = {
        "decibel": f"decibel over {over}, range {sound.range_db:g} dB",
        "log": "natural logarithm",
        "compressed": "log10 of 10,000 times the power plus 1",
    }
    return (
        f"{pieces}log-mel of {sound.duration_s:g} s at {sound.rate_hz} Hz: window {sound.window} and hop {sound.hop} "
        f"samples, {sound.bands} bands from {sound.lowest_hz:g} to {sound.top_hz:g} Hz, mel scale {sound.scale}, "
        f"norm {sound.norm}, {levels[sound.level]}"
    )


def _source(study: Study) -> str:
    match study.source:
        case None:
            return "none"
        case Pretraining(dataset=dataset):
            return f"pretrained by this study on {_data(dataset)}"
        case weights:
            return f"{source_in_words(weights)} (origin: {weights.origin})"


def _augmentation(study: Study) -> list[str]:
    """What training did to its items, in the transfers and, where it is another, in the pretraining."""
    said = augmentation_in_words(study.augmentation)
    told = [f"{said[0].upper()}{said[1:]}."]
    if isinstance(study.source, Pretraining) and study.source.augmentation != study.augmentation:
        told.append(f"In the pretraining: {augmentation_in_words(study.source.augmentation)}.")
    if study.synthesis is not None:
        told.append(f"Beside the real items of every training: {forging_in_words(study.synthesis)}.")
    for name, one in study.additions.items():
        kinds = [augmentation_in_words(one.augmentation)] if one.augmentation != NOTHING else []
        kinds += [] if one.synthesis is None else [forging_in_words(one.synthesis)]
        told.append(f"With {name}: {'; '.join(kinds)}.")
    return told


def _forged(plan: Plan) -> list[str]:
    """How many synthetic items stood beside how many real ones at each share, and what was learned from."""
    told = [
        f"{f'with {one.addition}' if one.addition else 'every arm'} at {percent(one.share)}, {one}"
        for one in forged_of(plan)
    ]
    if not told:
        return []
    said = "Each generator learned from the real training items of its share and split alone"
    return [f"Synthetic items only train: {'; '.join(told)}. {said}."]


def _stopped(frame: pd.DataFrame) -> list[str]:
    """How many finished trials ended at their budget; nothing where none has finished."""
    ends = distinct_runs(frame)["stopped"].dropna()
    spent = int((ends == "budget").sum())
    if ends.empty:
        return []
    if not spent:
        return [f"None of {len(ends)} trials stopped at the budget; all were ended by their patience."]
    return [f"{spent} of {len(ends)} trials stopped at the budget; their arms may not have converged."]
