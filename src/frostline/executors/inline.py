"""Jobs one after the other in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from frostline.outcome import Failed, Finished
from frostline.run import Job, attempt


class Inline:
    """One job after the other, each on the threads that its study has chosen, so that every executor gives the same."""

    def __enter__(self) -> Inline:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def map(self, jobs: Sequence[Job]) -> Iterator[Finished | Failed]:
        """The outcome of each job, in order, as each ends."""
        threads = torch.get_num_threads()
        try:
            for job in jobs:
                yield attempt(job)
        finally:
            torch.set_num_threads(threads)
