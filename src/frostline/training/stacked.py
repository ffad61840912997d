"""Several trainings of one shape at once: their weights stacked, each step of all of them one batched computation.

| symbol | meaning | shape |
|---|---|---|
| going | the numbers of the trainings that go on | row |
| moving | their trained parameters, by name | row, shape of the parameter |
| still | their frozen tensors that differ, by name; equal ones are not stacked | row, shape of the tensor |
| best | trained parameters at the best validation of every training, by name | training, shape of the parameter |

Optimisers work number by number, so that one over ``moving`` does what one for each training does.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Tensor, nn
from torch.func import functional_call, vmap

from frostline.data.planes import Items
from frostline.data.rows import StoredRows
from frostline.errors import OutOfMemory, TrainingDiverged
from frostline.networks.network import BATCH_NORMS, READOUT, Network
from frostline.networks.plain import ACTIVATIONS
from frostline.outcome import Validation
from frostline.randomness import stream
from frostline.spec.augmentation import Augmentation
from frostline.spec.recipe import Recipe
from frostline.tasks import classes
from frostline.training.batches import orders
from frostline.training.evaluate import BATCH, is_out_of_memory, of_samples
from frostline.training.fit import Fitted, Lesson, State
from frostline.training.optimizers import optimizer_of, schedule_of

Keep = Literal["best", "checkpoints"]
PROVEN = (nn.Linear, nn.Conv2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Identity, nn.LayerNorm, nn.GroupNorm)
"""Parts of which the tests prove, as of all activations, that they give the same when stacked."""


def stackable(network: Network, recipe: Recipe, augmentation: Augmentation) -> str | None:
    """Why a training cannot be stacked with others of its shape, all reasons at once; None where it can."""
    reasons = []
    if recipe.accumulate > 1:
        reasons.append(f"accumulate: {recipe.accumulate} saves memory, of which stacking needs more")
    if recipe.computed_in != "float32":
        reasons.append(f"precision: {recipe.computed_in} rounds too coarsely for figures to agree")
    if augmentation != Augmentation():
        reasons.append("augmentation is drawn for one training at a time")
    for name, module in (*network.parts.items(), ("head", network.head)):
        where = f"the {name}" if name in (READOUT, "head") else f"layer {name}"
        faults = dict.fromkeys(_fault(part, name in network.frozen) for part in module.modules())
        reasons += [f"{where}: {fault}" for fault in faults if fault is not None]
    return "; ".join(reasons) or None


def _fault(part: nn.Module, frozen: bool) -> str | None:
    """Why ``part``, its children left aside, cannot be stacked, or None."""
    if isinstance(part, nn.Dropout):
        return None if frozen or part.p == 0 else "dropout draws noise for one training at a time"
    if isinstance(part, BATCH_NORMS):
        return None if frozen else "batch norm moves its statistics beside the optimiser"
    if type(part) in (nn.Sequential, *PROVEN, *ACTIVATIONS.values()):
        return None
    return f"{type(part).__name__} is not proven to give the same when stacked"


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
    _refuse_unequal(networks, lessons, recipe, seeds)
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


def _refuse_unequal(
    networks: Sequence[Network], lessons: Sequence[Lesson], recipe: Recipe, seeds: Sequence[int]
) -> None:
    """Nothing, where the trainings are of one shape and can be stacked."""
    if not len(networks) == len(lessons) == len(seeds) > 0:
        got = f"{len(networks)} networks, {len(lessons)} lessons, {len(seeds)} seeds"
        raise ValueError(f"each training needs a network, a lesson and a seed, and there must be some (got {got})")
    faults = []
    for number, (network, lesson) in enumerate(zip(networks, lessons, strict=True)):
        reason = stackable(network, recipe, lesson.augmentation)
        told = [reason] if reason is not None else []
        if lesson.loader_workers:
            told.append(f"loader_workers: {lesson.loader_workers} serve one training at a time; use 0")
        if _shape(network) != _shape(networks[0]):
            told.append("its layers, their shapes or what is frozen differ from the first training's")
        if _extent(lesson) != _extent(lessons[0]):
            told.append(f"it has {_extent(lesson)}, the first training {_extent(lessons[0])}")
        faults += [f"training {number}: {fault}" for fault in told]
    if faults:
        raise ValueError("\n  ".join(["these trainings cannot be stacked:", *faults]))


def _shape(network: Network) -> tuple[object, ...]:
    """What networks have in common whose weights can be stacked."""
    tensors = [*network.named_parameters(), *network.named_buffers()]
    told = [(name, tuple(t.shape), t.dtype, t.device, t.requires_grad) for name, t in tensors]
    return str(network), network.frozen, tuple(told)


def _extent(lesson: Lesson) -> str:
    """How many items there are, and of what shape."""
    train, validation = lesson.train, lesson.validation
    shape = " x ".join(map(str, train.planes[:1].shape[1:]))
    counts = f"{len(train)} items to train on and {len(validation)} to validate on"
    return f"{counts}, {validation.pieces} to a sample, each {shape}"


class _Pool:
    """The planes and targets of lots of equally many items; tensors that several lots have are held once."""

    def __init__(self, lots: Sequence[Items], device: torch.device) -> None:
        distinct = {(id(lot.planes), id(lot.targets)): lot for lot in lots}
        place = {key: index * len(lots[0]) for index, key in enumerate(distinct)}
        self.first = torch.tensor([place[id(lot.planes), id(lot.targets)] for lot in lots])
        self.planes = _joined([lot.planes for lot in distinct.values()]).to(device)
        self.targets = torch.cat([lot.targets for lot in distinct.values()]).to(device)

    def at(self, lots: Sequence[int], chosen: Int64[Tensor, "row item"]) -> tuple[Tensor, Tensor]:
        """Planes and targets of the ``chosen`` items of ``lots``, a row for each lot."""
        places = (chosen + self.first[list(lots), None]).to(self.targets.device)
        planes = self.planes[places.flatten()]
        return planes.reshape(*places.shape, *planes.shape[1:]), self.targets[places]


def _joined(several: Sequence[Tensor | StoredRows]) -> Tensor | StoredRows:
    """The rows of ``several``, one after the other: a copy of tensors in memory, none of what lies in files."""
    tensors = [rows for rows in several if isinstance(rows, Tensor)]
    stored = [rows for rows in several if isinstance(rows, StoredRows)]
    if tensors:
        return tensors[0] if len(tensors) == 1 else torch.cat(tensors)
    firsts = np.cumsum([0, *(len(rows.files) for rows in stored)])
    places = [rows.places + np.array([first, 0]) for first, rows in zip(firsts, stored, strict=False)]
    return StoredRows(tuple(file for rows in stored for file in rows.files), np.concatenate(places), stored[0].axes)


class _Stack:
    """Networks of one shape as one, and the optimiser of all of them."""

    def __init__(self, networks: Sequence[Network], recipe: Recipe) -> None:
        assert recipe.steps is not None
        self.network, self.recipe = copy.deepcopy(networks[0]).train(), recipe
        tensors = [dict(network.named_parameters()) | dict(network.named_buffers()) for network in networks]
        self.moving = {name: p for name, p in self.network.named_parameters() if p.requires_grad}
        differ = [n for n, t in tensors[0].items() if n not in self.moving and any(not t.equal(o[n]) for o in tensors)]
        self.still = {name: torch.stack([some[name] for some in tensors]) for name in differ}
        for name, parameter in self.moving.items():
            parameter.data = torch.stack([some[name].detach() for some in tensors])
        self.optimizer = optimizer_of(recipe, self.network)
        self.schedule = schedule_of(recipe, self.optimizer, recipe.steps)

    def learn(self, planes: Tensor, targets: Tensor) -> Float32[Tensor, " row"]:
        """The mean loss of each network over its batch; afterwards each has taken a step."""
        self.optimizer.zero_grad(set_to_none=True)
        losses: Tensor = vmap(self._loss)(self.moving, self.still, planes, targets)
        losses.sum().backward()  # type: ignore[no-untyped-call]
        if self.recipe.clip is not None:
            _clip([p.grad for p in self.moving.values() if p.grad is not None], self.recipe.clip)
        self.optimizer.step()
        self.schedule.step()
        return losses.detach()

    def _loss(self, moving: State, still: State, planes: Tensor, targets: Tensor) -> Tensor:
        return classes.loss(self._answer(moving, still, planes), targets, self.recipe.label_smoothing)

    def _answer(self, moving: State, still: State, planes: Tensor) -> Tensor:
        answer: Tensor = functional_call(self.network, {**moving, **still}, (planes,))
        return answer

    @torch.no_grad()
    def answers(self, planes: Tensor) -> Float32[Tensor, "row item output"]:
        """The logits of each network for its row of ``planes``; what can be stacked answers alike in every mode."""
        answers: Tensor = vmap(self._answer)(self.moving, self.still, planes)
        return answers

    def narrow(self, rows: list[int]) -> None:
        """Leaves only the networks in ``rows``."""
        for parameter in self.moving.values():
            parameter.grad, parameter.data = None, parameter.data[rows]
        self.still = {name: tensor[rows] for name, tensor in self.still.items()}
        for state in self.optimizer.state.values():
            stacked = {name: value for name, value in state.items() if isinstance(value, Tensor) and value.dim()}
            state.update({name: value[rows] for name, value in stacked.items()})


def _clip(gradients: Sequence[Tensor], most: float) -> None:
    """Bounds the norm of each row of ``gradients`` in place, as ``clip_grad_norm_`` does for one network."""
    norms = torch.stack([torch.linalg.vector_norm(gradient.flatten(1), dim=1) for gradient in gradients])
    factors = (most / (torch.linalg.vector_norm(norms, dim=0) + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(factors.reshape(-1, *[1] * (gradient.dim() - 1)))


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
        if not (math.isfinite(seen.loss) and math.isfinite(seen.train_loss)):
            self.diverged = TrainingDiverged(
                f"at step {seen.step} of {recipe.steps} the training loss is {seen.train_loss} "
                f"and the validation loss {seen.loss}; a lower rate than {recipe.rate:g} may help"
            )
        elif self.best is None or _merit(seen, recipe) > _merit(self.best, recipe):
            self.best = seen

    def goes_on(self, recipe: Recipe) -> bool:
        """Whether the training takes another step, if there are any left."""
        if self.diverged is not None or self.best is None:
            return False
        return recipe.patience is None or len(self.history) - 1 - self.history.index(self.best) < recipe.patience


def _merit(seen: Validation, recipe: Recipe) -> tuple[float, ...]:
    return (seen.accuracy, -seen.loss) if recipe.stop_on == "accuracy" else (-seen.loss,)


class _Trainings:
    """All trainings on their way: the stack of those that go on, and the story of each."""

    def __init__(self, networks: Sequence[Network], lessons: Sequence[Lesson], recipe: Recipe) -> None:
        device = next(networks[0].parameters()).device
        self.networks, self.recipe = networks, recipe
        self.train = _Pool([lesson.train for lesson in lessons], device)
        self.lots = [lesson.validation for lesson in lessons]
        self.validation = _Pool(self.lots, device)
        self.stack = _Stack(networks, recipe)
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
            answers = of_samples(logits[row], self.lots[number].pieces)
            loss, accuracy = float(classes.loss(answers, targets)), classes.accuracy(answers, targets)
            seen = Validation(step=step, train_loss=train_losses[row], loss=loss, accuracy=accuracy)
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
