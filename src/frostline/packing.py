"""What a study has come to as one file, for somebody who has neither the study folder nor the data."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from frostline.analysis.racing import stopped_by_race
from frostline.errors import DataFault
from frostline.outcome import Failed
from frostline.report.freshness import fresh_table
from frostline.shelf import Shelf
from frostline.spec.plan import Plan
from frostline.spec.study import Study
from frostline.store import read_outcomes
from frostline.whole_files import on_disk, replace_whole

PAGE = "report.html"
TABLE = "table.parquet"
TABLES = ("*.csv", "*.parquet", "*.json")
FIGURES = ("figures/*",)
GENERATORS = tuple(
    f"generators/*/{name}" for name in ("generator.safetensors", "critic.safetensors", "record.json", "*.csv", "*.png")
)
NOT_KEPT = "the study keeps only those that others start from; write keep: best and run it"
FAILED = "these failed; `frostline run` tries them again"
RULED_OUT = "these are not run, for the race ruled out their arms"
GONE = "these have finished, but their weights are not there; run the study"
UNFINISHED = "these have not finished; run the study"
PACKED_ALREADY = (".safetensors", ".parquet", ".png")
"""What does not get smaller by much, and would take long."""


@dataclass(frozen=True)
class Part:
    """Some files of a study folder, what they are called together, and a sentence for each kind that is not there."""

    name: str
    files: tuple[Path, ...]
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True)
class Packed:
    """The file that was written, how many files of each kind are in it, and a sentence for all that is not there."""

    path: Path
    counts: tuple[tuple[str, int], ...]
    lacking: tuple[str, ...]

    def __str__(self) -> str:
        """Where it lies, how large it is, what is in it, and what is not."""
        told = ", ".join(f"{name} {count}" for name, count in self.counts if count)
        megabytes = self.path.stat().st_size / 1e6
        return "\n".join(
            [f"wrote {self.path} ({megabytes:.3g} MB): {told}", *(f"not in it: {s}" for s in self.lacking)]
        )


def pack(study: Study, plan: Plan, file: Path, folder: Path) -> Packed:
    """The file ``NAME.zip`` beside the study ``folder`` NAME: the study's ``file``, page, tables, figures, weights.

    It is written whole or not at all, and takes the place of a former one. ``folder`` stays as it is.

    Raises:
        DataFault: the folder is missing or holds nothing of a study, its page and tables are of another state of the
            study than its store, or the file cannot be written.
    """
    if not folder.is_dir():
        raise DataFault(f"there is no folder {folder}; run the study first, or name its folder with --to")
    parts = parts_of(study, plan, folder)
    if (folder / TABLE).is_file():
        fresh_table(folder / TABLE)
    if not any(part.files for part in parts):
        raise DataFault(
            f"{folder} holds no page, tables, figures or weights; run the study, or name its folder by --to"
        )
    target = folder.parent / f"{folder.resolve().name}.zip"
    try:
        replace_whole(target, partial(_write, file=file, folder=folder, parts=parts))
    except OSError as error:
        raise DataFault(f"cannot write {target}: {error.strerror or error}; nothing was written") from None
    counts = (("study file", 1), *((part.name, len(part.files)) for part in parts))
    return Packed(target, counts, tuple(told for part in parts for told in part.lacking))


def parts_of(study: Study, plan: Plan, folder: Path) -> tuple[Part, ...]:
    """What of ``folder`` goes into the file, in its order; weights are those of the trials of ``plan``."""
    page, tables, figures = _found(folder, (PAGE,)), _found(folder, TABLES), _found(folder, FIGURES)
    again = "`frostline report` writes what is finished"
    parts = [
        Part("page", page, () if page else (f"the page; {again}",)),
        Part("tables", tables, () if tables else (f"tables; {again}",)),
        Part("figures", figures, () if figures else (f"figures; {again}",)),
        _weights(study, plan, Shelf(folder)),
    ]
    if any(trial.made is not None for trial in plan.trials):
        made = _found(folder, GENERATORS)
        parts.append(Part("files of generators", made, () if made else ("generators; none has been trained yet",)))
    return tuple(parts)


def _weights(study: Study, plan: Plan, shelf: Shelf) -> Part:
    """The weights of the trials of ``plan`` with their checkpoints, and of how many trials there are none, and why."""
    best = [path for trial in plan.trials if (path := shelf.weights_path(trial.key)).is_file()]
    steps = [path for trial in plan.trials for path in shelf.checkpoints(trial.key).values()]
    missing = [trial.key for trial in plan.trials if not shelf.weights_path(trial.key).is_file()]
    reasons = Counter(_reasons(study, plan, shelf.folder, missing))
    told = [f"weights of {count} of {len(plan.trials)} trials; {why}" for why, count in sorted(reasons.items())]
    return Part("weights", (*best, *steps), tuple(told))


def _reasons(study: Study, plan: Plan, folder: Path, missing: Sequence[str]) -> Iterator[str]:
    """Why there are no weights of each of the trials with the keys ``missing``, and what to do."""
    outcomes = read_outcomes(folder)
    never = stopped_by_race(study, plan, outcomes)
    for key in missing:
        if study.keep == "none" and key not in plan.starts:
            yield NOT_KEPT
        elif isinstance(outcomes.get(key), Failed):
            yield FAILED
        else:
            yield RULED_OUT if key in never else GONE if key in outcomes else UNFINISHED


def _found(folder: Path, patterns: Sequence[str]) -> tuple[Path, ...]:
    """The files of ``folder`` that fit ``patterns``, but for those whose names begin with a dot."""
    found = {path for pattern in patterns for path in folder.glob(pattern)}
    return tuple(sorted(path for path in found if path.is_file() and not path.name.startswith(".")))


def _write(target: Path, file: Path, folder: Path, parts: Sequence[Part]) -> None:
    """All files of ``parts`` in an archive at ``target``, in a folder called as ``folder``, and on the disk."""
    home = folder.resolve().name
    with zipfile.ZipFile(target, "w", strict_timestamps=False) as archive:
        for path, name in [(file, file.name), *((path, path.relative_to(folder)) for p in parts for path in p.files)]:
            packed = path.suffix in PACKED_ALREADY
            archive.write(path, f"{home}/{name}", zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED)
    on_disk(target)
