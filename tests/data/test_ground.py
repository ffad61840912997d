"""The ground holds every item of some classes once, in an order that nothing of a trial changes."""

from __future__ import annotations

import numpy as np
import torch

from frostline.data.ground import ground_of
from frostline.data.samples import Collection, Corpus, Samples


def samples(part: str, *targets: int) -> Samples:
    ids = np.array([f"{part}/{place}" for place in range(len(targets))])
    planes = torch.tensor(targets, dtype=torch.uint8)[:, None, None, None] + torch.zeros(1, 1, 1, 2, dtype=torch.uint8)
    return Samples(planes, torch.tensor(targets), ids, ids)


def three_parts() -> Corpus:
    return Corpus(samples("train", 3, 1, 2, 1), samples("test", 1, 3), "digest", samples("validation", 2, 1))


def test_items_to_train_on_stand_first_and_those_to_test_on_last_and_other_classes_nowhere() -> None:
    ground = ground_of(three_parts(), (1, 3))
    assert len(ground) == 6
    names = ["train/0", "train/1", "train/3", "validation/1", "test/0", "test/1"]
    assert ground.take(np.arange(6)).ids.tolist() == names
    assert ground.rows_of(np.array(names)).tolist() == list(range(6))
    assert ground.digest == "digest"


def test_items_are_taken_with_their_planes_targets_and_groups_in_the_order_of_the_ground() -> None:
    taken = ground_of(three_parts(), (1, 3)).take(np.array([4, 0, 3]))
    assert taken.ids.tolist() == taken.groups.tolist() == ["train/0", "validation/1", "test/0"]
    assert taken.targets.tolist() == taken.planes[:, 0, 0, 0].tolist() == [3, 1, 1]


def test_a_part_alone_is_taken_as_it_is() -> None:
    assert ground_of(three_parts(), (1, 3)).take(np.array([2, 1])).ids.tolist() == ["train/1", "train/3"]


def test_a_dataset_without_a_part_for_validation_has_two() -> None:
    whole = three_parts()
    assert len(ground_of(Corpus(whole.train, whole.test, "digest"), (1, 2, 3))) == 6


def test_a_collection_is_one_part() -> None:
    ground = ground_of(Collection(samples("own", 2, 0, 2), (), (), "digest"), (2,))
    assert ground.take(np.arange(2)).ids.tolist() == ["own/0", "own/2"]


def test_the_ground_of_a_dataset_is_laid_once() -> None:
    whole = three_parts()
    assert ground_of(whole, (1, 3)) is ground_of(whole, (1, 3))
    assert ground_of(whole, (1, 2)) is not ground_of(whole, (1, 3))
