"""Rows and columns hidden behind the plane's mean (SpecAugment, Park et al. 2019)."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float32
from torch import Tensor

from frostline.spec.augmentation import Masks, Stripes

Planes = Float32[Tensor, "sample channel row column"]


def masked(planes: Planes, masks: Masks, draws: np.random.Generator) -> Planes:
    """``planes`` with stripes of rows and of columns set to the mean of the channel, as it was before any stripe."""
    rows, columns = planes.shape[2:]
    hidden = torch.zeros(len(planes), 1, rows, columns, dtype=torch.bool)
    if masks.frequency is not None:
        hidden |= _striped(len(planes), rows, masks.frequency, draws)[:, None, :, None]
    if masks.time is not None:
        hidden |= _striped(len(planes), columns, masks.time, draws)[:, None, None, :]
    return torch.where(hidden.to(planes.device), planes.mean(dim=(2, 3), keepdim=True), planes)


def _striped(items: int, lines: int, stripes: Stripes, draws: np.random.Generator) -> Bool[Tensor, "sample line"]:
    """Which of ``lines`` each item hides: a width drawn evenly from 0 to the largest, then a place, for each stripe."""
    widths = draws.integers(0, min(stripes.width, lines), size=(items, stripes.count, 1), endpoint=True)
    firsts = draws.integers(0, lines - widths, endpoint=True)
    line = np.arange(lines)
    return torch.from_numpy(((firsts <= line) & (line < firsts + widths)).any(axis=1))
