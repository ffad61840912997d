"""A layer-cut study as its authors run it: a plain PyTorch loop, one item at a time through PIL and transforms.

    python benchmarks/plain_loop.py TASK.json    # `benchmarks/cuts.py` writes the task and reads what is printed

For each trial: torchvision's Fashion-MNIST through ``ToTensor`` and ``Normalize`` in a ``DataLoader``, the pretrained
weights read from disk into the layers below the cut, which are frozen by ``requires_grad = False``, a fresh Adam, and
after each pass the loss and accuracy of the whole training and validation sets of the share; training ends after
``patience`` passes without a lower validation loss, the best weights are put back, and the test part is measured last.
Nothing is done about threads. On a machine with CUDA everything but the items is there. A line of JSON a trial is
printed, at once.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision.datasets import FashionMNIST
from torchvision.transforms import Compose, Normalize, ToTensor

DEPTH, CHANNELS, FEATURES = 6, 64, 64 * 3 * 3
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass(frozen=True)
class Cell:
    """One trial: how many layers are frozen, the share, and which of torchvision's training items it learns from.

    ``passes`` is the most that it takes.
    """

    cut: int
    share: float
    passes: int
    train: tuple[int, ...]
    validation: tuple[int, ...]


@dataclass(frozen=True)
class Task:
    """The cells to run in turn, and what they have in common."""

    root: str
    weights: str
    classes: tuple[int, ...]
    mean: float
    deviation: float
    batch: int
    patience: int
    rate: float
    loader_workers: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Ended:
    """What a cell came to: seconds in all and in its passes, how many passes, and the accuracy on the test part."""

    cut: int
    share: float
    seconds: float
    seconds_in_passes: float
    passes: int
    accuracy: float


def read_task(path: Path) -> Task:
    """The task in the JSON file at ``path``."""
    content = json.loads(path.read_text())
    return Task(**{**content, "cells": tuple(Cell(**cell) for cell in content["cells"])})


class Cnn(nn.Module):
    """Six convolutions with ReLU, average pooling after every second, a dense layer; names as in the weights file."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.layers = nn.ModuleDict()
        for index in range(DEPTH):
            parts = [nn.Conv2d(CHANNELS if index else 1, CHANNELS, 3, padding=1), nn.ReLU()]
            self.layers[f"conv{index + 1}"] = nn.Sequential(*parts, *([nn.AvgPool2d(2, 2)] if index % 2 else []))
        self.head = nn.Sequential(nn.Linear(FEATURES, outputs))

    def forward(self, planes: Tensor) -> Tensor:
        """The logits of ``planes``."""
        for layer in self.layers.values():
            planes = layer(planes)
        return self.head(planes.flatten(1))


def cut_network(task: Task, cut: int) -> Cnn:
    """A network whose lowest ``cut`` layers are the pretrained ones, frozen, and whose others are fresh."""
    network = Cnn(len(task.classes))
    kept = tuple(f"layers.conv{index + 1}." for index in range(cut))
    pretrained = {name: tensor for name, tensor in load_file(task.weights).items() if name.startswith(kept)}
    network.load_state_dict({**network.state_dict(), **pretrained})
    for name, parameter in network.named_parameters():
        parameter.requires_grad = not name.startswith(kept)
    return network.to(DEVICE)


def main() -> None:
    """Runs every cell of the task and prints what became of each."""
    task = read_task(Path(sys.argv[1]))
    for ended in plain_trials(task):
        print(json.dumps(dataclasses.asdict(ended)), flush=True)


def plain_trials(task: Task) -> Iterator[Ended]:
    """What each cell of ``task`` came to, in turn."""
    label = {position: place for place, position in enumerate(task.classes)}
    as_seen = Compose([ToTensor(), Normalize((task.mean,), (task.deviation,))])
    parts = [
        FashionMNIST(task.root, train=train, transform=as_seen, target_transform=label.__getitem__)
        for train in (True, False)
    ]
    tested = [place for place, position in enumerate(parts[1].targets.tolist()) if position in label]
    for cell in task.cells:
        yield plain_trial(task, cell, parts[0], Subset(parts[1], tested))


def plain_trial(task: Task, cell: Cell, items: FashionMNIST, test: Dataset[tuple[Tensor, int]]) -> Ended:
    """One trial from its weights file to its test accuracy."""
    began = time.perf_counter()
    chosen = Subset(items, cell.train), Subset(items, cell.validation)
    shuffled = DataLoader(chosen[0], task.batch, shuffle=True, num_workers=task.loader_workers)
    train, validation, tested = (
        DataLoader(part, task.batch, num_workers=task.loader_workers) for part in (*chosen, test)
    )
    network = cut_network(task, cell.cut)
    optimizer = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=task.rate)
    best, best_state, waited, passes = float("inf"), copy.deepcopy(network.state_dict()), 0, 0
    looped = time.perf_counter()
    while passes < cell.passes and waited < task.patience:
        network.train()
        for planes, targets in shuffled:
            optimizer.zero_grad()
            F.cross_entropy(network(planes.to(DEVICE)), targets.to(DEVICE)).backward()
            optimizer.step()
        passes += 1
        evaluated(network, train)
        loss, _ = evaluated(network, validation)
        waited += 1
        if loss < best:
            best, best_state, waited = loss, copy.deepcopy(network.state_dict()), 0
    in_passes = time.perf_counter() - looped
    network.load_state_dict(best_state)
    _, accuracy = evaluated(network, tested)
    return Ended(cell.cut, cell.share, time.perf_counter() - began, in_passes, passes, accuracy)


def evaluated(network: nn.Module, loader: DataLoader[tuple[Tensor, int]]) -> tuple[float, float]:
    """Mean loss and accuracy of ``network`` on everything in ``loader``."""
    network.eval()
    loss, right, count = 0.0, 0, 0
    with torch.no_grad():
        for planes, targets in loader:
            logits, truth = network(planes.to(DEVICE)), targets.to(DEVICE)
            loss += F.cross_entropy(logits, truth, reduction="sum").item()
            right += int((logits.argmax(1) == truth).sum().item())
            count += len(targets)
    return loss / count, right / count


if __name__ == "__main__":
    main()
