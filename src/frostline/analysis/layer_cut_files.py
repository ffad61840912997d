"""The shape of one published layer-cut file (``cuts_*.json``, ``baselines_*.json``), and every way to miss it.

A file is a list: first the configuration, then one entry a trained model with ``lr, sampled_percentage,
sampled_cut_point (-1 = baseline), repeat, train_acc, test_acc``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from frostline.errors import nearest
from frostline.spec.surgery import Fate

BASELINE = -1
FATE_KEYS = ("freeze", "reinit", "truncate")
ENTRY_KEYS = {
    "lr": (float, "a number above 0"),
    "sampled_percentage": (float, "a number above 0, at most 1"),
    "sampled_cut_point": (int, "a whole number from -1 to the depth"),
    "repeat": (int, "a whole number from 0 of at most 18 digits"),
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


def read_cut_file(path: Path) -> tuple[CutFile | None, list[str]]:
    """The file at ``path``, or every fault of it, each with the entries that have it."""
    file, faults = _read(path)
    return file, [f"{path.name}, {line}" for line in _told(faults)]


def _read(path: Path) -> tuple[CutFile | None, list[Fault]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return None, [Fault(0, "", f"cannot be read ({error.strerror}); give the path of a file of layer cuts")]
    except ValueError as error:
        return None, [Fault(0, "", f"is not JSON ({error}); expected a list that starts with a configuration")]
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content) or len(content) < 2:
        return None, [Fault(0, "", f"got {short(content)}, expected a list of a configuration and entries by key")]
    config, entries = content[0], content[1:]
    faults = list(_config_faults(config, entries))
    depth = config["depth"] if _fits(config.get("depth"), int) else 0
    for number, entry in enumerate(entries, start=1):
        faults += _entry_faults(number, entry, depth)
    return (None, faults) if faults else (CutFile(path.name, config, tuple(entries)), [])


def _config_faults(config: Mapping[str, object], entries: Sequence[Mapping[str, object]]) -> Iterator[Fault]:
    if not _fits(config.get("depth"), int) or int(str(config["depth"])) < 1:
        yield Fault(0, "depth", f"{got(config, 'depth')}, expected a whole number from 1")
    if all(entry.get("sampled_cut_point") == BASELINE for entry in entries):
        return
    wrong = [key for key in FATE_KEYS if key in config or key != "truncate" if not isinstance(config.get(key), bool)]
    yield from (Fault(0, key, f"{got(config, key)}, expected true or false") for key in wrong)
    if not wrong and not any(config.get(key) for key in FATE_KEYS):
        yield Fault(0, "freeze", "got false, as reinit and truncate, so that the cut has no effect; expected one true")


MOST_REPEATS = 10**18
"""A repeat has at most 18 digits, as a seed has."""


def _entry_faults(number: int, entry: Mapping[str, object], depth: int) -> Iterator[Fault]:
    for key, (kind, expected) in ENTRY_KEYS.items():
        value = entry.get(key)
        if not _fits(value, kind) or not _in_range(key, float(str(value)), depth):
            yield Fault(number, key, f"{got(entry, key)}, expected {expected}")
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
            return 0 <= value < MOST_REPEATS
        case _:
            return 0 <= value <= 1


def got(entry: Mapping[str, object], key: str) -> str:
    """What ``entry`` has under ``key``, in words."""
    return f"got {short(entry[key])}" if key in entry else "is missing"


def short(value: object) -> str:
    """``value`` as it stands in a file, cut off where it is long."""
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
