"""Distortions through which a gradient passes, for real and synthetic planes alike (Zhao et al. 2020, DiffAugment).

| symbol | meaning | shape, unit |
|---|---|---|
| planes | between -1 and 1 | sample channel row column |
| draws | what chance decides of each sample, from 0 to 1, a column a decision | sample decision |
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from frostline.spec.synthesis import Distortion

DECISIONS = 6
LEVELS = 0.5
"""Levels are moved by up to this, and their spread about the mean is scaled by 1 minus to 1 plus this."""
FURTHEST = 0.125
"""Planes are shifted by up to this part of their rows and columns; what comes in is the lowest level."""
HIDDEN = 0.5
"""The rectangle that is cut out has this part of the rows and of the columns."""


def distorted(
    planes: Float[Tensor, "sample channel row column"],
    distortions: Sequence[Distortion],
    draws: Float[Tensor, "sample decision"],
) -> Float[Tensor, "sample channel row column"]:
    """``planes``, each distorted by its own of ``draws`` on the same device; every kind reads columns of its own."""
    if "level" in distortions:
        planes = _levelled(planes, draws[:, 0], draws[:, 1])
    if "shift" in distortions:
        planes = _shifted(planes, draws[:, 2], draws[:, 3])
    if "cutout" in distortions:
        planes = _cut_out(planes, draws[:, 4], draws[:, 5])
    return planes


def _levelled(planes: Tensor, up: Tensor, spread: Tensor) -> Tensor:
    mean = planes.mean(dim=(1, 2, 3), keepdim=True)
    gain = 1 + LEVELS * (2 * spread[:, None, None, None] - 1)
    offset = mean * (1 - gain) + LEVELS * (2 * up[:, None, None, None] - 1)
    return torch.addcmul(offset.to(planes.dtype), planes, gain.to(planes.dtype))


def _shifted(planes: Tensor, down: Tensor, right: Tensor) -> Tensor:
    rows, columns = planes.shape[-2:]
    row_of, inside_rows = _moved(down, rows)
    column_of, inside_columns = _moved(right, columns)
    samples = torch.arange(len(planes), device=planes.device)[:, None, None]
    moved = planes.permute(0, 2, 3, 1)[samples, row_of[:, :, None], column_of[:, None, :]].permute(0, 3, 1, 2)
    inside = (inside_rows[:, :, None] & inside_columns[:, None, :])[:, None]
    return torch.where(inside, moved, -1.0)


def _moved(by: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """From which of ``length`` places each place is taken, and whether there is one."""
    most = int(FURTHEST * length + 0.5)
    offset = (by * (2 * most + 1)).long().clamp(max=2 * most) - most
    places = torch.arange(length, device=by.device) + offset[:, None]
    inside = (places >= 0) & (places < length)
    return places.clamp(0, length - 1), inside


def _cut_out(planes: Tensor, down: Tensor, right: Tensor) -> Tensor:
    rows, columns = planes.shape[-2:]
    hidden = (_hidden(down, rows)[:, :, None] & _hidden(right, columns)[:, None, :])[:, None]
    return planes.masked_fill(hidden, 0.0)


def _hidden(where: Tensor, length: int) -> Tensor:
    """Which of ``length`` places lie in a stretch of half of them, around a place anywhere."""
    middle = (where * length).long()[:, None]
    return (torch.arange(length, device=where.device) - middle).abs() <= HIDDEN * length / 2
