"""How well classes can be told from features: by their silhouettes, their neighbours, and a plane between them.

==========  ==========================================================================================
symbol      meaning
==========  ==========================================================================================
a, b        mean distance of an item to its own class; to the nearest other class
k           neighbours that vote
f           parts that are held out in turn, classes spread evenly
==========  ==========================================================================================
"""

from __future__ import annotations

import warnings

import numpy as np
from jaxtyping import Float, Int64
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import silhouette_score
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import NearestNeighbors

from frostline.scoring.items import ScoringFault

NEIGHBOURS = 5
PARTS = 5
STEPS = 2000
FEW_WEIGHTS = 1000


def class_silhouette(features: Float[np.ndarray, "item feature"], targets: Int64[np.ndarray, " item"]) -> float:
    """The mean over items of (b - a) / max(a, b), by Euclidean distance to the true classes (Rousseeuw 1987).

    An item alone in its class counts 0.
    """
    return float(silhouette_score(np.asarray(features, dtype=np.float64), targets))


def neighbour_accuracy(
    features: Float[np.ndarray, "item feature"], targets: Int64[np.ndarray, " item"], k: int = NEIGHBOURS
) -> float:
    """The part of items whose ``k`` nearest other items vote for their class (Cover and Hart 1967), each left out.

    Distances are Euclidean; there are fewer votes where there are no ``k`` others, and a tie goes to the class of the
    nearest among those that tie.
    """
    values = np.asarray(features, dtype=np.float64)
    near = NearestNeighbors(n_neighbors=min(k, len(values) - 1)).fit(values).kneighbors(return_distance=False)
    votes = targets[near]
    counts = (votes[:, :, None] == votes[:, None, :]).sum(axis=2)
    winner = votes[np.arange(len(votes)), counts.argmax(axis=1)]
    return float((winner == targets).mean())


def probe_accuracy(
    features: Float[np.ndarray, "item feature"],
    targets: Int64[np.ndarray, " item"],
    width: int,
    generator: np.random.Generator,
) -> float:
    """The part of items that a linear probe tells right which was fitted without them (Alain and Bengio 2017).

    Multinomial logistic regression (ridge of weight 1) on four fifths, told on the last, five times, classes spread
    evenly; fewer parts where a class has fewer items. Features are centred on the fitted items and scaled by one factor
    so that their variance is 1 on average over the ``width`` features that the layer gave.

    Raises:
        ScoringFault: a class has a single item, or the regression did not settle.
    """
    parts = min(PARTS, int(np.bincount(targets).min()))
    if parts < 2:
        alone = int(np.bincount(targets).argmin())
        raise ScoringFault(f"class {alone} has a single item, which cannot be both fitted and held out")
    folds = StratifiedKFold(parts, shuffle=True, random_state=int(generator.integers(2**32)))
    right = 0
    for fitted, held in folds.split(features, targets):
        seen = np.asarray(features, dtype=np.float64)[fitted]
        mean = seen.mean(axis=0)
        scale = np.sqrt(((seen - mean) ** 2).sum() / len(seen) / width)
        if scale == 0:
            raise ScoringFault("the features of all fitted items are the same; nothing can be told from them")
        model = _fitted((seen - mean) / scale, targets[fitted])
        right += int((model.predict((features[held] - mean) / scale) == targets[held]).sum())
    return right / len(targets)


def _fitted(features: Float[np.ndarray, "item feature"], targets: Int64[np.ndarray, " item"]) -> LogisticRegression:
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            # Newton's steps are exact and few, but take a matrix of all weights by all weights.
            small = features.shape[1] * len(np.unique(targets)) <= FEW_WEIGHTS
            solver = "newton-cholesky" if small else "lbfgs"
            return LogisticRegression(solver=solver, max_iter=STEPS).fit(features, targets)
        except ConvergenceWarning:
            raise ScoringFault(f"the linear probe did not settle within {STEPS:,} steps") from None
