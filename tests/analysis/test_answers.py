"""The answers of a trial are read from its predictions, in the order of the items' ids."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from frostline.analysis.answers import Answers, read_answers, right_answers
from frostline.shelf import Shelf

LOGITS = np.array([[2.0, 1.0], [0.0, 1.0], [3.0, 0.0]])


def keep(folder: Path, key: str, ids: list[str], targets: list[int]) -> None:
    """Keeps predictions of class 0, 1 and 0 for the items ``ids``, whose classes are ``targets``."""
    arrays = {"test_ids": np.array(ids), "targets": np.array(targets), "logits": LOGITS}
    Shelf(folder).keep_predictions(key, arrays)


def test_an_item_is_right_where_its_highest_logit_is_that_of_its_class(tmp_path: Path) -> None:
    keep(tmp_path, "k", ["c", "a", "b"], [0, 0, 1])
    found = read_answers(tmp_path, ["k"])["k"]
    assert found.ids.tolist() == ["a", "b", "c"]
    assert found.right.tolist() == [False, False, True]


def test_trials_that_kept_items_in_another_order_are_crossed_by_their_ids(tmp_path: Path) -> None:
    keep(tmp_path, "k", ["c", "a", "b"], [0, 0, 1])
    keep(tmp_path, "l", ["a", "b", "c"], [0, 1, 1])
    found = right_answers(read_answers(tmp_path, ["k", "l"]), ["k", "l"])
    assert found is not None
    assert found.tolist() == [[False, False, True], [True, True, False]]


def test_equal_ids_are_held_once(tmp_path: Path) -> None:
    for key in "kl":
        keep(tmp_path, key, ["c", "a", "b"], [0, 0, 1])
    found = read_answers(tmp_path, ["k", "l", "k"])
    assert found["k"].ids is found["l"].ids


def test_a_trial_without_predictions_has_no_answers(tmp_path: Path) -> None:
    keep(tmp_path, "k", ["a", "b", "c"], [0, 1, 0])
    found = read_answers(tmp_path, ["k", "gone"])
    assert list(found) == ["k"]
    assert right_answers(found, ["k", "gone"]) is None
    assert right_answers(found, []) is None


def test_trials_tested_on_other_items_have_no_common_answers() -> None:
    right = np.array([True, False])
    book = {"k": Answers(np.array(["a", "b"]), right), "l": Answers(np.array(["a", "c"]), right)}
    assert right_answers(book, ["k", "l"]) is None
    assert right_answers(book, ["l", "l"]) is not None
