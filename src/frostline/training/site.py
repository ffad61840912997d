"""Where what frozen layers give is kept, and for which items, chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64
from torch import Tensor

from frostline.augmentation.apply import viewed
from frostline.data.ground import Ground
from frostline.data.planes import Preprocessing
from frostline.spec.augmentation import NOTHING, Augmentation
from frostline.spec.recipe import Precision

CHUNK = 32
"""How many items in a row of the ground are computed together, whoever asks for one of them."""


@dataclass(frozen=True, eq=False)
class Site:
    """Where activations are kept, of which items, and how those become planes.

    ``view`` is the version of augmented items that is meant, None where they are as they are. ``machine`` is the name
    of what computes: another one may round otherwise.
    """

    folder: Path
    ground: Ground
    prepare: Preprocessing
    precision: Precision
    augmentation: Augmentation = NOTHING
    view: int | None = None
    machine: str = ""

    def rows(self, chunk: int) -> Int64[np.ndarray, " row"]:
        """The rows of the ground that make up ``chunk``."""
        return np.arange(chunk * CHUNK, min((chunk + 1) * CHUNK, len(self.ground)))

    def planes(self, chunk: int) -> Tensor:
        """The planes of ``chunk`` as the network sees them."""
        planes = self.prepare.planes(self.ground.take(self.rows(chunk)))
        return planes if self.view is None else viewed(planes, self.augmentation, self.view, chunk)
