"""Which test items each trial answered rightly, read from the predictions that a study keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from frostline.shelf import Shelf


@dataclass(frozen=True, eq=False)
class Answers:
    """The test items of one trial in the order of their ids, and for each whether it was answered rightly."""

    ids: np.ndarray
    right: np.ndarray


Book = Mapping[str, Answers]
"""The answers of trials by key; a trial without predictions is not in it."""


def read_answers(folder: Path, keys: Iterable[str]) -> dict[str, Answers]:
    """The answers of the trials ``keys`` of the study kept in ``folder``, of which those without a file are absent."""
    shelf, known = Shelf(folder), dict[bytes, np.ndarray]()
    there = [key for key in dict.fromkeys(keys) if shelf.predictions_path(key).is_file()]
    found = ((key, _answers(shelf, key, known)) for key in there)
    return {key: answers for key, answers in found if answers is not None}


def right_answers(book: Book, keys: Sequence[str]) -> np.ndarray | None:
    """An array of trial by item, true where the trial answered the item rightly.

    None where one of ``keys`` has no answers, or where they were not all tested on the same items.
    """
    found = [book.get(key) for key in keys]
    known = [answers for answers in found if answers is not None]
    if len(known) < len(found) or not known:
        return None
    if any(one.ids is not known[0].ids and not np.array_equal(one.ids, known[0].ids) for one in known):
        return None
    return np.stack([answers.right for answers in known])


def _answers(shelf: Shelf, key: str, known: dict[bytes, np.ndarray]) -> Answers | None:
    """The answers of one trial, None where they are no classes.

    Equal ids are kept once, as most trials of a study are tested on the same items.
    """
    kept = shelf.tested(key)
    if "task" in kept:
        return None
    order = np.argsort(kept["test_ids"], kind="stable")
    ids = kept["test_ids"][order]
    right = (kept["logits"].argmax(axis=1) == kept["targets"])[order]
    return Answers(known.setdefault(ids.tobytes(), ids), right)
