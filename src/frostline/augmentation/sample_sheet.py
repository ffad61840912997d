"""Real beside synthetic planes under their conditions, as a picture for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Shaped
from PIL import Image, ImageDraw
from torch import Tensor

from frostline.augmentation.conditions import Ends, on_own_scale
from frostline.augmentation.gan_files import whole
from frostline.spec.dataset import Dataset

CELL, GAP, LINE = 160, 8, 14
"""Pixels: the longer side of a plane at most, what lies between planes, and a line of text."""


@dataclass(frozen=True)
class Lettering:
    """The ``names`` of classes or of values, and where the first row is drawn: at the bottom where it is the lowest.

    ``scale`` is the annotation's own, on which values are written where there is one.
    """

    names: Sequence[str]
    first: Literal["top", "bottom"]
    scale: Ends | None = None


def lettering_of(dataset: Dataset) -> Lettering:
    """How the planes of ``dataset`` are lettered; of spectrograms the first row is the lowest band."""
    return Lettering(dataset.output_names, "bottom" if dataset.card.kind == "sounds" else "top", dataset.card.scale)


@dataclass(frozen=True, eq=False)
class Shown:
    """Planes as the dataset stores them, with their conditions."""

    planes: Shaped[Tensor, "item channel row column"]
    conditions: Shaped[Tensor, "item ..."]


def write_sheet(path: Path, real: Shown, made: Shown, lettering: Lettering) -> None:
    """Writes a PNG to ``path``: items of ``real`` on the left, of ``made`` on the right, each above its condition.

    Only the first channel is shown, grey from the least to the greatest real number.

    Raises:
        DataFault: it cannot be written.
    """
    low, high = float(real.planes.min()), float(real.planes.max())
    blocks = []
    for shown, title in ((real, "real"), (made, "synthetic")):
        pictures = [_picture(plane, low, high) for plane in _upright(shown.planes[:, 0].float(), lettering)]
        captions = [caption(condition, lettering.names, lettering.scale) for condition in shown.conditions]
        blocks.append(_block(pictures, captions, title))
    size = (sum(block.width for block in blocks) + 3 * GAP, max(block.height for block in blocks) + 2 * GAP)
    sheet = Image.new("L", size, 255)
    left = GAP
    for block in blocks:
        sheet.paste(block, (left, GAP))
        left += block.width + GAP
    whole(path, lambda temporary: sheet.save(temporary, format="PNG"))


def caption(condition: Tensor, names: Sequence[str], scale: Ends | None = None) -> str:
    """A condition in words: the name of its class, or its values by name, on ``scale`` where there is one."""
    if not condition.is_floating_point():
        return names[int(condition)]
    form = "{:+.2f}" if scale is None or scale[0] < 0 else "{:.2f}"
    values = [form.format(on_own_scale(value, scale)) for value in condition.tolist()]
    return ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))


def _block(pictures: Sequence[Image.Image], captions: Sequence[str], title: str) -> Image.Image:
    across, measure = max(1, math.isqrt(len(pictures))), ImageDraw.Draw(Image.new("L", (1, 1)))
    widest = max(math.ceil(measure.textlength(said)) for said in captions)
    width, height = max(CELL, pictures[0].width, widest) + GAP, pictures[0].height + LINE + GAP
    block = Image.new("L", (across * width, LINE + -(-len(pictures) // across) * height), 255)
    draw = ImageDraw.Draw(block)
    draw.text((0, 0), title, fill=0)
    for number, (picture, said) in enumerate(zip(pictures, captions, strict=True)):
        place = (number % across * width, LINE + number // across * height)
        block.paste(picture, place)
        draw.text((place[0], place[1] + picture.height), said, fill=0)
    return block


def _upright(planes: Tensor, lettering: Lettering) -> Tensor:
    return planes.flip(1) if lettering.first == "bottom" else planes


def _picture(plane: Tensor, low: float, high: float) -> Image.Image:
    unit = (plane - low) / max(high - low, 1e-12)
    picture = Image.fromarray((unit.clamp(0, 1) * 255).numpy().astype(np.uint8))
    scale = CELL / max(picture.size)
    return picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
