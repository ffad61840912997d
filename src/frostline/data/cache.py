"""Planes that are costly to make, kept by the content of the file they come from and by how they were made."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pooch
import torch
from torch import Tensor

from frostline.catalog import LeftOut
from frostline.errors import DataFault

ABANDONED_S = 24 * 3600


@dataclass(frozen=True, eq=False)
class Cached:
    """The planes of some files in their order, None for a file that cannot be used, and why those were left out.

    ``digests`` holds the sha256 of each file's bytes, hexadecimal, None for a file that cannot be opened.
    """

    planes: tuple[Tensor | None, ...]
    left_out: tuple[LeftOut, ...]
    digests: tuple[str | None, ...]


def cache_folder() -> Path:
    """Where fetched and computed data is kept: ``FROSTLINE_CACHE``, by default the user's cache folder."""
    return Path(os.environ.get("FROSTLINE_CACHE") or pooch.os_cache("frostline"))


def cached_planes(
    files: Sequence[Path], recipe_key: str, make: Callable[[Path], Tensor], note: Callable[[int], None]
) -> Cached:
    """What ``make`` gives for each of ``files``, made only where the cache has none of that content, ending and key.

    ``recipe_key`` names everything that decides the planes beside the file's content: convention, size, versions of
    decoders. ``make`` runs on all cores at once, torch in one thread each, and may depend on the ending of the file's
    name, in whatever case, and on nothing else of the name. A file for which it raises a DataFault is left out with
    that reason, and nothing is kept of it. ``note`` is told how many files are done, after each. Planes are kept whole
    or not at all, whatever ends the process, and several processes may share a cache.

    Raises:
        DataFault: the cache folder cannot be written.
    """
    home = cache_folder() / "planes"
    _make_room(home)
    planes: list[Tensor | None] = []
    left_out: list[LeftOut] = []
    digests: list[str | None] = []
    with _all_cores() as pool:
        results = pool.map(partial(_found_or_made, home=home, recipe_key=recipe_key, make=make), files)
        for done, (digest, result) in enumerate(results, start=1):
            digests.append(digest)
            planes.append(result if isinstance(result, Tensor) else None)
            left_out += [] if isinstance(result, Tensor) else [result]
            note(done)
    return Cached(tuple(planes), tuple(left_out), tuple(digests))


def _make_room(home: Path) -> None:
    """Makes the folders of the cache, and removes what killed processes left unfinished a day ago and earlier."""
    unfinished = home / "unfinished"
    try:
        unfinished.mkdir(parents=True, exist_ok=True)
        for path in unfinished.iterdir():
            # Another process may finish the file, and so move it away, between these lines.
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - ABANDONED_S:
                    path.unlink()
    except OSError as error:
        raise _unwritable(unfinished, error) from None


def _found_or_made(
    file: Path, home: Path, recipe_key: str, make: Callable[[Path], Tensor]
) -> tuple[str | None, Tensor | LeftOut]:
    """The digest of ``file``, and its planes, out of the cache or made now and put there, or why there are none."""
    try:
        digest = digest_of_file(file)
    except OSError as error:
        return None, LeftOut(str(file), f"it cannot be opened: {error.strerror}")
    key = hashlib.sha256(f"{digest}\n{file.suffix.lower()}\n{recipe_key}".encode()).hexdigest()
    kept = home / key[:2] / f"{key[2:]}.npy"
    found = _load(kept)
    if found is not None:
        return digest, found
    try:
        made = make(file)
    except DataFault as fault:
        return digest, LeftOut(str(file), str(fault))
    _store(made, kept, home / "unfinished")
    return digest, made


def digest_of_file(file: Path) -> str:
    """sha256 of ``file``, hexadecimal."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _load(kept: Path) -> Tensor | None:
    """The planes at ``kept``; None where there are none, or where the file is damaged, which is then removed."""
    try:
        with kept.open("rb") as file:
            planes = np.load(file, allow_pickle=False)
            whole = not file.read(1)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError):
        whole = False
    if whole:
        return torch.from_numpy(planes)
    kept.unlink(missing_ok=True)
    return None


def _store(planes: Tensor, kept: Path, unfinished: Path) -> None:
    """Puts ``planes`` at ``kept``, whole or not at all."""
    temporary = unfinished / uuid.uuid4().hex
    try:
        kept.parent.mkdir(exist_ok=True)
        with temporary.open("xb") as file:
            np.save(file, planes.numpy(), allow_pickle=False)
        temporary.replace(kept)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _unwritable(kept, error) from None


def _unwritable(path: Path, error: OSError) -> DataFault:
    reason = error.strerror or error
    return DataFault(f"{path} cannot be written ({reason}); make room there, or set FROSTLINE_CACHE to another folder")


@contextmanager
def _all_cores() -> Iterator[ThreadPoolExecutor]:
    """A thread a core, torch in one thread in each of them; what has not begun when the block ends is not begun."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(before)
