"""Which parts of a recipe, a network or a head go with which task."""

from __future__ import annotations

from collections.abc import Mapping

from frostline.catalog import Task
from frostline.spec.dataset import Dataset
from frostline.spec.network import NetworkSpec
from frostline.spec.recipe import Mixture, Recipe

LOSSES: Mapping[Task, tuple[str, ...]] = {
    "classes": ("usual", "focal"),
    "tags": ("usual", "focal"),
    "values": ("usual", "mse", "mae", "ccc", "a mixture of mse, mae and ccc"),
}


def recipe_faults(recipe: Recipe, task: Task) -> list[tuple[str, str]]:
    """What of ``recipe`` means nothing where the head predicts ``task``: each key, and why."""
    faults = []
    mixed = isinstance(recipe.loss, Mixture)
    if (mixed and task != "values") or (not mixed and recipe.loss not in LOSSES[task]):
        called = "a mixture of errors" if isinstance(recipe.loss, Mixture) else recipe.loss
        faults.append(("loss", f"{called} is no loss of {task}; use {', '.join(LOSSES[task])}"))
    if recipe.weights is not None and task != "tags":
        faults.append(("weights", f"{recipe.weights} is for tags, and the dataset has {task}; remove it"))
    if recipe.label_smoothing and task == "values":
        faults.append(("label_smoothing", "numbers have no label to smooth, and the dataset has values; remove it"))
    if recipe.stop_on == "accuracy" and task != "classes":
        faults.append(("stop_on", f"accuracy is for classes, and the dataset has {task}; use score or loss"))
    return faults


def head_faults(network: NetworkSpec, dataset: Dataset) -> list[tuple[str, str]]:
    """What of the head of ``network`` means nothing for what ``dataset`` has: each key, and why."""
    if network.output == "linear":
        return []
    if dataset.task != "values":
        return [("output", f"{network.output} is for values, and the dataset has {dataset.task}; remove it")]
    if dataset.card.scale is None:
        said = "keeps answers between -1 and 1, and without a scale numbers are not scaled to that; give dataset.scale"
        return [("output", f"{network.output} {said}, or remove it")]
    return []


def for_task(network: NetworkSpec, task: Task) -> NetworkSpec:
    """``network`` as it is trained to predict ``task``: only answers that are values are bounded."""
    return network if task == "values" else network.model_copy(update={"output": "linear"})


def in_one_spelling(recipe: Recipe, task: Task) -> Recipe:
    """``recipe`` with what is the same for ``task`` written in one way: accuracy is the score of classes."""
    changes: dict[str, str] = {}
    if task == "classes" and recipe.stop_on == "score":
        changes["stop_on"] = "accuracy"
    if task == "values" and recipe.loss == "mse":
        changes["loss"] = "usual"
    return recipe.model_copy(update=changes) if changes else recipe
