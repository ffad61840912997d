"""A folder in the official layout of DEAM, of short clips of VGMIDI with the ratings that belong to them."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path

import soundfile

from frostline.data.deam import AUDIO, TABLES
from frostline.data.sounds import Recording, decode, resampled
from frostline.data.value_cards import FOLDS
from frostline.spec.folds import dealt

RATE_HZ = 22_050
FIRST_S = 5.0
SONGS = (*range(2, 1746), *range(2001, 2059))
"""As many as the two tables rate, and as their names say."""


def deam_of_clips(folder: Path, of_a_fold: int, durations_s: tuple[float, ...]) -> Path:
    """The data folder ``folder`` with a DEAM of which so many songs of each fold are there, as long as told, in turns.

    No tables of artists are there, so that each song is its own group.
    """
    home = folder / "deam"
    (home / AUDIO).mkdir(parents=True)
    clips = _clips()
    rated = {}
    for place, song in enumerate(_chosen(of_a_fold)):
        clip, valence, arousal = clips[place * 4 % len(clips)]
        sound = _part(decode(clip), durations_s[place % len(durations_s)])
        soundfile.write(home / AUDIO / f"{song}.mp3", sound.samples, RATE_HZ)
        rated[song] = (5 + 4 * valence, 5 + 4 * arousal)
    for name, songs in zip(TABLES, ([s for s in SONGS if s < 2000], [s for s in SONGS if s > 2000]), strict=True):
        told = {song: rated.get(song, (5.0, 5.0)) for song in songs}
        rows = [f"{song}, {valence:.2f}, 1, {arousal:.2f}, 1" for song, (valence, arousal) in told.items()]
        header = "song_id, valence_mean, valence_std, arousal_mean, arousal_std"
        (home / name).write_text("\n".join([header, *rows, ""]))
    return folder


def _chosen(of_a_fold: int) -> list[int]:
    """The first so many songs of each fold, in the order of their numbers."""
    names = [f"deam/{song}" for song in SONGS]
    held: Counter[int] = Counter()
    chosen = []
    for song, fold in zip(SONGS, dealt([0] * len(names), names, names, FOLDS, 0), strict=True):
        held[fold] += 1
        if held[fold] <= of_a_fold:
            chosen.append(song)
    return chosen


def _clips() -> list[tuple[Path, float, float]]:
    """Every piece of VGMIDI with its valence and its arousal from -1 to 1, in the order of its table."""
    home = Path(os.environ["FROSTLINE_DATA"]) / "vgmidi_va"
    with (home / "va.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [(home / "audio" / row["file"], float(row["valence"]), float(row["arousal"])) for row in rows]


def _part(recording: Recording, duration_s: float) -> Recording:
    """So much of ``recording`` after its beginning, at the rate of DEAM."""
    first = int(FIRST_S * recording.rate_hz)
    length = int(duration_s * recording.rate_hz)
    return resampled(Recording(recording.samples[first : first + length], recording.rate_hz), RATE_HZ)
