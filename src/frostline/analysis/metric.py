"""The primary figure of each task: what it is called, where it ends, and what its points are points of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from frostline.catalog import Task


@dataclass(frozen=True)
class Metric:
    """The figure that arms are compared by: higher is better, and a point is a hundredth of it.

    ``column`` is what the table of a study calls it, ``words`` what a sentence does. It goes from ``low`` to ``high``.
    """

    task: Task
    column: str
    words: str
    low: float
    high: float

    @property
    def counted(self) -> bool:
        """Whether it is a count of right answers over a number of items."""
        return self.task == "classes"

    @property
    def title(self) -> str:
        """What it is called where a line begins."""
        return f"{self.words[0].upper()}{self.words[1:]}"

    @property
    def slug(self) -> str:
        """How the names of files begin that show it."""
        return self.column.lower()

    @property
    def span(self) -> float:
        """The largest difference that two figures can have."""
        return self.high - self.low


ACCURACY = Metric("classes", "accuracy", "accuracy", 0.0, 1.0)
ROC_AUC = Metric("tags", "ROC-AUC", "macro ROC-AUC", 0.0, 1.0)
CCC = Metric("values", "CCC", "CCC", -1.0, 1.0)
METRICS: Mapping[Task, Metric] = {metric.task: metric for metric in (ACCURACY, ROC_AUC, CCC)}
"""The metric of each task."""
