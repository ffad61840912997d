"""How far each arm is from the best is said for all arms at once, and rarely wrong of any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from frostline.analysis.best import Pairs, Standing, pair_tail, standings
from frostline.analysis.crossed import Mean, Parts, over_seeds

TRUTHS = {
    "no arm is better": (0.8, 0.8, 0.8, 0.8, 0.8),
    "one winner": (0.8, 0.83, 0.8, 0.79, 0.78),
    "near ties": (0.8, 0.803, 0.802, 0.79, 0.805),
}


def compared(figures: np.ndarray) -> Pairs:
    """The pairs of ``figures``, an array of arm by seed; arms are named by their place."""
    found: dict[tuple[str, str], Mean] = {}
    for i, j in combinations(range(len(figures)), 2):
        mean = over_seeds((figures[i] - figures[j]).tolist())
        found[str(i), str(j)], found[str(j), str(i)] = mean, replace(mean, value=-mean.value)
    return found


def names(figures: Sequence[object] | np.ndarray) -> list[str]:
    return [str(place) for place in range(len(figures))]


def missed(truth: Sequence[float], studies: int) -> float:
    """In which part of simulated studies any of the intervals does not hold the truth of its arm."""
    draws, wrong = np.random.default_rng(11), 0
    true = [own - max(other for k, other in enumerate(truth) if k != place) for place, own in enumerate(truth)]
    for _ in range(studies):
        figures = np.array(truth)[:, None] + draws.normal(0, 0.02, 10) + draws.normal(0, 0.008, (len(truth), 10))
        found = standings(names(truth), compared(figures), 0.05)
        wrong += any(not one.low <= own <= one.high for one, own in zip(found, true, strict=True))
    return wrong / studies


@pytest.mark.parametrize("truth", TRUTHS.values(), ids=TRUTHS)
def test_all_intervals_hold_together_as_often_as_they_promise(truth: Sequence[float]) -> None:
    assert missed(truth, 400) <= 0.07


@pytest.mark.slow
@pytest.mark.parametrize("truth", TRUTHS.values(), ids=TRUTHS)
def test_all_intervals_hold_together_in_95_percent_of_2000_studies(truth: Sequence[float]) -> None:
    assert missed(truth, 2_000) <= 0.05


def table_of(differences: dict[tuple[str, str], float], error: float) -> dict[tuple[str, str], Mean]:
    """Pairs of known differences, each with so large a half width that ``error`` is the standard error, of 9 seeds."""
    both = differences | {(j, i): -value for (i, j), value in differences.items()}
    return {pair: Mean(value, Parts(9 * error**2, 0, 0), 9, None) for pair, value in both.items()}


def test_a_small_case_agrees_with_what_one_reckons_by_hand() -> None:
    """With 8 degrees of freedom the one-sided t at 0.05 / 2 is 2.306, so that h = 0.02306."""
    pairs = table_of({("a", "b"): 0.01, ("a", "c"): 0.05, ("b", "c"): 0.04}, 0.01)
    a, b, c = standings("abc", pairs, 0.05)
    assert (a.difference, a.low, a.high) == pytest.approx((0.01, 0.01 - 0.02306, 0.01 + 0.02306), abs=1e-5)
    assert (b.difference, b.low, b.high) == pytest.approx((-0.01, -0.01 - 0.02306, -0.01 + 0.02306), abs=1e-5)
    assert (c.difference, c.low, c.high) == pytest.approx((-0.05, -0.05 - 0.02306, 0), abs=1e-5)
    assert (a.possible, b.possible, c.possible) == (True, True, False)
    assert c.deficit == pytest.approx(0.07306, abs=1e-5)


def test_an_arm_that_alone_can_be_the_best_costs_nothing() -> None:
    pairs = table_of({("a", "b"): 0.05, ("a", "c"): 0.06, ("b", "c"): 0.01}, 0.01)
    a, b, c = standings("abc", pairs, 0.05)
    assert a == Standing("a", 0.05, 0.0, pytest.approx(0.07306, abs=1e-5), possible=True)
    assert (b.possible, c.possible) == (False, False)
    assert b.deficit == pytest.approx(0.07306, abs=1e-5)


def test_only_arms_that_can_be_the_best_count_against_an_arm() -> None:
    """c is far below a, and badly compared with b: what b might lose to c is of no matter, as c cannot be the best."""
    near, far = (
        table_of({("a", "b"): 0.01}, 0.001),
        table_of({("a", "c"): 0.5}, 0.01) | table_of({("b", "c"): 0.49}, 0.3),
    )
    _, b, c = standings("abc", near | far, 0.05)
    assert not c.possible
    assert b.deficit == pytest.approx(0.01 + 0.002306, abs=1e-5)


def test_equal_arms_can_both_be_the_best_and_count_against_the_others() -> None:
    twice = np.array([np.linspace(0.8, 0.9, 8), np.linspace(0.8, 0.9, 8), np.linspace(0.7, 0.8, 8)])
    one, other, worse = standings(names(twice), compared(twice), 0.05)
    assert one.possible
    assert other.possible
    assert (one.deficit, other.deficit) == (0, 0)
    assert not worse.possible
    assert worse.deficit == pytest.approx(0.1)


def test_arms_that_agree_in_too_few_seeds_are_not_told_apart() -> None:
    same = np.full((3, 4), 0.8)
    assert all(one.possible and one.deficit == np.inf for one in standings(names(same), compared(same), 0.05))


def test_arms_that_a_race_has_stopped_are_counted() -> None:
    pairs = table_of({("a", "b"): 0.01}, 0.01)
    alone, with_stopped = standings("ab", pairs, 0.05)[1], standings("ab", pairs, 0.05, stopped=3)[1]
    assert with_stopped.deficit > alone.deficit
    assert with_stopped.deficit == pytest.approx(0.01 + pairs["a", "b"].half_width(0.05 / 4))
    assert pair_tail(5, 0.05) == 0.05 / 4


def test_one_arm_is_not_compared() -> None:
    with pytest.raises(ValueError, match=r"a comparison with the best needs two arms or more \(got 1\)"):
        standings(["a"], {}, 0.05)


def test_the_names_and_the_order_of_the_arms_decide_nothing() -> None:
    figures = np.random.default_rng(2).normal(0.8, 0.01, (4, 6))
    pairs, arms = compared(figures), names(figures)
    assert set(standings(arms, pairs, 0.05)) == set(standings(arms[::-1], pairs, 0.05))
