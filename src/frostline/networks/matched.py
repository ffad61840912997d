"""Weights that share nothing with trained ones but the statistics of each tensor, for statistics-only transfer.

======  =====================================================================  ============
symbol  meaning                                                                unit
======  =====================================================================  ============
w       a parameter of the trained network: a kernel, a bias, a scale          of the layer
mean    mean of the numbers in w                                               of the layer
sigma   deviation of the numbers in w (divided by their count)                 of the layer
z       independent draws of the standard normal law, one for each number      1
======  =====================================================================  ============

A fresh parameter is mean + sigma * z. Running means and variances of batch norms are permuted instead of drawn, each by
itself, so that variances stay positive. Every other buffer is part of the architecture (a mask, a table of positions)
and stays as it is.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from frostline.networks.network import Network
from frostline.randomness import torch_stream

RUNNING = ("running_mean", "running_var")
"""What batch norms call their statistics."""


@torch.no_grad()
def matched(network: Network, seed: int) -> Network:
    """A network of the shape of ``network`` with fresh weights of the same statistics, drawn from streams of ``seed``.

    Each tensor has a stream of its own, by its name. ``network`` stays untouched; a tensor whose numbers all agree
    stays as it is.
    """
    fresh = copy.deepcopy(network)
    for name, parameter in fresh.named_parameters():
        parameter.copy_(_drawn(parameter, torch_stream(seed, "matched", name)))
    for name, buffer in fresh.named_buffers():
        if name.rpartition(".")[2] in RUNNING:
            order = torch.randperm(len(buffer), generator=torch_stream(seed, "matched", name))
            buffer.copy_(buffer[order])
    return fresh


def _drawn(tensor: Tensor, generator: torch.Generator) -> Tensor:
    """Numbers of the shape of ``tensor``, drawn by the normal law with its mean and deviation."""
    numbers = tensor.double()
    drawn = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
    return drawn * numbers.std(correction=0) + numbers.mean()
