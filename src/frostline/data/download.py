"""The folder of a dataset's files: found where the user keeps data, or fetched once, whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

import pooch
from requests.exceptions import ChunkedEncodingError, HTTPError, RequestException
from rich.console import Console
from rich.progress import DownloadColumn
from rich.progress import Progress as RichProgress

from frostline.catalog import DataFile, DatasetCard
from frostline.errors import DataFault

TIMEOUT_S = 30


def locate(card: DatasetCard) -> Path:
    """The folder that holds the files of ``card``, each checked against its digest.

    It is looked for under ``FROSTLINE_DATA`` and then in the cache (``FROSTLINE_CACHE``, by default the user's cache
    folder); where it is in neither, it is fetched into the cache.

    Raises:
        DataFault: a file is missing beside others, truncated or damaged, or cannot be fetched; or ``FROSTLINE_DATA``
            names no folder.
    """
    folders = _folders(card.name)
    for folder in folders:
        if folder.is_dir():
            check(card, folder)
            return folder
    return _fetched(card, folders)


def find(card: DatasetCard) -> Path:
    """The folder of a dataset that lies in many files, under ``FROSTLINE_DATA`` or in the cache; it is never fetched.

    Raises:
        DataFault: it is in neither; says where it comes from and where to put it.
    """
    folders = [folder for name in (card.name, *card.also_in) for folder in _folders(name)]
    found = next((folder for folder in folders if folder.is_dir()), None)
    if found is None:
        looked = ", ".join(map(str, folders))
        raise DataFault(
            f"{card.name} is not in {looked}.\n  It is not fetched by itself: get it from {card.source}, put its "
            f"folder there as {card.name}/, or set FROSTLINE_DATA to the folder that holds {card.name}/."
        )
    return found


def check(card: DatasetCard, folder: Path) -> None:
    """Nothing, where ``folder`` holds every file of ``card``, all of them of one edition that is known.

    Editions may differ in their order, so labels of one beside images of another would be wrong without a sign.

    Raises:
        DataFault: names every file that is missing or differs, with the digests that were expected and found.
    """
    found = {file: _digest_of(folder / file.name) for file in card.files}
    faults = [fault for file, digest in found.items() if (fault := _fault(file, folder / file.name, digest))]
    if not faults and len({file.sha256.index(str(digest)) for file, digest in found.items()}) > 1:
        editions = ", ".join(f"{file.name} of edition {file.sha256.index(str(d)) + 1}" for file, d in found.items())
        faults = [f"its files are of different editions, which may differ in their order: {editions}"]
    if faults:
        lines = [f"the data of {card.name} in {folder} cannot be used:", *faults, _remedy(card, folder)]
        raise DataFault("\n  ".join(lines))


def _folders(name: str) -> list[Path]:
    """Where the dataset called ``name`` may lie, the cache last."""
    own = os.environ.get("FROSTLINE_DATA")
    if own and not Path(own).is_dir():
        remedy = f"set it to the folder that holds {name}/, or unset it"
        raise DataFault(f"FROSTLINE_DATA names {own}, which is no folder; {remedy}")
    cache = Path(os.environ.get("FROSTLINE_CACHE") or pooch.os_cache("frostline"))
    return [*([Path(own) / name] if own else []), cache / name]


def _fault(file: DataFile, path: Path, found: str | None) -> str | None:
    if found is None:
        return f"{file.name} is missing"
    if found in file.sha256:
        return None
    return (
        f"{file.name} is truncated, damaged or another edition: expected sha256 {' or '.join(file.sha256)}, "
        f"found {found} ({path.stat().st_size:,} bytes)"
    )


def _digest_of(path: Path) -> str | None:
    """sha256 of the file at ``path``, hexadecimal, or nothing where there is none."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remedy(card: DatasetCard, folder: Path) -> str:
    if _sources(card):
        return f"Put the right files there, or move {folder} away to have them fetched again."
    return "Put the right files there; this dataset cannot be fetched."


def _sources(card: DatasetCard) -> tuple[DataFile, ...]:
    """What is fetched to get the files of ``card``; empty where it cannot be fetched."""
    wanted = (card.archive,) if card.archive else card.files
    return wanted if all(file.url for file in wanted) else ()


