"""An excerpt plays what a trial has heard of a recording, and no more than a page can carry."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from frostline.data.excerpts import KILOBITS, MOST_BYTES, MOST_PIECES, RATE_HZ, Excerpt, excerpt, heard
from frostline.data.pieces import starts
from frostline.errors import DataFault
from frostline.spec.spectrogram import Spectrogram

OWN_RATE_HZ = 8000


def steps(folder: Path, *levels: float) -> Path:
    """A recording of a tone that has another level each second."""
    seconds = np.arange(OWN_RATE_HZ) / OWN_RATE_HZ
    tone = np.sin(2 * np.pi * 440 * seconds)
    path = folder / "steps.wav"
    soundfile.write(path, np.concatenate([level * tone for level in levels]), OWN_RATE_HZ)
    return path


def taken(path: Path, duration_s: float, segments: int = 1) -> Excerpt:
    return excerpt(path, Spectrogram(duration_s=duration_s, segments=segments), duration_s)


def played(made: Excerpt) -> np.ndarray:
    samples, rate_hz = soundfile.read(io.BytesIO(made.mp3))
    assert rate_hz == RATE_HZ
    return np.asarray(samples)


def test_the_middle_that_a_trial_has_heard_is_played(tmp_path: Path) -> None:
    made = taken(steps(tmp_path, 0.1, 0.8, 0.1), 1.0)
    assert (made.spans_s, made.whole_s) == (((1.0, 2.0),), 3.0)
    samples = played(made)
    assert abs(len(samples) / RATE_HZ - 1.0) < 0.1
    assert np.sqrt((samples**2).mean()) == pytest.approx(0.8 / np.sqrt(2), rel=0.1)


def test_segments_are_played_one_after_the_other_with_silence_between(tmp_path: Path) -> None:
    made = taken(steps(tmp_path, 0.8, 0.1, 0.8), 1.0, 2)
    assert made.spans_s == ((0.0, 1.0), (2.0, 3.0))
    samples = played(made)
    assert abs(len(samples) / RATE_HZ - 2.3) < 0.15
    middle = samples[round(1.1 * RATE_HZ) : round(1.2 * RATE_HZ)]
    assert np.abs(middle).max() < 0.02


def test_what_a_short_recording_is_padded_with_is_not_played(tmp_path: Path) -> None:
    made = taken(steps(tmp_path, 0.5), 30.0, 3)
    assert made.spans_s == ((0.0, 1.0),)
    assert abs(len(played(made)) / RATE_HZ - 1.0) < 0.1


def test_overlapping_segments_are_played_once() -> None:
    assert starts(250, 3, 100) == [0, 75, 150]
    assert heard(250, 3, 100, 1000) == [(0, 250)]


def test_of_what_is_too_long_the_middle_is_played() -> None:
    assert heard(1000, 1, 600, 100) == [(450, 550)]
    assert heard(1000, 3, 300, 300) == [(350, 650)]
    assert heard(1000, 4, 100, 250) == [(0, 100), (900, 1000)]


@given(st.integers(1, 5000), st.integers(1, 60), st.integers(1, 900), st.integers(1, 400))
def test_no_more_is_played_than_is_allowed_and_nothing_that_was_not_heard(
    samples: int, count: int, length: int, most: int
) -> None:
    spans = heard(samples, count, length, most)
    assert 0 < len(spans) <= MOST_PIECES
    assert 0 < sum(last - first for first, last in spans) <= most
    kept = np.zeros(samples, bool)
    for first in starts(samples, count, length):
        kept[first : first + length] = True
    assert all(0 <= first < last <= samples and kept[first:last].all() for first, last in spans)


def test_the_longest_excerpt_stays_within_its_bound(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, 30 * OWN_RATE_HZ)
    soundfile.write(tmp_path / "noise.wav", noise, OWN_RATE_HZ)
    made = taken(tmp_path / "noise.wav", 2.0, 5)
    assert len(made.spans_s) == MOST_PIECES
    seconds = 10 + 4 * 0.3
    assert seconds * KILOBITS * 1000 / 8 < len(made.mp3) < MOST_BYTES


def test_the_same_recording_gives_the_same_bytes(tmp_path: Path) -> None:
    path = steps(tmp_path, 0.3, 0.6)
    assert taken(path, 1.0).mp3 == taken(path, 1.0).mp3


def test_a_recording_that_is_no_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"no sound at all")
    with pytest.raises(DataFault, match=r"broken.wav cannot be decoded as .wav"):
        taken(tmp_path / "broken.wav", 1.0)
