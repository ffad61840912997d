"""The spectrogram transformer as a value: its blocks, its patches and the planes that fit it."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from frostline.spec.extent import Extent, in_words, rows_and_columns
from frostline.spec.heads import Headed
from frostline.spec.mtt_vgg import Kin
from frostline.spec.surgery import MOST_LAYERS


class SpectrogramTransformer(Headed):
    """A transformer on square patches of a plane: a layer of patches, then blocks of attention and a dense part each.

    ``depth`` counts the blocks, ``width`` the numbers of a token, which ``heads`` share between them; the dense part of
    a block is four times as wide. Planes need no multiple of ``patch`` rows and columns: zeros fill the last patches.
    The head reads the average of all tokens. As it stands it has about 6 million parameters on 128 x 1292 planes, half
    a minute of sound, and is meant to be trained from scratch. ``hidden`` and ``output`` are those of every network
    (``Headed``).
    """

    name: Literal["spectrogram_transformer"]
    depth: PositiveInt = Field(default=6, le=MOST_LAYERS - 1)
    width: PositiveInt = 288
    heads: PositiveInt = 6
    patch: PositiveInt = 16

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> SpectrogramTransformer:
        if self.width % self.heads:
            raise ValueError(f"width must be a multiple of heads, {self.heads} (got {self.width})")
        return self

    @cached_property
    def layer_names(self) -> tuple[str, ...]:
        """``patch``, then ``block1`` to ``block{depth}``, input first."""
        return ("patch", *(f"block{i + 1}" for i in range(self.depth)))

    @property
    def architecture(self) -> Kin:
        """That it is a vision transformer, which has layer norms and no batch norms."""
        return Kin("vit")

    def grid(self, size: Extent) -> tuple[int, int]:
        """Rows and columns of patches that cover planes of ``size``."""
        rows, columns = (-(-side // self.patch) for side in rows_and_columns(size))
        return rows, columns

    def fault_on(self, size: Extent) -> str | None:
        """Why planes of ``size`` cannot pass through, or None."""
        if min(rows_and_columns(size)) >= self.patch:
            return None
        return f"planes of {in_words(size)} are smaller than a patch of {self.patch}; set the size or network.patch"
