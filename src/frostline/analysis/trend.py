"""Does the answer move with the share: is a frozen layer worth less, or more, the more data there are?

For every seed s and share h, slope(s, h) is the least-squares slope of the score on frozen depth over the arms of a
line; trend(s) is the least-squares slope of slope(s, h) on log10(h), tested over the seeds against 0.

The best depth of each seed and share would look like the more natural figure, but it is the place of a maximum: noise
moves it, towards the middle of the depths, and more so at small shares, where scores scatter more. A difference
between shares would then be found where there is none. ``trend`` is linear in the scores: noise of mean 0 adds
nothing to its mean. What it sees is the score, so that a ceiling, which brings all arms together, is a trend as well.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
h         share of the target data                                                    1
slope     what a layer more frozen is worth                                           score
trend     how much more it is worth with ten times the data                           score
weight    what a score contributes to the trend                                       1
========  ==========================================================================  ============
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from frostline.analysis.answers import right_answers
from frostline.analysis.compared import shares_of
from frostline.analysis.contest import distinct
from frostline.analysis.depth_lines import DepthLine, lines_of
from frostline.analysis.entrants import Entered, entered, numbered
from frostline.analysis.estimates import Estimate
from frostline.analysis.findings import Findings, mean_of, p_of
from frostline.analysis.frost_line import percent
from frostline.analysis.pairs import holm, pairs_needed, smallest_p
from frostline.analysis.table import CutPoint


@dataclass(frozen=True)
class Trend:
    """How much more of the score a layer more frozen brings with ten times the data, on ``line``.

    ``p`` is that of the exact sign flip over the seeds, and never below that of an interval which also speaks of other
    items or of runs that share some; ``corrected`` is after Holm's correction for the ``family`` lines of the study.
    ``arms_left_out`` stand on the line but do not compete at every share.
    """

    line: str
    estimate: Estimate
    p: float
    corrected: float
    family: int
    seeds: tuple[int, ...]
    shares: tuple[float, ...]
    depths: tuple[int, ...]
    arms_left_out: tuple[str, ...]

    @property
    def smallest(self) -> float:
        """The smallest corrected p-value that so many seeds can give."""
        return min(1.0, smallest_p(self.estimate.n) * self.family)


def trends(findings: Findings, points: Sequence[CutPoint] = ()) -> tuple[Trend, ...]:
    """The trend of each line of arms by depth; of none where there are fewer than two shares, depths or seeds."""
    competing = [entered(findings, share) for share in shares_of(findings.frame)]
    found = [_trend(findings, line, competing) for line in lines_of(findings.frame, points)]
    told = [trend for trend in found if trend is not None]
    steps = holm([trend.p for trend in told])
    return tuple(replace(trend, corrected=p, family=len(told)) for trend, p in zip(told, steps, strict=True))


def trend_sentence(trend: Trend, alpha: float) -> str:
    """The trend in plain words, whether it was shown at ``alpha`` or not, or could not have been."""
    found, more = trend.estimate, trend.estimate.value > 0
    low, high = sorted((abs(found.low), abs(found.high)))
    across = found.low < 0 < found.high
    range_ = f"{found.low * 100:+.2f}, {found.high * 100:+.2f}" if across else f"{low * 100:.2f}, {high * 100:.2f}"
    value = f"{found.value * 100:+.2f}" if across else f"{abs(found.value) * 100:.2f}"
    among = f", corrected for {trend.family} lines of arms" if trend.family > 1 else ""
    said = (
        f"{trend.line[:1].upper()}{trend.line[1:]}: with ten times the data a layer more frozen gains {value} points "
        f"{'' if across else 'more ' if more else 'less '}[{range_}] ({found.level * 100:g} % interval; "
        f"p = {trend.corrected:.2g}, the chance of so much if data made no difference{among}, n = {found.n} seeds, "
        f"shares {percent(trend.shares[0])} to {percent(trend.shares[-1])})"
    )
    if trend.corrected <= alpha:
        verdict = f"the more data, the more speaks for {'more' if more else 'fewer'} frozen layers"
    elif trend.smallest > alpha:
        verdict = f"so few seeds cannot show a trend; it takes {pairs_needed(alpha, trend.family)}"
    else:
        verdict = "that the answer moves with the amount of data is not shown"
    left = f" (without {', '.join(trend.arms_left_out)})" if trend.arms_left_out else ""
    return f"{said}: {verdict}{left}."


def slopes(x: Sequence[float]) -> np.ndarray:
    """The weights whose sum with figures y at ``x`` is the least-squares slope of y on x."""
    centred = np.asarray(x, dtype=np.float64) - np.mean(x)
    return np.asarray(centred / (centred**2).sum())


def _trend(findings: Findings, line: DepthLine, competing: Sequence[Entered]) -> Trend | None:
    """The trend of ``line`` over the seeds and arms that compete at every share, not yet corrected."""
    shares = tuple(here.share for here in competing)
    known = {depth: [here.entrant(arm) for here in competing] for depth, arm in line.arms.items()}
    depths = tuple(depth for depth, entrants in known.items() if None not in entrants)
    seeds = tuple(sorted(set.intersection(*(set(here.seeds) for here in competing))))
    cells = [entrant for at in range(len(shares)) for depth in depths if (entrant := known[depth][at]) is not None]
    if len(shares) < 2 or len(depths) < 2 or not seeds:
        return None
    keys = [cell.runs[seed] for cell in cells for seed in seeds]
    places = list(distinct(numbered(keys).reshape(len(cells), -1)))
    if len(places) < 2:
        return None
    weights = np.outer(slopes(np.log10(shares).tolist()), slopes(depths)).ravel()
    values = weights @ np.array([[cell.scores[seed] for seed in seeds] for cell in cells])[:, places]
    right = right_answers(findings.book, keys)
    figures = None if right is None else _weighted(weights, right.reshape(len(cells), len(seeds), -1)[:, places])
    mean = mean_of(values, figures, findings.terms.overlap)
    p = p_of(values.tolist(), mean)
    left_out = tuple(arm for depth, arm in line.arms.items() if depth not in depths)
    return Trend(line.name, mean.interval(findings.terms.level), p, p, 1, seeds, shares, depths, left_out)


def _weighted(weights: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The weighted sum of ``right`` over its cells, one cell at a time: an array of seed by item."""
    total = np.zeros(right.shape[1:])
    for weight, cell in zip(weights, right, strict=True):
        total += weight * cell
    return total
