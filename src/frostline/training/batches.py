"""The batches of a training, in an order that only the seed decides."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from frostline.data.planes import Items


def orders(items: int, batch: int, steps: int, generator: np.random.Generator) -> Iterator[Int64[Tensor, " chosen"]]:
    """``steps`` sets of positions: passes over all ``items``, each in a fresh order, in batches, the last smaller."""
    left = steps
    while left > 0:
        order = torch.from_numpy(generator.permutation(items))
        yield from torch.split(order, batch)[:left]
        left -= -(-items // batch)


def in_turns(positions: Iterator[Tensor], items: int, views: int) -> Iterator[Int64[Tensor, " chosen"]]:
    """``positions`` among ``items``, pass by pass moved on to the next of their ``views``, which lie in a row."""
    seen = 0
    for chosen in positions:
        yield chosen + seen // items % views * items
        seen += len(chosen)


class _Batches(Dataset[Items]):
    """The items at a set of positions, for worker processes of torch's loader."""

    def __init__(self, items: Items) -> None:
        self.items = items

    def __getitem__(self, chosen: Tensor) -> Items:
        return Items(self.items.planes[chosen], self.items.targets[chosen], task=self.items.task)


def batches(items: Items, positions: Iterator[Tensor], loader_workers: int) -> Iterator[Items]:
    """The batches at ``positions``, in order; ``loader_workers`` processes prepare them ahead, with equal results."""
    source = _Batches(items)
    if loader_workers == 0:
        return (source[chosen] for chosen in positions)
    generator = torch.Generator().manual_seed(0)
    sampler = list(positions)
    return iter(DataLoader(source, batch_size=None, sampler=sampler, num_workers=loader_workers, generator=generator))