def _fetched(card: DatasetCard, folders: list[Path]) -> Path:
    """The dataset's folder in the cache, filled from its sources: a whole folder is moved into place, or nothing."""
    looked = " and ".join(str(folder) for folder in folders)
    wanted = ", ".join(file.name for file in card.files)
    if not _sources(card):
        raise DataFault(
            f"{card.name} is not in {looked} and cannot be fetched.\n"
            f"  Put {wanted} into the first of them, or set FROSTLINE_DATA to the folder that holds {card.name}/."
        )
    target = folders[-1]
    target.parent.mkdir(parents=True, exist_ok=True)
    with _alone(target):
        if target.is_dir():
            check(card, target)
            return target
        for abandoned in target.parent.glob(f".{card.name}-*"):
            shutil.rmtree(abandoned)
        temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{card.name}-"))
        try:
            for file in _sources(card):
                _fetch(card, file, temporary, looked)
            if card.archive:
                _unpack(temporary / card.archive.name, [file.name for file in card.files])
            check(card, temporary)
            temporary.rename(target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return target


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """While it lasts, no other process fetches ``target``; the lock of a killed process ends with it."""
    with (target.parent / f"{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(card: DatasetCard, file: DataFile, folder: Path, looked: str) -> None:
    bar = _Bar(file.name)
    try:
        # pooch.retrieve would print advice for programmers; its downloader is silent.
        pooch.HTTPDownloader(progressbar=bar, timeout=TIMEOUT_S)(file.url, str(folder / file.name), None)
    except OSError as error:
        wanted = ", ".join(one.name for one in card.files)
        raise DataFault(
            f"{card.name} is not in {looked}, and {file.url} could not be fetched ({_cause(error)}).\n"
            f"  Put {wanted} into the first of these folders, or set FROSTLINE_DATA to the folder that holds "
            f"{card.name}/."
        ) from None
    finally:
        bar.close()
    if fault := _fault(file, folder / file.name, _digest_of(folder / file.name)):
        raise DataFault(f"{file.url} gave something else than the data of {card.name}:\n  {fault}\n  Nothing was kept.")


def _cause(error: OSError) -> str:
    """Why fetching failed, for people: what the server answered, what the disk refused, or that none was reached."""
    if isinstance(error, HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, ChunkedEncodingError):
        return "the transfer broke off"
    if isinstance(error, RequestException):
        return f"{type(error).__name__}; is this machine offline?"
    return f"it could not be written: {error}"


class _Bar:
    """A bar of the bytes that have come, as pooch moves one; seen in a terminal only."""

    def __init__(self, name: str) -> None:
        console = Console(file=sys.stderr)
        self._bars = RichProgress(*RichProgress.get_default_columns(), DownloadColumn(), console=console)
        self._bars.disable = not console.is_terminal
        self._bar = self._bars.add_task(name, total=None)
        self._bars.start()

    @property
    def total(self) -> float | None:
        """How many bytes are expected."""
        return self._bars.tasks[0].total

    @total.setter
    def total(self, value: float) -> None:
        self._bars.update(self._bar, total=value)

    def update(self, more_bytes: float) -> None:
        """Moves the bar on."""
        self._bars.advance(self._bar, more_bytes)

    def reset(self) -> None:
        """Puts the bar back to its start."""
        self._bars.reset(self._bar)

    def close(self) -> None:
        """Takes the bar away; doing it twice does no harm."""
        self._bars.stop()


def _unpack(archive: Path, wanted: Collection[str]) -> None:
    """Puts the ``wanted`` files of ``archive`` beside it and removes it.

    Each is copied by its name: nothing else of an archive, no link and no path that leads out, is ever written. (The
    filters of tarfile would do the same, but Python 3.11 has them only from 3.11.4 on.)
    """
    with tarfile.open(archive) as packed:
        for member in packed:
            content = packed.extractfile(member) if member.isfile() and member.name in wanted else None
            if content is None:
                continue
            target = archive.parent / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            with content, target.open("wb") as file:
                shutil.copyfileobj(content, file)
    archive.unlink()
