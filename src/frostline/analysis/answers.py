"""What each test item contributes to the score of each trial, read from the predictions that a study keeps.

Of classes that is whether it was answered rightly; of tags and numbers see ``analysis.contributions``. In either case
the score is the mean over the items.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from frostline.analysis.contributions import of_area, of_concordance
from frostline.shelf import Shelf

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Numbers:
    """True and predicted numbers of test items on the annotation's own scale."""

    true: Float64[np.ndarray, "item value"]
    predicted: Float64[np.ndarray, "item value"]


@dataclass(frozen=True, eq=False)
class Answers:
    """The test items of one trial in the order of their ids, and what each contributes to its score.

    ``right`` is of booleans where the task is classes, and else of numbers; ``numbers`` are known where the trial
    predicts numbers.
    """

    ids: np.ndarray
    right: np.ndarray
    numbers: Numbers | None = None


Book = Mapping[str, Answers]
"""The answers of trials by key; a trial without predictions is not in it."""


def read_answers(folder: Path, keys: Iterable[str]) -> dict[str, Answers]:
    """The answers of the trials ``keys`` of the study kept in ``folder``, of which those without a file are absent."""
    shelf, known = Shelf(folder), dict[bytes, np.ndarray]()
    return {key: _answers(shelf, key, known) for key in dict.fromkeys(keys) if shelf.predictions_path(key).is_file()}


def right_answers(book: Book, keys: Sequence[str]) -> np.ndarray | None:
    """An array of trial by item: what the item contributes to the score of the trial, of classes whether it is right.

    None where one of ``keys`` has no answers, or where they were not all tested on the same items.
    """
    found = [book.get(key) for key in keys]
    known = [answers for answers in found if answers is not None]
    if len(known) < len(found) or not known:
        return None
    if any(one.ids is not known[0].ids and not np.array_equal(one.ids, known[0].ids) for one in known):
        return None
    return np.stack([answers.right for answers in known])


def whole(right: np.ndarray) -> np.ndarray:
    """``right`` as numbers that can be added and subtracted: small whole ones where it is of booleans."""
    return right.astype(np.int8) if right.dtype == np.bool_ else right


def _answers(shelf: Shelf, key: str, known: dict[bytes, np.ndarray]) -> Answers:
    """The answers of one trial; equal ids are kept once, as most trials of a study are tested on the same items."""
    kept = shelf.tested(key)
    order = np.argsort(kept["test_ids"], kind="stable")
    ids = kept["test_ids"][order]
    right, numbers = READ[str(kept.get("task", "classes"))](kept)
    ordered = None if numbers is None else Numbers(numbers.true[order], numbers.predicted[order])
    return Answers(known.setdefault(ids.tobytes(), ids), right[order], ordered)


def _of_classes(kept: Arrays) -> tuple[np.ndarray, None]:
    return kept["logits"].argmax(axis=1) == kept["targets"], None


def _of_tags(kept: Arrays) -> tuple[np.ndarray, None]:
    """The mean over the tags that some items have and some have not, as the macro ROC-AUC is."""
    pairs = zip(kept["targets"].T > 0.5, kept["logits"].T.astype(np.float64), strict=True)
    found = [of_area(present, scores) for present, scores in pairs]
    return np.mean([one for one in found if one is not None], axis=0), None


def _of_values(kept: Arrays) -> tuple[np.ndarray, Numbers]:
    true, predicted = (kept[name].astype(np.float64) for name in ("targets", "logits"))
    low, high = kept.get("scale", np.array([-1.0, 1.0]))
    own = (low + (numbers + 1) * (high - low) / 2 for numbers in (true, predicted))
    contributed = [of_concordance(x, y) for x, y in zip(true.T, predicted.T, strict=True)]
    return np.mean(contributed, axis=0), Numbers(*own)


READ: Mapping[str, Callable[[Arrays], tuple[np.ndarray, Numbers | None]]] = {
    "classes": _of_classes,
    "tags": _of_tags,
    "values": _of_values,
}
"""From kept predictions of a task to contributions and numbers, in the order of the file."""
