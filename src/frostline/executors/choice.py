"""The executor that the command line names."""

from __future__ import annotations

from typing import Literal

from frostline.errors import FrostlineError
from frostline.executors.inline import Inline
from frostline.executors.processes import Processes


def executor_of(name: Literal["processes", "inline"], workers: int | None) -> Inline | Processes:
    """The executor called ``name``; ``processes`` has ``workers`` of them, or as many as the cores are enough for.

    Raises:
        FrostlineError: a number of workers for an executor that has none.
    """
    if name == "processes":
        return Processes(workers)
    if workers is not None:
        raise FrostlineError("--workers has no effect with --executor inline; leave one of them out")
    return Inline()
