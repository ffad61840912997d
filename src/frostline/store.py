"""Outcomes, predictions and weights of a study, on disk: one SQLite file with one writer, and files by key.

| where | what |
|---|---|
| ``study.sqlite`` | outcomes and the trials they belong to; facts that must not change between runs |
| ``weights/KEY.safetensors`` | the best weights of a trial, ``weights/KEY/step-000100.safetensors`` its checkpoints |
| ``predictions/KEY.npz`` | ids, targets and logits of the test items; ids, groups and contents the trial learned from |
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter

from frostline.errors import StoreBusy, StoreMismatch
from frostline.outcome import Failed, Finished, Outcome
from frostline.spec.trial import Trial

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

T = TypeVar("T")
LAYOUT = 1
PARTIAL = ".partial-"
"""How the temporary names begin under which files are written; what a killed process left of them is removed."""
SCHEMA = """
create table outcomes (key text primary key, status text not null, trial text not null, outcome text not null);
create table facts (name text primary key, value text not null);
"""
OUTCOME: TypeAdapter[Finished | Failed] = TypeAdapter(Outcome)


class Store:
    """The one writer of a study folder; a second one is refused while this one is open.

    Raises:
        StoreBusy: another process has the folder.
        StoreMismatch: the folder was laid out by another version.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreMismatch(
                f"{folder} cannot be a study folder ({error.strerror}); name another with --to"
            ) from None
        self.folder = folder
        self._lock = _locked(folder / "lock")
        for leftover in folder.rglob(f"{PARTIAL}*"):
            leftover.unlink(missing_ok=True)
        try:
            self._database = _opened(folder / "study.sqlite")
        except BaseException:
            self._lock.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
        self._lock.close()

    def append(self, trial: Trial, outcome: Finished | Failed) -> None:
        """Keeps ``outcome`` in one transaction; it replaces an earlier one of the same trial."""
        self.append_all([(trial, outcome)])

    def append_all(self, several: Sequence[tuple[Trial, Finished | Failed]]) -> None:
        """Keeps the outcomes of ``several`` trials, all or none, in one transaction."""
        rows = [
            (trial.key, outcome.status, trial.model_dump_json(exclude_defaults=True), outcome.model_dump_json())
            for trial, outcome in several
        ]
        with self._database:
            self._database.executemany("insert or replace into outcomes values (?, ?, ?, ?)", rows)

    def outcomes(self) -> dict[str, Finished | Failed]:
        """Every kept outcome, by the key of its trial."""
        return _outcomes(self._database)

    def hold(self, facts: Mapping[str, str], remedy: str) -> None:
        """Keeps ``facts`` that are new.

        Raises:
            StoreMismatch: a fact differs from the kept one; names each with both values.
        """
        kept = _facts(self._database)
        changed = [
            f"{name} was {kept[name]}, is now {value}"
            for name, value in facts.items()
            if kept.setdefault(name, value) != value
        ]
        if changed:
            raise StoreMismatch(
                f"{self.folder} holds outcomes of something else, and nothing is mixed:\n  "
                + "\n  ".join(changed)
                + f"\n  {remedy}"
            )
        with self._database:
            self._database.executemany("insert or ignore into facts values (?, ?)", facts.items())

    def fact(self, name: str) -> str | None:
        """The kept fact called ``name``, or None."""
        row = self._database.execute("select value from facts where name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])


def read_outcomes(folder: Path) -> dict[str, Finished | Failed]:
    """Every outcome kept in ``folder``, by key, read beside a writer at work; none where nothing was run there."""
    return _read(folder, _outcomes)


def read_facts(folder: Path) -> dict[str, str]:
    """Every fact kept in ``folder``, by name, read beside a writer at work; none where nothing was run there."""
    return _read(folder, _facts)


def _read(folder: Path, what: Callable[[sqlite3.Connection], dict[str, T]]) -> dict[str, T]:
    path = folder / "study.sqlite"
    if not path.exists():
        return {}
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=30)) as database:
            if database.execute("pragma user_version").fetchone()[0] == 0:
                return {}
            _check_layout(database, path)
            return what(database)
    except sqlite3.DatabaseError as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: sqlite3.DatabaseError) -> StoreMismatch:
    return StoreMismatch(f"{path} is not a study's database or is damaged ({error}); move it away")


