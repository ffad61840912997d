"""Simulated studies of numbers and of tags: outcomes with their course of training, and predictions item by item."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from frostline.analysis.answers import Answers, Numbers
from frostline.analysis.contributions import of_area, of_concordance
from frostline.analysis.findings import Findings, Terms
from frostline.analysis.metric import METRICS
from frostline.analysis.table import table
from frostline.catalog import Task
from frostline.outcome import Finished, Metrics, TagFigures, TagMetrics, Validation, ValueFigures, ValueMetrics
from frostline.spec.plan import Entry, Plan, plan
from frostline.spec.study import Study
from tests.analysis.simulated import finished, study

NAMES = ("valence", "arousal")
TAGS = ("piano", "drums", "voice")
ARMS: dict[str, object] = {"scratch": "r6", "half": "f3t3"}
SKILL = {"r6": 0.4, "f3t3": 0.8}
"""How much of the truth the predictions of each arm hold."""
Answered = tuple[Metrics, Answers]


def small(**changes: object) -> Study:
    """A study of two arms at one share with four seeds."""
    return study(**{"surgeries": ARMS, "shares": (0.1,), "seeds": 4, **changes})


def of_values(entry: Entry, ids: np.ndarray, draws: np.random.Generator) -> Answered:
    """What a trial predicts of two numbers from 1 to 9, the same truth for every trial."""
    true = np.random.default_rng(0).normal(0, 0.4, size=(len(ids), 2)).clip(-1, 1)
    predicted = SKILL[str(entry.arm.surgery)] * true + draws.normal(0, 0.12, size=true.shape)
    each = [of_concordance(x, y) for x, y in zip(true.T, predicted.T, strict=True)]
    figures = tuple(
        ValueFigures(
            name=name,
            ccc=float(one.mean()),
            pearson=0.7,
            r2=0.5,
            mae=0.8,
            mse=1.0,
            constant=False,
            ccc_low=None,
            ccc_high=None,
            scale=(1.0, 9.0),
        )
        for name, one in zip(NAMES, each, strict=True)
    )
    mean = float(np.mean([one.ccc for one in figures]))
    metrics = ValueMetrics(ccc=mean, pearson=0.7, r2=0.5, mae=0.8, mse=1.0, values=figures)
    return metrics, Answers(ids, np.mean(each, axis=0), Numbers(5 + 4 * true, 5 + 4 * predicted))


def of_tags(entry: Entry, ids: np.ndarray, draws: np.random.Generator) -> Answered:
    """How sure a trial is of three tags, of which no item has the last."""
    present = np.random.default_rng(0).random((len(ids), len(TAGS))) < 0.4
    present[:, 2] = False
    scores = SKILL[str(entry.arm.surgery)] * present + draws.normal(0, 0.5, size=present.shape)
    each = [of_area(*pair) for pair in zip(present.T, scores.T, strict=True)]
    figures = tuple(
        TagFigures(
            name=name,
            roc_auc=None if one is None else float(one.mean()),
            average_precision=None if one is None else 0.6,
            f1=0.5,
            threshold=0.3,
            positives=int(present[:, place].sum()),
        )
        for place, (name, one) in enumerate(zip(TAGS, each, strict=True))
    )
    known = [one for one in each if one is not None]
    metrics = TagMetrics(roc_auc=float(np.mean(known)), average_precision=0.6, f1=0.5, tags=figures, left_out=TAGS[2:])
    return metrics, Answers(ids, np.mean(known, axis=0))


MADE: Mapping[Task, Callable[[Entry, np.ndarray, np.random.Generator], Answered]] = {
    "values": of_values,
    "tags": of_tags,
}


def findings_of(task: Task, made: Study, items: int = 40) -> tuple[Plan, Findings]:
    """The plan of ``made`` and what it found, every trial finished, as if it were of ``task``."""
    planned, metric = plan(made), METRICS[task]
    ids = np.array([f"item {place:03} <b>" for place in range(items)])
    trained, book = dict[str, Finished](), dict[str, Answers]()
    for entry in planned.entries:
        key, draws = entry.trial.key, np.random.default_rng([1, entry.seed, *map(ord, str(entry.arm.surgery))])
        metrics, book[key] = MADE[task](entry, ids, draws)
        history = coursed(metrics.score, 3 + entry.seed)
        trained[key] = finished(entry.trial, 0.5).model_copy(
            update={"metrics": metrics, "history": history, "best_validation": history[-1]}
        )
    frame = table(planned, trained).assign(metric=metric.column)
    return planned, Findings(frame, book, Terms(metric=metric), trained)


def coursed(reached: float, validations: int) -> tuple[Validation, ...]:
    """A course of so many validations, ten steps apart, towards the figure that is ``reached``."""
    return tuple(
        Validation(step=10 * n, train_loss=1 / n, loss=1 / n, score=reached * (1 - 0.5**n))
        for n in range(1, validations + 1)
    )
