"""Folds are dealt alike for equal arguments, part no group, and each of them tests once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostline.data.cards import GENRES, GTZAN_FOLDS
from frostline.data.recordings import gtzan_artists, gtzan_folds
from frostline.spec.folds import Turn, card_counts, counts_of, dealt, pools_of, turn_of

FOLDS = st.integers(3, 7)
LABELS = st.lists(st.integers(0, 3), min_size=3, max_size=60)
COUNT = st.integers(0, 40)


@st.composite
def grouped_items(draw: st.DrawFn) -> list[tuple[int, str, str]]:
    """Items as label, id and group; a group may hold several classes."""
    groups = draw(st.integers(3, 12))
    drawn = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, groups - 1)), min_size=groups, max_size=50))
    return [(label, f"item{place}", f"group{group}") for place, (label, group) in enumerate(drawn)]


def folds_of(items: Sequence[tuple[int, str, str]], folds: int, deal: int = 0) -> dict[str, int]:
    labels, ids, groups = zip(*items, strict=True)
    return dict(zip(ids, dealt(labels, ids, groups, folds, deal), strict=True))


def alone(labels: Sequence[int]) -> list[tuple[int, str, str]]:
    """Items of these classes, each its own group."""
    return [(label, f"item{place}", f"item{place}") for place, label in enumerate(labels)]


@given(grouped_items(), FOLDS, st.integers(0, 3))
def test_no_group_is_in_two_folds(items: list[tuple[int, str, str]], folds: int, deal: int) -> None:
    chosen = folds_of(items, folds, deal)
    found = defaultdict(set)
    for _, name, group in items:
        found[group].add(chosen[name])
    assert all(len(group) == 1 for group in found.values())


@given(grouped_items(), FOLDS)
def test_no_fold_is_empty_where_there_is_a_group_for_each(items: list[tuple[int, str, str]], folds: int) -> None:
    groups = len({group for _, _, group in items})
    assert len(set(folds_of(items, folds).values())) == min(groups, folds)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 6)), min_size=3, max_size=20), FOLDS)
def test_folds_differ_in_a_class_by_its_largest_group_at_most(groups: list[tuple[int, int]], folds: int) -> None:
    items = [(label, f"{g}/{i}", f"group{g}") for g, (label, size) in enumerate(groups) for i in range(size)]
    chosen = folds_of(items, folds)
    counts = counts_of([label for label, _, _ in items], [chosen[name] for _, name, _ in items], folds, 4)
    for label, held in enumerate(zip(*counts, strict=True)):
        assert max(held) - min(held) <= max((size for of, size in groups if of == label), default=0)


@given(LABELS, FOLDS, st.integers(0, 3))
def test_items_alone_are_dealt_like_cards_to_folds_of_equal_size(labels: list[int], folds: int, deal: int) -> None:
    chosen = folds_of(alone(labels), folds, deal)
    counts = counts_of(labels, list(chosen.values()), folds, 4)
    assert all(max(held) - min(held) <= 1 for held in zip(*counts, strict=True))
    sizes = [sum(held) for held in counts]
    assert max(sizes) - min(sizes) <= 1


@given(LABELS, FOLDS, st.integers(0, 3))
def test_the_counts_of_dealt_cards_are_known_without_dealing(labels: list[int], folds: int, deal: int) -> None:
    totals = [labels.count(label) for label in range(4)]
    chosen = folds_of(alone(labels), folds, deal)
    assert card_counts(totals, folds) == counts_of(labels, list(chosen.values()), folds, 4)


@given(grouped_items() | LABELS.map(alone), FOLDS, st.randoms(use_true_random=False))
def test_the_order_of_the_items_does_not_matter(items: list[tuple[int, str, str]], folds: int, chance: object) -> None:
    mixed = list(items)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert folds_of(mixed, folds) == folds_of(items, folds)


@pytest.mark.parametrize("size", [1, 2], ids=["alone", "in pairs"])
def test_another_deal_is_another_partition_of_equal_counts(size: int) -> None:
    items = [(place % 2, f"item{place}", f"group{place // 2 // size}-{place % 2}") for place in range(60)]
    first, again, other = (folds_of(items, 5, deal) for deal in (0, 0, 1))
    assert first == again
    assert {frozenset(n for n in first if first[n] == f) for f in range(5)} != {
        frozenset(n for n in other if other[n] == f) for f in range(5)
    }
    assert Counter(first.values()) == Counter(other.values())


@given(st.lists(st.tuples(COUNT, COUNT), min_size=3, max_size=7), st.integers(0, 9))
def test_the_three_pools_together_are_every_item(rows: list[tuple[int, int]], seed: int) -> None:
    pools = pools_of(rows, seed)
    assert pools.validation is not None
    together = zip(pools.train, pools.validation, pools.test, strict=True)
    assert [sum(counts) for counts in together] == [sum(counts) for counts in zip(*rows, strict=True)]


@given(FOLDS, st.integers(-3, 12))
def test_in_a_full_turn_each_fold_tests_once_and_the_next_one_validates(folds: int, first: int) -> None:
    turns = [turn_of(first * folds + seed, folds) for seed in range(folds)]
    assert [turn.test for turn in turns] == list(range(folds))
    assert all(turn.validation == (turn.test + 1) % folds for turn in turns)
    assert {turn.deal for turn in turns} == {first}


def test_the_pools_are_those_of_the_turn() -> None:
    counts = [(fold, 10 * fold) for fold in (1, 2, 4, 8)]
    pools = pools_of(counts, 7)
    assert turn_of(7, 4) == Turn(test=3, validation=0, deal=1)
    assert (pools.test, pools.validation, pools.train) == ((8, 80), (1, 10), (6, 60))


def test_the_card_of_gtzan_counts_the_folds_that_its_artists_give() -> None:
    folds = gtzan_folds(gtzan_artists())
    labels = [GENRES.index(name.removeprefix("gtzan/").partition(".")[0]) for name in folds]
    assert counts_of(labels, list(folds.values()), len(GTZAN_FOLDS), len(GENRES)) == GTZAN_FOLDS
    assert len(folds) == 999
