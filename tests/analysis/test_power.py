"""As many seeds, or items, as are asked for show what they were asked for as often as promised."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from frostline.analysis.crossed import Mean, Parts, over_seeds, over_seeds_and_items
from frostline.analysis.power import Wanted, power_of, wanted

TAIL = 0.05 / 12
RUNS = Mean(0.01, Parts(1e-4, 0, 0), 5, None)
BOTH = Mean(0.01, Parts(2e-4, 1e-3, 0.05), 5, 360)
"""Two differences of a point: in one only runs are known, in the other every answer."""


def shown(mean: Mean, seeds: int, items: int | None, studies: int) -> float:
    """In which part of simulated studies, as large as that, the bound of the difference lies above 0."""
    draws, parts, found = np.random.default_rng(9), mean.parts, 0
    for _ in range(studies):
        of_seeds = mean.value + draws.normal(0, parts.seed**0.5, seeds)
        if items is None:
            seen = over_seeds(of_seeds.tolist())
        else:
            of_items, rest = draws.normal(0, parts.item**0.5, items), draws.normal(0, parts.rest**0.5, (seeds, items))
            seen = over_seeds_and_items(of_seeds[:, None] + of_items + rest)
        found += seen.value - seen.half_width(TAIL) > 0
    return found / studies


def test_the_seeds_that_are_wanted_show_it_four_times_in_five() -> None:
    more = wanted([RUNS], 0, TAIL).seeds
    assert more is not None
    assert 0.74 <= shown(RUNS, RUNS.seeds + more, None, 400) <= 0.87
    assert power_of([RUNS.with_numbers(RUNS.seeds + more - 1, None)], 0, TAIL) < 0.8


def test_the_seeds_that_are_wanted_where_items_count_show_it_four_times_in_five() -> None:
    more = wanted([BOTH], 0, TAIL).seeds
    assert more is not None
    assert 0.72 <= shown(BOTH, BOTH.seeds + more, BOTH.items, 200) <= 0.88


@pytest.mark.slow
@pytest.mark.parametrize("mean", [RUNS, BOTH, Mean(0.02, Parts(1e-4, 0.03, 0.06), 10, 360)])
def test_what_is_wanted_keeps_its_promise_in_2000_studies(mean: Mean) -> None:
    found = wanted([mean], 0, TAIL)
    assert found.seeds is not None or found.items is not None
    if found.seeds is not None:
        assert 0.77 <= shown(mean, mean.seeds + found.seeds, mean.items, 2_000) <= 0.84
    if found.items is not None and mean.items is not None:
        assert 0.77 <= shown(mean, mean.seeds, mean.items + found.items, 2_000) <= 0.86


def test_the_power_over_seeds_is_that_of_the_one_sided_t_test() -> None:
    bound = stats.t.isf(0.05, 7)
    expected = stats.nct.sf(bound, 7, 0.5 * np.sqrt(8))
    assert power_of([Mean(0.5, Parts(1.0, 0, 0), 8, None)], 0, 0.05) == pytest.approx(expected)
    assert power_of([Mean(0.7, Parts(1.0, 0, 0), 8, None)], 0.2, 0.05) == pytest.approx(expected)


def test_bounds_that_must_clear_together_clear_less_often() -> None:
    assert power_of([RUNS, RUNS], 0, TAIL) == pytest.approx(power_of([RUNS], 0, TAIL) ** 2)
    alone, together = wanted([RUNS], 0, TAIL).seeds, wanted([RUNS, RUNS], 0, TAIL).seeds
    assert alone is not None
    assert together is not None
    assert together > alone


def test_no_number_shows_what_is_not_so() -> None:
    assert wanted([Mean(-0.01, Parts(1e-4, 1e-3, 0.05), 5, 360)], 0, TAIL) == Wanted(None, None)
    assert wanted([RUNS], 0.01, TAIL) == Wanted(None, None)


def test_seeds_do_not_help_where_the_items_are_too_few_and_items_do() -> None:
    found = wanted([Mean(0.02, Parts(1e-6, 0.1, 0.02), 10, 360)], 0, TAIL)
    assert found.seeds is None
    assert found.items is not None
    assert found.items > 1_000


def test_items_do_not_help_where_the_seeds_are_too_few_and_seeds_do() -> None:
    found = wanted([Mean(0.01, Parts(4e-4, 1e-6, 1e-4), 5, 3_600)], 0, TAIL)
    assert found.items is None
    assert found.seeds is not None


def test_more_items_are_never_wanted_where_items_are_not_known() -> None:
    assert wanted([RUNS], 0, TAIL).items is None


def test_what_is_not_shown_wants_at_least_one_more() -> None:
    assert wanted([Mean(0.5, Parts(1e-4, 0, 0), 9, None)], 0, TAIL) == Wanted(1, None)


def test_figures_that_agree_want_as_many_seeds_as_could_not_agree_by_chance() -> None:
    found = wanted([over_seeds([0.01] * 3)], 0, TAIL)
    assert found == Wanted(5, None)
    assert over_seeds([0.01] * 8).half_width(TAIL) == 0 < over_seeds([0.01] * 7).half_width(TAIL)


def test_arms_that_agree_in_every_answer_want_more_items_and_no_seeds() -> None:
    found = wanted([over_seeds_and_items(np.zeros((5, 100)))], -0.01, TAIL)
    assert found.seeds is None
    assert found.items is not None
    assert over_seeds_and_items(np.zeros((5, 100 + found.items))).half_width(TAIL) < 0.01
