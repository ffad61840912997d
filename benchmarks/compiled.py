"""A training step that is compiled, against one that is computed as it is. No goal: whether it pays is measured.

    python benchmarks/compiled.py                # one thread of the CPU, where no study compiles anything
    python benchmarks/compiled.py --device cuda  # a GPU, where a study measures the same before its first trial

A step is outputs, loss and gradient for a batch of 64 planes of noise in float32. A row gives the time of a step both
ways, the shortest of several in turns, the seconds that compiling takes where nothing of it is at hand, and how many
steps of one shape it takes to gain that back clearly. The last line is the ratio of the plain CNN as it is by default.
"""

from __future__ import annotations

import sys

import torch

from frostline.compiling import Taken, Work, pays, tried
from frostline.errors import NotCompiled
from frostline.probe import Sample
from frostline.spec.dataset import Dataset
from frostline.spec.network import Mlp, NetworkSpec, PlainCnn
from frostline.spec.recipe import Recipe
from frostline.spec.surgery import Surgery
from frostline.spec.trial import Trial

RECIPE = Recipe(steps=100, validate_every=100, batch=64)
CASES: dict[str, tuple[str, NetworkSpec]] = {
    "small-mlp": ("digits", Mlp(name="mlp", width=64)),
    "small-cnn": ("digits", PlainCnn(name="plain_cnn", depth=3, channels=8)),
    "mlp": ("fashion_mnist", Mlp(name="mlp")),
    "cnn": ("fashion_mnist", PlainCnn(name="plain_cnn")),
}


def sample(dataset: str, network: NetworkSpec, device: str) -> Sample:
    """A training of ``network`` from scratch on planes like those of ``dataset``."""
    surgery = Surgery.parse(f"r{len(network.layer_names)}")
    trial = Trial(dataset=Dataset(name=dataset), network=network, surgery=surgery, recipe=RECIPE)
    return Sample(trial, torch.device(device))


def steps_to_gain(taken: Taken) -> str:
    """The power of ten of steps of one shape from which compiling pays."""
    enough = (10**power for power in range(10) if pays(taken, Work(10**power, 1)))
    return f"{next(enough, None) or 'never'}"


def main() -> None:
    """Prints a row a case, and the ratio last."""
    device = sys.argv[sys.argv.index("--device") + 1] if "--device" in sys.argv else "cpu"
    torch.set_num_threads(1)
    print(f"torch {torch.__version__} on {device}")
    ratio = float("nan")
    for name, (dataset, network) in CASES.items():
        taken = tried(sample(dataset, network, device), "float32")
        if not isinstance(taken, Taken):
            assert isinstance(taken, NotCompiled), taken
            print(f"{name:10} {taken}")
            continue
        ratio = taken.eager / taken.compiled
        print(
            f"{name:10} {taken.eager * 1e3:8.3g} ms as it is {taken.compiled * 1e3:8.3g} ms compiled  ratio {ratio:.2f}"
            f"  compiling {taken.once:.3g} s  pays from {steps_to_gain(taken)} steps"
        )
    print(f"ratio compiled {ratio:.2f}")


if __name__ == "__main__":
    main()
