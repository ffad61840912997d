"""What the numbers of a trial are computed with, and how much memory that took."""

from __future__ import annotations

import platform
import resource
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

import torch

from frostline.outcome import Environment
from frostline.spec.recipe import Precision


def environment(device: str, precision: Precision, stacked: int, compiled: bool) -> Environment:
    """What this process computes with on ``device``, so many trials at once, by ``compiled`` steps or by plain ones."""
    return Environment(
        frostline=version("frostline"),
        python=platform.python_version(),
        torch=torch.__version__,
        device=device if not device.startswith("cuda") else f"{device} {machine(device)}",
        threads=torch.get_num_threads(),
        precision=precision,
        stacked=stacked,
        compiled=compiled,
        cpu=cpu_name(),
    )


def machine(device: str) -> str:
    """The name of what computes where ``device`` is."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else cpu_name()


@cache
def cpu_name() -> str:
    """The name of this machine's processor."""
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        names = [line.partition(":")[2].strip() for line in facts.read_text().splitlines() if "model name" in line]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def peak_memory_bytes() -> int:
    """The most memory that this process has held so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
