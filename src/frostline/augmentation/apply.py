"""What augmentation makes of a batch: each kind in its turn, by draws of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from frostline.augmentation.batch import Batch
from frostline.augmentation.geometry import cropped, flipped, rotated, shifted
from frostline.augmentation.masking import masked
from frostline.augmentation.mixing import mixed
from frostline.data.planes import Items
from frostline.randomness import stream
from frostline.spec.augmentation import Augmentation

Kind = Literal["flip", "rotation", "crop", "shift", "masks", "mixup"]
Draws = Mapping[Kind, np.random.Generator]


def draws_of(seed: int) -> Draws:
    """The generator of each kind of augmentation, at its start; no kind ever draws from that of another."""
    kinds: tuple[Kind, ...] = get_args(Kind)
    return {kind: stream(seed, "augmentation", kind) for kind in kinds}


def viewed(planes: Tensor, augmentation: Augmentation, view: int, chunk: int) -> Tensor:
    """The version number ``view`` of ``planes``, which are ``chunk`` of their dataset; always the same one."""
    kinds: tuple[Kind, ...] = get_args(Kind)
    draws = {kind: stream(view, "view", kind, str(chunk)) for kind in kinds}
    nobody = Items(planes, torch.zeros(len(planes), dtype=torch.int64))
    return augmented(nobody, augmentation, draws, classes=1).planes


def augmented(items: Items, augmentation: Augmentation, draws: Draws, classes: int) -> Batch:
    """``items`` as ``augmentation`` leaves them, each by draws of its own; ``items`` stay untouched.

    ``classes`` is how many classes there are: mixed targets hold a weight for each. Tags and values are mixed as they
    are.
    """
    planes = items.planes
    assert isinstance(planes, Tensor)
    if augmentation.flip is not None:
        planes = flipped(planes, draws["flip"])
    if augmentation.rotation is not None:
        planes = rotated(planes, augmentation.rotation, draws["rotation"])
    if augmentation.crop is not None:
        planes = cropped(planes, augmentation.crop, draws["crop"])
    if augmentation.shift is not None:
        planes = shifted(planes, augmentation.shift, draws["shift"])
    if augmentation.masks is not None:
        planes = masked(planes, augmentation.masks, draws["masks"])
    if augmentation.mixup is None:
        return Batch(planes, items.targets)
    targets = F.one_hot(items.targets, classes).float() if items.task == "classes" else items.targets
    return mixed(planes, targets, augmentation.mixup, draws["mixup"])
