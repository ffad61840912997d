"""Ordered, named layers under a readout and a head; a frozen layer is a constant function."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from frostline.outcome import ParameterCounts
from frostline.spec.extent import Extent, rows_and_columns

READOUT = "readout"
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
NORMS = (*BATCH_NORMS, nn.LayerNorm, nn.GroupNorm)


@dataclass(frozen=True)
class Fit:
    """What a network must fit: planes of ``channels`` and a ``size``, its ``outputs``, how many layers stay."""

    channels: int
    size: Extent
    outputs: int
    kept: int

    @property
    def rows_and_columns(self) -> tuple[int, int]:
        """Rows and columns of the planes."""
        return rows_and_columns(self.size)


class Network(nn.Module):
    """Layers, input first, then a readout that makes features of the last layer's output, then a head.

    Layers named in ``frozen`` are constant, and so is the readout where ``frozen`` holds ``readout``: their parameters
    need no gradient and they never enter training mode, whatever ``train`` is called on the whole, so no buffer moves
    and no dropout draws.

    Raises:
        ValueError: a frozen name that no layer has, or a layer called ``readout``.
    """

    def __init__(
        self, layers: Mapping[str, nn.Module], readout: nn.Module, head: nn.Module, frozen: Collection[str] = ()
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(dict(layers))
        self.readout = readout
        self.head = head
        self.frozen = frozenset(frozen)
        if READOUT in self.layers:
            raise ValueError(f"a layer cannot be called {READOUT!r}, which names the part between layers and head")
        unknown = self.frozen - self.parts.keys()
        if unknown:
            raise ValueError(f"no such layers to freeze: {sorted(unknown)}; there are {list(self.parts)}")
        for name in self.frozen:
            self.parts[name].requires_grad_(False)
        self.train(self.training)

    @property
    def parts(self) -> dict[str, nn.Module]:
        """What can be frozen, input first: every layer by its name, then the readout."""
        return {**dict(self.layers.items()), READOUT: self.readout}

    def train(self, mode: bool = True) -> Network:
        """This network in training or evaluation mode; what is frozen stays in evaluation mode."""
        super().train(mode)
        for name in self.frozen:
            self.parts[name].train(False)
        return self

    def forward(self, planes: Shaped[Tensor, "sample ..."]) -> Float[Tensor, "sample output"]:
        """The head's outputs (logits) for ``planes``, or for what the layers below give where this is an upper part."""
        for layer in self.layers.values():
            planes = layer(planes)
        outputs: Tensor = self.head(self.readout(planes))
        return outputs


def frozen_depth(network: Network) -> int:
    """How many parts of ``network``, input first, are constant: frozen, and without a norm that is tuned."""
    depth = 0
    for name, part in network.parts.items():
        if name not in network.frozen or any(parameter.requires_grad for parameter in part.parameters()):
            break
        depth += 1
    return depth


def above(network: Network, depth: int) -> Network:
    """What of ``network`` lies above its lowest ``depth`` parts, whose modules it shares; it reads what those give."""
    layers = dict(list(network.layers.items())[depth:])
    lowest = set(list(network.parts)[:depth])
    readout = nn.Identity() if READOUT in lowest else network.readout
    return Network(layers, readout, network.head, network.frozen - lowest)


def joined(network: Network, depth: int, upper: Network) -> Network:
    """The lowest ``depth`` parts of ``network`` under ``upper``; shares the modules of both."""
    layers = dict(list(network.layers.items())[:depth]) | dict(upper.layers.items())
    readout = network.readout if depth > len(network.layers) else upper.readout
    return Network(layers, readout, upper.head, network.frozen)


def parameter_counts(network: Network) -> ParameterCounts:
    """How many parameters ``network`` has, and how many of them a training moves."""
    total = sum(parameter.numel() for parameter in network.parameters())
    trainable = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    return ParameterCounts(total=total, trainable=trainable, frozen=total - trainable)


def state_digest(module: nn.Module) -> str:
    """sha256 over every parameter and buffer of ``module``, those that are not saved included, by name, bit for bit."""
    digest = hashlib.sha256()
    state = dict(module.named_buffers(remove_duplicate=False)) | module.state_dict()
    for name, tensor in sorted(state.items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(np.ascontiguousarray(tensor.detach().cpu().numpy()).data)
    return digest.hexdigest()


def set_norm_epsilon(module: nn.Module, epsilon: float) -> None:
    """Gives every layer norm in ``module`` this ``epsilon``: two networks to be compared need the same one."""
    for part in module.modules():
        if isinstance(part, nn.LayerNorm):
            part.eps = epsilon
