"""How near synthetic items come to real ones, in the features of a frozen network.

| symbol | meaning | shape, unit |
|---|---|---|
| made | features of synthetic items | item feature |
| learned | features of the real items that the generator has learned from | item feature |
| held | features of real items that it has not seen | item feature |
| distance | Frechet distance of the normal laws with means and covariances of two sets (Heusel et al. 2017) | squared |
| precision | part of the synthetic items that lie among the real ones (Kynkaanniemi et al. 2019, k = 3) | 1 |
| recall | part of the real items that lie among the synthetic ones | 1 |
| closeness | median distance of synthetic items to their nearest learned one, over that of held items | 1 |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64
from scipy.spatial.distance import cdist

from frostline.errors import GeneratorFailed
from frostline.outcome import Fidelity
from frostline.randomness import stream

NEIGHBOURS = 3
FEWEST = NEIGHBOURS + 1


@dataclass(frozen=True, eq=False)
class Nearest:
    """Of each synthetic item the nearest real one that its generator has learned from, and how far off that lies."""

    places: Int64[np.ndarray, " item"]
    distances: Float64[np.ndarray, " item"]


def fidelity(
    made: Float[np.ndarray, "item feature"],
    learned: Float[np.ndarray, "item feature"],
    held: Float[np.ndarray, "item feature"],
) -> Fidelity:
    """How near the items of features ``made`` come to those of ``held``, beside those of ``learned``.

    Raises:
        GeneratorFailed: fewer than four items of some kind, or features that are not finite; every reason at once.
    """
    sets = {"synthetic": made, "learned": learned, "held-out": held}
    faults = [
        f"{len(features)} {name} items; at least {FEWEST} are needed"
        for name, features in sets.items()
        if len(features) < FEWEST
    ]
    faults += [f"features of {name} items are not finite" for name, part in sets.items() if not np.isfinite(part).all()]
    if faults:
        raise GeneratorFailed(f"synthetic items cannot be judged: {'; '.join(faults)}")
    # Items may lie class by class, so that the first of them would be of few classes.
    drawn = stream(0, "fidelity", "learned").permutation(len(learned))[: len(made)]
    precision, recall = precision_and_recall(held, made)
    own, theirs = nearest(made, learned).distances, nearest(held, learned).distances
    return Fidelity(
        frechet=frechet(held, made),
        frechet_of_real=frechet(held, learned[drawn]),
        precision=precision,
        recall=recall,
        closeness=float(np.median(own) / max(float(np.median(theirs)), np.finfo(np.float64).tiny)),
        copied=float((own < theirs.min()).mean()),
        n_made=len(made),
        n_learned=len(learned),
        n_held=len(held),
    )


def frechet(one: Float[np.ndarray, "item feature"], other: Float[np.ndarray, "item feature"]) -> float:
    """The squared Frechet distance of the normal laws with the means and covariances of both sets of features."""
    first, second = one.astype(np.float64), other.astype(np.float64)
    apart = first.mean(axis=0) - second.mean(axis=0)
    # The trace of the root of a product of covariances is the sum of the singular values of the product of their roots.
    left, right = (_centred(features) for features in (first, second))
    common = np.linalg.svd(left @ right.T, compute_uv=False).sum()
    return max(float(apart @ apart + (left**2).sum() + (right**2).sum() - 2 * common), 0.0)


def precision_and_recall(
    real: Float[np.ndarray, "item feature"], made: Float[np.ndarray, "item feature"]
) -> tuple[float, float]:
    """The part of ``made`` within the neighbourhoods of ``real``, and the part of ``real`` within those of ``made``.

    The neighbourhood of an item reaches to the third nearest of its own kind.
    """
    between = cdist(real, made)
    of_real, of_made = _reach(real), _reach(made)
    precise = (between <= of_real[:, None]).any(axis=0).mean()
    recalled = (between <= of_made[None, :]).any(axis=1).mean()
    return float(precise), float(recalled)


def nearest(made: Float[np.ndarray, "item feature"], learned: Float[np.ndarray, "item feature"]) -> Nearest:
    """Of each item of ``made`` the nearest of ``learned``."""
    distances = cdist(made, learned)
    places = distances.argmin(axis=1)
    return Nearest(places, distances[np.arange(len(made)), places])


def _centred(features: np.ndarray) -> np.ndarray:
    """Rows whose inner products make the covariance of ``features``: no more of them than items or features."""
    rows: np.ndarray = (features - features.mean(axis=0)) / np.sqrt(max(len(features) - 1, 1))
    return rows


def _reach(features: np.ndarray) -> np.ndarray:
    """How far the neighbourhood of each item reaches; an item is its own nearest neighbour."""
    reach: np.ndarray = np.partition(cdist(features, features), NEIGHBOURS, axis=1)[:, NEIGHBOURS]
    return reach
