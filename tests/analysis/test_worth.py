"""How many real items an addition is worth: the known answer where there is one, and an honest interval."""

from __future__ import annotations

import numpy as np
import pytest

from frostline.analysis.findings import Terms
from frostline.analysis.worth import Rung, worth

TERMS = Terms()
SEEDS = 8


def scores(mean: float, noise: float = 0.0, number: int = 0, seeds: int = SEEDS) -> np.ndarray:
    """Scores of that mean, exactly so; the noise is another for every number."""
    draws = np.random.default_rng(number).normal(0, noise, seeds)
    return mean + draws - draws.mean()


def ladder(noise: float = 0.01) -> list[Rung]:
    """A tenth more of the score for ten times as many items."""
    return [Rung(count, scores(0.5 + 0.1 * place, noise, place)) for place, count in enumerate((40, 400, 4000))]


@pytest.mark.parametrize(("score", "more"), [(0.55, 40 * 10**0.5 - 40), (0.6, 360), (0.65, 400 * 10**0.5 - 40)])
def test_a_score_between_two_shares_is_worth_what_the_line_over_the_logarithm_says(score: float, more: float) -> None:
    found = worth(Rung(40, scores(score, 0.01, 9)), ladder(), TERMS)
    assert found.more == pytest.approx(more, rel=1e-3)
    assert found.high is not None and found.low < more < found.high and (found.most, found.items) == (3960, 40)


def test_what_does_no_better_is_worth_nothing_and_what_does_worse_harms() -> None:
    same = worth(Rung(40, scores(0.498, 0.01, 9)), ladder(), TERMS)
    assert (same.more, same.low, same.harms) == (0.0, 0.0, False) and same.high is not None and same.high > 0
    worse = worth(Rung(40, scores(0.3, 0.01, 9)), ladder(), TERMS)
    assert (worse.more, worse.low, worse.high, worse.harms) == (0.0, 0.0, 0.0, True)


def test_what_no_share_reaches_is_worth_more_than_was_tried() -> None:
    found = worth(Rung(40, scores(0.9, 0.01, 9)), ladder(), TERMS)
    assert (found.more, found.low, found.high, found.harms) == (None, 3960, None, False)


def test_on_a_flat_curve_nothing_can_be_told() -> None:
    flat = [Rung(count, scores(0.5, 0.01, place)) for place, count in enumerate((40, 400))]
    found = worth(Rung(40, scores(0.501, 0.01, 9)), flat, TERMS)
    assert (found.low, found.high) == (0.0, None)


def test_seeds_are_paired() -> None:
    shared = np.random.default_rng(5).normal(0, 0.1, SEEDS)
    plain = [Rung(rung.items, rung.scores + shared) for rung in ladder()]
    alone = worth(Rung(40, scores(0.55, 0.01, 9)), ladder(), TERMS)
    together = worth(Rung(40, scores(0.55, 0.01, 9) + shared), plain, TERMS)
    assert (together.more, together.low, together.high) == pytest.approx((alone.more, alone.low, alone.high))


def test_items_whose_answers_are_known_are_taken_for_a_sample_too() -> None:
    draws = np.random.default_rng(3)
    levels = (0.55, 0.5, 0.6, 0.7)
    answers = [(draws.random((SEEDS, 60)) < level).astype(float) for level in levels]
    told = [Rung(n, one.mean(axis=1), one) for n, one in zip((40, 40, 400, 4000), answers, strict=True)]
    bare = [Rung(one.items, one.scores) for one in told]
    wide, narrow = worth(told[0], told[1:], TERMS), worth(bare[0], bare[1:], TERMS)
    assert wide.more == pytest.approx(narrow.more) and wide.low <= narrow.low
    assert wide.high is None or narrow.high is None or wide.high > narrow.high


def test_a_curve_needs_two_shares_and_two_seeds_and_ascends() -> None:
    with pytest.raises(ValueError, match=r"a curve needs two shares and two seeds \(got 1 and 8\)"):
        worth(Rung(40, scores(0.5)), ladder()[:1], TERMS)
    with pytest.raises(ValueError, match=r"numbers of items ascend from 40 \(got \[400, 4000\]\)"):
        worth(Rung(40, scores(0.5)), ladder()[1:], TERMS)


@pytest.mark.slow
@pytest.mark.parametrize(("gain", "seeds"), [(0.05, 5), (0.05, 10), (0.13, 5), (0.0, 8)])
def test_the_interval_covers_what_the_addition_is_worth(gain: float, seeds: int) -> None:
    draws, covered, runs = np.random.default_rng(1), 0, 1000
    true = 40 * 10 ** (gain / 0.1) - 40
    for _ in range(runs):
        shared = draws.normal(0, 0.02, seeds)
        plain = [
            Rung(count, 0.5 + 0.1 * place + shared + draws.normal(0, 0.02, seeds))
            for place, count in enumerate((40, 400, 4000))
        ]
        found = worth(Rung(40, 0.5 + gain + shared + draws.normal(0, 0.02, seeds)), plain, TERMS)
        if true == 0:
            # What is worth nothing lies at the end of what is tried: it is missed by a gain or a harm that is none.
            covered += found.low == 0 and not found.harms
        else:
            covered += found.low <= true and (found.high is None or true <= found.high)
    assert 0.93 <= covered / runs <= 0.97
