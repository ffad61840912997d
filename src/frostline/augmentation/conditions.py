"""The conditions that a generator learns from, and those that are asked of it.

| symbol | meaning | shape |
|---|---|---|
| conditions | classes as indices, or values | item, int64; or item output, float32 |
| low, high | the least and the greatest of each value among the training items | output |
"""

from __future__ import annotations

import warnings

import numpy as np
import torch
from jaxtyping import Float32, Shaped
from torch import Tensor

from frostline.randomness import stream
from frostline.spec.synthesis import ConditionKind, Forging


class ConditionOutside(UserWarning):
    """A condition lies outside everything that its generator has learned from."""


def kind_of(conditions: Shaped[Tensor, "item ..."]) -> ConditionKind:
    """What ``conditions`` are: whole numbers name classes, all others are values."""
    return "values" if conditions.is_floating_point() else "classes"


def asked(forging: Forging, learned: Shaped[Tensor, "item ..."], count: int) -> Shaped[Tensor, "count ..."]:
    """The conditions of ``count`` synthetic items, beside training items of the conditions ``learned``.

    Those that are shuffled are still resampled here: they are dealt anew by ``told_as``.

    Raises:
        ValueError: ``between`` is given, and the conditions are classes.
    """
    draws = stream(forging.seed, "synthesis", "conditions")
    if forging.conditions != "uniform":
        return learned[torch.from_numpy(draws.integers(len(learned), size=count))]
    if kind_of(learned) == "classes":
        if forging.between is not None:
            raise ValueError("synthesis.between has no effect with classes, which have no order; remove it")
        classes = torch.from_numpy(np.unique(learned.numpy()))
        dealt: Tensor = classes[torch.from_numpy(np.resize(draws.permutation(len(classes)), count))]
        return dealt
    low, high = learned.amin(dim=0), learned.amax(dim=0)
    if forging.between is not None:
        low, high = (torch.full_like(low, end) for end in forging.between)
    uniform = torch.from_numpy(draws.random((count, learned.shape[1]), dtype=np.float32))
    return within(low + (high - low) * uniform, learned, forging)


def told_as(forging: Forging, conditions: Shaped[Tensor, "item ..."]) -> Shaped[Tensor, "item ..."]:
    """The targets under which items that were made of ``conditions`` are learned: these, or dealt anew (shuffled).

    No item keeps its place where they are dealt anew: they move round a circle in a random order.
    """
    if forging.conditions != "shuffled":
        return conditions
    order = stream(forging.seed, "synthesis", "shuffled").permutation(len(conditions))
    dealt = torch.empty_like(conditions)
    dealt[torch.from_numpy(order)] = conditions[torch.from_numpy(np.roll(order, 1))]
    return dealt


def within(
    conditions: Float32[Tensor, "item output"], learned: Float32[Tensor, "item output"], forging: Forging
) -> Float32[Tensor, "item output"]:
    """``conditions``, those outside the values ``learned`` told by a warning, or clipped where ``forging`` says so."""
    low, high = learned.amin(dim=0), learned.amax(dim=0)
    if forging.outside == "clipped":
        return conditions.clamp(low, high)
    outside = int(((conditions < low) | (conditions > high)).any(dim=1).sum())
    if outside:
        warnings.warn(
            f"{outside} of {len(conditions)} conditions lie outside the training items, whose values go from "
            f"{_listed(low)} to {_listed(high)}; nothing was learned there. Write outside: clipped, or a narrower "
            "between",
            ConditionOutside,
            stacklevel=3,
        )
    return conditions


def _listed(values: Tensor) -> str:
    return "(" + ", ".join(f"{value:.3g}" for value in values.tolist()) + ")"
