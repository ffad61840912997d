"""A training step of a worker, which keeps the memory it frees, beside one of a process that gives it back.

    python benchmarks/allocation.py

Both sides are the same step of the same network on the same random planes, each side in a fresh process of one thread;
rounds take turns. Times are of the processor (user and system), which other work on the machine disturbs little. A row
gives the milliseconds of a step on both sides, how much of them the system took, the highest resident memory, and the
ratio of the medians.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from statistics import median

import torch

from frostline.allocation import keep_freed
from frostline.augmentation.batch import Batch
from frostline.networks.build import build
from frostline.networks.network import Fit
from frostline.spec.mtt_vgg import MttVgg
from frostline.spec.network import NetworkSpec, PlainCnn, Timm
from frostline.spec.recipe import Recipe
from frostline.tasks.task import Objective
from frostline.training.gradient import with_gradient
from frostline.training.optimizers import optimizer_of

ROUNDS, WARM, STEPS = 3, 2, 5
PLAIN = Recipe(steps=1)
SUBJECTS: dict[str, tuple[NetworkSpec, tuple[int, int, int, int], Recipe]] = {
    "plain CNN": (PlainCnn(name="plain_cnn"), (64, 1, 28, 28), PLAIN),
    "MTT VGG": (MttVgg(name="mtt_vgg"), (32, 1, 96, 96), PLAIN),
    "MTT VGG, bfloat16": (MttVgg(name="mtt_vgg"), (32, 1, 96, 96), Recipe(steps=1, precision="bfloat16")),
    "ResNet-18": (Timm(name="timm", model="resnet18"), (16, 3, 128, 128), PLAIN),
    "ViT-Ti/16": (Timm(name="timm", model="vit_tiny_patch16_224"), (16, 3, 224, 224), PLAIN),
}


def main() -> None:
    """Prints a row for each network, or, given a side and a network, what one process of that side measured."""
    if len(sys.argv) == 3:
        print(json.dumps(measured(sys.argv[2], keeps=sys.argv[1] == "kept")))
        return
    print(f"python {' '.join(sys.argv)}")
    print(f"{os.cpu_count()} cores, torch {torch.__version__}, {ROUNDS} rounds of {STEPS} steps")
    print(
        f"{'network':20s}{'given back':>12s}{'system':>8s}{'MiB':>7s}{'kept':>8s}{'system':>8s}{'MiB':>7s}{'ratio':>8s}"
    )
    for name in SUBJECTS:
        rounds: dict[str, list[list[float]]] = {"given": [], "kept": []}
        for number in range(ROUNDS):
            for side in sorted(rounds, reverse=bool(number % 2)):
                rounds[side].append(in_a_fresh_process(side, name))
        given, kept = ([median(column) for column in zip(*rounds[side], strict=True)] for side in ("given", "kept"))
        figures = f"{given[0]:12.1f}{given[1]:8.1f}{given[2]:7.0f}{kept[0]:8.1f}{kept[1]:8.1f}{kept[2]:7.0f}"
        print(f"{name:20s}{figures}{given[0] / kept[0]:8.2f}", flush=True)


def in_a_fresh_process(side: str, name: str) -> list[float]:
    """What ``measured`` gives in a process of its own, whose environment says nothing of memory."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")}
    command = [sys.executable, __file__, side, name]
    done = subprocess.run(command, env=clean, stdout=subprocess.PIPE, text=True, check=True)
    figures: list[float] = json.loads(done.stdout)
    return figures


def measured(name: str, keeps: bool) -> list[float]:
    """Milliseconds of the processor a step, how many of them are the system's, and the most MiB held."""
    if keeps and not keep_freed():
        raise SystemExit("this C library cannot be told to keep what was freed")
    torch.set_num_threads(1)
    spec, shape, recipe = SUBJECTS[name]
    fit = Fit(channels=shape[1], size=shape[2], outputs=10, kept=len(spec.layer_names))
    network = build(spec, fit, seed=0).train()
    batch = Batch(torch.rand(shape), torch.arange(shape[0]) % 10)
    optimizer, objective = optimizer_of(recipe, network), Objective(recipe)
    before = resource.getrusage(resource.RUSAGE_SELF)
    for number in range(WARM + STEPS):
        if number == WARM:
            before = resource.getrusage(resource.RUSAGE_SELF)
        with_gradient(network, batch, objective)
        optimizer.step()
    after = resource.getrusage(resource.RUSAGE_SELF)
    system = (after.ru_stime - before.ru_stime) * 1e3 / STEPS
    user = (after.ru_utime - before.ru_utime) * 1e3 / STEPS
    return [user + system, system, after.ru_maxrss / 1024]


if __name__ == "__main__":
    main()
