"""Synthetic planes on disk: rendered part by part, whole or not at all, and read as they are asked for.

| symbol | meaning | shape, type |
|---|---|---|
| steps | planes between -1 and 1 in steps of 1/32767 | item channel row column, int16 |
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32, Shaped
from numpy.lib.format import write_array_header_1_0
from torch import Tensor

from frostline.augmentation.gan import Forger
from frostline.augmentation.gan_files import durable
from frostline.augmentation.scale import Scale
from frostline.randomness import torch_stream

AT_ONCE = 16
STEPS = 32767


@dataclass(frozen=True, eq=False)
class StoredPlanes:
    """Planes that lie in the file at ``path``, mapped: only those that are asked for are ever in memory.

    They are given as the dataset stores its own, and are copies.
    """

    path: Path
    scale: Scale

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, chosen: Tensor | slice) -> Float32[Tensor, "sample channel row column"]:
        """The planes at ``chosen``, in that order."""
        steps = self._steps[chosen.cpu().numpy() if isinstance(chosen, Tensor) else chosen]
        return self.scale.outward(torch.from_numpy(steps.astype(np.float32)).div_(STEPS))

    @property
    def _steps(self) -> np.ndarray:
        # Mapped anew each time: pages that were read do not stay with the process, and it can be sent to others.
        steps: np.ndarray = np.load(self.path, mmap_mode="r")
        return steps


@torch.inference_mode()
def render(forger: Forger, conditions: Shaped[Tensor, "item ..."], path: Path, seed: int) -> StoredPlanes:
    """A plane for each of ``conditions``, rendered by ``forger`` into the file at ``path``, 16 at a time.

    The latents of an item depend on ``seed`` and its place alone, so that more items begin with the same ones.

    Raises:
        DataFault: the file cannot be written.
    """
    channels, (rows, columns) = forger.subject.channels, forger.scale.grid
    told = {"descr": "<i2", "fortran_order": False, "shape": (len(conditions), channels, rows, columns)}
    latents = torch_stream(seed, "latents")
    device = next(forger.generator.parameters()).device
    with durable(path) as temporary, temporary.open("wb") as file:
        write_array_header_1_0(file, told)
        for part in torch.split(conditions, AT_ONCE):
            drawn = torch.randn(AT_ONCE, forger.generator.latent, generator=latents)[: len(part)]
            made = forger.generator(drawn.to(device), part.to(device)).float().cpu()
            file.write(made.mul_(STEPS).round_().to(torch.int16).numpy().astype("<i2").data)
    return StoredPlanes(path, forger.scale)
