"""Items are checked once, wide features keep all distances, and draws keep classes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from frostline.randomness import stream
from frostline.scoring.draws import groups_of, interval, part_interval, stratified
from frostline.scoring.items import Scored, ScoringFault, scored

WIDE = stream(0, "wide").normal(size=(8, 5000)).astype(np.float32)
TARGETS = np.arange(8) % 2


def test_wide_features_keep_every_distance_in_fewer_axes() -> None:
    turned = scored(WIDE, TARGETS)
    assert (turned.features.shape, turned.width) == ((8, 8), 5000)
    np.testing.assert_allclose(pdist(turned.features), pdist(WIDE.astype(np.float64)), rtol=1e-9)
    np.testing.assert_allclose(pdist(turned.features, "cosine"), pdist(WIDE.astype(np.float64), "cosine"), rtol=1e-9)


def test_narrow_features_stay_as_they_are() -> None:
    narrow = WIDE[:, :3]
    assert scored(narrow, TARGETS).features is narrow


def test_classes_are_numbered_anew() -> None:
    items = scored(WIDE, np.array([7, 5, 9, 9, 5, 7, 7, 7]))
    assert items.targets.tolist() == [1, 0, 2, 2, 0, 1, 1, 1]
    assert items.take(np.array([0, 2, 3])).targets.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("features", "targets", "message"),
    [
        (WIDE, np.zeros(8, int), "got 8 items of 1 class; scores tell classes apart and need two or more"),
        (WIDE, np.arange(8), "got 8 items of 8 classes; expected more items than classes, so use a larger share"),
        (WIDE[:7], TARGETS, "got features of 7 items and classes of 8; expected one class an item"),
        (WIDE * np.where(TARGETS, 1, np.inf)[:, None], TARGETS, "the features of 4 of 8 items are not finite"),
        (np.ones((8, 2)), TARGETS, "its features are the same for every item; nothing can be told from them"),
        (np.ones((8, 2)), np.zeros(8, int), "two or more; its features are the same"),
    ],
)
def test_items_that_cannot_be_scored_are_refused_with_every_reason(
    features: np.ndarray, targets: np.ndarray, message: str
) -> None:
    with pytest.raises(ScoringFault, match=message):
        Scored(features, targets, features.shape[1])


def test_drawn_items_keep_the_parts_of_classes() -> None:
    targets = stream(0, "targets").permutation(np.repeat([0, 1, 2], [600, 300, 3]))
    rows = stratified(targets, 90, stream(0, "items"))
    assert len(rows) == 90 and (np.diff(rows) > 0).all()
    assert np.bincount(targets[rows]).tolist() == pytest.approx([59, 29, 2], abs=1)
    assert stratified(targets, 5000, stream(0, "items")).tolist() == list(range(903))


def test_groups_are_of_one_size_and_part_every_class() -> None:
    targets = np.repeat([0, 1], [30, 20])
    groups = groups_of(targets, stream(0, "groups"))
    assert groups is not None
    assert np.bincount(groups).tolist() == [5] * 10
    assert np.bincount(groups[targets == 0]).tolist() == [3] * 10
    assert groups_of(np.array([0, 0, 0, 1]), stream(0, "groups")) is None


def test_the_jackknife_of_a_mean_is_student_over_its_groups() -> None:
    values = stream(0, "values").normal(size=100)
    means = values.reshape(10, 10).mean(axis=1)
    without = [np.delete(values.reshape(10, 10), group, axis=0).mean() for group in range(10)]
    low, high = interval(float(values.mean()), without, 0.95)
    half = 2.2621572 * means.std(ddof=1) / np.sqrt(10)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half))


def test_a_part_has_the_interval_of_wilson() -> None:
    assert part_interval(0.9, 10, 0.95) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert part_interval(1.0, 15, 0.95)[0] == pytest.approx(0.7961, abs=1e-4)


def test_a_draw_does_not_lose_a_small_class() -> None:
    targets = np.repeat([0, 1], [500, 2])
    assert np.bincount(targets[stratified(targets, 20, stream(0, "items"))])[1] == 2
