"""Where the pieces of a recording begin that are kept of it, and these pieces."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32


def starts(samples: int, count: int, length: int) -> list[int]:
    """Where ``count`` pieces of ``length`` begin: in the middle for one, else evenly spread from first to last sample.

    What is no longer than ``length`` is one piece, which begins at the first sample.
    """
    excess = samples - length
    if excess <= 0:
        return [0]
    return [excess // 2] if count == 1 else [excess * number // (count - 1) for number in range(count)]


def segments(samples: Float32[np.ndarray, " sample"], count: int, length: int) -> Float32[np.ndarray, "segment length"]:
    """``count`` pieces of ``length`` samples, which begin where ``starts`` says.

    What is shorter than ``length`` gets zeros on both sides, behind one more than before where they are odd, and then
    all pieces are equal.
    """
    excess = len(samples) - length
    if excess <= 0:
        before = -excess // 2
        return np.tile(np.pad(samples, (before, -excess - before)), (count, 1))
    return np.stack([samples[start : start + length] for start in starts(len(samples), count, length)])
