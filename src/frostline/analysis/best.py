"""How far each arm may be from the best of the others, for all arms at once: multiple comparisons with the best.

For an arm i the quantity is mu(i) - max over j of mu(j), j other than i: below 0 it is what choosing i costs, above 0
what it gains over the second best. With D(i, j) the mean difference of two arms and h(i, j) the half width of its
one-sided bound at alpha / (k - 1), the intervals are (Hsu 1984, Constrained simultaneous confidence intervals for
multiple comparisons with the best; here with Bonferroni's bound for each pair, as pairs differ in variance)

    reach(i) = min over j of D(i, j) + h(i, j),      upper(i) = max(0, reach(i)),
    lower(i) = 0 where i alone has a reach of 0 or more, else
               min(0, min over the other j with reach(j) >= 0 of D(i, j) - h(i, j)).

A reach of exactly 0 is that of arms whose figures are all equal, of which each can be the best.

**Why all hold with probability 1 - alpha:** let b be the best arm. With that probability mu(b) - mu(j) is at most
D(b, j) + h(b, j) for all its k - 1 comparisons. Then upper(b) bounds what b gains; for any other arm the quantity is at
most 0, which its upper bound never undercuts. And b is among those with a reach of 0 or more, so that lower(i) is at
most D(i, b) - h(i, b), which is at most mu(i) - mu(b). Nothing is asked of the other pairs.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
k         arms compared, those that a race has stopped included                       1
alpha     1 - level: chance that any of the k intervals misses                        1
deficit   -lower(i): what choosing i costs at most                                    score
========  ==========================================================================  ============
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from frostline.analysis.crossed import Mean
from frostline.analysis.pairs import TOLERANCE


@dataclass(frozen=True)
class Standing:
    """Where ``arm`` stands to the best of the others: its mean difference from it, and the simultaneous interval.

    ``low`` is never above 0 and ``high`` never below. ``possible`` says whether the arm can still be the best.
    """

    arm: str
    difference: float
    low: float
    high: float
    possible: bool

    @property
    def deficit(self) -> float:
        """What choosing this arm instead of the best costs at most, at the level of all intervals together."""
        return -self.low


Pairs = Mapping[tuple[str, str], Mean]
"""The mean of ``one`` minus ``other`` for every ordered pair of arms."""


def standings(arms: Sequence[str], pairs: Pairs, alpha: float, stopped: int = 0) -> tuple[Standing, ...]:
    """The standing of each of ``arms``, in their order; ``stopped`` arms more are counted but not compared.

    Raises:
        ValueError: fewer than two arms.
    """
    if len(arms) < 2:
        raise ValueError(f"a comparison with the best needs two arms or more (got {len(arms)})")
    tail = pair_tail(len(arms) + stopped, alpha)
    others = {arm: [other for other in arms if other != arm] for arm in arms}
    half = {pair: mean.half_width(tail) for pair, mean in pairs.items()}
    reach = {i: min(pairs[i, j].value + half[i, j] for j in others[i]) for i in arms}
    possible = [arm for arm in arms if reach[arm] >= -TOLERANCE]
    low = {i: min([0.0, *(pairs[i, j].value - half[i, j] for j in possible if j != i)]) for i in arms}
    return tuple(
        Standing(i, min(pairs[i, j].value for j in others[i]), low[i], max(0.0, reach[i]), i in possible) for i in arms
    )


def pair_tail(arms: int, alpha: float) -> float:
    """The one-sided level of each comparison of one arm with the ``arms - 1`` others."""
    return alpha / (arms - 1)
