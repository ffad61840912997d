"""Clusters of features, found without the classes, and how well they agree with the classes.

==========  ==========================================================================================
symbol      meaning
==========  ==========================================================================================
k           clusters asked for: as many as there are classes
n_ij        items in cluster i and of class j
a_i, b_j    items in cluster i; items of class j
n           items
C(m)        pairs among m items, m (m - 1) / 2: no item is a pair with itself
TP          pairs in one cluster and of one class: the sum of C(n_ij)
==========  ==========================================================================================
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Float64, Int64
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix
from sklearn.metrics.pairwise import cosine_distances

from frostline.scoring.items import ScoringFault

STARTS = 10
Linkage = Literal["cosine-average", "ward"]


@dataclass(frozen=True)
class Agreement:
    """How well clusters agree with classes; every figure is 1 where they are the same but for their names."""

    ari: float
    nmi: float
    purity: float
    pair_precision: float
    pair_recall: float

    @property
    def figures(self) -> tuple[float, ...]:
        """All figures in the order of their names here."""
        return astuple(self)


def tree_clusters(
    features: Float[np.ndarray, "item feature"], clusters: int, linkage: Linkage
) -> Int64[np.ndarray, " item"]:
    """The cluster of each item, merged from the nearest pair up until ``clusters`` are left.

    By the average of cosine distances (Sokal and Michener 1958), where an item without length is at distance 1 from
    every other; or by the least growth of squares within clusters (Ward 1963). Needs item x item distances.
    """
    if linkage == "ward":
        tree = AgglomerativeClustering(n_clusters=clusters, linkage="ward")
        grown: np.ndarray = tree.fit_predict(np.asarray(features, dtype=np.float64))
        return grown
    tree = AgglomerativeClustering(n_clusters=clusters, metric="precomputed", linkage="average")
    merged: np.ndarray = tree.fit_predict(_cosine(features))
    return merged


def k_means_clusters(
    features: Float[np.ndarray, "item feature"], clusters: int, generator: np.random.Generator
) -> Int64[np.ndarray, " item"]:
    """The cluster of each item by Lloyd's k-means (1982), the best of ten starts by k-means++.

    Raises:
        ScoringFault: fewer different items than ``clusters``.
    """
    values = np.asarray(features, dtype=np.float64)
    different = len(np.unique(values, axis=0))
    if different < clusters:
        raise ScoringFault(f"got {different} different items, expected at least as many as clusters ({clusters})")
    seed = int(generator.integers(2**32))
    labels: np.ndarray = KMeans(n_clusters=clusters, n_init=STARTS, random_state=seed).fit_predict(values)
    return labels.astype(np.int64)


def agreement(clusters: Int64[np.ndarray, " item"], targets: Int64[np.ndarray, " item"]) -> Agreement:
    """How well ``clusters`` agree with the classes ``targets``, whatever either are called.

    ``ari`` is the adjusted Rand index (Hubert and Arabie 1985, equation 5), ``nmi`` mutual information over the mean of
    the entropies (Strehl and Ghosh 2002, with the arithmetic mean of Vinh et al. 2010). ``purity`` is the part of items
    whose cluster is matched to their class, under the one-to-one matching that makes it largest (Kuhn 1955).
    ``pair_precision`` = TP / sum C(a_i) and ``pair_recall`` = TP / sum C(b_j).

    Raises:
        ScoringFault: no two items share a cluster, or no two a class.
    """
    table = contingency_matrix(targets, clusters)
    together, clustered, alike = _pairs(table), _pairs(table.sum(axis=0)), _pairs(table.sum(axis=1))
    if not clustered or not alike:
        shared = "class" if clustered else "cluster"
        raise ScoringFault(f"no two of {len(targets)} items share a {shared}; pairs need more items than that")
    matched = linear_sum_assignment(table, maximize=True)
    return Agreement(
        ari=float(adjusted_rand_score(targets, clusters)),
        nmi=float(normalized_mutual_info_score(targets, clusters)),
        purity=float(table[matched].sum() / len(targets)),
        pair_precision=float(together / clustered),
        pair_recall=float(together / alike),
    )


def _pairs(counts: np.ndarray) -> int:
    return int((counts * (counts - 1) // 2).sum())


def _cosine(features: Float[np.ndarray, "item feature"]) -> Float64[np.ndarray, "item item"]:
    distances: np.ndarray = cosine_distances(np.asarray(features, dtype=np.float64))
    return distances
