"""What the files of a manifest are: the class of each, its tags or its numbers, and what is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from frostline.catalog import ALL, Asked
from frostline.data.listing import absent
from frostline.data.tables import Row, Table

SEVERAL = ("labels", "tags")
MARKS = (";", "|")


@dataclass(frozen=True)
class Targets:
    """What the rows of a manifest are, row by row: classes by their names, or names of tags or values and targets."""

    class_names: tuple[str, ...]
    labels: tuple[int, ...]
    target_names: tuple[str, ...]
    targets: tuple[tuple[float, ...] | None, ...]


def rename_faults(table: Table, asked: Asked) -> list[str]:
    """Which columns that ``asked`` calls otherwise are not there, or are there under both names."""
    faults = []
    for name, found in asked.columns:
        if found not in table.columns:
            faults.append(f"columns.{name}: column {absent(found, table.columns)}")
        elif name in table.columns:
            faults.append(f"columns.{name}: there is a column {name!r} beside {found!r}; rename one of them")
    return faults


def renamed(table: Table, asked: Asked) -> Table:
    """``table`` with its columns called as a manifest has them."""
    own = {found: name for name, found in asked.columns}

    def called(cells: Mapping[str, str]) -> dict[str, str]:
        return {own.get(column, column): cell for column, cell in cells.items()}

    columns = tuple(own.get(column, column) for column in table.columns)
    return Table(columns, tuple(Row(row.place, called(row.cells)) for row in table.rows))


def column_faults(table: Table, asked: Asked) -> list[str]:
    """What is wrong with the columns: those that are missing, and those that say the same twice."""
    faults = [f"column {absent(name, table.columns)}" for name in asked.values if name not in table.columns]
    if "path" not in table.columns:
        faults.append(f"column {absent('path', table.columns)}")
    if not asked.values:
        faults += _label_faults(table)
    if {"split", "fold"} <= set(table.columns):
        faults.append("it has both 'split' and 'fold', which may disagree; keep one of the two columns")
    if not faults and not table.rows:
        faults.append("it has a header and no rows; expected a row a file")
    return faults


def target_faults(row: Row, asked: Asked) -> list[str]:
    """What is wrong with the class, the tags or the numbers of ``row``."""
    if asked.values:
        return [fault for name in asked.values if (fault := _number_fault(row, name, asked)) is not None]
    if "label" in row.cells:
        return [] if row.cells["label"] else [f"{row.place}: the label is empty"]
    tags = _tags(row.cells["labels"])
    twice = sorted({tag for tag in tags if tags.count(tag) > 1})
    faults = [f"{row.place}: {tag!r} stands twice among its labels; keep one" for tag in twice]
    if all(mark in row.cells["labels"] for mark in MARKS):
        faults.append(f"{row.place}: its labels are parted by both ';' and '|'; use one of them")
    return faults


def together_faults(table: Table, asked: Asked) -> list[str]:
    """What is wrong with the classes, the tags or the numbers of all rows together."""
    if asked.values:
        same = [(name, _values(table, name)) for name in asked.values]
        return [f"every {name} is {v[0]}; expected at least two numbers" for name, v in same if len(v) == 1]
    if "labels" in table.columns:
        there = any(_tags(row.cells["labels"]) for row in table.rows)
        return [] if there else ["no row has labels; expected some, parted by ';' or '|'"]
    labels = _values(table, "label")
    if _is_measured(labels):
        return [f"its labels are numbers such as {labels[0]}; to predict numbers, name their column under values"]
    return [f"every label is {labels[0]!r}; expected at least two classes"] if len(labels) == 1 else []


def targets_of(table: Table, asked: Asked) -> Targets:
    """What each row of ``table``, which has no faults, is."""
    rows = table.rows
    if not asked.values and "label" in table.columns:
        names = tuple(_values(table, "label"))
        return Targets(names, tuple(names.index(row.cells["label"]) for row in rows), (), (None,) * len(rows))
    if asked.values:
        numbers = tuple(tuple(float(row.cells[name]) for name in asked.values) for row in rows)
        return Targets(ALL, (0,) * len(rows), asked.values, numbers)
    several = [frozenset(_tags(row.cells["labels"])) for row in rows]
    tags = tuple(sorted(frozenset[str]().union(*several)))
    return Targets(ALL, (0,) * len(rows), tags, tuple(tuple(float(tag in own) for tag in tags) for own in several))


def _label_faults(table: Table) -> list[str]:
    """That there is no column with classes or tags, and what could be one; or that there are both."""
    there = {"label", "labels"} & set(table.columns)
    if len(there) == 1:
        return []
    if there:
        return ["it has both 'label' (classes) and 'labels' (tags); keep one of them, or name columns of values"]
    tags = [name for name in table.columns if name.lower() in SEVERAL]
    if tags:
        return [f"column 'label' or 'labels' is missing; write columns: {{labels: {tags[0]}}} if these are its tags"]
    numbers = [name for name in table.columns if _is_measured(_values(table, name))]
    if numbers:
        said = f"write values: [{', '.join(numbers)}] to predict numbers, or give each file its class"
        return [f"column 'label' is missing; {said} in a column 'label'"]
    return [f"column {absent('label', table.columns)}"]


def _number_fault(row: Row, name: str, asked: Asked) -> str | None:
    cell = row.cells[name]
    if not cell:
        return f"{row.place}: {name} is empty; expected a number"
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        return f"{row.place}: {name} must be a number (got {cell!r})"
    if asked.scale is None or asked.scale[0] <= number <= asked.scale[1]:
        return None
    low, high = asked.scale
    return f"{row.place}: {name} is {cell}, outside the scale from {low:g} to {high:g}"


def _tags(cell: str) -> list[str]:
    """The tags in ``cell``, parted by ``;`` or ``|``."""
    for mark in MARKS[1:]:
        cell = cell.replace(mark, MARKS[0])
    return [tag.strip() for tag in cell.split(MARKS[0]) if tag.strip()]


def _values(table: Table, column: str) -> list[str]:
    """The values in ``column``, each once, without the empty one."""
    return sorted({row.cells[column] for row in table.rows} - {""})


def _is_measured(values: Sequence[str]) -> bool:
    """Whether ``values`` are numbers and some are no whole ones, so that they name no classes."""
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        return False
    return any(number % 1 for number in numbers)
