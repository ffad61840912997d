"""The training loop, once."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler

from frostline.augmentation.apply import augmented, draws_of
from frostline.augmentation.batch import Batch
from frostline.data.moving import each, fits
from frostline.data.planes import Items
from frostline.errors import TrainingDiverged
from frostline.networks.network import Network
from frostline.outcome import Validation
from frostline.randomness import stream, torch_noise
from frostline.spec.augmentation import NOTHING, Augmentation
from frostline.spec.recipe import Recipe
from frostline.tasks.task import Answered, Objective, objective_of, score
from frostline.training.batches import batches, in_turns, orders
from frostline.training.evaluate import is_out_of_memory, logits_of
from frostline.training.gradient import with_gradient
from frostline.training.optimizers import optimizer_of, schedule_of
from frostline.training.stepping import Stepping, computed

State = Mapping[str, Tensor]
Keep = Literal["best", "checkpoints"]


@dataclass(frozen=True)
class Lesson:
    """What one training learns from: its items and what befalls them, those it validates on, and processes that help.

    ``loader_workers`` processes prepare batches, with equal results. ``train`` may hold the items in so many ``views``,
    one after the other, which take turns pass by pass.
    """

    train: Items
    validation: Items
    loader_workers: int = 0
    augmentation: Augmentation = NOTHING
    views: int = 1

    @property
    def classes(self) -> int:
        """How many classes there are; none where the task is another."""
        if self.train.task != "classes":
            return 0
        return int(max(self.train.targets.max(), self.validation.targets.max())) + 1


@dataclass(frozen=True)
class Fitted:
    """A trained network with its best weights, what each validation saw, and why training ended.

    ``states`` holds the weights at each validation, by step, where they were asked for.
    """

    network: Network
    history: tuple[Validation, ...]
    best: Validation
    steps: int
    stopped: Literal["budget", "patience"]
    states: Mapping[int, State]


def fit(
    network: Network, lesson: Lesson, recipe: Recipe, seed: int, keep: Keep, stepping: Stepping = "eager"
) -> Fitted:
    """A trained copy of ``network``, with the weights of its best validation restored; ``network`` stays untouched.

    ``seed`` decides the order of the batches, the augmentation and the noise of dropout, each by a stream of its own.

    Raises:
        TrainingDiverged: a loss is no longer a number.
        OutOfMemory: a batch does not fit in memory.
        NotCompiled: the steps should be compiled and cannot be.
    """
    assert recipe.steps is not None and isinstance(recipe.validate_every, int)
    network = copy.deepcopy(network).train()
    optimizer = optimizer_of(recipe, network)
    schedule = schedule_of(recipe, optimizer, recipe.steps)
    objective = objective_of(lesson.train, recipe, next(network.parameters()).device)
    history: list[Validation] = []
    states: dict[int, State] = {}
    losses: list[Tensor] = []
    best, best_state = None, None
    with torch_noise(seed, "noise"), computed(network, stepping) as learner:
        for step, batch in enumerate(_batches(network, lesson, recipe, seed), start=1):
            losses.append(learn(learner, batch, objective, optimizer, schedule))
            if step % recipe.validate_every and step < recipe.steps:
                continue
            seen = _validated(network, lesson.validation, step, losses, objective)
            losses.clear()
            history.append(seen)
            if keep == "checkpoints":
                states[step] = _state(network)
            if best is None or improves(seen, best, recipe):
                best, best_state = seen, _state(network)
            if is_out_of_patience(history, best, recipe):
                break
    assert best is not None and best_state is not None
    network.load_state_dict(best_state)
    stopped: Literal["budget", "patience"] = "budget" if history[-1].step == recipe.steps else "patience"
    return Fitted(network, tuple(history), best, history[-1].step, stopped, states)


def learn(
    network: Network, batch: Batch, objective: Objective, optimizer: torch.optim.Optimizer, schedule: LRScheduler
) -> Tensor:
    """The mean loss over ``batch``; afterwards ``network`` has taken a step."""
    optimizer.zero_grad(set_to_none=True)
    loss = with_gradient(network, batch, objective)
    if objective.recipe.clip is not None:
        nn.utils.clip_grad_norm_(network.parameters(), objective.recipe.clip)
    optimizer.step()
    schedule.step()
    return loss


def _batches(network: Network, lesson: Lesson, recipe: Recipe, seed: int) -> Iterator[Batch]:
    """Every batch of the training, on the device of ``network`` and augmented there."""
    assert recipe.steps is not None
    device = next(network.parameters()).device
    train = lesson.train if lesson.loader_workers else _placed(lesson.train, device)
    positions = orders(len(train) // lesson.views, recipe.batch, recipe.steps, stream(seed, "batches"))
    if lesson.views > 1:
        positions = in_turns(positions, len(train) // lesson.views, lesson.views)
    draws, classes = draws_of(seed), lesson.classes
    chosen = ((items.planes[:], items.targets) for items in batches(train, positions, lesson.loader_workers))
    for planes, targets in each(chosen, device):
        yield augmented(Items(planes, targets, task=train.task), lesson.augmentation, draws, classes)


def _placed(items: Items, device: torch.device) -> Items:
    """``items`` on ``device``, or as they are where it has no room for all at once: then each batch is moved."""
    try:
        return items.to(device) if fits(items.planes, device) else items
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        return items


def _validated(network: Network, items: Items, step: int, losses: list[Tensor], objective: Objective) -> Validation:
    answered = Answered(logits_of(network, items, objective.recipe.computed_in), items.sample_targets)
    seen = Validation(
        step=step,
        train_loss=float(torch.stack(losses).mean()),
        loss=objective.loss(answered.outputs, answered.targets),
        score=score(answered, items.task),
    )
    if error := diverged(seen, objective.recipe):
        raise error
    return seen


def diverged(seen: Validation, recipe: Recipe) -> TrainingDiverged | None:
    """The error of a training that came to ``seen``, where a loss is no longer a number."""
    if math.isfinite(seen.loss) and math.isfinite(seen.train_loss):
        return None
    return TrainingDiverged(
        f"at step {seen.step} of {recipe.steps} the training loss is {seen.train_loss} "
        f"and the validation loss {seen.loss}; a lower rate than {recipe.rate:g} may help"
    )


def improves(seen: Validation, best: Validation, recipe: Recipe) -> bool:
    """Whether ``seen`` is better than the ``best`` so far, by what the recipe stops on."""
    if recipe.stop_on != "loss":
        return (seen.score, -seen.loss) > (best.score, -best.loss)
    return seen.loss < best.loss


def is_out_of_patience(history: Sequence[Validation], best: Validation, recipe: Recipe) -> bool:
    """Whether as many validations as the recipe waits for came after the ``best`` of ``history`` in vain."""
    return recipe.patience is not None and len(history) - 1 - history.index(best) >= recipe.patience


def _state(network: Network) -> State:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
