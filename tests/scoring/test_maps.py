"""Maps show the items of a layer as scikit-learn places them, the same ones from the same seed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from frostline.randomness import stream
from frostline.scored import LayerMap
from frostline.scoring.items import scored
from frostline.scoring.maps import MOST_POINTS, layer_maps, neighbouring, principal
from tests.scoring.examples import network, planes, scoring


def maps_of(items: int = 30, *kinds: str, **changes: object) -> tuple[LayerMap, ...]:
    targets = torch.arange(items) % 3
    return layer_maps(network(), planes(items), targets, scoring(maps=kinds, **changes), stream(0, "maps"))


def blobs() -> tuple[np.ndarray, np.ndarray]:
    """Three heaps of forty items in eight features."""
    generator = stream(0, "blobs")
    targets = np.arange(120) % 3
    return generator.normal(size=(120, 8)) + 8 * np.eye(8)[targets], targets


def test_principal_axes_are_those_of_scikit_learn_but_for_their_direction() -> None:
    features, targets = blobs()
    points, told = principal(scored(features, targets))
    reference = PCA(2).fit(features)
    assert np.abs(points) == pytest.approx(np.abs(reference.transform(features)), abs=1e-9)
    assert told == f"{100 * reference.explained_variance_ratio_.sum():.0f} % of the variance"
    assert principal(scored(-features, targets))[0] == pytest.approx(-points) or (points**3).sum(axis=0).min() > 0


def test_the_direction_of_an_axis_is_where_most_of_its_weight_lies() -> None:
    points, _ = principal(scored(*blobs()))
    assert ((points**3).sum(axis=0) > 0).all()


def test_neighbours_stay_neighbours_in_a_t_sne() -> None:
    features, targets = blobs()
    points, told = neighbouring(scored(features, targets), stream(0, "t-sne"))
    assert trustworthiness(features, points, n_neighbors=5) > 0.8
    assert told == "perplexity 30"


def test_each_map_has_a_point_an_item_with_its_class_and_reaches_to_one() -> None:
    maps = maps_of(30, "pca")
    assert [(one.layer, one.kind) for one in maps] == [("conv1", "pca"), ("conv2", "pca"), ("conv3", "pca")]
    for one in maps:
        assert one.classes == (0, 1, 2) * 10 and len(one.points) == 30
        assert np.abs(one.points).max() == 1
    assert maps == maps_of(30, "pca")
    assert maps_of(30) == ()


def test_a_few_items_still_have_a_t_sne() -> None:
    assert {one.told for one in maps_of(10, "t-sne")} == {"perplexity 3"}


def test_of_many_items_some_are_shown_each_class_in_its_part() -> None:
    (one, *_) = maps_of(600, "pca")
    assert len(one.points) == MOST_POINTS
    assert [one.classes.count(label) for label in range(3)] == [100, 100, 100]


def test_a_layer_that_gives_the_same_for_every_item_has_no_map_and_says_why() -> None:
    silent = network()
    with torch.no_grad():
        for parameter in silent.layers["conv3"].parameters():
            parameter.zero_()
    given = planes(12), torch.arange(12) % 3, scoring(maps=("pca",)), stream(0, "maps")
    *_, last = layer_maps(silent, *given)
    assert (last.points, last.classes) == ((), ())
    assert last.told == "its features are the same for every item; nothing can be told from them"
