"""All that a page says of a study in which no arm is better than another, and how seldom it is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy import stats

from frostline.analysis.best import Pairs
from frostline.analysis.compared import shares_of
from frostline.analysis.comparisons import gains
from frostline.analysis.contest import Contest
from frostline.analysis.dip import dips
from frostline.analysis.entrants import entered
from frostline.analysis.findings import Findings, p_of
from frostline.analysis.frost_line import recommend
from frostline.analysis.pairs import holm
from frostline.analysis.table import frame_of
from frostline.analysis.trend import trends
from tests.analysis.books import Cell, findings_of, row

ARMS = ("r5", "f1r4", "f2r3", "f3r2", "f4r1", "f5")
THREE = (0.1, 0.3, 1.0)


def answered_alike(seed: int, seeds: int = 10, shares: Sequence[float] = (0.1,)) -> Findings:
    """Answers of six arms to 400 items; each arm finds other items easy, but none tends to find more of them so."""
    draws, items = np.random.default_rng(seed), 400
    own = {arm: draws.uniform(0.1, 1.3, items) for arm in ARMS}
    cells: dict[Cell, np.ndarray] = {}
    for share in shares:
        luck = draws.uniform(-0.01, 0.01, (seeds, 1))
        for arm in ARMS:
            chance = luck + own[arm] + draws.uniform(-0.01, 0.01, (seeds, 1))
            cells[arm, share] = draws.random((seeds, items)) < chance
    return findings_of(cells)


def scored_alike(seed: int, seeds: int = 10, shares: Sequence[float] = (0.1,)) -> Findings:
    """Accuracies of six arms of one mean, without the answers to single items."""
    draws = np.random.default_rng(seed)
    luck = {share: draws.normal(0.8, 0.02, seeds) for share in shares}
    return Findings(
        frame_of(
            [
                row(arm, number, float(luck[share][number] + draws.normal(0, 0.01)), share)
                for share in shares
                for arm in ARMS
                for number in range(seeds)
            ]
        )
    )


def told(findings: Findings) -> set[str]:
    """The kinds of false claims that a page of ``findings`` makes of one share, where all arms are equal."""
    found = {
        "gain": any(gain.corrected is not None and gain.corrected <= findings.terms.alpha for gain in gains(findings)),
        "best": any(
            candidate.arm == one.chosen and candidate.standing is not None and candidate.standing.deficit == 0
            for one in recommend(findings)
            for candidate in one.candidates
        ),
    }
    found["dip"] = any(one.shown for one in dips(findings))
    return {kind for kind, false in found.items() if false}


def told_of_data(findings: Findings) -> set[str]:
    """The false claims about how accuracy moves with the share."""
    return {"trend"} if any(one.corrected <= findings.terms.alpha for one in trends(findings)) else set()


def told_quickly(findings: Findings) -> set[str]:
    """The same as ``told``, from one table of pairs."""
    contest = contest_of(findings)
    pairs = contest.pairs()
    found = {
        "gain": min(corrected_gains(contest, pairs)) <= findings.terms.alpha,
        "best": any(standing.deficit == 0 for standing in contest.standings(pairs)),
        "dip": any(one.shown for one in dips(findings)),
    }
    return {kind for kind, false in found.items() if false}


def contest_of(findings: Findings) -> Contest:
    """The contest of the only share."""
    (share,) = shares_of(findings.frame)
    contest = entered(findings, share).contest(findings)
    assert contest is not None
    return contest


def corrected_gains(contest: Contest, pairs: Pairs) -> tuple[float, ...]:
    """The corrected p-value of the gain of each arm over scratch."""
    place = contest.arms.index("r5")
    others = {arm: contest.scores[k] - contest.scores[place] for k, arm in enumerate(contest.arms)}
    return holm([p_of(others[arm].tolist(), pairs[arm, "r5"]) for arm in ARMS if arm != "r5"])


def rates(studies: int, study: Callable[[int], Findings], claims: Callable[[Findings], set[str]]) -> dict[str, float]:
    """The part of ``studies`` that make a false claim of each kind, and of any kind."""
    counts: Counter[str] = Counter()
    for seed in range(studies):
        found = claims(study(seed))
        counts.update(found | ({"any"} if found else set()))
    return {kind: count / studies for kind, count in counts.items()}


def worst(found: dict[str, float]) -> float:
    """The highest rate of a single kind of claim."""
    return max((rate for kind, rate in found.items() if kind != "any"), default=0.0)


@pytest.mark.parametrize("study", [answered_alike, scored_alike])
def test_what_is_counted_quickly_is_what_a_page_says(study: Callable[[int], Findings]) -> None:
    findings = study(3)
    said = [gain.corrected for gain in gains(findings)]
    contest = contest_of(findings)
    assert list(corrected_gains(contest, contest.pairs())) == pytest.approx(said)
    assert told_quickly(findings) == told(findings)


@pytest.mark.slow
@pytest.mark.parametrize("study", [answered_alike, scored_alike])
def test_equal_arms_are_told_apart_no_oftener_than_the_level_allows(study: Callable[[int], Findings]) -> None:
    assert worst(rates(FEW, study, told_quickly)) * FEW <= stats.binom.ppf(0.999, FEW, 0.05)


def test_five_seeds_never_show_a_gain_over_scratch_however_the_figures_fall() -> None:
    lucky = scored_alike(0, seeds=5)
    apart = lucky.frame.assign(score=lucky.frame["score"] + 0.1 * lucky.frame["arm"].ne("r5"))
    found = gains(Findings(apart))
    assert len(found) == 5 and all(gain.corrected == gain.smallest == 5 * 0.0625 for gain in found)


FEW = 200
MANY = 2_000
DESIGNS: dict[str, Callable[[int], Findings]] = {
    "answers of 10 seeds": answered_alike,
    "answers of 5 seeds": lambda seed: answered_alike(seed, 5),
    "figures of 10 seeds": scored_alike,
    "figures of 5 seeds": lambda seed: scored_alike(seed, 5),
}
OVER_SHARES: dict[str, Callable[[int], Findings]] = {
    "answers": lambda seed: answered_alike(seed, shares=THREE),
    "figures": lambda seed: scored_alike(seed, shares=THREE),
}


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
def test_no_kind_of_claim_is_false_in_more_than_six_per_cent_of_two_thousand_studies(design: str) -> None:
    found = rates(MANY, DESIGNS[design], told_quickly)
    assert worst(found) <= 0.06, found


@pytest.mark.slow
@pytest.mark.parametrize("design", OVER_SHARES)
def test_a_trend_is_false_in_at_most_six_per_cent_of_two_thousand_studies(design: str) -> None:
    found = rates(MANY, OVER_SHARES[design], told_of_data)
    assert worst(found) <= 0.06, found
