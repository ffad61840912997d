"""Sound files: decoded, mixed to one channel, resampled, and made into log-mel planes.

A file that cannot be used raises a ``DataFault`` with its path, the reason and the remedy. What a file cannot tell is
not found out: samples of a ``.wav`` or ``.au`` that were overwritten in place, and the missing end of an ``.mp3`` that
does not state its length.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from jaxtyping import Float32
from torch import Tensor

from frostline.data.pieces import segments
from frostline.data.spectrogram import log_mel
from frostline.errors import DataFault
from frostline.spec.spectrogram import Spectrogram

DECODERS = {".wav": ("WAV", "WAVEX", "RF64"), ".flac": ("FLAC",), ".ogg": ("OGG",), ".mp3": ("MP3",), ".au": ("AU",)}
"""What may lie under each ending, by the names that libsndfile gives it."""
LENGTH_UNKNOWN = 0x7FFFF000
"""Headers of ``.wav`` and ``.au`` that were written to a pipe give this many bytes or more instead of a length."""
MP3_LEEWAY_SAMPLES = 1152
"""An ``.mp3`` states its length in frames of so many samples, and not all encoders count alike: one may be missing."""
MP3_KILOBITS = {
    1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
MP3_RATES_HZ = (44_100, 48_000, 32_000)
MP3_RATE_DIVISORS = {3: 1, 2: 2, 0: 4}
MP3_LENGTH_TAGS = (b"Xing", b"Info", b"VBRI")
Content = bytes | mmap.mmap


@dataclass(frozen=True, eq=False)
class Recording:
    """Mono sound, full scale from -1 to 1."""

    samples: Float32[np.ndarray, " sample"]
    rate_hz: int

    @property
    def duration_s(self) -> float:
        """How long it sounds."""
        return len(self.samples) / self.rate_hz


def planes_of(path: Path, spectrogram: Spectrogram, duration_s: float) -> Float32[Tensor, "segment band frame"]:
    """The log-mel planes of the recording at ``path``: ``spectrogram.segments`` of ``duration_s`` each.

    Raises:
        DataFault: as ``decode``; or the recording is shorter than one hop, or silent in all that is kept of it.
    """
    samples = resampled(decode(path), spectrogram.rate_hz).samples
    if len(samples) < spectrogram.hop:
        raise DataFault(
            f"{path} is too short: {1e3 * len(samples) / spectrogram.rate_hz:.3g} ms, less than one hop "
            f"({spectrogram.hop} samples); leave it out, or choose a shorter hop"
        )
    pieces = segments(samples, spectrogram.segments, spectrogram.samples(duration_s))
    if not pieces.any():
        raise DataFault(
            f"{path} is silent: all {pieces.size} samples that are kept of it are 0; leave it out, or keep more of it "
            "with a longer duration_s"
        )
    return log_mel(torch.from_numpy(pieces), spectrogram)


def decode(path: Path) -> Recording:
    """The sound in the file at ``path``, the mean of its channels, at its own rate.

    Raises:
        DataFault: the file is missing, empty, of no known ending, or holds something else than its ending says; it
            cannot be decoded, is truncated, has no samples, or some that are no finite numbers.
    """
    _refuse_unopened(path)
    try:
        with soundfile.SoundFile(path) as file:
            if file.format == "RAW":  # what libsndfile takes an .au for that has no header
                raise _undecodable(path)
            if file.format not in DECODERS[path.suffix.lower()]:
                raise DataFault(f"{path} holds {file.format}, not what {path.suffix} stands for; correct its ending")
            rate_hz, promised = file.samplerate, file.frames
            channels = file.read(frames=promised, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, MemoryError, ValueError):  # the last two where a damaged header promises hours
        raise _undecodable(path) from None
    _refuse_truncated(path, promised, len(channels), rate_hz)
    recording = Recording(_mono(channels), rate_hz)
    _refuse_without_sound(path, recording)
    return recording


def resampled(recording: Recording, rate_hz: int) -> Recording:
    """``recording`` at ``rate_hz``, by the high quality of soxr; itself where it has that rate."""
    if recording.rate_hz == rate_hz:
        return recording
    return Recording(soxr.resample(recording.samples, recording.rate_hz, rate_hz, quality="HQ"), rate_hz)


def _mono(channels: Float32[np.ndarray, "sample channel"]) -> Float32[np.ndarray, " sample"]:
    """The mean of ``channels``; channel by channel, for ``mean`` over so short an axis takes six times as long."""
    total = channels[:, 0]
    for channel in channels.T[1:]:
        total = total + channel
    return total if channels.shape[1] == 1 else total / np.float32(channels.shape[1])


def _refuse_unopened(path: Path) -> None:
    ending = path.suffix.lower()
    if ending not in DECODERS:
        raise DataFault(
            f"{path} does not end in {', '.join(DECODERS)} (got {ending or 'no ending'}); convert it, or leave it out"
        )
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError:
        raise DataFault(f"{path} is missing; put it back, or leave it out") from None
    except OSError as error:
        raise DataFault(f"{path} cannot be opened ({error.strerror}); make it a file that can be read") from None
    if empty:
        raise DataFault(f"{path} is empty (0 bytes); get the file again, or leave it out")


def _undecodable(path: Path) -> DataFault:
    return DataFault(
        f"{path} cannot be decoded as {path.suffix}: it is damaged, truncated or no sound; get the file again, or "
        "leave it out"
    )


def _refuse_truncated(path: Path, promised: int, decoded: int, rate_hz: int) -> None:
    """Raises DataFault where less was ``decoded`` than the header promises, or than the parts of the file add up to."""
    ending = path.suffix.lower()
    leeway = MP3_LEEWAY_SAMPLES if ending == ".mp3" else 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        cut = ending in CUT and CUT[ending](content)
        counted = mp3_samples(content) if ending == ".mp3" else None
    if counted is None and (cut or promised > decoded + leeway):
        raise DataFault(
            f"{path} is truncated or damaged: {decoded / rate_hz:.2f} s can be decoded, its header promises more; get "
            "the file again, or leave it out"
        )
    if counted is not None and counted > decoded + leeway:
        raise DataFault(
            f"{path} does not state its length, and only {decoded / rate_hz:.2f} of its {counted / rate_hz:.2f} s are "
            "decoded; write it again with its length (ffmpeg -i OLD.mp3 -c copy NEW.mp3)"
        )


def _refuse_without_sound(path: Path, recording: Recording) -> None:
    if not len(recording.samples):
        raise DataFault(f"{path} holds no samples, only a header; get the file again, or leave it out")
    wrong = np.flatnonzero(~np.isfinite(recording.samples))
    if len(wrong):
        raise DataFault(
            f"{path} holds samples that are not finite ({len(wrong)} of {len(recording.samples)}, the first at "
            f"{wrong[0] / recording.rate_hz:.2f} s); get the file again, or leave it out"
        )


def riff_is_cut(content: Content) -> bool:
    """Whether the ``data`` chunk of a ``.wav`` is longer than the rest of the file."""
    place = 12
    while place + 8 <= len(content):
        size = int.from_bytes(content[place + 4 : place + 8], "little")
        if content[place : place + 4] == b"data":
            return size < LENGTH_UNKNOWN and place + 8 + size > len(content)
        place += 8 + size + size % 2
    return False


def au_is_cut(content: Content) -> bool:
    """Whether the samples of an ``.au`` are longer than the rest of the file."""
    first, size = int.from_bytes(content[4:8], "big"), int.from_bytes(content[8:12], "big")
    return size < LENGTH_UNKNOWN and first + size > len(content)


def ogg_is_cut(content: Content) -> bool:
    """Whether the last page of an ``.ogg`` is incomplete, or not marked as the last (RFC 3533, section 6)."""
    place = content.rfind(b"OggS")
    head = content[place : place + 27]
    if len(head) < 27:
        return True
    lengths = content[place + 27 : place + 27 + head[26]]
    return not head[5] & 4 or place + 27 + len(lengths) + sum(lengths) > len(content)


def mp3_samples(content: Content) -> int | None:
    """How many samples the frames of an ``.mp3`` hold together, or None where its first frame states the length itself.

    Such a file without a stated length is decoded for as long as its first frame's bit rate lets one guess, which is
    wrong where the rate varies. Frames are counted up to the first thing that is none, of layer III only.
    """
    place = _id3_bytes(content)
    frame = _mp3_frame(content, place)
    if frame is None or any(tag in content[place : place + 200] for tag in MP3_LENGTH_TAGS):
        return None
    total = 0
    while frame is not None and place + frame[0] <= len(content):
        total += frame[1]
        place += frame[0]
        frame = _mp3_frame(content, place)
    return total


def _id3_bytes(content: Content) -> int:
    """How many bytes of tags stand before the first frame."""
    if content[:3] != b"ID3":
        return 0
    a, b, c, d = content[6:10]
    return 10 + (a << 21 | b << 14 | c << 7 | d)


def _mp3_frame(content: Content, place: int) -> tuple[int, int] | None:
    """The bytes and the samples of the frame of layer III whose header stands at ``place``, or None (ISO 11172-3)."""
    head = int.from_bytes(content[place : place + 4], "big")
    version, layer, rate, speed = head >> 19 & 3, head >> 17 & 3, head >> 10 & 3, head >> 12 & 15
    if head >> 21 != 0x7FF or version == 1 or layer != 1 or rate == 3 or speed in (0, 15):
        return None
    generation = 1 if version == 3 else 2
    bits_a_second = 1000 * MP3_KILOBITS[generation][speed - 1]
    samples = 1152 // generation
    return samples // 8 * bits_a_second * MP3_RATE_DIVISORS[version] // MP3_RATES_HZ[rate] + (head >> 9 & 1), samples


CUT = {".wav": riff_is_cut, ".ogg": ogg_is_cut, ".au": au_is_cut}
"""How to see that a file was cut short where its decoder does not."""
