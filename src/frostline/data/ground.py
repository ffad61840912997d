"""Every item of a dataset that a study may use, in an order that no share, split or seed changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch
from jaxtyping import Int64, Shaped

from frostline.data.samples import Collection, Corpus, Samples


@dataclass(frozen=True, eq=False)
class Ground:
    """The items of some classes, whichever part they are in: row by row, which of ``parts`` and where in it."""

    parts: tuple[Samples, ...]
    places: Int64[np.ndarray, "row 2"]
    digest: str

    def __len__(self) -> int:
        return len(self.places)

    @cached_property
    def _row_of(self) -> dict[str, int]:
        ids = [self.parts[part].ids[place] for part, place in self.places.tolist()]
        return {str(name): row for row, name in enumerate(ids)}

    def rows_of(self, ids: Shaped[np.ndarray, " item"]) -> Int64[np.ndarray, " item"]:
        """The row of each of ``ids``."""
        row_of = self._row_of
        return np.array([row_of[name] for name in ids.tolist()], dtype=np.int64)

    def take(self, rows: Int64[np.ndarray, " row"]) -> Samples:
        """The items at ``rows``, in ascending order of the rows."""
        places = self.places[np.sort(rows)]
        taken = [
            part.take(places[places[:, 0] == number, 1])
            for number, part in enumerate(self.parts)
            if (places[:, 0] == number).any()
        ]
        if len(taken) == 1:
            return taken[0]
        planes, targets = torch.cat([part.planes for part in taken]), torch.cat([part.targets for part in taken])
        ids, groups = np.concatenate([part.ids for part in taken]), np.concatenate([part.groups for part in taken])
        return Samples(planes, targets, ids, groups)


@lru_cache(maxsize=4)
def ground_of(whole: Corpus | Collection, classes: tuple[int, ...]) -> Ground:
    """The items of ``whole`` whose strata are among ``classes``: those to train on first, then the other parts."""
    if isinstance(whole, Collection):
        parts: tuple[Samples, ...] = (whole.samples,)
    else:
        parts = tuple(part for part in (whole.train, whole.validation, whole.test) if part is not None)
    places = [
        np.stack([np.full(len(here), number), here], axis=1)
        for number, part in enumerate(parts)
        for here in [np.flatnonzero(np.isin(part.strata.numpy(), classes))]
    ]
    return Ground(parts, np.concatenate(places).astype(np.int64), whole.digest)
