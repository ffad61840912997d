"""CSV files of results that others published: their lines under one set of names, and every way to miss it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from frostline.analysis.verdicts import visible
from frostline.data.tables import Table, read_table
from frostline.errors import DataFault, nearest

NEEDED = ("arm", "seed", "accuracy")
ACCURACIES = {"accuracy": "score", "validation_accuracy": "validation_score", "train_accuracy": "train_score"}
"""The columns of accuracies in a file, and what they are in the table of a study."""
READ = (*NEEDED, "share", "validation_accuracy", "train_accuracy", "n_test")
FREEZE_MODES = {"freeze_mode": "arm", "seed": "seed", "best_val_acc": "validation_accuracy", "test_acc": "accuracy"}
"""The columns of the published GTZAN file, and what they are called here; ``model`` is told where there are several."""
MISSING = ("", "nan", "none", "na")
MOST_TOLD = 20
WHOLE = re.compile(r"-?[0-9]{1,18}")
"""Seeds as files write them; more digits fit no table, and digits of other scripts are taken for slips."""
COUNT = re.compile(r"0*[1-9][0-9]{0,11}")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
NEAR = 10
"""Figures at most 1 and figures above it are of one unit only where they lie no further apart than by this factor."""


@dataclass(frozen=True)
class Line:
    """A row of a file under the names used here, and where it stands."""

    place: str
    cells: Mapping[str, str]

    def accuracy(self, column: str) -> float | None:
        """The figure in ``column`` as it is printed, None where there is none."""
        text = self.cells.get(column, "")
        return None if text.lower() in MISSING else float(text)


@dataclass(frozen=True)
class Lines:
    """All lines of all files, what an accuracy of 1 is printed as (1 or 100), and what the reading assumed."""

    lines: tuple[Line, ...]
    whole: float
    remarks: tuple[str, ...]


def read_lines(paths: Sequence[Path]) -> Lines:
    """The lines of the files at ``paths``; if accuracies are above 1 all are per cent, and a remark says so.

    Raises:
        DataFault: every fault of every file, each with its line and column, what was got and what would be right.
    """
    lines: list[Line] = []
    faults: list[str] = []
    remarks: list[str] = []
    for path in paths:
        table, wrong = _read(path)
        faults += wrong
        if table is not None:
            found = list(_lines(table, path.name))
            lines += found
            faults += [f"{line.place}, {fault}" for line in found for fault in _cell_faults(line)]
            remarks += _unread(table, path.name)
    whole, disagreement = _unit(lines) if not faults else (1.0, [])
    if faults := faults + disagreement:
        raise DataFault("\n  ".join([f"the files to audit have {_count(faults)}:", *_shortened(faults)]))
    if whole > 1:
        remarks.append("Accuracies above 1 occur, so that all are read as per cent.")
    return Lines(tuple(lines), whole, tuple(remarks))


def _read(path: Path) -> tuple[Table | None, list[str]]:
    """The table at ``path``, or why it is none of results."""
    if not path.is_file():
        return None, [f"{path} {'is a folder' if path.is_dir() else 'does not exist'}; give the path of a file"]
    try:
        if not path.read_bytes().strip():
            return None, [f"{path.name} is empty; expected a header with {', '.join(NEEDED)}, and a line a run"]
        table = read_table(path)
    except OSError as error:
        return None, [f"{path} cannot be read ({error.strerror}); give the path of a file that this user may read"]
    except DataFault as fault:
        return None, [str(fault)]
    if not _is_freeze_modes(table) and (missing := [name for name in NEEDED if name not in table.columns]):
        told = "; ".join(f"has no column {name!r}{nearest(name, table.columns)}" for name in missing)
        return None, [f"{path.name} {told}; expected {', '.join(NEEDED)} (got {visible(', '.join(table.columns))})"]
    if not table.rows:
        return None, [f"{path.name} has no line below its header; expected a line a run"]
    return table, []


def _is_freeze_modes(table: Table) -> bool:
    return set(FREEZE_MODES) <= set(table.columns)


def _lines(table: Table, name: str) -> Iterator[Line]:
    """The rows of ``table`` under the names used here."""
    several = len({row.cells.get("model", "") for row in table.rows}) > 1
    for row in table.rows:
        cells = row.cells
        if _is_freeze_modes(table):
            cells = {ours: cells[theirs] for theirs, ours in FREEZE_MODES.items()}
            if several:
                cells["arm"] = f"{row.cells['model']} {cells['arm']}"
        yield Line(f"{name}, {row.place}", cells)


def _unread(table: Table, name: str) -> Iterator[str]:
    known = {"model", *FREEZE_MODES} if _is_freeze_modes(table) else set(READ)
    if unread := [column for column in table.columns if column not in known]:
        yield f"{name}: not read: {', '.join(unread)}."


def _cell_faults(line: Line) -> Iterator[str]:
    """What is wrong with the cells of ``line``; an accuracy may be missing, and then the run has none."""
    cells = line.cells
    if not cells["arm"]:
        yield "arm: is missing; expected the name of the arm"
    if not WHOLE.fullmatch(cells["seed"]):
        yield f"seed: got {cells['seed']!r}, expected a whole number of at most 18 digits"
    if (items := cells.get("n_test", "")) and not COUNT.fullmatch(items):
        yield f"n_test: got {items!r}, expected a whole number of items from 1, of at most 12 digits"
    if "share" in cells and not _within(cells["share"], 1e-12, 1):
        yield f"share: got {cells['share']!r}, expected a number above 0, at most 1"
    for column in ACCURACIES:
        text = cells.get(column, "")
        if text.lower() not in MISSING and not _within(text, 0, 100):
            yield f"{column}: got {text!r}, expected a number from 0 to 1, or from 0 to 100 per cent"


def _within(text: str, low: float, high: float) -> bool:
    return NUMBER.fullmatch(text) is not None and low <= float(text) <= high


def _unit(lines: Sequence[Line]) -> tuple[float, list[str]]:
    """What an accuracy of 1 is printed as, and which columns, or lines of one column, disagree about it."""
    if mixed := [fault for column in ACCURACIES for fault in _two_units(lines, column)]:
        return 1.0, mixed
    highest = {
        column: max(values)
        for column in ACCURACIES
        if (values := [value for line in lines if (value := line.accuracy(column)) is not None])
    }
    percent = [column for column, value in highest.items() if value > 1]
    fractions = [column for column, value in highest.items() if value <= 1]
    if percent and fractions:
        return 1.0, [
            f"{', '.join(percent)}: has values above 1, as per cent has, but {', '.join(fractions)} has none; expected "
            "one unit for all"
        ]
    return (100.0 if percent else 1.0), []


def _two_units(lines: Sequence[Line], column: str) -> list[str]:
    """The lines whose figure in ``column`` seems to be of another unit than those of most, be it per cent or not.

    Figures at most 1 are per cent beside others above it only where they are the fewer and close to them, as near
    chance among many classes, or 0.
    """
    told = [(line, value) for line in lines if (value := line.accuracy(column)) is not None]
    low, high = [one for one in told if one[1] <= 1], [one for one in told if one[1] > 1]
    close = max((value for _, value in low), default=0.0) * NEAR >= min((value for _, value in high), default=0.0)
    positive = [one for one in low if one[1] > 0]
    if not high or not positive or (close and len(low) <= len(high)):
        return []
    odd, kind, rest = (
        (high, "above 1 as only per cent is", f"{len(low)} of {len(told)} figures are at most 1")
        if len(high) < len(low)
        else (positive, "at most 1", f"{len(high)} of {len(told)} figures are above 1, as only per cent is")
    )
    remedy = "expected one unit for all; if all are right as they stand, write each as a fraction from 0 to 1"
    return [f"{line.place}, {column}: got {line.cells[column]!r}, {kind}, where {rest}; {remedy}" for line, _ in odd]


def _count(faults: Sequence[str]) -> str:
    return "1 fault" if len(faults) == 1 else f"{len(faults)} faults"


def _shortened(faults: Sequence[str]) -> list[str]:
    """The first of ``faults``, and how many more there are of the same kind."""
    more = len(faults) - MOST_TOLD
    return [*faults[:MOST_TOLD], *([f"and {more} more"] if more > 0 else [])]
