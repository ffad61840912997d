"""The regularised H-score: how far apart classes stand, in units of the spread of all features.

==========  ==========================================================================================
symbol      meaning
==========  ==========================================================================================
S           covariance of the features (divided by n)
d           width: how many features the layer gave
mu          mean variance of a feature, tr(S) / d
alpha       weight of mu I against S (Ledoit and Wolf 2004)
S_alpha     (1 - alpha) S + alpha mu I
S_z         covariance of the features when each item is put at the mean of its class
==========  ==========================================================================================
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64, Int64

NEGLIGIBLE = 1e-12


def regularised_h_score(
    features: Float[np.ndarray, "item feature"], targets: Int64[np.ndarray, " item"], width: int
) -> float:
    """The trace of S_alpha^-1 (1 - alpha) S_z (Ibrahim, Ponomareva and Mazumder 2022, ECML PKDD).

    ``width`` is d, where ``features`` stand in the axes that they span: the other axes count only through mu and alpha.
    Both covariances are divided by n; implementations that divide S_z by n - 1 give n / (n - 1) times as much.
    """
    values = np.asarray(features, dtype=np.float64)
    left, singular, _ = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    kept = singular > singular[0] * np.sqrt(NEGLIGIBLE)
    spread, placed = singular[kept] ** 2 / len(values), left[:, kept] * singular[kept]
    alpha = shrinkage(placed, width)
    between = np.zeros(len(spread))
    for label in np.unique(targets):
        of_class = placed[targets == label]
        between += len(of_class) / len(values) * of_class.mean(axis=0) ** 2
    shrunk = (1 - alpha) * spread + alpha * spread.sum() / width
    return float((1 - alpha) * (between / shrunk).sum())


def shrinkage(centred: Float64[np.ndarray, "item axis"], width: int) -> float:
    """The weight alpha of Ledoit and Wolf (2004, equations 9 to 14) for items that stand in axes of their own.

    ``centred`` has mean 0 and holds all that the ``width`` features say of the items.
    """
    items = len(centred)
    squares = (centred**2).sum(axis=1)
    variance = squares.sum() / items
    gram = centred.T @ centred / items
    scatter = float((gram**2).sum())
    noise = float(((squares**2).sum() / items - scatter) / items)
    distance = scatter - float(variance) ** 2 / width
    return min(max(noise, 0.0) / distance, 1.0) if distance > 0 else 0.0
