"""Random samples of each class as the network will see them, each as a small picture."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from frostline.data.planes import preprocessing
from frostline.data.samples import Collection, Corpus, Samples
from frostline.data.splits import Splits
from frostline.look.division import parts_of
from frostline.randomness import stream
from frostline.spec.dataset import Dataset

A_CLASS = 6
PIXELS_A_PAGE = 8_000_000
"""A page with more would be slow to open; beyond it the samples are drawn smaller."""


@dataclass(frozen=True)
class Tile:
    """A sample: its id, and its first plane as an image that stands in the page itself."""

    id: str
    address: str


@dataclass(frozen=True)
class Strip:
    """Some samples of one class."""

    name: str
    tiles: tuple[Tile, ...]


def strips(whole: Corpus | Collection, dataset: Dataset, first: Splits) -> tuple[Strip, ...]:
    """Up to six items of each class, drawn by chance from those that train in the ``first`` turn, as the network sees.

    Of sounds, low frequencies are below and time goes to the right.
    """
    place_of = {str(name): (part, place) for part in parts_of(whole) for place, name in enumerate(part.ids)}
    side = int(sqrt(PIXELS_A_PAGE / (A_CLASS * len(dataset.class_names))))
    found = []
    for label, name in enumerate(dataset.class_names):
        ids = first.train.ids[first.train.strata.numpy() == label]
        drawn = stream(0, "show", name).permutation(len(ids))[:A_CLASS]
        chosen = [place_of[str(ids[place])] for place in sorted(drawn.tolist())]
        found.append(Strip(name, _tiles(chosen, dataset, side)))
    return tuple(found)


def _tiles(chosen: Sequence[tuple[Samples, int]], dataset: Dataset, side: int) -> tuple[Tile, ...]:
    if not chosen:
        return ()
    part = chosen[0][0]
    taken = part.take(np.array([place for _, place in chosen]))
    seen = preprocessing(dataset, "unit", taken)(taken)
    firsts = seen.planes[:: seen.pieces]
    return tuple(Tile(str(name), _address(plane, dataset, side)) for name, plane in zip(taken.ids, firsts, strict=True))


def _address(plane: Tensor, dataset: Dataset, side: int) -> str:
    """``plane`` as an image in the page: without loss, but for photographs, which would make the page heavy."""
    levels = (plane.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    if dataset.card.kind == "sounds":
        levels = levels[::-1]
    image = Image.fromarray(np.ascontiguousarray(levels[:, :, 0] if _is_grey(levels) else levels))
    image.thumbnail((side, side))
    packed, kind = io.BytesIO(), "jpeg" if dataset.card.kind == "images" else "png"
    image.save(packed, format=kind, quality=90)
    return f"data:image/{kind};base64,{base64.b64encode(packed.getvalue()).decode()}"


def _is_grey(levels: np.ndarray) -> bool:
    return bool((levels == levels[:, :, :1]).all())
