"""How long sounds are and how large pictures, from the heads of their files: nothing is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import soundfile
from PIL import Image

from frostline.data.pictures import FORMATS
from frostline.data.samples import Collection
from frostline.look.gather import files_folder
from frostline.spec.dataset import Dataset
from frostline.spec.reading import Reading


@dataclass(frozen=True)
class Extents:
    """The durations of sounds in seconds, or the shorter sides of pictures in pixels, and the words for them."""

    title: str
    unit: str
    values: tuple[float, ...]
    words: tuple[str, ...]

    @property
    def differ(self) -> bool:
        """True where not all files are equal in this."""
        return min(self.values) != max(self.values)


def extents(dataset: Dataset, files: Sequence[Path]) -> Extents | None:
    """What the heads of ``files`` say, and what becomes of it on the way to the network; None for equal planes."""
    match dataset.card.kind:
        case "planes":
            return None
        case "images":
            return _of_pictures(dataset, files)
        case "sounds":
            return _of_sounds(dataset, files)


def durations_s(files: Sequence[Path]) -> tuple[float, ...]:
    """The duration of each of ``files`` whose head can be read."""
    found = []
    for file in files:
        try:
            head = soundfile.info(file)
        except (soundfile.SoundFileError, OSError):
            continue
        found.append(head.frames / head.samplerate)
    return tuple(found)


def told_short(reading: Reading, whole: Collection) -> str:
    """How many usable recordings are shorter than what a study takes of each; empty where none is, or none was read."""
    if reading.sound is None:
        return ""
    kept = reading.sound.duration_s
    assert kept is not None
    usable, home = set(whole.samples.ids.tolist()), files_folder(reading)
    files = [item.file for item in whole.listed if item.id in usable]
    heads = {file: durations_s([home / file]) for file in files}
    short = {file: found[0] for file, found in heads.items() if found and found[0] < kept}
    if not short:
        return ""
    shortest = min(short, key=lambda file: short[file])
    return (
        f"{reading.name}: {len(short):,} of {len(files):,} recordings are shorter than the {kept:g} s that are taken "
        f"of each, and get silence before and behind; the shortest has {short[shortest]:.3g} s ({shortest})"
    )


def _of_sounds(dataset: Dataset, files: Sequence[Path]) -> Extents:
    values = durations_s(files)
    kept, pieces = dataset.sound.duration_s, dataset.segments
    assert kept is not None
    longer, shorter = sum(value > kept for value in values), sum(value < kept for value in values)
    cut = f"cut into {pieces} segments" if pieces > 1 else "cut around their middle"
    becomes = f"Longer, and {cut}: {longer:,}. Shorter, and padded with zeros: {shorter:,}."
    return Extents("Durations", "s", values, (_span(values, "s"), f"The network sees {kept:g} s. {becomes}"))


def _of_pictures(dataset: Dataset, files: Sequence[Path]) -> Extents:
    sizes = []
    for file in files:
        with Image.open(file, formats=FORMATS) as image:
            sizes.append(image.size)
    shorter = tuple(float(min(size)) for size in sizes)
    size = dataset.plane_shape[1]
    enlarged, oblong = sum(side < size for side in shorter), sum(width != height for width, height in sizes)
    words = (
        _span(shorter, "pixels"),
        f"The shorter side is scaled to {size}. Enlarged by that: {enlarged:,}. "
        f"Not square, and cut around their middle: {oblong:,}.",
    )
    return Extents("Shorter sides", "pixels", shorter, words)


def _span(values: Sequence[float], unit: str) -> str:
    low, high = min(values), max(values)
    if low == high:
        return f"All {len(values):,} files: {low:.4g} {unit}."
    return f"{len(values):,} files: median {median(values):.4g} {unit}, least {low:.4g} {unit}, most {high:.4g} {unit}."
