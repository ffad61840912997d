"""One random generator a purpose, derived by hashing: no draw for one purpose ever moves a draw for another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch


def stream_seed(seed: int, *purpose: str) -> int:
    """The 63-bit seed of the stream for ``purpose``; equal arguments give equal seeds on every machine."""
    if not purpose:
        raise ValueError("a stream needs a purpose, for example stream(seed, 'batches')")
    text = "\x1f".join([str(seed), *purpose])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def stream(seed: int, *purpose: str) -> np.random.Generator:
    """The numpy generator for ``purpose``, at its start."""
    import numpy as np

    return np.random.Generator(np.random.PCG64(stream_seed(seed, *purpose)))


def torch_stream(seed: int, *purpose: str) -> torch.Generator:
    """The torch generator (CPU) for ``purpose``, at its start."""
    import torch

    return torch.Generator().manual_seed(stream_seed(seed, *purpose))


@contextmanager
def torch_noise(seed: int, *purpose: str) -> Iterator[None]:
    """While it lasts, torch's own generators draw the stream for ``purpose``; afterwards they stand as before.

    For code of others that takes no generator: dropout, stochastic depth, the way an architecture draws its weights.
    Generators of CUDA devices take part once CUDA has been used.
    """
    import torch

    used = torch.cuda.is_available() and torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    number = stream_seed(seed, *purpose)
    with torch.random.fork_rng(range(torch.cuda.device_count()) if used else []):
        torch.default_generator.manual_seed(number)
        if used:
            torch.cuda.manual_seed_all(number)
        yield
