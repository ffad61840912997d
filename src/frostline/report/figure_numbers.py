"""The numbers of a figure as CSV, which a spreadsheet opens as text and numbers and never as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pandas as pd

from frostline.analysis.comparisons import cells, distinct_runs, finished
from frostline.analysis.estimates import Estimate, OneRun
from frostline.report.drawing import Means, Picture

Value = str | int | float | None
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would compute (OWASP, CSV Injection)."""
ESTIMATE = ("value", "low", "high", "level", "n_runs", "n_items")
"""The columns that ``estimated`` fills."""


def with_numbers(picture: Picture, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> Picture:
    """``picture`` with ``rows`` under ``columns`` as its numbers."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_plain(value) for value in row] for row in rows)
    return replace(picture, csv=text.getvalue())


def estimated(found: Estimate | OneRun | None) -> tuple[Value, ...]:
    """``found`` as one value for each of ``ESTIMATE``; what it lacks is empty."""
    match found:
        case None:
            return (None,) * len(ESTIMATE)
        case OneRun(value=value, n=n):
            return (value, None, None, None, n, None)
        case Estimate():
            return (found.value, found.low, found.high, found.level, found.n, found.items)


def scores(frame: pd.DataFrame, found: Means) -> list[tuple[Value, ...]]:
    """A row for each mean of ``found`` and for each single run behind it, under ``SCORES``."""
    once, rows = distinct_runs(frame), list[tuple[Value, ...]]()
    names = dict(zip(frame["arm"], frame["names"], strict=True))
    for arm, share in cells(frame):
        cell = (arm, str(names[arm]), share)
        rows.append((*cell, "mean", None, *estimated(found.get((arm, share)))))
        for seed, value in finished(once, arm, share).items():
            rows.append((*cell, "run", seed, *estimated(OneRun(value))))
    return rows


SCORES = ("arm", "names", "share", "kind", "seed", *ESTIMATE)
"""The columns of ``scores``."""


def _plain(value: Value) -> Value:
    """``value``, a text that would be a formula behind an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
