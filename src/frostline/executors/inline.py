"""Stacks of jobs one after the other in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from frostline.allocation import give_back
from frostline.attempts import Stack, attempt_stack
from frostline.scored import Ended


class Inline:
    """One stack of jobs after the other, on the threads of its study, so that every executor gives the same."""

    def __enter__(self) -> Inline:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def map(self, stacks: Sequence[Stack]) -> Iterator[tuple[Ended, ...]]:
        """The outcomes of each stack, in order, as each ends."""
        threads = torch.get_num_threads()
        try:
            for stack in stacks:
                yield attempt_stack(stack)
                give_back()
        finally:
            torch.set_num_threads(threads)
