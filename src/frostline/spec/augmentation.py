"""What training does to its items before it shows them: nothing, unless a study says so."""

from __future__ import annotations

from math import ceil
from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from frostline.spec.base import Value

MOST_SHIFTED = 0.5


class Stripes(Value):
    """``count`` masks, each as wide as chance decides, from nothing to ``width`` rows or columns."""

    count: PositiveInt
    width: PositiveInt


class Masks(Value):
    """Stripes across a plane set to the plane's mean (SpecAugment, Park et al. 2019, without its time warping).

    ``frequency`` hides rows and ``time`` hides columns of the plane as the network sees it. A width larger than the
    plane is the plane's own.
    """

    frequency: Stripes | None = None
    time: Stripes | None = None

    @model_validator(mode="after")
    def _hides_something(self) -> Masks:
        if self.frequency is None and self.time is None:
            raise ValueError("masks hide nothing; give frequency, time or both, or remove them")
        return self


class Shift(Value):
    """Columns moved round a circle by up to the part ``largest`` of the width, to either side."""

    largest: float = Field(gt=0, le=MOST_SHIFTED)

    def furthest(self, width: int) -> int:
        """By how many of ``width`` columns at most: whole ones."""
        return int(self.largest * width)

    def fault_on(self, width: int) -> str | None:
        """Why planes of ``width`` columns are never moved, with the smallest part that moves them; else None."""
        if self.furthest(width) > 0:
            return None
        smallest = ceil(1e6 / width) / 1e6
        remedy = f"use at least {smallest:g}, or remove shift" if smallest <= MOST_SHIFTED else "remove shift"
        return f"{self.largest:g} of {width} columns is less than one, so that nothing moves; {remedy}"


class Mixup(Value):
    """Each item mixed with another one of its batch, planes and targets alike (Zhang et al. 2018).

    The weight of each item is its own draw from Beta(``alpha``, ``alpha``).
    """

    alpha: PositiveFloat


class Crop(Value):
    """A part of the plane, at least ``smallest_area`` of it, of aspect 3/4 to 4/3, scaled to the plane's size."""

    smallest_area: float = Field(gt=0, lt=1)


class Rotation(Value):
    """The plane turned about its centre by up to ``largest_degrees``, to either side; what turns in is 0."""

    largest_degrees: float = Field(gt=0, le=180)


class Augmentation(Value):
    """What befalls each training item anew whenever it is shown; validation and test items never meet it.

    In this order: ``flip`` (left and right change places in half of the items), ``rotation``, ``crop``, ``shift``,
    ``masks``, ``mixup``. Each draws from a random stream of its own, so that one moves no draw of another.

    With ``views`` each item has so many fixed versions instead, drawn once for all seeds, which take turns pass by
    pass. What frozen layers give for them can then be computed once.
    """

    flip: Literal["horizontal"] | None = None
    rotation: Rotation | None = None
    crop: Crop | None = None
    shift: Shift | None = None
    masks: Masks | None = None
    mixup: Mixup | None = None
    views: PositiveInt | None = None

    @model_validator(mode="after")
    def _views_are_of_something(self) -> Augmentation:
        if self.views is None:
            return self
        if self.mixup is not None:
            raise ValueError("views: mixup mixes other items in every batch, so that no version is fixed; remove one")
        if (self.flip, self.rotation, self.crop, self.shift, self.masks) == (None,) * 5:
            raise ValueError("views has no effect, for nothing befalls the items; name a kind of augmentation")
        return self


NOTHING = Augmentation()
