"""What a network specification says of its head, put on a network that was drawn without it."""

from __future__ import annotations

import math

import torch
from torch import nn

from frostline.networks.network import Network
from frostline.randomness import torch_stream
from frostline.spec.heads import Headed

OUTPUT = 2
"""The place of the layer to the outputs in a head with a hidden layer, after that and its activation."""


def with_hidden(network: Network, spec: Headed, outputs: int, seed: int) -> Network:
    """``network`` with a dense layer of the width that ``spec`` asks for and a ReLU before its layer to the outputs.

    Both dense layers are drawn anew, each from a stream of ``seed`` of its own; what stands before them stays.
    """
    if spec.hidden is None:
        return network
    before = [module for module in _parts(network.head) if isinstance(module, nn.Dropout)]
    width = next(module.in_features for module in network.head.modules() if isinstance(module, nn.Linear))
    hidden = drawn(nn.Linear(width, spec.hidden, device="meta"), torch_stream(seed, "weights", "hidden"))
    output = drawn(nn.Linear(spec.hidden, outputs, device="meta"), torch_stream(seed, "weights", "output"))
    head = nn.Sequential(nn.Sequential(*before, hidden), nn.ReLU(), output) if before else None
    network.head = head or nn.Sequential(hidden, nn.ReLU(), output)
    return network


def with_output(network: Network, spec: Headed) -> Network:
    """``network`` with its answers kept between -1 and 1 where ``spec`` asks for that."""
    if spec.output == "tanh":
        network.head = nn.Sequential(*_parts(network.head), nn.Tanh())
    return network


def drawn(module: nn.Conv2d | nn.Linear, generator: torch.Generator) -> nn.Module:
    """``module``, made on the meta device, with weights drawn uniformly within 1 / sqrt(fan in), as torch's own are."""
    bound = 1 / math.sqrt(module.weight[0].numel())
    drawn = module.to_empty(device="cpu")
    with torch.no_grad():
        for tensor in drawn.parameters():
            tensor.uniform_(-bound, bound, generator=generator)
    return drawn


def _parts(head: nn.Module) -> list[nn.Module]:
    return list(head) if isinstance(head, nn.Sequential) else [head]
