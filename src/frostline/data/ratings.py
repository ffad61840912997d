"""Numbers that people gave to recordings, out of a table: each on its scale, or every reason why not."""

from __future__ import annotations

import math
from collections.abc import Sequence

from frostline.data.tables import Row


def faults_of_ratings(rows: Sequence[Row], columns: Sequence[str], scale: tuple[float, float]) -> list[str]:
    """What is wrong with the cells of ``columns``: those that are no finite numbers on ``scale``, with their places."""
    low, high = scale
    faults = []
    for row in rows:
        for name in columns:
            cell = row.cells[name]
            try:
                number = float(cell)
            except ValueError:
                faults.append(f"{row.place}: {name} must be a number from {low:g} to {high:g} (got {cell!r})")
                continue
            if not math.isfinite(number):
                faults.append(f"{row.place}: {name} is no number that can be learnt (got {cell!r}); leave the row out")
            elif not low <= number <= high:
                faults.append(f"{row.place}: {name} is outside the scale of {low:g} to {high:g} (got {cell})")
    return faults


def ratings(row: Row, columns: Sequence[str]) -> tuple[float, ...]:
    """The numbers in ``columns`` of ``row``, which has no faults."""
    return tuple(float(row.cells[name]) for name in columns)
