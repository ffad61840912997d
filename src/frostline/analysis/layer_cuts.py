"""The published layer-cut files (``cuts_*.json``, ``baselines_*.json``), read as a tidy table and written from one.

A file is a list: first the configuration, then one entry a trained model with ``lr, sampled_percentage,
sampled_cut_point (-1 = baseline), repeat, train_acc, test_acc``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pandas as pd

from frostline.analysis.table import CutPoint, frame_of
from frostline.errors import DataFault, nearest
from frostline.spec.surgery import Fate, Surgery

SOFTMAX_ON_PIXELS = "softmax on pixels"
"""The arm of the published "FT, cut 0", which removes every layer and is therefore no surgery."""

BASELINE = -1
FAMILY_NAMES = {
    (Fate.FROZEN, Fate.RESET): "FR",
    (Fate.FROZEN, Fate.TUNED): "F",
    (Fate.FROZEN, Fate.REMOVED): "FT",
    (Fate.TUNED, Fate.RESET): "R",
    (Fate.TUNED, Fate.REMOVED): "T",
}
FATE_KEYS = ("freeze", "reinit", "truncate")
ENTRY_KEYS = {
    "lr": (float, "a number above 0"),
    "sampled_percentage": (float, "a number above 0, at most 1"),
    "sampled_cut_point": (int, "a whole number from -1 to depth"),
    "repeat": (int, "a whole number from 0"),
    "train_acc": (float, "a number from 0 to 1"),
    "test_acc": (float, "a number from 0 to 1"),
}


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a file: in which entry (0 is the configuration), under which key, and what."""

    entry: int
    key: str
    message: str


@dataclass(frozen=True)
class CutFile:
    """One file as read: its name, its configuration, and its entries."""

    name: str
    config: Mapping[str, object]
    entries: tuple[Mapping[str, float], ...]

    @property
    def depth(self) -> int:
        """How many layers the network has."""
        return int(str(self.config["depth"]))

    @property
    def fates(self) -> tuple[Fate, Fate]:
        """The fates below and above the cut, by the configuration's flags."""
        above = Fate.REMOVED if self.config.get("truncate") else Fate.RESET if self.config.get("reinit") else Fate.TUNED
        return Fate.FROZEN if self.config.get("freeze") else Fate.TUNED, above


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
    """The published files at ``paths`` as one table; a treatment that stands in several files with equal figures is one.

    Raises:
        DataFault: every fault of every file with its entry, its key, what was got and what would be right; or files
            that do not belong to one study.
    """
    files, faults = [], []
    for path in paths:
        read, wrong = _read(path)
        files.append(read)
        faults += [f"{path.name}, {line}" for line in _told(wrong)]
    faults += _strangers([file for file in files if file is not None]) if not faults else []
    good = [file for file in files if file is not None]
    rows, clashes = _rows(good) if not faults else ({}, [])
    if faults + clashes:
        count = len(faults + clashes)
        raise DataFault("\n  ".join([f"the layer-cut files have {count} fault{'s' * (count > 1)}:", *faults, *clashes]))
    return LayerCuts(
        names=tuple(file.name for file in good),
        config={key: value for key, value in good[0].config.items() if key not in FATE_KEYS},
        frame=frame_of(list(rows.values())),
        points=tuple(dict.fromkeys(_points(good))),
        remarks=tuple(_remarks(good)),
    )


def _read(path: Path) -> tuple[CutFile | None, list[Fault]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return None, [Fault(0, "", f"cannot be read ({error.strerror}); give the path of a file of layer cuts")]
    except ValueError as error:
        return None, [Fault(0, "", f"is not JSON ({error}); expected a list that starts with a configuration")]
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content) or len(content) < 2:
        return None, [Fault(0, "", f"got {_short(content)}, expected a configuration and entries, each with named values")]
    config, entries = content[0], content[1:]
    faults = list(_config_faults(config, entries))
    depth = config["depth"] if _fits(config.get("depth"), int) else 0
    for number, entry in enumerate(entries, start=1):
        faults += _entry_faults(number, entry, depth)
    return (None, faults) if faults else (CutFile(path.name, config, tuple(entries)), [])


