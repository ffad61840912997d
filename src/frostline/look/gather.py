"""What reading a dataset gives, with what a person wants to know of it: files, faults, place and time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from frostline.catalog import LeftOut
from frostline.data.cache import cache_folder
from frostline.data.download import find
from frostline.data.read import decoded, read
from frostline.data.samples import Collection, Corpus
from frostline.progress import FileProgress
from frostline.spec.reading import Reading

LISTED = 50
"""So many of the files that were left out are told by name."""


@dataclass(frozen=True, eq=False)
class Gathered:
    """A dataset, whole, how many planes the cache has gained by reading it, and how long that took."""

    reading: Reading
    whole: Corpus | Collection
    gained: int
    seconds: float


def gather(reading: Reading, console: Console) -> Gathered:
    """The dataset of ``reading``; files that are not in the cache yet are decoded, with their progress on ``console``.

    Raises:
        DataFault: its files are missing, damaged, or hold something else than the card says.
    """
    began = time.perf_counter()
    if reading.card.kind == "planes":
        return Gathered(reading, read(reading), 0, time.perf_counter() - began)
    before = _planes_kept()
    with FileProgress(reading.name, console) as progress:
        whole = decoded(reading, progress.note)
    return Gathered(reading, whole, _planes_kept() - before, time.perf_counter() - began)


def told(gathered: Gathered) -> str:
    """What of the dataset can be used, what was left out and why, where it lies, and what was computed just now."""
    reading, whole = gathered.reading, gathered.whole
    if isinstance(whole, Corpus):
        folder = find(reading.card) if reading.card.files else "scikit-learn"
        checked = f"checked in {gathered.seconds:.1f} s"
        return f"{reading}: {len(whole.train):,} + {len(whole.test):,} items, {checked}\n  from {folder}"
    usable = len(whole.samples)
    lost = sum(out.lost for out in whole.left_out)
    beside = sum(not out.lost for out in whole.left_out)
    others = f"; {beside} that lie beside them are not read" if beside else ""
    new = f"{gathered.gained:,} files new in it" if gathered.gained else "nothing new in it, nothing was computed"
    lines = [
        f"{reading}: {usable:,} of {usable + lost:,} files can be used, {lost:,} cannot{others}",
        *told_left_out(whole.left_out),
        *whole.notes,
        f"from {files_folder(reading)}",
        f"cache {cache_folder() / 'planes'}: {new}, {gathered.seconds:.1f} s",
    ]
    return "\n  ".join(lines)


def told_left_out(left_out: Sequence[LeftOut]) -> list[str]:
    """A line for each file that was left out, with its reason: the first fifty of them and how many more there are."""
    lines = [out.reason if out.file in out.reason else f"{out.file}: {out.reason}" for out in left_out[:LISTED]]
    more = len(left_out) - LISTED
    return [*lines, *([f"and {more} more"] if more > 0 else [])]


def files_folder(reading: Reading) -> Path:
    """The folder that the files of a dataset's listing are relative to."""
    if reading.path is None:
        return find(reading.card)
    path = Path(reading.path).absolute()
    return path if path.is_dir() else path.parent


def _planes_kept() -> int:
    """How many files the cache of planes holds."""
    return sum(1 for _ in (cache_folder() / "planes").glob("??/*.npy"))
