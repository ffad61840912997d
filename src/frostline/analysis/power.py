"""How many more seeds, or test items, would show what this study could not.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
gap       how far a mean lies above what it has to exceed                             score
alpha     chance that a bound lies beyond the true value                              1
power     chance that the bound will clear what it has to                             1
========  ==========================================================================  ============

The bound is Student's t, the chance that it clears is the noncentral t with noncentrality gap / error, and gap and
variances are taken to be what was seen. Several bounds have to clear together; their chances are multiplied.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from frostline.analysis.crossed import Mean

POWER = 0.8
MOST_SEEDS = 10_000
MOST_ITEMS = 100_000_000


@dataclass(frozen=True)
class Wanted:
    """What would settle a question: so many more seeds, or so many more test items; None where no number would."""

    seeds: int | None
    items: int | None


def power_of(means: Sequence[Mean], threshold: float, alpha: float) -> float:
    """The chance that the lower bound of every one of ``means`` at ``alpha`` lies above ``threshold``."""
    chances = []
    for mean in means:
        if mean.agreed:
            chances.append(float(mean.value - mean.half_width(alpha) > threshold))
            continue
        bound = -special.stdtrit(mean.freedom, alpha)
        chances.append(float(stats.nct.sf(bound, mean.freedom, (mean.value - threshold) / mean.error)))
    return float(np.prod(chances))


def wanted(means: Sequence[Mean], threshold: float, alpha: float) -> Wanted:
    """How many more seeds alone, and how many more test items alone, give every mean a bound above ``threshold``.

    With a chance of ``POWER``. ``means`` are of the same seeds and items.
    """
    seeds, items = means[0].seeds, means[0].items

    def clears(seeds: int, items: int | None) -> bool:
        return power_of([mean.with_numbers(seeds, items) for mean in means], threshold, alpha) >= POWER

    if any(mean.value <= threshold for mean in means):
        return Wanted(None, None)
    enough = _least(lambda count: clears(count, items), seeds, MOST_SEEDS)
    if items is None:
        return Wanted(_more(enough, seeds), None)
    large = _least(lambda count: clears(seeds, count), items, MOST_ITEMS)
    return Wanted(_more(enough, seeds), _more(large, items))


def _more(enough: int | None, have: int) -> int | None:
    """How many more than ``have``; at least one, as what is there did not show it."""
    return None if enough is None else max(enough - have, 1)


def _least(clears: Callable[[int], bool], low: int, most: int) -> int | None:
    """A number from ``low`` to ``most`` that ``clears`` and of which one less does not; None where doubling finds none.

    It is the least where the chance only grows with the number, as it does but for very few seeds and many items: the
    more items, the more of the error is that of the seeds alone, of which so few tell little.
    """
    if clears(low):
        return low
    high = 2 * low
    while not clears(high):
        low, high = high, 2 * high
        if low > most:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if clears(middle) else (middle, high)
    return high
