"""A dataset by name, read once a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import cast

import numpy as np
import soundfile
import torch
from torch import Tensor

from frostline.catalog import DatasetCard, LeftOut, Listed, Listing, TagChoice, load_code
from frostline.data.cache import cached_planes
from frostline.data.download import find, locate
from frostline.data.pictures import picture
from frostline.data.samples import Collection, Corpus, Samples, digest_of_listed
from frostline.data.sounds import planes_of
from frostline.errors import DataFault
from frostline.spec.base import key_of
from frostline.spec.folds import Counts, counts_of
from frostline.spec.reading import Reading

Reader = Callable[[DatasetCard, Path], Corpus]
Lister = Callable[[Path], Listing]
TagLister = Callable[[Path, TagChoice], Listing]
Note = Callable[[int, int], None]
KEPT_IN_MEMORY = 3
LISTED = 10
NO_FOLDER = Path()
PLANES_EDITION = 1
"""Raised whenever decoding, or the mathematics from decoded files to planes, changes: no older planes are used then."""
DECODERS = {"images": ("pillow",), "sounds": ("soundfile", "soxr", "torch")}


def _silent(done: int, files: int) -> None:
    """Notes nothing."""


@lru_cache(maxsize=KEPT_IN_MEMORY)
def read(reading: Reading) -> Corpus | Collection:
    """The dataset of ``reading``, whole, with as many items of each class as its card says.

    Of a dataset in files, what cannot be used is left out, by name and with its reason.

    Raises:
        UnknownName: no dataset is called so.
        DataFault: its files are missing, damaged, or hold something else than the card says.
    """
    return decoded(reading, _silent) if reading.card.kind != "planes" else _read_whole(reading.card)


def decoded(reading: Reading, note: Note) -> Collection:
    """The dataset of ``reading``, which lies in files; ``note`` is told how many of how many files are ready.

    Planes are kept by the content of the file they came from, so that each file is decoded once.
    """
    card = reading.card
    listing, folder = listed(reading)
    files = [folder / item.file for item in listing.items]
    cached = cached_planes(files, _decoding_key(reading), _decoder(reading), partial(_told, note, len(files)))
    usable = [place for place, planes in enumerate(cached.planes) if planes is not None]
    names = {str(folder / item.file): item.file for item in listing.items}
    damaged = tuple(LeftOut(names[out.file], out.reason.removeprefix(f"{out.file} ")) for out in cached.left_out)
    left_out = (*listing.left_out, *damaged)
    if not usable:
        raise DataFault(f"{card.name}: none of {len(files)} files can be used:\n  {_told_by_name(left_out)}")
    items = [listing.items[place] for place in usable]
    planes = torch.stack([cast(Tensor, cached.planes[place]) for place in usable])
    ids = np.array([item.id for item in items])
    groups = np.array([item.group for item in items])
    contents = np.array([cached.digests[place] for place in usable])
    samples = Samples(planes, targets_of(items, card), ids, groups, contents)
    digest = digest_of_listed(samples, listing)
    return Collection(samples, listing.items, left_out, digest, listing.target_names, listing.notes)


def listed(reading: Reading) -> tuple[Listing, Path]:
    """What the dataset of ``reading`` lists, which lies in files, and the folder that these are relative to.

    Raises:
        DataFault: the files that are there are not those that the card of a known dataset promises, or none is there.
    """
    card = reading.card
    if reading.path is not None:
        assert card.listing is not None
        path = Path(reading.path)
        return card.listing, path if path.is_dir() else path.parent
    folder = find(card)
    listing = _listing(card, folder)
    held = _held(card, listing)
    faults = [
        f"{place}: expected {sum(expected)} items, found {sum(there)}"
        for place, (expected, there) in held.items()
        if sum(there) > sum(expected)
    ]
    if faults:
        raise DataFault(f"{card.name} in {folder} does not hold what its card says:\n  " + "\n  ".join(faults))
    return _completed(listing, held), folder


def targets_of(items: Sequence[Listed], card: DatasetCard) -> Tensor:
    """The targets of ``items``: classes, or a row each of tags (0 or 1) or of values, scaled to reach from -1 to 1."""
    if card.task == "classes":
        return torch.tensor([item.label for item in items])
    targets = torch.tensor([item.targets for item in items], dtype=torch.float64)
    if card.scale is not None:
        low, high = card.scale
        targets = 2 * (targets - low) / (high - low) - 1
    return targets.to(torch.float32)


def refuse_many_left_out(name: str, whole: Collection, allowed: float) -> None:
    """Nothing, where at most the part ``allowed`` of the dataset's files is lost: damaged or missing.

    Raises:
        DataFault: names the first of them with their reasons, and what to do.
    """
    lost = [out for out in whole.left_out if out.lost]
    lacking = sum(out.lost for out in lost)
    files = len(whole.samples) + lacking
    if lacking <= allowed * files:
        return
    raise DataFault(
        f"{lacking} of {files} files of {name} cannot be used, more than most_left_out: {allowed:g} allows:"
        f"\n  {_told_by_name(lost)}\n"
        f"  Repair or remove them, or set most_left_out to at least {lacking / files + 5e-4:.3f}."
    )


def _told_by_name(left_out: Sequence[LeftOut]) -> str:
    """The first files of ``left_out`` with their reasons, a line each, and how many more there are."""
    shown = [f"{out.file}: {out.reason}" for out in left_out[:LISTED]]
    more = [f"and {len(left_out) - LISTED} more"] if len(left_out) > LISTED else []
    return "\n  ".join([*shown, *more])


def _told(note: Note, files: int, done: int) -> None:
    note(done, files)


def _listing(card: DatasetCard, folder: Path) -> Listing:
    code = load_code(card.code)
    return cast(Lister, code)(folder) if card.tag_choice is None else cast(TagLister, code)(folder, card.tag_choice)


def _held(card: DatasetCard, listing: Listing) -> dict[str, tuple[Counts, Counts]]:
    """How many items of each class the card promises in each official fold or part, and how many are listed there."""
    if card.train_counts:
        parts = {"train": card.train_counts, "validation": card.validation_counts or (), "test": card.test_counts}
        promised = {f"{part} part": counts for part, counts in parts.items()}
        places = [f"{item.part} part" for item in listing.items]
    else:
        promised = {f"fold {number}": counts for number, counts in enumerate(card.fold_counts, start=1)}
        places = [f"fold {(item.fold or 0) + 1}" for item in listing.items]
    names = list(dict.fromkeys([*promised, *sorted(places)]))
    labels, indices = [item.label for item in listing.items], [names.index(place) for place in places]
    found = counts_of(labels, indices, len(names), len(card.class_names))
    return {name: (promised.get(name, ()), there) for name, there in zip(names, found, strict=True)}


def _completed(listing: Listing, held: Mapping[str, tuple[Counts, Counts]]) -> Listing:
    """``listing`` with a word for each fold or part and class of which fewer files are there than the card promises.

    A listing that names missing files itself is left as it is.
    """
    if any(out.lost for out in listing.left_out):
        return listing
    missing = tuple(
        LeftOut(
            place if len(wanted) == 1 else f"{listing.class_names[label]}, {place}",
            f"{there} of {expected} files are there",
            expected - there,
        )
        for place, (wanted, found) in held.items()
        for label, (expected, there) in enumerate(zip(wanted, found, strict=True))
        if there < expected
    )
    return replace(listing, left_out=(*listing.left_out, *missing))


def _decoder(reading: Reading) -> Callable[[Path], Tensor]:
    if reading.sound is not None:
        assert reading.sound.duration_s is not None
        return partial(planes_of, spectrogram=reading.sound, duration_s=reading.sound.duration_s)
    assert reading.size is not None
    return partial(picture, size=reading.size)


def _decoding_key(reading: Reading) -> str:
    """What, beside the content of a file, decides its planes."""
    told: dict[str, object] = {name: version(name) for name in DECODERS[reading.card.kind]}
    if reading.sound is not None:
        told |= {"libsndfile": soundfile.__libsndfile_version__, "sound": reading.sound.model_dump(mode="json")}
    return key_of("planes", told | {"edition": PLANES_EDITION, "size": reading.size})


def _read_whole(card: DatasetCard) -> Corpus:
    corpus = cast(Reader, load_code(card.code))(card, locate(card) if card.files else NO_FOLDER)
    faults = [
        f"{part}: expected {expected} items a class, found {found}"
        for part, samples, expected in (
            ("train", corpus.train, card.train_counts),
            ("test", corpus.test, card.test_counts),
        )
        if (found := _counts(samples, len(card.class_names))) != expected
    ]
    if faults:
        raise DataFault(f"{card.name} does not hold what its card says:\n  " + "\n  ".join(faults))
    return corpus


def _counts(samples: Samples, classes: int) -> tuple[int, ...]:
    return tuple(torch.bincount(samples.strata, minlength=classes).tolist())
