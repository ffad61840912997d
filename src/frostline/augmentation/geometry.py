"""Planes mirrored, turned, cropped and shifted, each item by its own draw.

| symbol | meaning | shape, unit |
|---|---|---|
| planes | what the network would see | sample channel row column |
| maps | where each pixel of the result comes from, as an affine map of (column, row) from -1 to 1 | sample 2 3 |
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32, Float64
from torch import Tensor

from frostline.spec.augmentation import Crop, Rotation, Shift

ASPECTS = (3 / 4, 4 / 3)

Planes = Float32[Tensor, "sample channel row column"]


def flipped(planes: Planes, draws: np.random.Generator) -> Planes:
    """``planes``, about half of them with left and right exchanged."""
    mirrored = torch.from_numpy(draws.random(len(planes)) < 0.5).to(planes.device)
    return torch.where(mirrored[:, None, None, None], planes.flip(3), planes)


def shifted(planes: Planes, shift: Shift, draws: np.random.Generator) -> Planes:
    """``planes`` with their columns moved round a circle, each by a whole number of columns."""
    width = planes.shape[3]
    furthest = int(shift.largest * width)
    moves = torch.from_numpy(draws.integers(-furthest, furthest, size=len(planes), endpoint=True))
    columns = (torch.arange(width) - moves[:, None]) % width
    return planes.gather(3, columns.to(planes.device)[:, None, None, :].expand_as(planes))


def rotated(planes: Planes, rotation: Rotation, draws: np.random.Generator) -> Planes:
    """``planes`` turned about their centres, bilinear; pixels stay square on planes that are not."""
    rows, columns = planes.shape[2:]
    largest = math.radians(rotation.largest_degrees)
    angles = draws.uniform(-largest, largest, size=len(planes))
    cosine, sine, nothing = np.cos(angles), np.sin(angles), np.zeros(len(planes))
    across = np.stack([cosine, -sine * rows / columns, nothing], axis=1)
    down = np.stack([sine * columns / rows, cosine, nothing], axis=1)
    return _resampled(planes, np.stack([across, down], axis=1), "zeros")


def cropped(planes: Planes, crop: Crop, draws: np.random.Generator) -> Planes:
    """A part of each of ``planes``, scaled bilinearly to the size of the whole (Szegedy et al. 2015).

    The area is drawn evenly, the aspect (width to height) evenly in its logarithm. A side longer than the plane's is
    the plane's.
    """
    rows, columns = planes.shape[2:]
    area = draws.uniform(crop.smallest_area, 1, size=len(planes)) * rows * columns
    aspect = np.exp(draws.uniform(math.log(ASPECTS[0]), math.log(ASPECTS[1]), size=len(planes)))
    width = np.minimum(np.sqrt(area * aspect) / columns, 1)
    height = np.minimum(np.sqrt(area / aspect) / rows, 1)
    right = draws.uniform(-1, 1, size=len(planes)) * (1 - width)
    below = draws.uniform(-1, 1, size=len(planes)) * (1 - height)
    nothing = np.zeros(len(planes))
    across = np.stack([width, nothing, right], axis=1)
    down = np.stack([nothing, height, below], axis=1)
    return _resampled(planes, np.stack([across, down], axis=1), "border")


def _resampled(planes: Planes, maps: Float64[np.ndarray, "sample 2 3"], outside: str) -> Planes:
    theta = torch.from_numpy(maps).to(planes.device, torch.float32)
    grid = F.affine_grid(theta, list(planes.shape), align_corners=False)
    return F.grid_sample(planes, grid, mode="bilinear", padding_mode=outside, align_corners=False)
