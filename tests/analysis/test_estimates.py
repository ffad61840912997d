"""An interval holds the truth as often as it says, and one run has none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from frostline.analysis.estimates import (
    FEWEST_RESAMPLED,
    Estimate,
    OneRun,
    bootstrap_mean,
    student_mean,
    summary,
)
from frostline.randomness import stream


@pytest.mark.parametrize("runs", [3, 5, 9, 10])
def test_an_interval_at_95_percent_holds_the_true_mean_about_that_often(runs: int) -> None:
    draws, held = np.random.default_rng(1), 0
    for study in range(400):
        found = bootstrap_mean(list(draws.normal(0.8, 0.02, runs)), 0.95, stream(study, "coverage"))
        held += found.low <= 0.8 <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_the_same_runs_give_the_same_interval() -> None:
    values = np.random.default_rng(4).normal(0.8, 0.02, 12).tolist()
    first, second = (bootstrap_mean(values, 0.95, stream(0, "mean", "f3r3")) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("runs", [7, 12])
def test_an_interval_lies_around_its_mean_and_widens_with_the_level(runs: int) -> None:
    values = np.random.default_rng(runs).normal(0.8, 0.02, runs).tolist()
    narrow, wide = (bootstrap_mean(values, level, stream(0, "mean")) for level in (0.8, 0.95))
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high
    assert narrow.value == pytest.approx(np.mean(values))


def test_ten_runs_are_resampled_and_stay_within_their_range() -> None:
    values = [0.5] * 9 + [0.9]
    found = bootstrap_mean(values, 0.95, stream(0, "mean"))
    assert found.low >= 0.5 > student_mean(values, 0.95).low


def test_the_tails_are_those_of_the_expanded_percentile() -> None:
    values = np.random.default_rng(2).normal(0.8, 0.02, 10)
    found = bootstrap_mean(list(values), 0.95, stream(0, "mean"))
    resampled = values[stream(0, "mean").integers(10, size=(10_000, 10))].mean(axis=1)
    tail = stats.norm.cdf(-2.262157 * np.sqrt(10 / 9))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(resampled, [tail, 1 - tail])), abs=1e-7)


def test_runs_that_agree_give_an_interval_without_width() -> None:
    found = bootstrap_mean([0.1] * 10, 0.95, stream(0, "mean"))
    assert (found.value, found.low, found.high, found.n) == (0.1, 0.1, 0.1, 10)


def test_an_estimate_cannot_be_made_from_one_run() -> None:
    with pytest.raises(ValueError, match=r"an estimate needs two runs or more \(got 1\); one run is a OneRun"):
        Estimate(0.8, 0.7, 0.9, 1, 0.95)
    with pytest.raises(ValueError, match=r"an estimate needs two runs or more \(got 1\)"):
        bootstrap_mean([0.8], 0.95, stream(0, "mean"))


def test_a_summary_is_what_the_number_of_runs_allows() -> None:
    assert summary([], 0.95, stream(0, "mean")) is None
    assert summary([0.8], 0.95, stream(0, "mean")) == OneRun(0.8)
    assert isinstance(summary([0.8, 0.9], 0.95, stream(0, "mean")), Estimate)


def test_an_interval_can_be_ended_where_the_quantity_ends() -> None:
    wide = Estimate(0.6, -0.4, 1.6, 2, 0.95, items=360)
    assert wide.clipped(0.0, 1.0) == Estimate(0.6, 0.0, 1.0, 2, 0.95, items=360)
    assert wide.clipped(-1.0, 2.0) == wide


@pytest.mark.parametrize("runs", [2, 5, FEWEST_RESAMPLED - 1])
def test_few_runs_are_not_resampled(runs: int) -> None:
    values = np.random.default_rng(runs).normal(0.8, 0.02, runs).tolist()
    assert bootstrap_mean(values, 0.95, stream(0, "mean")) == student_mean(values, 0.95)


def test_ten_runs_are_too_few_to_be_resampled_at_a_high_level() -> None:
    values = np.random.default_rng(1).normal(0.8, 0.02, 10).tolist()
    assert bootstrap_mean(values, 0.999, stream(0, "mean")) == student_mean(values, 0.999)


@pytest.mark.parametrize("runs", [2, 9, 40])
def test_the_interval_of_student_agrees_with_scipy(runs: int) -> None:
    values = np.random.default_rng(runs).normal(0.8, 0.02, runs)
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    found = student_mean(values.tolist(), 0.9)
    assert (found.value, found.low, found.high) == pytest.approx((values.mean(), low, high))


@pytest.mark.slow
@pytest.mark.parametrize("runs", [5, 10, 15, 20])
def test_an_interval_of_runs_covers_93_to_97_percent(runs: int) -> None:
    draws, held = np.random.default_rng(1), 0
    for study in range(2_000):
        found = bootstrap_mean(list(draws.normal(0.8, 0.02, runs)), 0.95, stream(study, "coverage"))
        held += found.low <= 0.8 <= found.high
    assert 0.93 <= held / 2_000 <= 0.97
