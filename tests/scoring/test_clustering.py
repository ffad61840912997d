"""Clusters are those of scikit-learn, and every figure of agreement is what its formula says."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import mutual_info_score

from frostline.randomness import stream
from frostline.scoring.clustering import agreement, k_means_clusters, tree_clusters
from frostline.scoring.items import ScoringFault

LABELS = st.integers(6, 25).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 3), min_size=n, max_size=n).map(np.array)] * 2)
)
FEATURES = stream(0, "clouds").normal(size=(60, 5)).astype(np.float32)


def blobs() -> tuple[np.ndarray, np.ndarray]:
    targets = np.arange(45) % 3
    away = 20 * np.eye(3, 4)[targets]
    return (away + stream(1, "blobs").normal(size=(45, 4))).astype(np.float32), targets


@settings(max_examples=12)
@given(LABELS)
def test_figures_are_what_counting_every_pair_of_two_items_gives(labels: tuple[np.ndarray, np.ndarray]) -> None:
    clusters, targets = labels
    pairs = list(combinations(range(len(targets)), 2))
    joined, alike = (np.array([one[i] == one[j] for i, j in pairs]) for one in (clusters, targets))
    if not joined.any() or not alike.any():
        return
    got = agreement(clusters, targets)
    assert got.pair_precision == pytest.approx((joined & alike).sum() / joined.sum())
    assert got.pair_recall == pytest.approx((joined & alike).sum() / alike.sum())
    chance = joined.sum() * alike.sum() / len(pairs)
    most = (joined.sum() + alike.sum()) / 2
    assert got.ari == pytest.approx(((joined & alike).sum() - chance) / (most - chance) if most != chance else 1.0)


@settings(max_examples=12)
@given(LABELS)
def test_purity_is_that_of_the_best_of_all_ways_to_name_the_clusters(labels: tuple[np.ndarray, np.ndarray]) -> None:
    clusters, targets = labels
    best = max((np.array(names)[clusters] == targets).mean() for names in permutations(range(4)))
    assert agreement(clusters, targets).purity == pytest.approx(best)


@settings(max_examples=12)
@given(LABELS)
def test_mutual_information_is_over_the_mean_of_the_entropies(labels: tuple[np.ndarray, np.ndarray]) -> None:
    clusters, targets = labels
    mean = (mutual_info_score(clusters, clusters) + mutual_info_score(targets, targets)) / 2
    expected = mutual_info_score(clusters, targets) / mean if mean > 0 else 1.0
    assert agreement(clusters, targets).nmi == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("names", list(permutations(range(3))))
def test_perfect_clusters_score_one_whatever_they_are_called(names: tuple[int, ...]) -> None:
    targets = np.arange(20) % 3
    assert agreement(np.array(names)[targets], targets).figures == (1.0,) * 5


def test_no_item_is_a_pair_with_itself() -> None:
    got = agreement(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    assert (got.pair_precision, got.pair_recall) == (0.0, 0.0)


def test_blobs_that_lie_apart_are_found_by_every_way_to_cluster() -> None:
    features, targets = blobs()
    found = [tree_clusters(features, 3, "ward"), tree_clusters(features, 3, "cosine-average")]
    found.append(k_means_clusters(features, 3, stream(0, "draws")))
    assert [agreement(clusters, targets).figures for clusters in found] == [(1.0,) * 5] * 3


def test_the_average_tree_is_that_of_cosine_distances() -> None:
    theirs = AgglomerativeClustering(n_clusters=4, metric="cosine", linkage="average").fit_predict(FEATURES)
    assert agreement(tree_clusters(FEATURES, 4, "cosine-average"), theirs).ari == 1.0


def test_the_average_tree_does_not_see_the_length_of_features() -> None:
    lengths = stream(2, "lengths").uniform(0.1, 10, size=(60, 1))
    assert (
        tree_clusters(FEATURES * lengths, 4, "cosine-average") == tree_clusters(FEATURES, 4, "cosine-average")
    ).all()


def test_an_item_without_features_has_a_place_in_the_average_tree() -> None:
    features = FEATURES.copy()
    features[7] = 0
    assert len(tree_clusters(features, 4, "cosine-average")) == 60


def test_the_ward_tree_grows_squares_least() -> None:
    features = np.array([[0.0], [1.0], [2.2], [8.0], [8.5]])
    assert agreement(tree_clusters(features, 2, "ward"), np.array([0, 0, 0, 1, 1])).ari == 1.0
    assert agreement(tree_clusters(features, 3, "ward"), np.array([0, 0, 2, 1, 1])).ari == 1.0


def test_k_means_is_the_same_for_the_same_stream() -> None:
    one, other = (k_means_clusters(FEATURES, 4, stream(0, "draws")) for _ in range(2))
    assert (one == other).all()


def test_fewer_different_items_than_clusters_are_told() -> None:
    with pytest.raises(ScoringFault, match=r"got 1 different items, expected at least as many as clusters \(3\)"):
        k_means_clusters(np.ones((6, 2)), 3, stream(0, "draws"))


@pytest.mark.parametrize(
    ("clusters", "targets", "shared"), [([0, 1, 2], [0, 0, 1], "cluster"), ([0, 0, 1], [0, 1, 2], "class")]
)
def test_labels_without_a_pair_are_told(clusters: list[int], targets: list[int], shared: str) -> None:
    with pytest.raises(ScoringFault, match=f"no two of 3 items share a {shared}; pairs need more items than that"):
        agreement(np.array(clusters), np.array(targets))
