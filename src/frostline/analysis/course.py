"""How the validation figure of each arm went in training: its mean over the runs at each step, and their spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frostline.analysis.comparisons import cells, competing, distinct_runs
from frostline.analysis.findings import Findings
from frostline.outcome import Validation

MOST_POINTS = 60
"""More steps than a line of a figure can show are thinned, evenly and with both ends."""


@dataclass(frozen=True)
class Point:
    """The ``mean`` of the validation figure of ``runs`` runs at ``step``, of which ``training`` had not yet stopped.

    A run that has stopped counts with its last figure. ``deviation`` is the standard deviation over the runs, None for
    a single one.
    """

    step: int
    mean: float
    deviation: float | None
    runs: int
    training: int


@dataclass(frozen=True)
class Course:
    """The validation figures of ``arm`` at ``share`` from step to step."""

    arm: str
    share: float
    points: tuple[Point, ...]


def courses(findings: Findings) -> tuple[Course, ...]:
    """The course of each arm that one may choose, at each share, whose runs are known and one of them validated twice.

    Each different run counts once.
    """
    frame, found = distinct_runs(competing(findings.frame)), list[Course]()
    for arm, share in cells(frame):
        keys = frame.loc[(frame["arm"] == arm) & (frame["share"] == share), "key"]
        histories = [findings.trained[key].history for key in keys if key in findings.trained]
        if any(len(history) > 1 for history in histories):
            found.append(Course(arm, share, _points(histories)))
    return tuple(found)


def thinned(count: int, most: int) -> list[int]:
    """At most ``most`` places among ``count``, as evenly as can be, the first and the last among them."""
    return sorted(set(np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist()))


def _points(histories: list[tuple[Validation, ...]]) -> tuple[Point, ...]:
    """From the first step at which every run has been validated."""
    first = max(history[0].step for history in histories)
    steps = sorted({seen.step for history in histories for seen in history if seen.step >= first})
    return tuple(_point(histories, steps[place]) for place in thinned(len(steps), MOST_POINTS))


def _point(histories: list[tuple[Validation, ...]], step: int) -> Point:
    last = np.array([[seen.score for seen in history if seen.step <= step][-1] for history in histories])
    training = sum(history[-1].step >= step for history in histories)
    deviation = float(last.std(ddof=1)) if len(last) > 1 else None
    return Point(step, float(last.mean()), deviation, len(last), training)
