"""Features and classes that scores can be computed from, checked once.

========  ==========================================================================  ==========================
symbol    meaning                                                                     shape, type
========  ==========================================================================  ==========================
X         features: what a layer gives for each item                                  item feature, float
y         classes, 0 to C - 1, each of them present                                   item, int64
d         width: how many features the layer gave                                     1
Z         the items in no more axes than there are items: Z Z' = X X'                 item axis, float64
========  ==========================================================================  ==========================
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64, Shaped

from frostline.errors import FrostlineError

COLUMNS = 4096
"""So many features at once are made float64: never a whole copy of them in twice the memory."""
NEGLIGIBLE = 1e-12
"""An eigenvalue below this part of the largest is rounding."""


class ScoringFault(FrostlineError):
    """Scores cannot be had of these items; the text has every reason."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Features of items and their classes, from which every score is computed.

    ``width`` is how many features the layer gave, where ``features`` has fewer axes (see ``scored``).

    Raises:
        ScoringFault: other numbers of features and classes, a single class, no more items than classes, features that
            are not finite or the same for every item; every reason at once.
    """

    features: Float[np.ndarray, "row feature"]
    targets: Int64[np.ndarray, " item"]
    width: int

    def __post_init__(self) -> None:
        faults = [*_item_faults(self.targets), *_feature_faults(self.features, len(self.targets))]
        if faults:
            raise ScoringFault("; ".join(faults))

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def classes(self) -> int:
        """How many classes its items are of."""
        return int(self.targets.max()) + 1

    def take(self, rows: Int64[np.ndarray, " chosen"]) -> Scored:
        """The items at ``rows``, in that order; classes are numbered anew where one is gone."""
        return Scored(self.features[rows], numbered(self.targets[rows]), self.width)


def scored(features: Float[np.ndarray, "item feature"], targets: Shaped[np.ndarray, " item"]) -> Scored:
    """``features`` and ``targets`` as scores read them, in no more axes than there are items.

    Where a layer gives more features than there are items, these are turned into the axes that they span: every
    distance, angle and inner product between items stays as it was, and with them every score.

    Raises:
        ScoringFault: they cannot be scored.
    """
    checked = Scored(np.asarray(features), numbered(targets), features.shape[1])
    return checked if checked.width <= len(checked) else Scored(_turned(features), checked.targets, checked.width)


def numbered(targets: Shaped[np.ndarray, " item"]) -> Int64[np.ndarray, " item"]:
    """The classes of ``targets`` as 0, 1, ... in ascending order."""
    return np.unique(targets, return_inverse=True)[1].astype(np.int64)


def check_classes(targets: Shaped[np.ndarray, " item"]) -> None:
    """Nothing, where layers can be scored on items of these classes.

    Raises:
        ScoringFault: a single class, or no more items than classes.
    """
    if faults := list(_item_faults(targets)):
        raise ScoringFault("; ".join(faults))


def _turned(features: Float[np.ndarray, "item feature"]) -> Float[np.ndarray, "item axis"]:
    gram = np.zeros((len(features), len(features)))
    for start in range(0, features.shape[1], COLUMNS):
        block = features[:, start : start + COLUMNS].astype(np.float64)
        gram += block @ block.T
    values, axes = np.linalg.eigh(gram)
    kept = values > NEGLIGIBLE * values[-1]
    turned: np.ndarray = axes[:, kept] * np.sqrt(values[kept])
    return turned


def _item_faults(targets: Shaped[np.ndarray, " item"]) -> Iterator[str]:
    classes = len(np.unique(targets))
    if classes < 2:
        yield f"got {len(targets)} items of {classes} class; scores tell classes apart and need two or more"
    elif len(targets) <= classes:
        yield f"got {len(targets)} items of {classes} classes; expected more items than classes, so use a larger share"


def _feature_faults(features: Float[np.ndarray, "row feature"], items: int) -> Iterator[str]:
    if len(features) != items:
        yield f"got features of {len(features)} items and classes of {items}; expected one class an item"
    elif not np.isfinite(features).all():
        broken = int((~np.isfinite(features)).any(axis=1).sum())
        yield f"the features of {broken} of {items} items are not finite; scores need numbers"
    elif (features == features[:1]).all():
        yield "its features are the same for every item; nothing can be told from them"
