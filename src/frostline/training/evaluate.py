"""What a network answers, without learning from it."""

from __future__ import annotations

import torch
from jaxtyping import Float32, Shaped
from torch import Tensor

from frostline.data.moving import each
from frostline.data.planes import Items
from frostline.data.rows import Rows
from frostline.errors import OutOfMemory
from frostline.networks.network import Network
from frostline.spec.recipe import Precision
from frostline.tasks.task import of_samples

BATCH = 256
FULL = ("out of memory", "not enough memory", "can't allocate memory")


@torch.inference_mode()
def logits_of(network: Network, items: Items, precision: Precision) -> Float32[Tensor, "sample output"]:
    """The logits for each sample of ``items``, on the CPU, computed in ``precision``.

    Batches have 256 planes, or half as many, and so on, where more do not fit in memory. The network is left in the
    mode that it was in.

    Raises:
        OutOfMemory: not even one plane fits.
    """
    training = network.training
    network.eval()
    answers = _answers(network, items.planes, precision)
    network.train(training)
    return of_samples(answers, items.pieces, items.task)


def _answers(network: Network, planes: Tensor | Rows, precision: Precision) -> Tensor:
    device, batch = next(network.parameters()).device, BATCH
    while True:
        starts = range(0, len(planes), batch)
        try:
            shown = each(((planes[s : s + batch],) for s in starts), device)
            answers = torch.cat([outputs_of(network, part, precision) for (part,) in shown]).cpu()
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            if batch == 1:
                said = "a single item did not fit in memory for its evaluation; use a smaller network or smaller planes"
                raise OutOfMemory(said) from error
            batch //= 2
        else:
            return answers.clone()


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether torch says by ``error`` that memory ran out, on whatever device."""
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in FULL)


def outputs_of(
    network: Network, planes: Shaped[Tensor, "sample ..."], precision: Precision
) -> Float32[Tensor, "sample output"]:
    """What ``network`` answers to ``planes``, computed in ``precision`` and given in float32."""
    with torch.autocast(planes.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        outputs: Tensor = network(planes)
    return outputs.float()
