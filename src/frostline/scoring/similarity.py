"""How alike two sets of features of the same items are.

==========  ==========================================================================================
symbol      meaning
==========  ==========================================================================================
X, Y        features of the same items, each feature centred
|M|         root of the sum of the squares of M (Frobenius norm)
==========  ==========================================================================================
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64


def linear_cka(features: Float[np.ndarray, "item feature"], others: Float[np.ndarray, "item other"]) -> float:
    """Linear CKA of two sets of features: |Y'X|^2 / (|X'X| |Y'Y|) (Kornblith et al. 2019, equation 3).

    It is 1 for features that differ by a rotation, a shift or one scale. For few items in many features it is high for
    features that share nothing; compare it with that of an untrained network on the same items.
    """
    left, right = _centred(features), _centred(others)
    shared = float(((left.T @ right) ** 2).sum())
    return shared / float(np.linalg.norm(left.T @ left) * np.linalg.norm(right.T @ right))


def _centred(features: Float[np.ndarray, "item feature"]) -> Float64[np.ndarray, "item feature"]:
    values = np.asarray(features, dtype=np.float64)
    centred: np.ndarray = values - values.mean(axis=0)
    return centred
