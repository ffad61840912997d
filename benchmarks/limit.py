"""How near Frostline's training comes to the arithmetic that a study cannot avoid. Goals: 0.7 for a ViT, 0.6 for a CNN.

    make bench-limit
    python benchmarks/limit.py                                                    # ViT-S/16 and the plain CNN
    python benchmarks/limit.py --model vit_tiny_patch16_224 --patch 56 --rounds 1    # to see that it runs

What cannot be avoided: the floating-point operations (PyTorch's counter) of training what lies above the frozen
layers, of evaluating it, and of each frozen activation once; over the rate of a large float32 matrix product, measured
on the same threads right before and after each arm. Two studies, EXTRAPOLATED from a few steps of each arm: five depths
of a ViT as `vit_freezing.py` has them, one seed; and the plain CNN of studies/fashion-fr.yaml, FR cuts 0 to 6, on a
tenth of the items (1,440 to train on, 360 to validate on every 40 of 1,000 steps of 64, 3,000 to test on), on noise.
A row gives an arm's seconds a step, its fraction of the limit, and that of the frozen activations. What takes the rest
is told by PyTorch's profiler, as each operator's part of the time of one training step with nothing frozen.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
import vit_study as vit
from torch import nn
from torch.profiler import ProfilerActivity, profile
from vit_loops import BATCH, SEED
from vit_study import Cost, flops, lower

from frostline.augmentation.batch import Batch
from frostline.data.planes import Items
from frostline.networks.build import build
from frostline.networks.network import Fit, Network, above, frozen_depth
from frostline.operate import Operation, operate
from frostline.spec.network import Timm
from frostline.spec.recipe import Recipe
from frostline.spec.study_file import load_study
from frostline.spec.surgery import Surgery
from frostline.tasks.task import Objective
from frostline.training.evaluate import logits_of
from frostline.training.fit import Lesson, fit
from frostline.training.gradient import with_gradient

SIZE = 2048
FASHION = Path(__file__).parent.parent / "studies" / "fashion-fr.yaml"
CUTS = ("r6", "f1r5", "f2r4", "f3r3", "f4r2", "f5r1", "f6")
OPERATORS = 6


@dataclass(frozen=True)
class Subject:
    """One of the two studies: its arms, what is trained on, how, and how often each thing happens in a trial."""

    name: str
    donor: Network
    arms: Sequence[str]
    items: Items
    recipe: Recipe
    steps: int
    evaluated: int
    frozen: int

    def network(self, arm: str) -> Network:
        """The network of an arm."""
        return operate(self.donor, self.donor, Operation(Surgery.parse(arm), "kept"))

    def trial(self, cost: Cost) -> float:
        """What an arm takes by itself, in the unit of ``cost``."""
        return self.steps * cost.step + self.evaluated * cost.evaluated + self.frozen * cost.frozen

    def study(self, costs: Sequence[Cost]) -> float:
        """What all arms take; a deeper frozen prefix goes on from the one before, so the deepest is paid for."""
        alone = sum(self.trial(cost) - self.frozen * cost.frozen for cost in costs)
        return alone + self.frozen * max(cost.frozen for cost in costs)


def main() -> None:
    """Prints the fraction of the limit of each arm, what takes the rest, and the two ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="vit_small_patch16_224")
    parser.add_argument("--patch", type=int, help="rows of a patch, where not the model's own; fewer tokens")
    asked = parser.parse_args()
    print(f"{asked.rounds} rounds; {os.cpu_count()} cores, torch {torch.__version__}, ", end="")
    print(f"{torch.get_num_threads()} threads; EXTRAPOLATED from a few steps of each arm")
    spec = Timm(name="timm", model=asked.model, patch=asked.patch)
    ratios = {subject.name: distance(subject, asked.rounds) for subject in (cnn_study(), vit_study(spec))}
    for name, ratio in ratios.items():
        print(f"ratio limit-{name} {ratio:.3f}")


def cnn_study() -> Subject:
    """The layer-cut study of the plain CNN, 20 steps of each arm."""
    spec = load_study(FASHION).network
    donor = build(spec, Fit(channels=1, size=28, outputs=3, kept=len(spec.layer_names)), SEED)
    planes = torch.rand(640, 1, 28, 28, generator=torch.Generator().manual_seed(SEED))
    recipe = Recipe(optimizer="adam", rate=1e-3, batch=64, steps=20, validate_every=20)
    items = Items(planes, torch.arange(len(planes)) % 3)
    return Subject("cnn", donor, CUTS, items, recipe, steps=1000, evaluated=25 * 360 + 3000, frozen=1440 + 360 + 3000)


