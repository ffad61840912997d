"""What the head predicts, chosen by its name in one place: classes, tags or values."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from frostline.catalog import Task
from frostline.data.planes import Items
from frostline.errors import DataFault
from frostline.outcome import Metrics
from frostline.spec.dataset import Dataset
from frostline.spec.recipe import Recipe
from frostline.tasks import classes, tags, values


@dataclass(frozen=True, eq=False)
class Objective:
    """What a training with ``recipe`` makes small, and what its validations show.

    ``balance`` is how much an item with each tag weighs, where the recipe balances them.
    """

    recipe: Recipe
    task: Task = "classes"
    balance: Tensor | None = None

    def training_loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The mean loss of ``outputs`` in training, with all that the recipe does to shape it."""
        recipe = self.recipe
        focusing = recipe.focusing if recipe.loss == "focal" else 0.0
        match self.task:
            case "classes" if focusing:
                return classes.focal_loss(outputs, targets, focusing, recipe.label_smoothing)
            case "classes":
                return classes.loss(outputs, targets, recipe.label_smoothing)
            case "tags":
                return tags.training_loss(outputs, targets, self.balance, focusing, recipe.label_smoothing)
            case "values":
                return values.loss(outputs, targets, recipe.errors)

    def loss(self, outputs: Tensor, targets: Tensor) -> float:
        """The plain loss of ``outputs``, as a validation tells it."""
        match self.task:
            case "classes":
                return float(classes.loss(outputs, targets))
            case "tags":
                return float(tags.loss(outputs, targets))
            case "values":
                return float(values.loss(outputs, targets, self.recipe.errors))


@dataclass(frozen=True, eq=False)
class Answered:
    """What a network answers to some samples, one row a sample, and what would be right."""

    outputs: Tensor
    targets: Tensor


def objective_of(train: Items, recipe: Recipe, device: torch.device) -> Objective:
    """The objective of a training on ``device`` on the items ``train``, balanced over them where ``recipe`` says so."""
    balance = tags.balance_of(train.targets).to(device) if recipe.weights == "balanced" else None
    return Objective(recipe, train.task, balance)


def score(answered: Answered, task: Task) -> float:
    """The figure that the task reports first, higher is better: accuracy, macro ROC-AUC, mean concordance.

    NaN where it is undefined.
    """
    match task:
        case "classes":
            return classes.accuracy(answered.outputs, answered.targets)
        case "tags":
            return tags.score(answered.outputs, answered.targets)
        case "values":
            return values.score(answered.outputs, answered.targets)


def metrics(tested: Answered, validated: Answered, dataset: Dataset) -> Metrics:
    """The figures of the test part; the thresholds of tags are tuned on what was ``validated``.

    Raises:
        DataFault: the score is undefined.
    """
    found = _figures(tested, validated, dataset)
    if not math.isfinite(found.score):
        why = "no tag is on some of its items and not on others" if found.task == "tags" else "answers are no numbers"
        raise DataFault(f"the score of {dataset.name} on the test part is undefined: {why}")
    return found


def _figures(tested: Answered, validated: Answered, dataset: Dataset) -> Metrics:
    names = dataset.output_names
    match dataset.task:
        case "classes":
            return classes.metrics(tested.outputs, tested.targets, names)
        case "tags":
            thresholds = tags.tuned_thresholds(validated.outputs, validated.targets)
            return tags.metrics(tested.outputs, tested.targets, names, thresholds)
        case "values":
            return values.metrics(tested.outputs, tested.targets, names, dataset.card.scale)


def of_samples(outputs: Tensor, pieces: int, task: Task) -> Tensor:
    """One answer a sample out of those for its ``pieces``; one piece is its own answer.

    Of classes and tags the mean probability is taken, of values the mean.
    """
    if pieces == 1:
        return outputs
    match task:
        case "classes":
            return classes.of_samples(outputs, pieces)
        case "tags":
            return tags.of_samples(outputs, pieces)
        case "values":
            return values.of_samples(outputs, pieces)