def _outcomes(database: sqlite3.Connection) -> dict[str, Finished | Failed]:
    rows = database.execute("select key, outcome from outcomes")
    return {key: OUTCOME.validate_json(text) for key, text in rows}


def _facts(database: sqlite3.Connection) -> dict[str, str]:
    return dict(database.execute("select name, value from facts"))


def _locked(path: Path) -> IO[str]:
    lock = path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise StoreBusy(
            f"another process (pid {holder}) is working on {path.parent}; wait for it, stop it, or name another folder"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=30)
    try:
        database.execute("pragma journal_mode = delete")
        if database.execute("pragma user_version").fetchone()[0] == 0:
            with database:
                database.executescript(f"begin; {SCHEMA} pragma user_version = {LAYOUT}; commit;")
        _check_layout(database, path)
    except sqlite3.DatabaseError as error:
        database.close()
        raise _damaged(path, error) from None
    except StoreMismatch:
        database.close()
        raise
    return database


def _check_layout(database: sqlite3.Connection, path: Path) -> None:
    layout = database.execute("pragma user_version").fetchone()[0]
    if layout != LAYOUT:
        raise StoreMismatch(f"{path} has layout {layout}, this version reads {LAYOUT}; use another folder")


@dataclass(frozen=True, eq=False)
class Learned:
    """The items that a trial learned from: ids, the groups that the dataset gives them, the sha256 of their files.

    ``groups`` is None where nothing is grouped and ``contents`` where no item has a file of its own; both are None
    where an older version kept the predictions.
    """

    ids: np.ndarray
    groups: np.ndarray | None
    contents: np.ndarray | None


@dataclass(frozen=True)
class Shelf:
    """The files of a study folder by key: each moved into place from a temporary name, whole or not at all."""

    folder: Path

    def weights_path(self, key: str) -> Path:
        """Where the best weights of the trial ``key`` lie."""
        return self.folder / "weights" / f"{key}.safetensors"

    def checkpoints(self, key: str) -> dict[int, Path]:
        """The checkpoints of the trial ``key``, by step."""
        return {
            int(path.stem.removeprefix("step-")): path
            for path in sorted((self.folder / "weights" / key).glob("step-*"))
        }

    def predictions_path(self, key: str) -> Path:
        """Where the predictions of the trial ``key`` lie."""
        return self.folder / "predictions" / f"{key}.npz"

    def keep_weights(self, key: str, state: Mapping[str, Tensor], step: int | None = None) -> None:
        """Keeps the best weights of a trial, or those of the checkpoint at ``step``."""
        from safetensors.torch import save_file

        path = (
            self.weights_path(key) if step is None else self.folder / "weights" / key / f"step-{step:06d}.safetensors"
        )
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
        _whole(path, lambda temporary: save_file(tensors, temporary))

    def keep_predictions(self, key: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Keeps the predictions of a trial and what it learned from."""
        import numpy as np

        def write(temporary: Path) -> None:
            with temporary.open("wb") as file:
                np.savez(file, allow_pickle=False, **{name: _narrow(array) for name, array in arrays.items()})

        _whole(self.predictions_path(key), write)

    def predictions(self, key: str) -> dict[str, np.ndarray]:
        """The predictions of the trial ``key``: test_ids, targets, logits, and ``learned_*``, which it learned from."""
        import numpy as np

        with np.load(self.predictions_path(key), allow_pickle=False) as arrays:
            return {name: _wide(array) for name, array in arrays.items()}

    def learned(self, key: str) -> Learned:
        """The items that the trial ``key`` learned from: those it trained on and those it validated on."""
        import numpy as np

        with np.load(self.predictions_path(key), allow_pickle=False) as arrays:
            groups, contents = (
                _wide(arrays[name]) if name in arrays else None for name in ("learned_groups", "learned_contents")
            )
            return Learned(_wide(arrays["learned_ids"]), groups, contents)


def _narrow(array: np.ndarray) -> np.ndarray:
    """``array``, its text as UTF-8, which takes a quarter of the room."""
    import numpy as np

    return np.char.encode(array, "utf-8") if array.dtype.kind == "U" else array


def _wide(array: np.ndarray) -> np.ndarray:
    """``array`` as it was before ``_narrow``."""
    import numpy as np

    return np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array


def _whole(path: Path, write: Callable[[Path], None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=PARTIAL, suffix=path.suffix)
    os.close(descriptor)
    temporary = Path(name)
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
