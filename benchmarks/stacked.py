"""Several trainings of one shape at once, against one after the other. No goal: whether it pays is measured.

    python benchmarks/stacked.py                # one thread of the CPU
    python benchmarks/stacked.py --device cuda  # a GPU, where many small trainings fill what one leaves idle

``fit_stacked`` and a loop over ``fit`` train the same networks on the same noise, with Adam, batches of 64, and a
validation every 25 steps and after the last. They take turns, and which is first changes from round to round. That
their losses agree is checked first. A row gives the median time of a step of one training on both sides, validations
included, and the median, lowest and highest ratio of the rounds: above 1 the stack is faster. The last line is the
ratio of the plain MLP as it is by default, 32 times.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch

from frostline.data.planes import Items
from frostline.errors import TrainingDiverged
from frostline.networks.build import build
from frostline.networks.network import Fit, Network
from frostline.randomness import torch_stream
from frostline.spec.network import Mlp, PlainCnn
from frostline.spec.recipe import Recipe
from frostline.training.fit import Fitted, Lesson, fit
from frostline.training.stacked import fit_stacked

ROUNDS = 3
CLASSES = 10
TRAINED, VALIDATED = 640, 128
TOLERANCE = 1e-3

Results = list[Fitted]


@dataclass(frozen=True)
class Case:
    """What is trained: a network for planes of ``size`` x ``size``, how often, and for how many steps."""

    name: str
    spec: Mlp | PlainCnn
    size: int
    trainings: int
    steps: int


SMALL_MLP = Mlp(name="mlp", width=64)
CASES = (
    Case("small-mlp", SMALL_MLP, 8, 8, 100),
    Case("small-mlp", SMALL_MLP, 8, 32, 100),
    Case("small-cnn", PlainCnn(name="plain_cnn", depth=3, channels=8), 8, 8, 50),
    Case("cnn", PlainCnn(name="plain_cnn"), 28, 8, 3),
    Case("mlp", Mlp(name="mlp"), 28, 8, 50),
    Case("mlp", Mlp(name="mlp"), 28, 32, 50),
)


def main() -> None:
    """Prints a row for each case, and the ratio of the last one."""
    torch.set_num_threads(1)
    device = torch.device(sys.argv[sys.argv.index("--device") + 1] if "--device" in sys.argv else "cpu")
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else f"1 thread of {os.cpu_count()} cores"
    print(f"python {' '.join(sys.argv)}")
    print(f"{where}, torch {torch.__version__}, float32, {ROUNDS} rounds\n")
    print(f"{'network':11s}{'times':>6s}{'ms alone':>10s}{'stacked':>9s}{'ratio':>7s}{'lowest':>8s}{'highest':>9s}")
    for case in CASES:
        ratio = row(case, device)
    print(f"ratio stacked-mlp {ratio:.2f}")


def row(case: Case, device: torch.device) -> float:
    """The median ratio of the rounds of ``case``, which is also printed."""
    sides = one_by_one(case, device), at_once(case, device)
    agree(sides[0](), sides[1]())
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS):
        for side in (0, 1) if number % 2 else (1, 0):
            taken[side].append(seconds(sides[side], device))
    ratios = [alone / stacked for alone, stacked in zip(*taken, strict=True)]
    alone_ms, stacked_ms = (1e3 * median(some) / case.steps / case.trainings for some in taken)
    times = f"{case.name:11s}{case.trainings:6d}{alone_ms:10.3f}{stacked_ms:9.3f}"
    print(f"{times}{median(ratios):7.2f}{min(ratios):8.2f}{max(ratios):9.2f}", flush=True)
    return median(ratios)


def one_by_one(case: Case, device: torch.device) -> Callable[[], Results]:
    """The trainings of ``case`` one after the other."""
    networks, lessons = networks_of(case, device), lessons_of(case)
    triples = list(zip(networks, lessons, range(case.trainings), strict=True))
    return lambda: [fit(network, lesson, recipe_of(case), seed, "best") for network, lesson, seed in triples]


def at_once(case: Case, device: torch.device) -> Callable[[], Results]:
    """The trainings of ``case`` at once."""
    networks, lessons = networks_of(case, device), lessons_of(case)
    return lambda: fitted(fit_stacked(networks, lessons, recipe_of(case), range(case.trainings), "best"))


def fitted(results: tuple[Fitted | TrainingDiverged, ...]) -> Results:
    """All ``results``, none of which diverges."""
    return [result for result in results if isinstance(result, Fitted)]


def recipe_of(case: Case) -> Recipe:
    """How both sides train."""
    return Recipe(steps=case.steps, validate_every=min(25, case.steps), batch=64)


def networks_of(case: Case, device: torch.device) -> list[Network]:
    """A network a training, each with weights of its own."""
    shape = Fit(1, case.size, CLASSES, case.spec.depth)
    return [build(case.spec, shape, seed).to(device) for seed in range(case.trainings)]


def lessons_of(case: Case) -> list[Lesson]:
    """Noise for each training: only time is measured."""
    return [
        Lesson(noise(TRAINED, case.size, 2 * n), noise(VALIDATED, case.size, 2 * n + 1)) for n in range(case.trainings)
    ]


def noise(count: int, size: int, seed: int) -> Items:
    """``count`` planes of ``size`` x ``size`` that have nothing to do with their targets."""
    generator = torch_stream(seed, "noise")
    planes = torch.rand((count, 1, size, size), generator=generator)
    return Items(planes, torch.randint(0, CLASSES, (count,), generator=generator))


def agree(alone: Results, stacked: Results) -> None:
    """Ends the program where both sides have not come to the same losses."""
    losses = [torch.tensor([one.history[0].train_loss for one in side]) for side in (alone, stacked)]
    if len(alone) != len(stacked) or not torch.allclose(*losses, rtol=TOLERANCE):
        raise SystemExit(f"one after the other {losses[0].tolist()}, at once {losses[1].tolist()}: not the same")


def seconds(train: Callable[[], Results], device: torch.device) -> float:
    """How long ``train`` takes, the work on a GPU included."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    began = time.perf_counter()
    train()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
