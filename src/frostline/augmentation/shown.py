"""Real items with synthetic ones beside them, as training reads them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from frostline.augmentation.rendering import StoredPlanes
from frostline.augmentation.synthesize import Synthetic
from frostline.data.planes import Items, Preprocessing, of_pieces
from frostline.data.rows import JoinedRows, StoredRows
from frostline.data.samples import Samples


@dataclass(frozen=True, eq=False)
class PreparedRows:
    """Synthetic planes as the network sees them, read and prepared when they are asked for, never all at once."""

    planes: StoredPlanes
    prepare: Preprocessing

    def __len__(self) -> int:
        return len(self.planes) * self.prepare.dataset.segments

    def __getitem__(self, chosen: Int64[Tensor, " piece"]) -> Float32[Tensor, "piece channel row column"]:
        """The pieces at ``chosen``, in that order."""
        pieces = self.prepare.dataset.segments
        raw = self.planes[chosen // pieces]
        names = np.arange(len(raw)).astype(str)
        prepared = self.prepare.planes(Samples(raw, torch.zeros(len(raw), dtype=torch.int64), names, names))
        return prepared[torch.arange(len(chosen)) * pieces + chosen % pieces]


def beside(real: Items, made: Synthetic, prepare: Preprocessing) -> Items:
    """``real`` items, and after them the synthetic ones, prepared alike; only what is asked for is in memory."""
    assert not isinstance(real.planes, StoredRows), "what frozen layers give is not kept of synthetic items"
    planes = JoinedRows((real.planes, PreparedRows(made.planes, prepare)))
    targets = torch.cat([real.targets, of_pieces(made.targets, real.pieces).to(real.targets.dtype)])
    return Items(planes, targets, real.pieces, real.task)
