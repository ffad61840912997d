"""What a trial has heard of a recording, as a short sound that a browser plays.

MP3 at a constant rate is the smallest that Chromium, Firefox and Safari all play and that the library at hand writes:
10 s take 60 kB, against 204 kB as FLAC and 441 kB as WAV; Ogg would be a quarter smaller, and older Safari is silent.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from jaxtyping import Float32

from frostline.data.pieces import starts
from frostline.data.sounds import Recording, decode, resampled
from frostline.spec.spectrogram import Spectrogram

RATE_HZ = 22_050
KILOBITS = 48
COMPRESSION = 0.75
"""What the encoder calls ``KILOBITS``: 0 is 160, and 1 would be 8."""
MOST_S = 10.0
"""So much of a recording an excerpt plays."""
MOST_PIECES = 5
SILENCE_S = 0.3
MOST_BYTES = 72_000
"""What an excerpt takes at most: ``KILOBITS`` for ``MOST_S`` and the silence between pieces, and what MP3 adds."""

Span = tuple[int, int]


@dataclass(frozen=True)
class Excerpt:
    """A short mono sound out of a recording of ``whole_s`` seconds, as MP3 of at most ``MOST_BYTES``.

    ``spans_s`` are from when to when in the recording; where there are several, silence stands between them.
    """

    mp3: bytes
    spans_s: tuple[tuple[float, float], ...]
    whole_s: float


def excerpt(path: Path, spectrogram: Spectrogram, duration_s: float) -> Excerpt:
    """At most ``MOST_S`` of what ``spectrogram`` keeps of the recording at ``path``, in segments of ``duration_s``.

    Whole segments, evenly chosen where they are too many; the middle of one that is too long. Segments that overlap are
    played once. What a short recording is padded with is not played.

    Raises:
        DataFault: the recording cannot be decoded.
    """
    recording = decode(path)
    rate_hz = recording.rate_hz
    length, most = max(1, round(duration_s * rate_hz)), round(MOST_S * rate_hz)
    spans = heard(len(recording.samples), spectrogram.segments, length, most)
    pieces = [resampled(Recording(recording.samples[first:last], rate_hz), RATE_HZ).samples for first, last in spans]
    return Excerpt(
        mp3_of(pieces), tuple((first / rate_hz, last / rate_hz) for first, last in spans), recording.duration_s
    )


def heard(samples: int, count: int, length: int, most: int) -> list[Span]:
    """From where to where a recording of so many ``samples`` is played, of which ``count`` pieces are kept.

    Together they are at most ``most`` samples and at most ``MOST_PIECES``; what overlaps or touches is one.
    """
    begins = starts(samples, count, length)
    length = min(length, samples)
    kept = min(len(begins), MOST_PIECES, max(1, most // length))
    chosen = _evenly(begins, kept)
    cut = max(0, length - most)
    joined: list[Span] = []
    for first in chosen:
        begin, end = first + cut // 2, first + cut // 2 + length - cut
        if joined and begin <= joined[-1][1]:
            begin, end = joined.pop()[0], end
        joined.append((begin, end))
    return joined


def mp3_of(pieces: Sequence[Float32[np.ndarray, " sample"]]) -> bytes:
    """``pieces`` at ``RATE_HZ`` one after the other, with silence between them, as MP3."""
    silence = np.zeros(round(SILENCE_S * RATE_HZ), np.float32)
    samples = np.concatenate([part for piece in pieces for part in (silence, piece)][1:])
    packed = io.BytesIO()
    with soundfile.SoundFile(
        packed,
        "w",
        RATE_HZ,
        1,
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT",
        compression_level=COMPRESSION,
    ) as file:
        file.write(samples)
    return packed.getvalue()


def _evenly(begins: Sequence[int], count: int) -> list[int]:
    """``count`` of ``begins``: the one in the middle, or evenly chosen from the first to the last."""
    if count == 1:
        return [begins[len(begins) // 2]]
    return [begins[place * (len(begins) - 1) // (count - 1)] for place in range(count)]
