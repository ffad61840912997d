"""What becomes of memory that was freed: kept for what comes next, where the C library can be told so.

A training step frees what it has allocated and allocates the same again. By itself glibc gives every large piece back
to the system at once, which then has to clear new pages for the next one: the more of a step are large activations,
the more of it is spent there (``benchmarks/allocation.py``).
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from functools import cache

TRIM_THRESHOLD, TOP_PAD, MOST_MAPPED = -1, -2, -4
"""What ``mallopt`` calls its parameters (glibc, ``malloc.h``)."""
NEVER_BYTES = 2**31 - 1
PAD_BYTES = 2**26
SETTINGS = ("GLIBC_TUNABLES", "LD_PRELOAD")
"""Variables by which a user chooses how memory is allocated, beside all that begin with ``MALLOC_``."""


@cache
def keep_freed() -> bool:
    """Has this process keep what it frees for what it allocates next, and says whether it does.

    Nothing is changed where the C library is another one, or where a variable of the environment says how it allocates.
    """
    libc = _glibc()
    if libc is None or any(name in SETTINGS or name.startswith("MALLOC_") for name in os.environ):
        return False
    return all(
        libc.mallopt(parameter, value)
        for parameter, value in ((MOST_MAPPED, 0), (TRIM_THRESHOLD, NEVER_BYTES), (TOP_PAD, PAD_BYTES))
    )


def give_back() -> None:
    """Gives the system what this process has freed and kept, for other processes will want it."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        return None
    libc = ctypes.CDLL(None)
    libc.malloc_trim.argtypes = [ctypes.c_size_t]
    return libc
