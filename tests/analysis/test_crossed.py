"""A mean over seeds and test items is as sure as both together allow, and no surer."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from frostline.analysis.crossed import Mean, Parts, binomial_interval, over_seeds, over_seeds_and_items

DESIGNS = list(product(((5, 360), (10, 360), (10, 3000)), (0.8, 0.9, 0.96)))
"""Numbers of seeds and test items, and accuracies, of the studies that come with the package."""
ITEMS, SEEDS = 2.0, 0.2
"""Deviations of the difficulty of items and of the skill of seeds, in those of a single answer."""


def answers(draws: np.random.Generator, seeds: int, items: int, accuracy: float) -> np.ndarray:
    """Right answers, seed by item, of a simulated arm whose mean accuracy over all seeds and items is ``accuracy``."""
    middle = special.ndtri(accuracy) * np.sqrt(1 + ITEMS**2 + SEEDS**2)
    latent = (
        middle + draws.normal(0, SEEDS, (seeds, 1)) + draws.normal(0, ITEMS, items) + draws.normal(size=(seeds, items))
    )
    return np.asarray(latent > 0)


def coverage(design: tuple[int, int], accuracy: float, studies: int) -> float:
    """In which part of simulated studies the interval at 0.95 holds the true accuracy."""
    draws, held = np.random.default_rng(7), 0
    for _ in range(studies):
        found = over_seeds_and_items(answers(draws, *design, accuracy)).accuracy_interval(0.95)
        held += found.low <= accuracy <= found.high
    return held / studies


def difference_coverage(design: tuple[int, int], accuracy: float, studies: int) -> float:
    """In which part of simulated studies the interval of the difference of two equally good arms holds 0."""
    draws, held = np.random.default_rng(8), 0
    for _ in range(studies):
        one, other = (answers(draws, *design, accuracy).astype(float) for _ in "ab")
        found = over_seeds_and_items(one - other).interval(0.95)
        held += found.low <= 0 <= found.high
    return held / studies


@pytest.mark.parametrize(("design", "accuracy"), DESIGNS[:-3:2])
def test_an_interval_over_seeds_and_items_holds_the_true_accuracy(design: tuple[int, int], accuracy: float) -> None:
    assert 0.91 <= coverage(design, accuracy, 200) <= 0.99


def test_an_interval_over_seeds_alone_does_not_hold_the_accuracy_on_other_items() -> None:
    draws, held = np.random.default_rng(7), 0
    for _ in range(100):
        found = over_seeds(answers(draws, 10, 360, 0.9).mean(axis=1).tolist()).interval(0.95)
        held += found.low <= 0.9 <= found.high
    assert held < 70


@pytest.mark.slow
@pytest.mark.parametrize(("design", "accuracy"), DESIGNS)
def test_an_interval_covers_93_to_97_percent_in_every_shipped_design(design: tuple[int, int], accuracy: float) -> None:
    assert 0.93 <= coverage(design, accuracy, 2_000) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(("design", "accuracy"), DESIGNS)
def test_an_interval_of_a_difference_covers_93_to_97_percent(design: tuple[int, int], accuracy: float) -> None:
    assert 0.93 <= difference_coverage(design, accuracy, 2_000) <= 0.97


def test_the_parts_are_those_of_the_sums_of_squares_written_out() -> None:
    y = np.random.default_rng(1).normal(size=(4, 7)) + np.arange(4)[:, None] + np.arange(7)
    grand = sum(y[s, i] for s in range(4) for i in range(7)) / 28
    seed_means = [sum(y[s, i] for i in range(7)) / 7 for s in range(4)]
    item_means = [sum(y[s, i] for s in range(4)) / 4 for i in range(7)]
    of_seeds = sum(7 * (mean - grand) ** 2 for mean in seed_means) / 3
    of_items = sum(4 * (mean - grand) ** 2 for mean in item_means) / 6
    rest = sum((y[s, i] - seed_means[s] - item_means[i] + grand) ** 2 for s in range(4) for i in range(7)) / 18
    found = over_seeds_and_items(y)
    assert (found.parts.seed, found.parts.item, found.parts.rest) == pytest.approx(
        ((of_seeds - rest) / 7, (of_items - rest) / 4, rest)
    )
    assert found.error**2 == pytest.approx((of_seeds + of_items - rest) / 28)
    assert found.freedom == pytest.approx(
        (of_seeds + of_items - rest) ** 2 / (of_seeds**2 / 3 + of_items**2 / 6 + rest**2 / 18)
    )


@pytest.mark.parametrize("shape", [(2, 9), (5, 40)])
def test_the_parts_agree_with_the_analysis_of_variance_of_statsmodels(shape: tuple[int, int]) -> None:
    api = pytest.importorskip("statsmodels.formula.api")
    anova = pytest.importorskip("statsmodels.stats.anova")
    y = np.random.default_rng(2).normal(size=shape) + np.arange(shape[0])[:, None] + np.arange(shape[1])
    cells = pd.DataFrame([(s, i, y[s, i]) for s, i in np.ndindex(shape)], columns=["s", "i", "y"])
    squares = anova.anova_lm(api.ols("y ~ C(s) + C(i)", cells).fit())["mean_sq"]
    found, (of_seeds, of_items, rest) = over_seeds_and_items(y).parts, squares
    assert (found.seed, found.item, found.rest) == pytest.approx(
        ((of_seeds - rest) / shape[1], (of_items - rest) / shape[0], rest)
    )


def test_where_only_seeds_differ_there_are_as_many_degrees_of_freedom_as_seeds_less_one() -> None:
    values = np.random.default_rng(3).normal(size=6)
    found = over_seeds_and_items(np.repeat(values[:, None], 50, axis=1))
    assert found.freedom == pytest.approx(5)
    assert found.half_width(0.025) == pytest.approx(over_seeds(values.tolist()).half_width(0.025))


def test_where_only_items_differ_the_interval_is_that_of_the_items() -> None:
    values = np.random.default_rng(3).normal(size=50)
    found = over_seeds_and_items(np.repeat(values[None], 6, axis=0)).interval(0.9)
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert (found.low, found.high, found.n, found.items) == pytest.approx((low, high, 6, 50))


def test_a_negative_part_counts_as_none() -> None:
    opposed = np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]])
    found = over_seeds_and_items(opposed).parts
    assert (found.seed, found.item) == (0.0, 0.0)
    assert found.rest == pytest.approx(2 / 3)


@pytest.mark.parametrize("n", [2, 5, 30])
def test_a_mean_over_seeds_agrees_with_the_t_test_of_scipy(n: int) -> None:
    values = np.random.default_rng(n).normal(0.3, 1, n)
    theirs, ours = stats.ttest_1samp(values, 0), over_seeds(values.tolist())
    low, high = theirs.confidence_interval(0.95)
    found = ours.interval(0.95)
    assert (found.low, found.high, ours.p) == pytest.approx((low, high, theirs.pvalue))


def test_resamples_of_the_same_items_widen_the_error_by_their_overlap() -> None:
    values = np.random.default_rng(4).normal(size=10)
    found = over_seeds(values.tolist(), overlap=0.25)
    assert found.error == pytest.approx(np.sqrt((1 / 10 + 0.25) * values.var(ddof=1)))
    assert found.freedom == 9
    assert found.p == pytest.approx(2 * stats.t.sf(abs(found.value) / found.error, 9))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(2, 12), st.sampled_from([0.8, 0.95]))
def test_p_is_below_alpha_exactly_where_the_interval_leaves_0_out(
    seed: int, seeds: int, items: int, level: float
) -> None:
    y = np.random.default_rng(seed).integers(-1, 2, (seeds, items))
    for mean in (over_seeds_and_items(y), over_seeds(y.mean(axis=1).tolist())):
        found = mean.interval(level)
        if min(abs(found.low), abs(found.high)) > 1e-9:
            assert (mean.p < 1 - level) == (not found.low <= 0 <= found.high)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(2, 12))
def test_the_other_way_round_a_difference_is_its_mirror_image(seed: int, seeds: int, items: int) -> None:
    y = np.random.default_rng(seed).integers(-1, 2, (seeds, items))
    one, other = over_seeds_and_items(y), over_seeds_and_items(-y)
    assert (one.value, one.error, one.p) == pytest.approx((-other.value, other.error, other.p))


def test_where_every_answer_is_right_the_interval_is_that_of_clopper_and_pearson() -> None:
    found = over_seeds_and_items(np.ones((5, 360))).accuracy_interval(0.95)
    assert (found.low, found.high) == pytest.approx(binomial_interval(360, 360, 0.95))
    assert found.low == pytest.approx(0.025 ** (1 / 360))
    wrong = over_seeds_and_items(np.zeros((5, 360))).accuracy_interval(0.95)
    assert (wrong.low, wrong.high) == pytest.approx((0.0, 1 - found.low))


def test_arms_that_agree_in_every_answer_may_differ_on_items_not_seen() -> None:
    same = over_seeds_and_items(np.zeros((5, 360)))
    assert same.half_width(0.025) == pytest.approx(1 - 0.025 ** (1 / 360))
    assert same.p == 1.0
    opposite = over_seeds_and_items(np.ones((2, 3)))
    assert opposite.p == 0.0


@pytest.mark.parametrize(("seeds", "half"), [(2, np.inf), (5, np.inf), (6, 0.0)])
def test_figures_that_agree_are_certain_only_where_chance_would_not_agree_so_often(seeds: int, half: float) -> None:
    found = over_seeds([0.8] * seeds)
    assert found.half_width(0.025) == half
    assert found.p == pytest.approx(2.0 ** (1 - seeds))
    assert over_seeds([0.0] * seeds).p == 1.0


def test_the_interval_of_an_accuracy_is_skewed_towards_the_middle_and_stays_within_0_and_1() -> None:
    right = np.ones((3, 40))
    right[0, :4], right[1, 2] = 0, 0
    found = over_seeds_and_items(right).accuracy_interval(0.95)
    assert 0 < found.low < found.value < found.high < 1
    assert found.value - found.low > found.high - found.value
    halved = over_seeds_and_items(np.tile([[1, 0], [0, 1]], 20)).accuracy_interval(0.95)
    assert halved.high - 0.5 == pytest.approx(0.5 - halved.low)


def test_the_interval_of_an_accuracy_over_seeds_ends_at_0_and_1() -> None:
    found = over_seeds([0.2, 1.0]).accuracy_interval(0.95)
    assert (found.low, found.high, found.items) == (0.0, 1.0, None)


def test_two_seeds_give_a_wide_interval_and_one_none() -> None:
    right = answers(np.random.default_rng(5), 2, 360, 0.9)
    assert over_seeds([0.8, 0.9]).freedom == 1
    assert over_seeds_and_items(right).error > 0
    with pytest.raises(ValueError, match=r"a mean with an error needs two seeds or more \(got 1\)"):
        over_seeds([0.8])
    with pytest.raises(ValueError, match=r"needs two seeds and two items or more \(got 1 and 360\)"):
        over_seeds_and_items(right[:1])
    with pytest.raises(ValueError, match=r"needs two seeds and two items or more \(got 2 and 1\)"):
        over_seeds_and_items(right[:, :1])


def test_a_figure_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a mean is of numbers \(got 1 of 3 that are nan or infinite\)"):
        over_seeds([0.8, float("nan"), 0.9])
    with pytest.raises(ValueError, match=r"a mean is of numbers \(got 2 of 4 that are nan or infinite\)"):
        over_seeds_and_items(np.array([[1, np.inf], [np.nan, 0]]))


def test_the_shares_of_the_variance_are_of_100_percent() -> None:
    found = Mean(0.9, Parts(0.0002, 0.05, 0.03), 10, 500).shares
    assert found is not None
    assert found.by_seed + found.by_item + found.by_both == pytest.approx(100)
    assert found.by_item / found.by_seed == pytest.approx((0.05 / 500) / (0.0002 / 10))
    assert found.by_both / found.by_seed == pytest.approx((0.03 / 5000) / (0.0002 / 10))


def test_no_shares_are_told_where_items_are_not_known_or_nothing_varies() -> None:
    assert over_seeds([0.8, 0.9]).shares is None
    assert over_seeds_and_items(np.ones((3, 5))).shares is None


def test_more_of_both_make_the_same_mean_surer() -> None:
    mean = Mean(0.9, Parts(0.0002, 0.05, 0.03), 5, 360)
    assert mean.with_numbers(20, 360).error < mean.error
    assert mean.with_numbers(5, 3_600).error < mean.error
    assert over_seeds([0.8] * 5).with_numbers(8, None).half_width(0.025) == 0.0


@pytest.mark.parametrize(("right", "items"), [(0, 20), (7, 20), (350, 360)])
def test_a_binomial_interval_ends_where_the_seen_would_be_a_tail_of_its_level(right: int, items: int) -> None:
    low, high = binomial_interval(right, items, 0.9)
    assert low == 0 or stats.binom.sf(right - 1, items, low) == pytest.approx(0.05)
    assert stats.binom.cdf(right, items, high) == pytest.approx(0.05)


def test_a_binomial_interval_agrees_with_statsmodels() -> None:
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    assert binomial_interval(350, 360, 0.95) == pytest.approx(proportion.proportion_confint(350, 360, 0.05, "beta"))
