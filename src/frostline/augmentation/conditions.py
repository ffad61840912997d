"""The conditions that a generator learns from, and those that are asked of it.

| symbol | meaning | shape |
|---|---|---|
| conditions | classes as indices, or values | item, int64; or item output, float32 |
| low, high | the least and the greatest of each value among the training items | output |
| scale | the lowest and the highest number of the annotation, which are -1 and 1 among the conditions | 2 |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float32, Shaped
from torch import Tensor

from frostline.outcome import Record
from frostline.randomness import stream
from frostline.spec.synthesis import ConditionKind, Forging, Synthesis

Ends = tuple[float, float]


class Outside(Record):
    """That ``outside`` of ``asked`` conditions of the items called ``synthesis`` lay where nothing was learned.

    ``low`` and ``high`` are the least and the greatest numbers that were learned from, on the annotation's own scale.
    """

    synthesis: str
    outside: int
    asked: int
    clipped: bool
    low: tuple[float, ...]
    high: tuple[float, ...]

    def __str__(self) -> str:
        """What befell them, as a sentence."""
        done = "; they were clipped to these" if self.clipped else ", and nothing was learned there"
        lie = "lies" if self.outside == 1 else "lie"
        return (
            f"{self.outside} of {self.asked} conditions {lie} outside the training items, whose values go from "
            f"{_listed(self.low)} to {_listed(self.high)}{done}."
        )


@dataclass(frozen=True, eq=False)
class Asked:
    """The conditions asked of a generator, and which of them lay outside what it has learned from, before clipping."""

    conditions: Shaped[Tensor, "item ..."]
    outside: Bool[Tensor, " item"]


def kind_of(conditions: Shaped[Tensor, "item ..."]) -> ConditionKind:
    """What ``conditions`` are: whole numbers name classes, all others are values."""
    return "values" if conditions.is_floating_point() else "classes"


def asked(forging: Forging, learned: Shaped[Tensor, "item ..."], count: int, scale: Ends | None = None) -> Asked:
    """The conditions of ``count`` synthetic items, beside training items of the conditions ``learned``.

    What is asked ``between`` two numbers is on ``scale`` where there is one. Those that are shuffled are still
    resampled here: they are dealt anew by ``told_as``.

    Raises:
        ValueError: ``between`` is given, and the conditions are classes.
    """
    draws = stream(forging.seed, "synthesis", "conditions")
    if forging.conditions != "uniform":
        return _inside(learned[torch.from_numpy(draws.integers(len(learned), size=count))])
    if kind_of(learned) == "classes":
        if forging.between is not None:
            raise ValueError("synthesis.between has no effect with classes, which have no order; remove it")
        classes = torch.from_numpy(np.unique(learned.numpy()))
        return _inside(classes[torch.from_numpy(np.resize(draws.permutation(len(classes)), count))])
    low, high = learned.amin(dim=0), learned.amax(dim=0)
    if forging.between is not None:
        low, high = (torch.full_like(low, _scaled(end, scale)) for end in forging.between)
    uniform = torch.from_numpy(draws.random((count, learned.shape[1]), dtype=np.float32))
    return within(low + (high - low) * uniform, learned, forging)


def told_outside(synthesis: Synthesis, learned: Shaped[Tensor, "item ..."], found: Asked) -> Outside | None:
    """What is to be told of those ``found`` for ``synthesis`` outside those ``learned``; None if there are none."""
    count = int(found.outside.sum())
    if not count:
        return None
    scale, clipped = synthesis.dataset.card.scale, synthesis.forging.outside == "clipped"
    ends = (learned.amin(0), learned.amax(0))
    low, high = (tuple(on_own_scale(number, scale) for number in end.tolist()) for end in ends)
    return Outside(
        synthesis=synthesis.key, outside=count, asked=len(found.outside), clipped=clipped, low=low, high=high
    )


def told_as(forging: Forging, conditions: Shaped[Tensor, "item ..."]) -> Shaped[Tensor, "item ..."]:
    """The targets under which items that were made of ``conditions`` are learned: these, or dealt anew (shuffled).

    No item keeps its place where they are dealt anew: they move round a circle in a random order. Of classes some are
    dealt their own nevertheless, as chance has it: were none, the new class would tell what the old one is not.
    """
    if forging.conditions != "shuffled":
        return conditions
    order = stream(forging.seed, "synthesis", "shuffled").permutation(len(conditions))
    dealt = torch.empty_like(conditions)
    dealt[torch.from_numpy(order)] = conditions[torch.from_numpy(np.roll(order, 1))]
    return dealt


def within(
    conditions: Float32[Tensor, "item output"], learned: Float32[Tensor, "item output"], forging: Forging
) -> Asked:
    """``conditions``, those outside the values ``learned`` marked, and clipped where ``forging`` says so."""
    low, high = learned.amin(dim=0), learned.amax(dim=0)
    outside = ((conditions < low) | (conditions > high)).any(dim=1)
    return Asked(conditions.clamp(low, high) if forging.outside == "clipped" else conditions, outside)


def _inside(conditions: Tensor) -> Asked:
    return Asked(conditions, torch.zeros(len(conditions), dtype=torch.bool))


def _scaled(number: float, scale: Ends | None) -> float:
    """A number of the annotation as the conditions have it."""
    return number if scale is None else 2 * (number - scale[0]) / (scale[1] - scale[0]) - 1


def on_own_scale(number: float, scale: Ends | None) -> float:
    """A number of the conditions as the annotation has it, on its own ``scale`` where it has one."""
    return number if scale is None else scale[0] + (number + 1) / 2 * (scale[1] - scale[0])


def _listed(values: tuple[float, ...]) -> str:
    return "(" + ", ".join(f"{value:.3g}" for value in values) + ")"
