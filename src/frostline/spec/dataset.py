"""On what a trial runs: a dataset of the catalogue or one's own files, what is used of it, and how it is split."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt, ValidationInfo, field_validator, model_validator

from frostline.catalog import OWN_DATA, DatasetCard, dataset_card
from frostline.errors import DataFault, UnknownName
from frostline.spec.base import Value
from frostline.spec.folds import Counts, Pools, card_counts, pools_of, turn_of
from frostline.spec.reading import Reading
from frostline.spec.spectrogram import Spectrogram
from frostline.spec.splitting import FEWEST_FOLDS, USUAL_FOLDS, Splitting, allowed_splits, grouped_counts, totals


class Dataset(Value):
    """A dataset of the catalogue, or one's own (``folder``, ``manifest``: at ``path``), and what is used of it.

    ``classes`` are relabelled 0, 1, ... in ascending order. ``channels`` turns one channel into several equal ones, or
    several into their mean. ``size`` pads planes with zeros to ``size`` rows and columns, or, with ``resize:
    interpolate``, scales them bilinearly; pictures in files are scaled and cut around their middle, and spectrograms
    are scaled. ``spectrogram`` says how sound becomes planes. ``split`` is the dataset's own (``official``), or deals
    ``folds`` in which no group is parted (``grouped``) or which part groups and keep only classes even
    (``stratified``); where it is absent, the first of these that the data allows.
    """

    name: str
    path: str | None = None
    classes: tuple[int, ...] | None = None
    channels: PositiveInt | None = None
    size: PositiveInt | None = None
    resize: Literal["pad", "interpolate"] = "pad"
    spectrogram: Spectrogram | None = None
    split: Splitting | None = None
    folds: int | None = Field(default=None, ge=FEWEST_FOLDS)

    @field_validator("name")
    @classmethod
    def _is_in_the_catalogue(cls, name: str) -> str:
        try:
            if name not in OWN_DATA:
                dataset_card(name)
        except UnknownName as unknown:
            raise ValueError(str(unknown)) from None
        return name

    @field_validator("split")
    @classmethod
    def _is_usual_in_one_spelling(cls, split: Splitting | None, facts: ValidationInfo) -> Splitting | None:
        card = _card_told(facts)
        return None if card is not None and split == allowed_splits(card)[0] else split

    @field_validator("folds")
    @classmethod
    def _is_five_in_one_spelling(cls, folds: int | None, facts: ValidationInfo) -> int | None:
        card = _card_told(facts)
        if card is None or folds != USUAL_FOLDS:
            return folds
        dealt = (facts.data.get("split") or allowed_splits(card)[0]) != "official"
        return None if dealt else folds

    @model_validator(mode="after")
    def _fits_its_card(self) -> Dataset:
        if (self.name in OWN_DATA) != (self.path is not None):
            raise ValueError(
                f"path has no effect with {self.name}; remove it, or use name: folder or name: manifest"
                if self.path is not None
                else f"path is missing; it says where your {self.name} lies"
            )
        try:
            card = self.card
        except DataFault as fault:
            raise ValueError(str(fault)) from None
        said = [*_faults_of_classes(self, card), *_faults_of_planes(self, card), *_faults_of_folds(self, card)]
        if said:
            raise ValueError("; ".join(said))
        return self

    @property
    def card(self) -> DatasetCard:
        """The facts of the dataset."""
        return dataset_card(self.name, self.path)

    @property
    def class_indices(self) -> tuple[int, ...]:
        """The classes that are used, in the dataset's own numbering."""
        return self.classes if self.classes is not None else tuple(range(len(self.card.class_names)))

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes that are used, in the order of their new labels."""
        return tuple(self.card.class_names[c] for c in self.class_indices)

    @property
    def plane_shape(self) -> tuple[int, int]:
        """Channels and rows (= columns) of a plane as the network sees it."""
        size = self.size or self.card.size
        assert size is not None, "a dataset without a size of its own is refused where the study gives none"
        return self.channels or self.card.channels, size

    @property
    def sound(self) -> Spectrogram:
        """How its sound becomes planes, with the duration filled in."""
        spectrogram = self.spectrogram or Spectrogram()
        return spectrogram.model_copy(update={"duration_s": spectrogram.duration_s or self.card.duration_s})

    @property
    def reading(self) -> Reading:
        """What decides the samples before planes are fitted to the network."""
        match self.card.kind:
            case "planes":
                return Reading(self.name)
            case "images":
                return Reading(self.name, self.path, size=self.size)
            case "sounds":
                return Reading(self.name, self.path, sound=self.sound)

    @property
    def segments(self) -> int:
        """How many planes an item has: pieces of a recording, whose answers are averaged."""
        return self.sound.segments if self.card.kind == "sounds" else 1

    @property
    def splitting(self) -> Splitting:
        """How items are parted into those that train, validate and test."""
        return self.split or allowed_splits(self.card)[0]

    @property
    def has_folds(self) -> bool:
        """True where the split seed chooses the fold that tests."""
        return self.splitting != "official" or bool(self.card.fold_counts)

    @property
    def fold_count(self) -> int:
        """How many folds there are, where there are folds."""
        return len(self.card.fold_counts) if self.splitting == "official" else self.folds or USUAL_FOLDS

    def pools(self, split_seed: int) -> Pools:
        """How many items of each used class may train, validate and test with ``split_seed``."""
        card = self.card
        if not self.has_folds:
            pools = Pools(card.train_counts, card.validation_counts, card.test_counts)
        elif self.splitting == "official":
            pools = pools_of(card.fold_counts, split_seed)
        elif self.splitting == "stratified":
            pools = pools_of(card_counts(totals(card), self.fold_count), split_seed)
        else:
            deal = turn_of(split_seed, self.fold_count).deal
            pools = pools_of(grouped_counts(self.name, self.path, self.fold_count, deal), split_seed)
        validation = None if pools.validation is None else self._used(pools.validation)
        return Pools(self._used(pools.train), validation, self._used(pools.test))

    def _used(self, counts: Counts) -> Counts:
        return tuple(counts[c] for c in self.class_indices)


def _card_told(facts: ValidationInfo) -> DatasetCard | None:
    """The card of the dataset that is being read; None where its faults are told elsewhere."""
    name, path = facts.data.get("name"), facts.data.get("path")
    if name is None or (name in OWN_DATA) != (path is not None):
        return None
    try:
        return dataset_card(name, path)
    except DataFault:
        return None


def _faults_of_classes(dataset: Dataset, card: DatasetCard) -> list[str]:
    if dataset.classes is None:
        return []
    known = range(len(card.class_names))
    wrong = [c for c in dataset.classes if c not in known]
    if wrong:
        return [f"classes {wrong} are not in {dataset.name}, which has 0 to {len(known) - 1}"]
    if len(set(dataset.classes)) < 2 or list(dataset.classes) != sorted(set(dataset.classes)):
        return [f"classes must be two or more, each once, ascending (got {list(dataset.classes)})"]
    if len(dataset.classes) == len(known):
        return ["classes names every class; leave it out, so that one treatment has one spelling"]
    return []


def _faults_of_planes(dataset: Dataset, card: DatasetCard) -> list[str]:
    said = []
    if dataset.channels == card.channels or (card.size is not None and dataset.size == card.size):
        size = f" and size {card.size}" if card.size else ""
        channels = "1 channel" if card.channels == 1 else f"{card.channels} channels"
        said.append(f"{dataset.name} already has {channels}{size}; leave out what says the same")
    if dataset.channels is not None and card.channels > 1 and dataset.channels not in (1, card.channels):
        said.append(f"{card.channels} channels of {dataset.name} can become 1, not {dataset.channels}")
    if dataset.spectrogram is not None and card.kind != "sounds":
        said.append(f"spectrogram has no effect, for {dataset.name} holds no sounds; remove it")
    if card.kind == "sounds" and dataset.sound.duration_s is None:
        said.append(f"spectrogram.duration_s is missing: {dataset.name} has no length of its own; write the seconds")
    if card.kind != "planes":
        if dataset.size is None:
            said.append(f"size is missing; it says to how many rows and columns the {card.kind} are scaled")
        if dataset.resize != "pad":
            said.append(f"resize has no effect, for {card.kind} in files are always scaled; remove it")
        return said
    assert card.size is not None
    if dataset.size is None and dataset.resize != "pad":
        said.append("resize has no effect without size; remove it or give size")
    if dataset.size is not None and dataset.resize == "pad" and dataset.size < card.size:
        said.append(f"padding cannot shrink {card.size} to {dataset.size}; write resize: interpolate")
    return said


def _faults_of_folds(dataset: Dataset, card: DatasetCard) -> list[str]:
    allowed = allowed_splits(card)
    if dataset.split is not None and dataset.split not in allowed:
        return [f"split: {dataset.split} is not possible with {dataset.name}; it allows {', '.join(allowed)}"]
    if dataset.splitting == "official":
        said = f"folds has no effect, for the split of {dataset.name} is official; remove it"
        return [said] if dataset.folds is not None else []
    if dataset.splitting == "grouped":
        return _faults_of_groups(dataset, card)
    smallest = min((count for c, count in enumerate(totals(card)) if c in dataset.class_indices), default=0)
    if smallest < dataset.fold_count:
        return [
            f"the smallest class has {smallest} items, too few for {dataset.fold_count} folds; "
            f"use folds from {FEWEST_FOLDS}, or add items"
        ]
    return []


def _faults_of_groups(dataset: Dataset, card: DatasetCard) -> list[str]:
    """Why a fold of the first deal would lack a class."""
    counts = grouped_counts(dataset.name, dataset.path, dataset.fold_count, 0)
    return [
        f"fold {fold + 1} of {dataset.fold_count} would hold no item of {card.class_names[label]!r}, for its items "
        "come from too few groups; use fewer folds, more groups, or split: stratified, which parts groups"
        for fold, held in enumerate(counts)
        for label, count in enumerate(held)
        if label in dataset.class_indices and count == 0
    ][:1]
