"""A generator of planes under a condition, and the critic that learns to tell them from real ones.

| symbol | meaning | shape |
|---|---|---|
| latents | what chance decides of a plane, standard normal | sample latent |
| conditions | classes as indices, or values about -1 to 1 | sample, int64; or sample output, float32 |
| code | latents beside the embedded condition | sample code |
| planes | between -1 and 1 | sample channel row column |
| grids | rows and columns of each stage, coarsest first | stage |
| scores | high where the critic takes a plane for real | sample |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from frostline.randomness import torch_noise
from frostline.spec.synthesis import ConditionKind, GeneratorSizes

COARSEST = 4
"""The smaller side of the coarsest grid is at most this."""
EMBEDDED = 32
"""How many numbers tell the generator its condition."""
SLOPE = 0.2
PLACES = (4, 8)
"""The critic weighs so many rows and columns apart: levels mean something else in each band, less so in each second."""
GAIN = 2.0
"""A mean over 2 x 2 places halves the norm of a plane; this keeps it, or the critic would go deaf with depth."""

Grid = tuple[int, int]


@dataclass(frozen=True)
class Subject:
    """What is generated: planes of ``channels`` and ``grid`` under conditions of ``kind``.

    ``outputs`` is how many classes there are, or how many values a condition has.
    """

    channels: int
    grid: Grid
    kind: ConditionKind
    outputs: int


@dataclass(frozen=True, eq=False)
class Players:
    """Generator and critic, and the running mean of the generator, which renders."""

    generator: Generator
    critic: Critic
    average: Generator


class Generator(nn.Module):
    """Planes between -1 and 1 from latents and conditions: a coarse grid, scaled up and convolved stage by stage.

    Each stage is normalised, and scaled and moved by the code (feature-wise modulation), so that latents and condition
    reach every size of detail. There are no buffers: a plane never depends on the others of its batch.
    """

    def __init__(self, subject: Subject, sizes: GeneratorSizes) -> None:
        super().__init__()
        self.latent = sizes.latent
        self.grids = grids_of(subject.grid)
        widths = _widths(sizes, len(self.grids))
        code = sizes.latent + EMBEDDED
        self.condition = _embedding(subject, EMBEDDED)
        self.seed = nn.Linear(code, widths[0] * self.grids[0][0] * self.grids[0][1])
        stages = zip(widths[:-1], widths[1:], self.grids[1:], strict=True)
        self.stages = nn.ModuleList(_Up(before, after, code, grid) for before, after, grid in stages)
        self.last = nn.Conv2d(widths[-1], subject.channels, 3, padding=1)

    def forward(
        self, latents: Float[Tensor, "sample latent"], conditions: Shaped[Tensor, "sample ..."]
    ) -> Float[Tensor, "sample channel row column"]:
        """A plane for each of ``latents`` under its condition."""
        code = torch.cat([latents, self.condition(conditions)], dim=1)
        planes = self.seed(code).unflatten(1, (-1, *self.grids[0]))
        for stage in self.stages:
            planes = stage(planes, code)
        made: Tensor = torch.tanh(self.last(F.leaky_relu(planes, SLOPE)))
        return made


class Critic(nn.Module):
    """Scores of planes under conditions: residual stages, then features that are projected on the condition.

    Spectral norms bound every layer below the scores (Miyato et al. 2018); the projection is that of Miyato and Koyama
    (2018).
    """

    def __init__(self, subject: Subject, sizes: GeneratorSizes) -> None:
        super().__init__()
        grids = grids_of(subject.grid)[::-1]
        widths = _widths(sizes, len(grids))[::-1]
        self.first = spectral_norm(nn.Conv2d(subject.channels, widths[0], 3, padding=1))
        stages = zip(widths[:-1], widths[1:], grids[1:], strict=True)
        self.stages = nn.ModuleList(_Down(before, after, grid) for before, after, grid in stages)
        self.places = (min(PLACES[0], grids[-1][0]), min(PLACES[1], grids[-1][1]))
        self.dense = spectral_norm(nn.Linear(widths[-1] * self.places[0] * self.places[1], widths[-1]))
        self.score = nn.Linear(widths[-1], 1)
        self.condition = _embedding(subject, widths[-1])

    def forward(
        self, planes: Float[Tensor, "sample channel row column"], conditions: Shaped[Tensor, "sample ..."]
    ) -> Float[Tensor, " sample"]:
        """How real each of ``planes`` looks under its condition."""
        planes = self.first(planes)
        for stage in self.stages:
            planes = stage(planes)
        pooled = F.adaptive_avg_pool2d(F.leaky_relu(planes, SLOPE), self.places)
        features = F.leaky_relu(self.dense(pooled.flatten(1)), SLOPE)
        projected = (features * self.condition(conditions)).sum(dim=1)
        scores: Tensor = self.score(features)[:, 0] + projected
        return scores


class _Up(nn.Module):
    """Twice the places: scaled up, convolved, normalised, modulated by the code, and convolved again."""

    def __init__(self, before: int, after: int, code: int, grid: Grid) -> None:
        super().__init__()
        self.grid = grid
        self.first = nn.Conv2d(before, after, 3, padding=1)
        self.second = nn.Conv2d(after, after, 3, padding=1)
        self.norm = nn.GroupNorm(1, after, affine=False)
        self.modulation = nn.Linear(code, 2 * after)

    def forward(self, planes: Tensor, code: Tensor) -> Tensor:
        planes = self.first(F.interpolate(F.leaky_relu(planes, SLOPE), size=self.grid, mode="nearest"))
        gain, offset = self.modulation(code)[:, :, None, None].chunk(2, dim=1)
        planes = torch.addcmul(offset, self.norm(planes), 1 + gain)
        modulated: Tensor = self.second(F.leaky_relu(planes, SLOPE))
        return modulated


class _Down(nn.Module):
    """Half the places: two convolutions beside a shortcut, averaged."""

    def __init__(self, before: int, after: int, grid: Grid) -> None:
        super().__init__()
        self.grid = grid
        self.first = spectral_norm(nn.Conv2d(before, after, 3, padding=1))
        self.second = spectral_norm(nn.Conv2d(after, after, 3, padding=1))
        self.shortcut = spectral_norm(nn.Conv2d(before, after, 1))

    def forward(self, planes: Tensor) -> Tensor:
        residual = self.second(F.leaky_relu(self.first(F.leaky_relu(planes, SLOPE)), SLOPE))
        beside = self.shortcut(F.adaptive_avg_pool2d(planes, self.grid))
        halved: Tensor = (F.adaptive_avg_pool2d(residual, self.grid) + beside) * GAIN
        return halved


def players(subject: Subject, sizes: GeneratorSizes, seed: int) -> Players:
    """Generator and critic at their start, each drawn from a stream of ``seed`` of its own."""
    with torch_noise(seed, "generator"):
        generator = Generator(subject, sizes)
    with torch_noise(seed, "critic"):
        critic = Critic(subject, sizes)
    average = Generator(subject, sizes).requires_grad_(False)
    average.load_state_dict(generator.state_dict())
    return Players(generator, critic, average)


def grids_of(grid: Grid) -> tuple[Grid, ...]:
    """Rows and columns of each stage, coarsest first, halved (rounded up) until the smaller side is ``COARSEST``.

    There are two stages at least.
    """
    found = [grid]
    while min(found[-1]) > COARSEST or len(found) < 2:
        rows, columns = found[-1]
        found.append((-(-rows // 2), -(-columns // 2)))
    return tuple(reversed(found))


def _widths(sizes: GeneratorSizes, stages: int) -> Sequence[int]:
    """Channels of each stage, coarsest first."""
    return [min(sizes.widest, sizes.width * 2**halvings) for halvings in reversed(range(stages))]


def _embedding(subject: Subject, width: int) -> nn.Module:
    """Conditions as vectors: a row of a table for a class, a small dense network for values."""
    if subject.kind == "classes":
        return nn.Embedding(subject.outputs, width)
    return nn.Sequential(nn.Linear(subject.outputs, width), nn.LeakyReLU(SLOPE), nn.Linear(width, width))
