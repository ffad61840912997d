"""No item is seen on two sides, and shares are nested."""

from __future__ import annotations

import os
import re
from collections.abc import Collection as Names
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from frostline.catalog import Listing
from frostline.data.read import read
from frostline.data.recordings import esc10_listing, fsdd_listing
from frostline.data.samples import Collection, Corpus, Samples, corpus, digest_of
from frostline.data.splits import SealedSamples, Splits, parted, split
from frostline.errors import DataFault, LeakFound
from frostline.spec.dataset import Dataset
from frostline.spec.portion import portion
from frostline.spec.reading import Reading
from frostline.spec.spectrogram import Spectrogram
from frostline.spec.trial import Seeds, Trial
from tests.data.test_own import manifest, rows, touch
from tests.trials import HIGH, transfer


def splits_of(share: float = 0.5, seeds: Seeds | None = None, validation: float = 0.1) -> Splits:
    trial: Trial = transfer("r3", share=share, seeds=seeds or Seeds(), validation=validation)
    return split(read(Reading("digits")), trial)


def samples(*names: str, groups: tuple[str, ...] | None = None) -> Samples:
    count = len(names)
    return Samples(
        torch.zeros(count, 1, 2, 2), torch.zeros(count, dtype=torch.int64), np.array(names), np.array(groups or names)
    )


def test_the_three_parts_have_no_item_in_common_and_test_is_the_datasets_own() -> None:
    splits = splits_of(share=1.0)
    train, validation, test = (set(part.ids.tolist()) for part in (splits.train, splits.validation, splits.test))
    assert not train & validation
    assert not (train | validation) & test
    own = read(Reading("digits")).test
    assert test == set(own.ids[np.isin(own.targets.numpy(), HIGH.class_indices)].tolist())


def test_validation_is_cut_out_of_the_share() -> None:
    splits = splits_of(share=0.2)
    available = sum(HIGH.pools(0).train)
    assert len(splits.train) + len(splits.validation) == pytest.approx(0.2 * available, abs=5)
    assert 0 < len(splits.validation) < len(splits.train)


@settings(max_examples=25)
@given(st.floats(0.03, 1), st.floats(0.03, 1), st.floats(0.05, 0.5), st.integers(0, 3))
def test_a_smaller_share_lies_inside_a_larger_one(one: float, other: float, validation: float, seed: int) -> None:
    small, large = sorted([one, other])
    seeds = Seeds(share=seed)
    inner, outer = splits_of(small, seeds, validation), splits_of(large, seeds, validation)
    assert set(inner.train.ids) <= set(outer.train.ids)
    assert set(inner.validation.ids) <= set(outer.validation.ids)


def test_every_class_is_relabelled_in_ascending_order_and_present_in_every_part() -> None:
    splits = splits_of(share=0.05)
    for part in (splits.train, splits.validation, splits.test.open()):
        assert set(part.targets.tolist()) == {0, 1, 2, 3, 4}
    digits = read(Reading("digits"))
    original = dict(zip(digits.train.ids.tolist(), digits.train.targets.tolist(), strict=True))
    assert all(original[i] - 5 == t for i, t in zip(splits.train.ids, splits.train.targets.tolist(), strict=True))


def test_the_split_seed_decides_who_validates_and_the_share_seed_who_is_drawn() -> None:
    first, other_split, other_share = (splits_of(1.0, seeds) for seeds in (Seeds(), Seeds(split=1), Seeds(share=1)))
    assert set(first.validation.ids) != set(other_split.validation.ids)
    assert set(first.validation.ids) == set(other_share.validation.ids)
    assert set(splits_of(0.2).train.ids) != set(splits_of(0.2, Seeds(share=1)).train.ids)
    assert first.digest != other_split.digest


def test_trials_of_one_seed_see_the_same_items_whatever_the_surgery() -> None:
    digests = {
        split(read(Reading("digits")), transfer(surgery)).digest for surgery in ("r3", "f3", "f1r2", "t3", "f1x2")
    }
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("train", "validation", "test", "message"),
    [
        (
            samples("a", "b"),
            samples("b"),
            samples("c"),
            "1 item stands in training and in validation, the first is 'b'",
        ),
        (samples("a", "b"), samples("c"), samples("b", "a"), "2 items stand in training and in test, the first is 'a'"),
        (samples("a"), samples("b"), samples("b"), "1 item stands in validation and in test, the first is 'b'"),
        (
            samples("a", groups=("song",)),
            samples("b"),
            samples("c", groups=("song",)),
            "1 group stands in training and in test, the first is 'song'",
        ),
    ],
)
def test_an_item_or_a_group_on_two_sides_is_refused(
    train: Samples, validation: Samples, test: Samples, message: str
) -> None:
    with pytest.raises(LeakFound, match=message):
        Splits(train, validation, SealedSamples(test))


