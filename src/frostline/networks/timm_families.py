"""timm's models taken apart, family by family: the modules of a model, shared, as layers under a readout and a head."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from timm.layers.weight_init import trunc_normal_
from timm.models.convnext import ConvNeXt, ConvNeXtStage
from timm.models.deit import VisionTransformerDistilled
from timm.models.efficientnet import EfficientNet
from timm.models.mobilenetv3 import MobileNetV3
from timm.models.resnet import ResNet
from timm.models.vision_transformer import VisionTransformer
from torch import nn

from frostline.networks import timm_vit
from frostline.networks.network import Network
from frostline.networks.timm_vit import head_of, numbered
from frostline.spec.timm_facts import FAMILIES, Family

Model = VisionTransformer | ResNet | EfficientNet | MobileNetV3 | ConvNeXt


def _resnet(model: ResNet) -> Network:
    stem = nn.Sequential(OrderedDict(conv1=model.conv1, bn1=model.bn1, act1=model.act1, maxpool=model.maxpool))
    stages = [child for name, child in model.named_children() if name.startswith("layer")]
    layers = {"stem": stem, **numbered(block for stage in stages for block in stage.children())}
    return Network(layers, model.global_pool, head_of(model.fc, model.drop_rate))


def _efficientnet(model: EfficientNet) -> Network:
    layers: dict[str, nn.Module] = {"stem": nn.Sequential(OrderedDict(conv_stem=model.conv_stem, bn1=model.bn1))}
    layers |= numbered(block for stage in model.blocks.children() for block in stage.children())
    if not isinstance(model.conv_head, nn.Identity):
        layers["top"] = nn.Sequential(OrderedDict(conv_head=model.conv_head, bn2=model.bn2))
    return Network(layers, model.global_pool, head_of(model.classifier, model.drop_rate))


def _mobilenetv3(model: MobileNetV3) -> Network:
    layers: dict[str, nn.Module] = {"stem": nn.Sequential(OrderedDict(conv_stem=model.conv_stem, bn1=model.bn1))}
    layers |= numbered(block for stage in model.blocks.children() for block in stage.children())
    layers["top"] = nn.Sequential(
        OrderedDict(
            global_pool=model.global_pool, conv_head=model.conv_head, norm_head=model.norm_head, act2=model.act2
        )
    )
    return Network(layers, model.flatten, head_of(model.classifier, model.drop_rate))


def _convnext(model: ConvNeXt) -> Network:
    blocks: list[nn.Module] = []
    for stage in model.stages.children():
        assert isinstance(stage, ConvNeXtStage)
        first, *others = stage.blocks.children()
        if not isinstance(stage.downsample, nn.Identity):
            first = nn.Sequential(OrderedDict(downsample=stage.downsample, block=first))
        blocks += [first, *others]
    parts = OrderedDict({"norm_pre": model.norm_pre, "global_pool": model.head.global_pool})
    parts.update((name, getattr(model.head, name)) for name in CONVNEXT_READOUT if hasattr(model.head, name))
    layers = {"stem": model.stem, **numbered(blocks)}
    return Network(layers, nn.Sequential(parts), head_of(model.head.fc, model.head.drop.p))


CONVNEXT_READOUT = ("norm", "flatten", "pre_logits")


def _linear(model: nn.Module, width: int, outputs: int) -> nn.Module:
    # EfficientNet's own rule widens as 1 / sqrt(outputs): made for 1,000 of them, it starts ten with logits so large
    # that a probe of some hundred steps never recovers. So its new head is drawn as timm's reset_classifier draws one.
    return nn.Linear(width, outputs)


def _convnext_classifier(model: nn.Module, width: int, outputs: int) -> nn.Module:
    classifier = nn.Linear(width, outputs)
    trunc_normal_(classifier.weight, std=0.02)
    nn.init.zeros_(classifier.bias)
    return classifier


def _pooled(model: nn.Module, width: int) -> nn.Module:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())


def _convnext_readout(model: ConvNeXt, width: int) -> nn.Module:
    """Pooling and a new norm of the architecture's kind and in its order, without the dense layer of some heads."""
    before = not isinstance(model.norm_pre, nn.Identity)
    own = model.norm_pre if before else model.head.norm
    assert isinstance(own, nn.Module)
    kind: Callable[..., nn.Module] = type(own)
    norm = kind(width, eps=own.eps)
    pool = nn.AdaptiveAvgPool2d(1)
    return nn.Sequential(*((norm, pool) if before else (pool, norm)), nn.Flatten())


@dataclass(frozen=True)
class Way:
    """How the models of a family are taken apart, and their own ways to draw a classifier and to read lower layers.

    ``readout`` gives a new readout for a network without its topmost layers, whose last layer has ``width`` channels.
    """

    family: Family
    apart: Callable[..., Network]
    classifier: Callable[..., nn.Module]
    readout: Callable[..., nn.Module]


WAYS: dict[type[nn.Module], Way] = {
    VisionTransformer: Way("vit", timm_vit.apart, timm_vit.classifier, timm_vit.own_readout),
    VisionTransformerDistilled: Way("vit", timm_vit.apart, timm_vit.classifier, timm_vit.own_readout),
    ResNet: Way("resnet", _resnet, _linear, _pooled),
    EfficientNet: Way("efficientnet", _efficientnet, _linear, _pooled),
    MobileNetV3: Way("mobilenetv3", _mobilenetv3, _linear, _pooled),
    ConvNeXt: Way("convnext", _convnext, _convnext_classifier, _convnext_readout),
}


def way_of(model: nn.Module) -> Way:
    """How ``model`` is taken apart; a class derived from a known one may compute otherwise and is not known.

    Raises:
        ValueError: the model is of no family; names the families.
    """
    if type(model) in WAYS:
        return WAYS[type(model)]
    raise ValueError(
        f"a {type(model).__name__} cannot be taken apart into layers; it is of none of the families "
        f"{', '.join(FAMILIES.values())}"
    )
