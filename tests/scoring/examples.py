"""A tiny network on the digits and a scoring of it, as the tests of the scores change them."""

from __future__ import annotations

import torch
from torch import Tensor

from frostline.networks.build import build
from frostline.networks.network import Fit, Network
from frostline.randomness import torch_stream
from frostline.spec.dataset import Dataset
from frostline.spec.network import PlainCnn
from frostline.spec.scoring import Scoring
from frostline.spec.trial import RandomStart

CNN = PlainCnn(name="plain_cnn", depth=3, channels=4)
DIGITS = Dataset(name="digits", classes=(5, 6, 7))
SOUNDS = Dataset(name="fsdd", size=32)


def scoring(**changes: object) -> Scoring:
    """Neighbours of every layer of an untrained network on three digits, with ``changes``."""
    content: dict[str, object] = {
        "dataset": DIGITS,
        "network": CNN,
        "start": RandomStart(seed=0),
        "scores": ("neighbours",),
    }
    return Scoring.model_validate(content | changes)


def network(outputs: int = 3) -> Network:
    """The network of that scoring, its weights drawn."""
    return build(CNN, Fit(1, 8, outputs, 3), 0)


def planes(items: int) -> Tensor:
    """So many planes of noise."""
    return torch.rand((items, 1, 8, 8), generator=torch_stream(0, "planes"))
