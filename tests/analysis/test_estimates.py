"""An interval holds the truth as often as it says, and one run has none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from frostline.analysis.estimates import (
    Estimate,
    OneRun,
    accuracy_summary,
    bootstrap_mean,
    gain_summary,
    student_mean,
    summary,
)
from frostline.randomness import stream


@pytest.mark.parametrize("runs", [3, 5, 6, 10])
def test_an_interval_at_95_percent_holds_the_true_mean_about_that_often(runs: int) -> None:
    draws, held = np.random.default_rng(1), 0
    for study in range(400):
        found = bootstrap_mean(list(draws.normal(0.8, 0.02, runs)), 0.95, stream(study, "coverage"))
        held += found.low <= 0.8 <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_the_same_runs_give_the_same_interval() -> None:
    values = [0.81, 0.83, 0.80, 0.84, 0.79, 0.82, 0.85]
    first, second = (bootstrap_mean(values, 0.95, stream(0, "mean", "f3r3")) for _ in range(2))
    assert first == second


def test_an_interval_lies_around_its_mean_and_widens_with_the_level() -> None:
    values = [0.81, 0.83, 0.80, 0.84, 0.79, 0.82, 0.85]
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


def test_the_interval_of_an_accuracy_ends_where_accuracies_end() -> None:
    wide = accuracy_summary([0.2, 1.0], 0.95, stream(0, "test"))
    assert isinstance(wide, Estimate)
    assert (wide.low, wide.high) == (0.0, 1.0)
    assert wide.value == pytest.approx(0.6)
    assert accuracy_summary([0.5], 0.95, stream(0, "test")) == OneRun(0.5)


def test_no_interval_of_a_gain_passes_what_a_difference_of_accuracies_can_be() -> None:
    wide = gain_summary([0.9, -0.8], 0.95, stream(0, "test"))
    assert isinstance(wide, Estimate)
    assert (wide.low, wide.high) == (-1.0, 1.0)
