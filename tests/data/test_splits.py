"""No item is seen on two sides, and shares are nested."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from frostline.data.read import read
from frostline.data.samples import Corpus, Samples, corpus
from frostline.data.splits import SealedSamples, Splits, split
from frostline.errors import LeakFound
from frostline.spec.dataset import Reading
from frostline.spec.trial import Seeds, Trial
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
    digests = {split(read(Reading("digits")), transfer(surgery)).digest for surgery in ("r3", "f3", "f1r2", "t3", "f1x2")}
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
