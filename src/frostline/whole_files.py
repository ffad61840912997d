"""Files that are there whole or not at all: each is written under a temporary name and moved into place."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PARTIAL = ".partial-"
"""How the temporary names begin; the store removes what a killed process left so."""


@contextmanager
def begun(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path``, whose file becomes ``path`` unless an error ends the block.

    The folder is made where it is missing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{PARTIAL}{uuid.uuid4().hex}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def replace_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Puts what ``write`` writes at ``path`` in one step, so that no reader ever sees half a file."""
    with begun(path) as temporary:
        write(temporary)


def on_disk(path: Path) -> None:
    """Returns when all of the file at ``path`` is on the disk, so that no power failure takes it."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
