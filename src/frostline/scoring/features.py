"""What the layers of a network give for planes, as features of items.

========  ==========================================================================================
symbol    meaning
========  ==========================================================================================
piece     one plane of an item: a sound has one for each of its segments, whose features are averaged
places    rows and columns of planes, tokens of a transformer
========  ==========================================================================================
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from jaxtyping import Float32, Shaped
from torch import Tensor, nn

from frostline.networks.network import Network
from frostline.scoring.items import ScoringFault
from frostline.scoring.nonlinearity import entering, last_activation
from frostline.spec.scoring import Scoring

BATCH = 256
MOST_BYTES = 4 * 2**30
GIB = 2**30


def layer_features(
    network: Network, planes: Shaped[Tensor, "piece ..."], scoring: Scoring
) -> Iterator[tuple[str, Float32[np.ndarray, "item feature"]]]:
    """Each layer of ``network``, input first, with what it gives for each item of ``planes``, in evaluation mode.

    The segments of an item stand in a row in ``planes``. Unpooled features are computed one layer at a time, so that no
    more than those are in memory. The network is left as it was.

    Raises:
        ScoringFault: unpooled features of a layer do not fit in 4 GiB, or a layer that is to be read before its
            activation does not end in one; every such layer at once.
    """
    with _evaluated(network):
        activations = _activations(network, planes[:1]) if scoring.nonlinearity == "before" else {}
        names = list(network.layers)
        if scoring.features == "unpooled":
            _refuse_large(network, planes, scoring, activations)
        for wanted in [names] if scoring.features == "pooled" else [[name] for name in names]:
            yield from _passed(network, planes, scoring, activations, wanted).items()


def head_probabilities(
    network: Network, planes: Shaped[Tensor, "piece ..."], scoring: Scoring
) -> Float32[np.ndarray, "item class"]:
    """The probability of each class of the head of ``network`` for each item of ``planes``, segments averaged."""
    with _evaluated(network):
        parts = [network(batch).float().softmax(dim=1).cpu() for batch in _batches(network, planes)]
        return _of_items(parts, scoring)


@contextmanager
def _evaluated(network: Network) -> Iterator[None]:
    training = network.training
    network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        network.train(training)


def _batches(network: Network, planes: Tensor) -> Iterator[Tensor]:
    device = next(network.parameters()).device
    for start in range(0, len(planes), BATCH):
        yield planes[start : start + BATCH].to(device)


def _passed(
    network: Network,
    planes: Tensor,
    scoring: Scoring,
    activations: Mapping[str, nn.Module],
    wanted: Collection[str],
) -> dict[str, Float32[np.ndarray, "item feature"]]:
    """The features of the layers that are ``wanted``; what lies above the last of them is not computed."""
    parts: dict[str, list[Tensor]] = {name: [] for name in wanted}
    for batch in _batches(network, planes):
        left = set(wanted)
        for name, layer in network.layers.items():
            batch, read = entering(layer, activations[name], batch) if name in activations else [layer(batch)] * 2
            if name in left:
                parts[name].append(_flat(read, scoring).float().cpu())
                left.remove(name)
            if not left:
                break
    return {name: _of_items(given, scoring) for name, given in parts.items()}


def _flat(given: Tensor, scoring: Scoring) -> Tensor:
    """One row a piece: the mean over places, or every number."""
    if scoring.features == "unpooled" or given.dim() < 3:
        return given.flatten(1)
    return given.mean(dim=(2, 3)) if given.dim() == 4 else given.mean(dim=1)


def _of_items(parts: list[Tensor], scoring: Scoring) -> Float32[np.ndarray, "item feature"]:
    rows, pieces = torch.cat(parts), scoring.dataset.segments
    if pieces > 1:
        rows = rows.reshape(-1, pieces, rows.shape[1]).mean(dim=1)
    averaged: np.ndarray = rows.numpy()
    return averaged


def _activations(network: Network, planes: Tensor) -> dict[str, nn.Module]:
    """The activation in which each layer ends.

    Raises:
        ScoringFault: names every layer that ends in none.
    """
    found: dict[str, nn.Module] = {}
    given = planes.to(next(network.parameters()).device)
    for name, layer in network.layers.items():
        activation = last_activation(layer, given)
        if activation is not None:
            found[name] = activation
        given = layer(given)
    without = [name for name in network.layers if name not in found]
    if without:
        raise ScoringFault(
            f"nonlinearity: before: {', '.join(without)} of {len(network.layers)} layers end in no activation, so that "
            "nothing enters one; use nonlinearity: after"
        )
    return found


def _refuse_large(network: Network, planes: Tensor, scoring: Scoring, activations: Mapping[str, nn.Module]) -> None:
    items = len(planes) // scoring.dataset.segments
    one = _passed(network, planes[: scoring.dataset.segments], scoring, activations, list(network.layers))
    faults = [
        f"{name} gives {features.shape[1]:,} numbers an item, {features.nbytes * items / GIB:.1f} GiB for {items:,}"
        for name, features in one.items()
        if features.nbytes * items > MOST_BYTES
    ]
    if faults:
        raise ScoringFault(
            f"features: unpooled: {'; '.join(faults)}; expected at most {MOST_BYTES / GIB:g} GiB a layer: use "
            "features: pooled or fewer items"
        )
