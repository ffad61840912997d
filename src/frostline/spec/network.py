"""Which network: its shape in numbers, the names of its layers, and what cannot be built."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from frostline.spec.base import Value
from frostline.spec.surgery import MOST_LAYERS

Activation = Literal["relu", "leaky-relu", "elu", "gelu", "silu", "tanh", "sigmoid"]


class PlainCnn(Value):
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
    hidden: PositiveInt | None = None

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

    def fault_on(self, size: int) -> str | None:
        """Why planes of ``size`` rows and columns cannot pass through, or None."""
        sizes = self.sizes(size)
        if 0 not in sizes:
            return None
        layer = sizes.index(0)
        return (
            f"pooling leaves nothing of {size} x {size} planes at layer {self.layer_names[layer]}; "
            f"use a depth of at most {layer}, a larger pool_every, pool_stride: 1 or pooling: none"
        )


class Mlp(Value):
    """A stack of equal dense layers, each with its activation; the first one flattens the planes."""

    name: Literal["mlp"]
    depth: PositiveInt = Field(default=3, le=MOST_LAYERS)
    width: PositiveInt = 256
    activation: Activation = "relu"
    hidden: PositiveInt | None = None

    @cached_property
    def layer_names(self) -> tuple[str, ...]:
        """``dense1`` to ``dense{depth}``, input first."""
        return tuple(f"dense{i + 1}" for i in range(self.depth))

    def fault_on(self, size: int) -> str | None:
        """None: planes of every size can pass through."""
        return None


NetworkSpec = Annotated[PlainCnn | Mlp, Field(discriminator="name")]
