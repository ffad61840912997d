"""Weights of a timm network made to fit one of another input, head or readout; each change is told in a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isqrt
from typing import Literal

from timm.layers.patch_embed import resample_patch_embed
from timm.layers.pos_embed import resample_abs_pos_embed
from timm.models._manipulate import adapt_input_conv
from torch import Tensor, nn

from frostline.networks.weights import type_name

_CLASSIFIERS = ("head", "head.fc", "fc", "classifier")
_PATCH_KERNELS = "patch_embed.proj.weight"


@dataclass(frozen=True)
class Weights:
    """Tensors under the names that timm gives them, and what was done to them, a sentence each."""

    tensors: Mapping[str, Tensor]
    told: tuple[str, ...] = ()

    def without(self, names: set[str], sentence: str) -> Weights:
        """These weights without those ``names``, and the sentence that tells it; unchanged where there are none."""
        if names.isdisjoint(self.tensors):
            return self
        return Weights({name: t for name, t in self.tensors.items() if name not in names}, (*self.told, sentence))

    def renamed(self, names: Mapping[str, str], sentence: str) -> Weights:
        """These weights with other ``names``, and the sentence that tells it."""
        return Weights({names.get(name, name): t for name, t in self.tensors.items()}, (*self.told, sentence))

    def replaced(self, tensors: Mapping[str, Tensor], sentence: str) -> Weights:
        """These weights with other ``tensors`` under some of their names, and the sentence that tells it."""
        return Weights({**self.tensors, **tensors}, (*self.told, sentence))


def adapted(weights: Weights, model: nn.Module, head: Literal["new", "kept"]) -> Weights:
    """``weights`` made to fit the timm network ``model``, as far as timm itself knows how; ``model`` stays untouched.

    Without a pooler, which timm has not; without an attention pool where the readout has no use for it; without the
    classifier where ``head`` is ``new``; stem kernels summed for planes of one channel; patch kernels and position
    embedding resampled; numbers of another precision converted. What else differs is left as it is.
    """
    weights = weights.without({"pooler.dense.weight", "pooler.dense.bias"}, "the pooler of the weights is unused")
    if getattr(model, "attn_pool", None) is None:
        pool = {name for name in weights.tensors if name.startswith("attn_pool.")}
        weights = weights.without(pool, "the attention pool of the weights is unused: the network has another readout")
    weights = _with_classifier(weights, model, head)
    weights = _with_stem(weights, model)
    weights = _with_patches(weights, model)
    weights = _with_positions(weights, model)
    return _with_numbers(weights, model)


def architecture_of(model: nn.Module) -> str:
    """The name by which timm made ``model``."""
    return str(_noted(model, "architecture"))


def classifier_names(model: nn.Module) -> list[str]:
    """The tensors of the classifier of ``model``; of both classifiers where it is distilled."""
    named = _noted(model, "classifier")
    prefixes = named if isinstance(named, tuple | list) else (named,)
    return [f"{prefix}.{kind}" for prefix in prefixes for kind in ("weight", "bias")]


def _noted(model: nn.Module, fact: str) -> object:
    """What timm noted when it made ``model``."""
    notes: Mapping[str, object] = vars(model)["pretrained_cfg"]
    return notes[fact]


def _with_classifier(weights: Weights, model: nn.Module, head: Literal["new", "kept"]) -> Weights:
    own = classifier_names(model)
    others = [
        name
        for name in _CLASSIFIERS
        if f"{name}.weight" not in own and f"{name}.weight" in weights.tensors and f"{name}.bias" in weights.tensors
    ]
    if len(others) == 1 and len(own) == 2 and own[0] not in weights.tensors:
        theirs, ours = others[0], own[0].removesuffix(".weight")
        names = {f"{theirs}.{kind}": f"{ours}.{kind}" for kind in ("weight", "bias")}
        weights = weights.renamed(names, f"{theirs} of the weights is {ours} of the network")
    if head == "kept":
        return weights
    outputs = " and ".join(str(len(weights.tensors[name])) for name in own[::2] if name in weights.tensors)
    return weights.without(set(own), f"the classifier of the weights ({outputs} outputs) is unused: the head is new")


def _with_stem(weights: Weights, model: nn.Module) -> Weights:
    name = f"{_noted(model, 'first_conv')}.weight"
    theirs, own = weights.tensors.get(name), model.state_dict().get(name)
    if theirs is None or own is None or theirs.dim() != 4 or own.dim() != 4:
        return weights
    if own.shape[1] != 1 or theirs.shape[1] == 1:
        return weights
    summed = adapt_input_conv(1, theirs, base_chans=theirs.shape[1])
    said = f"the stem's kernels are summed over their {theirs.shape[1]} channels: planes have one"
    return weights.replaced({name: summed}, said)


def _with_patches(weights: Weights, model: nn.Module) -> Weights:
    theirs, own = weights.tensors.get(_PATCH_KERNELS), model.state_dict().get(_PATCH_KERNELS)
    if theirs is None or own is None or theirs.dim() != 4 or theirs.shape[2:] == own.shape[2:]:
        return weights
    resampled = resample_patch_embed(theirs, list(own.shape[2:]), *_interpolation(model))
    said = f"patch kernels are resampled from {_by(theirs.shape[2:])} to {_by(own.shape[2:])}"
    return weights.replaced({_PATCH_KERNELS: resampled}, said)


def _with_positions(weights: Weights, model: nn.Module) -> Weights:
    theirs, own = weights.tensors.get("pos_embed"), model.state_dict().get("pos_embed")
    if theirs is None or own is None or theirs.dim() != 3 or theirs.shape[1] == own.shape[1]:
        return weights
    prefix = 0 if getattr(model, "no_embed_class", False) else int(getattr(model, "num_prefix_tokens", 1))
    side = isqrt(max(theirs.shape[1] - prefix, 0))
    if side * side + prefix != theirs.shape[1] or side == 0:
        return weights
    grid: tuple[int, int] = vars(model.get_submodule("patch_embed"))["grid_size"]
    resampled = resample_abs_pos_embed(theirs, list(grid), [side, side], prefix, *_interpolation(model))
    said = f"the position embedding is resampled from {_by([side, side])} to {_by(grid)} patches"
    return weights.replaced({"pos_embed": resampled}, said)


def _interpolation(model: nn.Module) -> tuple[str, bool]:
    """How timm resamples the weights of this architecture, and whether against aliasing."""
    return ("bilinear", False) if "flexi" in architecture_of(model) else ("bicubic", True)


def _with_numbers(weights: Weights, model: nn.Module) -> Weights:
    own = model.state_dict()
    converted = {
        name: tensor
        for name, tensor in weights.tensors.items()
        if name in own
        and tensor.dtype != own[name].dtype
        and tensor.is_floating_point()
        and own[name].is_floating_point()
    }
    for kinds, count in Counter((type_name(t), type_name(own[name])) for name, t in converted.items()).items():
        weights = replace(weights, told=(*weights.told, f"{count} tensors are converted from {kinds[0]} to {kinds[1]}"))
    return replace(weights, tensors={**weights.tensors, **{n: t.to(own[n].dtype) for n, t in converted.items()}})


def _by(sides: Sequence[int]) -> str:
    return " x ".join(map(str, sides))
