"""Log-mel planes of 30 s mp3 clips at 22.05 kHz, against librosa. Goals: 3 times as fast, 2 times with decoding.

    python benchmarks/log_mel.py

Clips of noise and tones are written as mp3 into a temporary folder, mono at 22.05 kHz and, as music is mostly handed
around, stereo at 44.1 kHz. Two processes of one thread each share them, first with librosa as its tutorial has it
(``load`` at 22.05 kHz, ``melspectrogram``, ``power_to_db`` under the maximum), then with Frostline, round after round
in turn. A row gives the median time of a clip in one process and the median, lowest and highest ratio of the rounds;
"transform alone" starts from decoded samples in memory, "with decoding" from the file. Both give the same planes, and
that is checked first.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cache
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path
from statistics import median

import librosa
import numpy as np
import soundfile
import torch

from frostline.data.sounds import decode, planes_of, resampled
from frostline.data.spectrogram import log_mel
from frostline.spec.spectrogram import Spectrogram

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
PROCESSES = 2
CLIPS = 16
ROUNDS = 9
DURATION_S = 30.0
CONVENTION = Spectrogram()
KINDS = {"mono 22.05 kHz": (1, 22_050), "stereo 44.1 kHz": (2, 44_100)}

Transform = Callable[[Path], np.ndarray]


def main() -> None:
    """Prints times and ratios of every kind of clip, with and without decoding."""
    print(f"python {' '.join(sys.argv)}")
    print(f"{PROCESSES} processes of one thread, {os.cpu_count()} cores, {CLIPS} clips a round, {ROUNDS} rounds\n")
    print(f"{'ms a clip and process':38s}{'librosa':>9s}{'frostline':>11s}{'ratio':>7s}{'lowest':>8s}{'highest':>9s}")
    os.environ |= dict.fromkeys(THREADS, "1")  # for the processes below, which read them when they import
    spawn = get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, spawn.Pool(1) as one, spawn.Pool(1) as other:
        for kind, (channels, rate_hz) in KINDS.items():
            clips = written(Path(folder), channels, rate_hz)
            agree(clips[0])
            row((one, other), f"{kind}, with decoding", clips, (librosa_file, frostline_file))
            if rate_hz == CONVENTION.rate_hz:
                row((one, other), "transform alone", clips, (librosa_samples, frostline_samples))


def written(folder: Path, channels: int, rate_hz: int) -> list[Path]:
    """Clips of noise and three tones each, no two alike."""
    generator = np.random.default_rng(0)
    moments_s = np.arange(int(DURATION_S * rate_hz)) / rate_hz
    paths = []
    for number in range(CLIPS):
        tones = sum(0.1 * np.sin(2 * np.pi * hz * moments_s) for hz in generator.uniform(50, 5000, 3))
        clip = tones[:, None] + 0.05 * generator.standard_normal((len(moments_s), channels))
        paths.append(folder / f"{channels}-{number}.mp3")
        soundfile.write(paths[-1], clip, rate_hz, bitrate_mode="CONSTANT", compression_level=0.5)
    return paths


def agree(path: Path) -> None:
    """Ends the run where the two differ by more than 0.01 dB."""
    apart_db = np.abs(librosa_file(path) - frostline_file(path)).max()
    if apart_db > 0.01:
        raise SystemExit(f"the planes of {path.name} differ by {apart_db:.3g} dB")


def row(pools: Sequence[Pool], name: str, clips: Sequence[Path], rivals: tuple[Transform, Transform]) -> None:
    """Measures both in turn, each process on its own half of the clips; the first round warms up. Prints a line."""
    times_ms: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS + 1):
        for taken, transform in zip(times_ms, rivals, strict=True):
            began = time.perf_counter()
            halves = [pool.apply_async(work, (transform, clips[at::PROCESSES])) for at, pool in enumerate(pools)]
            for half in halves:
                half.get()
            if number:
                taken.append(1e3 * (time.perf_counter() - began) * PROCESSES / len(clips))
    ratios = [theirs / ours for theirs, ours in zip(*times_ms, strict=True)]
    theirs, ours = map(median, times_ms)
    figures = f"{theirs:9.1f}{ours:11.1f}{median(ratios):7.2f}{min(ratios):8.2f}{max(ratios):9.2f}"
    print(f"{name:38s}{figures}", flush=True)


def work(transform: Transform, clips: Sequence[Path]) -> None:
    """Computes the plane of every clip."""
    torch.set_num_threads(1)
    for clip in clips:
        transform(clip)


def librosa_file(path: Path) -> np.ndarray:
    """The plane from the file, by librosa."""
    return librosa_plane(librosa.load(path, sr=CONVENTION.rate_hz)[0])


def librosa_samples(path: Path) -> np.ndarray:
    """The plane from decoded samples, by librosa."""
    return librosa_plane(samples_of(path))


def librosa_plane(samples: np.ndarray) -> np.ndarray:
    """The convention of librosa, which is the default one here too."""
    return librosa.power_to_db(librosa.feature.melspectrogram(y=samples, sr=CONVENTION.rate_hz), ref=np.max)


def frostline_file(path: Path) -> np.ndarray:
    """The plane from the file, by Frostline."""
    return planes_of(path, CONVENTION, DURATION_S)[0].numpy()


def frostline_samples(path: Path) -> np.ndarray:
    """The plane from decoded samples, by Frostline."""
    return log_mel(torch.from_numpy(samples_of(path)[None]), CONVENTION)[0].numpy()


@cache
def samples_of(path: Path) -> np.ndarray:
    """The samples of a clip, decoded once a process; the round that warms up does it."""
    return resampled(decode(path), CONVENTION.rate_hz).samples


if __name__ == "__main__":
    main()
