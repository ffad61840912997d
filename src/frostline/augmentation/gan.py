"""The training of a conditional generator against its critic, from its start or from where it was ended.

| symbol | meaning | shape |
|---|---|---|
| planes | as the dataset stores them | item channel row column |
| conditions | classes as indices, or values | item, int64; or item output, float32 |
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int64, Shaped
from torch import Tensor

from frostline.augmentation.adversarial import Optimizers, Rules, Turn, drawn, optimizers_of, take_step
from frostline.augmentation.conditions import kind_of
from frostline.augmentation.gan_files import keep_training, restore_training
from frostline.augmentation.gan_health import Look, look, probe_of, what_is_wrong
from frostline.augmentation.gan_networks import Generator, Players, Subject, players
from frostline.augmentation.scale import Scale, scale_of
from frostline.errors import GeneratorFailed
from frostline.randomness import stream
from frostline.spec.recipe import Precision
from frostline.spec.synthesis import Forging


@dataclass(frozen=True, eq=False)
class Material:
    """The training items of one share of one split, and nothing else: what a generator learns from.

    ``outputs`` is how many classes the conditions may name, or how many values each has.
    """

    planes: Shaped[Tensor, "item channel row column"]
    conditions: Shaped[Tensor, "item ..."]
    outputs: int

    def __len__(self) -> int:
        return len(self.planes)


@dataclass(frozen=True)
class Bench:
    """Where a training is computed and kept: ``folder`` holds it while it lasts, a checkpoint every ``keep_every``
    steps or more, always at a look.
    """

    folder: Path
    device: torch.device
    keep_every: int = 500


@dataclass(frozen=True, eq=False)
class Forger:
    """A generator that is done learning, on the device that it learned on, and the looks that were taken at it."""

    generator: Generator
    subject: Subject
    scale: Scale
    looks: tuple[Look, ...]


def trained(material: Material, forging: Forging, bench: Bench) -> Forger:
    """A generator that has learned from ``material``; a training that was ended goes on to the same end, bit for bit.

    Raises:
        GeneratorFailed: there are too few items, or the generator has collapsed, or lost against its critic.
    """
    recipe = forging.recipe
    assert recipe.steps is not None and recipe.look_every is not None
    refuse_few(len(material), recipe.batch)
    scale = scale_of(material.planes, forging.sizes.size)
    subject = subject_of(material, scale)
    course = _begun(material, forging, bench, subject, scale)
    looks = _course(course, forging, bench)
    if reason := what_is_wrong(looks, recipe.patience):
        raise GeneratorFailed(reason)
    return Forger(course.players.average.eval(), subject, scale, looks)


def refuse_few(items: int, batch: int) -> None:
    """Nothing, where ``items`` fill a batch.

    Raises:
        GeneratorFailed: they do not.
    """
    if items == 0:
        raise GeneratorFailed(
            "there is no real training item, so that a generator has nothing to learn from; use a larger share"
        )
    if items < batch:
        had = "1 training item is" if items == 1 else f"{items} training items are"
        remedy = f"use batch: {items} or less, or a larger share" if items > 1 else "use a larger share"
        raise GeneratorFailed(f"{had} fewer than a batch of {batch} of the generator; {remedy}")


def subject_of(material: Material, scale: Scale) -> Subject:
    """What a generator of ``material`` generates."""
    return Subject(int(material.planes.shape[1]), scale.grid, kind_of(material.conditions), material.outputs)


def precision_of(forging: Forging, device: torch.device) -> Precision:
    """The precision that ``forging`` is computed in on ``device``."""
    if forging.recipe.precision == "auto":
        return "bfloat16" if device.type == "cuda" else "float32"
    return forging.recipe.precision


def positions(items: int, batch: int, seed: int, after: int) -> Iterator[Int64[np.ndarray, " chosen"]]:
    """The items of each step after ``after`` steps: passes in fresh orders, end to end, cut into whole batches."""
    first, begin = divmod(after * batch, items)
    left = np.empty(0, dtype=np.int64)
    number = first
    while True:
        order = stream(seed, "pass", str(number)).permutation(items)
        left = np.concatenate([left, order[begin:] if number == first else order])
        for _ in range(len(left) // batch):
            yield left[:batch]
            left = left[batch:]
        number += 1


def turns(material: Material, scale: Scale, forging: Forging, device: torch.device, after: int) -> Iterator[Turn]:
    """What each step after ``after`` steps reads, on ``device``; a step depends on its number and the seed alone."""
    recipe, seed, step = forging.recipe, forging.seed, after
    planes, conditions = material.planes.to(device), material.conditions.to(device)
    for chosen in positions(len(material), recipe.batch, seed, after):
        step += 1
        rows = torch.from_numpy(chosen).to(device)
        others = stream(seed, "asked", str(step)).integers(len(material), size=(2, recipe.batch))
        asked = conditions[torch.from_numpy(others).to(device)]
        latents, draws = drawn(seed, step, recipe.batch, forging.sizes.latent)
        real = scale.inward(planes[rows])
        yield Turn(real, conditions[rows], latents.to(device), (asked[0], asked[1]), draws.to(device))


@dataclass(frozen=True, eq=False)
class _Course:
    """A training as it stands: what it reads, both players and their optimisers, and the looks so far."""

    material: Material
    scale: Scale
    players: Players
    optimizers: Optimizers
    looks: tuple[Look, ...]


def _begun(material: Material, forging: Forging, bench: Bench, subject: Subject, scale: Scale) -> _Course:
    """The training at its start, or where it was ended."""
    both = players(subject, forging.sizes, forging.seed)
    both = Players(both.generator.to(bench.device), both.critic.to(bench.device), both.average.to(bench.device))
    optimizers = optimizers_of(both, forging.recipe)
    told = restore_training(bench.folder, both, optimizers)
    looks = tuple(Look.model_validate(one) for one in json.loads(told["looks"])) if told else ()
    return _Course(material, scale, both, optimizers, looks)


def _course(course: _Course, forging: Forging, bench: Bench) -> tuple[Look, ...]:
    """Every look of the training, which ends with its budget, or with the look at which it has failed."""
    recipe, looks = forging.recipe, list(course.looks)
    assert recipe.steps is not None and recipe.look_every is not None
    after = kept_at = looks[-1].step if looks else 0
    probe = probe_of(course.material.planes, course.material.conditions, forging.sizes.latent, forging.seed)
    probe = probe.scaled(course.scale).to(bench.device)
    rules = Rules(recipe, precision_of(forging, bench.device))
    losses: list[Tensor] = []
    reading = turns(course.material, course.scale, forging, bench.device, after)
    for step in range(after + 1, recipe.steps + 1):
        losses.append(take_step(course.players, course.optimizers, next(reading), rules, step))
        if step % recipe.look_every and step < recipe.steps:
            continue
        looks.append(look(course.players, probe, recipe, step, losses))
        losses.clear()
        if what_is_wrong(looks, recipe.patience):
            break
        if step - kept_at >= bench.keep_every or step == recipe.steps:
            kept_at = step
            told = {"looks": json.dumps([one.model_dump() for one in looks])}
            keep_training(bench.folder, course.players, course.optimizers, told)
    return tuple(looks)
