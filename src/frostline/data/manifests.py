"""A manifest, CSV or Parquet, as a listing: a row an item, with its file and its class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from frostline.catalog import LeftOut, Listed, Listing
from frostline.data.listing import absent, file_kind, mixture, refuse, unread
from frostline.data.tables import Row, Table, read_table

NEEDED = ("path", "label")
KNOWN = (*NEEDED, "group", "split", "fold")
ONE_CLASS = "one class a file is what is supported now"
PARTS = ("train", "validation", "test")
SEVERAL = ("labels", "tags")


def manifest_listing(path: Path) -> Listing:
    """The rows of the manifest at ``path``: classes in the order of their names, items in that of their ids.

    Its columns are ``path`` (relative to the manifest's folder, or absolute) and ``label``; ``group``, where no split
    may part the items of one, an empty one standing for the item alone; ``split`` (train, validation, test) or ``fold``
    (whole numbers, renumbered from 0 in their order). Other columns may stand beside these and are not used. An id is
    the path below the manifest's folder, with ``/``. Left out by name are files that are missing or of other endings.

    Raises:
        DataFault: the manifest cannot be read, or a column, label, split or fold is missing or wrong, a path stands
            twice, a group stands in two parts, fewer than two classes have files, or there are both images and sounds;
            all faults at once, with their lines.
    """
    table = read_table(path)
    refuse(str(path.absolute()), _column_faults(table))
    folder = path.absolute().parent
    ids = [_id(row.cells["path"], folder) for row in table.rows]
    refuse(str(path.absolute()), [*_cell_faults(table), *_twice(table, ids), *_parted_groups(table)])
    class_names = tuple(sorted({row.cells["label"] for row in table.rows}))
    folds = sorted({int(row.cells["fold"]) for row in table.rows}) if "fold" in table.columns else []
    reasons = {name: _missing(name, folder) for name in ids}
    items = [
        Listed(
            name,
            name,
            class_names.index(row.cells["label"]),
            row.cells.get("group") or name,
            folds.index(int(row.cells["fold"])) if folds else None,
            row.cells.get("split"),
        )
        for name, row in zip(ids, table.rows, strict=True)
        if reasons[name] is None
    ]
    left_out = [LeftOut(name, reason) for name, reason in sorted(reasons.items()) if reason is not None]
    refuse(str(path.absolute()), _class_faults(class_names, items, left_out))
    return Listing(class_names, tuple(sorted(items, key=lambda item: item.id)), tuple(left_out))


def _column_faults(table: Table) -> list[str]:
    """What is wrong with the columns: those that are missing, and what stands there for later work."""
    faults = []
    later = [name for name in table.columns if name.lower() in SEVERAL or _is_measured(_values(table, name))]
    for name in NEEDED:
        if name in table.columns:
            continue
        if name == "label" and later:
            faults.append(
                f"column 'label' is missing; {', '.join(map(repr, later))} would be numbers or several labels a file, "
                f"and {ONE_CLASS}: give each file its class in a column 'label'"
            )
        else:
            faults.append(f"column {absent(name, table.columns)}")
    if {"split", "fold"} <= set(table.columns):
        faults.append("it has both 'split' and 'fold', which may disagree; keep one of the two columns")
    if not faults and not table.rows:
        faults.append("it has a header and no rows; expected a row a file")
    return faults


def _cell_faults(table: Table) -> list[str]:
    """What is wrong with single cells, and with the classes and parts that they name together."""
    faults = []
    for row in table.rows:
        faults += [f"{row.place}: the {name} is empty" for name in NEEDED if not row.cells[name]]
        split, fold = row.cells.get("split"), row.cells.get("fold")
        if split is not None and split not in PARTS:
            faults.append(f"{row.place}: split must be one of {', '.join(PARTS)} (got {split!r})")
        if fold is not None and not fold.isdecimal():
            faults.append(f"{row.place}: fold must be a whole number from 0 (got {fold!r})")
    labels = _values(table, "label")
    if _is_measured(labels):
        faults.append(f"its labels are numbers such as {labels[0]}, and {ONE_CLASS}")
    elif len(labels) == 1:
        faults.append(f"every label is {labels[0]!r}; expected at least two classes")
    return [*faults, *_part_faults(table)]


def _part_faults(table: Table) -> list[str]:
    """Which part there is nothing in."""
    if "split" not in table.columns:
        return []
    there = {row.cells["split"] for row in table.rows}
    return [f"no row has split {part}; expected some" for part in ("train", "test") if part not in there]


def _twice(table: Table, ids: Sequence[str]) -> list[str]:
    first: dict[str, Row] = {}
    faults = []
    for name, row in zip(ids, table.rows, strict=True):
        if row.cells["path"] and first.setdefault(name, row) is not row:
            faults.append(f"{row.place}: {name} stands in {first[name].place} already; keep one of the two")
    return faults


def _parted_groups(table: Table) -> list[str]:
    """Which groups stand in two parts or two folds, and where."""
    column = "split" if "split" in table.columns else "fold"
    if "group" not in table.columns or column not in table.columns:
        return []
    first: dict[str, Row] = {}
    parted: dict[str, str] = {}
    for row in table.rows:
        group = row.cells["group"]
        before = first.setdefault(group, row)
        if group and before.cells[column] != row.cells[column]:
            here, there = f"{row.cells[column]} ({row.place})", f"{before.cells[column]} ({before.place})"
            parted.setdefault(group, f"group {group!r} stands in {column} {there} and {here}; put it into one of them")
    return list(parted.values())


def _class_faults(class_names: Sequence[str], items: Sequence[Listed], left_out: Sequence[LeftOut]) -> list[str]:
    """Which classes have no file left, with the first file that is missing; or that images and sounds are mixed."""
    filled = {item.label for item in items}
    empty = [name for label, name in enumerate(class_names) if label not in filled]
    if empty:
        classes = ", ".join(map(repr, empty))
        first = f"{left_out[0].file}: {left_out[0].reason}"
        return [f"no file can be read of class {classes}; the first left out is {first}"]
    fault = mixture(items)
    return [fault] if fault else []


def _missing(name: str, folder: Path) -> str | None:
    """Why the file called ``name`` cannot be used, if there is a reason."""
    if not os.path.isfile(folder / name):
        return f"the manifest names it, and {folder / name} is no file"
    return unread(name) if file_kind(name) is None else None


def _id(path: str, folder: Path) -> str:
    """``path`` below ``folder`` where it lies there, with ``/`` and without detours."""
    whole = Path(os.path.normpath(folder / path))
    return (whole.relative_to(folder) if whole.is_relative_to(folder) else Path(os.path.normpath(path))).as_posix()


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
