"""What no split may hold: one item or group on two sides, a synthetic item where a study judges."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from frostline.errors import LeakFound
from frostline.spec.synthesis import is_synthetic


def refuse_synthetic(part: str, ids: Iterable[str]) -> None:
    """Nothing, where every one of ``ids`` is a real item.

    Raises:
        LeakFound: names how many are synthetic, and the first of them.
    """
    made = [name for name in np.asarray(ids).tolist() if is_synthetic(name)]
    if made:
        counted = "1 synthetic item stands" if len(made) == 1 else f"{len(made)} synthetic items stand"
        raise LeakFound(f"{counted} in {part}, the first is {made[0]!r}; synthetic items may only train")


def refuse_overlap(one: str, other: str, left: Iterable[str], right: Iterable[str], what: str) -> None:
    """Nothing, where ``left`` and ``right`` have no name in common.

    Raises:
        LeakFound: names how many they share, and the first of them.
    """
    shared = sorted(set(np.asarray(left).tolist()) & set(np.asarray(right).tolist()))
    if shared:
        counted = f"1 {what} stands" if len(shared) == 1 else f"{len(shared)} {what}s stand"
        raise LeakFound(
            f"{counted} in {one} and in {other}, the first is {shared[0]!r}; each {what} may stand on one side only"
        )
