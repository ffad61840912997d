"""Several trainings of one shape at once: each step of all of them is one batched computation.

| symbol | meaning | shape |
|---|---|---|
| going | the numbers of the trainings that go on, which are the rows of the stack | row |
| best | trained parameters at the best validation of every training, by name | training, shape of the parameter |
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from jaxtyping import Float32
from torch import Tensor

from frostline.errors import OutOfMemory, TrainingDiverged
from frostline.networks.network import Network
from frostline.outcome import Validation
from frostline.randomness import stream
from frostline.spec.recipe import Recipe
from frostline.tasks import classes
from frostline.tasks.task import of_samples
from frostline.training.batches import orders
from frostline.training.evaluate import BATCH, is_out_of_memory
from frostline.training.fit import Fitted, Keep, Lesson, State, diverged, improves, is_out_of_patience
from frostline.training.stack import Pool, Stack
from frostline.training.stackable import refuse_unequal


def fit_stacked(
    networks: Sequence[Network], lessons: Sequence[Lesson], recipe: Recipe, seeds: Sequence[int], keep: Keep
) -> tuple[Fitted | TrainingDiverged, ...]:
    """What ``fit`` makes of each network with its lesson and seed, or the error that it raises, in the same order.

    Figures agree with those of ``fit`` but for rounding, which may depend on what is trained beside. A training that
    ends, by its own patience or because it diverges, leaves the stack and costs nothing more. The networks stay
    untouched. Items are held on their device, in one tensor: those of several tensors are copied.

    Raises:
        ValueError: the trainings are not of one shape, or one of them cannot be stacked; the text names all faults.
        OutOfMemory: a batch of every training at once does not fit in memory.
    """
    refuse_unequal(networks, lessons, recipe, seeds)
    assert recipe.steps is not None and isinstance(recipe.validate_every, int)
    streams = [stream(seed, "batches") for seed in seeds]
    positions = [orders(len(lessons[0].train), recipe.batch, recipe.steps, each) for each in streams]
    try:
        trainings = _Trainings(networks, lessons, recipe)
        for step, chosen in enumerate(zip(*positions, strict=True), start=1):
            trainings.learn(chosen)
            if step % recipe.validate_every and step < recipe.steps:
                continue
            trainings.validate(step, keep)
            if not trainings.going:
                break
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        said = f"{len(networks)} trainings at once with batches of {recipe.batch} did not fit in memory"
        raise OutOfMemory(f"{said}; stack fewer") from error
    return tuple(trainings.result(number) for number in range(len(networks)))


@dataclass
class _Story:
    """What the validations of one training have seen, and the error that ended it."""

    history: list[Validation] = field(default_factory=list)
    best: Validation | None = None
    states: dict[int, State] = field(default_factory=dict)
    diverged: TrainingDiverged | None = None

    def add(self, seen: Validation, recipe: Recipe) -> None:
        """Takes note of ``seen``; the rules are those of ``fit``."""
        self.history.append(seen)
        self.diverged = diverged(seen, recipe)
        if self.diverged is None and (self.best is None or improves(seen, self.best, recipe)):
            self.best = seen

    def goes_on(self, recipe: Recipe) -> bool:
        """Whether the training takes another step, if there are any left."""
        if self.diverged is not None or self.best is None:
            return False
        return not is_out_of_patience(self.history, self.best, recipe)


class _Trainings:
    """All trainings on their way: the stack of those that go on, and the story of each."""

    def __init__(self, networks: Sequence[Network], lessons: Sequence[Lesson], recipe: Recipe) -> None:
        device = next(networks[0].parameters()).device
        self.networks, self.recipe = networks, recipe
        self.train = Pool([lesson.train for lesson in lessons], device)
        self.lots = [lesson.validation for lesson in lessons]
        self.validation = Pool(self.lots, device)
        self.stack = Stack(networks, recipe)
        self.going = list(range(len(networks)))
        self.stories = [_Story() for _ in networks]
        self.best = {name: tensor.detach().clone() for name, tensor in self.stack.moving.items()}
        self.losses: list[Tensor] = []

    def learn(self, chosen: Sequence[Tensor]) -> None:
        """One step of all that go on; ``chosen`` has the positions of the batch of every training."""
        rows = torch.stack([chosen[number] for number in self.going])
        self.losses.append(self.stack.learn(*self.train.at(self.going, rows)))

    def validate(self, step: int, keep: Keep) -> None:
        """Takes note of what each network answers now, and of its weights; those that end leave the stack."""
        train_losses, logits = torch.stack(self.losses).mean(dim=0).tolist(), self._logits()
        self.losses.clear()
        better, staying = [], []
        for row, number in enumerate(self.going):
            story, targets = self.stories[number], self.lots[number].sample_targets
            answers = of_samples(logits[row], self.lots[number].pieces, "classes")
            loss, accuracy = float(classes.loss(answers, targets)), classes.accuracy(answers, targets)
            seen = Validation(step=step, train_loss=train_losses[row], loss=loss, score=accuracy)
            story.add(seen, self.recipe)
            if keep == "checkpoints":
                story.states[step] = self._state(number, row)
            better += [row] if story.best is seen else []
            staying += [row] if story.goes_on(self.recipe) else []
        for name, tensor in self.stack.moving.items():
            self.best[name][[self.going[row] for row in better]] = tensor.detach()[better]
        if len(staying) < len(self.going):
            self.stack.narrow(staying)
            self.going = [self.going[row] for row in staying]

    def _state(self, number: int, row: int) -> State:
        """The weights of the training ``number``, which is in this ``row`` of the stack, as they are now."""
        own, moving = self.networks[number].state_dict(), self.stack.moving
        weights = {name: moving[name][row] if name in moving else tensor for name, tensor in own.items()}
        return {name: tensor.detach().clone() for name, tensor in weights.items()}

    def _logits(self) -> Float32[Tensor, "row item output"]:
        """The logits of each network that goes on for its validation items, on the CPU."""
        items = max(self.recipe.batch, BATCH // len(self.going))  # no more than training holds, or one network alone
        places = torch.arange(len(self.lots[0])).expand(len(self.going), -1)
        parts = [self.validation.at(self.going, part)[0] for part in torch.split(places, items, dim=1)]
        return torch.cat([self.stack.answers(planes).cpu() for planes in parts], dim=1)

    def result(self, number: int) -> Fitted | TrainingDiverged:
        """What became of the training ``number``."""
        story = self.stories[number]
        if story.best is None or story.diverged is not None:
            assert story.diverged is not None
            return story.diverged
        last = story.history[-1].step
        stopped: Literal["budget", "patience"] = "budget" if last == self.recipe.steps else "patience"
        network = copy.deepcopy(self.networks[number]).train()
        with torch.no_grad():
            for name, best in self.best.items():
                network.get_parameter(name).copy_(best[number])
        return Fitted(network, tuple(story.history), story.best, last, stopped, story.states)
