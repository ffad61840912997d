"""A mean over seeds with its interval; a number alone is another type, so that no page can show it as if it were sure.

========  ==========================================================  ==========
symbol    meaning                                                     unit
========  ==========================================================  ==========
n         number of runs                                              1
level     share of such intervals that hold the true mean             1
t         quantile of Student's t with n - 1 degrees of freedom       1
========  ==========================================================  ==========
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

RESAMPLES = 10_000
FEWEST_RESAMPLED = 10
"""Below this many runs a percentile bootstrap cannot cover what it promises, and the interval is Student's t."""


@dataclass(frozen=True)
class Estimate:
    """A mean of ``n`` runs and the interval from ``low`` to ``high`` that holds the true mean at ``level``.

    ``items`` is how many test items it speaks beyond, None where it speaks of other runs only.

    Raises:
        ValueError: fewer than two runs, from which nothing can be said about the spread.
    """

    value: float
    low: float
    high: float
    n: int
    level: float
    items: int | None = None

    def __post_init__(self) -> None:
        if self.n < 2:
            raise ValueError(f"an estimate needs two runs or more (got {self.n}); one run is a OneRun")

    def clipped(self, lowest: float, highest: float) -> Estimate:
        """This estimate with its interval ended where the quantity itself ends, as an accuracy does at 0 and 1."""
        return replace(self, low=max(self.low, lowest), high=min(self.high, highest))


@dataclass(frozen=True)
class OneRun:
    """What a single run showed. It has no interval, and whoever shows it says so."""

    value: float
    n: int = 1


def summary(values: Sequence[float], level: float, generator: np.random.Generator) -> Estimate | OneRun | None:
    """The mean of ``values`` with its interval; a single value without one; None where there is no value."""
    match len(values):
        case 0:
            return None
        case 1:
            return OneRun(float(values[0]))
        case _:
            return bootstrap_mean(values, level, generator)


def bootstrap_mean(values: Sequence[float], level: float, generator: np.random.Generator) -> Estimate:
    """The mean of ``values`` with its expanded percentile bootstrap interval at ``level``, from 10,000 resamples.

    The tails are those of the normal law at t * sqrt(n / (n - 1)) instead of at its own quantile, so that few runs do
    not give too narrow an interval (Hesterberg 2015, "What Teachers Should Know About the Bootstrap"). At 0.95 it holds
    the true mean of 10, 15 and 20 normal runs in 93, 94 and 95 % of simulated studies (Student's t: 94, 94, 95 %), and
    of 10 exponential ones in 90 % (89 %). Below ``FEWEST_RESAMPLED`` runs, where it falls to 92 % (5 runs), the
    interval is Student's t, as it is where 2 ** (1 - n), the chance that the median of a symmetric law lies outside all
    runs, exceeds 1 - ``level``: no percentile is then wide enough. Runs that all agree give an interval without width.

    Raises:
        ValueError: fewer than two values.
    """
    n = len(values)
    runs = np.asarray(values, dtype=np.float64)
    if n < FEWEST_RESAMPLED or 2.0 ** (1 - n) > 1 - level or np.ptp(runs) == 0:
        return student_mean(values, level)
    means = runs[generator.integers(n, size=(RESAMPLES, n))].mean(axis=1)
    tail = float(stats.norm.cdf(stats.t.ppf((1 - level) / 2, n - 1) * np.sqrt(n / (n - 1))))
    low, high = np.quantile(means, [tail, 1 - tail])
    return Estimate(float(runs.mean()), float(low), float(high), n, level)


def student_mean(values: Sequence[float], level: float) -> Estimate:
    """The mean of ``values`` with its interval at ``level`` by Student's t.

    Raises:
        ValueError: fewer than two values.
    """
    runs = np.asarray(values, dtype=np.float64)
    if runs.size < 2:
        raise ValueError(f"an estimate needs two runs or more (got {runs.size})")
    if np.ptp(runs) == 0:
        return Estimate(float(runs[0]), float(runs[0]), float(runs[0]), runs.size, level)
    mean = float(runs.mean())
    half = float(stats.t.ppf((1 + level) / 2, runs.size - 1) * runs.std(ddof=1) / np.sqrt(runs.size))
    return Estimate(mean, mean - half, mean + half, runs.size, level)
