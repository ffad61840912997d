"""Planes whose distribution under each condition is known, and small generators that learn it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from frostline.augmentation.gan import Bench, Material
from frostline.randomness import stream
from frostline.spec.synthesis import AdversarialRecipe, Forging, GeneratorSizes

BANDS = (0, 3, 6)
SIZES = GeneratorSizes(latent=32, width=16, widest=32)
CPU = torch.device("cpu")


def squares(count: int, seed: int = 0) -> Material:
    """A square of 2 x 2 in the band of its class, in any column, of any level from 0.5 to 1."""
    draws = stream(seed, "squares")
    classes = draws.integers(len(BANDS), size=count)
    planes = np.zeros((count, 1, 8, 8), dtype=np.float32)
    for number, (label, column) in enumerate(zip(classes, draws.integers(7, size=count), strict=True)):
        band = BANDS[label]
        planes[number, 0, band : band + 2, column : column + 2] = draws.uniform(0.5, 1)
    return Material(torch.from_numpy(planes), torch.from_numpy(classes), len(BANDS))


def bands_of(planes: Tensor) -> Tensor:
    """The class that a Bayes classifier gives each of ``planes``: the band that holds the most."""
    held = torch.stack([planes[:, 0, band : band + 2].sum(dim=(1, 2)) for band in BANDS], dim=1)
    return held.argmax(dim=1)


def slopes(count: int, seed: int = 0) -> Material:
    """The level of the upper rows is the first value, that of the left columns of the lower rows the second; noise."""
    draws = stream(seed, "slopes")
    values = draws.uniform(-0.8, 0.8, size=(count, 2)).astype(np.float32)
    planes = np.zeros((count, 1, 8, 8), dtype=np.float32)
    planes[:, 0, :4] = values[:, :1, None]
    planes[:, 0, 4:, :4] = values[:, 1:, None]
    planes += draws.normal(0, 0.05, size=planes.shape)
    return Material(torch.from_numpy(planes), torch.from_numpy(values), 2)


def levels_of(planes: Tensor) -> Tensor:
    """The two values that ``planes`` tell."""
    return torch.stack([planes[:, 0, :4].mean(dim=(1, 2)), planes[:, 0, 4:, :4].mean(dim=(1, 2))], dim=1)


def forging(steps: int, items: int = 300, **changes: object) -> Forging:
    """A small generator of ``steps`` steps, quick to learn; ``changes`` are of its recipe."""
    usual: dict[str, object] = {
        "steps": steps,
        "batch": 16,
        "generator_rate": 1e-3,
        "critic_rate": 2e-3,
        "averaging": 0.95,
        "penalty": 0.1,
        "penalty_every": 4,
        "distortions": (),
        "look_every": 20,
    }
    recipe = AdversarialRecipe.model_validate(usual | changes).resolved(items)
    return Forging(recipe=recipe, sizes=SIZES, number=30)


def bench(folder: Path, keep_every: int = 10**6) -> Bench:
    """A place in ``folder``, on the CPU."""
    return Bench(folder, CPU, keep_every)
