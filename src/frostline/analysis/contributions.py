"""What each test item contributes to a figure that is no count: to a concordance, or to an area under a curve.

A figure of n items is, to first order, the mean of what each item contributes: the figure plus the influence of the
item on it (Hampel 1974; the pseudo-value of the infinitesimal jackknife, Efron 1982). Here that mean is the figure
itself, exactly, so that contributions take the place of right and wrong answers wherever means over items are made.

**Concordance** (Lin 1989), with moments over the items, c = cov(x, y), D = var(x) + var(y) + (mean x - mean y)**2:

    CCC = 2 c / D,    influence(i) = (2 IF(c) - CCC IF(D)) / D,
    IF(c) = (x - mean x)(y - mean y) - c,
    IF(D) = (x - mean x)**2 + (y - mean y)**2 + 2 (mean x - mean y)((x - mean x) - (y - mean y)) - var(x) - var(y).

**Area** under the ROC curve, by the components of DeLong, DeLong and Clarke-Pearson (1988), from ranks (Sun and Xu
2014): V(i) is the part of the items of the other side that item i is ordered rightly with, a tie counting one half, and

    influence(i) = n / n(side of i) (V(i) - AUC).

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
x, y      true number and predicted number of an item                                 any, the same
n         items                                                                       1
V         component of an item                                                        1
========  ==========================================================================  ============
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64
from scipy import stats

Items = Float64[np.ndarray, " item"]


def of_concordance(true: Items, predicted: Items) -> Items:
    """What each item contributes to the concordance of ``predicted`` with ``true``.

    Zero for every item where the figure is not defined: all of both are one number.
    """
    x, y = true - true.mean(), predicted - predicted.mean()
    apart = float(true.mean() - predicted.mean())
    square = float((x**2).mean() + (y**2).mean())
    whole = square + apart**2
    if whole == 0:
        return np.zeros_like(x)
    together = float((x * y).mean())
    found = 2 * together / whole
    of_whole = x**2 + y**2 + 2 * apart * (x - y) - square
    influence: Items = (2 * (x * y - together) - found * of_whole) / whole
    return found + influence


def of_area(present: Bool[np.ndarray, " item"], scores: Items) -> Items | None:
    """What each item contributes to the area under the ROC curve by which ``scores`` tell where a tag is ``present``.

    None where all items or none have the tag, so that there is no area.
    """
    n, positives = len(present), int(present.sum())
    if positives in (0, n):
        return None
    among_all = stats.rankdata(scores)
    component = np.empty(n)
    component[present] = (among_all[present] - stats.rankdata(scores[present])) / (n - positives)
    component[~present] = 1 - (among_all[~present] - stats.rankdata(scores[~present])) / positives
    area = float(component[present].mean())
    weight = np.where(present, n / positives, n / (n - positives))
    return np.asarray(area + weight * (component - area))
