"""The published files of cluster scores (``*_cluster.json``): read as tidy rows, and written from such.

A file is a list of entries, one a share, repeat and layer: ``Percentage, Repeat, Layer, Precision, Recall, Accuracy,
ARI, Dataset, Split``. It does not say by which clusters, on how many items, or of how many classes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from frostline.errors import DataFault, nearest

FIGURES = {"Precision": "pair_precision", "Recall": "pair_recall", "Accuracy": "purity", "ARI": "ari"}
"""What the files call the figures, and what these are called here."""
CELL = {"Percentage": "share", "Repeat": "seed", "Layer": "layer", "Dataset": "dataset", "Split": "split"}
COLUMNS = {
    "share": "float64",
    "seed": "int64",
    "layer": "str",
    "dataset": "str",
    "split": "str",
    "figure": "str",
    "value": "float64",
}
"""Columns of the rows, with their types: one row a figure."""
EXPECTED = {
    "Percentage": "a number above 0, at most 1",
    "Repeat": "a whole number from 0",
    "Layer": "a name",
    "Dataset": "a name",
    "Split": "a name",
    "ARI": "a number from -1 to 1",
    **dict.fromkeys(("Precision", "Recall", "Accuracy"), "a number from 0 to 1"),
}


def read_cluster_file(path: Path) -> pd.DataFrame:
    """The scores in the published file at ``path``: one row a share, repeat, layer and figure, in the file's order.

    Raises:
        DataFault: every fault of the file with its entries, its key, what was got and what would be right.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataFault(f"{path.name} cannot be read ({error.strerror}); give a file of cluster scores") from None
    except ValueError as error:
        raise DataFault(f"{path.name} is not JSON ({error}); expected a list of entries") from None
    if not isinstance(content, list) or not content or not all(isinstance(entry, dict) for entry in content):
        raise DataFault(f"{path.name}: got {_short(content)}, expected a list of entries by key")
    faults = _told([*_entry_faults(content), *_twice(content)])
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise DataFault("\n  ".join([f"{path.name} has {count}:", *faults]))
    return pd.DataFrame(list(_rows(content)), columns=list(COLUMNS)).astype(COLUMNS)


def write_cluster_file(rows: pd.DataFrame, path: Path) -> None:
    """Writes ``rows``, as ``read_cluster_file`` gives them, into a file at ``path`` in the published layout.

    Raises:
        DataFault: a share, repeat and layer lacks a figure that the layout has, or has it twice.
    """
    names = {name: key for key, name in FIGURES.items()}
    entries: dict[tuple[object, ...], dict[str, object]] = {}
    faults = []
    for row in rows.to_dict("records"):
        cell = tuple(row[column] for column in CELL.values())
        entry = entries.setdefault(cell, dict(zip(CELL, cell, strict=True)))
        if row["figure"] not in names:
            faults.append(f"{_named(entry)}: the layout has no place for {row['figure']}; leave such rows out")
        elif names[row["figure"]] in entry:
            faults.append(f"{_named(entry)}: {row['figure']} stands there twice; expected it once")
        else:
            entry[names[row["figure"]]] = row["value"]
    for entry in entries.values():
        faults += [f"{_named(entry)}: {name} is missing" for key, name in FIGURES.items() if key not in entry]
    if faults:
        raise DataFault("\n  ".join([f"{path.name} cannot be written:", *faults]))
    order = ["Percentage", "Repeat", "Layer", *FIGURES, "Dataset", "Split"]
    text = json.dumps([{key: entry[key] for key in order} for entry in entries.values()], indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def _rows(entries: Sequence[Mapping[str, object]]) -> Iterator[dict[str, object]]:
    for entry in entries:
        cell = {column: entry[key] for key, column in CELL.items()}
        for key, figure in FIGURES.items():
            yield {**cell, "figure": figure, "value": entry[key]}


def _entry_faults(entries: Sequence[Mapping[str, object]]) -> Iterator[tuple[int, str]]:
    for number, entry in enumerate(entries, start=1):
        for key, expected in EXPECTED.items():
            if key not in entry:
                yield number, f"{key}: is missing, expected {expected}"
            elif not _fits(key, entry[key]):
                yield number, f"{key}: got {_short(entry[key])}, expected {expected}"
        for key in sorted(entry.keys() - EXPECTED.keys()):
            yield number, f"{key}: unknown key{nearest(key, EXPECTED)}; expected {', '.join(EXPECTED)}"


def _fits(key: str, value: object) -> bool:
    if key in ("Layer", "Dataset", "Split"):
        return isinstance(value, str) and value != ""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return False
    match key:
        case "Percentage":
            return 0 < value <= 1
        case "Repeat":
            return isinstance(value, int) and value >= 0
        case "ARI":
            return -1 <= value <= 1
        case _:
            return 0 <= value <= 1


def _twice(entries: Sequence[Mapping[str, object]]) -> Iterator[tuple[int, str]]:
    """Entries of a share, repeat and layer that an earlier entry is of."""
    first: dict[str, int] = {}
    for number, entry in enumerate(entries, start=1):
        cell = json.dumps([entry.get(key) for key in CELL])
        if first.setdefault(cell, number) != number:
            yield number, f"the same {', '.join(CELL)} as entry {first[cell]}; expected each once"


def _told(faults: Sequence[tuple[int, str]]) -> list[str]:
    """One line for each different fault, with all entries that have it."""
    entries: dict[str, list[int]] = {}
    for number, message in faults:
        entries.setdefault(message, []).append(number)
    return [f"{_entries(numbers)}, {message}" for message, numbers in entries.items()]


def _entries(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"entry {numbers[0]}"
    shown = ", ".join(map(str, numbers[:5]))
    return f"entries {shown}" + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")


def _named(entry: Mapping[str, object]) -> str:
    return f"share {entry['Percentage']}, seed {entry['Repeat']}, {entry['Layer']}"


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
