"""The VGG tagger of MagnaTagATune as a value: its layers, its poolings and the planes that fit it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import PositiveInt

from frostline.spec.base import Value
from frostline.spec.extent import Extent, rows_and_columns
from frostline.spec.heads import Headed


class Pool(Value):
    """A max pooling: rows and columns of its window, and how far the window moves."""

    window: tuple[int, int]
    stride: tuple[int, int]

    def size_after(self, rows: int, columns: int) -> tuple[int, int]:
        """Rows and columns that leave it; 0 where the window finds no room."""
        kept = [
            (size - window) // stride + 1 if size >= window else 0
            for size, window, stride in zip((rows, columns), self.window, self.stride, strict=True)
        ]
        return kept[0], kept[1]


POOLS = (
    Pool(window=(4, 1), stride=(2, 2)),
    Pool(window=(2, 2), stride=(2, 2)),
    Pool(window=(2, 2), stride=(2, 2)),
    Pool(window=(2, 2), stride=(2, 2)),
    Pool(window=(4, 4), stride=(4, 4)),
)
"""The pooling of each layer of ``MttVgg``: rows are time, columns frequency."""
LEAST_ROWS = 66
"""Of smaller square planes the poolings of ``MttVgg`` leave nothing."""


@dataclass(frozen=True)
class Kin:
    """To which family of architectures a network belongs that is not of timm."""

    family: Literal["vgg", "vit"]


class MttVgg(Headed):
    """The VGG tagger of MagnaTagATune: a layer is a convolution, ReLU, batch norm and max pooling.

    Planes are laid out as everywhere here, rows from low to high and columns in time; the first layer turns them, for
    the published weights know time as rows, and normalises them by a batch norm of its own. Planes of any size with
    room for all poolings pass; what is left of them is flattened for the head, which the published one fits where 2
    positions in time and 1 in frequency are left, as of 187 frames in 96 bands. ``channels`` is the width of every
    convolution, 128 as published. ``hidden`` and ``output`` are those of every network (``Headed``). From the musicnn
    package, 0.1.0 (Pons and Serra 2019).
    """

    name: Literal["mtt_vgg"]
    channels: PositiveInt = 128

    @property
    def layer_names(self) -> tuple[str, ...]:
        """``conv1`` to ``conv5``, input first."""
        return tuple(f"conv{i + 1}" for i in range(len(POOLS)))

    @property
    def architecture(self) -> Kin:
        """That it is a VGG, which has batch norms."""
        return Kin("vgg")

    def shapes(self, frames: int, bands: int) -> tuple[tuple[int, int], ...]:
        """Positions in time and in frequency that leave each layer when so many enter; 0 where nothing is left."""
        left, sizes = (frames, bands), []
        for pool in POOLS:
            left = pool.size_after(*left)
            sizes.append(left)
        return tuple(sizes)

    def fault_on(self, size: Extent) -> str | None:
        """Why planes of ``size`` cannot pass through, or None."""
        rows, columns = rows_and_columns(size)
        if all(self.shapes(columns, rows)[-1]):
            return None
        if rows == columns:
            return f"{self.name} needs planes of at least {LEAST_ROWS} rows, not {rows}; set the dataset's size"
        return f"the poolings of {self.name} leave nothing of {rows} x {columns} planes; set the dataset's size"
