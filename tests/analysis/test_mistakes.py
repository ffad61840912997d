"""The items that an arm tells worst: most often wrong, or farthest from their tags, over the runs that tested them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import log
from pathlib import Path

import numpy as np
import pytest

from frostline.analysis.findings import Findings
from frostline.analysis.mistakes import MistaggedItems, WrongItems, mistakes
from frostline.analysis.table import table
from frostline.report.item_errors import largest_errors
from frostline.shelf import Shelf
from frostline.spec.plan import plan
from tests.analysis.simulated import outcomes, study
from tests.analysis.simulated_tasks import findings_of, small

CELL = ("f3t3", 0.1)
Kept = Mapping[str, np.ndarray]


def run_of(targets: np.ndarray, probabilities: np.ndarray, first: int = 0) -> Kept:
    """What a run keeps of its test items, which are numbered from ``first``."""
    ids = np.array([f"item {first + place}" for place in range(len(targets))])
    return {"test_ids": ids, "targets": targets, "logits": np.log(probabilities).astype(np.float32)}


def tagged(present: list[list[int]], probabilities: list[list[float]]) -> Kept:
    odds = np.array(probabilities)
    return run_of(np.array(present, np.float32), odds / (1 - odds)) | {"task": np.array("tags")}


def of_classes(folder: Path, *runs: Kept) -> Findings:
    """A study of classes of which one arm has kept ``runs``, a seed each."""
    made = study(surgeries={"scratch": "r6", "half": "f3t3"}, shares=(0.1,), seeds=len(runs))
    known = outcomes(plan(made))
    return kept(Findings(table(plan(made), known), trained=dict(known)), folder, runs)  # type: ignore[arg-type]


def kept(findings: Findings, folder: Path, runs: tuple[Kept, ...]) -> Findings:
    shelf = Shelf(folder)
    for key, run in zip(findings.keys(*CELL, tuple(range(len(runs)))), runs, strict=True):
        shelf.keep_predictions(key, run)
    return replace(findings, kept=shelf)


def wrong_in(findings: Findings, most: int = 9) -> WrongItems:
    found = mistakes(findings, CELL, most)
    assert isinstance(found, WrongItems)
    return found


def tags_in(findings: Findings, most: int = 9) -> MistaggedItems:
    found = mistakes(findings, CELL, most)
    assert isinstance(found, MistaggedItems)
    return found


TRUE = np.array([0, 1, 2, 0])
SURE = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.1, 0.5, 0.4], [0.2, 0.7, 0.1]])
"""The first item is answered rightly, the others are not."""
UNSURE = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.6, 0.3], [0.1, 0.2, 0.7]])
"""The second one, too."""


def test_the_items_that_most_runs_get_wrong_come_first_and_then_those_that_are_believed_least(tmp_path: Path) -> None:
    found = wrong_in(of_classes(tmp_path, run_of(TRUE, SURE), run_of(TRUE, UNSURE)))
    assert [(one.id, one.wrong, one.tested) for one in found.worst] == [
        ("item 3", 2, 2),
        ("item 2", 2, 2),
        ("item 1", 1, 2),
    ]
    assert (found.wrong, found.tested) == (3, 4)
    assert [one.probability for one in found.worst] == pytest.approx([0.15, 0.35, 0.5])


def test_an_item_is_called_what_most_runs_took_it_for_and_never_its_own_class(tmp_path: Path) -> None:
    findings = of_classes(tmp_path, run_of(TRUE, SURE), run_of(TRUE, UNSURE), run_of(TRUE, UNSURE))
    worst = {one.id: one for one in wrong_in(findings).worst}
    names = [one.name for one in next(iter(findings.trained.values())).metrics.classes]  # type: ignore[union-attr]
    assert (worst["item 3"].true, worst["item 3"].called) == (names[0], names[2])
    assert (worst["item 1"].true, worst["item 1"].called) == (names[1], names[0])


def test_of_a_tie_the_likelier_class_is_what_an_item_is_called(tmp_path: Path) -> None:
    one, other = np.array([[0.2, 0.5, 0.3]]), np.array([[0.05, 0.05, 0.9]])
    findings = of_classes(tmp_path, run_of(TRUE[:1], one), run_of(TRUE[:1], other))
    names = [one.name for one in next(iter(findings.trained.values())).metrics.classes]  # type: ignore[union-attr]
    assert wrong_in(findings).worst[0].called == names[2]


def test_it_is_the_part_of_the_runs_that_counts_and_not_their_number(tmp_path: Path) -> None:
    lost, barely, right = np.array([[0.01, 0.98, 0.01]]), np.array([[0.4, 0.5, 0.1]]), np.array([[0.9, 0.05, 0.05]])
    runs = [run_of(TRUE[:1], said) for said in (lost, lost, right)]
    found = wrong_in(of_classes(tmp_path, *runs, run_of(TRUE[:1], barely, first=1)))
    assert [(one.id, one.wrong, one.tested) for one in found.worst] == [("item 1", 1, 1), ("item 0", 2, 3)]


def test_runs_that_test_items_of_their_own_are_counted_item_by_item(tmp_path: Path) -> None:
    findings = of_classes(tmp_path, run_of(TRUE, SURE), run_of(TRUE, UNSURE, first=3))
    found = wrong_in(findings)
    assert found.tested == 7
    tested = {one.id: (one.wrong, one.tested) for one in found.worst}
    assert tested == {"item 1": (1, 1), "item 2": (1, 1), "item 3": (1, 2), "item 5": (1, 1), "item 6": (1, 1)}
    assert found.worst[-1].id == "item 3"


def test_only_so_many_are_listed_as_are_asked_for(tmp_path: Path) -> None:
    found = wrong_in(of_classes(tmp_path, run_of(TRUE, SURE), run_of(TRUE, UNSURE)), most=1)
    assert ([one.id for one in found.worst], found.wrong) == (["item 3"], 3)


def test_the_item_whose_tags_are_told_worst_comes_first_with_what_was_missed_and_imagined(tmp_path: Path) -> None:
    one = tagged([[1, 0, 0], [1, 1, 0]], [[0.9, 0.2, 0.1], [0.1, 0.6, 0.7]])
    other = tagged([[1, 0, 0], [1, 1, 0]], [[0.7, 0.2, 0.1], [0.3, 0.4, 0.5]])
    found = tags_in(kept(findings_of("tags", small(seeds=2))[1], tmp_path, (one, other)))
    assert [one.id for one in found.worst] == ["item 1", "item 0"]
    worst, better = found.worst
    assert [name for name, _ in worst.missed] == ["piano", "drums"]
    assert [probability for _, probability in worst.missed] == pytest.approx([0.2, 0.5])
    assert worst.imagined == (("voice", pytest.approx(0.6)),)
    assert [name for name, _ in better.imagined] == ["drums", "voice"]
    expected = -(log(0.1) + log(0.6) + log(0.3) + log(0.3) + log(0.4) + log(0.5)) / 6
    assert worst.loss == pytest.approx(expected, abs=1e-6)
    assert (worst.tested, found.tested) == (2, 2)


def test_of_numbers_and_of_what_keeps_no_predictions_nothing_is_told(tmp_path: Path) -> None:
    values = kept(findings_of("values", small(seeds=1))[1], tmp_path, (run_of(TRUE, SURE),))
    assert mistakes(values, CELL, 9) is None
    findings = of_classes(tmp_path / "full", run_of(TRUE, SURE))
    assert mistakes(replace(findings, kept=Shelf(tmp_path / "empty")), CELL, 9) is None
    assert mistakes(replace(findings, kept=None), CELL, 9) is None


def test_the_page_lists_them_with_the_counts_behind_them(tmp_path: Path) -> None:
    section = largest_errors(wrong_in(of_classes(tmp_path, run_of(TRUE, SURE), run_of(TRUE, UNSURE))))
    assert section.paragraphs[0].startswith(
        "Of 4 test items 3 were taken for another class by at least one run of f3t3 with 10 % of the target data. "
        "These are the 3 that the largest part of their runs got wrong"
    )
    assert section.table is not None
    assert section.table.columns == (
        "item",
        "true class",
        "most often taken for",
        "wrong runs",
        "probability of the true class",
    )
    assert section.table.rows[0][0] == "item 3"
    assert section.table.rows[0][3:] == ("2 of 2", "0.15")


def test_the_page_says_where_no_item_is_wrong(tmp_path: Path) -> None:
    section = largest_errors(wrong_in(of_classes(tmp_path, run_of(TRUE[:1], SURE[:1]))))
    assert section.paragraphs == [
        "No run of f3t3 with 10 % of the target data took any of the 1 test items for another class."
    ]
    assert section.table is None


def test_the_page_names_tags_with_how_probable_they_were_said_to_be(tmp_path: Path) -> None:
    run = tagged([[1, 0, 0], [0, 0, 0]], [[0.25, 0.2, 0.1], [0.1, 0.1, 0.1]])
    section = largest_errors(tags_in(kept(findings_of("tags", small(seeds=1))[1], tmp_path, (run,))))
    assert section.paragraphs[0].startswith("The 2 of 2 test items whose tags f3t3 with 10 % of the target data told")
    assert section.table is not None
    assert section.table.rows == (
        ("item 0", "piano (0.25)", "drums (0.2), voice (0.1)", "0.57", "1"),
        ("item 1", "none", "voice (0.1), drums (0.1), piano (0.1)", "0.11", "1"),
    )
