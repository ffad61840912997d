"""The memory that one training step takes, by how many layers are frozen. Goal: it falls with the depth.

    python benchmarks/frozen_memory.py           # ViT-B/16 and ResNet-50, at most about 3 GB
    python benchmarks/frozen_memory.py --small   # ViT-Ti/16 and ResNet-18, to see that it runs

A frozen prefix needs no gradient and keeps no activations. Each depth has a fresh process: it draws the network, sends
one item through it, and then takes one step of SGD with momentum over 8 planes of 3 x 224 x 224 in float32. A row gives
the highest resident memory during the step less the resident memory before it (Linux: VmHWM, set back before the step,
and VmRSS); how much of it gradients and momentum are, by arithmetic, 8 bytes a trainable number; and what is left,
mostly activations, though both need not be at their highest together. The network itself, 4 bytes a number, is not in
it. The C library is told to give memory back at once, so that what drawing the network left behind is not used again
unseen. The lowest layer of a ViT saves next to nothing, for what leaves it is kept all the same, by the block above. A
depth that takes more than the one below it, by more than noise, ends the program.
"""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import torch

from frostline.augmentation.batch import Batch
from frostline.networks.build import build
from frostline.networks.network import READOUT, Fit, Network
from frostline.spec.network import Timm
from frostline.spec.recipe import Recipe
from frostline.tasks.task import Objective
from frostline.training.gradient import with_gradient
from frostline.training.optimizers import optimizer_of

MODELS = ("vit_base_patch16_224", "resnet50")
SMALL = ("vit_tiny_patch16_224", "resnet18")
DEPTHS = (0, 1, 4, 7, 10, 13)
ITEMS = 8
CLASSES = 10
SIZE = 224
NOISE = 0.02
MIB = 2**20
RECIPE = Recipe(optimizer="sgd", rate=1e-3, momentum=0.9, batch=ITEMS, steps=1)
GIVE_BACK = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0"}


def main() -> None:
    """Prints a table for each network, or, given a network and a depth, the bytes of one step and of its gradients."""
    if len(sys.argv) == 3:
        print(*step_bytes(sys.argv[1], int(sys.argv[2])))
        return
    print(f"python {' '.join(sys.argv)}")
    print(f"{os.cpu_count()} cores, torch {torch.__version__} with {torch.get_num_threads()} threads")
    for model in SMALL if "--small" in sys.argv[1:] else MODELS:
        table(model)


def table(model: str) -> None:
    """Prints the memory of a step of ``model`` at each depth; ends the program where it does not fall."""
    layers = len(Timm(name="timm", model=model).layer_names)
    print(f"\n{model}, {layers} layers, {ITEMS} planes of 3 x {SIZE} x {SIZE}")
    print(f"{'frozen layers':>13s}{'step':>8s}{'gradients, momentum':>21s}{'left (MiB)':>12s}")
    peaks = {}
    for depth in sorted({*(depth for depth in DEPTHS if depth < layers), layers}):
        peaks[depth], gradients = in_a_fresh_process(model, depth)
        left = peaks[depth] - gradients
        print(f"{depth:13d}{peaks[depth] / MIB:8.0f}{gradients / MIB:21.0f}{left / MIB:12.0f}", flush=True)
    rising = [f"{low} to {high}" for low, high in pairwise(peaks) if peaks[high] > peaks[low] + NOISE * peaks[0]]
    if rising or peaks[layers] > peaks[0] / 2:
        raise SystemExit(f"memory does not fall with the depth; it rises from {', '.join(rising) or 'nowhere'}")


def in_a_fresh_process(model: str, depth: int) -> tuple[int, int]:
    """The bytes of one step, and of its gradients and momentum."""
    command = [sys.executable, __file__, model, str(depth)]
    done = subprocess.run(command, env=os.environ | GIVE_BACK, stdout=subprocess.PIPE, text=True, check=True)
    step, gradients = map(int, done.stdout.split())
    return step, gradients


def step_bytes(model: str, depth: int) -> tuple[int, int]:
    """The bytes that one step takes with ``depth`` frozen layers, and those of its gradients and momentum."""
    network = frozen_to(model, depth)
    batch = Batch(torch.rand(ITEMS, 3, SIZE, SIZE), torch.arange(ITEMS) % CLASSES)
    with torch.inference_mode():
        network(batch.planes[:1])
    optimizer = optimizer_of(RECIPE, network)
    before = memory_bytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # sets VmHWM back to VmRSS (proc(5))
    with_gradient(network, batch, Objective(RECIPE))
    optimizer.step()
    trainable = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    return memory_bytes("VmHWM") - before, 8 * trainable


def frozen_to(model: str, depth: int) -> Network:
    """A network of ``model`` in training mode, its lowest ``depth`` layers frozen; the readout follows the topmost."""
    spec = Timm(name="timm", model=model)
    names = spec.layer_names
    drawn = build(spec, Fit(channels=3, size=SIZE, outputs=CLASSES, kept=len(names)), seed=0)
    frozen = [*names[:depth], *([READOUT] if depth == len(names) else [])]
    return Network(dict(drawn.layers.items()), drawn.readout, drawn.head, frozen).train()


def memory_bytes(which: str) -> int:
    """A line of the memory that Linux counts for this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(which)).split()[1])


if __name__ == "__main__":
    main()
