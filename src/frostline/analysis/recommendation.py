"""Which arm to take at each share: the cheapest that is shown to be nearly as good as the best, or none as yet.

That an arm cannot be told from the best recommends nothing, since a study of few seeds can tell no arm from it. An arm
is recommended where its deficit to the best of the others is shown to be below the margin (multiple comparisons with
the best, ``analysis.best``); where no deficit is, a power calculation says what would show one.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
margin    deficit that a recommended arm may have at most                             score
level     confidence with which all deficits of a share hold together                 1
========  ==========================================================================  ============
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from frostline.analysis.best import Pairs, Standing, pair_tail
from frostline.analysis.compared import shares_of
from frostline.analysis.comparisons import Stopped, means
from frostline.analysis.contest import Contest, within
from frostline.analysis.crossed import Mean
from frostline.analysis.crossfit import CrossFitted, cross_fitted
from frostline.analysis.entrants import Entered, entered, validated
from frostline.analysis.estimates import Estimate, OneRun
from frostline.analysis.findings import Findings
from frostline.analysis.metric import ACCURACY, Metric
from frostline.analysis.power import POWER, Wanted, power_of, wanted

Means = Mapping[tuple[str, float], Estimate | OneRun | None]


@dataclass(frozen=True)
class Candidate:
    """An arm that competes at a share: its mean, where it stands to the best of the others, and what it costs.

    ``mean`` is over all its finished runs, ``standing`` over the seeds that all candidates have; it is None where there
    is nothing to compare it with. ``trainable`` counts parameters, ``seconds`` is the median of a run, ``memory_bytes``
    the highest peak of a run; what is not known is None.
    """

    arm: str
    names: str
    mean: Estimate | OneRun
    standing: Standing | None
    trainable: int | None
    seconds: float | None
    memory_bytes: int | None

    def __str__(self) -> str:
        return self.arm if self.names in (self.arm, "") else f"{self.arm} ({self.names})"


@dataclass(frozen=True)
class Recommendation:
    """What to take at ``share``, or what is wanted before that can be said.

    ``candidates`` come cheapest first: by trainable parameters, then seconds, then memory, what is not known last.
    ``chosen`` is the first whose deficit is shown to be below ``margin``, or the only arm that a race has left; None
    where there is none. ``possible`` are the arms that could still be the best, cheapest first. ``highest`` has the
    highest mean over the common seeds, which recommends nothing. ``wanted`` is what would show the deficit of
    ``nearest`` to be below the margin; both are None where an arm is chosen or nothing can be compared. ``together`` is
    how many more seeds and test items would, where neither alone would. ``reported`` is what the rule reaches on items
    that did not choose.

    ``seeds`` are those on which every candidate has finished; ``seeds_left_out`` have finished in some of them only.
    ``arms_left_out`` have fewer than two finished seeds, or so few that without them twice as many would be common to
    all. ``one_run`` are the arms that the seeds do not change: they are candidates only where no other arm is.
    ``ruled_out`` are the arms that a race has stopped at this share; every correction counts them. ``metric`` is what
    the arms are compared by.
    """

    share: float
    margin: float
    level: float
    candidates: tuple[Candidate, ...]
    chosen: str | None
    possible: tuple[str, ...]
    highest: str | None
    wanted: Wanted | None
    nearest: str | None
    together: tuple[int, int] | None
    reported: CrossFitted | None
    seeds: tuple[int, ...]
    seeds_left_out: tuple[int, ...]
    arms_left_out: tuple[str, ...]
    one_run: tuple[str, ...]
    ruled_out: Mapping[str, Stopped]
    metric: Metric = ACCURACY

    def candidate(self, arm: str) -> Candidate:
        """The candidate called ``arm``.

        Raises:
            KeyError: no candidate is called so.
        """
        return {candidate.arm: candidate for candidate in self.candidates}[arm]


def recommend(findings: Findings) -> list[Recommendation]:
    """One recommendation for each share, in ascending order.

    With probability of at least ``level`` all deficits of a share are at most what is said (for normal differences of
    independent seeds), so that the recommended arm is less than ``margin`` below the best. After a race this is said of
    the arms that it left, with a correction for all.
    """
    found = means(findings)
    return [_at(findings, entered(findings, share), found) for share in shares_of(findings.frame)]


def _at(findings: Findings, here: Entered, found: Means) -> Recommendation:
    contest = here.contest(findings)
    pairs = contest.pairs() if contest is not None and contest.comparable else {}
    stands = contest.standings(pairs) if contest is not None and pairs else ()
    chosen, possible = _decided(here, stands, findings.terms.margin)
    asked = None if contest is None or chosen is not None or not pairs else _wanted(contest, pairs)
    return Recommendation(
        share=here.share,
        margin=findings.terms.margin,
        level=findings.terms.level,
        candidates=_candidates(here, stands, found),
        chosen=chosen,
        possible=possible,
        highest=None if contest is None else contest.highest(),
        wanted=None if asked is None else asked.wanted,
        nearest=None if asked is None else asked.arm,
        together=None if asked is None else asked.together,
        reported=None if contest is None else cross_fitted(contest, validated(findings, here, contest)),
        seeds=here.seeds,
        seeds_left_out=here.seeds_left_out,
        arms_left_out=tuple(map(str, here.arms_left_out)),
        one_run=tuple(map(str, here.one_run)),
        ruled_out=here.ruled_out,
        metric=findings.terms.metric,
    )


def _decided(here: Entered, stands: tuple[Standing, ...], margin: float) -> tuple[str | None, tuple[str, ...]]:
    """The recommended arm, if any, and the arms that could still be the best."""
    if stands:
        return within(stands, margin), tuple(standing.arm for standing in stands if standing.possible)
    arms = tuple(entrant.arm for entrant in here.entrants) if here.seeds else ()
    alone = len(arms) == 1 and here.ruled_out and not (here.arms_left_out or here.one_run)
    return (arms[0] if alone else None), arms


@dataclass(frozen=True)
class _Asked:
    """The arm whose deficit is nearest to be shown, and what it takes."""

    arm: str
    wanted: Wanted
    together: tuple[int, int] | None


def _wanted(contest: Contest, pairs: Pairs) -> _Asked:
    """The arm whose deficit takes the fewest more seeds to be shown below the margin, and how many it takes.

    Where no number of seeds would do for any arm, the one that takes the fewest more test items, and where no number of
    those would either, the one of the highest mean, for which both are raised in proportion.
    """
    tail, threshold = pair_tail(len(contest.arms) + contest.stopped, contest.terms.alpha), -contest.terms.margin
    others = {arm: [pairs[arm, other] for other in contest.arms if other != arm] for arm in contest.arms}
    wants = {arm: wanted(means, threshold, tail) for arm, means in others.items()}
    nearest = min(wants, key=lambda arm: (_many(wants[arm].seeds), _many(wants[arm].items), arm != contest.highest()))
    alone = wants[nearest].seeds is not None or wants[nearest].items is not None
    return _Asked(nearest, wants[nearest], None if alone else _together(others[nearest], threshold, tail))


def _together(means: Sequence[Mean], threshold: float, tail: float) -> tuple[int, int] | None:
    """How many more seeds and test items together show that every mean is above ``threshold``, to about a tenth."""
    seeds, items = means[0].seeds, means[0].items
    if items is None or any(mean.value <= threshold for mean in means):
        return None
    for step in range(1, 97):
        more = (ceil(seeds * 1.1**step), ceil(items * 1.1**step))
        if power_of([mean.with_numbers(*more) for mean in means], threshold, tail) >= POWER:
            return more[0] - seeds, more[1] - items
    return None


def _many(count: int | None) -> float:
    return float("inf") if count is None else count


def _candidates(here: Entered, stands: tuple[Standing, ...], found: Means) -> tuple[Candidate, ...]:
    standing = {stand.arm: stand for stand in stands}
    return tuple(
        Candidate(
            entrant.arm,
            entrant.names,
            mean,
            standing.get(entrant.arm),
            entrant.trainable,
            entrant.seconds,
            entrant.memory_bytes,
        )
        for entrant in here.entrants
        if (mean := found.get((entrant.arm, here.share))) is not None
    )
