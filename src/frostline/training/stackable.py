"""Which trainings can be stacked, and why others cannot."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from frostline.networks.network import BATCH_NORMS, READOUT, Network
from frostline.networks.plain import ACTIVATIONS
from frostline.spec.augmentation import Augmentation
from frostline.spec.recipe import Recipe
from frostline.training.fit import Lesson

PROVEN = (nn.Linear, nn.Conv2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Identity, nn.LayerNorm, nn.GroupNorm)
"""Parts of which the tests prove, as of all activations, that they give the same when stacked."""


def stackable(network: Network, recipe: Recipe, augmentation: Augmentation) -> str | None:
    """Why a training cannot be stacked with others of its shape, all reasons at once; None where it can."""
    reasons = []
    if recipe.accumulate > 1:
        reasons.append(f"accumulate: {recipe.accumulate} saves memory, of which stacking needs more")
    if recipe.computed_in != "float32":
        reasons.append(f"precision: {recipe.computed_in} rounds too coarsely for figures to agree")
    if recipe.loss != "usual" or recipe.weights is not None:
        reasons.append("its loss is computed for one training at a time")
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


def refuse_unequal(
    networks: Sequence[Network], lessons: Sequence[Lesson], recipe: Recipe, seeds: Sequence[int]
) -> None:
    """Nothing, where the trainings are of one shape and can be stacked.

    Raises:
        ValueError: they are not; the text names all faults.
    """
    if not len(networks) == len(lessons) == len(seeds) > 0:
        got = f"{len(networks)} networks, {len(lessons)} lessons, {len(seeds)} seeds"
        raise ValueError(f"each training needs a network, a lesson and a seed, and there must be some (got {got})")
    faults = []
    for number, (network, lesson) in enumerate(zip(networks, lessons, strict=True)):
        reason = stackable(network, recipe, lesson.augmentation)
        told = [reason] if reason is not None else []
        if lesson.loader_workers:
            told.append(f"loader_workers: {lesson.loader_workers} serve one training at a time; use 0")
        if lesson.train.task != "classes":
            told.append(f"its items have {lesson.train.task}, which are trained one training at a time")
        if lesson.views > 1:
            told.append(f"its items have {lesson.views} views, which take turns in one training at a time; use 1")
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
