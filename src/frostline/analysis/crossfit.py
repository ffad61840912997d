"""What the chosen arm reaches on items that had no part in choosing it.

The highest of several means is above the true mean of its arm, the more so the more arms there are and the fewer items.
Where single answers are known, the test items are cut into two halves, the rule chooses on each, and what it chose
answers for the other half, so that every item is reported once and by an arm that it did not choose; a score that is
no count is on a half the mean of what its items contribute, right to first order. The halves share their seeds: what is
owed to lucky seeds is left in, and ``analysis.regret`` speaks of it.

Where single answers are not known, the rule chooses on validation figures and the test part reports, unless the seeds
test different folds: then the validation items of one seed are the test items of another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from frostline.analysis.contest import Contest, distinct
from frostline.analysis.crossed import Mean, over_seeds, over_seeds_and_items
from frostline.analysis.estimates import Estimate
from frostline.analysis.findings import score_interval
from frostline.randomness import stream

ENOUGH_VALIDATION = 500
"""Fewer validation items choose too much by chance to be worth the choice."""
How = Literal["halves of the test part", "validation"]


@dataclass(frozen=True)
class CrossFitted:
    """What the rule reaches on items that it did not choose by, and what picking the maximum would have added.

    ``picks`` are the arms chosen on the two halves, or twice the one chosen on validation. ``optimism`` (score) is
    how much higher the highest mean stands on the items that picked it than on others. ``n_items`` are the items of the
    test part where its halves chose, and those of the smallest validation part where validation did.
    """

    estimate: Estimate
    picks: tuple[str, str]
    optimism: float
    n_items: int
    how: How


def cross_fitted(contest: Contest, validation: tuple[Contest, int] | None) -> CrossFitted | None:
    """What the rule reaches in ``contest``; ``validation`` is the same contest there, with its number of items.

    None where nothing can choose on other items: fewer than two arms, fewer than two different runs of one, fewer than
    500 validation items, or folds.
    """
    if not contest.comparable:
        return None
    if contest.right is not None and contest.right.shape[2] >= 4:
        return _over_halves(contest)
    if validation is None or validation[1] < ENOUGH_VALIDATION or contest.terms.overlap > 0:
        return None
    return _on_validation(contest, *validation)


def halves(n_items: int) -> tuple[np.ndarray, np.ndarray]:
    """The places of the two halves of ``n_items`` items, ascending; the same for every arm, seed and share."""
    order = stream(0, "halves", str(n_items)).permutation(n_items)
    return np.sort(order[: n_items // 2]), np.sort(order[n_items // 2 :])


def _over_halves(contest: Contest) -> CrossFitted | None:
    picks, reported = _swapped(contest, Contest.pick)
    if reported is None:
        return None
    maxima = _swapped(contest, Contest.highest)[1]
    return CrossFitted(
        estimate=score_interval(reported, contest.terms),
        picks=picks,
        optimism=contest.mean(contest.highest()) - (reported if maxima is None else maxima).value,
        n_items=reported.items or 0,
        how="halves of the test part",
    )


def _swapped(contest: Contest, rule: Callable[[Contest], str]) -> tuple[tuple[str, str], Mean | None]:
    """What ``rule`` picks on each half, and the mean of what it picked on the other; None for fewer than two runs."""
    right = contest.right
    assert right is not None
    one, other = halves(right.shape[2])
    picks = rule(contest.on_items(one)), rule(contest.on_items(other))
    first, second = (contest.arms.index(pick) for pick in picks)
    places = list(distinct(contest.runs[[first, second]]))
    if len(places) < 2:
        return picks, None
    assembled = np.empty((len(places), right.shape[2]))
    assembled[:, other] = right[first][places][:, other]
    assembled[:, one] = right[second][places][:, one]
    return picks, over_seeds_and_items(assembled)


def _on_validation(contest: Contest, validation: Contest, n_items: int) -> CrossFitted | None:
    pick = validation.pick()
    place = contest.arms.index(pick)
    places = list(distinct(contest.runs[[place]]))
    if len(places) < 2:
        return None
    mean = over_seeds(contest.scores[place, places].tolist(), contest.terms.overlap)
    return CrossFitted(
        estimate=score_interval(mean, contest.terms),
        picks=(pick, pick),
        optimism=contest.mean(contest.highest()) - contest.mean(validation.highest()),
        n_items=n_items,
        how="validation",
    )
