"""A study of numbers or of tags of one's own is reported by its own score, and what is only for classes says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from frostline.analysis.layer_cut_export import layer_cut_files
from frostline.analysis.metric import METRICS
from frostline.analysis.table import table
from frostline.catalog import Task
from frostline.report.setting import what_was_run
from frostline.reporting import findings_in, terms_of
from frostline.shelf import Shelf
from frostline.spec.plan import plan
from frostline.spec.study import Study
from tests.analysis.simulated_tasks import findings_of, small

HEADS: dict[Task, str] = {"values": "path,valence,arousal", "tags": "path,labels"}
CELLS: dict[Task, str] = {"values": "{a:.2f},{b:.2f}", "tags": "piano;drums"}


def study_of(task: Task, folder: Path, **changes: object) -> Study:
    """A study of a manifest of twenty small pictures."""
    draws, lines = np.random.default_rng(0), [HEADS[task]]
    for place in range(20):
        name = f"{place:02}.png"
        Image.fromarray(draws.integers(256, size=(8, 8), dtype=np.uint8)).save(folder / name)
        a, b = draws.uniform(1, 9, size=2)
        lines.append(f"{name},{CELLS[task].format(a=a, b=b)}" if place % 3 or task == "values" else f"{name},voice")
    (folder / "list.csv").write_text("\n".join(lines))
    dataset: dict[str, object] = {"name": "manifest", "path": str(folder / "list.csv"), "size": 8, "channels": 1}
    dataset |= {"values": ("valence", "arousal"), "scale": (1.0, 9.0)} if task == "values" else {}
    source = {"dataset": {"name": "digits"}}
    network = {"name": "plain_cnn", "depth": 6}
    return small(**{"dataset": dataset, "source": source, "shares": (1.0,), "seeds": 2, "network": network, **changes})


@pytest.fixture(params=["values", "tags"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Study:
    """A study of each task that is not classes."""
    return study_of(request.param, tmp_path)


def test_every_row_names_the_metric_and_no_column_is_of_another_task(made: Study) -> None:
    metric = METRICS[made.dataset.task]
    planned, findings = findings_of(made.dataset.task, made)
    finished, empty = table(planned, findings.trained), table(planned, {})
    assert set(finished["metric"]) == set(empty["metric"]) == {metric.column}
    own = finished["ccc" if metric.task == "values" else "roc_auc"]
    assert own.tolist() == finished["score"].tolist()
    assert "accuracy" not in finished
    assert list(finished) == list(empty)


def test_the_answers_and_the_course_of_training_are_found_in_a_folder(made: Study, tmp_path: Path) -> None:
    planned, findings = findings_of(made.dataset.task, made, 6)
    outputs = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    kept = {"test_ids": np.arange(6).astype(str), "targets": np.eye(6, 2, dtype=np.float32), "logits": outputs}
    for key in findings.trained:
        Shelf(tmp_path).keep_predictions(key, kept | {"task": np.array(made.dataset.task)})
    found = findings_in(tmp_path, made, table(planned, findings.trained), findings.trained)
    assert found.terms == terms_of(made)
    assert found.terms.metric.task == made.dataset.task
    assert found.trained.keys() == findings.trained.keys() == found.book.keys()
    assert all(answers.right.dtype == np.float64 for answers in found.book.values())


def test_the_page_tells_what_is_predicted_and_how_validation_is_taken(made: Study) -> None:
    planned, findings = findings_of(made.dataset.task, made, 6)
    said = "\n".join(what_was_run(made, planned, findings.frame))
    told = {"values": "values valence, arousal from 1 to 9; 20 items", "tags": "tags drums, piano, voice; 20 items"}
    assert told[made.dataset.task] in said
    assert "each class" not in said
    assert "readout flatten, hidden none." in said


def test_a_head_that_ends_in_a_bound_is_told(tmp_path: Path) -> None:
    network = {"name": "plain_cnn", "depth": 6, "hidden": 16, "output": "tanh"}
    made = study_of("values", tmp_path, network=network, source=None, surgeries={"scratch": "r6"})
    said = "\n".join(what_was_run(made, plan(made), table(plan(made), {})))
    assert "readout flatten, hidden 16, output tanh." in said


def test_nothing_is_written_in_the_published_layout_which_is_of_accuracies(made: Study) -> None:
    planned, findings = findings_of(made.dataset.task, made)
    found = layer_cut_files(made, table(planned, findings.trained))
    words = METRICS[made.dataset.task].words
    assert found.files == {}
    assert found.left_out == (f"everything: the published layout has a place for accuracies, and none for {words}",)
