"""How many more real items would have done what an addition did: the yardstick of additional data.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
N_j       real training items at the j-th share, ascending                            items
y_s       score with the addition at the first of these shares, seed s                score
m_sj      score without it at the j-th share, seed s                                  score
c_s(N)    score without it at N items: between N_j and N_j+1 a straight line over     score
          log N through m_sj and m_sj+1
d_s(N)    y_s - c_s(N)                                                                score
========  ==========================================================================  ============

The addition is worth N - N_1 items where the mean of d_s(N) over the seeds is 0, at the smallest such N. The interval
holds every N at which the interval of that mean holds 0 (a test inverted, as Fieller 1954 did for ratios), so that it
covers where the curve is flat, too: there it is wide, or open. Seeds are paired: a seed has the same items at every
share. Nothing is said beyond the largest share, and a score between two shares is only as true as the straight line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from frostline.analysis.answers import right_answers, whole
from frostline.analysis.comparisons import competing, distinct_seeds, finished, runs
from frostline.analysis.findings import Findings, Terms, mean_of
from frostline.analysis.table import ADDITION

GRID = 100
"""Places between two shares at which the mean is judged; an end of the interval is as fine as that."""


@dataclass(frozen=True, eq=False)
class Rung:
    """Scores at one number of real training ``items``, a seed each, in one order of the seeds everywhere.

    ``answers`` is what each test item contributes to the score, by seed and item; None where that is not known.
    """

    items: float
    scores: np.ndarray
    answers: np.ndarray | None = None


@dataclass(frozen=True)
class Worth:
    """An addition to ``items`` real ones does what so many ``more`` would, at most ``most`` of which were tried.

    ``more`` is 0 where it does no better than nothing, and None where all that were tried do not reach it; ``harms``
    where it is shown to do worse than nothing. ``low`` and ``high`` are the ends of the interval over ``seeds``;
    ``high`` is None where it is open.
    """

    items: float
    most: float
    more: float | None
    low: float
    high: float | None
    harms: bool
    seeds: int


def worth(treated: Rung, plain: Sequence[Rung], terms: Terms) -> Worth:
    """What the addition of ``treated`` is worth, on the curve of ``plain``, whose first rung has the same items.

    Raises:
        ValueError: fewer than two rungs or seeds, rungs that do not ascend, or that begin at other items.
    """
    counts = [rung.items for rung in plain]
    if len(plain) < 2 or len(treated.scores) < 2:
        raise ValueError(f"a curve needs two shares and two seeds (got {len(plain)} and {len(treated.scores)})")
    if counts != sorted(set(counts)) or counts[0] != treated.items:
        raise ValueError(f"numbers of items ascend from {treated.items:g} (got {counts})")
    places = np.concatenate([np.linspace(place, place + 1, GRID + 1)[:-1] for place in range(len(plain) - 1)])
    places = np.append(places, len(plain) - 1)
    judged = [_judged(treated, plain, place, terms) for place in places]
    centre, half = np.array([one for one, _ in judged]), np.array([one for _, one in judged])
    more, most = _crossing(centre, places, counts), counts[-1] - treated.items
    held = [_items(counts, place) - treated.items for place in places[np.abs(centre) <= half]]
    held += [] if more is None else [more]
    ended = bool(held) and abs(centre[-1]) > half[-1]
    return Worth(
        items=treated.items,
        most=most,
        more=more,
        low=min(held, default=most),
        high=max(held) if ended else None,
        harms=bool(centre[0] < -half[0]),
        seeds=len(treated.scores),
    )


def _judged(treated: Rung, plain: Sequence[Rung], place: float, terms: Terms) -> tuple[float, float]:
    """The mean of d at ``place``, counted in rungs, and the half width of its interval."""
    lower = min(int(place), len(plain) - 2)
    weight, (one, other) = place - lower, plain[lower : lower + 2]
    values = treated.scores - (1 - weight) * one.scores - weight * other.scores
    answers = None
    if treated.answers is not None and one.answers is not None and other.answers is not None:
        answers = treated.answers - (1 - weight) * one.answers - weight * other.answers
    mean = mean_of(values, answers, terms.overlap)
    return float(values.mean()), mean.half_width((1 - terms.level) / 2)


def _crossing(centre: np.ndarray, places: np.ndarray, counts: Sequence[float]) -> float | None:
    """At how many more items the mean of d first comes to 0."""
    below = np.flatnonzero(centre <= 0)
    if not len(below):
        return None
    after = int(below[0])
    if after == 0:
        return 0.0
    part = centre[after - 1] / (centre[after - 1] - centre[after])
    place = float(places[after - 1] + part * (places[after] - places[after - 1]))
    return _items(counts, place) - counts[0]


def _items(counts: Sequence[float], place: float) -> float:
    """How many items stand at ``place``, counted in rungs: between two of them evenly over the logarithm."""
    # A share itself is as many items as it has: the logarithm there and back would not be.
    if place == int(place):
        return float(counts[int(place)])
    return float(np.exp(np.interp(place, np.arange(len(counts)), np.log(counts))))


@dataclass(frozen=True)
class WorthOf:
    """What ``addition`` is worth to the arm ``treatment`` at ``share``."""

    treatment: str
    addition: str
    share: float
    worth: Worth


def worths(findings: Findings) -> tuple[WorthOf, ...]:
    """What every addition is worth at each share above which its arm has a larger one without it.

    Controls of additions are left out, and so is what fewer than two seeds have finished at all of these shares.
    """
    frame = competing(findings.frame)
    if ADDITION not in frame:
        return ()
    added = frame.loc[frame[ADDITION] != "", ["arm", ADDITION, "share"]].drop_duplicates()
    shares = sorted({float(share) for share in frame["share"]})
    found = []
    for arm, addition, share in added.itertuples(index=False):
        treatment = str(arm).removesuffix(f" with {addition}")
        rungs = _rungs(findings, [(str(arm), share), *((treatment, one) for one in shares if one >= share)])
        if rungs is not None:
            measured = worth(rungs[0], rungs[1:], findings.terms)
            found.append(WorthOf(treatment, str(addition), float(share), measured))
    return tuple(found)


def _rungs(findings: Findings, places: Sequence[tuple[str, float]]) -> list[Rung] | None:
    """The rungs of the arms and shares ``places`` on the seeds that have finished in all; None where they are few."""
    frame = findings.frame
    scores = [finished(frame, *place) for place in places]
    common = sorted(set.intersection(*map(set, scores)))
    seeds = distinct_seeds(common, *(runs(frame, *place) for place in places))
    if len(places) < 3 or len(seeds) < 2:
        return None
    keys = [key for place in places for key in findings.keys(*place, seeds)]
    known = right_answers(findings.book, keys)
    answers = None if known is None else whole(known).reshape(len(places), len(seeds), -1)
    counts = [_trained_on(frame, place, seeds) for place in places]
    if counts[1:] != sorted(set(counts[1:])):
        return None
    told = [None] * len(places) if answers is None else list(answers)
    values = [np.array([one[seed] for seed in seeds]) for one in scores]
    return [Rung(counts[max(place, 1)], values[place], told[place]) for place in range(len(places))]


def _trained_on(frame: pd.DataFrame, place: tuple[str, float], seeds: Sequence[int]) -> float:
    """How many real items the trials of ``place`` with ``seeds`` have learned from, on the mean."""
    rows = frame[(frame["arm"] == place[0]) & (frame["share"] == place[1]) & frame["seed"].isin(seeds)]
    return float(rows["n_train"].astype(float).mean())
