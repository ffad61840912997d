"""Is there a dip: a depth at which the score is lower than at a shallower one, and at a deeper one again higher?

For each interior depth j of a line of arms two things have to hold together, so that each is tested at the full level
and the larger p-value counts (intersection-union test; Berger 1982): some shallower arm is better than j, and some
deeper arm is. On a side the smallest of its one-sided exact sign-flip p-values counts, times the number of its arms
(Bonferroni); over all interior depths of all lines of a share Holm's correction holds. All this is declared beforehand:
no depth is looked at because its figures look like a dip.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
j         interior depth: layers frozen, with shallower and deeper arms beside it     layers
p         chance of a score difference at least as large, were there none         1
========  ==========================================================================  ============
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from frostline.analysis.compared import shares_of
from frostline.analysis.contest import Contest, distinct
from frostline.analysis.crossed import Mean
from frostline.analysis.depth_lines import DepthLine, lines_of
from frostline.analysis.entrants import entered
from frostline.analysis.findings import Findings, p_of
from frostline.analysis.frost_line import percent, points
from frostline.analysis.metric import ACCURACY
from frostline.analysis.pairs import holm, smallest_p
from frostline.analysis.table import CutPoint


@dataclass(frozen=True)
class Contrast:
    """Whether ``arm``, which freezes ``depth`` layers, lies below a shallower and a deeper arm of its line.

    ``shallower`` and ``deeper`` are the arms of the smallest p-value on their side, ``fall`` and ``rise`` how much
    better they are (mean score). ``p`` is that of both together, ``corrected`` after Holm's correction, and
    ``smallest`` the least that ``p`` could be with so many seeds.
    """

    line: str
    depth: int
    arm: str
    shallower: str
    fall: float
    deeper: str
    rise: float
    p: float
    smallest: float
    corrected: float = 1.0


@dataclass(frozen=True)
class Dips:
    """The interior depths of all lines at ``share`` on ``seeds``, corrected as one family of ``family`` depths.

    ``metric`` is what scores are called.

    A depth whose arm does not compete at the share, as one that a race has stopped, is counted but has no contrast.
    """

    share: float
    alpha: float
    seeds: tuple[int, ...]
    contrasts: tuple[Contrast, ...]
    family: int
    metric: str = ACCURACY.words

    @property
    def smallest(self) -> float:
        """The least corrected p-value that the design allows."""
        return min(1.0, self.family * min(contrast.smallest for contrast in self.contrasts))

    @property
    def shown(self) -> tuple[Contrast, ...]:
        """The contrasts that are shown to be a dip."""
        return tuple(contrast for contrast in self.contrasts if contrast.corrected <= self.alpha)

    @property
    def seeds_needed(self) -> int:
        """How many seeds it takes before a contrast of this family can be shown at all."""
        least = min(contrast.smallest for contrast in self.contrasts) * self.family
        return next(n for n in range(1, 1_000) if least * 2.0 ** (len(self.seeds) - n) <= self.alpha)


def dips(findings: Findings, points: Sequence[CutPoint] = ()) -> tuple[Dips, ...]:
    """The contrasts of each share at which some line has three depths or more and its arms two seeds or more."""
    lines, found = lines_of(findings.frame, points), list[Dips]()
    for share in shares_of(findings.frame):
        contest = entered(findings, share).contest(findings)
        if contest is None or not contest.comparable:
            continue
        told, family = _contrasts(contest, lines), sum(max(0, len(line.arms) - 2) for line in lines)
        if told:
            steps = holm([*(contrast.p for contrast in told), *[1.0] * (family - len(told))])
            corrected = tuple(replace(contrast, corrected=p) for contrast, p in zip(told, steps, strict=False))
            found.append(
                Dips(share, findings.terms.alpha, contest.seeds, corrected, family, findings.terms.metric.words)
            )
    return tuple(found)


def dip_sentence(found: Dips) -> str:
    """What is shown of dips at a share, in plain words; that it could not have been, where so."""
    share, looked = f"With {percent(found.share)} of the target data", found.family
    family = f"{looked} {'depth' if looked == 1 else 'depths'} looked at, n = {len(found.seeds)} seeds"
    if found.shown:
        return f"{share}: {found.metric} dips and recovers at {'; '.join(map(_told, found.shown))} ({family})."
    if found.smallest > found.alpha:
        return (
            f"{share}: so few seeds cannot show that {found.metric} dips and recovers: no corrected p (the chance of "
            f"such figures without a dip) can be below {found.smallest:.2g}; it takes {found.seeds_needed} seeds "
            f"({family})."
        )
    least = min(found.contrasts, key=lambda contrast: contrast.corrected)
    return (
        f"{share}: that {found.metric} dips at some depth and recovers is not shown; the smallest p is "
        f"{least.corrected:.2g}, at {least.arm} (corrected for {family}; it could have been {found.smallest:.2g})."
    )


def _told(found: Contrast) -> str:
    return (
        f"{found.arm}: {found.shallower} is {points(found.fall)} better and {found.deeper} {points(found.rise)} "
        f"(p = {found.corrected:.2g}, the chance of such figures without a dip)"
    )


def _contrasts(contest: Contest, lines: Sequence[DepthLine]) -> list[Contrast]:
    pairs = contest.pairs()
    found = (_contrast(contest, pairs, line, depth) for line in lines for depth in list(line.arms)[1:-1])
    return [contrast for contrast in found if contrast is not None]


def _contrast(contest: Contest, pairs: Mapping[tuple[str, str], Mean], line: DepthLine, depth: int) -> Contrast | None:
    """The contrast at ``depth``; None where its arm, or all arms of a side, do not compete."""
    arm = line.arms[depth]
    sides = [[one for at, one in line.arms.items() if at < depth], [one for at, one in line.arms.items() if at > depth]]
    if any(not set(side) & set(contest.arms) for side in [[arm], *sides]):
        return None
    shallow, deep = (_side(contest, pairs, arm, side) for side in sides)
    return Contrast(
        line=line.name,
        depth=depth,
        arm=arm,
        shallower=shallow.arm,
        fall=shallow.difference,
        deeper=deep.arm,
        rise=deep.difference,
        p=max(shallow.p, deep.p),
        smallest=max(shallow.smallest, deep.smallest),
    )


@dataclass(frozen=True)
class _Side:
    """The arm of a side that lies above by the smallest p-value, and that p-value for all of the side together.

    ``smallest`` is not cut off at 1, so that it halves with each seed more.
    """

    arm: str
    difference: float
    p: float
    smallest: float


def _side(contest: Contest, pairs: Mapping[tuple[str, str], Mean], arm: str, others: Sequence[str]) -> _Side:
    """What a side shows; those of ``others`` that do not compete are counted all the same."""
    there = [other for other in others if other in contest.arms]
    tested = {other: _one_sided(contest, pairs[other, arm], other, arm) for other in there}
    best = min(tested, key=lambda other: (tested[other][0], -pairs[other, arm].value))
    smallest = min(least for _, least in tested.values())
    p = min(1.0, tested[best][0] * len(others))
    return _Side(best, pairs[best, arm].value, p, smallest * len(others))


def _one_sided(contest: Contest, mean: Mean, one: str, other: str) -> tuple[float, float]:
    """The p-value of ``one`` not being better than ``other``, and the smallest that so many pairs allow.

    It is 1 where it does not look better. The sign flip holds the test items fixed and takes the pairs for independent;
    where the mean's own p-value does not, the larger of the two counts.
    """
    k, place = contest.arms.index(one), contest.arms.index(other)
    places = list(distinct(contest.runs[[k, place]]))
    smallest = smallest_p(len(places)) / 2
    if mean.value <= 0:
        return 1.0, smallest
    values = (contest.scores[k] - contest.scores[place])[places]
    return p_of(values.tolist(), mean) / 2, smallest
