"""The arms that compete at one share, compared two by two on any part of their seeds and test items.

Where the answers to single items are known, the means over seeds and items of all pairs come from a few tables of
products instead of an array a pair: with R(k, s, i) what item i contributes to the score of arm k in seed s, which is 1
where it was answered rightly and 0 where not if the task is classes,

    items(k, l) = sum over i of R(k, ., i) R(l, ., i),    both(k, l) = sum over s, i of R(k, s, i) R(l, s, i)

hold every sum of squares of a difference R(k) - R(l), as (a - b)**2 = a**2 + b**2 - 2 a b. Counts of answers are exact.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
k, l      arms                                                                        index
S, I      number of seeds, number of test items                                       1
R(k, .)   sum of R over the seeds                                                     score
========  ==========================================================================  ============
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from frostline.analysis.best import Standing, standings
from frostline.analysis.crossed import Mean, Parts, over_seeds
from frostline.analysis.findings import Terms

SAME = 12
"""Decimal places to which two means are one: sums of the same numbers in another order differ by less."""


@dataclass(frozen=True, eq=False)
class Contest:
    """The scores of ``arms``, cheapest first, on ``seeds``, all of which have finished in every arm.

    ``runs`` is an array of arm by seed with equal numbers where several seeds are one run of an arm; each different
    pair of runs counts once. ``right`` is an array of arm by seed by item, what the item contributes to the score,
    and None where single answers are not known or the tests were of different items. ``stopped`` counts the arms that
    a race has stopped: they are not compared, but every correction counts them.
    """

    arms: tuple[str, ...]
    seeds: tuple[int, ...]
    scores: np.ndarray
    runs: np.ndarray
    right: np.ndarray | None
    terms: Terms
    stopped: int = 0

    @property
    def comparable(self) -> bool:
        """Whether there are two arms and each has two different runs, so that every pair has a spread."""
        several = (len(distinct(self.runs[[place]])) > 1 for place in range(len(self.arms)))
        return len(self.arms) > 1 and all(several)

    def on_seeds(self, places: Sequence[int]) -> Contest:
        """The same contest on the seeds at ``places`` alone."""
        chosen = list(places)
        return replace(
            self,
            seeds=tuple(self.seeds[place] for place in chosen),
            scores=self.scores[:, chosen],
            runs=self.runs[:, chosen],
            right=None if self.right is None else self.right[:, chosen],
        )

    def on_items(self, places: np.ndarray) -> Contest:
        """The same contest on the test items at ``places`` alone.

        Raises:
            ValueError: single answers are not known.
        """
        if self.right is None:
            raise ValueError("a part of the test items needs the answers to single items")
        right = self.right[:, :, places]
        return replace(self, scores=right.mean(axis=2), right=right)

    def mean(self, arm: str) -> float:
        """The mean score of ``arm`` over its different runs."""
        place = self.arms.index(arm)
        return float(self.scores[place, distinct(self.runs[[place]])].mean())

    def highest(self) -> str:
        """The arm with the highest mean; of equal ones the cheapest."""
        return max(self.arms, key=lambda arm: round(self.mean(arm), SAME))

    def pairs(self) -> dict[tuple[str, str], Mean]:
        """The mean of one arm minus the other for every ordered pair.

        Raises:
            ValueError: the contest is not ``comparable``.
        """
        tables: dict[tuple[int, ...], _Counts] = {}
        found: dict[tuple[str, str], Mean] = {}
        for k, one in combinations(range(len(self.arms)), 2):
            places = distinct(self.runs[[k, one]])
            if self.right is None or self.right.shape[2] < 2:
                values = (self.scores[k] - self.scores[one])[list(places)]
                mean = over_seeds(values.tolist(), self.terms.overlap)
            else:
                if places not in tables:
                    tables[places] = _counts(self.right, places)
                mean = tables[places].mean(k, one)
            found[self.arms[k], self.arms[one]] = mean
            found[self.arms[one], self.arms[k]] = replace(mean, value=-mean.value)
        return found

    def standings(self, pairs: Mapping[tuple[str, str], Mean]) -> tuple[Standing, ...]:
        """Where each arm stands to the best of the others, given the ``pairs`` of this contest."""
        return standings(self.arms, pairs, self.terms.alpha, self.stopped)

    def pick(self) -> str:
        """What the rule takes: the cheapest arm shown to be within the margin of the best, else the highest mean."""
        if not self.comparable:
            return self.highest()
        return within(self.standings(self.pairs()), self.terms.margin) or self.highest()


ROUNDING = 1e-12
"""Variances below it are what is left of 0 by rounding; those of answers that are not all equal are above 1 / cells."""


def within(standings: Sequence[Standing], margin: float) -> str | None:
    """The first arm whose deficit to the best is shown to be below ``margin``; None where none is."""
    return next((standing.arm for standing in standings if standing.deficit < margin), None)


def distinct(runs: np.ndarray) -> tuple[int, ...]:
    """The first place of each different column of ``runs``, an array of arm by seed, in ascending order."""
    first: dict[tuple[int, ...], int] = {}
    for place, column in enumerate(runs.T.tolist()):
        first.setdefault(tuple(column), place)
    return tuple(first.values())


@dataclass(frozen=True, eq=False)
class _Counts:
    """The products of the module's notation, and ``seeds``: the sum over the items of each arm and seed."""

    seeds: np.ndarray
    items: np.ndarray
    both: np.ndarray
    n_items: int

    def mean(self, k: int, one: int) -> Mean:
        """The mean over seeds and items of arm ``k`` minus arm ``one``, as ``crossed.over_seeds_and_items`` has it."""
        n_seeds, n_items = self.seeds.shape[1], self.n_items
        of_seeds = self.seeds[k] - self.seeds[one]
        sums, cells = float(of_seeds.sum()), n_seeds * n_items
        middle, squares = sums**2 / cells, _difference(self.both, k, one)
        seed_square = (float((of_seeds**2).sum()) / n_items - middle) / (n_seeds - 1)
        item_square = (_difference(self.items, k, one) / n_seeds - middle) / (n_items - 1)
        left = squares - middle - (n_seeds - 1) * seed_square - (n_items - 1) * item_square
        rest = max(left, 0.0) / ((n_seeds - 1) * (n_items - 1))
        parts = Parts(max(seed_square - rest, 0.0) / n_items, max(item_square - rest, 0.0) / n_seeds, rest)
        return Mean(sums / cells, parts, n_seeds, n_items, agreed=cells * squares - sums**2 <= ROUNDING * cells**2)


def _difference(table: np.ndarray, k: int, one: int) -> float:
    """The sum of squares of a difference of two arms, from the products of all of them."""
    return float(table[k, k] + table[one, one] - 2 * table[k, one])


def _counts(right: np.ndarray, places: Sequence[int]) -> _Counts:
    """The products of the seeds at ``places``; one seed at a time, so that memory holds one as numbers."""
    n_arms, _, n_items = right.shape
    items, both = np.zeros((n_arms, n_items)), np.zeros((n_arms, n_arms))
    for place in places:
        answers = right[:, place].astype(np.float64)
        items += answers
        both += answers @ answers.T
    seeds = right[:, list(places)].sum(axis=2).astype(np.float64)
    return _Counts(seeds, items @ items.T, both, n_items)
