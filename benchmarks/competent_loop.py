"""The same trials by somebody who knows PyTorch: everything in memory, channels-last, only what is needed evaluated.

    python benchmarks/competent_loop.py TASK.json    # `benchmarks/cuts.py` writes the task and reads what is printed

Protocol, items, normalisation, precision (float32) and stopping rule are those of Frostline's side. Planes are
normalised once and lie in memory (on the GPU where there is one), batches are picked by index, nothing but the
validation part is evaluated in training, in batches of 256, and Adam is the one that takes all tensors at once. Torch
has all its threads. Trials run one after the other and share nothing but the weights file.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from plain_loop import DEVICE, Cell, Ended, Task, cut_network, read_task
from torch import Tensor, nn
from torchvision.datasets import FashionMNIST

EVALUATED_AT_ONCE = 256
Part = tuple[Tensor, Tensor]


def main() -> None:
    """Runs every cell of the task and prints what became of each."""
    task = read_task(Path(sys.argv[1]))
    for ended in competent_trials(task):
        print(json.dumps(dataclasses.asdict(ended)), flush=True)


def competent_trials(task: Task) -> Iterator[Ended]:
    """What each cell of ``task`` came to, in turn."""
    train, test = FashionMNIST(task.root, train=True), FashionMNIST(task.root, train=False)
    tested = torch.isin(test.targets, torch.tensor(task.classes)).nonzero().flatten()
    for cell in task.cells:
        yield competent_trial(task, cell, train, part_of(task, test, tested))


def part_of(task: Task, items: FashionMNIST, places: Tensor) -> Part:
    """Normalised planes and targets of ``items`` at ``places``, on the device, channels last."""
    planes = items.data[places][:, None].float().div_(255).sub_(task.mean).div_(task.deviation)
    targets = torch.searchsorted(torch.tensor(task.classes), items.targets[places])
    return planes.to(DEVICE).to(memory_format=torch.channels_last), targets.to(DEVICE)


def competent_trial(task: Task, cell: Cell, items: FashionMNIST, test: Part) -> Ended:
    """One trial from its weights file to its test accuracy."""
    began = time.perf_counter()
    train, validation = (part_of(task, items, torch.tensor(places)) for places in (cell.train, cell.validation))
    network = cut_network(task, cell.cut).to(memory_format=torch.channels_last).train()
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=task.rate, foreach=True)
    best, best_state, waited, passes = float("inf"), copy.deepcopy(network.state_dict()), 0, 0
    looped = time.perf_counter()
    while passes < cell.passes and waited < task.patience:
        for chosen in torch.randperm(len(train[1]), device=DEVICE).split(task.batch):
            optimizer.zero_grad()
            F.cross_entropy(network(train[0][chosen]), train[1][chosen]).backward()
            optimizer.step()
        passes += 1
        loss = float(F.cross_entropy(logits_of(network, validation[0]), validation[1]))
        waited += 1
        if loss < best:
            best, best_state, waited = loss, copy.deepcopy(network.state_dict()), 0
    in_passes = time.perf_counter() - looped
    network.load_state_dict(best_state)
    accuracy = float((logits_of(network, test[0]).argmax(1) == test[1]).float().mean())
    return Ended(cell.cut, cell.share, time.perf_counter() - began, in_passes, passes, accuracy)


@torch.inference_mode()
def logits_of(network: nn.Module, planes: Tensor) -> Tensor:
    """The logits of all ``planes``."""
    return torch.cat([network(some) for some in planes.split(EVALUATED_AT_ONCE)])


if __name__ == "__main__":
    main()