def _config_faults(config: Mapping[str, object], entries: Sequence[Mapping[str, object]]) -> Iterator[Fault]:
    if not _fits(config.get("depth"), int) or int(str(config["depth"])) < 1:
        yield Fault(0, "depth", f"{_got(config, 'depth')}, expected a whole number from 1")
    if all(entry.get("sampled_cut_point") == BASELINE for entry in entries):
        return
    wrong = [key for key in FATE_KEYS if key in config or key != "truncate" if not isinstance(config.get(key), bool)]
    yield from (Fault(0, key, f"{_got(config, key)}, expected true or false") for key in wrong)
    if not wrong and not any(config.get(key) for key in FATE_KEYS):
        yield Fault(0, "freeze", "got false, as reinit and truncate, so that the cut has no effect; expected one true")


def _entry_faults(number: int, entry: Mapping[str, object], depth: int) -> Iterator[Fault]:
    for key, (kind, expected) in ENTRY_KEYS.items():
        value = entry.get(key)
        if not _fits(value, kind) or not _in_range(key, float(str(value)), depth):
            yield Fault(number, key, f"{_got(entry, key)}, expected {expected.replace('depth', str(depth))}")
    for key in sorted(entry.keys() - ENTRY_KEYS.keys()):
        yield Fault(number, key, f"unknown key{nearest(key, ENTRY_KEYS)}; expected {', '.join(ENTRY_KEYS)}")


def _fits(value: object, kind: type) -> bool:
    return isinstance(value, int if kind is int else (int, float)) and not isinstance(value, bool)


def _in_range(key: str, value: float, depth: int) -> bool:
    match key:
        case "lr":
            return 0 < value < float("inf")
        case "sampled_percentage":
            return 0 < value <= 1
        case "sampled_cut_point":
            return BASELINE <= value <= depth or depth < 1
        case "repeat":
            return value >= 0
        case _:
            return 0 <= value <= 1


def _got(entry: Mapping[str, object], key: str) -> str:
    return f"got {_short(entry[key])}" if key in entry else "is missing"


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _told(faults: Iterable[Fault]) -> list[str]:
    """One line for each different fault, with all entries that have it."""
    entries: dict[tuple[str, str], list[int]] = {}
    for fault in faults:
        entries.setdefault((fault.key, fault.message), []).append(fault.entry)
    return [
        (f"{_ranges(numbers)}, {key}: " if key else f"{_ranges(numbers)}: ") + message
        for (key, message), numbers in entries.items()
    ]


def _ranges(numbers: Sequence[int]) -> str:
    """``entry 4``, ``entries 1-3, 7``, or ``configuration`` for entry 0."""
    if numbers[0] == 0:
        return "configuration"
    runs = [[n for _, n in run] for _, run in groupby(enumerate(sorted(numbers)), key=lambda pair: pair[1] - pair[0])]
    text = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    return f"entry {text}" if len(numbers) == 1 else f"entries {text}"


def _strangers(files: Sequence[CutFile]) -> list[str]:
    """Why ``files`` are not of one study: settings that differ, or several learning rates."""
    first, faults = files[0], []
    for other in files[1:]:
        for key in sorted((first.config.keys() | other.config.keys()) - set(FATE_KEYS)):
            if first.config.get(key) != other.config.get(key):
                faults.append(
                    f"{other.name}, configuration, {key}: {_got(other.config, key)}, but {first.name} has "
                    f"{_short(first.config.get(key))}; expected files of one study"
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
                    f"{share:g}, repeat {repeat}) was read before with {known['accuracy']}; expected equal figures"
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
        "train_accuracy": float(entry["train_acc"]),
    }


def _points(files: Sequence[CutFile]) -> Iterator[CutPoint]:
    for file in files:
        for cut in sorted({int(entry["sampled_cut_point"]) for entry in file.entries} - {BASELINE}):
            arm, name, _ = _arm(file, cut)
            yield CutPoint(name.removesuffix(f" cut {cut}"), cut, arm)


def _remarks(files: Sequence[CutFile]) -> Iterator[str]:
    yield "The files hold no plan: what was never run, or failed, cannot be told from them."
    yield "Repeats are paired by their number, as if repeat 0 of one arm drew the same items as repeat 0 of another."
    if any(file.config.get("truncate") and 0 in {entry["sampled_cut_point"] for entry in file.entries} for file in files):
        yield f"Truncation at cut 0 removes every layer; it is known here only by the name {SOFTMAX_ON_PIXELS!r}."
