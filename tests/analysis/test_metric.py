"""Arms are compared alike whatever their score is, and every sentence calls the score by its name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from frostline.analysis.audit import audit_findings
from frostline.analysis.audit_items import ENOUGH, ONE_RUN
from frostline.analysis.comparisons import gains, means
from frostline.analysis.contest import Contest
from frostline.analysis.control_words import transfer_sentences
from frostline.analysis.controls import transfer_effect
from frostline.analysis.crossed import over_seeds_and_items
from frostline.analysis.dip import dip_sentence, dips
from frostline.analysis.entrants import entered
from frostline.analysis.estimates import Estimate
from frostline.analysis.findings import Findings, Terms
from frostline.analysis.metric import CCC, METRICS, ROC_AUC
from frostline.analysis.regret import regret_sentence, regrets
from frostline.analysis.table import CELL, FIGURES, frame_of, table
from frostline.spec.plan import plan
from tests.analysis.books import drawn
from tests.analysis.simulated import outcomes, study
from tests.analysis.simulated_tasks import findings_of, small

VALLEY = {0: 0.05, 2: 0.03, 3: 0.0, 4: 0.03, 5: 0.05}


@pytest.fixture(scope="module")
def values() -> Findings:
    """A simulated study of numbers."""
    return findings_of("values", small())[1]


def contest_of(findings: Findings) -> Contest:
    found = entered(findings, 0.1).contest(findings)
    assert found is not None
    return found


def ccc(frame: pd.DataFrame) -> Findings:
    return Findings(frame.assign(metric=CCC.column), terms=Terms(metric=CCC))


@pytest.mark.parametrize("task", ["tags", "values"])
def test_arms_are_compared_over_seeds_and_items_by_what_items_contribute(task: str) -> None:
    findings = findings_of(METRICS[task].task, small())[1]  # type: ignore[index]
    one, other = (findings.right(arm, 0.1, (0, 1, 2, 3)) for arm in ("f3t3", "r6"))
    assert one is not None
    assert other is not None
    expected = over_seeds_and_items(one - other)
    found = contest_of(findings).pairs()["f3t3", "r6"]
    assert found.value == pytest.approx(expected.value)
    assert found.error == pytest.approx(expected.error)
    assert found.freedom == pytest.approx(expected.freedom)
    (gain,) = gains(findings)
    assert isinstance(gain.difference, Estimate)
    assert (gain.difference.value, gain.difference.items) == (pytest.approx(expected.value), 40)
    mean = means(findings)["f3t3", 0.1]
    assert isinstance(mean, Estimate)
    assert (mean.value, mean.items) == (pytest.approx(one.mean()), 40)


def test_two_arms_that_predict_the_same_but_for_rounding_agree(values: Findings) -> None:
    found = contest_of(values)
    assert found.right is not None
    rounding = 1e-10 * np.random.default_rng(0).uniform(size=found.right[0].shape)
    same = replace(found, right=np.stack([found.right[0], found.right[0] + rounding]))
    mean = same.pairs()["f3t3", "r6"]
    assert mean.agreed
    assert mean.value == pytest.approx(0, abs=1e-9)
    assert not found.pairs()["f3t3", "r6"].agreed


def test_a_table_has_the_columns_of_its_task_and_of_no_other() -> None:
    row: dict[str, object] = {"arm": "r6", "share": 0.1, "seed": 0, "status": "finished", "score": 0.5}
    common = [*CELL, *FIGURES]
    found = {task: frame_of([row], metric.task) for task, metric in METRICS.items()}
    assert [column for column in found["values"] if column not in common] == ["ccc", "pearson", "r2", "mae", "mse"]
    assert [column for column in found["tags"] if column not in common] == ["roc_auc", "average_precision", "f1"]
    assert "accuracy" in found["classes"]
    assert [frame["metric"].item() for frame in found.values()] == ["accuracy", "ROC-AUC", "CCC"]


def test_the_score_of_classes_is_their_accuracy() -> None:
    planned = plan(study())
    frame = table(planned, outcomes(planned))
    assert frame["score"].tolist() == frame["accuracy"].tolist()


def test_a_dip_is_of_the_metric() -> None:
    frame = drawn({f"f{d}r{6 - d}": [0.5 + VALLEY[d], 0.51 + VALLEY[d], 0.52 + VALLEY[d]] for d in VALLEY})
    assert "so few seeds cannot show that CCC dips and recovers" in dip_sentence(dips(ccc(frame))[0])


def test_a_difference_from_a_control_is_one_of_the_metric() -> None:
    made = plan(study(surgeries={"half": "f3r3"}, shares=(0.1,), seeds=8, controls=("random",)))
    frame = table(made, outcomes(made))
    lifted = frame.assign(
        metric="ROC-AUC", score=frame["score"] + 0.001 * frame["seed"] - 0.1 * frame["control"].ne("")
    )
    findings = Findings(lifted, terms=Terms(metric=ROC_AUC))
    assert "points of macro ROC-AUC better than" in " ".join(
        transfer_sentences(transfer_effect(findings), findings.terms)
    )


def test_a_question_about_counts_is_not_asked_of_what_is_none(values: Findings) -> None:
    (known,) = [one for one in audit_findings(values) if one.subject == ENOUGH]
    assert known.text.startswith("The interval of each gap speaks of other seeds and of other test items")
    (unknown,) = [one for one in audit_findings(replace(values, book={})) if one.subject == ENOUGH]
    assert unknown.verdict == "unknown"
    assert unknown.text == (
        "Without the answers to single items this is told of accuracies alone, which are counts of items; CCC is none."
    )
    assert ONE_RUN not in {one.subject for one in audit_findings(replace(values, book={}))}


def test_a_regret_may_be_as_large_as_the_metric_is_wide() -> None:
    (found,) = regrets(ccc(drawn({"f1r1": [0.9, 0.91, 0.92], "r2": [0.8, 0.8, 0.8]})))
    assert found.estimate.high == 2.0
    assert "(no interval, as the seeds agree and are few" in regret_sentence(found)
