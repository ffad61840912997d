"""Which test items the runs of one arm tell worst, where the task is classes or tags; of numbers see ``predicted``.

| symbol | meaning | shape, unit |
|---|---|---|
| logits | outputs of the head for the test items of a run | item output |
| probability | softmax of the logits where the task is classes, logistic function where it is tags | item output |
| loss | minus the logarithm of the probability of what is true, of tags the mean over them | item, nats |

Probabilities and losses are means over the runs that were tested on the item.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import expit, log_expit, log_softmax

from frostline.analysis.comparisons import distinct_runs, finished
from frostline.analysis.findings import Findings
from frostline.outcome import ClassMetrics, TagMetrics

Numbered = Int64[np.ndarray, " item"]
NAMED = 3
"""So many of the tags of an item are named on either side."""
Sure = tuple[tuple[str, float], ...]
"""Names of tags, and how probable each was said to be."""


@dataclass(frozen=True)
class WrongItem:
    """A test item that ``wrong`` of ``tested`` runs took for another class, most often for the one ``called``.

    ``probability`` is that of its true class.
    """

    id: str
    true: str
    called: str
    wrong: int
    tested: int
    probability: float


@dataclass(frozen=True)
class MistaggedItem:
    """A test item with its mean ``loss`` a tag.

    ``missed`` are those of its tags that were least expected, ``imagined`` the most expected of those that it has not.
    """

    id: str
    missed: Sure
    imagined: Sure
    loss: float
    tested: int


@dataclass(frozen=True)
class WrongItems:
    """The items that runs of ``arm`` at ``share`` took for another class, the worst first; ``wrong`` of ``tested``."""

    arm: str
    share: float
    worst: tuple[WrongItem, ...]
    wrong: int
    tested: int


@dataclass(frozen=True)
class MistaggedItems:
    """The items whose tags the runs of ``arm`` at ``share`` told worst, the worst first, of ``tested`` in all."""

    arm: str
    share: float
    worst: tuple[MistaggedItem, ...]
    tested: int


@dataclass(frozen=True, eq=False)
class _Told:
    """Of every test item of a cell: its targets, and means over the ``runs`` that were tested on it."""

    ids: np.ndarray
    targets: np.ndarray
    names: Sequence[str]
    probability: Float64[np.ndarray, "item output"]
    loss: Float64[np.ndarray, " item"]
    tested: Numbered
    votes: Int64[np.ndarray, "item output"]


def mistakes(findings: Findings, cell: tuple[str, float], most: int) -> WrongItems | MistaggedItems | None:
    """The ``most`` items that the different runs of ``cell``, an arm and a share, tell worst.

    None where no predictions are kept, or where the task is numbers.
    """
    task = findings.terms.metric.task
    told = None if task == "values" else _told(findings, *cell)
    if told is None:
        return None
    return _wrong(told, cell, most) if task == "classes" else _mistagged(told, cell, most)


def _told(findings: Findings, arm: str, share: float) -> _Told | None:
    seeds, kept = tuple(finished(distinct_runs(findings.frame), arm, share)), findings.kept
    if kept is None:
        return None
    keys = [key for key in findings.keys(arm, share, seeds) if kept.predictions_path(key).is_file()]
    runs = [kept.tested(key) for key in keys]
    if not runs:
        return None
    ids = np.unique(np.concatenate([run["test_ids"] for run in runs]))
    outputs, first = runs[0]["logits"].shape[1], runs[0]["targets"]
    targets = np.zeros((len(ids), *first.shape[1:]), first.dtype)
    probability, votes = np.zeros((len(ids), outputs)), np.zeros((len(ids), outputs), np.int64)
    loss, tested = np.zeros(len(ids)), np.zeros(len(ids), np.int64)
    for run in runs:
        places, logits = np.searchsorted(ids, run["test_ids"]), run["logits"].astype(np.float64)
        certain, lost = _of_classes(logits, run["targets"]) if first.ndim == 1 else _of_tags(logits, run["targets"])
        targets[places] = run["targets"]
        probability[places] += certain
        loss[places] += lost
        tested[places] += 1
        votes[places, logits.argmax(axis=1)] += 1
    names = _names(findings, keys, outputs)
    return _Told(ids, targets, names, probability / tested[:, None], loss / tested, tested, votes)


def _of_classes(logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The probability of each class, and the loss of each item."""
    certain = log_softmax(logits, axis=1)
    return np.exp(certain), -certain[np.arange(len(targets)), targets]


def _of_tags(logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The probability of each tag, and the loss of each item."""
    return expit(logits), -log_expit(np.where(targets > 0.5, logits, -logits)).mean(axis=1)


def _wrong(told: _Told, cell: tuple[str, float], most: int) -> WrongItems:
    """Those that the largest part of the runs took for another class, among equals first that of the highest loss."""
    every = np.arange(len(told.ids))
    wrong = told.tested - told.votes[every, told.targets]
    others = told.votes + 0.5 * told.probability
    others[every, told.targets] = -1.0
    called = others.argmax(axis=1)
    order = [int(place) for place in np.lexsort((-told.loss, -wrong / told.tested)) if wrong[place]]
    worst = tuple(
        WrongItem(
            str(told.ids[place]),
            told.names[told.targets[place]],
            told.names[called[place]],
            int(wrong[place]),
            int(told.tested[place]),
            float(told.probability[place, told.targets[place]]),
        )
        for place in order[:most]
    )
    return WrongItems(*cell, worst, len(order), len(told.ids))


def _mistagged(told: _Told, cell: tuple[str, float], most: int) -> MistaggedItems:
    order = [int(place) for place in np.argsort(-told.loss, kind="stable")[:most]]
    return MistaggedItems(*cell, tuple(_mistagged_item(told, place) for place in order), len(told.ids))


def _mistagged_item(told: _Told, place: int) -> MistaggedItem:
    certain, has = told.probability[place], told.targets[place] > 0.5
    upwards = [int(tag) for tag in np.argsort(certain, kind="stable")]
    missed = [tag for tag in upwards if has[tag]][:NAMED]
    imagined = [tag for tag in reversed(upwards) if not has[tag]][:NAMED]
    return MistaggedItem(
        str(told.ids[place]),
        tuple((told.names[tag], float(certain[tag])) for tag in missed),
        tuple((told.names[tag], float(certain[tag])) for tag in imagined),
        float(told.loss[place]),
        int(told.tested[place]),
    )


def _names(findings: Findings, keys: Sequence[str], outputs: int) -> tuple[str, ...]:
    """What the outputs are called, as the outcome of one of the trials has it."""
    for metrics in (findings.trained[key].metrics for key in keys if key in findings.trained):
        if isinstance(metrics, ClassMetrics):
            return tuple(one.name for one in metrics.classes)
        if isinstance(metrics, TagMetrics):
            return tuple(one.name for one in metrics.tags)
    return tuple(f"output {place + 1}" for place in range(outputs))
