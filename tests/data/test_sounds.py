from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st

from frostline.data.pieces import segments
from frostline.data.sounds import Recording, decode, mp3_samples, planes_of, resampled
from frostline.data.spectrogram import log_mel
from frostline.errors import DataFault
from frostline.spec.spectrogram import Spectrogram

RATE_HZ = 16_000
SMALL = Spectrogram(rate_hz=8000, window=256, hop=128, bands=16)
ENDINGS = ["wav", "flac", "ogg", "mp3", "au"]
UNDECODABLE = "is damaged, truncated or no sound; get the file again, or leave it out"

Damage = Callable[[bytes], bytes]


def tune(duration_s: float = 1.0, channels: int = 1) -> np.ndarray:
    """Two notes one after the other, with a little noise, each channel at a loudness of its own."""
    moments_s = np.arange(int(duration_s * RATE_HZ)) / RATE_HZ
    pitch_hz = np.where(moments_s < duration_s / 2, 440, 660)
    noise = 0.01 * np.random.default_rng(0).standard_normal(len(moments_s))
    loudness = 0.4 / np.arange(1, channels + 1)
    return np.outer(np.sin(2 * np.pi * pitch_hz * moments_s) + noise, loudness).astype(np.float32)


def written(folder: Path, ending: str, samples: np.ndarray | None = None) -> Path:
    """A file of ``samples``, or of a tune, in ``folder``."""
    path = folder / f"sound.{ending}"
    soundfile.write(path, tune() if samples is None else samples, RATE_HZ)
    return path


def fault_of(path: Path, spectrogram: Spectrogram = SMALL) -> str:
    """The message of the fault of the file at ``path``, the path left out, once it is seen to stand at its head."""
    with pytest.raises(DataFault) as caught:
        planes_of(path, spectrogram, 0.5)
    assert str(caught.value).startswith(f"{path} ")
    return str(caught.value).removeprefix(f"{path} ")


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_listed_format_is_decoded_to_what_was_written(tmp_path: Path, ending: str) -> None:
    recording = decode(written(tmp_path, ending))
    assert (recording.rate_hz, recording.duration_s) == (RATE_HZ, 1.0)
    assert recording.samples.dtype == np.float32
    assert np.corrcoef(recording.samples, tune()[:, 0])[0, 1] > 0.99


def test_the_ending_may_be_written_large(tmp_path: Path) -> None:
    assert decode(written(tmp_path, "wav").rename(tmp_path / "SOUND.WAV")).duration_s == 1.0


@pytest.mark.parametrize("channels", [2, 3])
def test_mono_is_the_mean_of_the_channels(tmp_path: Path, channels: int) -> None:
    samples = tune(channels=channels)
    recording = decode(written(tmp_path, "flac", samples))
    np.testing.assert_allclose(recording.samples, samples.mean(axis=1), atol=1e-4)


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "gone.wav") == "is missing; put it back, or leave it out"


def test_a_folder_with_the_name_of_a_sound_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    assert fault_of(tmp_path / "folder.wav") == "cannot be opened (Is a directory); make it a file that can be read"


def test_an_empty_file_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    path.touch()
    assert fault_of(path) == "is empty (0 bytes); get the file again, or leave it out"


@pytest.mark.parametrize(("name", "got"), [("notes.txt", ".txt"), ("sound", "no ending")])
def test_an_ending_that_is_not_listed_is_a_fault(tmp_path: Path, name: str, got: str) -> None:
    expected = f"does not end in .wav, .flac, .ogg, .mp3, .au (got {got}); convert it, or leave it out"
    assert fault_of(written(tmp_path, "wav").rename(tmp_path / name)) == expected


