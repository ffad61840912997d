"""A folder in the shape of GTZAN, of short clips of ESC-10: a kind of sound stands for a genre."""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from frostline.data.cards import GENRES, GTZAN_FOLDS
from frostline.data.recordings import gtzan_artists, gtzan_folds
from frostline.data.sounds import Recording, decode, resampled

RATE_HZ = 22_050
A_FOLD = 2
BROKEN = "genres_original/reggae/reggae.00000.wav"
KNOWN_BROKEN = "genres_original/jazz/jazz.00054.wav"


def gtzan_of_clips(folder: Path, duration_s: float) -> Path:
    """The data folder ``folder`` with a GTZAN of clips of ``duration_s``: a hundred whole ones and two broken ones.

    Every fold holds two of each genre, of one artist wherever an artist has two there.
    """
    home = folder / "gtzan" / "genres_original"
    clips = esc10_clips()
    for label, genre in enumerate(GENRES):
        (home / genre).mkdir(parents=True)
        for place, name in enumerate(chosen(genre)):
            sound = louder_part(decode(clips[label][place]), duration_s)
            soundfile.write(home / genre / f"{name}.wav", sound.samples, RATE_HZ)
    noise = np.random.default_rng(0).bytes(4000)
    for path in (BROKEN, KNOWN_BROKEN):
        (folder / "gtzan" / path).write_bytes(noise)
    return folder


def chosen(genre: str) -> list[str]:
    """Two excerpts of ``genre`` a fold, those of its artist with the most excerpts there."""
    members: dict[int, dict[str, list[str]]] = {fold: defaultdict(list) for fold in range(len(GTZAN_FOLDS))}
    for item, fold in gtzan_folds(artists()).items():
        name = item.removeprefix("gtzan/")
        if name.startswith(f"{genre}.") and name != Path(BROKEN).stem:
            members[fold][artist_of(item)].append(name)
    names = []
    for of_fold in members.values():
        together = sorted(of_fold.values(), key=lambda same: (-len(same), same))
        names += [name for same in together for name in same][:A_FOLD]
    return names


def esc10_clips() -> list[list[Path]]:
    """The clips of each class of ESC-10, in the order of its table."""
    home = Path(os.environ["FROSTLINE_DATA"]) / "esc10"
    with (home / "meta" / "esc10.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    targets = sorted({int(row["target"]) for row in rows})
    return [[home / "audio" / row["filename"] for row in rows if int(row["target"]) == target] for target in targets]


def louder_part(recording: Recording, duration_s: float) -> Recording:
    """The part of ``recording`` from its loudest sample on, or its end, at the rate of GTZAN."""
    length = int(duration_s * recording.rate_hz)
    first = min(int(np.abs(recording.samples).argmax()), len(recording.samples) - length)
    return resampled(Recording(recording.samples[first : first + length], recording.rate_hz), RATE_HZ)


def artist_of(item: str) -> str:
    """Whose the excerpt with the id ``item`` is; the excerpt itself where its artist has no other."""
    name = item.removeprefix("gtzan/")
    return artists().get(name, name)


@cache
def artists() -> Mapping[str, str]:
    """The artist of each excerpt of GTZAN whose artist has several."""
    return gtzan_artists()
