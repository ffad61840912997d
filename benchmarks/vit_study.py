"""The ViT freezing study that `vit_freezing.py` and `limit.py` time: its arms, Frostline's side, and the operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from vit_loops import BATCH, MOMENTUM, RATE, SEED, Timing, Work, divided, now_s, unfrozen_tokens

from frostline.data.planes import Items
from frostline.networks.build import build
from frostline.networks.network import Fit, Network, above, frozen_depth
from frostline.operate import Operation, operate
from frostline.spec.network import Timm
from frostline.spec.recipe import Precision, Recipe
from frostline.spec.surgery import Surgery
from frostline.training.evaluate import logits_of, outputs_of
from frostline.training.fit import Lesson, fit

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


def frostline(network: Network, work: Work, precision: Precision) -> tuple[Cost, Timing]:
    """What an arm costs Frostline in seconds, and what it loses at the first steps and on ``validation`` after them."""
    depth, device = frozen_depth(network), work.train.planes.device
    began = now_s(device)
    train = Items(lower(network, depth, work.train.planes, precision), work.train.targets)
    frozen_s = (now_s(device) - began) / len(work.train) if depth else 0.0
    validation = Items(lower(network, depth, work.validation.planes, precision), work.validation.targets)
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


def _repeated(items: Items, count: int) -> Items:
    times = -(-count // len(items))
    return Items(torch.cat([items.planes] * times)[:count], items.targets.repeat(times)[:count])


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
