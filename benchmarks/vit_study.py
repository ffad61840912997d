"""The ViT freezing study that `vit_freezing.py` and `limit.py` time: its arms, Frostline's side, and the operations."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from vit_loops import BATCH, MOMENTUM, RATE, SEED, Timing, Work, divided, now_s, unfrozen_tokens

from frostline.data.ground import Ground
from frostline.data.planes import Items, Preprocessing
from frostline.data.samples import Samples
from frostline.networks.build import build
from frostline.networks.network import Fit, Network, above, frozen_depth
from frostline.operate import Operation, operate
from frostline.spec.dataset import Dataset
from frostline.spec.network import Timm
from frostline.spec.recipe import Precision, Recipe
from frostline.spec.surgery import Surgery
from frostline.training.evaluate import logits_of, outputs_of
from frostline.training.fit import Lesson, fit
from frostline.training.permafrost import Permafrost
from frostline.training.site import Site

ARMS = ("t13", "f1t12", "f4t9", "f7t6", "f13")
CLIPS, PASSES, A_PASS, EVALUATED = 1000, 20, 25, 20 * 100 + 100
CLASSES = 10
FIRST = 5


@dataclass(frozen=True)
class Cost:
    """What a training step, an evaluated item and a frozen item take: all in seconds, or all in operations."""

    step: float
    evaluated: float
    frozen: float = 0.0

    def trials(self, seeds: int) -> float:
        """What ``seeds`` trials of an arm take, but for the frozen items."""
        return seeds * (PASSES * A_PASS * self.step + EVALUATED * self.evaluated)

    def arm(self, seeds: int) -> float:
        """What an arm of ``seeds`` trials takes by itself."""
        return self.trials(seeds) + CLIPS * self.frozen


Costs = Mapping[tuple[str, str], Cost]
"""By arm and side."""


def study(costs: Costs, side: str, seeds: int) -> float:
    """What all arms take together; a deeper frozen prefix goes on from the one before, so the deepest is paid for."""
    arms = [costs[arm, side] for arm in ARMS]
    return sum(cost.trials(seeds) for cost in arms) + CLIPS * max(cost.frozen for cost in arms)


def donor_of(spec: Timm) -> Network:
    """The network that every arm of every side takes its weights from."""
    return build(spec, Fit(channels=3, size=spec.native_size, outputs=CLASSES, kept=len(spec.layer_names)), SEED)


def noise(items: int, size: int) -> Items:
    """Planes of noise, with targets."""
    planes = torch.randn(items, 3, size, size, generator=torch.Generator().manual_seed(items))
    return Items(planes, torch.arange(items) % CLASSES)


def operated(donor: Network, arm: str) -> Network:
    """The network of an arm, its head that of the donor, so that every side begins with the same weights."""
    return operate(donor, donor, Operation(Surgery.parse(arm), "kept"))


def frozen_layers(donor: Network, arm: str) -> int:
    """How many layers the arm freezes, the readout not among them."""
    return min(frozen_depth(operated(donor, arm)), len(donor.layers))


def frostline(network: Network, work: Work, precision: Precision, spec: Timm) -> tuple[Cost, Timing]:
    """What an arm costs Frostline in seconds, and what it loses at the first steps and on ``validation`` after them.

    What is frozen is computed, written to disk and read from there in every step, as in a study.
    """
    with tempfile.TemporaryDirectory() as folder:
        return _in(Path(folder), network, work, precision, spec)


def _in(folder: Path, network: Network, work: Work, precision: Precision, spec: Timm) -> tuple[Cost, Timing]:
    depth, device = frozen_depth(network), work.train.planes.device
    began = now_s(device)
    train = kept(folder / "train", network, depth, work.train, precision, spec)
    frozen_s = (now_s(device) - began) / len(work.train) if depth else 0.0
    validation = kept(folder / "validation", network, depth, work.validation, precision, spec)
    upper = above(network, depth)
    first = recipe(min(work.steps, FIRST), 1, precision)
    history = (
        fit(upper, Lesson(train, validation), first, SEED, "best").history
        if work.steps > 1 or not list(upper.layers)
        else ()
    )
    if not list(upper.layers):
        train, work = _repeated(train, A_PASS * BATCH), Work(train, validation, PASSES * A_PASS)
    began = now_s(device)
    logits_of(upper, validation, precision)
    evaluated_s = now_s(device) - began
    began = now_s(device)
    done = fit(upper, Lesson(train, validation), recipe(work.steps, A_PASS, precision), SEED, "best")
    fitted_s = now_s(device) - began - len(done.history) * evaluated_s
    seen = history or done.history
    losses = tuple(one.train_loss for one in seen)
    return Cost(fitted_s / work.steps, evaluated_s / len(validation), frozen_s), Timing(0, 0, losses, seen[-1].loss)


def recipe(steps: int, validate_every: int, precision: Precision) -> Recipe:
    """The recipe of the study over so many steps."""
    every = min(validate_every, steps)
    return Recipe(
        optimizer="sgd", rate=RATE, momentum=MOMENTUM, batch=BATCH, steps=steps, validate_every=every,
        stop_on="accuracy", precision=precision,
    )  # fmt: skip


def kept(folder: Path, network: Network, depth: int, items: Items, precision: Precision, spec: Timm) -> Items:
    """What the frozen parts give for ``items``, out of the store of activations, where it is put now."""
    if not depth:
        return items
    ids = np.array([str(number) for number in range(len(items))])
    # The card says that its planes go to 255, which preparing them undoes.
    samples = Samples(items.planes.cpu() * 255, items.targets.cpu(), ids, ids)
    places = np.stack([np.zeros(len(ids), dtype=np.int64), np.arange(len(ids))], axis=1)
    prepare = Preprocessing(Dataset(name="cifar10"), torch.zeros(3), torch.ones(3))
    site = Site(folder, Ground((samples,), places, "noise"), prepare, precision)
    found = Permafrost(site, network, depth, spec).items(samples)
    return found.to(items.planes.device)


def _repeated(items: Items, count: int) -> Items:
    chosen = torch.arange(count) % len(items)
    return Items(items.planes[chosen], items.targets[chosen])


@torch.inference_mode()
def lower(network: Network, depth: int, planes: Tensor, precision: Precision) -> Tensor:
    """What the lowest ``depth`` parts of ``network`` give for ``planes``, in chunks as they are stored."""
    if not depth:
        return planes
    parts = nn.Sequential(*list(network.parts.values())[:depth])
    below = Network({"below": parts}, nn.Identity(), nn.Identity(), ["below"])
    return torch.cat([outputs_of(below, chunk, precision) for chunk in planes.split(BATCH)])


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each part."""
    return Cost(
        median(cost.step for cost in costs),
        median(cost.evaluated for cost in costs),
        median(cost.frozen for cost in costs),
    )