def test_a_dataset_that_tests_on_its_training_items_is_refused() -> None:
    digits = read(Reading("digits"))
    leaky: Corpus = corpus(digits.train, digits.train)
    with pytest.raises(LeakFound, match="stand in training and in test"):
        split(leaky, transfer("r3"))


def test_an_id_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="an id stands twice"):
        samples("a", "a")


SHORT = Spectrogram(duration_s=0.1)


def collection(listing: Listing, lost: Names[str] = ()) -> Collection:
    """What is listed, as if all but the ``lost`` could be decoded, to planes of one pixel."""
    items = [item for item in listing.items if item.id not in lost]
    targets, groups = torch.tensor([item.label for item in items]), np.array([item.group for item in items])
    found = Samples(torch.zeros(len(items), 1, 1, 1), targets, np.array([item.id for item in items]), groups)
    return Collection(found, listing.items, (), digest_of(found))


def listed(dataset: Dataset) -> Listing:
    """The listing of one's own data."""
    assert dataset.card.listing is not None
    return dataset.card.listing


def on(dataset: Dataset, share: float = 1.0, split_seed: int = 0, validation: float = 0.1) -> Trial:
    """A trial from scratch on ``dataset``."""
    return transfer("r3", dataset=dataset, share=share, seeds=Seeds(split=split_seed), validation=validation)


def counts(samples: Samples, dataset: Dataset) -> tuple[int, ...]:
    return tuple(torch.bincount(samples.targets, minlength=len(dataset.class_indices)).tolist())


@pytest.fixture
def own(tmp_path: Path) -> dict[str, Dataset]:
    """One's own data by the way it is split: 24 cats and 30 dogs in pairs of two, six emus that a study leaves out."""
    items = [("cat", 24), ("dog", 30), ("emu", 6)]
    pairs = [
        {"path": f"{name}/{number:02d}.wav", "label": name, "group": f"{'ab'[number % 2]}{number // 2 % 8}"}
        for name, count in items
        for number in range(count)
    ]
    touch(tmp_path / "folder", *(str(row["path"]) for row in pairs))
    groups = str(manifest(tmp_path / "groups", pairs))
    held = {"train": {"cat": 9, "dog": 8, "emu": 2}, "test": {"cat": 3, "dog": 2, "emu": 1}}
    two = str(manifest(tmp_path / "two", rows(held)))
    three = str(manifest(tmp_path / "three", rows({**held, "validation": {"cat": 3, "dog": 4, "emu": 1}})))
    folds = str(manifest(tmp_path / "folds", rows({f: {"cat": 3, "dog": int(f), "emu": 1} for f in "2345"}, "fold")))
    sound = {"size": 32, "spectrogram": SHORT, "classes": (0, 1)}
    return {
        "grouped": Dataset.model_validate({"name": "manifest", "path": groups, "folds": 4, **sound}),
        "parting groups": Dataset.model_validate({"name": "manifest", "path": groups, "split": "stratified", **sound}),
        "stratified": Dataset.model_validate({"name": "folder", "path": str(tmp_path / "folder"), "folds": 6, **sound}),
        "two parts": Dataset.model_validate({"name": "manifest", "path": two, **sound}),
        "three parts": Dataset.model_validate({"name": "manifest", "path": three, **sound}),
        "own folds": Dataset.model_validate({"name": "manifest", "path": folds, **sound}),
    }


WAYS = ("grouped", "parting groups", "stratified", "two parts", "three parts", "own folds")


def assert_as_planned(dataset: Dataset, whole: Collection, split_seed: int) -> None:
    """That a split holds of each class what the plan counts on without opening a file."""
    splits, pools = split(whole, on(dataset, split_seed=split_seed)), dataset.pools(split_seed)
    planned = portion(pools, 1.0, 0.1)
    assert counts(splits.train, dataset) == planned.train
    assert counts(splits.validation, dataset) == planned.validation
    assert counts(splits.test.open(), dataset) == pools.test


