"""Paired differences over seeds: exact p-values, how small a design lets them be, and the price of asking often.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
n         pairs: seeds that both arms have                                            1
m         comparisons of the declared family                                          1
p         chance of a mean difference at least as large, were the signs up to chance  1
d         mean of the differences over their standard deviation (Cohen's d_z)         1
========  ==========================================================================  ============

With n pairs there are 2**n ways to give signs to the differences, and the one seen and its mirror image are two of
them: no two-sided p is below 2**(1 - n). What cannot be reached cannot be claimed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from frostline.randomness import stream

EXACT = 32
"""Up to so many pairs every way to give signs is counted; above, ``DRAWS`` of them."""
DRAWS = 100_000
TOLERANCE = 1e-12
"""Sums of the same numbers in another order differ by less; they are ties."""


def sign_flip_p(differences: Sequence[float]) -> float:
    """The two-sided p-value of the mean of ``differences`` under all ways to give them signs (Fisher 1935).

    All ways are counted, the sums of one half of the pairs against the sorted sums of the other. Above ``EXACT`` pairs
    it is estimated from random ways, the one seen counted among them (Phipson and Smyth 2010). It is 1 where there is
    no pair.
    """
    values = np.asarray(differences, dtype=np.float64)
    seen = abs(values.sum()) - TOLERANCE
    if values.size > EXACT:
        signs = stream(0, "signs", str(values.size)).choice([-1.0, 1.0], size=(DRAWS, values.size))
        return float(((np.abs(signs @ values) >= seen).sum() + 1) / (DRAWS + 1))
    one, other = _sums(values[: values.size // 2]), np.sort(_sums(values[values.size // 2 :]))
    reached = int((other.size - np.searchsorted(other, seen - one)).sum())
    return float(min(1.0, 2 * reached / 2**values.size))


def _sums(values: np.ndarray) -> np.ndarray:
    """The sum of ``values`` under each way to give them signs."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def smallest_p(pairs: int) -> float:
    """The smallest two-sided p-value that ``pairs`` paired differences can ever give."""
    return float(2.0 ** (1 - pairs)) if pairs else 1.0


def pairs_needed(alpha: float, family: int) -> int:
    """How many pairs it takes before one of ``family`` comparisons can reach ``alpha`` after Holm's correction."""
    return next(n for n in range(1, 1_000) if smallest_p(n) * family <= alpha)


def attainable_words(pairs: int, family: int, alpha: float) -> str:
    """In plain words: the smallest p-value that so many pairs allow, and how many seeds it takes where that is none.

    It speaks of the number of pairs alone, so that one sentence holds for all comparisons that have as many.
    """
    least = min(1.0, smallest_p(pairs) * family)
    said = f"with n = {pairs} pairs no p can be below {smallest_p(pairs):.3g}"
    if family > 1:
        said += f", or below {least:.3g} after the correction for {family} comparisons"
    if least <= alpha:
        return f"{said}: this design can show a difference at the level of {alpha:.3g}"
    needed = pairs_needed(alpha, family)
    return f"{said}: no difference, however large, can be shown by p; that takes at least {needed} seeds"


def holm(p: Sequence[float]) -> tuple[float, ...]:
    """The p-values of a family, each corrected in steps so that one threshold holds for all (Holm 1979)."""
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1))
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(steps, 1.0)
    return tuple(map(float, corrected))


def effect_size(differences: Sequence[float]) -> float | None:
    """The mean of ``differences`` in their standard deviations (Cohen's d_z); None where they do not differ."""
    values = np.asarray(differences, dtype=np.float64)
    if values.size < 2 or np.ptp(values) < TOLERANCE:
        return None
    return float(values.mean() / values.std(ddof=1))
