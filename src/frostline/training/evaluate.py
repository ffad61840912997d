"""What a network answers, without learning from it."""

from __future__ import annotations

import torch
from jaxtyping import Float32
from torch import Tensor

from frostline.data.planes import Items
from frostline.networks.network import Network

BATCH = 256


@torch.inference_mode()
def logits_of(network: Network, items: Items) -> Float32[Tensor, "item output"]:
    """The logits for ``items`` on the CPU, in batches of 256; the network is left in the mode that it was in."""
    device = next(network.parameters()).device
    training = network.training
    network.eval()
    answers = [network(planes.to(device)).cpu() for planes in torch.split(items.planes, BATCH)]
    network.train(training)
    return torch.cat(answers).clone()
