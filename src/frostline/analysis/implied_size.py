"""How many items a test part had, told from the accuracies alone: each is a count over that number.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
x         a printed accuracy                                                          1
d         digits printed after the point (of an accuracy from 0 to 1)                 1
N         number of test items                                                        1
m         different figures other than 0 and 1, which are counts over any N           1
========  ==========================================================================  ============

x fits N where some whole k has k / N equal to x within half a unit of the last digit. Of the 10**d + 1 figures that can
be printed, N + 1 fit where N < 10**d, and all do where it is not. So m random figures all fit N with probability
((N + 1) / (10**d + 1))**m at most, and any N up to N with no more than the sum of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

MOST_DIGITS = 12
"""Digits beyond these are rounding errors of a mean over batches, and not printed figures."""
LARGEST = 200_000
"""No larger number of items is looked for."""
SURE = 0.001
"""A number of items is taken for known where random figures would fit as well with less than this probability."""


@dataclass(frozen=True)
class Implied:
    """The smallest number of items that ``figures`` different accuracies of ``digits`` digits are counts over.

    ``items`` is None where no number up to ``LARGEST`` is. ``chance`` is that of random figures to fit this number or
    a smaller one (or, with none found, ``LARGEST`` or a smaller one).
    """

    items: int | None
    figures: int
    digits: int
    chance: float

    @property
    def sure(self) -> bool:
        """True where a number was found that random figures would hardly have fitted."""
        return self.items is not None and self.figures > 0 and self.chance <= SURE

    def chance_of_multiple(self, items: int) -> float:
        """The chance that counts over ``items`` would all be counts over the smaller number found, too."""
        return 1.0 if self.items is None or items <= self.items else float((self.items / items) ** self.figures)


def digits_of(texts: Iterable[str]) -> int:
    """The most digits after the point that one of ``texts`` prints: a writer may drop closing zeros, never others."""
    return min(max((_digits(text) for text in texts), default=0), MOST_DIGITS)


def fits(accuracies: Sequence[float], digits: int, items: int) -> bool:
    """True where every one of ``accuracies``, printed with ``digits``, is a count over ``items``."""
    if items >= 10**digits:
        return True
    return bool(_fitting(np.asarray(accuracies, dtype=np.float64), digits, np.array([items])).size)


def implied_size(accuracies: Sequence[float], digits: int) -> Implied:
    """The smallest number of items up to ``LARGEST`` that all ``accuracies``, printed with ``digits``, are counts over.

    Accuracies go from 0 to 1.
    """
    values = np.unique(np.asarray(accuracies, dtype=np.float64))
    values = values[(values > 0) & (values < 1)]
    found = _fitting(values, digits, np.arange(1, LARGEST + 1))
    items = int(found[0]) if found.size else None
    return Implied(items, values.size, digits, _chance(items or LARGEST, digits, values.size))


def _fitting(values: np.ndarray, digits: int, sizes: np.ndarray) -> np.ndarray:
    """Those of ``sizes`` that all ``values`` fit."""
    half = 0.5 * 10.0**-digits * (1 + 1e-9) + 1e-15
    for value in values:
        sizes = sizes[np.abs(np.round(value * sizes) / sizes - value) <= half]
    return sizes


def _chance(items: int, digits: int, figures: int) -> float:
    sizes = np.arange(1, items + 1)
    shares = np.minimum((sizes + 1) / (10.0**digits + 1), 1.0)
    return float(min((shares**figures).sum(), 1.0))


def _digits(text: str) -> int:
    mantissa, _, exponent = text.strip().lower().partition("e")
    return max(len(mantissa.partition(".")[2]) - int(exponent or 0), 0)
