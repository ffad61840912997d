"""A ViT freezing study of five depths: Frostline beside four other loops, per depth, and what arithmetic allows.

    make bench-vit                                             # installs fastai and Lightning beside the rest, and runs
    python benchmarks/vit_freezing.py                          # ViT-S/16 at 224 on the CPU
    python benchmarks/vit_freezing.py --model vit_tiny_patch16_224 --patch 56 --rounds 1    # to see that it runs
    python benchmarks/vit_freezing.py --device cuda --model vit_base_patch16_224 --steps 500 --validation 100

The study is that of studies/gtzan-vit-freezing.yaml on 1,000 clips of noise: 800 to train on, 100 to validate on after
each of 20 passes, 100 to test on; batches of 32, SGD with momentum 0.9, float32. A round times, side by side, ``steps``
training steps and the evaluation of ``validation`` items at each depth; medians of the rounds are EXTRAPOLATED to 500
steps and 2,100 evaluated items (500 steps are run whole). Frostline trains what lies above the frozen layers, by its
own ``fit``, and computes what those give for the 1,000 clips once, through its store of activations. The network of
its probe is a single linear layer, whose 500 steps are run whole.

What arithmetic allows is the ratio of the floating-point operations that both sides must make, by PyTorch's counter.
Accuracies say nothing on noise: instead the losses of the first steps, and on the validation items after them, must
agree between Frostline and the competent loop to 1e-4, and that of the first step with every side.
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from collections.abc import Mapping
from importlib.util import find_spec

import torch
from vit_frameworks import with_fastai, with_lightning
from vit_loops import BATCH, Side, Timing, Work, competent, published
from vit_study import (
    A_PASS,
    ARMS,
    PASSES,
    Cost,
    Costs,
    counted,
    donor_of,
    frostline,
    frozen_layers,
    middle,
    noise,
    operated,
    study,
)

from frostline.data.planes import Items
from frostline.networks.network import Network
from frostline.spec.network import Timm
from frostline.spec.recipe import Precision

PROBE = ARMS[-1]
SEEDS = 10
TOLERANCE = 1e-4
PRECISIONS: Mapping[str, Precision] = {"frostline": "float32", "bfloat16": "bfloat16"}
SIDES: Mapping[str, Side] = {
    "published": published,
    "competent": competent,
    "fastai": with_fastai,
    "lightning": with_lightning,
}


def main() -> None:
    """Prints a table for one seed and for the ten of the study, then the two ratios."""
    asked = arguments()
    device = torch.device(asked.device)
    spec = Timm(name="timm", model=asked.model, patch=asked.patch)
    donor = donor_of(spec).to(device)
    size = spec.native_size
    train, validation = noise(min(800, asked.steps * BATCH), size), noise(asked.validation, size)
    work = Work(train.to(device), validation.to(device), asked.steps)
    sides = {name: side for name, side in SIDES.items() if name not in ("fastai", "lightning") or find_spec(name)}
    print(f"{asked.model}, {asked.rounds} rounds of {asked.steps} steps of {BATCH}; {os.cpu_count()} cores, ", end="")
    print(f"torch {torch.__version__} with {torch.get_num_threads()} threads, device {asked.device}")
    print("whole" if asked.steps >= PASSES * A_PASS else f"EXTRAPOLATED from these to {PASSES * A_PASS} steps a trial")
    for missing in SIDES.keys() - sides.keys():
        print(f"{missing} is not installed and left out; make bench-vit installs it")
    seconds = measured(donor, spec, work, sides, asked.rounds)
    operations = counted(donor, work.train.planes[:1], [*sides, "frostline"])
    for seeds in (1, SEEDS):
        table(seconds, operations, seeds)
    in_bfloat16(seconds)
    print(f"\nlosses of the first steps agree to {TOLERANCE:g}; accuracies on noise say nothing and are not compared")
    probe = seconds[PROBE, "competent"].arm(SEEDS) / seconds[PROBE, "frostline"].arm(SEEDS)
    print(f"ratio vit-probe {probe:.2f}")
    print(f"ratio vit {study(seconds, 'competent', SEEDS) / study(seconds, 'frostline', SEEDS):.3f}")


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--validation", type=int, default=8, help="items evaluated after each pass, to time it")
    parser.add_argument("--model", default="vit_small_patch16_224")
    parser.add_argument("--patch", type=int, help="rows of a patch, where not the model's own; fewer tokens")
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


def measured(donor: Network, spec: Timm, work: Work, sides: Mapping[str, Side], rounds: int) -> Costs:
    """The median cost of each arm and side in seconds, once a small piece of work has warmed all of them up."""
    costs: dict[tuple[str, str], list[Cost]] = defaultdict(list)
    small = Items(work.train.planes[:2], work.train.targets[:2])
    for number in range(rounds + 1):
        now = work if number else Work(small, small, 1)
        for arm in ARMS:
            timings: dict[str, Timing] = {}
            for name in sorted([*sides, "frostline", "bfloat16"], reverse=bool(number % 2)):
                if name in sides:
                    timings[name] = sides[name](donor, frozen_layers(donor, arm), now)
                    cost = Cost(timings[name].step_s, timings[name].evaluated_s)
                else:
                    cost, timings[name] = frostline(operated(donor, arm), now, PRECISIONS[name], spec)
                costs[arm, name].append(cost)
            agree(arm, timings)
    return {key: middle(several[1:]) for key, several in costs.items()}


def agree(arm: str, timings: Mapping[str, Timing]) -> None:
    """Nothing, where all sides lose the same at the first step, and the competent loop and Frostline after it too."""
    ours = timings["frostline"]
    for name in timings.keys() - {"frostline", "bfloat16"}:
        theirs = timings[name]
        both = list(zip(ours.losses, theirs.losses, strict=False))
        if name != "competent":
            both = both if len(theirs.losses) == 1 else []
        elif len(theirs.losses) == len(ours.losses):
            both.append((ours.validation_loss, theirs.validation_loss))
        if any(not abs(mine - other) <= TOLERANCE for mine, other in both):
            raise SystemExit(f"{arm}: the losses differ; Frostline's, then those of {name}: {both}")


def table(seconds: Costs, operations: Costs, seeds: int) -> None:
    """Prints what each arm takes each side with so many seeds, and how near to arithmetic Frostline comes."""
    print(f"\n{seeds} seed{'s' if seeds > 1 else ''}, which share what frozen layers give; goal: fraction 0.85")
    print(f"{'arm':8s}{'side':12s}{'seconds':>10s}{'ratio':>8s}{'allowed':>9s}{'fraction':>10s}")
    sides = sorted({side for _, side in operations} - {"frostline"}, key=list(SIDES).index)
    for arm in (*ARMS, "all"):
        for side in (*sides, "frostline"):
            took, ours = (_taken(seconds, arm, name, seeds) for name in (side, "frostline"))
            must, our = (_taken(operations, arm, name, seeds) for name in (side, "frostline"))
            allowed = must / our
            print(f"{arm:8s}{side:12s}{took:10.0f}", end="")
            told = f"{took / ours:8.2f}{allowed:9.2f}{took / ours / allowed:10.2f}"
            print(told if side != "frostline" else "", flush=True)


def _taken(costs: Costs, arm: str, side: str, seeds: int) -> float:
    return study(costs, side, seeds) if arm == "all" else costs[arm, side].arm(seeds)


def in_bfloat16(seconds: Costs) -> None:
    """Prints what bfloat16, which the precision auto may choose, gains Frostline, in the same rounds."""
    print(f"\nfrostline in bfloat16 against float32, {SEEDS} seeds")
    for arm in (*ARMS, "all"):
        full, half = (_taken(seconds, arm, side, SEEDS) for side in ("frostline", "bfloat16"))
        print(f"{arm:8s}{half:10.0f} s{full / half:8.2f} x")


if __name__ == "__main__":
    main()
