"""How many items of each class a share holds, for training and for validation."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from frostline.catalog import Task
from frostline.spec.dataset import Dataset
from frostline.spec.folds import Pools
from frostline.spec.recipe import Recipe
from frostline.spec.task_recipes import in_one_spelling


@dataclass(frozen=True)
class Portioned:
    """Which part of a dataset a trial asks for: a share of the pools of a split seed."""

    share: float
    split_seed: int


@dataclass(frozen=True)
class Portion:
    """How many items of each class the share holds for training and for validation."""

    train: tuple[int, ...]
    validation: tuple[int, ...]


def share_of(items: int, share: float) -> int:
    """How many of ``items`` a ``share`` allows: their product, rounded half up."""
    return int(items * share + 0.5)


def validation_of(items: int, fraction: float) -> int:
    """How many of ``items`` validate: the fraction rounded half up, and at least one of two; never decreasing."""
    return max(1, int(items * fraction + 0.5)) if items >= 2 else 0


def portion(pools: Pools, share: float, validation: float) -> Portion:
    """The portion of ``pools`` that a share of ``share`` holds.

    Where validation has a pool of its own (a fold, an official part), a share takes its part of both pools, else it is
    divided by the fraction ``validation``.
    """
    allowed = [share_of(count, share) for count in pools.train]
    if pools.validation is not None:
        return Portion(tuple(allowed), tuple(share_of(count, share) for count in pools.validation))
    held = [validation_of(items, validation) for items in allowed]
    return Portion(tuple(a - h for a, h in zip(allowed, held, strict=True)), tuple(held))


def resolved(recipe: Recipe, dataset: Dataset, asked: Portioned, validation: float) -> Recipe:
    """``recipe`` with its budget in steps of the planes that ``asked`` of ``dataset`` trains on."""
    held = portion(dataset.pools(asked.split_seed), asked.share, validation)
    return in_one_spelling(recipe, dataset.task).resolved(sum(held.train) * dataset.segments)


def fewest_judged(task: Task) -> int:
    """How many items of a class it takes to validate or to test: of tags and values three.

    A network is then judged by an order, or by an agreement, which one item or two do not have.
    """
    return 1 if task == "classes" else 3


def share_holding(wanted: int, items: int) -> float:
    """The smallest share, to a millionth, of ``items`` that holds as many as ``wanted``; above 1 where none does."""
    if items < wanted:
        return 2.0
    millionth = ceil((wanted - 0.5) / items * 1e6)
    enough = share_of(items, millionth / 1e6) >= wanted
    return (millionth if enough else millionth + 1) / 1e6


def smallest_share(items: int, validation: float, judged: int = 1) -> float:
    """The smallest share, to a millionth, of ``items`` that holds one to train on and ``judged`` to validate on.

    It is above 1 where none does.
    """
    for allowed in range(2, items + 1):
        held = validation_of(allowed, validation)
        if held >= judged and allowed - held >= 1:
            return share_holding(allowed, items)
    return 2.0