@pytest.mark.parametrize(("true", "claimed"), [("mp3", "wav"), ("wav", "flac"), ("flac", "ogg"), ("ogg", "mp3")])
def test_a_sound_under_the_ending_of_another_format_is_a_fault(tmp_path: Path, true: str, claimed: str) -> None:
    path = written(tmp_path, true).rename(tmp_path / f"renamed.{claimed}")
    assert fault_of(path) in {
        f"holds {true.upper()}, not what .{claimed} stands for; correct its ending",
        f"cannot be decoded as .{claimed}: it {UNDECODABLE}",
    }


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_that_holds_no_sound_is_a_fault(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"sound.{ending}"
    path.write_text("<html>404 Not Found</html>\n" * 100)
    assert fault_of(path) == f"cannot be decoded as .{ending}: it {UNDECODABLE}"


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_that_was_cut_is_a_fault(tmp_path: Path, ending: str, part: float) -> None:
    path = written(tmp_path, ending)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    said = fault_of(path)
    if ending == "flac" or (ending == "ogg" and part == 0.3):
        assert said == f"cannot be decoded as .{ending}: it {UNDECODABLE}"
    else:
        assert re.fullmatch(
            r"is truncated or damaged: [0-9.]+ s can be decoded, its header promises more; get the file again, or "
            "leave it out",
            said,
        )


def test_an_ogg_that_lost_its_last_page_is_a_fault(tmp_path: Path) -> None:
    path = written(tmp_path, "ogg", tune(5.0))
    content = path.read_bytes()
    path.write_bytes(content[: content.rfind(b"OggS")])
    assert fault_of(path).startswith("is truncated or damaged: ")


@pytest.mark.parametrize("ending", ["flac", "ogg", "mp3"])
def test_a_file_that_was_overwritten_in_its_middle_is_a_fault(tmp_path: Path, ending: str) -> None:
    path = written(tmp_path, ending, tune(5.0))
    content = path.read_bytes()
    middle, gap = len(content) // 2, len(content) // 5
    path.write_bytes(content[:middle] + bytes(gap) + content[middle + gap :])
    assert re.match(r"is truncated or damaged: |cannot be decoded as ", fault_of(path))


def test_a_header_that_promises_more_than_memory_holds_is_a_fault(tmp_path: Path) -> None:
    path = written(tmp_path, "flac")
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F
    content[22:26] = b"\xff" * 4
    path.write_bytes(content)
    assert fault_of(path) == f"cannot be decoded as .flac: it {UNDECODABLE}"


@pytest.mark.parametrize("length", [b"\xff\xff\xff\xff", b"\x00\xf0\xff\x7f"])
def test_a_wav_that_was_written_to_a_pipe_is_no_fault(tmp_path: Path, length: bytes) -> None:
    path = written(tmp_path, "wav")
    content = path.read_bytes()
    place = content.index(b"data") + 4
    path.write_bytes(content[:place] + length + content[place + 4 :])
    assert decode(path).duration_s == 1.0


def without_stated_length(content: bytes) -> bytes:
    """An mp3 without its first frame, the one that states the length."""
    return content[content.index(content[:2], 2) :]


def test_an_mp3_of_varying_rate_that_does_not_state_its_length_is_a_fault(tmp_path: Path) -> None:
    quiet_then_loud = np.concatenate([np.full((RATE_HZ, 1), 1e-4, np.float32), tune(3.0)])
    path = written(tmp_path, "mp3", quiet_then_loud)
    path.write_bytes(b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10) + without_stated_length(path.read_bytes()))
    assert re.fullmatch(
        r"does not state its length, and only [0-9.]+ of its 4\.[0-9]+ s are decoded; write it again with its length "
        r"\(ffmpeg -i OLD\.mp3 -c copy NEW\.mp3\)",
        fault_of(path),
    )


@pytest.mark.parametrize("rate_hz", [11_025, 16_000, 44_100])
def test_an_mp3_of_constant_rate_needs_no_stated_length(tmp_path: Path, rate_hz: int) -> None:
    path = tmp_path / "sound.mp3"
    soundfile.write(path, tune(2.0), rate_hz, bitrate_mode="CONSTANT", compression_level=0.5)
    path.write_bytes(without_stated_length(path.read_bytes()) + b"TAG" + bytes(125))
    counted = mp3_samples(path.read_bytes())
    assert counted is not None
    assert 0 <= counted - len(tune(2.0)) < 3 * 1152
    assert abs(len(decode(path).samples) - counted) <= 1152


@pytest.mark.parametrize("ending", ["wav", "ogg", "au"])
def test_a_file_with_a_header_alone_is_a_fault(tmp_path: Path, ending: str) -> None:
    expected = "holds no samples, only a header; get the file again, or leave it out"
    assert fault_of(written(tmp_path, ending, np.zeros((0, 1)))) == expected


