"""What was run, in words: network, data, seeds, and the recipe of every share as its trials had it."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from frostline.analysis.comparisons import distinct_runs
from frostline.analysis.frost_line import percent
from frostline.report.words import dataset_in_words
from frostline.spec.dataset import Dataset
from frostline.spec.network import NetworkSpec, PlainCnn
from frostline.spec.plan import Plan, portion
from frostline.spec.recipe import Recipe
from frostline.spec.study import Pretraining, Study
from frostline.spec.trial import Trial

SCALED = {
    "planes": "planes scaled to 0 to 1",
    "images": "planes scaled to 0 to 1",
    "sounds": "each spectrogram scaled so that its lowest level is 0 and its highest 1",
}


def what_was_run(study: Study, plan: Plan, frame: pd.DataFrame) -> list[str]:
    """One sentence for each thing that decides what the trials of ``plan`` were, and one for how they stopped."""
    seeds = ", ".join(map(str, study.seed_values))
    return [
        f"Network: {_network(study.network)}.",
        f"Target: {_data(study.dataset)}.",
        f"Source: {_source(study)}.",
        f"Shares of the target's training items: {', '.join(map(percent, study.shares))}.",
        f"Seeds: {seeds}; with them vary: {', '.join(study.vary) or 'nothing'}.",
        *_recipes(study, plan),
        *_splits(study),
        f"Normalisation: {_normalisation(plan)}.",
        *_stopped(frame),
    ]


def _splits(study: Study) -> list[str]:
    """Who trains, validates and tests, and whether that is leaky."""
    dataset = study.dataset
    if dataset.has_folds:
        said = [
            f"Split: {dataset.splitting}, {dataset.fold_count} folds. One tests, the next one validates, the others "
            "train; a share takes its part of both. The split seed turns them."
        ]
        if dataset.splitting == "stratified":
            said.append(
                "This split is leaky where items belong together (one artist, one speaker, one recording): it parts "
                "them, so that the figures are too good for new ones."
            )
        return said
    if dataset.card.validation_counts is not None:
        return ["Split: the official parts; a share takes its part of training and of validation."]
    return [f"Validation: {percent(study.validation)} of the items of each class of a share, not trained on."]


def _normalisation(plan: Plan) -> str:
    """How the planes of the trials were normalised, in numbers where there are numbers."""
    trial = plan.entries[0].trial
    scaled = SCALED[trial.dataset.card.kind]
    match trial.normalise:
        case "unit":
            return f"{scaled}, nothing more"
        case "standard":
            return f"{scaled}, then by the mean and deviation of the training items, channel by channel"
        case statistics:
            mean, deviation = (", ".join(f"{v:g}" for v in vs) for vs in (statistics.mean, statistics.deviation))
            return f"{scaled}, then by the mean {mean} and the deviation {deviation} of each channel"


def _network(network: NetworkSpec) -> str:
    """The name of ``network`` and every number that has an effect."""
    idle = {"pool_every", "pool_stride"} if isinstance(network, PlainCnn) and network.pooling == "none" else set()
    numbers = network.model_dump(exclude={"name", *idle})
    told = (f"{name.replace('_', ' ')} {'none' if value is None else value}" for name, value in numbers.items())
    return f"{network.name}, {', '.join(told)}"


def _data(dataset: Dataset) -> str:
    channels, size = dataset.plane_shape
    padded = dataset.resize == "pad" and dataset.card.kind == "planes"
    fitted = f", {'padded' if padded else 'interpolated'} to that size" if dataset.size else ""
    pools = dataset.pools(0)
    items = sum(pools.train) + sum(pools.validation or ())
    sound = f"; {_sound(dataset)}" if dataset.card.kind == "sounds" else ""
    return (
        f"{dataset_in_words(dataset)}; {items} training items, planes of {channels} x {size} x "
        f"{size} (channels, rows, columns){fitted}{sound}"
    )


def _sound(dataset: Dataset) -> str:
    """The convention of the spectrograms, every number of it."""
    told = dataset.sound.model_dump(exclude_none=True, exclude={"reference", "range_db"})
    if dataset.sound.level == "decibel":
        told |= dataset.sound.model_dump(include={"reference", "range_db"})
    return "log-mel with " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in told.items())


def _source(study: Study) -> str:
    match study.source:
        case None:
            return "none"
        case Pretraining(dataset=dataset):
            return f"pretrained by this study on {_data(dataset)}"
        case weights:
            return f"weights of the file {weights.weights} (origin: {weights.origin})"


def _recipes(study: Study, plan: Plan) -> list[str]:
    """The recipe of each share, then that of the pretrainings, with the number of items that they train on."""
    said = []
    for share in study.shares:
        trials = [entry.trial for entry in plan.entries if entry.share == share]
        seeds = dict.fromkeys(trial.seeds.split for trial in trials)
        held = [portion(study.dataset.pools(seed), share, study.validation) for seed in seeds]
        train, validation = (
            _span([sum(part) for part in parts])
            for parts in ([one.train for one in held], [one.validation for one in held])
        )
        items = f"{train} items to train, {validation} to validate"
        recipes = _once(trial.recipe for trial in trials)
        said += [f"Recipe at {percent(share)} ({items}): {_recipe(recipe)}." for recipe in recipes]
    starts = (entry.trial.start for entry in plan.entries)
    recipes = _once(start.recipe for start in starts if isinstance(start, Trial))
    return said + [f"Recipe of the pretraining: {_recipe(recipe)}." for recipe in recipes]


def _span(counts: list[int]) -> str:
    """``counts`` as one number where they are equal, else from the smallest to the largest."""
    return str(counts[0]) if len(set(counts)) == 1 else f"{min(counts)} to {max(counts)}"


def _once(recipes: Iterable[Recipe]) -> list[Recipe]:
    return list(dict.fromkeys(recipes))


def _recipe(recipe: Recipe) -> str:
    momentum = f", momentum {recipe.momentum:g}" if recipe.optimizer == "sgd" else ""
    decay = f", weight decay {recipe.weight_decay:g}" if recipe.weight_decay else ""
    patience = (
        f"patience {recipe.patience} validations of the {recipe.stop_on}"
        if recipe.patience is not None
        else f"no early stopping, best weights by the {recipe.stop_on}"
    )
    return (
        f"{recipe.optimizer}, rate {recipe.rate:g}{momentum}{decay}, schedule {recipe.schedule}, batch {recipe.batch}, "
        f"at most {recipe.steps} steps, validation every {recipe.validate_every} steps, {patience}"
    )


def _stopped(frame: pd.DataFrame) -> list[str]:
    """How many finished trials ended at their budget; nothing where none has finished."""
    ends = distinct_runs(frame)["stopped"].dropna()
    spent = int((ends == "budget").sum())
    if ends.empty:
        return []
    if not spent:
        return [f"None of {len(ends)} trials stopped at the budget; all were ended by their patience."]
    return [f"{spent} of {len(ends)} trials stopped at the budget; their arms may not have converged."]
