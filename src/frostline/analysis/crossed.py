"""The mean of figures over seeds and test items, and how far it may be off because there were no more of either.

Every seed is tested on the same items: seeds and items are crossed, and a figure is

    y(s, i) = mean + seed effect(s) + item effect(i) + rest(s, i),

all three effects random and independent (two-way random effects without replication; Searle, Casella and McCulloch
1992, chapter 4). The variance of the mean is seed/S + item/I + rest/(S I), and its degrees of freedom are those of
Satterthwaite (1946). A variance whose estimate would be negative counts as 0, which only widens the interval.

Where each seed tests items of its own the runs are all there is: Student's t over seeds. Runs whose training or test
items overlap are correlated, and the variance of their mean is seed * (1/S + overlap) with overlap = n_test / n_train
(Nadeau and Bengio 2003; for repeated folds Bouckaert and Frank 2004).

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
y         a figure of one seed on one item: right or wrong, or a difference of two    1
S, I      number of seeds, number of test items                                       1
seed      variance between seeds                                                      figure ** 2
item      variance between items                                                      figure ** 2
rest      variance of what neither explains: what one seed makes of one item          figure ** 2
error     standard error of the mean                                                  figure
========  ==========================================================================  ============
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from frostline.analysis.estimates import Estimate


@dataclass(frozen=True)
class Parts:
    """What the variance of a single figure is made of: seeds, test items, and the rest."""

    seed: float
    item: float
    rest: float


@dataclass(frozen=True)
class VarianceShares:
    """How much of the variance of a mean comes from seeds, from test items, and from what one seed makes of one item.

    In per cent; together 100. ``seeds`` and ``items`` are how many of each the mean is of.
    """

    by_seed: float
    by_item: float
    by_both: float
    seeds: int
    items: int


@dataclass(frozen=True)
class Mean:
    """A mean over ``seeds`` and ``items``, its standard error, and the degrees of freedom of that error.

    ``items`` is None where nothing is known of single items, or where each seed has its own. ``overlap`` is
    n_test / n_train where the runs are resamples of the same items, and else 0. ``agreed`` is true where all figures
    that the error rests on are one number, so that it says nothing.
    """

    value: float
    parts: Parts
    seeds: int
    items: int | None
    overlap: float = 0.0
    agreed: bool = False

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        return float(np.sqrt(self._variance))

    @property
    def freedom(self) -> float:
        """Degrees of freedom of the error (Satterthwaite 1946); S - 1 where seeds are all there is."""
        if self.items is None or self._variance == 0:
            return self.seeds - 1.0
        seeds, items, rest = self.seeds, self.items, self.parts.rest
        squares = np.array([rest + items * self.parts.seed, rest + seeds * self.parts.item, rest])
        freedoms = np.array([seeds - 1, items - 1, (seeds - 1) * (items - 1)])
        return float((self._variance * seeds * items) ** 2 / (squares**2 / freedoms).sum())

    @property
    def shares(self) -> VarianceShares | None:
        """What the variance is made of; None where single items are not known, or where there is none to divide."""
        if self.items is None or self.agreed:
            return None
        by_seed, by_item, by_both = (100 * piece / self._variance for piece in self._pieces)
        return VarianceShares(by_seed, by_item, by_both, self.seeds, self.items)

    @property
    def _variance(self) -> float:
        return sum(self._pieces)

    @property
    def _pieces(self) -> tuple[float, float, float]:
        """The variance of the mean that is due to seeds, to items, and to both together."""
        if self.items is None:
            return self.parts.seed * (1 / self.seeds + self.overlap), 0.0, 0.0
        return self.parts.seed / self.seeds, self.parts.item / self.items, self.parts.rest / (self.seeds * self.items)

    def half_width(self, tail: float) -> float:
        """How far from the value a bound lies beyond which the true mean is with probability ``tail`` on that side.

        It is infinite where the figures all agree in too few seeds or items to be taken for certain: n figures that
        agree show with confidence 1 - tail only what is true of more than tail ** (1/n) of all such figures.
        """
        if self.agreed:
            return self._agreement(tail)
        return float(-special.stdtrit(self.freedom, tail) * self.error)

    @property
    def p(self) -> float:
        """The two-sided p-value of a true mean of 0: twice the least ``tail`` whose bound leaves 0 out."""
        if not self.agreed:
            return float(2 * special.stdtr(self.freedom, -abs(self.value) / self.error))
        if abs(self.value) < CONSTANT:
            return 1.0
        tail: float = 0.5**self.seeds if self.items is None else max(0.0, 1 - abs(self.value)) ** self.items
        return min(1.0, 2 * tail)

    def interval(self, level: float) -> Estimate:
        """The mean with its two-sided interval at ``level``."""
        half = self.half_width((1 - level) / 2)
        return Estimate(self.value, self.value - half, self.value + half, self.seeds, level, self.items)

    def accuracy_interval(self, level: float) -> Estimate:
        """The mean, a chance of being right, with an interval that ends within 0 and 1.

        Over seeds and items it is made on the scale of log-odds (delta method), where it is as skewed as chances near 0
        and 1 are: at accuracies of 0.96 to 0.995 on 360 items it holds the truth in 92 to 99 % of simulated studies,
        the interval that is symmetric in accuracy in 86 to 95 %. Where all answers agree it is that of Clopper and
        Pearson (1934) over the items.
        """
        if self.items is None:
            return self.interval(level).clipped(0.0, 1.0)
        if self.agreed:
            low, high = binomial_interval(round(self.value) * self.items, self.items, level)
        else:
            half = self.half_width((1 - level) / 2) / (self.value * (1 - self.value))
            low, high = map(float, special.expit(special.logit(self.value) + np.array([-half, half])))
        return Estimate(self.value, low, high, self.seeds, level, self.items)

    def with_numbers(self, seeds: int, items: int | None) -> Mean:
        """The same mean as it would be known from other numbers of ``seeds`` and ``items``."""
        return Mean(self.value, self.parts, seeds, items, self.overlap, self.agreed)

    def _agreement(self, tail: float) -> float:
        if self.items is not None:
            return float(1 - tail ** (1 / self.items))
        return 0.0 if tail >= 0.5**self.seeds else float("inf")


def over_seeds(values: Sequence[float], overlap: float = 0.0) -> Mean:
    """The mean of one figure a seed; ``overlap`` as in ``Mean``.

    Raises:
        ValueError: fewer than two seeds, from which nothing can be said about the spread, or a figure that is nan.
    """
    figures = _numbers(values)
    if figures.size < 2:
        raise ValueError(f"a mean with an error needs two seeds or more (got {figures.size})")
    agreed = bool(np.ptp(figures) < CONSTANT)
    parts = Parts(0.0 if agreed else float(figures.var(ddof=1)), 0.0, 0.0)
    return Mean(float(figures.mean()), parts, figures.size, None, overlap, agreed)


def over_seeds_and_items(figures: np.ndarray) -> Mean:
    """The mean of ``figures``, an array of seed by item, in which every seed has a figure of every item.

    Raises:
        ValueError: fewer than two seeds or items, or a figure that is nan.
    """
    seeds, items = figures.shape
    if seeds < 2 or items < 2:
        raise ValueError(f"a mean with an error needs two seeds and two items or more (got {seeds} and {items})")
    y = _numbers(figures)
    mean, of_seeds, of_items = y.mean(), y.mean(axis=1), y.mean(axis=0)
    seed_square = items * float(((of_seeds - mean) ** 2).sum()) / (seeds - 1)
    item_square = seeds * float(((of_items - mean) ** 2).sum()) / (items - 1)
    left = float(((y - mean) ** 2).sum()) - (seeds - 1) * seed_square - (items - 1) * item_square
    rest = max(left, 0.0) / ((seeds - 1) * (items - 1))
    parts = Parts(max(seed_square - rest, 0.0) / items, max(item_square - rest, 0.0) / seeds, rest)
    return Mean(float(mean), parts, seeds, items, agreed=bool(np.ptp(y) < CONSTANT))


CONSTANT = 1e-9
"""Figures that spread less than this are one number: no test part can resolve it."""


def binomial_interval(right: int, items: int, level: float) -> tuple[float, float]:
    """The interval of Clopper and Pearson (1934) for a chance of which ``right`` of ``items`` were seen."""
    found = stats.binomtest(right, items).proportion_ci(level, method="exact")
    return float(found.low), float(found.high)


def _numbers(figures: Sequence[float] | np.ndarray) -> np.ndarray:
    numbers = np.asarray(figures, dtype=np.float64)
    if not np.isfinite(numbers).all():
        wrong = int((~np.isfinite(numbers)).sum())
        raise ValueError(f"a mean is of numbers (got {wrong} of {numbers.size} that are nan or infinite)")
    return numbers
