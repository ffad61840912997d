"""What a dataset has no synthetic items for, and what of them means nothing there."""

from __future__ import annotations

from collections.abc import Mapping

from frostline.spec.additions import Addition
from frostline.spec.dataset import Dataset
from frostline.spec.synthesis import Forging

Keys = tuple[int | str, ...]


def forging_faults(
    forging: Forging | None, additions: Mapping[str, Addition], dataset: Dataset
) -> list[tuple[Keys, str]]:
    """What of the synthetic items of all arms and of ``additions`` cannot be on ``dataset``: keys and remedies."""
    asked: list[tuple[Keys, Forging | None]] = [(("synthesis",), forging)]
    asked += [(("additions", name, "synthesis"), addition.synthesis) for name, addition in additions.items()]
    return [((*keys, *at), why) for keys, one in asked if one is not None for at, why in _faults(one, dataset)]


def _faults(forging: Forging, dataset: Dataset) -> list[tuple[Keys, str]]:
    if dataset.task == "tags":
        said = f"a generator learns from classes or values, and {dataset.name} holds tags; remove it"
        return [((), said)]
    between, scale = forging.between, dataset.card.scale
    if between is None:
        return []
    if dataset.task == "classes":
        return [(("between",), f"has no effect with the classes of {dataset.name}, which have no order; remove it")]
    if scale is not None and not scale[0] <= between[0] < between[1] <= scale[1]:
        said = f"{between[0]:g} to {between[1]:g} leaves the annotation's own scale from {scale[0]:g} to {scale[1]:g}"
        return [(("between",), f"{said}; give two numbers on that scale")]
    return []
