"""Outcomes of a study, the trials and scorings they belong to, and facts that must not change between runs.

They lie in one SQLite file, ``study.sqlite``, which one process writes at a time; ``frostline.shelf`` has the rest.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import IO, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter

from frostline.errors import StoreBusy, StoreMismatch
from frostline.outcome import Failed, Finished
from frostline.scored import Ended, Outcome, Scored
from frostline.spec.scoring import Scoring
from frostline.spec.trial import Trial
from frostline.whole_files import PARTIAL

T = TypeVar("T")
LAYOUT = 1
SCHEMA = """
create table outcomes (key text primary key, status text not null, trial text not null, outcome text not null);
create table facts (name text primary key, value text not null);
"""
OUTCOME: TypeAdapter[Ended] = TypeAdapter(Outcome)


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

    def append(self, spec: Trial | Scoring, outcome: Ended) -> None:
        """Keeps ``outcome`` in one transaction; it replaces an earlier one of the same trial or scoring."""
        self.append_all([(spec, outcome)])

    def append_all(self, several: Sequence[tuple[Trial | Scoring, Ended]]) -> None:
        """Keeps the outcomes of ``several`` trials and scorings, all or none, in one transaction."""
        rows = [
            (spec.key, outcome.status, spec.model_dump_json(exclude_defaults=True), outcome.model_dump_json())
            for spec, outcome in several
        ]
        with self._database:
            self._database.executemany("insert or replace into outcomes values (?, ?, ?, ?)", rows)

    def outcomes(self) -> dict[str, Finished | Failed]:
        """Every kept outcome of a trial, by the key of its trial."""
        return _of_trials(self._database)

    def scores(self) -> dict[str, Scored | Failed]:
        """Every kept outcome of a scoring, by the key of its scoring."""
        return _of_scorings(self._database)

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
    """The outcome of every trial kept in ``folder``, by key, read beside a writer; none where nothing was run there."""
    return _read(folder, _of_trials)


def read_scores(folder: Path) -> dict[str, Scored | Failed]:
    """The outcome of every scoring kept in ``folder``, by key, read beside a writer; none where nothing was scored."""
    return _read(folder, _of_scorings)


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


def _of_trials(database: sqlite3.Connection) -> dict[str, Finished | Failed]:
    return {
        key: one
        for key, one in _outcomes(database).items()
        if not isinstance(one, Scored) and not (isinstance(one, Failed) and one.what == "scoring")
    }


def _of_scorings(database: sqlite3.Connection) -> dict[str, Scored | Failed]:
    return {
        key: one
        for key, one in _outcomes(database).items()
        if isinstance(one, Scored) or (isinstance(one, Failed) and one.what == "scoring")
    }


def _outcomes(database: sqlite3.Connection) -> dict[str, Ended]:
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