@pytest.mark.parametrize("way", WAYS)
def test_own_data_is_split_into_the_pools_that_the_plan_counts_on(own: dict[str, Dataset], way: str) -> None:
    for split_seed in range(14):
        assert_as_planned(own[way], collection(listed(own[way])), split_seed)


@pytest.mark.real_data
@pytest.mark.parametrize(
    "dataset",
    [
        Dataset(name="esc10", size=32),
        Dataset(name="esc10", size=32, classes=(1, 4), split="stratified", folds=7),
        Dataset(name="fsdd", size=32),
    ],
    ids=str,
)
def test_known_collections_are_split_into_the_pools_that_the_plan_counts_on(dataset: Dataset) -> None:
    listing = {"esc10": esc10_listing, "fsdd": fsdd_listing}[dataset.name]
    whole = collection(listing(Path(os.environ["FROSTLINE_DATA"]) / dataset.name))
    for split_seed in (0, 4, 5, 8):
        assert_as_planned(dataset, whole, split_seed)


@pytest.mark.parametrize("way", WAYS)
def test_shares_are_nested_in_the_folds_and_parts_of_files(own: dict[str, Dataset], way: str) -> None:
    whole = collection(listed(own[way]))
    shares = [split(whole, on(own[way], share, split_seed=1, validation=0.3)) for share in (0.4, 0.5, 0.9, 1.0)]
    for inner, outer in pairwise(shares):
        assert set(inner.train.ids) <= set(outer.train.ids)
        assert set(inner.validation.ids) <= set(outer.validation.ids)
        assert set(inner.test.ids) == set(outer.test.ids)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_what_is_left_out_moves_no_other_item(own: dict[str, Dataset], way: str, share: float) -> None:
    listing, trial = listed(own[way]), on(own[way], share, split_seed=2, validation=0.4)
    whole = split(collection(listing), trial)
    for part in (whole.train, whole.validation, whole.test):
        lost = str(part.ids[0])
        left = split(collection(listing, {lost}), trial)
        for before, after in ((whole.train, left.train), (whole.validation, left.validation), (whole.test, left.test)):
            assert set(after.ids) == set(before.ids) - {lost}


def test_groups_are_parted_only_where_a_study_asks_for_it(own: dict[str, Dataset]) -> None:
    group_of = {item.id: item.group for item in listed(own["grouped"]).items}

    def shared(way: str, split_seed: int) -> int:
        splits = split(collection(listed(own[way])), on(own[way], split_seed=split_seed))
        parts = [{group_of[name] for name in part.ids} for part in (splits.train, splits.validation, splits.test)]
        return sum(map(len, parts)) - len(set.union(*parts))

    assert [shared("grouped", seed) for seed in range(8)] == [0] * 8
    assert all(shared("parting groups", seed) > 0 for seed in range(8))


@pytest.mark.parametrize("way", ["grouped", "stratified"])
def test_own_folds_are_dealt_anew_when_each_has_tested(own: dict[str, Dataset], way: str) -> None:
    dataset, whole = own[way], collection(listed(own[way]))
    folds = [frozenset(parted(whole, dataset, seed).test.ids) for seed in range(2 * dataset.fold_count)]
    first, second = set(folds[: dataset.fold_count]), set(folds[dataset.fold_count :])
    everything = {item.id for item in listed(dataset).items}
    assert set.union(*map(set, first)) == set.union(*map(set, second)) == everything
    assert first != second


def test_official_folds_turn_again_when_each_has_tested(own: dict[str, Dataset]) -> None:
    dataset, whole = own["own folds"], collection(listed(own["own folds"]))
    tested = [split(whole, on(dataset, split_seed=seed)).digest for seed in range(8)]
    assert tested[:4] == tested[4:]
    assert len(set(tested)) == 4


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        (r"train-cat-.", "no item of 'cat' is left for train; no item of 'cat' is left for validation"),
        (r"test-dog-.", "no item of 'dog' is left for test"),
        (r"test-.*", "no item of 'cat' is left for test; no item of 'dog' is left for test"),
    ],
)
def test_files_without_which_a_class_cannot_be_split_are_an_error(
    own: dict[str, Dataset], lost: str, message: str
) -> None:
    listing = listed(own["two parts"])
    gone = {item.id for item in listing.items if re.match(lost, item.id)}
    with pytest.raises(DataFault) as refused:
        split(collection(listing, gone), on(own["two parts"]))
    assert str(refused.value) == (
        f"manifest cannot be split: {message}. Use a larger share, other folds, or fewer classes; "
        "`frostline prepare` says which files were left out"
    )
