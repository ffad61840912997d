"""How near the synthetic items of a share come to real ones that their generator has not seen, kept beside them."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from frostline.augmentation.fidelity import FEWEST, fidelity
from frostline.augmentation.gan_files import whole
from frostline.augmentation.shown import PreparedRows
from frostline.augmentation.synthesize import SYNTHETIC, Synthetic
from frostline.data.planes import Preprocessing
from frostline.data.rows import Rows
from frostline.data.splits import Splits
from frostline.errors import DataFault
from frostline.networks.network import Network
from frostline.outcome import Fidelity
from frostline.spec.synthesis import Synthesis

MOST = 500
"""So many items of a kind are compared at most, evenly taken."""
BATCH = 64


def fidelity_path(folder: Path, synthesis: Synthesis) -> Path:
    """Where, in the ``folder`` of a study, it is kept how near the items of ``synthesis`` come to real ones."""
    return folder / SYNTHETIC / f"{synthesis.key}.json"


def fidelity_of(folder: Path, synthesis: Synthesis) -> Fidelity | None:
    """How near the items of ``synthesis`` come to real ones; None where that was never measured.

    Raises:
        DataFault: what is kept is damaged.
    """
    path = fidelity_path(folder, synthesis)
    try:
        return Fidelity.model_validate_json(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        raise DataFault(f"{path} is damaged; remove it") from None


def judged(
    made: Synthetic, splits: Splits, prepare: Preprocessing, backbone: Network, device: torch.device
) -> Fidelity | None:
    """How near ``made`` comes to the validation items of ``splits``, in what the layers of ``backbone`` give.

    None where there are too few items of some kind. The test part stays sealed, and ``backbone`` as it is.
    """
    if min(len(made), len(splits.train), len(splits.validation)) < FEWEST:
        return None
    frozen = copy.deepcopy(backbone).eval().to(device)
    synthetic = _features(PreparedRows(made.planes, prepare), _even(len(made)), prepare, frozen)
    learned, held = (
        _features(prepare(part.take(_even(len(part)))).planes, np.arange(min(len(part), MOST)), prepare, frozen)
        for part in (splits.train, splits.validation)
    )
    return fidelity(synthetic, learned, held)


def keep_fidelity(folder: Path, synthesis: Synthesis, found: Fidelity) -> None:
    """Keeps ``found`` in the ``folder`` of a study."""
    whole(fidelity_path(folder, synthesis), lambda path: path.write_text(found.model_dump_json()))


def _even(count: int) -> Int64[np.ndarray, " item"]:
    """The places of at most ``MOST`` of ``count`` items, evenly taken."""
    places: np.ndarray = np.linspace(0, count - 1, min(count, MOST)).astype(np.int64)
    return places


def _features(
    planes: Tensor | Rows | PreparedRows, items: Int64[np.ndarray, " item"], prepare: Preprocessing, network: Network
) -> Float[np.ndarray, "item feature"]:
    """What the last layer of ``network`` gives for ``items`` of ``planes``, averaged over places and over pieces."""
    pieces = prepare.dataset.segments
    rows = (torch.from_numpy(items)[:, None] * pieces + torch.arange(pieces)).flatten()
    with torch.inference_mode():
        given = torch.cat([_pooled(network, planes[chosen]) for chosen in torch.split(rows, BATCH)])
    averaged: np.ndarray = given.reshape(-1, pieces, given.shape[1]).mean(dim=1).numpy()
    return averaged


def _pooled(network: Network, planes: Tensor) -> Tensor:
    given: Tensor = planes.to(next(network.parameters()).device)
    for layer in network.layers.values():
        given = layer(given)
    if given.dim() > 2:
        given = given.mean(dim=(2, 3)) if given.dim() == 4 else given.mean(dim=1)
    return given.float().cpu()
