"""Which items test, which validate and which train: folds, dealt without opening a file and without torch.

| symbol | meaning |
|---|---|
| fold | a part of the items; a group never stands in two |
| turn | the split seed; its fold tests, the next one validates, the others train |
| deal | how often all folds have tested already; a new deal of the items where the folds are not official |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from frostline.randomness import stream_seed

Counts = tuple[int, ...]


@dataclass(frozen=True)
class Pools:
    """How many items of each class may train, validate and test; ``validation`` is None where a share is cut for it."""

    train: Counts
    validation: Counts | None
    test: Counts


@dataclass(frozen=True)
class Turn:
    """Which fold tests and which validates."""

    test: int
    validation: int
    deal: int


def turn_of(split_seed: int, folds: int) -> Turn:
    """The turn of ``split_seed``: folds test one after the other, and the next one validates."""
    return Turn(split_seed % folds, (split_seed + 1) % folds, split_seed // folds)


def pools_of(fold_counts: Sequence[Counts], split_seed: int) -> Pools:
    """The pools at ``split_seed`` of items of which each fold holds ``fold_counts`` of each class."""
    turn = turn_of(split_seed, len(fold_counts))
    training = [counts for fold, counts in enumerate(fold_counts) if fold not in (turn.test, turn.validation)]
    return Pools(tuple(map(sum, zip(*training, strict=True))), fold_counts[turn.validation], fold_counts[turn.test])


def dealt(labels: Sequence[int], ids: Sequence[str], groups: Sequence[str], folds: int, deal: int) -> tuple[int, ...]:
    """The fold of each item: no group in two folds, and each class as even over the folds as its groups allow.

    Groups go from the largest to the smallest into the fold that then holds the least of their classes; what is equal
    is ordered by a digest of the name and of ``deal``. Where every item is its own group, each class is dealt like
    cards, and the folds differ by one item at most.
    """
    if len(set(groups)) == len(groups):
        return _like_cards(labels, ids, folds, deal)
    members: dict[str, Counter[int]] = {}
    for label, group in zip(labels, groups, strict=True):
        members.setdefault(group, Counter())[label] += 1
    totals = Counter(labels)
    held: list[Counter[int]] = [Counter() for _ in range(folds)]
    chosen: dict[str, int] = {}
    for group in sorted(members, key=lambda name: (-members[name].total(), stream_seed(deal, "fold", name))):

        def burden(fold: int, group: str = group) -> tuple[float, int]:
            shares = (held[fold][label] / totals[label] * count for label, count in members[group].items())
            return sum(shares), held[fold].total()

        chosen[group] = min(range(folds), key=burden)
        held[chosen[group]] += members[group]
    return tuple(chosen[group] for group in groups)


def card_counts(totals: Sequence[int], folds: int) -> tuple[Counts, ...]:
    """How many items of each class each fold holds where classes of ``totals`` items are dealt like cards."""
    counts = [[0] * len(totals) for _ in range(folds)]
    first = 0
    for label, total in enumerate(totals):
        for number in range(total):
            counts[(first + number) % folds][label] += 1
        first += total
    return tuple(map(tuple, counts))


def counts_of(labels: Sequence[int], fold_of: Sequence[int], folds: int, classes: int) -> tuple[Counts, ...]:
    """How many items of each class stand in each of the folds."""
    counts = [[0] * classes for _ in range(folds)]
    for label, fold in zip(labels, fold_of, strict=True):
        counts[fold][label] += 1
    return tuple(map(tuple, counts))


def _like_cards(labels: Sequence[int], ids: Sequence[str], folds: int, deal: int) -> tuple[int, ...]:
    chosen = [0] * len(labels)
    order = sorted(range(len(labels)), key=lambda item: (labels[item], stream_seed(deal, "fold", ids[item]), ids[item]))
    for place, item in enumerate(order):
        chosen[item] = place % folds
    return tuple(chosen)
