"""What was run, in words: network, data, seeds, and the recipe of every share as its trials had it."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from frostline.analysis.comparisons import distinct_runs
from frostline.analysis.frost_line import percent
from frostline.report.words import dataset_in_words
from frostline.spec.network import NetworkSpec, PlainCnn
from frostline.spec.plan import Plan, portion
from frostline.spec.recipe import Recipe
from frostline.spec.study import Pretraining, Study
from frostline.spec.trial import Dataset, Trial

NORMALISED = {
    "unit": "planes scaled to 0 to 1, nothing more",
    "standard": "planes scaled to 0 to 1, then by the mean and deviation of the training items, channel by channel",
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
        f"Normalisation: {study.normalise} ({NORMALISED[study.normalise]}).",
        f"Validation: {percent(study.validation)} of the items of each class of a share, not trained on.",
        *_stopped(frame),
    ]


def _network(network: NetworkSpec) -> str:
    """The name of ``network`` and every number that has an effect."""
    idle = {"pool_every", "pool_stride"} if isinstance(network, PlainCnn) and network.pooling == "none" else set()
    numbers = network.model_dump(exclude={"name", *idle})
    told = (f"{name.replace('_', ' ')} {'none' if value is None else value}" for name, value in numbers.items())
    return f"{network.name}, {', '.join(told)}"


def _data(dataset: Dataset) -> str:
    channels, size = dataset.plane_shape
    fitted = f", {'padded' if dataset.resize == 'pad' else 'interpolated'} to that size" if dataset.size else ""
    return (
        f"{dataset_in_words(dataset)}; {sum(dataset.train_counts)} training items, planes of {channels} x {size} x "
        f"{size} (channels, rows, columns){fitted}"
    )


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
        held = portion(study.dataset.train_counts, share, study.validation)
        items = f"{sum(held.train)} items to train, {sum(held.validation)} to validate"
        recipes = _once(entry.trial.recipe for entry in plan.entries if entry.share == share)
        said += [f"Recipe at {percent(share)} ({items}): {_recipe(recipe)}." for recipe in recipes]
    starts = (entry.trial.start for entry in plan.entries)
    recipes = _once(start.recipe for start in starts if isinstance(start, Trial))
    return said + [f"Recipe of the pretraining: {_recipe(recipe)}." for recipe in recipes]


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
