"""Writes the table of timm's architectures anew: ``python -m frostline.networks.timm_facts_table``."""

from __future__ import annotations

import json
from types import MappingProxyType

import timm
import torch
from timm.models import PretrainedCfg
from timm.models.deit import VisionTransformerDistilled
from timm.models.vision_transformer import VisionTransformer

from frostline.networks.timm_families import WAYS, way_of
from frostline.networks.timm_networks import disassemble
from frostline.spec.timm_facts import FACTS, Architecture, Pretrained, Readout, Reads

MODULES = ("vision_transformer", "deit", "resnet", "efficientnet", "convnext", "mobilenetv3")
READS: dict[str, Reads] = {"token": "token", "avg": "average", "map": "map"}


def names() -> tuple[str, ...]:
    """Every architecture of the modules that hold the families, in alphabetical order."""
    return tuple(sorted(name for module in MODULES for name in timm.list_models(module=module)))


def architecture_of(name: str) -> Architecture | None:
    """What timm says of the architecture ``name``; None where it is of no family."""
    with torch.device("meta"):
        model = timm.create_model(name, num_classes=0)
        if type(model) not in WAYS:
            return None
        if isinstance(model, VisionTransformer) and model.dynamic_img_size:
            model = timm.create_model(name, num_classes=0, dynamic_img_size=False)
    layers = list(disassemble(model).layers)
    vit = model if isinstance(model, VisionTransformer) else None
    return Architecture(
        family=way_of(model).family,
        blocks=sum(layer.startswith("block") for layer in layers),
        top="top" in layers,
        size=_config(name).input_size[-1] if vit is None else vit.patch_embed.img_size[0],
        patch=None if vit is None else vit.patch_embed.patch_size[0],
        reads=None if vit is None else _reads(vit),
        readouts=("own",) if vit is None else _readouts(vit),
        tags=MappingProxyType(_tags(name)),
    )


def _reads(model: VisionTransformer) -> Reads:
    return "both tokens" if isinstance(model, VisionTransformerDistilled) else READS[model.global_pool]


def _readouts(model: VisionTransformer) -> tuple[Readout, ...]:
    """What the head can read: two heads read two tokens and nothing else; there must be a class token to read it."""
    reads = _reads(model)
    if reads == "both tokens":
        return ("own",)
    others: tuple[Readout, ...] = ("token", "average") if model.has_class_token else ("average",)
    return ("own", *(other for other in others if other != reads))


def _tags(name: str) -> dict[str, Pretrained]:
    found = {}
    for full in sorted(timm.list_models(name, pretrained=True)):
        config = _config(full)
        found[full.partition(".")[2]] = Pretrained(tuple(config.mean), tuple(config.std), config.input_size[-1])
    return found


def _config(full: str) -> PretrainedCfg:
    config = timm.get_pretrained_cfg(full)
    assert config is not None
    return config


def table() -> str:
    """The whole table as JSON, a line an architecture, in alphabetical order.

    A tag holds the place of its mean and deviation in ``statistics``, and its size where the architecture has another.
    """
    known = {name: found for name in names() if (found := architecture_of(name)) is not None}
    statistics = sorted({(tag.mean, tag.deviation) for found in known.values() for tag in found.tags.values()})
    lines = [f"{json.dumps(name)}: {json.dumps(_stored(found, statistics))}" for name, found in known.items()]
    return f'{{"statistics": {json.dumps(statistics)},\n"architectures": {{\n' + ",\n".join(lines) + "\n}}\n"


def _stored(found: Architecture, statistics: list[tuple[tuple[float, ...], tuple[float, ...]]]) -> dict[str, object]:
    facts: dict[str, object] = {"family": found.family, "blocks": found.blocks, "size": found.size}
    if found.top:
        facts["top"] = True
    if found.reads is not None:
        facts |= {"patch": found.patch, "reads": found.reads, "readouts": found.readouts}
    tags = {}
    for name, tag in found.tags.items():
        other_size = [tag.size] if tag.size != found.size else []
        tags[name] = [statistics.index((tag.mean, tag.deviation)), *other_size]
    return facts | {"tags": tags}


if __name__ == "__main__":
    FACTS.write_text(table(), encoding="utf-8")
