"""Ordered, named layers under a readout and a head; a frozen layer is a constant function."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from torch import Tensor, nn


@dataclass(frozen=True)
class Fit:
    """What a network must fit: planes of ``channels`` x ``size`` x ``size``, its ``outputs``, how many layers stay."""

    channels: int
    size: int
    outputs: int
    kept: int


class Network(nn.Module):
    """Layers, input first, then a readout that makes features of the last layer's output, then a head.

    Layers named in ``frozen`` are constant: their parameters need no gradient and they never enter training mode,
    whatever ``train`` is called on the whole, so no buffer moves and no dropout draws.
    """

    def __init__(
        self, layers: Mapping[str, nn.Module], readout: nn.Module, head: nn.Module, frozen: Collection[str] = ()
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(dict(layers))
        self.readout = readout
        self.head = head
        self.frozen = frozenset(frozen)
        unknown = self.frozen - set(self.layers)
        if unknown:
            raise ValueError(f"no such layers to freeze: {sorted(unknown)}; there are {list(self.layers)}")
        for name in self.frozen:
            self.layers[name].requires_grad_(False)
        self.train(self.training)

    def train(self, mode: bool = True) -> Network:
        """This network in training or evaluation mode; frozen layers stay in evaluation mode."""
        super().train(mode)
        for name in self.frozen:
            self.layers[name].train(False)
        return self

    def forward(self, planes: Float32[Tensor, "sample channel row column"]) -> Float32[Tensor, "sample output"]:
        """The head's outputs (logits) for ``planes``."""
        for layer in self.layers.values():
            planes = layer(planes)
        outputs: Tensor = self.head(self.readout(planes))
        return outputs


def state_digest(module: nn.Module) -> str:
    """sha256 over every parameter and buffer of ``module``, by name, bit for bit."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(np.ascontiguousarray(tensor.detach().cpu().numpy()).data)
    return digest.hexdigest()
