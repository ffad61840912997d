"""The fixed versions of augmented items that take turns in training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from frostline.data.planes import Items, of_pieces
from frostline.data.rows import Rows, StoredRows
from frostline.data.samples import Samples
from frostline.training.site import CHUNK, Site


def in_views(site: Site, samples: Samples, items_of: Callable[[Site, Samples], Items]) -> Items:
    """Every version of ``samples``, one version after the other, each as ``items_of`` gives it for the site of it."""
    views = site.augmentation.views
    assert views is not None
    given = [items_of(replace(site, view=view), samples) for view in range(views)]
    planes = [items.planes for items in given]
    targets = torch.cat([items.targets for items in given])
    return Items(_one_after_the_other(planes), targets, given[0].pieces, given[0].task)


def planes_in_view(site: Site, samples: Samples) -> Items:
    """The planes of ``samples`` in the version of ``site``; drawn chunk by chunk, so that no trial moves a draw."""
    rows, pieces = site.ground.rows_of(samples.ids), site.prepare.dataset.segments
    planes: Tensor | None = None
    for chunk in np.unique(rows // CHUNK).tolist():
        here = np.flatnonzero(rows // CHUNK == chunk)
        seen = site.planes(chunk)
        seen = seen.reshape(-1, pieces, *seen.shape[1:])
        if planes is None:
            planes = torch.empty((len(rows), *seen.shape[1:]))
        planes[torch.from_numpy(here)] = seen[torch.from_numpy(rows[here] % CHUNK)]
    assert planes is not None
    return Items(planes.flatten(0, 1), of_pieces(samples.targets, pieces), pieces, site.prepare.dataset.task)


def _one_after_the_other(planes: list[Tensor | Rows]) -> Tensor | StoredRows:
    stored = [rows for rows in planes if isinstance(rows, StoredRows)]
    if not stored:
        return torch.cat([part for part in planes if isinstance(part, Tensor)])
    files, places = tuple[Tensor, ...](), []
    for rows in stored:
        places.append(rows.places + np.array([len(files), 0]))
        files += rows.files
    return StoredRows(files, np.concatenate(places), stored[0].axes)
