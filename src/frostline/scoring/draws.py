"""Which items a score is computed on, and how far its value may be from that of other items of the same kind.

========  ==========================================================================
symbol    meaning
========  ==========================================================================
n         items
g         groups that the items are dealt into, classes spread evenly; at most 10
v         value of the score on all items
v_j       value on all items but those of group j
e         standard error: root of (g - 1) / g times the sum of (v_j - mean v_j)^2
t         quantile of Student's t with g - 1 degrees of freedom
========  ==========================================================================

The delete-a-group jackknife (Kott 2001, Journal of Official Statistics 17). Drawing with replacement would give items
twins, which every neighbour, cluster and likelihood takes for knowledge. Where the value is the part of items that are
told right, the interval is Wilson's (1927) instead, which stays wide where few items all agree. At 0.95 the jackknife
held the mean over 120 simulated draws of 30 and of 150 items in 94 to 100 % (three classes, eight features), for
clusters the most; Wilson's in 89 to 93 %, for neighbours and folds share items.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64
from scipy import stats

GROUPS = 10
FEWEST_OF_A_CLASS = 2


def stratified(targets: Int64[np.ndarray, " item"], count: int, generator: np.random.Generator) -> np.ndarray:
    """Rows, ascending, of ``count`` items in which each class has its part, and at least two items where it has two.

    All rows where there are no more than ``count``.
    """
    if len(targets) <= count:
        return np.arange(len(targets))
    sizes = np.bincount(targets)
    exact = sizes * count / len(targets)
    wanted = np.maximum(np.floor(exact).astype(int), np.minimum(sizes, FEWEST_OF_A_CLASS))
    for label in np.argsort(wanted - exact, kind="stable")[: max(0, count - int(wanted.sum()))]:
        wanted[label] += 1
    order = generator.permutation(len(targets))
    chosen = [order[targets[order] == label][:number] for label, number in enumerate(wanted)]
    return np.sort(np.concatenate(chosen))


def groups_of(targets: Int64[np.ndarray, " item"], generator: np.random.Generator) -> np.ndarray | None:
    """The group of each item: up to ten of equal size, the items of a class spread over them.

    None where a class has a single item, without which there would be another number of classes.
    """
    if np.bincount(targets).min() < FEWEST_OF_A_CLASS:
        return None
    order = generator.permutation(len(targets))
    order = order[np.argsort(targets[order], kind="stable")]
    groups = np.empty(len(targets), dtype=np.int64)
    groups[order] = np.arange(len(targets)) % min(GROUPS, len(targets) // 2)
    return groups


def part_interval(value: float, items: int, level: float) -> tuple[float, float]:
    """Where the part of items told right lies at ``level``, when it is ``value`` of ``items`` (Wilson 1927)."""
    z = float(stats.norm.ppf((1 + level) / 2))
    middle = (value + z * z / (2 * items)) / (1 + z * z / items)
    half = z / (1 + z * z / items) * float(np.sqrt(value * (1 - value) / items + (z / (2 * items)) ** 2))
    return middle - half, middle + half


def interval(
    value: float, without: Sequence[float] | Float64[np.ndarray, " group"], level: float
) -> tuple[float, float]:
    """Where the score of other such items lies at ``level``, by the values ``without`` one group each."""
    left = np.asarray(without, dtype=np.float64)
    count = left.size
    error = np.sqrt((count - 1) / count * ((left - left.mean()) ** 2).sum())
    half = float(stats.t.ppf((1 + level) / 2, count - 1) * error)
    return value - half, value + half
