"""Pictures of features: the items of a layer in a plane.

========  ==========================================================================================
symbol    meaning
========  ==========================================================================================
X         features of a layer, centred: item by feature
x         their two first principal axes (Pearson 1901), or where t-SNE puts them (van der Maaten and Hinton 2008)
========  ==========================================================================================

Both are scaled so that the item farthest from the middle is at 1: neither has a unit. Distances in a t-SNE say
nothing beyond who is whose neighbour, and nothing here enters a score.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Shaped
from sklearn.manifold import TSNE
from torch import Tensor

from frostline.networks.network import Network
from frostline.randomness import stream
from frostline.scored import LayerMap
from frostline.scoring.draws import stratified
from frostline.scoring.features import layer_features
from frostline.scoring.items import Scored, ScoringFault, numbered, scored
from frostline.spec.scoring import MapKind, Scoring

MOST_POINTS = 300
"""So many points can be told apart in a panel, and take little room in a page and a store."""
PERPLEXITY = 30.0
DIGITS = 4


def layer_maps(
    network: Network,
    planes: Shaped[Tensor, "piece ..."],
    targets: Shaped[Tensor, " item"],
    scoring: Scoring,
    generator: np.random.Generator,
) -> tuple[LayerMap, ...]:
    """The maps that ``scoring`` asks for, by kind and by layer, input first: at most 300 items, classes in their parts.

    A layer of which no map can be had has one without points that says why. Equal arguments give equal maps.

    Raises:
        ScoringFault: the features cannot be read as asked.
    """
    if not scoring.maps:
        return ()
    seed, labels, pieces = int(generator.integers(2**62)), targets.cpu().numpy(), scoring.dataset.segments
    rows = stratified(numbered(labels), MOST_POINTS, stream(seed, "items"))
    places = (rows[:, None] * pieces + np.arange(pieces)).ravel()
    known = dict(layer_features(network, planes[places], scoring))
    return tuple(
        _map(features, labels[rows], (name, kind), seed) for kind in scoring.maps for name, features in known.items()
    )


def _map(features: np.ndarray, labels: np.ndarray, which: tuple[str, MapKind], seed: int) -> LayerMap:
    layer, kind = which
    try:
        given = scored(features, labels)
    except ScoringFault as fault:
        return LayerMap(layer=layer, kind=kind, told=str(fault))
    points, told = principal(given) if kind == "pca" else neighbouring(given, stream(seed, kind, layer))
    kept = (points / np.abs(points).max()).round(DIGITS)
    return LayerMap(
        layer=layer, kind=kind, points=tuple((float(x), float(y)) for x, y in kept), classes=tuple(labels), told=told
    )


def principal(given: Scored) -> tuple[Float64[np.ndarray, "item axis"], str]:
    """The items on the two axes of largest variance, each pointing to where most of its weight lies, and how much."""
    centred = given.features.astype(np.float64) - given.features.mean(axis=0, dtype=np.float64)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    points = np.zeros((len(given), 2))
    count = min(2, len(sizes))
    points[:, :count] = left[:, :count] * sizes[:count]
    points *= np.where(np.sign((points**3).sum(axis=0)) < 0, -1.0, 1.0)
    part = float((sizes[:2] ** 2).sum() / (sizes**2).sum())
    return points, f"{100 * part:.0f} % of the variance"


def neighbouring(given: Scored, generator: np.random.Generator) -> tuple[Float64[np.ndarray, "item axis"], str]:
    """The items as t-SNE lays them out, begun from their principal axes, and its perplexity."""
    perplexity = min(PERPLEXITY, (len(given) - 1) / 3)
    begun, _ = principal(given)
    layout = TSNE(
        init=(begun / begun[:, 0].std() * 1e-4).astype(np.float32),
        perplexity=perplexity,
        random_state=int(generator.integers(2**31)),
        n_jobs=1,
    )
    return layout.fit_transform(given.features.astype(np.float32)).astype(np.float64), f"perplexity {perplexity:.3g}"
