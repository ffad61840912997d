"""How a recording becomes a log-mel plane: every number of the convention, with its unit."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from frostline.spec.base import Value

LINEAR_HZ, LINEAR_MELS = 1000.0, 15.0
"""Slaney's scale is linear up to here, 15 mels in 1,000 Hz, and logarithmic above, 27 mels in a factor of 6.4."""


class Spectrogram(Value):
    """A log-mel spectrogram of a mono recording, resampled to ``rate_hz`` and brought to ``duration_s``.

    A recording that is too long is cut around its middle, or into ``segments`` evenly spread pieces of ``duration_s``;
    one that is too short is padded with zeros on both sides. ``window`` and ``hop`` are in samples (periodic Hann
    window, centred frames, zeros beyond the ends); power is summed into ``bands`` triangular mel filters on the
    ``scale`` of Slaney's Auditory Toolbox or of HTK, from ``lowest_hz`` to ``highest_hz`` (half the rate where it is
    absent), each of area 1 with ``norm: slaney``. ``decibel`` is 10 log10 of the power over the ``reference`` (the
    segment's ``maximum``, or ``one``), no lower than ``range_db`` below the segment's maximum; ``log`` is the natural
    logarithm of the power plus 1e-6; ``compressed`` is log10 of 10,000 times the power plus 1, which is 0 for silence
    (Dieleman and Schrauwen 2014).
    """

    rate_hz: PositiveInt = 22_050
    duration_s: PositiveFloat | None = None
    segments: PositiveInt = 1
    window: PositiveInt = 2048
    hop: PositiveInt = 512
    bands: PositiveInt = 128
    lowest_hz: NonNegativeFloat = 0.0
    highest_hz: PositiveFloat | None = None
    scale: Literal["slaney", "htk"] = "slaney"
    norm: Literal["slaney", "none"] = "slaney"
    level: Literal["decibel", "log", "compressed"] = "decibel"
    reference: Literal["maximum", "one"] = "maximum"
    range_db: float = Field(default=80.0, gt=0)

    @model_validator(mode="after")
    def _each_number_has_an_effect(self) -> Spectrogram:
        top = self.top_hz
        if top > self.rate_hz / 2:
            raise ValueError(
                f"highest_hz must be at most half of rate_hz, {self.rate_hz / 2:g} (got {top:g}): above it there is "
                "nothing to hear"
            )
        if self.lowest_hz >= top:
            raise ValueError(f"lowest_hz must be below highest_hz, {top:g} (got {self.lowest_hz:g})")
        if self.hop > self.window:
            raise ValueError(f"hop must be at most window, {self.window}, or samples are left out (got {self.hop})")
        idle = self.model_fields_set & {"reference", "range_db"}
        if self.level != "decibel" and idle:
            raise ValueError(f"{' and '.join(sorted(idle))} would have no effect with level: {self.level}; remove it")
        return self

    @model_validator(mode="after")
    def _each_band_holds_a_frequency(self) -> Spectrogram:
        step_hz, edges = self.rate_hz / self.window, self.band_edges_hz()
        within = [(math.floor(low / step_hz) + 1) * step_hz < high for low, high in zip(edges, edges[2:], strict=False)]
        if not all(within):
            raise ValueError(
                f"{within.count(False)} of {self.bands} bands would be empty, narrower than the {step_hz:.3g} Hz that "
                f"a window of {self.window} at {self.rate_hz} Hz tells apart; use fewer bands or a longer window"
            )
        return self

    @property
    def top_hz(self) -> float:
        """The upper end of the topmost band."""
        return self.highest_hz if self.highest_hz is not None else self.rate_hz / 2

    def band_edges_hz(self) -> list[float]:
        """The ``bands`` + 2 frequencies between which the filters stand, evenly spread over the mel scale.

        Band ``i`` rises from edge ``i`` to its peak at ``i + 1`` and falls to ``i + 2``.
        """
        low, high = _mels(self.lowest_hz, self.scale), _mels(self.top_hz, self.scale)
        step = (high - low) / (self.bands + 1)
        inner = [_hz(low + step * number, self.scale) for number in range(1, self.bands + 1)]
        return [self.lowest_hz, *inner, self.top_hz]

    def samples(self, duration_s: float) -> int:
        """How many samples a segment of ``duration_s`` has."""
        return int(duration_s * self.rate_hz + 0.5)

    def frames(self, duration_s: float) -> int:
        """How many columns the plane of a segment of ``duration_s`` has."""
        return 1 + (self.samples(duration_s) - self.window % 2) // self.hop


def _mels(frequency_hz: float, scale: str) -> float:
    if scale == "htk":
        return 2595.0 * math.log10(1.0 + frequency_hz / 700.0)
    if frequency_hz < LINEAR_HZ:
        return frequency_hz * LINEAR_MELS / LINEAR_HZ
    return LINEAR_MELS + 27.0 * math.log(frequency_hz / LINEAR_HZ) / math.log(6.4)


def _hz(mels: float, scale: str) -> float:
    if scale == "htk":
        return 700.0 * (math.pow(10.0, mels / 2595.0) - 1.0)
    if mels < LINEAR_MELS:
        return mels * LINEAR_HZ / LINEAR_MELS
    return LINEAR_HZ * math.exp(math.log(6.4) * (mels - LINEAR_MELS) / 27.0)
