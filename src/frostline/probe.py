"""What computing costs on this machine: a training step, frozen layers depth by depth, rows on disk.

========  ==========================================================================  =========
symbol    meaning                                                                     unit
========  ==========================================================================  =========
setting   by how many threads, and in which precision                                 1, name
depth     how many parts of a network, input first, a piece passes through            1
cost      time to compute what a depth gives for one piece, and its size              s, byte
========  ==========================================================================  =========

A time is the shortest of several, and what is compared is measured in turns: other work on the machine can only
lengthen a run, and hardly ever lengthens every run of one setting and none of another.
"""

from __future__ import annotations

import copy
import math
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from frostline.networks.build import build
from frostline.networks.network import Fit, Network
from frostline.randomness import torch_noise, torch_stream
from frostline.spec.recipe import Precision
from frostline.spec.trial import Trial
from frostline.training.evaluate import is_out_of_memory
from frostline.training.row_files import read_rows, write_rows
from frostline.whole_files import PARTIAL

FEW = 2
"""So many planes say how long more of them will take; batch norm needs two."""
RUNS = 5
LONG_S = 0.3
"""A measurement is not repeated any more once all its runs took this long, and is made of less where one run would."""
MOST_BYTES = 16_000_000


@dataclass(frozen=True)
class Setting:
    """By how many threads something is computed, and in which precision."""

    threads: int
    precision: Precision


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


@dataclass(frozen=True)
class Sample:
    """The whole network of ``trial`` on ``device``, and planes for it; both hold noise, for only time is measured."""

    trial: Trial
    device: torch.device

    @cached_property
    def network(self) -> Network:
        """The network with every layer that surgeries start from; it is not to be changed."""
        dataset = self.trial.dataset
        fit = Fit(dataset.plane_shape[0], dataset.extent, dataset.outputs, len(self.trial.surgery))
        return build(self.trial.network, fit, seed=0).to(self.device)

    def planes(self, count: int) -> Tensor:
        """So many planes, as the network sees them."""
        planes = torch.rand((count, *self.trial.dataset.plane_shape), generator=torch_stream(0, "probe"))
        return planes.to(self.device)


def step_seconds(sample: Sample, settings: Sequence[Setting]) -> tuple[float, ...]:
    """Seconds that the gradient of every weight takes for a batch of the trial, in each of ``settings``.

    A batch is worked through in the parts that the recipe asks for; of one that takes long a part is measured and
    scaled. Infinite where memory is short.
    """
    recipe = sample.trial.recipe
    network = copy.deepcopy(sample.network).train().requires_grad_(True)
    planes = sample.planes(max(FEW, math.ceil(recipe.batch / recipe.accumulate)))

    def works(count: int) -> list[Callable[[], object]]:
        return [partial(_step, network, planes[:count], setting) for setting in settings]

    with torch_noise(0, "noise"):
        few = [seconds for work in works(FEW) if (seconds := timed(work, sample.device)) < math.inf]
        count = _enough(len(planes), max(few, default=0.0))
        taken = fastest(works(count), sample.device)
    return tuple(seconds * recipe.batch / count for seconds in taken)


def depth_costs(sample: Sample, count: int, depths: int, setting: Setting) -> tuple[Cost, ...]:
    """The cost a piece of each depth from 1 to ``depths``, each with those below, of ``count`` pieces at once.

    Networks that take long are measured on fewer pieces. It ends with the depth below the first that does not fit in
    memory.
    """
    parts = list(copy.deepcopy(sample.network).eval().parts.values())[:depths]

    def through(planes: Tensor) -> Tensor:
        for part in parts:
            planes = _given(part, planes, setting)
        return planes

    costs: list[Cost] = []
    few = timed(partial(through, sample.planes(FEW)), sample.device)
    planes = sample.planes(_enough(count, few))
    seconds = 0.0
    for part in parts:
        (taken,) = fastest([partial(_given, part, planes, setting)], sample.device)
        if taken == math.inf:
            break
        seconds += taken / len(planes)
        planes = _given(part, planes, setting)
        costs.append(Cost(seconds, planes[0].numel() * planes.element_size()))
    return tuple(costs)


def disk_seconds(folder: Path, piece_bytes: int, threads: int) -> Disk:
    """What writing and reading pieces of ``piece_bytes`` costs in ``folder``, which is left as it was.

    They are read by ``threads`` threads in another order than they lie, out of the memory that the system keeps of
    files: what a training sees after its first pass.

    Raises:
        ActivationsFault: nothing can be written there.
    """
    pieces = max(FEW, min(64, MOST_BYTES // max(piece_bytes, 1)))
    rows = torch.zeros(pieces, max(1, piece_bytes // 4))
    path = folder / f"{PARTIAL}{uuid.uuid4().hex}"
    cpu = torch.device("cpu")
    try:
        (written,) = fastest([partial(write_rows, path, [rows], pieces, {})], cpu)
        found = read_rows(path)
        assert found is not None
        with _threads(threads):
            (read,) = fastest([partial(found.rows.__getitem__, torch.arange(pieces).flip(0))], cpu)
    finally:
        path.unlink(missing_ok=True)
    return Disk(written / rows.nbytes, read / rows.nbytes)


def cores() -> int:
    """How many cores this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def fastest(works: Sequence[Callable[[], object]], device: torch.device) -> tuple[float, ...]:
    """The shortest of some runs of each of ``works`` in seconds, in turns; infinite where memory is short."""
    rounds: list[list[float]] = []
    while len(rounds) < RUNS and sum(map(sum, rounds)) < LONG_S:
        rounds.append([timed(work, device) for work in works])
    return tuple(math.inf if math.inf in times else min(times) for times in zip(*rounds, strict=True))


def let_go(device: torch.device) -> None:
    """Gives the memory back that measuring took on ``device``, for other processes will want it."""
    if device.type != "cpu":
        torch.accelerator.empty_cache()


def _enough(wanted: int, few: float) -> int:
    """How many of the ``wanted`` planes to measure where ``FEW`` of them take so many seconds."""
    return max(FEW, min(wanted, int(FEW * LONG_S / max(few, 1e-9))))


def timed(work: Callable[[], object], device: torch.device) -> float:
    """Seconds that ``work`` takes on ``device``; infinite where memory is short."""
    _finish(device)
    began = time.perf_counter()
    try:
        work()
        _finish(device)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        return math.inf
    return time.perf_counter() - began


def _finish(device: torch.device) -> None:
    """Waits until ``device`` has done what it was given."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def _step(network: Network, planes: Tensor, setting: Setting) -> None:
    targets = torch.zeros(len(planes), dtype=torch.int64, device=planes.device)
    with _threads(setting.threads):
        with _autocast(setting.precision, planes.device):
            outputs = network(planes)
        F.cross_entropy(outputs.float(), targets).backward()  # type: ignore[no-untyped-call]
    network.zero_grad(set_to_none=True)


@torch.inference_mode()
def _given(part: nn.Module, planes: Tensor, setting: Setting) -> Tensor:
    with _threads(setting.threads), _autocast(setting.precision, planes.device):
        given: Tensor = part(planes)
    return given


def _autocast(precision: Precision, device: torch.device) -> torch.autocast:
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
