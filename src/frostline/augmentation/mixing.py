"""Items mixed with one another, planes and targets alike (mixup, Zhang et al. 2018, equation 1).

| symbol | meaning | shape, unit |
|---|---|---|
| weights | how much of each item stays; the rest is its partner's | sample, 0 to 1 |
| partners | which item of the batch each is mixed with, itself perhaps | sample |
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from frostline.augmentation.batch import Batch
from frostline.spec.augmentation import Mixup


def mixed(
    planes: Float32[Tensor, "sample channel row column"],
    targets: Float32[Tensor, "sample output"],
    mixup: Mixup,
    draws: np.random.Generator,
) -> Batch:
    """``planes`` and ``targets``, each item mixed with a partner in its own proportion.

    Targets are a number for each output: the weight of each class, tags or values.
    """
    drawn = draws.beta(mixup.alpha, mixup.alpha, size=len(planes))
    weights = torch.from_numpy(drawn).to(planes.device, torch.float32)
    partners = torch.from_numpy(draws.permutation(len(planes))).to(planes.device)
    return Batch(
        torch.lerp(planes[partners], planes, weights[:, None, None, None]),
        torch.lerp(targets[partners], targets, weights[:, None]),
    )
