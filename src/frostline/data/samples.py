"""Planes with their targets, groups and ids: what every dataset becomes.

| symbol | meaning | shape, type |
|---|---|---|
| planes | raw values as the file stores them | sample channel row column, uint8 or float32 |
| targets | index of the class | sample, int64 |
| | or of each tag whether the item has it, or values from -1 to 1 | sample output, float32 |
| strata | what splits and shares go through: the class, 0 for tags and values | sample, int64 |
| ids | names that stay the same for ever, ``dataset/part/number`` | sample, str |
| groups | items that no split may part (a song, a speaker) | sample, str |
| contents | sha256 of the file that an item came from, hexadecimal | sample, str |
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Int64, Shaped
from torch import Tensor

from frostline.catalog import LeftOut, Listed, Listing


@dataclass(frozen=True, eq=False)
class Samples:
    """Planes, targets, ids and groups of the same length, in one order.

    ``contents`` tells equal files under different names, and is None where items have no files of their own.

    Raises:
        ValueError: the lengths differ, or an id stands twice.
    """

    planes: Shaped[Tensor, "sample channel row column"]
    targets: Int64[Tensor, " sample"] | Float32[Tensor, "sample output"]
    ids: Shaped[np.ndarray, " sample"]
    groups: Shaped[np.ndarray, " sample"]
    contents: Shaped[np.ndarray, " sample"] | None = None

    def __post_init__(self) -> None:
        contents = self.ids if self.contents is None else self.contents
        lengths = {len(self.planes), len(self.targets), len(self.ids), len(self.groups), len(contents)}
        if len(lengths) != 1:
            raise ValueError(f"planes, targets, ids, groups and contents differ in length: {sorted(lengths)}")
        if len(set(self.ids.tolist())) != len(self.ids):
            raise ValueError("an id stands twice")

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def strata(self) -> Int64[Tensor, " sample"]:
        """What splits and shares go through one by one: the class of each item, or 0 where it has tags or values."""
        return self.targets if self.targets.dim() == 1 else torch.zeros(len(self), dtype=torch.int64)

    def take(self, positions: Int64[np.ndarray, " chosen"]) -> Samples:
        """The samples at ``positions``, in that order."""
        rows = torch.from_numpy(np.asarray(positions, dtype=np.int64))
        ids = self.ids[positions]
        groups = ids if self.groups is self.ids else self.groups[positions]
        contents = None if self.contents is None else self.contents[positions]
        return Samples(self.planes[rows], self.targets[rows], ids, groups, contents)


@dataclass(frozen=True, eq=False)
class Corpus:
    """A whole dataset in parts, with the digest of all (sha256, hexadecimal).

    ``validation`` is None where a share of the training part is cut for it.
    """

    train: Samples
    test: Samples
    digest: str
    validation: Samples | None = None


@dataclass(frozen=True, eq=False)
class Collection:
    """A dataset in files, decoded: the samples that could be used, and everything that is listed, usable or not.

    Folds are dealt over what is listed, so that a damaged file moves no other item. ``digest`` covers the samples, the
    listing and the names of the classes and targets. ``notes`` are what its user should know of it.
    """

    samples: Samples
    listed: tuple[Listed, ...]
    left_out: tuple[LeftOut, ...]
    digest: str
    target_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def corpus(train: Samples, test: Samples) -> Corpus:
    """The corpus of the two parts, with the digest of every plane, target and id in them."""
    return Corpus(train, test, digest_of(train, test))


def digest_of(*parts: Samples) -> str:
    """sha256 over planes, targets, ids and groups of ``parts``, in order."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(np.ascontiguousarray(part.planes.numpy()).data)
        digest.update(np.ascontiguousarray(part.targets.numpy()).data)
        digest.update("\n".join(part.ids.tolist()).encode())
        digest.update("\n".join(part.groups.tolist()).encode())
    return digest.hexdigest()


def digest_of_listed(samples: Samples, listing: Listing) -> str:
    """sha256 over ``samples`` and all that splits and labels are made from: every listed item and all names."""
    listed = [[item.id, item.label, item.group, item.fold, item.part] for item in listing.items]
    names = [listing.class_names, *([listing.target_names] if listing.target_names else [])]
    numbers = [[item.targets for item in listing.items]] if listing.target_names else []
    told = json.dumps([digest_of(samples), *names, listed, *numbers])
    return hashlib.sha256(told.encode()).hexdigest()
