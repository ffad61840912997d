"""The published layer-cut files, read as a tidy table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from frostline.analysis.layer_cut_files import BASELINE, FATE_KEYS, CutFile, got, read_cut_file, short
from frostline.analysis.table import CutPoint, frame_of
from frostline.errors import DataFault
from frostline.spec.surgery import Fate, Surgery

SOFTMAX_ON_PIXELS = "softmax on pixels"
"""The arm of the published "FT, cut 0", which removes every layer and is therefore no surgery."""

FAMILY_NAMES = {
    (Fate.FROZEN, Fate.RESET): "FR",
    (Fate.FROZEN, Fate.TUNED): "F",
    (Fate.FROZEN, Fate.REMOVED): "FT",
    (Fate.TUNED, Fate.RESET): "R",
    (Fate.TUNED, Fate.REMOVED): "T",
}


@dataclass(frozen=True)
class LayerCuts:
    """What published files say: their table, where each arm stands among the cuts, their settings, and remarks.

    ``config`` holds what all files agree on; ``frame`` has the columns of a study's table, repeats as seeds.
    """

    names: tuple[str, ...]
    config: Mapping[str, object]
    frame: pd.DataFrame
    points: tuple[CutPoint, ...]
    remarks: tuple[str, ...]


def read_layer_cuts(paths: Sequence[Path]) -> LayerCuts:
    """The published files at ``paths`` as one table; a treatment in several files with equal figures stands there once.

    Raises:
        DataFault: every fault of every file with its entry, its key, what was got and what would be right; or files
            that do not belong to one study.
    """
    files: list[CutFile] = []
    faults: list[str] = []
    for path in paths:
        file, wrong = read_cut_file(path)
        faults += wrong
        if file is not None:
            files.append(file)
    faults = faults or _strangers(files)
    rows, clashes = _rows(files) if not faults else ({}, [])
    if faults := faults + clashes:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise DataFault("\n  ".join([f"the layer-cut files have {count}:", *faults]))
    return LayerCuts(
        names=tuple(file.name for file in files),
        config={key: value for key, value in files[0].config.items() if key not in FATE_KEYS},
        frame=frame_of(list(rows.values())),
        points=tuple(dict.fromkeys(_points(files))),
        remarks=tuple(_remarks(files)),
    )


def _strangers(files: Sequence[CutFile]) -> list[str]:
    """Why ``files`` are not of one study: settings that differ, or several learning rates."""
    first, faults = files[0], []
    for other in files[1:]:
        for key in sorted((first.config.keys() | other.config.keys()) - set(FATE_KEYS)):
            if first.config.get(key) != other.config.get(key):
                faults.append(
                    f"{other.name}, configuration, {key}: {got(other.config, key)}, but {first.name} has "
                    f"{short(first.config.get(key))}; expected files of one study"
                )
    rates = {rate: file.name for file in files for rate in {entry["lr"] for entry in file.entries}}
    if len(rates) > 1:
        listed = ", ".join(f"{rate:g} ({name})" for rate, name in sorted(rates.items()))
        faults.append(f"lr: got {len(rates)} values, {listed}; expected one, as the table has no column for it")
    return faults


def _arm(file: CutFile, cut: int) -> tuple[str, str, Surgery | None]:
    """The arm at ``cut``, the name it goes by in ``file``, and its surgery, if it is one."""
    if cut == BASELINE:
        scratch = Surgery.cut(0, file.depth, Fate.FROZEN, Fate.RESET)
        return str(scratch), "scratch", scratch
    below, above = file.fates
    name = f"{FAMILY_NAMES[below, above]} cut {cut}"
    if cut == 0 and above is Fate.REMOVED:
        return SOFTMAX_ON_PIXELS, name, None
    surgery = Surgery.cut(cut, file.depth, below, above)
    return str(surgery), name, surgery


def _rows(files: Sequence[CutFile]) -> tuple[dict[tuple[str, float, int], dict[str, object]], list[str]]:
    """One row for each arm, share and repeat; and every cell that has two different contents."""
    rows: dict[tuple[str, float, int], dict[str, object]] = {}
    names: dict[str, dict[str, None]] = {}
    clashes = []
    for file in files:
        for number, entry in enumerate(file.entries, start=1):
            arm, name, surgery = _arm(file, int(entry["sampled_cut_point"]))
            share, repeat = float(entry["sampled_percentage"]), int(entry["repeat"])
            names.setdefault(arm, {})[name] = None
            row = _row(arm, surgery, entry)
            known = rows.setdefault((arm, share, repeat), row)
            if known != row:
                clashes.append(
                    f"{file.name}, entry {number}, test_acc: got {entry['test_acc']}, but the same treatment ({arm}, "
                    f"{share:g}, repeat {repeat}) was read before with {known['score']}; expected equal figures"
                )
    for row in rows.values():
        row["names"] = " = ".join(names[str(row["arm"])])
    return rows, clashes


def _row(arm: str, surgery: Surgery | None, entry: Mapping[str, float]) -> dict[str, object]:
    return {
        "arm": arm,
        "frozen_depth": 0 if surgery is None else surgery.frozen_depth,
        "kept": 0 if surgery is None else surgery.kept,
        "share": float(entry["sampled_percentage"]),
        "seed": int(entry["repeat"]),
        "status": "finished",
        "accuracy": float(entry["test_acc"]),
        "score": float(entry["test_acc"]),
        "train_score": float(entry["train_acc"]),
    }


def _points(files: Sequence[CutFile]) -> Iterator[CutPoint]:
    for file in files:
        for cut in sorted({int(entry["sampled_cut_point"]) for entry in file.entries} - {BASELINE}):
            arm, name, _ = _arm(file, cut)
            yield CutPoint(name.removesuffix(f" cut {cut}"), cut, arm)


def _remarks(files: Sequence[CutFile]) -> Iterator[str]:
    yield "The files name no dataset, and no sizes of its parts; only their classes were compared."
    yield "The files hold no plan: what was never run, or failed, cannot be told from them."
    yield "Repeats are paired by their number, as if repeat 0 of one arm drew the same items as repeat 0 of another."
    if any(_arm(file, int(entry["sampled_cut_point"]))[2] is None for file in files for entry in file.entries):
        yield f"Truncation at cut 0 removes every layer; it is known here only by the name {SOFTMAX_ON_PIXELS!r}."
