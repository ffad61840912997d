"""The optimiser and the course of its rate, as the recipe names them."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LambdaLR, LRScheduler, OneCycleLR

from frostline.networks.network import Network
from frostline.spec.recipe import Recipe


def optimizer_of(recipe: Recipe, network: Network) -> torch.optim.Optimizer:
    """The recipe's optimiser over those parameters of ``network`` that need a gradient, a group for each rate."""
    groups: dict[float, list[nn.Parameter]] = {}
    for steps_below, module in _from_the_bottom(network):
        rate = recipe.rate * recipe.layer_decay**steps_below
        groups.setdefault(rate, []).extend(p for p in module.parameters() if p.requires_grad)
    trainable = [{"params": parameters, "lr": rate} for rate, parameters in groups.items() if parameters]
    match recipe.optimizer:
        case "sgd":
            return torch.optim.SGD(
                trainable, lr=recipe.rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay, foreach=True
            )
        case "adam":
            return torch.optim.Adam(trainable, lr=recipe.rate, weight_decay=recipe.weight_decay, foreach=True)
        case "adamw":
            return torch.optim.AdamW(trainable, lr=recipe.rate, weight_decay=recipe.weight_decay, foreach=True)


def _from_the_bottom(network: Network) -> list[tuple[int, nn.Module]]:
    """Each layer, the readout and the head, with how many steps of decay its rate lies below the head's."""
    layers = list(network.layers.values())
    placed = [(len(layers) - index, layer) for index, layer in enumerate(layers)]
    return [*placed, (1, network.readout), (0, network.head)]


def schedule_of(recipe: Recipe, optimizer: torch.optim.Optimizer, steps: int) -> LRScheduler:
    """The course of every group's rate over ``steps`` steps; the momentum stays as the recipe says."""
    if recipe.warmup_steps:
        return LambdaLR(optimizer, lambda done: _warmed_up(recipe, done, steps))
    match recipe.schedule:
        case "constant":
            return ConstantLR(optimizer, factor=1.0, total_iters=0)
        case "cosine":
            return CosineAnnealingLR(optimizer, T_max=steps)
        case "one-cycle":
            highest = [group["lr"] for group in optimizer.param_groups]
            return OneCycleLR(optimizer, max_lr=highest, total_steps=steps + 1, cycle_momentum=False)


def _warmed_up(recipe: Recipe, done: int, steps: int) -> float:
    """The part of its full rate at which a group takes its next step after ``done`` of ``steps``."""
    if done < recipe.warmup_steps:
        return (done + 1) / recipe.warmup_steps
    if recipe.schedule == "constant":
        return 1.0
    return 0.5 + 0.5 * math.cos(math.pi * (done - recipe.warmup_steps) / max(steps - recipe.warmup_steps, 1))
