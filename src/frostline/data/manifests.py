"""A manifest, CSV or Parquet, as a listing: a row an item, with its file and its class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from frostline.catalog import ALL, NOTHING_ASKED, Asked, LeftOut, Listed, Listing
from frostline.data.listing import file_kind, mixture, refuse, unread
from frostline.data.manifest_targets import (
    column_faults,
    rename_faults,
    renamed,
    target_faults,
    targets_of,
    together_faults,
)
from frostline.data.tables import Row, Table, read_table

PARTS = ("train", "validation", "test")


def manifest_listing(path: Path, asked: Asked = NOTHING_ASKED) -> Listing:
    """The rows of the manifest at ``path``: classes and tags in the order of their names, items in that of their ids.

    Its columns are ``path`` (relative to the manifest's folder, or to the one that ``asked`` names below it, or
    absolute) and ``label``, the class of a file; or ``labels``, its tags, parted by ``;`` or ``|``, none where it is
    empty; or the columns of numbers that ``asked`` names. ``group``, where no split may part the items of one, an empty
    one standing for the item alone; ``split`` (train, validation, test) or ``fold`` (whole numbers, renumbered from 0
    in their order). Other columns may stand beside these and are not used. An id is the path below the manifest's
    folder, with ``/``. Left out by name are files that are missing or of other endings.

    Raises:
        DataFault: the manifest cannot be read, or a column, label, number, split or fold is missing or wrong, a path
            stands twice, a group stands in two parts, fewer than two classes have files, or there are both images and
            sounds; all faults at once, with their lines.
    """
    table, place, folder = read_table(path), str(path.absolute()), path.absolute().parent
    refuse(place, rename_faults(table, asked))
    table = renamed(table, asked)
    refuse(place, column_faults(table, asked))
    ids = [_id(os.path.join(asked.files, row.cells["path"]), folder) for row in table.rows]
    refuse(place, [*_cell_faults(table, asked), *_twice(table, ids), *_parted_groups(table)])
    told = targets_of(table, asked)
    folds = sorted({int(row.cells["fold"]) for row in table.rows}) if "fold" in table.columns else []
    reasons = {name: _missing(name, folder) for name in ids}
    items = [
        Listed(
            name,
            name,
            label,
            row.cells.get("group") or name,
            folds.index(int(row.cells["fold"])) if folds else None,
            row.cells.get("split"),
            targets,
        )
        for name, row, label, targets in zip(ids, table.rows, told.labels, told.targets, strict=True)
        if reasons[name] is None
    ]
    left_out = [LeftOut(name, reason) for name, reason in sorted(reasons.items()) if reason is not None]
    refuse(place, _class_faults(told.class_names, items, left_out))
    ordered = tuple(sorted(items, key=lambda item: item.id))
    return Listing(told.class_names, ordered, tuple(left_out), told.target_names)


def _cell_faults(table: Table, asked: Asked) -> list[str]:
    """What is wrong with single cells, and with what they name together."""
    faults = []
    for row in table.rows:
        faults += [f"{row.place}: the path is empty"] if not row.cells["path"] else []
        split, fold = row.cells.get("split"), row.cells.get("fold")
        faults += target_faults(row, asked)
        if split is not None and split not in PARTS:
            faults.append(f"{row.place}: split must be one of {', '.join(PARTS)} (got {split!r})")
        if fold is not None and not fold.isdecimal():
            faults.append(f"{row.place}: fold must be a whole number from 0 (got {fold!r})")
    return [*faults, *together_faults(table, asked), *_part_faults(table)]


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
    if empty and class_names == ALL:
        return [f"no file can be read; the first left out is {left_out[0].file}: {left_out[0].reason}"]
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
