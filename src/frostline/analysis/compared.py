"""Arms compared two by two on the seeds they share: difference, interval, exact p, corrected for how many are asked.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
p         exact chance of such a mean difference, were the signs up to chance         1
family    comparisons that are corrected together (Holm 1979)                         1
========  ==========================================================================  ============
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from frostline.analysis.answers import right_answers
from frostline.analysis.comparisons import competing, differences, distinct_seeds, runs
from frostline.analysis.estimates import Estimate, OneRun
from frostline.analysis.findings import FamilyOf, Findings, mean_of, p_of
from frostline.analysis.pairs import holm, sign_flip_p, smallest_p

TEST, VALIDATION = "score", "validation_score"


@dataclass(frozen=True)
class Compared:
    """How much higher ``one`` lies than ``other`` at ``share``, over ``pairs`` seeds that both have.

    ``corrected`` is the p-value after Holm's correction for a family of ``family`` comparisons.
    """

    one: str
    other: str
    share: float
    pairs: int
    difference: Estimate | OneRun
    p: float
    corrected: float
    family: int = 1

    @property
    def smallest(self) -> float:
        """The smallest corrected p-value that so many pairs can give the first of such a family."""
        return min(smallest_p(self.pairs) * self.family, 1.0)

    def against(self, arm: str) -> Compared:
        """The same comparison with ``arm``, one of the two, as ``other``."""
        if self.other == arm:
            return self
        found = self.difference
        turned = (
            OneRun(-found.value)
            if isinstance(found, OneRun)
            else replace(found, value=-found.value, low=-found.high, high=-found.low)
        )
        return replace(self, one=self.other, other=self.one, difference=turned)


def figures(frame: pd.DataFrame, arm: str, share: float, column: str) -> dict[int, float]:
    """The figure in ``column`` of each finished seed of ``arm`` at ``share`` that has one, in ascending order."""
    here = (frame["arm"] == arm) & (frame["share"] == share) & (frame["status"] == "finished") & frame[column].notna()
    rows = sorted(zip(frame.loc[here, "seed"], frame.loc[here, column], strict=True))
    return {int(seed): float(value) for seed, value in rows}


def arms_at(frame: pd.DataFrame, share: float, column: str = TEST) -> list[str]:
    """The arms of ``frame`` that have a figure in ``column`` at ``share``, in its order."""
    rows = frame[(frame["share"] == share) & (frame["status"] == "finished") & frame[column].notna()]
    return [str(arm) for arm in rows["arm"].unique()]


def shares_of(frame: pd.DataFrame) -> list[float]:
    """The shares of ``frame`` in ascending order."""
    return sorted(float(share) for share in frame["share"].unique())


def means_at(frame: pd.DataFrame, share: float, column: str = TEST) -> dict[str, float]:
    """The mean figure of each arm that has one at ``share``, in the order of ``frame``."""
    rows = frame[(frame["share"] == share) & (frame["status"] == "finished") & frame[column].notna()]
    return {str(arm): float(mean) for arm, mean in rows.groupby("arm", sort=False)[column].mean().items()}


def highest_at(frame: pd.DataFrame, share: float, column: str = TEST) -> str | None:
    """The arm with the highest mean at ``share``, the first of equals; None where none has a figure."""
    found = means_at(frame, share, column)
    return max(found, key=lambda arm: found[arm]) if found else None


def every_pair(findings: Findings, column: str = TEST) -> tuple[Compared, ...]:
    """Every two arms with a common seed, at every share, one comparison each and none of them corrected."""
    own = competing(findings.frame)
    found = []
    for share in shares_of(own):
        here = own[own["share"] == share]
        sides = [
            _Side(arm, figures(here, arm, share, column), runs(here, arm, share))
            for arm in arms_at(here, share, column)
        ]
        found += [_compared(findings, pair, share, column) for pair in combinations(sides, 2)]
    return tuple(pair for pair in found if pair is not None)


def corrected(pairs: Sequence[Compared], family: FamilyOf) -> tuple[Compared, ...]:
    """``pairs`` with Holm's correction, those of each share as one family, or all as one."""
    if family == "study":
        return _one_family(pairs)
    shares = dict.fromkeys(pair.share for pair in pairs)
    return tuple(done for share in shares for done in _one_family([pair for pair in pairs if pair.share == share]))


def with_arm(pairs: Iterable[Compared], arm: str) -> tuple[Compared, ...]:
    """Those of ``pairs`` in which ``arm`` is compared, each with ``arm`` as the other."""
    return tuple(pair.against(arm) for pair in pairs if arm in (pair.one, pair.other))


def _one_family(pairs: Sequence[Compared]) -> tuple[Compared, ...]:
    found = holm([pair.p for pair in pairs])
    return tuple(replace(pair, corrected=p, family=len(pairs)) for pair, p in zip(pairs, found, strict=True))


@dataclass(frozen=True)
class _Side:
    """One arm at one share: its figure and what tells its run from others, by seed."""

    arm: str
    figures: dict[int, float]
    runs: dict[int, str]


def _compared(findings: Findings, sides: tuple[_Side, _Side], share: float, column: str) -> Compared | None:
    ours, theirs = sides
    told, terms = [ours.runs, theirs.runs], findings.terms
    seeds = distinct_seeds(sorted(ours.figures.keys() & theirs.figures.keys()), *told)
    if not seeds:
        return None
    values = differences(ours.figures, theirs.figures, seeds)
    if len(seeds) == 1:
        p = sign_flip_p(values)
        return Compared(ours.arm, theirs.arm, share, 1, OneRun(values[0]), p, p)
    right = _right(findings, [mine[seed] for mine in told for seed in seeds]) if column == TEST else None
    mean = mean_of(np.asarray(values), right, terms.overlap)
    p, interval = p_of(values, mean), mean.interval(terms.level).clipped(-terms.metric.span, terms.metric.span)
    return Compared(ours.arm, theirs.arm, share, len(seeds), interval, p, p)


def _right(findings: Findings, keys: list[str]) -> np.ndarray | None:
    """What each item adds to the score of the first arm; ``keys`` are its trials, then those of the other."""
    right = right_answers(findings.book, keys)
    if right is None or right.shape[1] < 2:
        return None
    ours, theirs = np.split(right.astype(np.float64), 2)
    return np.asarray(ours - theirs)
