"""The optimiser and the course of its rate, as the recipe names them."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LRScheduler, OneCycleLR

from frostline.spec.recipe import Recipe


def optimizer_of(recipe: Recipe, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The recipe's optimiser over those ``parameters`` that need a gradient."""
    trainable = [parameter for parameter in parameters if parameter.requires_grad]
    match recipe.optimizer:
        case "sgd":
            return torch.optim.SGD(
                trainable, lr=recipe.rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay, foreach=True
            )
        case "adam":
            return torch.optim.Adam(trainable, lr=recipe.rate, weight_decay=recipe.weight_decay, foreach=True)
        case "adamw":
            return torch.optim.AdamW(trainable, lr=recipe.rate, weight_decay=recipe.weight_decay, foreach=True)


def schedule_of(recipe: Recipe, optimizer: torch.optim.Optimizer, steps: int) -> LRScheduler:
    """The course of the rate over ``steps`` steps; the momentum stays as the recipe says."""
    match recipe.schedule:
        case "constant":
            return ConstantLR(optimizer, factor=1.0, total_iters=0)
        case "cosine":
            return CosineAnnealingLR(optimizer, T_max=steps)
        case "one-cycle":
            return OneCycleLR(optimizer, max_lr=recipe.rate, total_steps=steps + 1, cycle_momentum=False)
