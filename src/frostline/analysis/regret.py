"""What it would have cost to follow the recommendation: each seed left out in turn, and decided by the others.

For a seed s the rule chooses on all other seeds, and its regret is the score of the best arm of s in hindsight minus
that of the chosen arm in s. The best of many noisy figures is above the best arm's true score, so that the mean
regret is an upper bound of what choosing costs on average: with arms that are all equal it is not 0. The choices of two
seeds rest on nearly the same others; the interval takes the regrets for independent, as usual for leaving one out.
"""

from __future__ import annotations

from dataclasses import dataclass

from frostline.analysis.compared import shares_of
from frostline.analysis.contest import Contest, distinct
from frostline.analysis.crossed import over_seeds
from frostline.analysis.entrants import entered
from frostline.analysis.estimates import Estimate
from frostline.analysis.findings import Findings
from frostline.analysis.frost_line import percent, points

FEWEST = 3
"""Seeds it takes: one to be decided and two that decide, as one seed says nothing of the spread."""


@dataclass(frozen=True)
class Regret:
    """How far the arm that the other seeds choose lies below the best arm of a seed in hindsight, at ``share``.

    ``picks`` are the arms chosen when each of ``seeds`` was left out, ``most`` is the largest regret that there can be.
    """

    share: float
    estimate: Estimate
    seeds: tuple[int, ...]
    picks: tuple[str, ...]
    most: float = 1.0


def regrets(findings: Findings) -> tuple[Regret, ...]:
    """The regret at each share at which two arms or more have three different seeds or more in common."""
    contests = {share: entered(findings, share).contest(findings) for share in shares_of(findings.frame)}
    found = (_regret(share, contest) for share, contest in contests.items() if contest is not None)
    return tuple(regret for regret in found if regret is not None)


def regret_sentence(regret: Regret) -> str:
    """The regret in plain words, with why it is an upper bound."""
    found = regret.estimate
    bounds, sure = f" [{found.low * 100:.1f}, {found.high * 100:.1f}]", f"{found.level * 100:g} % interval"
    if (found.low, found.high) == (0.0, regret.most):
        bounds, sure = "", "no interval, as the seeds agree and are few"
    return (
        f"With {percent(regret.share)} of the target data: chosen from the other seeds alone, the arm would have been "
        f"{points(found.value)}{bounds} below the best arm of a seed in hindsight ({sure}, n = {found.n} seeds, each "
        "left out once); the best of one seed is itself lucky, so that choosing costs at most this on average."
    )


def _regret(share: float, contest: Contest) -> Regret | None:
    if not contest.comparable:
        return None
    held: dict[int, str] = {}
    for place in distinct(contest.runs):
        others = [other for other in range(len(contest.seeds)) if _apart(contest, place, other)]
        if len(others) >= FEWEST - 1:
            held[place] = contest.on_seeds(others).pick()
    if len(held) < FEWEST:
        return None
    lost = [
        float(contest.scores[:, place].max() - contest.scores[contest.arms.index(arm), place])
        for place, arm in held.items()
    ]
    terms = contest.terms
    return Regret(
        share=share,
        estimate=over_seeds(lost, terms.overlap).interval(terms.level).clipped(0.0, terms.metric.span),
        most=terms.metric.span,
        seeds=tuple(contest.seeds[place] for place in held),
        picks=tuple(held.values()),
    )


def _apart(contest: Contest, one: int, other: int) -> bool:
    """Whether the seeds at both places have no run in common."""
    return bool((contest.runs[:, one] != contest.runs[:, other]).all())
