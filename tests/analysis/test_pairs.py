"""A p-value is exact, is never smaller than its pairs allow, and costs more the oftener one asks."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from frostline.analysis.pairs import attainable_words, effect_size, holm, pairs_needed, sign_flip_p, smallest_p

FIGURES = st.lists(st.integers(-5, 5), min_size=1, max_size=9)
CHANCES = st.lists(st.floats(0, 1), min_size=1, max_size=6)


def by_scipy(values: np.ndarray) -> float:
    found = stats.permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided", vectorized=True
    )
    return float(found.pvalue)


@pytest.mark.parametrize("n", [2, 5, 8, 12])
def test_the_sign_flip_agrees_with_the_permutation_test_of_scipy(n: int) -> None:
    draws = np.random.default_rng(n)
    for values in (draws.normal(0.5, 1, n), draws.integers(-3, 4, n) / 360):
        assert sign_flip_p(values.tolist()) == pytest.approx(by_scipy(values))


def test_many_pairs_are_still_counted_to_the_last() -> None:
    values = np.random.default_rng(3).normal(0.4, 1, 15)
    assert sign_flip_p(values.tolist()) == pytest.approx(by_scipy(values), abs=1e-12)
    assert sign_flip_p([1.0] * 32) == smallest_p(32)


def test_more_pairs_than_can_be_counted_are_flipped_at_random_and_always_alike() -> None:
    values = np.random.default_rng(3).normal(0.3, 1, 33).tolist()
    assert sign_flip_p(values) == sign_flip_p(values)
    assert sign_flip_p(values) == pytest.approx(stats.ttest_1samp(values, 0).pvalue, abs=0.01)
    assert sign_flip_p([1.0] * 33) == pytest.approx(1 / 100_001)


@given(FIGURES)
def test_no_p_is_below_the_smallest_that_its_pairs_allow(values: list[int]) -> None:
    assert smallest_p(len(values)) <= sign_flip_p(values) <= 1


@given(FIGURES)
def test_the_direction_of_a_difference_does_not_move_its_p(values: list[int]) -> None:
    assert sign_flip_p(values) == sign_flip_p([-value for value in values])


@pytest.mark.parametrize("n", [1, 2, 5, 10])
def test_differences_of_one_sign_reach_the_smallest_p(n: int) -> None:
    assert sign_flip_p([0.01 * (k + 1) for k in range(n)]) == smallest_p(n) == 2.0 ** (1 - n)


def test_sums_that_are_equal_but_for_rounding_are_ties() -> None:
    assert sign_flip_p([0.1, 0.2, -0.3]) == sign_flip_p([1.0, 2.0, -3.0]) == 1.0


def test_no_pair_shows_nothing() -> None:
    assert sign_flip_p([]) == 1.0
    assert smallest_p(0) == 1.0


@pytest.mark.parametrize(("family", "needed"), [(1, 6), (6, 8), (12, 9), (60, 12)])
def test_so_many_pairs_are_needed_at_5_percent(family: int, needed: int) -> None:
    assert pairs_needed(0.05, family) == needed
    assert smallest_p(needed) * family <= 0.05 < smallest_p(needed - 1) * family


def test_five_pairs_can_show_nothing_and_it_is_said_how_many_can() -> None:
    assert attainable_words(5, 1, 0.05) == (
        "with n = 5 pairs no p can be below 0.0625: no difference, however large, can be shown by p; that takes at "
        "least 6 seeds"
    )
    assert attainable_words(5, 6, 0.05).endswith(
        "or below 0.375 after the correction for 6 comparisons: no difference, however large, can be shown by p; that "
        "takes at least 8 seeds"
    )
    assert attainable_words(8, 6, 0.05).endswith("this design can show a difference at the level of 0.05")


@given(CHANCES)
def test_holm_rejects_what_every_bonferroni_test_of_a_subset_with_it_rejects(p: list[float]) -> None:
    places = range(len(p))
    for place, corrected in zip(places, holm(p), strict=True):
        others = [other for other in places if other != place]
        subsets = [(place, *rest) for size in range(len(p)) for rest in combinations(others, size)]
        closed = max(min(1.0, len(subset) * min(p[k] for k in subset)) for subset in subsets)
        assert corrected == pytest.approx(closed)


@given(CHANCES)
def test_holm_keeps_the_order_and_makes_nothing_smaller(p: list[float]) -> None:
    corrected = holm(p)
    assert all(a >= b for a, b in zip(corrected, p, strict=True))
    assert all(corrected[i] <= corrected[j] for i in range(len(p)) for j in range(len(p)) if p[i] <= p[j])


@given(CHANCES)
def test_one_more_comparison_never_makes_a_corrected_p_smaller(p: list[float]) -> None:
    assert all(more >= less - 1e-15 for more, less in zip(holm([*p, 1.0]), holm(p), strict=False))


def test_holm_agrees_with_statsmodels() -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p = np.random.default_rng(5).uniform(0, 0.2, 13)
    assert holm(p.tolist()) == pytest.approx(multitest.multipletests(p, method="holm")[1])


def test_holm_of_nothing_is_nothing() -> None:
    assert holm([]) == ()


@settings(max_examples=40)
@given(st.integers(0, 1_000), st.integers(2, 12))
def test_the_effect_is_the_t_statistic_over_the_root_of_the_pairs(seed: int, n: int) -> None:
    values = np.random.default_rng(seed).normal(0.3, 1, n)
    found = effect_size(values.tolist())
    assert found == pytest.approx(stats.ttest_1samp(values, 0).statistic / np.sqrt(n))


@pytest.mark.parametrize("values", [[], [0.1], [0.1, 0.1, 0.1], [0.3, 0.1 + 0.2]])
def test_differences_that_do_not_spread_have_no_effect_size(values: list[float]) -> None:
    assert effect_size(values) is None
