"""What is known of single test items is used where, and only where, it is known of the same items."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from frostline.analysis.answers import Answers
from frostline.analysis.crossed import over_seeds, over_seeds_and_items
from frostline.analysis.estimates import Estimate, OneRun, bootstrap_mean, student_mean
from frostline.analysis.findings import Findings, Terms, estimate_of, mean_of, p_of
from frostline.analysis.pairs import sign_flip_p
from frostline.analysis.table import frame_of
from frostline.randomness import stream

IDS = np.array(["a", "b", "c"])
RIGHT = {"x0": (1, 1, 0), "x1": (1, 0, 0), "y0": (0, 1, 0), "y1": (1, 0, 1)}


def frame() -> pd.DataFrame:
    """Two arms of two seeds at one share; the key of a run is the arm and the seed."""
    cell = {"names": "", "share": 0.1, "status": "finished", "score": 0.5}
    return frame_of([cell | {"arm": key[0], "seed": int(key[1]), "key": key} for key in RIGHT])


def book(**other: np.ndarray) -> dict[str, Answers]:
    """The answers of every run, those in ``other`` to other items."""
    return {key: Answers(other.get(key, IDS), np.array(right, dtype=bool)) for key, right in RIGHT.items()}


def test_right_answers_come_by_seed_and_item_in_the_order_that_is_asked() -> None:
    found = Findings(frame(), book()).right("x", 0.1, (1, 0))
    assert found is not None
    assert found.tolist() == [[True, False, False], [True, True, False]]


def test_a_difference_is_one_where_one_arm_alone_is_right() -> None:
    found = Findings(frame(), book()).differences("x", "y", 0.1, (0, 1))
    assert found is not None
    assert found.tolist() == [[1, 0, 0], [0, 0, -1]]


def test_without_predictions_no_answer_is_known() -> None:
    assert Findings(frame()).right("x", 0.1, (0, 1)) is None
    assert Findings(frame()).differences("x", "y", 0.1, (0, 1)) is None


def test_two_arms_tested_on_other_items_have_no_difference_by_item() -> None:
    elsewhere = np.array(["a", "b", "d"])
    found = Findings(frame(), book(y0=elsewhere, y1=elsewhere))
    assert found.right("y", 0.1, (0, 1)) is not None
    assert found.differences("x", "y", 0.1, (0, 1)) is None


def test_seeds_tested_on_other_items_are_not_crossed_with_items() -> None:
    assert Findings(frame(), book(x1=np.array(["a", "b", "d"]))).right("x", 0.1, (0, 1)) is None


def test_the_terms_of_who_declares_none_are_those_of_a_study_that_declares_none() -> None:
    assert Findings(frame()).terms == Terms(level=0.95, margin=0.01, family="share", overlap=0.0)
    assert Terms(level=0.9).alpha == pytest.approx(0.1)


def test_a_mean_is_over_items_only_where_there_are_several() -> None:
    right = np.array([[1, 0], [1, 1], [0, 1]])
    values = right.mean(axis=1)
    assert mean_of(values, right, 0.0) == over_seeds_and_items(right)
    assert mean_of(values, None, 0.25) == over_seeds(values.tolist(), 0.25)
    assert mean_of(values, right[:, :1], 0.0) == over_seeds(values.tolist())


def test_an_estimate_is_what_the_number_of_runs_allows() -> None:
    assert estimate_of([], None, Terms(), stream(0, "mean")) is None
    assert estimate_of([0.8], None, Terms(), stream(0, "mean")) == OneRun(0.8)


def test_few_runs_give_the_interval_of_student_and_many_that_of_the_bootstrap() -> None:
    values = np.random.default_rng(1).normal(0.8, 0.02, 10).tolist()
    few = estimate_of(values[:9], None, Terms(), stream(0, "mean"))
    assert isinstance(few, Estimate)
    expected = student_mean(values[:9], 0.95)
    assert (few.low, few.high, few.items) == pytest.approx((expected.low, expected.high, None))
    assert estimate_of(values, None, Terms(), stream(0, "mean")) == bootstrap_mean(values, 0.95, stream(0, "mean"))


def test_resamples_of_the_same_items_are_never_bootstrapped() -> None:
    values = np.random.default_rng(1).normal(0.8, 0.02, 10).tolist()
    found = estimate_of(values, None, Terms(overlap=0.25), stream(0, "mean"))
    assert found == over_seeds(values, 0.25).interval(0.95)


def test_the_answers_to_single_items_decide_the_interval_where_they_are_known() -> None:
    right = np.random.default_rng(1).random((12, 40)) < 0.8
    found = estimate_of(right.mean(axis=1).tolist(), right, Terms(level=0.9), stream(0, "mean"))
    assert found == over_seeds_and_items(right).interval(0.9)


def test_p_is_the_exact_one_where_pairs_are_all_there_is() -> None:
    values = [0.01, 0.02, 0.03, 0.02, 0.01]
    assert p_of(values, over_seeds(values)) == sign_flip_p(values) == 0.0625


def test_p_is_never_below_that_of_pairs_that_share_items() -> None:
    values = [0.01, 0.02, 0.03, -0.01, 0.02, 0.03, 0.01, 0.02]
    mean = over_seeds(values, overlap=0.25)
    assert p_of(values, mean) == mean.p > sign_flip_p(values)


def test_two_arms_good_on_different_items_are_rarely_told_apart_by_p_and_often_by_the_signs_alone() -> None:
    draws, by_p, by_signs = np.random.default_rng(3), 0, 0
    for _ in range(200):
        one, other = (draws.normal(1.3, 1, 360) + draws.normal(0, 1, (10, 360)) > 0 for _ in "ab")
        difference = one.astype(float) - other
        values = difference.mean(axis=1).tolist()
        by_p += p_of(values, over_seeds_and_items(difference)) <= 0.05
        by_signs += sign_flip_p(values) <= 0.05
    assert by_p <= 18
    assert by_signs >= 50
