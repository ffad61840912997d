"""The VGG tagger of MagnaTagATune as ordered layers: drawn fresh, or as published with the names of its tags.

| symbol | meaning | shape |
|---|---|---|
| plane | levels of a spectrogram, or a picture | channel band frame |
| turned | the plane with time as rows, as the published weights know it | channel frame band |
| positions | what poolings leave of a turned plane | channel frame' band' |
| features | positions flattened: frame', then band', then channel | frame' x band' x channel |
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from frostline.errors import WeightsFault
from frostline.networks.network import Fit, Network
from frostline.networks.weights import load_into, read_weights
from frostline.randomness import torch_stream
from frostline.spec.mtt_vgg import POOLS, MttVgg

EPSILON = 1e-3
FRAMES, BANDS = 187, 96
"""The planes that the published weights were trained on: 3 s of sound."""


@dataclass(frozen=True, eq=False)
class Tagger:
    """The published network with its own head, in evaluation mode, and what each of its outputs (logits) stands for."""

    network: Network
    tags: tuple[str, ...]


class Turned(nn.Module):
    """Planes with columns as rows."""

    def forward(self, planes: Tensor) -> Tensor:
        """The planes with rows and columns exchanged."""
        return planes.transpose(2, 3)


class ChannelsLast(nn.Module):
    """Positions as features: row by row, in a row column by column, and of each all channels."""

    def forward(self, positions: Tensor) -> Tensor:
        """The features of each sample in one row."""
        return positions.permute(0, 2, 3, 1).flatten(1)


def build_mtt_vgg(spec: MttVgg, fit: Fit, seed: int) -> Network:
    """A network of ``spec`` that fits ``fit``, its weights drawn from streams of ``seed``, one a layer.

    Kernels are drawn by the uniform law of Glorot and Bengio (2010), which the published weights began with; biases are
    0, and norms change nothing. A layer's weights depend on the seed, its name and its shape alone.
    """
    layers: dict[str, nn.Module] = {}
    channels = fit.channels
    for name in spec.layer_names[: fit.kept]:
        layers[name] = _layer(len(layers), channels, spec.channels, torch_stream(seed, "weights", name))
        channels = spec.channels
    bands, frames = fit.rows_and_columns
    rows, columns = spec.shapes(frames, bands)[fit.kept - 1]
    return _network(layers, _drawn(nn.Linear(channels * rows * columns, fit.outputs, device="meta"), seed))


def published_tagger(path: Path) -> Tagger:
    """The tagger whose weights are at ``path``, for planes of 1 x 96 x 187 (channel, band, frame).

    Every tensor of the file is used. What the planes hold, the file's metadata say: sound at 16 kHz, windows of 512
    samples every 256, 96 mel bands, ``level: compressed``.

    Raises:
        WeightsFault: the file is missing or damaged, lacks the names of its tags, or does not fit the network.
    """
    tensors = read_weights(path)
    tags = _tags(path)
    spec = MttVgg(name="mtt_vgg")
    rows, columns = spec.shapes(FRAMES, BANDS)[-1]
    layers = build_mtt_vgg(spec, Fit(1, BANDS, len(tags), len(POOLS)), seed=0).layers
    head = _drawn(nn.Linear(spec.channels * rows * columns, len(tags), device="meta"), seed=0)
    network = _network(dict(layers.items()), head)
    load_into(network, tensors, path)
    return Tagger(network.eval(), tags)


def _tags(path: Path) -> tuple[str, ...]:
    try:
        with safe_open(path, framework="pt") as file:
            told = (file.metadata() or {}).get("tags", "")
    except SafetensorError as error:
        raise WeightsFault(f"{path} is no safetensors file: {error}") from None
    try:
        tags = json.loads(told)
    except json.JSONDecodeError:
        tags = None
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise WeightsFault(f"{path} does not name its tags; expected a list of names under tags in its metadata")
    return tuple(tags)


def _network(layers: dict[str, nn.Module], head: nn.Module) -> Network:
    # Channels last is what convolutions compute fastest in.
    return Network(layers, ChannelsLast(), head).to(memory_format=torch.channels_last)


def _layer(index: int, channels: int, width: int, generator: torch.Generator) -> nn.Module:
    """The convolution at ``index`` with its activation, norm and pooling; the first one turns and normalises before."""
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    if index == 0:
        parts["turned"] = Turned()
        parts["planes_norm"] = nn.BatchNorm2d(channels, eps=EPSILON)
    convolution = nn.Conv2d(channels, width, 3, padding=1, device="meta")
    parts["conv"] = _glorot(convolution, generator)
    parts["relu"] = nn.ReLU()
    parts["norm"] = nn.BatchNorm2d(width, eps=EPSILON)
    pool = POOLS[index]
    parts["pool"] = nn.MaxPool2d(pool.window, pool.stride)
    return nn.Sequential(parts)


def _drawn(head: nn.Linear, seed: int) -> nn.Module:
    return _glorot(head, torch_stream(seed, "weights", "output"))


@torch.no_grad()
def _glorot(module: nn.Conv2d | nn.Linear, generator: torch.Generator) -> nn.Module:
    """``module``, made on the meta device, with fresh weights."""
    drawn = module.to_empty(device="cpu")
    nn.init.xavier_uniform_(drawn.weight, generator=generator)
    assert drawn.bias is not None
    nn.init.zeros_(drawn.bias)
    return drawn
