"""Tensors that other programs named: the same tensors under the names that timm gives them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from frostline.errors import WeightsFault

_PATCHES = "embeddings.patch_embeddings.projection.weight"
_QUERY_KEY_VALUE = ("query", "key", "value")
_RENAMED = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"embeddings\.cls_token", "cls_token"),
        (r"embeddings\.position_embeddings", "pos_embed"),
        (r"embeddings\.patch_embeddings\.projection\.(weight|bias)", r"patch_embed.proj.\1"),
        (r"encoder\.layer\.(\d+)\.layernorm_before\.(weight|bias)", r"blocks.\1.norm1.\2"),
        (r"encoder\.layer\.(\d+)\.attention\.output\.dense\.(weight|bias)", r"blocks.\1.attn.proj.\2"),
        (r"encoder\.layer\.(\d+)\.layernorm_after\.(weight|bias)", r"blocks.\1.norm2.\2"),
        (r"encoder\.layer\.(\d+)\.intermediate\.dense\.(weight|bias)", r"blocks.\1.mlp.fc1.\2"),
        (r"encoder\.layer\.(\d+)\.output\.dense\.(weight|bias)", r"blocks.\1.mlp.fc2.\2"),
        (r"layernorm\.(weight|bias)", r"norm.\1"),
        (r"classifier\.(weight|bias)", r"head.\1"),
    )
)
_MTT_VGG = re.compile(r"(convs|bns)\.(\d+)\.(\w+)")
_MTT_VGG_PARTS = {"convs": "conv", "bns": "norm"}
_MTT_VGG_PLANES = "bn_in."
_SPLIT = re.compile(r"encoder\.layer\.(\d+)\.attention\.attention\.(query|key|value)\.(weight|bias)")


def is_hugging_face_vit(tensors: Mapping[str, Tensor]) -> bool:
    """True where the names of ``tensors`` are those of a ViT of transformers."""
    return any(name.removeprefix("vit.") == _PATCHES for name in tensors)


def from_hugging_face_vit(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a ViT of transformers (``ViTModel``, ``ViTForImageClassification``) under timm's names.

    Query, key and value of a block become one tensor, in this order, as timm keeps them. What has no counterpart in
    timm's network keeps its name, and so shows up as left over.
    """
    renamed: dict[str, Tensor] = {}
    parts: dict[str, dict[str, Tensor]] = {}
    for full_name, tensor in tensors.items():
        name = full_name.removeprefix("vit.")
        split = _SPLIT.fullmatch(name)
        if split is not None:
            block, part, kind = split.groups()
            parts.setdefault(f"blocks.{block}.attn.qkv.{kind}", {})[part] = tensor
        else:
            renamed[_timm_name(name)] = tensor
    for name, found in parts.items():
        if len(found) == len(_QUERY_KEY_VALUE):
            renamed[name] = torch.cat([found[part] for part in _QUERY_KEY_VALUE])
        else:
            renamed |= {f"{name} ({part} alone)": tensor for part, tensor in found.items()}
    return renamed


def is_mtt_vgg(tensors: Mapping[str, Tensor]) -> bool:
    """True where the names of ``tensors`` are those of the published VGG tagger of MagnaTagATune."""
    return any(name.startswith(_MTT_VGG_PLANES) for name in tensors) and any(map(_MTT_VGG.fullmatch, tensors))


def from_mtt_vgg(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of the published VGG tagger under the names of the network ``mtt_vgg``.

    What has no counterpart there keeps its name, and so shows up as left over.
    """
    return {_mtt_vgg_name(name): tensor for name, tensor in tensors.items()}


def in_order(tensors: Mapping[str, Tensor], reference: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``tensors`` under the names of ``reference``, first to first and last to last.

    Raises:
        WeightsFault: a pair differs in shape or in its role (weight, bias, running mean, ...), or one side has more.
    """
    if len(tensors) != len(reference):
        raise WeightsFault(f"the file holds {len(tensors)} tensors, the network they belong to has {len(reference)}")
    faults = [
        f"{theirs} {tuple(tensors[theirs].shape)} stands where {ours} {tuple(reference[ours].shape)} is expected"
        for theirs, ours in zip(tensors, reference, strict=True)
        if tensors[theirs].shape != reference[ours].shape or theirs.rpartition(".")[2] != ours.rpartition(".")[2]
    ]
    if faults:
        raise WeightsFault(f"{len(faults)} tensors are not in the order of the network; the first: {faults[0]}")
    return dict(zip(reference, tensors.values(), strict=True))


def _timm_name(name: str) -> str:
    for pattern, renamed in _RENAMED:
        if pattern.fullmatch(name):
            return pattern.sub(renamed, name)
    return name


def _mtt_vgg_name(name: str) -> str:
    if name.startswith(_MTT_VGG_PLANES):
        return f"layers.conv1.planes_norm.{name.removeprefix(_MTT_VGG_PLANES)}"
    found = _MTT_VGG.fullmatch(name)
    if found is None:
        return name
    part, index, kind = found.groups()
    return f"layers.conv{int(index) + 1}.{_MTT_VGG_PARTS[part]}.{kind}"