@pytest.mark.parametrize("ending", ["wav", "flac", "mp3"])
def test_a_recording_of_one_sample_is_a_fault(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"sound.{ending}"
    soundfile.write(path, np.full(1, 0.5), SMALL.rate_hz)
    expected = "is too short: 0.125 ms, less than one hop (128 samples); leave it out, or choose a shorter hop"
    assert fault_of(path) == expected


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_finite_numbers_are_a_fault(tmp_path: Path, wrong: float) -> None:
    samples = tune(channels=2)
    samples[[4000, 8000], 1] = wrong
    path = tmp_path / "sound.wav"
    soundfile.write(path, samples, RATE_HZ, subtype="FLOAT")
    assert fault_of(path) == (
        "holds samples that are not finite (2 of 16000, the first at 0.25 s); get the file again, or leave it out"
    )


def test_a_recording_of_zeros_is_a_fault(tmp_path: Path) -> None:
    expected = "is silent: all 4000 samples that are kept of it are 0; leave it out, or keep more of it"
    assert fault_of(written(tmp_path, "wav", np.zeros((RATE_HZ, 1)))) == f"{expected} with a longer duration_s"


def test_a_recording_that_is_silent_where_it_is_kept_is_a_fault(tmp_path: Path) -> None:
    samples = tune(4.0)
    samples[RATE_HZ:-RATE_HZ] = 0
    assert fault_of(written(tmp_path, "wav", samples)).startswith("is silent: ")
    spread = planes_of(tmp_path / "sound.wav", SMALL.model_copy(update={"segments": 3}), 0.5)
    assert spread.amin(dim=(1, 2))[1] == 0


def test_a_file_becomes_the_planes_of_its_resampled_segments(tmp_path: Path) -> None:
    path = written(tmp_path, "wav", tune(2.0))
    spectrogram = SMALL.model_copy(update={"segments": 3})
    planes = planes_of(path, spectrogram, 0.5)
    pieces = segments(resampled(decode(path), 8000).samples, 3, 4000)
    assert planes.shape == (3, 16, spectrogram.frames(0.5))
    assert torch.equal(planes, log_mel(torch.from_numpy(pieces), spectrogram))


def test_a_recording_at_the_rate_is_not_resampled() -> None:
    recording = Recording(tune()[:, 0], RATE_HZ)
    assert resampled(recording, RATE_HZ) is recording


@pytest.mark.parametrize("rate_hz", [8000, 22_050, 44_100])
def test_a_resampled_tone_is_the_same_tone_at_the_new_rate(rate_hz: int) -> None:
    tones = [np.sin(2 * np.pi * 440 * np.arange(rate) / rate) for rate in (RATE_HZ, rate_hz)]
    ours = resampled(Recording(tones[0].astype(np.float32), RATE_HZ), rate_hz)
    inner = slice(rate_hz // 10, -rate_hz // 10)
    assert ours.rate_hz == rate_hz
    np.testing.assert_allclose(ours.samples[inner], tones[1][inner], atol=1e-4)


def test_resampling_removes_what_the_new_rate_cannot_carry() -> None:
    tone = np.sin(2 * np.pi * 6000 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)
    assert np.abs(resampled(Recording(tone, RATE_HZ), 8000).samples[800:-800]).max() < 1e-4


@given(count=st.integers(1, 50_000), source=st.integers(4000, 48_000), target=st.integers(4000, 48_000))
def test_resampling_keeps_the_duration_to_a_sample(count: int, source: int, target: int) -> None:
    recording = Recording(np.ones(count, np.float32), source)
    assert abs(len(resampled(recording, target).samples) - count * target / source) <= 1


@given(held=st.integers(1, 200), count=st.integers(1, 6), length=st.integers(1, 200))
def test_segments_have_the_length_and_hold_nothing_but_the_recording(held: int, count: int, length: int) -> None:
    samples = np.arange(1, held + 1, dtype=np.float32)
    pieces = segments(samples, count, length)
    assert pieces.shape == (count, length)
    for piece in pieces:
        sound = piece[piece > 0]
        assert len(sound) == min(held, length)
        np.testing.assert_array_equal(np.diff(sound), 1)


@given(held=st.integers(1, 200), count=st.integers(1, 6))
def test_a_recording_of_the_length_is_itself(held: int, count: int) -> None:
    samples = np.arange(1, held + 1, dtype=np.float32)
    np.testing.assert_array_equal(segments(samples, count, held), np.tile(samples, (count, 1)))


@given(held=st.integers(2, 300), count=st.integers(2, 6), length=st.integers(1, 100))
def test_several_segments_are_evenly_spread_from_the_first_sample_to_the_last(
    held: int, count: int, length: int
) -> None:
    samples = np.arange(held + length, dtype=np.float32)
    starts = segments(samples, count, length)[:, 0]
    assert (starts[0], starts[-1]) == (0, held)
    assert np.ptp(np.diff(starts)) <= 1


@given(held=st.integers(1, 300), length=st.integers(1, 300))
def test_one_segment_has_as_much_before_it_as_behind_it(held: int, length: int) -> None:
    piece = segments(np.ones(held, np.float32), 1, length)[0]
    marked = segments(np.arange(held, dtype=np.float32), 1, length)[0]
    before, behind = (marked[0], held - length - marked[0]) if held > length else (piece.argmax(), piece[::-1].argmax())
    assert 0 <= behind - before <= 1


@pytest.mark.real_data
@pytest.mark.parametrize("folder", ["esc10/audio", "vgmidi_va/audio", "fsdd/recordings"])
def test_real_recordings_are_usable(folder: str) -> None:
    files = sorted((Path(os.environ["FROSTLINE_DATA"]) / folder).iterdir())
    for path in files[:: len(files) // 10]:
        planes = planes_of(path, SMALL, 1.0)
        assert planes.isfinite().all()
        assert planes.std() > 1
