"""From planes as a dataset stores them to those of a generator, between -1 and 1, and back.

| symbol | meaning | shape |
|---|---|---|
| low, high | the least and the greatest number in the training planes | 1 |
| grid | rows and columns of what is generated | 2 |
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float32, Shaped
from torch import Tensor

from frostline.augmentation.gan_networks import Grid
from frostline.errors import GeneratorFailed

AT_ONCE = 64


@dataclass(frozen=True)
class Scale:
    """The range of the training planes, the grid of what is generated, and that of the dataset."""

    low: float
    high: float
    grid: Grid
    own: Grid

    def inward(self, planes: Shaped[Tensor, "sample channel row column"]) -> Float32[Tensor, "sample channel row col"]:
        """``planes`` of the dataset between -1 and 1 on the grid of what is generated."""
        unit = planes.float().sub(self.low).mul_(2 / (self.high - self.low)).sub_(1)
        return unit if self.grid == self.own else _resized(unit, self.grid)

    def outward(self, planes: Float32[Tensor, "sample channel row column"]) -> Float32[Tensor, "sample ch row column"]:
        """``planes`` between -1 and 1 as the dataset would store them, never outside the range of its own."""
        unit = planes if self.grid == self.own else _resized(planes, self.own)
        return unit.add(1).mul_((self.high - self.low) / 2).add_(self.low).clamp_(self.low, self.high)


def scale_of(planes: Shaped[Tensor, "sample channel row column"], size: Grid | None) -> Scale:
    """The scale of training on ``planes``, generated in ``size`` (rows, columns) or in their own where it is None.

    Raises:
        GeneratorFailed: all numbers are equal, or some are none.
    """
    parts = [part.float() for part in torch.split(planes, AT_ONCE)]
    low = min(float(part.min()) for part in parts)
    high = max(float(part.max()) for part in parts)
    if not all(bool(torch.isfinite(part).all()) for part in parts):
        raise GeneratorFailed("some training planes hold numbers that are not finite; a generator cannot learn them")
    if low == high:
        raise GeneratorFailed(f"every number of the training planes is {low:g}; there is nothing to generate")
    own = (int(planes.shape[-2]), int(planes.shape[-1]))
    return Scale(low, high, size or own, own)


def _resized(planes: Tensor, grid: Grid) -> Tensor:
    return F.interpolate(planes, size=grid, mode="bilinear", antialias=True, align_corners=False)
