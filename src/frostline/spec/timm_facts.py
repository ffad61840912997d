"""What is known of timm's architectures without importing timm: their layers, sizes and pretrained weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from frostline.errors import UnknownName, WeightsFault, nearest

Family = Literal["vit", "resnet", "efficientnet", "convnext", "mobilenetv3"]
Readout = Literal["own", "token", "average"]
Reads = Literal["token", "average", "map", "both tokens"]
FAMILIES: dict[Family, str] = {
    "vit": "ViT, DeiT and DINOv2",
    "resnet": "ResNet",
    "efficientnet": "EfficientNet",
    "convnext": "ConvNeXt",
    "mobilenetv3": "MobileNetV3",
}
FACTS = Path(__file__).with_name("timm_facts.json")


@dataclass(frozen=True)
class Pretrained:
    """How planes must look for the weights of one tag: mean and deviation of each channel, rows (= columns)."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    size: int


@dataclass(frozen=True)
class Architecture:
    """One architecture: its family, its layers, the rows (= columns) that it was made for, its pretrained tags.

    ``top`` is true where a head convolution follows the blocks. ``patch`` is in rows, ``reads`` is what the head of a
    transformer reads by itself, ``readouts`` what it can be made to read; the first two are None outside of ViTs.
    """

    family: Family
    blocks: int
    top: bool
    size: int
    patch: int | None
    reads: Reads | None
    readouts: tuple[Readout, ...]
    tags: MappingProxyType[str, Pretrained]

    @property
    def layer_names(self) -> tuple[str, ...]:
        """``patch`` or ``stem``, ``block1`` to ``block{blocks}``, and ``top`` where there is one; input first."""
        bottom = "patch" if self.family == "vit" else "stem"
        return (bottom, *(f"block{i + 1}" for i in range(self.blocks)), *(("top",) if self.top else ()))


@cache
def architectures() -> MappingProxyType[str, Architecture]:
    """Every architecture that can be taken apart into layers, by name."""
    stored = json.loads(FACTS.read_text(encoding="utf-8"))
    statistics = [(tuple(mean), tuple(deviation)) for mean, deviation in stored["statistics"]]
    found = {}
    for name, facts in stored["architectures"].items():
        tags = {
            tag: Pretrained(*statistics[index], *(size or [facts["size"]]))
            for tag, (index, *size) in facts["tags"].items()
        }
        found[name] = Architecture(
            family=facts["family"],
            blocks=facts["blocks"],
            top=facts.get("top", False),
            size=facts["size"],
            patch=facts.get("patch"),
            reads=facts.get("reads"),
            readouts=tuple(facts.get("readouts", ["own"])),
            tags=MappingProxyType(tags),
        )
    return MappingProxyType(found)


def unknown(model: str) -> str | None:
    """What is wrong with ``model`` as the name of an architecture, and the remedy; None where it is a known one."""
    if model in architectures():
        return None
    bare, _, tag = model.partition(".")
    if bare in architectures():
        return (
            f"{model!r} is an architecture with the tag of its pretrained weights; write model: {bare} "
            f"and name the weights as timm/{bare}.{tag} where the study says what it starts from"
        )
    families = ", ".join(FAMILIES.values())
    return f"{model!r} is no timm architecture of the families {families}{nearest(bare, architectures())}"


def pretrained(model: str, tag: str) -> Pretrained:
    """What planes must look like for the weights ``model.tag``.

    Raises:
        WeightsFault: no family has the architecture.
        UnknownName: the architecture has no such weights; names those that it has.
    """
    fault = unknown(model)
    if fault is not None:
        raise WeightsFault(fault)
    tags = architectures()[model].tags
    if tag not in tags:
        raise UnknownName(f"set of pretrained weights of {model}", tag, tags)
    return tags[tag]
