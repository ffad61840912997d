"""Every error that a user can cause, drawn as a tree.

FrostlineError
├── StudyFaults      the study file has faults: all of them, with line, key, got, expected
├── PlanRefused      the study reads well but cannot be carried out as written
├── UnknownName      a name that no catalogue knows: the nearest and the full list
├── DataFault        a data file is missing, damaged, changed or cannot be fetched
├── WeightsFault     a weights file does not fit, or may not be opened
├── LeakFound        an item would be seen on both sides of a split, or a start has seen the test part
├── FreezeBroken     after training, a layer is not what its fate says
├── TrainingDiverged the loss stopped being a number
├── GeneratorFailed  a generator of synthetic items has learned nothing that could be trained on
├── BatchTooSmall    a batch norm has a single number to learn from
├── OutOfMemory      a batch did not fit in memory: the text names the parts that would
├── StoreBusy        another process is working on this study folder
└── StoreMismatch    the study folder was written with other data, weights or by another version
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class FrostlineError(Exception):
    """What went wrong, where, what was got and what would be right, as one text for people."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a study file: the line it stands in (if known), its key, and what would be right."""

    key: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        place = f"line {self.line:<3d}" if self.line is not None else " " * 8
        return f"  {place} {self.key}: {self.message}" if self.key else f"  {place} {self.message}"


class StudyFaults(FrostlineError):
    """The study file has faults; ``faults`` holds all of them in the order of their lines."""

    def __init__(self, path: str, faults: Sequence[Fault]) -> None:
        self.path = path
        self.faults = tuple(sorted(faults, key=lambda fault: fault.line or 0))
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__("\n".join([f"{path} has {count}:", *map(str, self.faults)]))


class PlanRefused(FrostlineError):
    """The study reads well but cannot be carried out as written; the text names every reason and its remedy."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        count = "1 reason" if len(reasons) == 1 else f"{len(reasons)} reasons"
        super().__init__("\n".join([f"the plan is refused for {count}:", *(f"  {r}" for r in reasons)]))


class UnknownName(FrostlineError):
    """A name that no catalogue knows; the text has the nearest name and the full list."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        super().__init__(f"no {kind} is called {name!r}{nearest(name, known)}; known: {', '.join(sorted(known))}")


class DataFault(FrostlineError):
    """A data file is missing, damaged, changed or cannot be fetched; nothing half-written is left behind."""


class WeightsFault(FrostlineError):
    """A weights file does not fit the network, or is a kind of file that may not be opened."""


class LeakFound(FrostlineError):
    """An item stands on both sides of a split, or a start was trained on an item of the test part."""


class FreezeBroken(FrostlineError):
    """After training, a frozen layer moved, a reset layer kept its start, or the donor was changed."""


class TrainingDiverged(FrostlineError):
    """The loss stopped being a number; the text names the step and the rate."""


class GeneratorFailed(FrostlineError):
    """A generator of synthetic items has collapsed, lost against its critic or cannot be trained; the text says why."""


class BatchTooSmall(FrostlineError):
    """A batch norm has a single number a channel to learn from; the text names the batch and the remedy."""


class OutOfMemory(FrostlineError):
    """A batch did not fit in memory; the text names the batch and the parts that would fit."""


class NotCompiled(FrostlineError):
    """A training step that should be compiled could not be; the text names the reason and how to do without."""


class ActivationsFault(FrostlineError):
    """What frozen layers give could not be kept on disk; the text names the file and the remedy."""


class StoreBusy(FrostlineError):
    """Another process is working on this study folder."""


class StoreMismatch(FrostlineError):
    """The study folder was written with other data or by another version; nothing is mixed."""


def nearest(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the known name closest to ``name``, or nothing where none is close."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
