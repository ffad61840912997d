"""The spectrogram transformer as ordered layers, drawn fresh: patches with their places, then blocks before a norm.

| symbol | meaning | shape |
|---|---|---|
| plane | levels of a spectrogram, or a picture | channel row column |
| token | what stands for one patch of the plane, row of patches by row of patches | width |
| head' | one of the parts of a token that attend by themselves | width / heads |
| features | the average of all tokens after the last norm | width |

A block adds to its tokens first what attention, then what the dense part makes of their norm (Vaswani et al. 2017, in
the order of Dosovitskiy et al. 2021).
"""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from frostline.networks.network import Fit, Network
from frostline.randomness import torch_stream
from frostline.spec.spectrogram_transformer import SpectrogramTransformer

DEVIATION = 0.02
"""Of the normal law, cut off at two deviations, that weights and places are drawn from."""
DENSE = 4
"""How much wider than a token the dense part of a block is."""


class Patches(nn.Module):
    """The lowest layer: a token for each patch of a plane, zeros filling the last ones, with its place added to it."""

    def __init__(self, spec: SpectrogramTransformer, fit: Fit) -> None:
        super().__init__()
        self.patch = spec.patch
        rows, columns = spec.grid(fit.size)
        self.embed = nn.Conv2d(fit.channels, spec.width, spec.patch, stride=spec.patch)
        self.places = nn.Parameter(torch.empty(1, rows * columns, spec.width))

    def forward(self, planes: Float[Tensor, "sample channel row column"]) -> Float[Tensor, "sample token width"]:
        """The tokens of each plane."""
        below, beside = (-side % self.patch for side in planes.shape[2:])
        tokens = self.embed(F.pad(planes, (0, beside, 0, below))).flatten(2).transpose(1, 2)
        placed: Tensor = tokens + self.places
        return placed


class Attention(nn.Module):
    """Every token as an average of what all tokens give, in several parts that each weigh them in their own way."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.asked = nn.Linear(width, 3 * width)
        self.joined = nn.Linear(width, width)

    def forward(self, tokens: Float[Tensor, "sample token width"]) -> Float[Tensor, "sample token width"]:
        """The new tokens."""
        samples, count, width = tokens.shape
        parts = self.asked(tokens).reshape(samples, count, 3, self.heads, width // self.heads)
        queries, keys, values = parts.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(queries, keys, values)
        joined: Tensor = self.joined(mixed.transpose(1, 2).reshape(samples, count, width))
        return joined


class Block(nn.Module):
    """Attention and a dense part, each of which adds to the tokens what it makes of their norm."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.before_dense = nn.LayerNorm(width)
        wide, narrow = nn.Linear(width, DENSE * width), nn.Linear(DENSE * width, width)
        self.dense = nn.Sequential(OrderedDict(wide=wide, gelu=nn.GELU(), narrow=narrow))

    def forward(self, tokens: Float[Tensor, "sample token width"]) -> Float[Tensor, "sample token width"]:
        """The tokens with what was added to them."""
        tokens = tokens + self.attention(self.before_attention(tokens))
        added: Tensor = tokens + self.dense(self.before_dense(tokens))
        return added


class AverageToken(nn.Module):
    """The average of all tokens, each after a last norm."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: Float[Tensor, "sample token width"]) -> Float[Tensor, "sample width"]:
        """The features of each sample."""
        average: Tensor = self.norm(tokens).mean(dim=1)
        return average


def build_spectrogram_transformer(spec: SpectrogramTransformer, fit: Fit, seed: int) -> Network:
    """A network of ``spec`` that fits ``fit``, its weights drawn from streams of ``seed``, one a layer.

    Weights and places are drawn by a normal law of deviation 0.02, cut off at two deviations; biases are 0, and norms
    change nothing. A layer's weights depend on the seed, its name and its shape alone.
    """
    with torch.device("meta"):
        blocks = [Block(spec.width, spec.heads) for _ in spec.layer_names[1 : fit.kept]]
        modules: list[nn.Module] = [Patches(spec, fit), *blocks]
        readout, head = AverageToken(spec.width), nn.Linear(spec.width, fit.outputs)
    layers = {
        name: _drawn(module, torch_stream(seed, "weights", name))
        for name, module in zip(spec.layer_names[: fit.kept], modules, strict=True)
    }
    return Network(
        layers,
        _drawn(readout, torch_stream(seed, "weights", "readout")),
        _drawn(head, torch_stream(seed, "weights", "output")),
    )


@torch.no_grad()
def _drawn(module: nn.Module, generator: torch.Generator) -> nn.Module:
    """``module``, made on the meta device, with fresh weights."""
    module = module.to_empty(device="cpu")
    norms = {id(part.weight) for part in module.modules() if isinstance(part, nn.LayerNorm)}
    for name, parameter in module.named_parameters():
        if id(parameter) in norms:
            nn.init.ones_(parameter)
        elif name.endswith("bias"):
            nn.init.zeros_(parameter)
        else:
            cut = 2 * DEVIATION
            nn.init.trunc_normal_(parameter, std=DEVIATION, a=-cut, b=cut, generator=generator)
    return module
