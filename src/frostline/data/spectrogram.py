"""From samples to log-mel planes, in the convention that a ``Spectrogram`` states.

| symbol | meaning | unit | shape |
|---|---|---|---|
| samples | mono sound at ``rate_hz`` | 1, full scale is 1 | segment sample |
| frames | ``window`` samples around every ``hop``-th sample, zeros beyond the ends | 1 | frame window |
| squares | squared real and imaginary part of each frequency bin, in turn | 1 | frame 2 x bin |
| bank | weights of the mel filters, bin after bin | 1, or 1/Hz with ``norm: slaney`` | band bin |
| power | bank times the sum of the two squares | as bank | band frame |
| plane | the level of the power | dB, or a logarithm | band frame |

Filters and levels are those of librosa 0.11 (``melspectrogram`` with ``power=2``, ``power_to_db``), which takes its
filters from Slaney's Auditory Toolbox (1998) and from HTK (Young et al. 2006, section 5.4). Planes agree within 0.001
dB down to 60 dB under the maximum, and within 0.01 dB below, where the single precision of both runs out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from jaxtyping import Float32, Float64
from torch import Tensor

from frostline.spec.spectrogram import Spectrogram

FLOOR_POWER = 1e-10
"""Power below this counts as this much in decibel, as in librosa."""
LOG_OFFSET = 1e-6
COMPRESSION = 10_000.0
SAMPLES_AT_ONCE = 2**18
"""Frames are transformed in blocks of so many samples (1 MiB): what is read next is still in the cache."""
BANDS_AT_ONCE = 16
"""Neighbouring bands share most of their bins; over all bands together seven of eight weights would be zero."""


@dataclass(frozen=True, eq=False)
class Filters:
    """Neighbouring mel bands and the bins that they span; each weight stands twice, for the two squares of its bin."""

    bands: slice
    squares: slice
    weights: Float32[Tensor, "band square"]


def log_mel(samples: Float32[Tensor, "segment sample"], spectrogram: Spectrogram) -> Float32[Tensor, "segment b f"]:
    """The log-mel plane of each segment, ``bands`` rows from low to high and a column a frame.

    ``samples`` are at ``spectrogram.rate_hz``, stay untouched, and may have any length: bringing them to ``duration_s``
    is not done here. A segment of zeros gives a constant plane.
    """
    return torch.stack([_level(mel_power(segment, spectrogram), spectrogram) for segment in samples])


def mel_power(samples: Float32[Tensor, " sample"], spectrogram: Spectrogram) -> Float32[Tensor, "band frame"]:
    """The power of one segment in each mel band around each frame."""
    window, filters = _window(spectrogram.window), _filters(spectrogram)
    half = spectrogram.window // 2
    frames = F.pad(samples, (half, half)).unfold(0, spectrogram.window, spectrogram.hop)
    power = torch.empty(spectrogram.bands, len(frames))
    block = max(1, SAMPLES_AT_ONCE // spectrogram.window)
    for first in range(0, len(frames), block):
        bins = torch.fft.rfft(frames[first : first + block] * window)
        squares = torch.view_as_real(bins).square_().flatten(1)
        for some in filters:
            here = power[some.bands, first : first + block]
            torch.mm(some.weights, squares[:, some.squares].T, out=here)
    return power


def mel_bank(spectrogram: Spectrogram) -> Float64[Tensor, "band bin"]:
    """The weight of each frequency bin in each mel band: triangles that rise from edge to edge, 1 at the peak.

    With ``norm: slaney`` each is divided by half its width in Hz, so that its area is 1.
    """
    edges = torch.tensor(spectrogram.band_edges_hz(), dtype=torch.float64)[:, None]
    low, peak, high = edges[:-2], edges[1:-1], edges[2:]
    bins_hz = torch.arange(spectrogram.window // 2 + 1, dtype=torch.float64) * spectrogram.rate_hz / spectrogram.window
    bank = torch.minimum((bins_hz - low) / (peak - low), (high - bins_hz) / (high - peak)).clamp(min=0)
    return bank * 2 / (high - low) if spectrogram.norm == "slaney" else bank


def _level(power: Float32[Tensor, "band frame"], spectrogram: Spectrogram) -> Float32[Tensor, "band frame"]:
    """The level of ``power``, which it overwrites: a plane is large and ``power`` is of no other use."""
    if spectrogram.level == "log":
        return power.add_(LOG_OFFSET).log_()
    if spectrogram.level == "compressed":
        return power.mul_(COMPRESSION).add_(1).log10_()
    decibel = power.clamp_(min=FLOOR_POWER).log10_().mul_(10)
    maximum = decibel.amax()
    decibel.clamp_(min=maximum - spectrogram.range_db)
    return decibel.sub_(maximum) if spectrogram.reference == "maximum" else decibel


@cache
def _window(samples: int) -> Float32[Tensor, " sample"]:
    return torch.hann_window(samples, periodic=True, dtype=torch.float64).float()


@cache
def _filters(spectrogram: Spectrogram) -> tuple[Filters, ...]:
    """The filter bank in parts that leave out the bins in which all of their bands are zero."""
    bank = mel_bank(spectrogram).float()
    parts = []
    for first in range(0, spectrogram.bands, BANDS_AT_ONCE):
        rows = bank[first : first + BANDS_AT_ONCE]
        used = rows.any(dim=0).nonzero().flatten().tolist()
        span = slice(used[0], used[-1] + 1)
        weights = rows[:, span].repeat_interleave(2, dim=1).contiguous()
        parts.append(Filters(slice(first, first + len(rows)), slice(2 * span.start, 2 * span.stop), weights))
    return tuple(parts)
