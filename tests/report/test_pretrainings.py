"""A page tells what the networks that its study pretrained reach on data of their own."""

from __future__ import annotations

from dataclasses import replace

from frostline.analysis.findings import Findings
from frostline.outcome import Finished
from frostline.report.pretrainings import pretraining_trials, pretrainings
from frostline.spec.axes import Pretraining
from frostline.spec.plan import Plan, plan
from frostline.spec.study import Study
from tests.analysis.simulated import finished
from tests.analysis.simulated_tasks import findings_of, small


def pretrained(study: Study, plan: Plan, *scores: float) -> Findings:
    """What ``study`` found, and its first pretrainings with accuracies of ``scores``."""
    _, findings = findings_of("tags", study, 6)
    assert isinstance(study.source, Pretraining)
    starts = pretraining_trials(study.source, plan)
    found: dict[str, Finished] = {
        start.key: finished(start, score) for start, score in zip(starts, scores, strict=False)
    }
    return replace(findings, trained={**findings.trained, **found})


def test_the_mean_score_of_the_pretrained_networks_has_an_interval_and_their_number() -> None:
    """By Student's t with one degree of freedom, 12.7 * 0.05 to either side, and no accuracy is above 1."""
    study = small(seeds=2)
    section = pretrainings(study, plan(study), pretrained(study, plan(study), 0.8, 0.9))
    assert section.paragraphs[0].startswith(
        "Pretrained on fashion_mnist, 2 networks reached accuracy 0.850 [0.215, 1.000] n = 2 (95 % interval over "
        "networks) on test parts of its own of"
    )
    assert section.table is None


def test_the_interval_of_networks_that_were_tested_on_folds_is_widened() -> None:
    """Six folds: the variance of the mean of two is 1/2 + 1/4 of that of one network."""
    study = small(seeds=2, source={"dataset": {"name": "fsdd", "size": 28}})
    assert isinstance(study.source, Pretraining) and study.source.dataset.fold_count == 6
    section = pretrainings(study, plan(study), pretrained(study, plan(study), 0.84, 0.86))
    assert "accuracy 0.850 [0.694, 1.000] n = 2" in section.paragraphs[0]


def test_a_single_network_has_no_interval_and_those_that_have_not_finished_are_counted() -> None:
    study = small(seeds=2)
    section = pretrainings(study, plan(study), pretrained(study, plan(study), 0.8))
    assert section.paragraphs[0].startswith(
        "Pretrained on fashion_mnist, 1 of 2 networks reached accuracy 0.800 (one run: no interval) on test parts"
    )


def test_each_tag_that_was_learned_has_its_figures() -> None:
    study = small(seeds=2)
    planned, findings = findings_of("tags", study, 6)
    tagged = list(findings.trained.values())[:2]
    assert isinstance(study.source, Pretraining)
    starts = pretraining_trials(study.source, planned)
    trained = {start.key: one for start, one in zip(starts, tagged, strict=True)}
    section = pretrainings(study, planned, replace(findings, trained=trained))
    assert section.table is not None
    assert [row[0] for row in section.table.rows] == ["piano", "drums", "voice"]
    assert section.paragraphs[1] == "Figures of each tag are means over the pretrained networks."
    assert section.paragraphs[-1].endswith("has no item with the tag or none without: voice.")


def test_what_a_control_trains_first_is_no_pretraining() -> None:
    study = small(seeds=2, controls=("selffer",))
    assert isinstance(study.source, Pretraining)
    starts = pretraining_trials(study.source, plan(study))
    assert {start.dataset for start in starts} == {study.source.dataset} and len(starts) == 2


def test_nothing_is_said_where_nothing_was_pretrained() -> None:
    study = small(source=None, surgeries={"scratch": "r6"})
    planned = plan(study)
    assert pretrainings(study, planned, findings_of("tags", small(), 6)[1]).empty
    waiting = small()
    assert pretrainings(waiting, plan(waiting), findings_of("tags", waiting, 6)[1]).empty