def vit_study(spec: Timm) -> Subject:
    """The freezing study of a ViT, one step of each arm."""
    items = vit.noise(BATCH, spec.native_size)
    steps = vit.PASSES * vit.A_PASS
    recipe = vit.recipe(1, 1, "float32")
    donor, clips = vit.donor_of(spec), vit.CLIPS
    return Subject("vit", donor, vit.ARMS, items, recipe, steps, vit.EVALUATED, clips)


def distance(subject: Subject, rounds: int) -> float:
    """The part of the limit that all arms of ``subject`` reach together, after a row for each and a profile."""
    print(f"\n{subject.name}: {len(subject.arms)} arms, batch {subject.recipe.batch}, {subject.steps} steps a trial")
    print(f"{'arm':8s}{'ms a step':>10s}{'GFLOP/s':>9s}{'product':>9s}{'fraction':>10s}{'of frozen':>11s}")
    took: list[Cost] = []
    least: list[Cost] = []
    for arm in subject.arms:
        network = subject.network(arm)
        seconds_of(network, subject)
        costs, rates = [], [rate()]
        for _ in range(rounds):
            costs.append(seconds_of(network, subject))
            rates.append(rate())
        must = operations_of(network, subject)
        took.append(vit.middle(costs))
        least.append(Cost(*(part / median(rates) for part in (must.step, must.evaluated, must.frozen))))
        fraction = subject.trial(least[-1]) / subject.trial(took[-1])
        frozen = f"{least[-1].frozen / took[-1].frozen:11.2f}" if took[-1].frozen else ""
        row = f"{arm:8s}{1e3 * took[-1].step:10.1f}{1e-9 * must.step / took[-1].step:9.0f}{1e-9 * median(rates):9.0f}"
        print(f"{row}{fraction:10.2f}{frozen}", flush=True)
    profiled(subject)
    return subject.study(least) / subject.study(took)


def rate() -> float:
    """Floating-point operations a second of a float32 matrix product, the best of five: a limit, not an average."""
    left, right = torch.rand(SIZE, SIZE), torch.rand(SIZE, SIZE)
    return 2 * SIZE**3 / min(_seconds(lambda: left @ right) for _ in range(5))


def seconds_of(network: Network, subject: Subject) -> Cost:
    """What an arm takes: a step of Frostline's own ``fit``, an evaluated item, a frozen item."""
    depth, items, steps = frozen_depth(network), subject.items, subject.recipe.steps
    assert steps is not None
    frozen_s = _seconds(lambda: lower(network, depth, items.planes, "float32")) / len(items) if depth else 0.0
    given = Items(lower(network, depth, items.planes, "float32"), items.targets)
    upper, few = above(network, depth), Items(given.planes[:16], given.targets[:16])
    evaluated_s = _seconds(lambda: logits_of(upper, given, "float32"))
    few_s = _seconds(lambda: logits_of(upper, few, "float32"))
    fitted_s = _seconds(lambda: fit(upper, Lesson(given, few), subject.recipe, SEED, "best"))
    return Cost(max(fitted_s - few_s, 0.0) / steps, evaluated_s / len(items), frozen_s)


def operations_of(network: Network, subject: Subject) -> Cost:
    """What an arm must compute, counted on one item."""
    depth, plane = frozen_depth(network), subject.items.planes[:1]
    upper, frozen = above(network, depth), nn.Sequential(*list(network.parts.values())[:depth])
    below = lower(network, depth, plane, "float32").clone()
    step = subject.recipe.batch * flops(upper, below, "backward")
    return Cost(step, flops(upper, below, "forward"), flops(frozen, plane, "forward") if depth else 0.0)


def profiled(subject: Subject) -> None:
    """Prints which operators one training step with nothing frozen spends its time in."""
    network = subject.network(subject.arms[0]).train()
    batch = subject.recipe.batch
    given = Batch(subject.items.planes[:batch], subject.items.targets[:batch])
    with_gradient(network, given, Objective(subject.recipe))
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        with_gradient(network, given, Objective(subject.recipe))
    events = sorted(seen.key_averages(), key=lambda event: -event.self_cpu_time_total)
    whole = sum(event.self_cpu_time_total for event in events)
    parts = [f"{event.key} {event.self_cpu_time_total / whole:.0%}" for event in events[:OPERATORS]]
    print(f"a step of {subject.arms[0]}, by operator: {', '.join(parts)}")


def _seconds(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


if __name__ == "__main__":
    main()
