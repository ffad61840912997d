"""In which ways a dataset can be split, and how many items each fold then holds, as its card tells."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from frostline.catalog import DatasetCard
from frostline.spec.folds import Counts, counts_of, dealt
from frostline.spec.reading import Reading

Splitting = Literal["official", "grouped", "stratified"]
USUAL_FOLDS = 5
FEWEST_FOLDS = 3


@lru_cache(maxsize=64)
def grouped_counts(reading: Reading, folds: int, deal: int) -> tuple[Counts, ...]:
    """How many items of each class each fold of one's own data holds where no group is parted."""
    card = reading.card
    assert card.listing is not None
    items = card.listing.items
    labels = [item.label for item in items]
    fold_of = dealt(labels, [item.id for item in items], [item.group for item in items], folds, deal)
    return counts_of(labels, fold_of, folds, len(card.class_names))


def totals(card: DatasetCard) -> Counts:
    """How many items of each class a dataset without official parts has."""
    if card.listing is not None:
        labels = [item.label for item in card.listing.items]
        return counts_of(labels, [0] * len(labels), 1, len(card.class_names))[0]
    return tuple(map(sum, zip(*card.fold_counts, strict=True)))


def allowed_splits(card: DatasetCard) -> tuple[Splitting, ...]:
    """The splits that a dataset allows, the usual one first."""
    official: tuple[Splitting, ...] = ("official",) if card.fold_counts or card.train_counts else ()
    if card.train_counts:
        return official
    grouped: tuple[Splitting, ...] = ()
    if card.listing is not None and any(item.group != item.id for item in card.listing.items):
        grouped = ("grouped",)
    return (*official, *grouped, "stratified")
