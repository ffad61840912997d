"""The loops that a ViT freezing study is run with elsewhere, each timed on the same items, for `vit_freezing.py`.

Every side takes a network of Frostline's as a donor, whose weights it copies, a depth (how many of its layers, input
first, are frozen; at full depth the final norm too) and a piece of work, and gives a `Timing`. A side whose frozen
layers are truly frozen needs no gradient below them; the published one keeps the class token and the position
embedding trainable, so that every gradient runs to the bottom.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from frostline.data.planes import Items
from frostline.networks.network import Network
from frostline.networks.timm_vit import PatchLayer
from frostline.randomness import stream
from frostline.training.batches import orders

RATE, MOMENTUM, BATCH = 1e-3, 0.9, 32
SEED = 0


@dataclass(frozen=True)
class Work:
    """What a side is timed on: ``steps`` of a batch over ``train``, then one evaluation of ``validation``."""

    train: Items
    validation: Items
    steps: int

    @property
    def passes(self) -> int:
        """The passes over ``train`` that the steps make."""
        return -(-self.steps // -(-len(self.train) // BATCH))


@dataclass(frozen=True)
class Timing:
    """Seconds of a training step and of evaluating an item; what was lost a step, and on ``validation`` afterwards."""

    step_s: float
    evaluated_s: float
    losses: tuple[float, ...] = ()
    validation_loss: float = math.nan


Side = Callable[[Network, int, Work], Timing]


def now_s(device: torch.device) -> float:
    """The time when ``device`` has done all that it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def divided(network: Network, depth: int) -> tuple[nn.Sequential, nn.Sequential]:
    """A copy of ``network`` in two parts: its lowest ``depth`` layers (all: the readout too), and what lies above."""
    parts = list(copy.deepcopy(network).parts.values())
    below = depth + (depth == len(network.layers))
    return nn.Sequential(*parts[:below]), nn.Sequential(*parts[below:], copy.deepcopy(network.head))


def published(network: Network, depth: int, work: Work) -> Timing:
    """The loop as its authors wrote it: frozen by ``requires_grad``, but for the class token and the positions."""
    model = unfrozen_tokens(network, depth)
    train = DataLoader(pairs(work.train), batch_size=BATCH, shuffle=True)
    validation = DataLoader(pairs(work.validation), batch_size=BATCH)
    return _tutorial(model, train, validation, work)


def unfrozen_tokens(network: Network, depth: int) -> nn.Module:
    """A copy of ``network`` with its lowest ``depth`` layers frozen, all but the class token and the positions."""
    below, above = divided(network, depth)
    below.requires_grad_(False)
    model = nn.Sequential(below, above)
    for layer in model.modules():
        if isinstance(layer, PatchLayer):
            for token in (layer.cls_token, layer.pos_embed):
                assert isinstance(token, nn.Parameter)
                token.requires_grad_(True)
    return model


def _tutorial(model: nn.Module, train: Loader, validation: Loader, work: Work) -> Timing:
    """The loop of every tutorial over loaders; the optimiser is given every parameter."""
    device = next(model.parameters()).device
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
    losses, training_s, evaluating_s, left = [], 0.0, 0.0, work.steps
    while left > 0:
        began = now_s(device)
        model.train()
        for (planes, targets), _ in zip(train, range(left), strict=False):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(planes.to(device)), targets.to(device))
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            losses.append(loss.item())
        left -= len(train)
        trained = now_s(device)
        model.eval()
        with torch.no_grad():
            for planes, targets in validation:
                F.cross_entropy(model(planes.to(device)), targets.to(device)).item()
        training_s, evaluating_s = training_s + trained - began, evaluating_s + now_s(device) - trained
    return timing(training_s, evaluating_s, work, losses)


def competent(network: Network, depth: int, work: Work) -> Timing:
    """A loop by someone who knows PyTorch: items in memory, no gradient below, SGD over lists; nothing is kept."""
    below, above = divided(network, depth)
    below.requires_grad_(False).eval()
    device = work.train.planes.device
    optimizer = torch.optim.SGD(above.parameters(), lr=RATE, momentum=MOMENTUM, foreach=True)
    losses: list[Tensor] = []
    began = now_s(device)
    above.train()
    for chosen in orders(len(work.train), BATCH, work.steps, stream(SEED, "batches")):
        with torch.no_grad():
            lower = below(work.train.planes[chosen])
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(above(lower), work.train.targets[chosen])
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.detach())
    trained = now_s(device)
    with torch.inference_mode():
        logits = nn.Sequential(below, above).eval()(work.validation.planes)
        validation_loss = float(F.cross_entropy(logits, work.validation.targets))
    evaluated_s = (now_s(device) - trained) / len(work.validation)
    return Timing((trained - began) / work.steps, evaluated_s, tuple(map(float, losses)), validation_loss)


def timing(training_s: float, evaluating_s: float, work: Work, losses: list[float]) -> Timing:
    """What all the training and all the evaluations of ``work`` come to."""
    items = work.passes * len(work.validation)
    return Timing(training_s / work.steps, evaluating_s / items, tuple(losses))


def pairs(items: Items) -> TensorDataset:
    """The items as loaders read them."""
    return TensorDataset(items.planes, items.targets)


Loader = DataLoader[tuple[Tensor, ...]]
