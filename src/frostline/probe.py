"""What computing costs on this machine: a training step, frozen layers depth by depth, rows on disk.

========  ==========================================================================  =========
symbol    meaning                                                                     unit
========  ==========================================================================  =========
depth     how many parts of a network, input first, a piece passes through            1
cost      time to compute what a depth gives for one piece, and its size              s, byte
========  ==========================================================================  =========
"""

from __future__ import annotations

import copy
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F
from torch import Tensor

from frostline.networks.network import Network
from frostline.randomness import torch_noise
from frostline.spec.recipe import Precision
from frostline.training.row_files import read_rows, write_rows

RUNS = 3
LONG_S = 0.5
"""A measurement is repeated until it has taken this long, and one that takes longer is not repeated."""
MOST_BYTES = 64_000_000


@dataclass(frozen=True)
class Cost:
    """What the lowest parts of a network cost for one piece: seconds to compute, bytes to keep what they give."""

    seconds: float
    size_bytes: int


@dataclass(frozen=True)
class Disk:
    """How long a byte takes to be written and to be read again, in seconds."""

    write_s: float
    read_s: float


def step_seconds(network: Network, planes: Tensor, threads: int, precision: Precision) -> float:
    """Seconds that the gradient of every weight of ``network`` takes for ``planes``, on ``threads`` threads.

    Networks that take long are measured on fewer planes and scaled. ``network`` stays untouched.
    """
    network = copy.deepcopy(network).train().requires_grad_(True)
    with _threads(threads), torch_noise(0, "noise"):
        few = planes[:2]
        _step(network, few, precision)
        alone = _timed(lambda: _step(network, few, precision), planes.device) / len(few)
        wanted = max(2, min(len(planes), int(LONG_S / max(alone, 1e-9))))
        taken = _timed(lambda: _step(network, planes[:wanted], precision), planes.device)
    return taken * len(planes) / wanted


def depth_costs(network: Network, planes: Tensor, depths: int, threads: int, precision: Precision) -> tuple[Cost, ...]:
    """The cost a piece of each depth from 1 to ``depths``, each with those below; ``planes`` are a chunk of pieces."""
    network = copy.deepcopy(network).eval()
    seconds, costs = 0.0, []
    with _threads(threads), torch.inference_mode(), _autocast(planes.device, precision):
        for part in list(network.parts.values())[:depths]:
            given = part(planes)
            seconds += _timed(lambda part=part, planes=planes: part(planes), planes.device)  # type: ignore[misc]
            costs.append(Cost(seconds / len(planes), given[0].numel() * given.element_size()))
            planes = given
    return tuple(costs)


def disk_seconds(folder: Path, piece_bytes: int) -> Disk:
    """What writing and reading pieces of ``piece_bytes`` costs in ``folder``, which is left as it was.

    They are read in a random order out of the memory that the system keeps of files: what a training sees after its
    first pass.
    """
    pieces = max(2, min(64, MOST_BYTES // max(piece_bytes, 1)))
    rows = torch.zeros(pieces, max(1, piece_bytes // 4))
    path = folder / f"{uuid.uuid4().hex}.safetensors"
    try:
        began = time.perf_counter()
        write_rows(path, [rows], pieces, {})
        written = time.perf_counter() - began
        found = read_rows(path)
        assert found is not None
        order = torch.arange(pieces).flip(0)
        read = _timed(lambda: found.rows[order], torch.device("cpu"))
    finally:
        path.unlink(missing_ok=True)
    return Disk(written / rows.nbytes, read / rows.nbytes)


def cores() -> int:
    """How many cores this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _step(network: Network, planes: Tensor, precision: Precision) -> None:
    with _autocast(planes.device, precision):
        outputs = network(planes)
    targets = torch.zeros(len(planes), dtype=torch.int64, device=planes.device)
    F.cross_entropy(outputs.float(), targets).backward()  # type: ignore[no-untyped-call]
    network.zero_grad(set_to_none=True)


def _timed(work: Callable[[], object], device: torch.device) -> float:
    """Seconds that ``work`` takes: the median of some runs after those that warmed it up."""
    taken: list[float] = []
    while len(taken) < RUNS and sum(taken) < LONG_S:
        began = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        taken.append(time.perf_counter() - began)
    return median(taken)


def _autocast(device: torch.device, precision: Precision) -> torch.autocast:
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
