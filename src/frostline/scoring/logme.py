"""The logarithm of the maximum evidence of a linear model on features (You et al. 2021).

==========  ==========================================================================================
symbol      meaning
==========  ==========================================================================================
F           features, n x d, of rank r
y           1 for the items of a class, 0 for the others
alpha       precision of the weights of the linear model
beta        precision of the noise
t           alpha / beta
sigma       squared singular values of F, r of them
x           y along the left singular vectors of F
u           y'y - x'x, which no weights can reach
q           what is left unexplained at t: sum of x^2 t / (t + sigma), and u
==========  ==========================================================================================

For each t the best beta is n / q, where the log evidence is
n/2 (log(n / q) - log(2 pi) - 1) + 1/2 sum of log(t / (t + sigma)).
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Float64, Int64
from scipy.optimize import minimize_scalar

NEGLIGIBLE = 1e-12
GRID = 97
"""So many ratios t, four a decade, are tried before the best is made more exact between its neighbours."""


def log_maximum_evidence(features: Float[np.ndarray, "item feature"], targets: Int64[np.ndarray, " item"]) -> float:
    """The log evidence an item (nats) of a Bayesian linear model of each class against the rest, averaged over classes.

    You, Liu, Wang and Long (2021, ICML), equation 2, without an intercept as there. The evidence is made largest over
    both precisions by a search along their ratio, within 12 decades of the largest sigma to either side, instead of by
    their fixed point, which stops at the same place where it settles.
    """
    left, singular, _ = np.linalg.svd(np.asarray(features, dtype=np.float64), full_matrices=False)
    kept = singular > singular[0] * math.sqrt(NEGLIGIBLE)
    sigma, left = singular[kept] ** 2, left[:, kept]
    labels = (targets[:, None] == np.unique(targets)).astype(np.float64)
    return float(np.mean([_largest(sigma, left, label) for label in labels.T])) / len(targets)


def _largest(
    sigma: Float64[np.ndarray, " rank"], left: Float64[np.ndarray, "item rank"], label: Float64[np.ndarray, " item"]
) -> float:
    squares = (left.T @ label) ** 2
    outside = max(0.0, float(label @ label - squares.sum()))

    def evidence(logarithms: Float64[np.ndarray, " ratio"]) -> Float64[np.ndarray, " ratio"]:
        shrunk = 1 / (1 + sigma / np.exp(logarithms)[:, None])
        unexplained = (squares * shrunk).sum(axis=1) + outside
        fit = len(label) * (np.log(len(label) / unexplained) - math.log(2 * math.pi) - 1)
        given: np.ndarray = 0.5 * (fit + np.log(shrunk).sum(axis=1))
        return given

    reach = -math.log(NEGLIGIBLE)
    grid = math.log(sigma[0]) + np.linspace(-reach, reach, GRID)
    tried = evidence(grid)
    place = int(tried.argmax())
    bounds = float(grid[max(place - 1, 0)]), float(grid[min(place + 1, GRID - 1)])
    found = minimize_scalar(lambda t: -float(evidence(np.array([t]))[0]), bounds=bounds, method="bounded")
    return max(float(tried[place]), -float(found.fun))
