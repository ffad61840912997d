"""How long `frostline --help` and `frostline plan` take, as whole processes. Goal: 0.5 s each.

    python benchmarks/startup.py

Prints the median of 9 runs of each command after one that warms the disk cache.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

FROSTLINE = Path(sys.executable).with_name("frostline")
COMMANDS = {"help": ("--help",), "plan": ("plan", "digits")}
RUNS = 9


def main() -> None:
    """Prints the median of each command, and how far its runs lie apart."""
    for name, arguments in COMMANDS.items():
        duration_s(arguments)
        runs = [duration_s(arguments) for _ in range(RUNS)]
        print(f"frostline {' '.join(arguments)}: {min(runs):.3f} to {max(runs):.3f} s in {RUNS} runs")
        print(f"seconds startup_{name} {median(runs):.3f}")


def duration_s(arguments: tuple[str, ...]) -> float:
    """How long one run takes from the start of the process to its end; a run that fails ends the benchmark."""
    began = time.perf_counter()
    subprocess.run([FROSTLINE, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