def counted(donor: Network, plane: Tensor, sides: Sequence[str]) -> Costs:
    """What each arm and side costs in floating-point operations, without those of the optimiser; ``plane`` is one."""
    return {(arm, side): operations(donor, plane, arm, side) for arm in ARMS for side in sides}


def operations(donor: Network, plane: Tensor, arm: str, side: str) -> Cost:
    """The operations of an arm, counted on one ``plane``: what is frozen, what is trained, what is evaluated."""
    depth = frozen_layers(donor, arm)
    below, upper = divided(donor, depth)
    below.requires_grad_(False)
    if side == "published":
        return Cost(BATCH * flops(unfrozen_tokens(donor, depth), plane, "backward"), _whole(donor, plane))
    tokens = below(plane)
    frozen = flops(below, plane, "forward")
    step = flops(upper, tokens, "backward")
    if side == "frostline":
        return Cost(BATCH * step, flops(upper, tokens, "forward"), frozen)
    return Cost(BATCH * (frozen + step), _whole(donor, plane))


def _whole(donor: Network, plane: Tensor) -> float:
    return flops(donor, plane, "forward")


def flops(module: nn.Module, given: Tensor, direction: str) -> float:
    """The operations of a forward pass, or of one with its backward pass."""
    with FlopCounterMode(display=False) as counter, torch.set_grad_enabled(direction == "backward"):
        out = module(given)
        if direction == "backward":
            out.sum().backward()
    return float(counter.get_total_flops())
