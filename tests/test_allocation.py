"""Memory that a training step frees is kept for the next one, and given back when the trial is over."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from frostline.allocation import _glibc
from frostline.executors.processes import Processes

GLIBC = pytest.mark.skipif(_glibc() is None, reason="only glibc can be told to keep what was freed")
STEPS = """
import resource, sys
from frostline.allocation import give_back, keep_freed

SIZE = int(sys.argv[2])

def held():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

kept = keep_freed() if sys.argv[1] == "keep" else False
b'1' * SIZE
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    b'1' * SIZE
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, held())
give_back()
print(held())
"""
SIZE = 50 * 2**20 * 4
"""Bytes of the tensor of a step."""
FEW = 2 * SIZE // resource.getpagesize()
"""Pages of two of the ten steps: now and then the first find no piece that is large enough."""


def steps(way: str, **environment: str) -> tuple[bool, int, int, int]:
    """Whether freed memory is kept, pages that ten steps had cleared, and bytes held after them and given back."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, "-c", STEPS, way, str(SIZE)],
        env=clean | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    kept, faults, held, left = done.stdout.split()
    return kept == "True", int(faults), int(held), int(left)


@GLIBC
def test_steps_clear_no_new_pages_and_what_they_kept_is_given_back() -> None:
    kept, faults, held, left = steps("keep")
    assert kept and faults <= FEW and held - left > 0.9 * SIZE
    assert steps("not")[1] > 4 * FEW


@GLIBC
def test_a_choice_of_the_user_is_left_as_it_is() -> None:
    assert not steps("keep", MALLOC_TRIM_THRESHOLD_="131072")[0]


@GLIBC
def test_a_worker_keeps_what_a_trial_frees(tmp_path: Path) -> None:
    note: Any = Note(tmp_path / "faults")
    with Processes(1) as pool:
        assert list(pool.map([(note,)])) == [()]
    assert int(note.path.read_text().split()[0]) <= FEW


@GLIBC
def test_a_worker_gives_back_between_trials_what_it_kept(tmp_path: Path) -> None:
    first, second = Note(tmp_path / "first"), Note(tmp_path / "second")
    stacks: Any = [(first,), (second,)]
    with Processes(1) as pool:
        assert list(pool.map(stacks)) == [(), ()]
    left, found = int(first.path.read_text().split()[2]), int(second.path.read_text().split()[1])
    assert left - found > 0.9 * SIZE


@dataclass(frozen=True)
class Note:
    """No job: where it is unpickled, it takes ten steps and writes down what they took.

    That is how many pages had to be cleared for them, and the bytes that the process held before and after.
    """

    path: Path

    def __reduce__(self) -> tuple[object, ...]:
        return faults_of_steps, (self.path,)


def held() -> int:
    """The bytes that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def faults_of_steps(path: Path) -> str:
    found = held()
    b"1" * SIZE
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        b"1" * SIZE
    path.write_text(f"{resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before} {found} {held()}")
    return "no job"
