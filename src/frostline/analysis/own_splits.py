"""Which items the trials of a study learned from and were tested on, as its folder keeps it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from frostline.outcome import Finished
from frostline.shelf import Shelf
from frostline.spec.trial import Trial

STRANGE = -1
"""The place of an id that a dataset does not have."""


@dataclass(frozen=True, eq=False)
class Roster:
    """The items of one dataset, each called by its place: id, family of near duplicates, and where there are, more.

    Families count from 0, and what is in none has a negative one. ``groups`` is None where each item is its own group,
    ``contents`` (digests of files) where items have no files of their own.
    """

    ids: np.ndarray
    families: np.ndarray
    groups: np.ndarray | None
    contents: np.ndarray | None

    @cached_property
    def _place_of(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.ids.tolist())}

    def places(self, ids: np.ndarray) -> np.ndarray:
        """The place of each of ``ids``, ``STRANGE`` where there is no such item."""
        place_of = self._place_of
        return np.array([place_of.get(name, STRANGE) for name in ids.tolist()], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Sides:
    """What some trials trained on, validated on and were tested on: places in ``roster``.

    ``strangers`` are ids on any side that the dataset does not have. ``noted`` is whether the ids are those of the
    digest that the trials noted when they ran.
    """

    trials: tuple[Trial, ...]
    roster: Roster
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    strangers: tuple[str, ...]
    noted: bool

    @cached_property
    def learned(self) -> np.ndarray:
        """The places of all that was trained and validated on."""
        return np.concatenate([self.train, self.validation])

    def __str__(self) -> str:
        """A trial that was split so, for a person to find it."""
        return f"trial {self.trials[0].key} ({self.trials[0].dataset.reading})"


def sides_of(trials: Iterable[Trial], ended: Mapping[str, Finished], folder: Path) -> tuple[Sides, ...]:
    """Each way in which the finished ones of ``trials`` were split, read once; no answers are read.

    Trials of which ``folder`` keeps no ids, or whose dataset has no roster there, are in none.
    """
    shelf, alike = Shelf(folder), dict[tuple[str, str], list[Trial]]()
    for trial in trials:
        if trial.key in ended:
            outcome = ended[trial.key]
            alike.setdefault((outcome.data_digest, outcome.split_digest), []).append(trial)
    digests = {digest for digest, _ in alike if shelf.items_path(digest).is_file()}
    rosters = {digest: _roster(shelf, digest) for digest in digests}
    found = []
    for (data, _), several in alike.items():
        kept = next((trial.key for trial in several if shelf.predictions_path(trial.key).is_file()), None)
        if kept is not None and data in rosters:
            found.append(_sides(tuple(several), ended[kept], rosters[data], shelf))
    return tuple(found)


def in_common(one: Sides, other: Sides) -> np.ndarray:
    """The places in ``one`` of its test items that ``other`` learned from.

    Items of two datasets are the same where their files are, and where there are no files of both, where their ids are.
    """
    if one.roster is other.roster:
        return np.asarray(one.test[np.isin(one.test, other.learned)])
    ours, theirs = one.roster.contents, other.roster.contents
    if ours is None or theirs is None:
        ours, theirs = one.roster.ids, other.roster.ids
    return np.asarray(one.test[np.isin(ours[one.test], theirs[other.learned])])


def _roster(shelf: Shelf, digest: str) -> Roster:
    kept = shelf.items(digest)
    return Roster(kept["ids"], kept["families"], kept.get("groups"), kept.get("contents"))


def _sides(trials: tuple[Trial, ...], outcome: Finished, roster: Roster, shelf: Shelf) -> Sides:
    learned, tested = shelf.learned(outcome.key).ids, shelf.tested_ids(outcome.key)
    parts = (learned[: outcome.n_train], learned[outcome.n_train :], tested)
    text = "\n\n".join("\n".join(part.tolist()) for part in parts)
    places = [roster.places(part) for part in parts]
    strangers = [name for part, where in zip(parts, places, strict=True) for name in part[where == STRANGE].tolist()]
    train, validation, test = (where[where != STRANGE] for where in places)
    noted = hashlib.sha256(text.encode()).hexdigest() == outcome.split_digest
    return Sides(trials, roster, train, validation, test, tuple(strangers), noted)
