"""What becomes of the normalisation in frozen layers where a recipe does not keep it as it is."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from math import ceil

import torch
from torch import Tensor, nn

from frostline.data.moving import each
from frostline.networks.network import BATCH_NORMS, NORMS, Network
from frostline.spec.recipe import Recipe


def with_norms(network: Network, planes: Tensor, recipe: Recipe) -> Network:
    """``network``, or a copy, with the norms of its frozen layers as ``recipe`` has them, fitted to ``planes``."""
    match recipe.norms:
        case "stored":
            return network
        case "re-estimated":
            return re_estimated(network, planes, recipe.batch)
        case "tuned":
            return with_tuned_norms(network)


@torch.no_grad()
def re_estimated(network: Network, planes: Tensor, batch: int) -> Network:
    """A copy of ``network`` whose frozen batch norms hold the statistics of ``planes``; ``network`` stays untouched.

    The statistics are the plain average over batches of at most ``batch`` planes and nearly equal size, in order; all
    else answers as in evaluation. What each batch norm sees has passed those below it by the batch's own statistics.
    """
    device = next(network.parameters()).device
    copied = copy.deepcopy(network).eval()
    norms = [part for part in _frozen_parts(copied) if isinstance(part, BATCH_NORMS) and part.track_running_stats]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum, norm.training = None, True
    parts = torch.tensor_split(planes, ceil(len(planes) / batch)) if norms else ()
    for (part,) in each(((part,) for part in parts), device):
        copied(part)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return copied.train(network.training)


def with_tuned_norms(network: Network) -> Network:
    """A copy of ``network`` whose frozen layers train the scales and offsets of their norms, and nothing else.

    Batch norms go by their stored statistics as before. ``network`` stays untouched.
    """
    copied = copy.deepcopy(network)
    for part in _frozen_parts(copied):
        if isinstance(part, NORMS):
            part.requires_grad_(True)
    return copied


def _frozen_parts(network: Network) -> Iterator[nn.Module]:
    """Every module, however deep, of what is frozen in ``network``."""
    return (part for name, module in network.parts.items() if name in network.frozen for part in module.modules())
