"""What is reported of a choice is seen on items that had no part in it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from frostline.analysis.contest import Contest
from frostline.analysis.crossfit import CrossFitted, cross_fitted, halves
from frostline.analysis.entrants import entered, validated
from frostline.analysis.findings import Findings, Terms
from frostline.analysis.frost_line import how_chosen, recommend, sentence
from tests.analysis.books import answered, drawn, findings_of


def contest_of(findings: Findings) -> Contest:
    contest = entered(findings, 0.1).contest(findings)
    assert contest is not None
    return contest


def fitted(findings: Findings) -> CrossFitted | None:
    return recommend(findings)[0].reported


def lopsided() -> tuple[dict[tuple[str, float], np.ndarray], np.ndarray, np.ndarray]:
    """Two arms, each right on one half of 40 items, and wrong on two items of it in one seed; and both halves."""
    one, other = halves(40)
    answers = {}
    for arm, half in (("f1r1", one), ("r2", other)):
        right = np.zeros((3, 40), dtype=bool)
        right[:, half] = True
        right[0, half[:2]] = False
        answers[arm, 0.1] = right
    return answers, one, other


def test_each_half_of_the_items_reports_what_the_other_half_chose() -> None:
    answers, _, _ = lopsided()
    found = fitted(findings_of(answers))
    assert found is not None
    assert found.picks == ("f1r1", "r2")
    assert found.estimate.value == pytest.approx(0.0)
    assert found.optimism == pytest.approx(0.5 - 2 / 120)
    assert (found.n_items, found.how) == (40, "halves of the test part")


def test_where_both_halves_agree_the_figure_is_that_of_the_arm_on_all_items() -> None:
    findings = findings_of(answered({"f1r1": 0.85, "r2": 0.6}, (4, 100), np.random.default_rng(0)))
    found = recommend(findings)[0]
    assert found.reported is not None
    assert found.reported.picks == ("f1r1", "f1r1")
    assert found.reported.estimate == found.candidate("f1r1").mean
    assert found.reported.optimism == pytest.approx(0.0)
    assert "accuracy on items that did not choose it 0.8" in sentence(found)


def test_the_halves_are_a_partition_that_is_the_same_every_time() -> None:
    one, other = halves(101)
    assert sorted([*one, *other]) == list(range(101))
    assert len(one) == 50
    np.testing.assert_array_equal(halves(101)[0], one)
    assert not np.array_equal(one, np.arange(50))


def picked_maxima(repeats: int) -> tuple[float, float]:
    """The mean of the figure reported, and that of the highest mean on all items, for equal arms of accuracy 0.7."""
    draws, reported, highest = np.random.default_rng(5), [], []
    for _ in range(repeats):
        contest = contest_of(findings_of(answered({f"f{i}r{6 - i}": 0.7 for i in range(1, 6)}, (3, 60), draws)))
        found = cross_fitted(contest, None)
        assert found is not None
        reported.append(found.estimate.value)
        highest.append(contest.mean(contest.highest()))
    return float(np.mean(reported)), float(np.mean(highest))


def test_the_reported_figure_lacks_the_optimism_of_the_maximum() -> None:
    reported, highest = picked_maxima(15)
    assert highest > reported + 0.01


def with_validation(items: int = 800, **terms: float) -> Findings:
    """Answers unknown; on validation f1r1 looks better, on the test part r2 does."""
    frame = drawn({"f1r1": [0.80, 0.81, 0.80, 0.81], "r2": [0.84, 0.86, 0.85, 0.85]})
    better = [0.90, 0.91, 0.90, 0.92, 0.80, 0.82, 0.81, 0.80]
    return Findings(frame.assign(validation_score=better, n_validation=items), terms=Terms(**terms))


def test_validation_figures_choose_where_single_answers_are_not_known() -> None:
    found = recommend(with_validation())[0]
    assert found.reported is not None
    assert (found.reported.picks, found.reported.how) == (("f1r1", "f1r1"), "validation")
    assert found.reported.estimate.value == pytest.approx(0.805)
    assert found.reported.optimism == pytest.approx(0.045)
    assert found.reported.n_items == 800
    assert how_chosen(found) == (
        "With 10 % of the target data: chosen on validation figures (n = 800 items or more: f1r1) and reported on the "
        "test items; the highest mean on the items that picked it stands 4.5 points higher than on other items, with "
        "the same seeds."
    )


def test_few_validation_items_do_not_choose() -> None:
    assert fitted(with_validation(items=499)) is None


def test_validation_does_not_choose_where_one_seed_validates_on_what_another_tests() -> None:
    assert fitted(with_validation(overlap=0.25)) is None


def test_a_validation_figure_that_is_missing_leaves_no_other_items_to_choose_by() -> None:
    findings = with_validation()
    gone = findings.frame["validation_score"].mask(findings.frame["seed"] == 1)
    found = recommend(Findings(findings.frame.assign(validation_score=gone)))[0]
    assert found.reported is None
    assert "the arm was chosen on the same test items on which it is reported here" in how_chosen(found)


def test_how_it_was_chosen_names_the_items_and_the_arms() -> None:
    answers, _, _ = lopsided()
    assert (
        "chosen on one half of the 40 test items and reported on the other, both ways (chosen: f1r1 and r2); the "
        "highest mean on the items that picked it stands 48.3 points higher than on other items"
        in how_chosen(recommend(findings_of(answers))[0])
    )


def test_one_seed_or_one_arm_reports_nothing_of_a_choice() -> None:
    draws = np.random.default_rng(0)
    assert fitted(findings_of(answered({"f1r1": 0.8, "r2": 0.7}, (1, 50), draws))) is None
    assert fitted(findings_of(answered({"f1r1": 0.8}, (3, 50), draws))) is None


def test_validation_is_asked_for_every_arm_and_seed_that_is_compared() -> None:
    findings = with_validation()
    here = entered(findings, 0.1)
    found = validated(findings, here, contest_of(findings))
    assert found is not None
    contest, items = found
    assert contest.mean("f1r1") == pytest.approx(0.9075)
    assert items == 800
    none = findings.frame.assign(n_validation=pd.array([None] * 8, dtype="Int64"))
    assert validated(Findings(none), here, contest_of(findings)) is None


@pytest.mark.slow
def test_the_reported_figure_is_without_bias_in_two_thousand_studies() -> None:
    reported, highest = picked_maxima(2_000)
    assert abs(reported - 0.7) < 0.006
    assert highest > 0.71
