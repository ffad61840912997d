"""Networks of timm as ordered layers under a readout and a head: drawn from a seed, or taken apart with weights."""

from __future__ import annotations

from collections import Counter

import timm
import torch
from timm.models.vision_transformer import VisionTransformer
from torch import nn

from frostline.networks.network import Fit, Network, set_norm_epsilon
from frostline.networks.timm_families import Model, way_of
from frostline.networks.timm_vit import head_of
from frostline.randomness import torch_noise
from frostline.spec.network import LEAST_ROWS, Timm


def timm_model(spec: Timm, fit: Fit) -> nn.Module:
    """The whole model of ``spec`` as timm builds it, with ``fit.outputs`` outputs, ready to take weights.

    Its own weights come from a fixed stream; ``fit.kept`` does not count.
    """
    with torch_noise(0, "weights", "layers"):
        return _created(spec, fit, fit.outputs)


def timm_network(spec: Timm, fit: Fit, seed: int) -> Network:
    """A network of ``spec`` that fits ``fit``, drawn as the architecture itself draws its weights.

    Layers and own readout come from one stream of ``seed`` and the head from another, so layers depend neither on how
    many of them are kept nor on the outputs. A network without its topmost layers reads what is left: a ViT as the
    architecture does, a ConvNeXt by pooling and a new norm, any other by pooling.
    """
    with torch_noise(seed, "weights", "layers"):
        model = _created(spec, fit, outputs=0)
    way, whole = way_of(model), disassemble(model)
    layers = dict(list(whole.layers.items())[: fit.kept])
    readout, width = whole.readout, int(model.head_hidden_size)
    with torch_noise(seed, "weights", "head"):
        if fit.kept < len(whole.layers):
            width = width if way.family == "vit" else _channels_after(layers, fit.channels)
            readout = way.readout(model, width)
        return Network(layers, readout, head_of(way.classifier(model, width, fit.outputs), 0.0))


def disassemble(model: nn.Module) -> Network:
    """The layers, readout and head of ``model``, which shares its modules and computes the same.

    Raises:
        ValueError: the model is of no family, or a parameter or buffer of it would be lost or stand twice.
    """
    network = way_of(model).apart(model)
    held = Counter(id(tensor) for _, tensor in _tensors(network))
    lost = [name for name, tensor in _tensors(model) if id(tensor) not in held]
    twice = [name for name, tensor in _tensors(model) if held[id(tensor)] > 1]
    if lost or twice:
        raise ValueError(f"{type(model).__name__} cannot be taken apart; lost: {lost}, in two parts: {twice}")
    return network.train(model.training)


def _tensors(module: nn.Module) -> list[tuple[str, torch.Tensor]]:
    parameters = module.named_parameters(remove_duplicate=False)
    return [*parameters, *module.named_buffers(remove_duplicate=False)]


def _created(spec: Timm, fit: Fit, outputs: int) -> Model:
    if spec.architecture.family != "vit":
        other = timm.create_model(spec.model, num_classes=outputs, in_chans=fit.channels, drop_path_rate=spec.drop_path)
        assert isinstance(other, Model)
        if spec.norm_epsilon is not None:
            set_norm_epsilon(other, spec.norm_epsilon)
        # Channels last is what convolutions compute fastest in: a third less time for EfficientNet on a CPU.
        return other.to(memory_format=torch.channels_last)
    model = timm.create_model(
        spec.model,
        num_classes=outputs,
        in_chans=fit.channels,
        drop_path_rate=spec.drop_path,
        img_size=fit.rows_and_columns,
        patch_size=spec.patch,
        dynamic_img_size=False,
    )
    assert isinstance(model, VisionTransformer)
    if spec.norm_epsilon is not None:
        set_norm_epsilon(model, spec.norm_epsilon)
    if spec.readout != "own":
        # The norm stays where the architecture has it, so that its weights fit whatever the readout.
        model.global_pool = "token" if spec.readout == "token" else "avg"
        model.attn_pool = None  # type: ignore[assignment]
    return model


@torch.no_grad()
def _channels_after(layers: dict[str, nn.Module], channels: int) -> int:
    """How many channels leave the last of ``layers``, which stay as they are."""
    planes = torch.zeros(1, channels, LEAST_ROWS, LEAST_ROWS)
    for layer in layers.values():
        planes = layer.eval()(planes)
    return planes.shape[1]
