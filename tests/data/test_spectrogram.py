from __future__ import annotations

import os
import warnings
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
import torch
from pydantic import ValidationError

from frostline.data.spectrogram import log_mel, mel_bank, mel_power
from frostline.spec.spectrogram import Spectrogram

CONVENTIONS = {
    "librosa's own": Spectrogram(),
    "htk, no norm": Spectrogram(scale="htk", norm="none"),
    "htk, area norm": Spectrogram(scale="htk"),
    "part of the range": Spectrogram(lowest_hz=50, highest_hz=8000, bands=64, reference="one", range_db=60),
    "natural logarithm": Spectrogram(level="log"),
    "other window and hop": Spectrogram(window=1000, hop=333, bands=40),
    "odd window, few bands, deep": Spectrogram(window=1025, hop=100, bands=50, range_db=100),
}
NEPERS_OF_60_DB = 13.8
RATE_HZ = 22_050


def by_librosa(samples: np.ndarray, spectrogram: Spectrogram) -> np.ndarray:
    """The same plane, computed by librosa."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "n_fft=.* is too large for input signal")
        power = librosa.feature.melspectrogram(
            y=samples,
            sr=spectrogram.rate_hz,
            n_fft=spectrogram.window,
            hop_length=spectrogram.hop,
            n_mels=spectrogram.bands,
            fmin=spectrogram.lowest_hz,
            fmax=spectrogram.highest_hz,
            htk=spectrogram.scale == "htk",
            norm="slaney" if spectrogram.norm == "slaney" else None,
        )
    if spectrogram.level == "log":
        return np.log(power + 1e-6)
    return librosa.power_to_db(
        power, ref=np.max if spectrogram.reference == "maximum" else 1.0, top_db=spectrogram.range_db
    )


def assert_equal_to_librosa(samples: np.ndarray, spectrogram: Spectrogram) -> None:
    """Within 0.001 down to 60 dB under the maximum, and 0.01 below, in dB or nepers of power."""
    expected = by_librosa(samples, spectrogram)
    apart = np.abs(log_mel(torch.from_numpy(samples)[None], spectrogram)[0].numpy() - expected)
    loud = expected > expected.max() - (60 if spectrogram.level == "decibel" else NEPERS_OF_60_DB)
    assert apart[loud].max() < 1e-3
    assert apart.max() < 1e-2


def synthetic(kind: str) -> np.ndarray:
    """A short sound of one ``kind``."""
    generator = np.random.default_rng(7)
    noise = generator.standard_normal(30_000)
    sounds = {
        "noise": 0.1 * noise,
        "quiet noise": 1e-5 * noise,
        "sweep": 0.5 * librosa.chirp(fmin=50, fmax=9000, sr=RATE_HZ, length=30_000) + 1e-3 * noise,
        "click": np.eye(1, 5000, 2500)[0],
        "shorter than a window": noise[:300],
        "silence": np.zeros(5000),
    }
    return sounds[kind].astype(np.float32)


@pytest.mark.parametrize("name", CONVENTIONS)
@pytest.mark.parametrize("kind", ["noise", "quiet noise", "sweep", "click", "shorter than a window", "silence"])
def test_a_synthetic_sound_has_the_plane_that_librosa_gives_it(kind: str, name: str) -> None:
    assert_equal_to_librosa(synthetic(kind), CONVENTIONS[name])


@pytest.mark.real_data
@pytest.mark.parametrize("name", CONVENTIONS)
def test_real_sounds_have_the_planes_that_librosa_gives_them(name: str) -> None:
    data = Path(os.environ["FROSTLINE_DATA"])
    for folder in ("esc10/audio", "vgmidi_va/audio", "fsdd/recordings"):
        files = sorted((data / folder).iterdir())
        for path in files[:: len(files) // 2]:
            assert_equal_to_librosa(soundfile.read(path, dtype="float32", frames=40_000)[0], CONVENTIONS[name])


@pytest.mark.parametrize("name", CONVENTIONS)
def test_the_filter_bank_is_that_of_librosa(name: str) -> None:
    spectrogram = CONVENTIONS[name]
    expected = librosa.filters.mel(
        sr=spectrogram.rate_hz,
        n_fft=spectrogram.window,
        n_mels=spectrogram.bands,
        fmin=spectrogram.lowest_hz,
        fmax=spectrogram.highest_hz,
        htk=spectrogram.scale == "htk",
        norm="slaney" if spectrogram.norm == "slaney" else None,
        dtype=np.float64,
    )
    np.testing.assert_allclose(mel_bank(spectrogram).numpy(), expected, rtol=1e-9, atol=1e-12)


def test_a_plane_does_not_depend_on_the_other_segments() -> None:
    segments = torch.stack([torch.from_numpy(synthetic(kind)) for kind in ("noise", "quiet noise", "sweep")])
    planes = log_mel(segments, Spectrogram())
    alone = [log_mel(segment[None], Spectrogram())[0] for segment in segments]
    assert torch.equal(planes, torch.stack(alone))


def test_the_samples_stay_untouched() -> None:
    samples = torch.from_numpy(synthetic("noise"))[None]
    before = samples.clone()
    log_mel(samples, Spectrogram())
    assert torch.equal(samples, before)


def test_the_loudest_cell_of_each_segment_is_0_db_and_no_cell_is_below_the_range() -> None:
    sweep = torch.from_numpy(synthetic("sweep"))
    planes = log_mel(torch.stack([sweep, 0.01 * sweep]), Spectrogram(range_db=30.0))
    assert planes.amax(dim=(1, 2)).tolist() == [0, 0]
    assert planes.amin(dim=(1, 2)).tolist() == pytest.approx([-30, -30], abs=1e-5)


def test_a_sound_ten_times_as_loud_is_20_db_higher_over_the_reference_one() -> None:
    noise = torch.from_numpy(synthetic("noise"))[None]
    planes = [log_mel(factor * noise, Spectrogram(reference="one")) for factor in (1.0, 10.0)]
    assert (planes[1] - planes[0] - 20).abs().max() < 1e-3


def test_a_tone_lies_in_the_band_whose_peak_it_is() -> None:
    spectrogram = Spectrogram()
    peak_hz = spectrogram.band_edges_hz()[71]
    tone = torch.sin(2 * torch.pi * peak_hz * torch.arange(RATE_HZ) / RATE_HZ)
    assert mel_power(tone, spectrogram)[:, 20].argmax() == 70


@pytest.mark.parametrize("window", [256, 255])
@pytest.mark.parametrize("count", [1, 99, 100, 101, 4_000, 4_100])
def test_the_convention_tells_the_shape_of_the_plane(count: int, window: int) -> None:
    spectrogram = Spectrogram(rate_hz=8000, window=window, hop=100, bands=8)
    planes = log_mel(torch.ones(1, count), spectrogram)
    assert planes.shape == (1, 8, spectrogram.frames(count / 8000))


def test_bands_that_no_frequency_falls_into_are_refused() -> None:
    with pytest.raises(ValidationError) as caught:
        Spectrogram(rate_hz=16_000, window=512, scale="htk")
    assert (
        "1 of 128 bands would be empty, narrower than the 31.2 Hz that a window of 512 at 16000 Hz tells apart; "
        "use fewer bands or a longer window"
    ) in str(caught.value)
