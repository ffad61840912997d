"""One optimiser step of ViT-B/16 at 224, against plain timm and PyTorch. Goal: at most 10 % slower.

    python benchmarks/vit_step.py           # ViT-B/16, 8 planes of 3 x 224 x 224, about 2.5 GB of memory
    python benchmarks/vit_step.py --small   # ViT-Ti/16, to see that it runs

Both sides begin with the same weights, in float32, and take the same batch and SGD with momentum 0.9. Plain is the
loop of every tutorial: the model as timm makes it, cross entropy, ``backward``, ``step``. Frostline is what its
training loop does a step: the layers taken apart, the recipe's loss and gradient, its optimiser and its schedule. That
both reach the same loss after a step is checked first. They take turns, and which is first changes from round to
round. A row gives the median time of a step and the median, lowest and highest ratio of the rounds, with one thread
and with all.
"""

from __future__ import annotations

import copy
import os
import sys
import time
from collections.abc import Callable
from statistics import median

import torch
import torch.nn.functional as F
from torch import nn

from frostline.augmentation.batch import Batch
from frostline.networks.network import Fit, Network
from frostline.networks.timm_networks import disassemble, timm_model
from frostline.spec.network import Timm
from frostline.spec.recipe import Recipe
from frostline.tasks.task import Objective
from frostline.training.gradient import with_gradient
from frostline.training.optimizers import optimizer_of, schedule_of

MODEL, SMALL = "vit_base_patch16_224", "vit_tiny_patch16_224"
ROUNDS = 5
ITEMS = 8
CLASSES = 10
RECIPE = Recipe(optimizer="sgd", rate=1e-3, momentum=0.9, batch=ITEMS, steps=10_000)
TOLERANCE = 1e-4

Step = Callable[[], float]


def main() -> None:
    """Prints the time of a step of both sides and their ratio, with one thread and with all."""
    name = SMALL if "--small" in sys.argv[1:] else MODEL
    spec = Timm(name="timm", model=name)
    fit = Fit(channels=3, size=spec.native_size, outputs=CLASSES, kept=len(spec.layer_names))
    model = timm_model(spec, fit).train()
    batch = batch_of(fit)
    steps = plain_step(copy.deepcopy(model), batch), frostline_step(disassemble(model), batch)
    print(f"python {' '.join(sys.argv)}")
    print(f"{name}, {ITEMS} planes of {fit.channels} x {fit.size} x {fit.size}, float32, SGD with momentum")
    print(f"{os.cpu_count()} cores, torch {torch.__version__}, {ROUNDS} rounds\n")
    agree(*steps)
    print(f"{'ms a step':12s}{'plain':>9s}{'frostline':>11s}{'ratio':>7s}{'lowest':>8s}{'highest':>9s}")
    for threads in sorted({1, torch.get_num_threads()}):
        torch.set_num_threads(threads)
        row(f"{threads} thread{'s' if threads > 1 else ''}", *steps)


def batch_of(fit: Fit) -> Batch:
    """A batch of noise."""
    noise = torch.Generator().manual_seed(0)
    planes = torch.randn(ITEMS, fit.channels, fit.size, fit.size, generator=noise)
    return Batch(planes, torch.arange(ITEMS) % fit.outputs)


def plain_step(model: nn.Module, batch: Batch) -> Step:
    """A step of plain PyTorch; it returns the loss before it."""
    optimizer = torch.optim.SGD(model.parameters(), lr=RECIPE.rate, momentum=RECIPE.momentum)

    def step() -> float:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(batch.planes), batch.targets)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return float(loss.detach())

    return step


def frostline_step(network: Network, batch: Batch) -> Step:
    """A step of Frostline's training loop; it returns the loss before it."""
    assert RECIPE.steps is not None
    network.train()
    optimizer = optimizer_of(RECIPE, network)
    schedule = schedule_of(RECIPE, optimizer, RECIPE.steps)

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = with_gradient(network, batch, Objective(RECIPE))
        optimizer.step()
        schedule.step()
        return float(loss)

    return step


def agree(plain: Step, frostline: Step) -> None:
    """Nothing, where both sides have the same loss before a step and after it."""
    for when in ("before", "after"):
        ours, theirs = frostline(), plain()
        if abs(ours - theirs) > TOLERANCE:
            raise SystemExit(f"the losses differ {when} the first step: {ours:.6f} and {theirs:.6f} of plain PyTorch")


def row(title: str, plain: Step, frostline: Step) -> None:
    """Prints the times of both sides and the ratio of each round, once a round has warmed up."""
    plain_s: list[float] = []
    frostline_s: list[float] = []
    for number in range(ROUNDS + 1):
        sides = [(plain, plain_s), (frostline, frostline_s)]
        for step, times_s in sides if number % 2 else reversed(sides):
            began = time.perf_counter()
            step()
            times_s.append(time.perf_counter() - began)
    ratios = [ours / theirs for ours, theirs in zip(frostline_s[1:], plain_s[1:], strict=True)]
    print(
        f"{title:12s}{1e3 * median(plain_s[1:]):9.1f}{1e3 * median(frostline_s[1:]):11.1f}"
        f"{median(ratios):7.3f}{min(ratios):8.3f}{max(ratios):9.3f}"
    )


if __name__ == "__main__":
    main()
