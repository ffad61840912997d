"""Which network: its shape in numbers or its name, the names of its layers, and what cannot be built."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt, ValidationInfo, field_validator, model_validator

from frostline.spec.extent import Extent, in_words, rows_and_columns
from frostline.spec.heads import Headed
from frostline.spec.mtt_vgg import MttVgg
from frostline.spec.spectrogram_transformer import SpectrogramTransformer
from frostline.spec.surgery import MOST_LAYERS
from frostline.spec.timm_facts import Architecture, Readout, architectures, unknown

LEAST_ROWS = 32
LAYER_NORMED = ("vit", "convnext")
RMS_NORMED = re.compile(r"aimv2_.*|.*_rms(_.*)?|.*_xp_\d+|test_vit4")
"""The architectures of these families that divide by the root mean square instead."""
Activation = Literal["relu", "leaky-relu", "elu", "gelu", "silu", "tanh", "sigmoid"]


class PlainCnn(Headed):
    """A stack of equal convolutions: a layer is a convolution, its activation and the pooling that follows it.

    Convolutions keep the size (padding ``kernel // 2``). Where ``pooling`` is ``average``, every ``pool_every``-th
    convolution is followed by average pooling over 2 x 2 with stride ``pool_stride``. ``hidden`` adds a dense layer
    of that width to the head.
    """

    name: Literal["plain_cnn"]
    depth: PositiveInt = Field(default=6, le=MOST_LAYERS)
    channels: PositiveInt = 64
    activation: Activation = "relu"
    kernel: PositiveInt = 3
    pooling: Literal["average", "none"] = "average"
    pool_every: PositiveInt = 2
    pool_stride: PositiveInt = 2
    readout: Literal["flatten", "average"] = "flatten"

    @model_validator(mode="after")
    def _each_number_has_an_effect(self) -> PlainCnn:
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, so that a convolution keeps the size (got {self.kernel})")
        idle = self.model_fields_set & {"pool_every", "pool_stride"}
        if self.pooling == "none" and idle:
            raise ValueError(f"{' and '.join(sorted(idle))} would have no effect with pooling: none; remove it")
        return self

    @cached_property
    def layer_names(self) -> tuple[str, ...]:
        """``conv1`` to ``conv{depth}``, input first."""
        return tuple(f"conv{i + 1}" for i in range(self.depth))

    def pools_after(self, layer: int) -> bool:
        """True where pooling follows the ``layer``-th convolution, counted from 0."""
        return self.pooling == "average" and (layer + 1) % self.pool_every == 0

    def sizes(self, size: int) -> tuple[int, ...]:
        """Rows (= columns) that leave each layer when ``size`` rows enter the first; 0 where nothing is left."""
        sizes = []
        for layer in range(self.depth):
            if self.pools_after(layer):
                size = (size - 2) // self.pool_stride + 1 if size >= 2 else 0
            sizes.append(size)
        return tuple(sizes)

    def fault_on(self, size: Extent) -> str | None:
        """Why planes of ``size`` cannot pass through, or None."""
        sizes = self.sizes(min(rows_and_columns(size)))
        if 0 not in sizes:
            return None
        layer = sizes.index(0)
        return (
            f"pooling leaves nothing of {in_words(size)} planes at layer {self.layer_names[layer]}; "
            f"use a depth of at most {layer}, a larger pool_every, pool_stride: 1 or pooling: none"
        )


class Mlp(Headed):
    """A stack of equal dense layers, each with its activation; the first one flattens the planes."""

    name: Literal["mlp"]
    depth: PositiveInt = Field(default=3, le=MOST_LAYERS)
    width: PositiveInt = 256
    activation: Activation = "relu"

    @cached_property
    def layer_names(self) -> tuple[str, ...]:
        """``dense1`` to ``dense{depth}``, input first."""
        return tuple(f"dense{i + 1}" for i in range(self.depth))

    def fault_on(self, size: Extent) -> str | None:
        """None: planes of every size can pass through."""
        return None


class Timm(Headed):
    """An architecture of timm, without the tag of pretrained weights, as layers: patch or stem, blocks, top.

    ``readout`` says what the head of a transformer reads: the class token, the average of the patches, or what the
    architecture itself uses. ``drop_path`` is the rate of stochastic depth in the last block (less below). ``patch`` is
    the patch size of a transformer in rows, where it is not the architecture's own. ``norm_epsilon`` is the epsilon of
    every layer norm of a network that has such, where it is not the architecture's own; a plan takes it from published
    weights that need one. A choice that is the architecture's own anyway is stored as such, so that equal networks are
    equal values.
    """

    name: Literal["timm"]
    model: str
    readout: Readout = "own"
    drop_path: float = Field(default=0.0, ge=0, lt=1)
    patch: PositiveInt | None = None
    norm_epsilon: PositiveFloat | None = None

    @field_validator("model")
    @classmethod
    def _is_of_a_family(cls, model: str) -> str:
        fault = unknown(model)
        if fault is not None:
            raise ValueError(fault)
        return model

    @field_validator("readout")
    @classmethod
    def _is_own_in_one_spelling(cls, readout: Readout, facts: ValidationInfo) -> Readout:
        known = architectures().get(facts.data.get("model", ""))
        if known is None:
            return readout
        if readout not in known.readouts and readout != known.reads:
            raise ValueError(f"{readout} is not possible for {facts.data['model']}; use {' or '.join(known.readouts)}")
        return "own" if readout == known.reads else readout

    @field_validator("patch")
    @classmethod
    def _is_none_where_native(cls, patch: int | None, facts: ValidationInfo) -> int | None:
        known = architectures().get(facts.data.get("model", ""))
        if patch is not None and known is not None and known.patch is None:
            raise ValueError(f"would have no effect: {facts.data['model']} has no patches; remove it")
        return None if known is not None and patch == known.patch else patch

    @field_validator("norm_epsilon")
    @classmethod
    def _has_layer_norms(cls, epsilon: float | None, facts: ValidationInfo) -> float | None:
        model = facts.data.get("model", "")
        known = architectures().get(model)
        if epsilon is not None and known is not None and not _is_layer_normed(model, known):
            raise ValueError(f"is for networks of layer norms, which {model} is not; remove it")
        return epsilon

    @property
    def architecture(self) -> Architecture:
        """What is known of ``model``."""
        return architectures()[self.model]

    @property
    def layer_names(self) -> tuple[str, ...]:
        """``patch`` or ``stem``, ``block1`` to the last block, and ``top`` where there is a head convolution."""
        return self.architecture.layer_names

    @property
    def has_layer_norms(self) -> bool:
        """True where layer norms, whose epsilon can be chosen, keep its planes or tokens in range."""
        return _is_layer_normed(self.model, self.architecture)

    @property
    def native_size(self) -> int:
        """Rows (= columns) of the planes that the architecture was made for."""
        return self.architecture.size

    def fault_on(self, size: Extent) -> str | None:
        """Why planes of ``size`` cannot pass through, or None."""
        patch, sides = self.patch or self.architecture.patch, rows_and_columns(size)
        if patch is None:
            if min(sides) >= LEAST_ROWS:
                return None
            return f"{self.model} needs planes of at least {LEAST_ROWS} rows, not {min(sides)}; set the dataset's size"
        undivided = [(side, axis) for side, axis in zip(sides, ("rows", "columns"), strict=True) if side % patch]
        if not undivided:
            return None
        side, axis = undivided[0]
        nearest = max(1, round(side / patch)) * patch
        return (
            f"{side} {axis} do not divide into patches of {patch}; set the dataset's size to a multiple of {patch}, "
            f"for example {nearest}, or set network.patch"
        )


def _is_layer_normed(model: str, known: Architecture) -> bool:
    return known.family in LAYER_NORMED and RMS_NORMED.fullmatch(model) is None


NetworkSpec = Annotated[PlainCnn | Mlp | Timm | MttVgg | SpectrogramTransformer, Field(discriminator="name")]
