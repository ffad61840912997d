"""A step of generator and critic beside a plain PyTorch loop of the same networks. Goal: no more than 5 % slower.

    python benchmarks/gan_step.py               # planes of 1 x 32 x 80, batches of 16
    python benchmarks/gan_step.py 128 1292      # those of a song of 30 s

Both sides learn the same random planes with the same networks, hinge loss, distortions, two optimisers of Adam and a
running mean of the generator; the plain loop draws by ``torch.randn`` and ``torch.randint`` from torch's own generator,
and keeps and looks at nothing. Ours is the whole training as trials run it: draws by step, a look (by default there are
20 in a training, here one every 30 steps) and a checkpoint at the end. Without R1, which the plain loop has not.
Rounds take turns; times are of the processor, of one thread. The last line is the median of ours over plain.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F
from torch import Tensor

from frostline.augmentation.differentiable import DECISIONS, distorted
from frostline.augmentation.gan import Bench, Material, subject_of, trained
from frostline.augmentation.gan_networks import players
from frostline.augmentation.scale import scale_of
from frostline.spec.synthesis import AdversarialRecipe, Forging, GeneratorSizes

ROUNDS, STEPS, BATCH, ITEMS = 5, 30, 16, 64
SIZES = GeneratorSizes(width=16, widest=64)


def main() -> None:
    """Prints the seconds of both sides a round, and the median of their ratio."""
    rows, columns = (int(word) for word in sys.argv[1:3]) if len(sys.argv) > 2 else (32, 80)
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    planes = torch.rand(ITEMS, 1, rows, columns, generator=generator)
    material = Material(planes, torch.rand(ITEMS, 2, generator=generator) * 2 - 1, 2)
    ratios = []
    for number in range(ROUNDS + 1):
        sides = [ours_s, plain_s] if number % 2 else [plain_s, ours_s]
        taken = {side: side(material) for side in sides}
        if number:  # the first round warms up
            ratios.append(taken[ours_s] / taken[plain_s])
            print(f"round {number}: ours {taken[ours_s]:.2f} s, plain {taken[plain_s]:.2f} s, {STEPS} steps each")
    print(f"ratio from {min(ratios):.3f} to {max(ratios):.3f} over {ROUNDS} rounds")
    print(f"ratio gan_step {median(ratios):.4f}")


def ours_s(material: Material) -> float:
    """Seconds of a training as trials run it."""
    recipe = AdversarialRecipe(steps=STEPS, batch=BATCH, penalty=0.0, look_every=STEPS)
    forging = Forging(recipe=recipe, sizes=SIZES, number=1)
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        trained(material, forging, Bench(Path(folder), torch.device("cpu")))
        return time.process_time() - began


def plain_s(material: Material) -> float:
    """Seconds of the plain loop."""
    began = time.process_time()
    recipe, scale = AdversarialRecipe(steps=1), scale_of(material.planes, None)
    both = players(subject_of(material, scale), SIZES, seed=0)
    generator, critic = both.generator, both.critic
    of_generator = torch.optim.Adam(generator.parameters(), lr=recipe.generator_rate, betas=(0.0, 0.9))
    of_critic = torch.optim.Adam(critic.parameters(), lr=recipe.critic_rate, betas=(0.0, 0.9))

    def shown(planes: Tensor) -> Tensor:
        return distorted(planes, recipe.distortions, torch.rand(len(planes), DECISIONS))

    for _ in range(STEPS):
        chosen = torch.randint(ITEMS, (BATCH,))
        real, conditions = material.planes[chosen] * 2 - 1, material.conditions[chosen]
        with torch.no_grad():
            made = generator(torch.randn(BATCH, SIZES.latent), conditions)
        scores = critic(shown(torch.cat([real, made])), torch.cat([conditions, conditions]))
        of_critic.zero_grad()
        (F.relu(1 - scores[:BATCH]).mean() + F.relu(1 + scores[BATCH:]).mean()).backward()
        of_critic.step()
        of_generator.zero_grad()
        made = generator(torch.randn(BATCH, SIZES.latent), conditions)
        (-critic(shown(made), conditions).mean()).backward()
        of_generator.step()
        with torch.no_grad():
            for average, current in zip(both.average.parameters(), generator.parameters(), strict=True):
                average.lerp_(current, 0.001)
    return time.process_time() - began


if __name__ == "__main__":
    main()
