"""Results that others published, read as a table with all that the reading had to assume."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from frostline.analysis.implied_size import digits_of
from frostline.analysis.layer_cuts import read_layer_cuts
from frostline.analysis.published_tables import ACCURACIES, MISSING, Line, Lines, read_lines
from frostline.analysis.table import frame_of
from frostline.errors import DataFault


@dataclass(frozen=True, eq=False)
class Published:
    """What files say: their names, a table with the columns of a study's, and the digits that accuracies print.

    ``digits`` are those of an accuracy from 0 to 1, by column. ``repeated`` tells every run that stands twice, of which
    ``frame`` has the first. ``remarks`` say what the reading took for granted.
    """

    files: tuple[str, ...]
    frame: pd.DataFrame
    digits: Mapping[str, int]
    repeated: tuple[str, ...]
    remarks: tuple[str, ...]


def read_results(paths: Sequence[Path]) -> Published:
    """The results in the files at ``paths``: layer cuts where all end in ``.json``, tables where all end in ``.csv``.

    Raises:
        DataFault: no file, or files of both kinds or another, or of layer scores; or every fault of every file, each
            with its place.
    """
    endings = {path.suffix.lower() for path in paths}
    if endings == {".json"}:
        return _layer_cuts(paths)
    if endings == {".csv"}:
        return _tables(tuple(path.name for path in paths), read_lines(paths))
    listed = ", ".join(str(path) for path in paths) or "none"
    raise DataFault(f"an audit reads files that all end in .csv, or that all end in .json (got {listed})")


def _layer_cuts(paths: Sequence[Path]) -> Published:
    if scores := [path.name for path in paths if _has_layer_scores(path)]:
        what = "is a file of layer scores" if len(scores) == 1 else "are files of layer scores"
        raise DataFault(
            f"{', '.join(scores)} {what}, not of accuracies: it says nothing of arms that an audit could compare; give "
            "layer-cut files (cuts_*.json, baselines_*.json)"
        )
    read = read_layer_cuts(paths)
    digits = {column: digits_of(map(repr, read.frame[column])) for column in ("score", "train_score")}
    return Published(read.names, read.frame, digits, (), read.remarks)


def _has_layer_scores(path: Path) -> bool:
    """True where the entries at ``path`` are those of a ``*_cluster.json``: a layer each, and no cut."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    entries = content if isinstance(content, list) else []
    return bool(entries) and all(isinstance(entry, dict) and "Layer" in entry for entry in entries)


def _tables(files: tuple[str, ...], read: Lines) -> Published:
    first: dict[tuple[str, float, int], Line] = {}
    repeated = []
    for line in read.lines:
        kept = first.setdefault(_cell(line), line)
        if kept is not line:
            repeated.append(_twice(kept, line))
    rows = [_row(cell, line, read.whole) for cell, line in first.items()]
    without = [line.place for line in first.values() if line.accuracy("accuracy") is None]
    left_out = [f"Runs without an accuracy are left out: {'; '.join(without)}."] if without else []
    return Published(
        files=files,
        frame=frame_of(rows),
        digits={score: _digits(read, column) for column, score in ACCURACIES.items()},
        repeated=tuple(repeated),
        remarks=(*read.remarks, *left_out),
    )


def _cell(line: Line) -> tuple[str, float, int]:
    return line.cells["arm"], float(line.cells.get("share", 1)), int(line.cells["seed"])


def _row(cell: tuple[str, float, int], line: Line, whole: float) -> dict[str, object]:
    arm, share, seed = cell
    told = {score: line.accuracy(column) for column, score in ACCURACIES.items()}
    figures = {score: figure / whole for score, figure in told.items() if figure is not None}
    items = line.cells.get("n_test")
    return {
        "arm": arm,
        "names": arm,
        "share": share,
        "seed": seed,
        "status": "finished" if "score" in figures else "failed",
        "accuracy": figures.get("score"),
        **figures,
        **({"n_test": int(items)} if items else {}),
    }


def _twice(kept: Line, again: Line) -> str:
    same = all(kept.accuracy(column) == again.accuracy(column) for column in ACCURACIES)
    accuracies = f"{kept.cells['accuracy']} and then {again.cells['accuracy']}"
    told = "with equal figures" if same else f"with other figures (accuracy {accuracies}); the first is taken"
    return f"{kept.cells['arm']}, seed {kept.cells['seed']}: {kept.place} and again {again.place}, {told}"


def _digits(read: Lines, column: str) -> int:
    """The digits after the point of an accuracy from 0 to 1: two more than are printed where all are per cent."""
    texts = [line.cells.get(column, "") for line in read.lines]
    printed = digits_of(text for text in texts if text.lower() not in MISSING)
    return printed + 2 if read.whole > 1 else printed
