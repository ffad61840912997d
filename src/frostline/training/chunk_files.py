"""Files of chunks: which chunks of a ground a file holds, where they begin, and who may write them now."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from frostline.training.row_files import RowFile, read_rows, unwritable
from frostline.training.site import Site


@dataclass(frozen=True, eq=False)
class ChunkFile:
    """A file of rows, and the chunks whose rows stand in it one after the other."""

    file: RowFile
    chunks: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Place:
    """A file, and the first row of a chunk in it."""

    file: RowFile
    row: int

    def rows(self, count: int) -> Tensor:
        """A copy of the first ``count`` rows from there, their axes in order."""
        return self.file.rows[self.row : self.row + count].clone().permute(json.loads(self.file.told["axes"]))


def read_chunks(path: Path, site: Site) -> ChunkFile | None:
    """The file at ``path`` and the chunks in it; None where it is gone, or damaged, or lacks rows of them."""
    file = read_rows(path)
    if file is None:
        return None
    try:
        chunks, axes = json.loads(file.told["chunks"]), json.loads(file.told["axes"])
        items = sum(len(site.rows(chunk)) for chunk in chunks)
        fits = sorted(axes) == list(range(file.rows.dim()))
    except (KeyError, TypeError, ValueError):
        return None
    whole = fits and items * site.prepare.dataset.segments == len(file.rows)
    return ChunkFile(file, tuple(chunks)) if whole else None


@contextmanager
def locked(folder: Path, how: int) -> Iterator[bool]:
    """Whether this process alone works on ``folder`` now; a process that ends lets go of it, however it ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a")
    except OSError as error:
        raise unwritable(folder / "lock", error) from None
    with lock:
        try:
            fcntl.flock(lock, how)
        except BlockingIOError:
            mine = False
        except OSError as error:
            raise unwritable(folder / "lock", error) from None
        else:
            mine = True
        yield mine
