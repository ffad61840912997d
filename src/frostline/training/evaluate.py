"""What a network answers, without learning from it."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float32
from torch import Tensor

from frostline.data.planes import Items
from frostline.networks.network import Network
from frostline.spec.recipe import Precision

BATCH = 256


@torch.inference_mode()
def logits_of(network: Network, items: Items, precision: Precision) -> Float32[Tensor, "sample output"]:
    """The logits for each sample of ``items``, on the CPU, computed in batches of 256 planes in ``precision``.

    The network is left in the mode that it was in.
    """
    device = next(network.parameters()).device
    training = network.training
    network.eval()
    answers = [outputs_of(network, planes.to(device), precision).cpu() for planes in torch.split(items.planes, BATCH)]
    network.train(training)
    return of_samples(torch.cat(answers).clone(), items.pieces)


def of_samples(logits: Float32[Tensor, "piece output"], pieces: int) -> Float32[Tensor, "sample output"]:
    """One answer a sample: the logarithm of the mean probability of its ``pieces``; one piece is its own answer."""
    if pieces == 1:
        return logits
    likely = logits.log_softmax(dim=1).reshape(-1, pieces, logits.shape[1])
    averaged: Tensor = likely.logsumexp(dim=1) - math.log(pieces)
    return averaged


def outputs_of(
    network: Network, planes: Float32[Tensor, "sample channel row column"], precision: Precision
) -> Float32[Tensor, "sample output"]:
    """What ``network`` answers to ``planes``, computed in ``precision`` and given in float32."""
    with torch.autocast(planes.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        outputs: Tensor = network(planes)
    return outputs.float()
