"""Tiny networks and items, and the training loop written out in plain torch to compare with."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from frostline.data.planes import Items
from frostline.networks.build import build
from frostline.networks.network import Fit, Network
from frostline.randomness import stream
from frostline.spec.network import PlainCnn
from frostline.spec.recipe import Recipe
from frostline.training.batches import orders
from frostline.training.fit import Fitted, Lesson, fit

Step = Callable[[Network, torch.optim.Optimizer, Tensor, Tensor], None]


def network(depth: int = 2) -> Network:
    """A plain CNN for three classes of 8 x 8 planes."""
    return build(PlainCnn(name="plain_cnn", depth=depth, channels=4), Fit(1, 8, 3, depth), seed=3)


def items(count: int = 40, seed: int = 0) -> Items:
    """Noise whose mean tells the class."""
    generator = torch.Generator().manual_seed(seed)
    targets = torch.randint(0, 3, (count,), generator=generator)
    planes = torch.rand(count, 1, 8, 8, generator=generator) + targets[:, None, None, None].float()
    return Items(planes, targets)


def trained(recipe: Recipe, given: Network | None = None, seed: int = 0, train: Items | None = None) -> Fitted:
    """``given``, or the small network, trained on the small items."""
    lesson = Lesson(train or items(), items(20, 1))
    return fit(given or network(), lesson, recipe, seed, "checkpoints")


def plainly(given: Network, optimizer: torch.optim.Optimizer, steps: int, batch: int, step: Step) -> Network:
    """``given`` after ``steps`` of the loop that anybody would write, on the batches of seed 0."""
    shown = items()
    for chosen in orders(len(shown), batch, steps, stream(0, "batches")):
        optimizer.zero_grad()
        step(given, optimizer, shown.planes[chosen], shown.targets[chosen])
        optimizer.step()
    return given


def plain_step(given: Network, optimizer: torch.optim.Optimizer, planes: Tensor, targets: Tensor) -> None:
    """The gradient of the mean cross-entropy."""
    F.cross_entropy(given(planes), targets).backward()


def close(one: Network, other: Network, tolerance: float = 0.0) -> bool:
    """Whether every parameter and buffer agrees within ``tolerance``."""
    ours, theirs = one.state_dict(), other.state_dict()
    return all(torch.allclose(tensor, theirs[name], rtol=0, atol=tolerance) for name, tensor in ours.items())


def normed(dropout: float = 0.0) -> Network:
    """Three layers with batch norm, layer norm and dropout under a head, drawn at random."""
    generator = torch.Generator().manual_seed(1)
    low = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(dropout))
    middle = nn.Sequential(nn.Conv2d(4, 4, 3), nn.GroupNorm(2, 4), nn.ReLU(), nn.Dropout(dropout))
    high = nn.Sequential(nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.Dropout(dropout), nn.LayerNorm([4, 2, 2]))
    made = Network({"low": low, "middle": middle, "high": high}, nn.Flatten(), nn.Linear(16, 3))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=generator) - 0.3)
    return made


def frozen(given: Network, *names: str) -> Network:
    """A network of the modules of ``given`` with ``names`` frozen."""
    return Network(dict(given.layers.items()), given.readout, given.head, names)
