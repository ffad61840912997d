"""The memory that synthetic spectrograms take: 3,200 of 128 x 1292, rendered, and mixed with real ones as 224 x 224.

    python benchmarks/gan_memory.py          # 3,200 items
    python benchmarks/gan_memory.py 400

As float32 images of 3 x 224 x 224 that many items are 1.9 GB. Here a thin generator renders them into a file, and one
pass of batches of 16 in random order reads, scales and normalises them as training does. Given are the peak of the
memory that is the process's own (anonymous pages) above what it was before, and of all it had mapped (pages of files
included, which the system takes back when it needs them).
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from frostline.augmentation.gan import Forger
from frostline.augmentation.gan_networks import Subject, players
from frostline.augmentation.rendering import render
from frostline.augmentation.scale import Scale
from frostline.augmentation.shown import PreparedRows
from frostline.data.planes import Preprocessing
from frostline.data.rows import JoinedRows
from frostline.spec.dataset import Dataset
from frostline.spec.spectrogram import Spectrogram
from frostline.spec.synthesis import GeneratorSizes

MIB = 2**20
GRID, BATCH, REAL = (128, 1292), 16, 64


def main() -> None:
    """Prints peaks in MiB."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3200
    torch.set_num_threads(1)
    subject = Subject(1, GRID, "values", 2)
    forger = Forger(
        players(subject, GeneratorSizes(width=2, widest=8), 0).average, subject, Scale(-80, 0, GRID, GRID), ()
    )
    dataset = Dataset(name="gtzan", size=224, channels=3, spectrogram=Spectrogram())
    prepare = Preprocessing(dataset, torch.full((3,), 0.45), torch.full((3,), 0.22))
    before = own_mib()
    with tempfile.TemporaryDirectory() as folder, watched() as seen:
        made = render(forger, torch.zeros(count, 2), Path(folder) / "planes.npy", seed=0)
        print(f"{count} items, {(Path(folder) / 'planes.npy').stat().st_size / MIB:.0f} MiB in a file")
        print(f"rendered: {max(seen) - before:.0f} MiB of its own, {highest_mib():.0f} MiB in all")
        rows = JoinedRows((torch.zeros(REAL, 3, 224, 224), PreparedRows(made, prepare)))
        order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))
        for chosen in torch.split(order, BATCH):
            batch = rows[chosen]
        shape = tuple(batch.shape)
        print(f"mixed: {max(seen) - before:.0f} MiB of its own, {highest_mib():.0f} MiB in all, batches {shape}")
    print(f"mebibytes gan_memory {max(seen) - before:.0f}")


@contextmanager
def watched() -> Iterator[list[float]]:
    """While it lasts, what this process has of its own is noted every hundredth of a second."""
    seen, done = [own_mib()], threading.Event()

    def note() -> None:
        while not done.wait(0.01):
            seen.append(own_mib())

    thread = threading.Thread(target=note)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def own_mib() -> float:
    """MiB of anonymous memory of this process."""
    return _status("RssAnon")


def highest_mib() -> float:
    """The most MiB that this process ever had mapped, pages of files included."""
    return _status("VmHWM")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    main()
