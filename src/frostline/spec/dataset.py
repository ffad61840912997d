"""On what a trial runs: a dataset of the catalogue or one's own files, what is used of it, and how it is split."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field, PositiveInt, ValidationInfo, field_validator, model_validator

from frostline.catalog import OWN_DATA, Asked, DatasetCard, Task, dataset_card
from frostline.errors import DataFault, UnknownName
from frostline.spec.base import Value
from frostline.spec.columns import Columns, asked_of
from frostline.spec.dataset_faults import faults_of, faults_of_values
from frostline.spec.extent import Extent, ExtentChoice, one_spelling, rows_and_columns
from frostline.spec.folds import Counts, Pools, card_counts, pools_of, turn_of
from frostline.spec.reading import Reading
from frostline.spec.spectrogram import Spectrogram
from frostline.spec.splitting import FEWEST_FOLDS, USUAL_FOLDS, Splitting, allowed_splits, grouped_counts, totals
from frostline.spec.tag_choice import card_told, choice_of, faults_of_tags, usual_tags


class Dataset(Value):
    """A dataset of the catalogue, or one's own (``folder``, ``manifest``: at ``path``), and what is used of it.

    ``classes`` are relabelled 0, 1, ... in ascending order. ``tags`` is how many of the most frequent tags are used of
    a dataset with more, and ``merge: synonyms`` makes one tag of several. ``channels`` turns one channel into several
    equal ones, or several into their mean. ``size`` pads planes with zeros to ``size`` rows and columns, or, with
    ``resize: interpolate``, scales them bilinearly; pictures in files are scaled and cut around their middle, and
    spectrograms are scaled, where ``size`` is ``[rows, columns]`` to planes that are not square. ``spectrogram`` says
    how sound becomes planes. ``split`` is the dataset's own, or deals ``folds`` in which no group is parted
    (``grouped``) or which part groups and keep only classes even (``stratified``); where it is absent, the first of
    these that the data allows.

    Of a manifest, ``values`` names the columns of numbers that are to be predicted, ``scale`` the lowest and highest
    number of their annotation, which become -1 and 1, ``columns`` those that are not called as a manifest has them, and
    ``files`` the folder below its own that paths start from.
    """

    name: str
    path: str | None = None
    values: tuple[str, ...] | None = None
    scale: tuple[float, float] | None = None
    columns: Columns | None = None
    files: str | None = Field(default=None, min_length=1)
    classes: tuple[int, ...] | None = None
    merge: Literal["synonyms"] | None = None
    tags: PositiveInt | None = None
    channels: PositiveInt | None = None
    size: ExtentChoice | None = None
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

    @field_validator("tags")
    @classmethod
    def _is_the_usual_number_in_one_spelling(cls, tags: int | None, facts: ValidationInfo) -> int | None:
        return None if tags == usual_tags(facts.data.get("name")) else tags

    @field_validator("size")
    @classmethod
    def _is_one_number_where_square(cls, size: Extent | None) -> Extent | None:
        return None if size is None else one_spelling(size)

    @field_validator("split")
    @classmethod
    def _is_usual_in_one_spelling(cls, split: Splitting | None, facts: ValidationInfo) -> Splitting | None:
        card = card_told(facts)
        return None if card is not None and split == allowed_splits(card)[0] else split

    @field_validator("folds")
    @classmethod
    def _is_five_in_one_spelling(cls, folds: int | None, facts: ValidationInfo) -> int | None:
        card = card_told(facts)
        if card is None or folds != USUAL_FOLDS:
            return folds
        dealt = (facts.data.get("split") or allowed_splits(card)[0]) != "official"
        return None if dealt else folds

    @field_validator("scale")
    @classmethod
    def _is_from_low_to_high(cls, scale: tuple[float, float] | None) -> tuple[float, float] | None:
        if scale is not None and not scale[0] < scale[1]:
            raise ValueError(f"must be the lowest and then the highest number (got {scale[0]:g} and {scale[1]:g})")
        return scale

    @model_validator(mode="after")
    def _fits_its_card(self) -> Dataset:
        if (self.name in OWN_DATA) != (self.path is not None):
            raise ValueError(
                f"path has no effect with {self.name}; remove it, or use name: folder or name: manifest"
                if self.path is not None
                else f"path is missing; it says where your {self.name} lies"
            )
        if idle := faults_of_values(self):
            raise ValueError("; ".join(idle))
        try:
            card = self.card
        except DataFault as fault:
            raise ValueError(str(fault)) from None
        if said := [*faults_of(self, card), *faults_of_tags(self.tags, self.merge, card)]:
            raise ValueError("; ".join(said))
        return self

    @property
    def card(self) -> DatasetCard:
        """The facts of the dataset."""
        return dataset_card(self.name, self.path, self.asked)

    @property
    def asked(self) -> Asked:
        """What is wanted of the columns of a manifest, and which tags are chosen."""
        asked = asked_of(self.values, self.scale, self.columns, self.files)
        return replace(asked, tags=choice_of(self.name, self.tags, self.merge))

    @property
    def task(self) -> Task:
        """What the head predicts of an item."""
        return self.card.task

    @property
    def output_names(self) -> tuple[str, ...]:
        """What each output of the head is called: the classes that are used, the tags, or the values."""
        return self.class_names if self.task == "classes" else self.card.target_names

    @property
    def outputs(self) -> int:
        """How many outputs the head has."""
        return len(self.output_names)

    @property
    def strata(self) -> tuple[int, ...]:
        """What splits and shares go through one by one: the classes that are used, and one for tags or values."""
        return self.class_indices

    @property
    def class_indices(self) -> tuple[int, ...]:
        """The classes that are used, in the dataset's own numbering."""
        return self.classes if self.classes is not None else tuple(range(len(self.card.class_names)))

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes that are used, in the order of their new labels."""
        names = self.card.class_names
        return names if self.classes is None else tuple(names[c] for c in self.classes)

    @property
    def plane_shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns of a plane as the network sees it."""
        return self.channels or self.card.channels, *rows_and_columns(self.extent)

    @property
    def extent(self) -> Extent:
        """Rows and columns of a plane as the network sees it, one number where they are the same."""
        size = self.size or self.card.size
        assert size is not None, "a dataset without a size of its own is refused where the study gives none"
        return size

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
                square = self.size if isinstance(self.size, int) else None
                return Reading(self.name, self.path, size=square, asked=self.asked)
            case "sounds":
                return Reading(self.name, self.path, sound=self.sound, asked=self.asked)

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
            pools = pools_of(grouped_counts(self.reading, self.fold_count, deal), split_seed)
        validation = None if pools.validation is None else self._used(pools.validation)
        return Pools(self._used(pools.train), validation, self._used(pools.test))

    def _used(self, counts: Counts) -> Counts:
        return tuple(counts[c] for c in self.class_indices)
