"""Whether the training steps of a study are compiled: counted from its plan, chosen by measurement.

========  ===========================================================================  =====
symbol    meaning                                                                      unit
========  ===========================================================================  =====
step      outputs, loss and gradient for a batch of the trial that is measured         1
shape     a network, what is frozen in it, and a size of batch: compiled by itself     1
eager     time of a step that is computed as it is                                     s
compiled  time of a step that is compiled                                              s
once      time to compile a shape                                                      s
========  ===========================================================================  =====

It pays where ``eager x steps`` clearly exceeds ``compiled x steps + once x shapes``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from frostline.errors import NotCompiled, OutOfMemory
from frostline.keeping import CLEARLY, items_held, steps_at_least
from frostline.spec.plan import Plan
from frostline.spec.surgery import Fate
from frostline.spec.trial import Trial

if TYPE_CHECKING:
    from frostline.networks.network import Network
    from frostline.probe import Sample
    from frostline.spec.recipe import Precision

LEAST_S = 2.0
"""No shape is compiled faster (measured: 4 to 80 s): where even that would not pay, nothing is compiled to find out."""
IN_A_ROW = 5
"""So many steps are measured in a row, as a training takes them."""


@dataclass(frozen=True)
class Taken:
    """Seconds of a step as it is and compiled, and ``once`` for a shape to be compiled."""

    eager: float
    compiled: float
    once: float


@dataclass(frozen=True)
class Work:
    """What is planned: at least so many steps, as large as the one that is measured, of at most so many shapes."""

    steps: float
    shapes: int


def pays(taken: Taken, work: Work) -> bool:
    """Whether the steps of ``work`` clearly take longer as they are than compiled, compiling included."""
    return taken.eager * work.steps > CLEARLY * (taken.compiled * work.steps + taken.once * work.shapes)


def work_of(plan: Plan, trial: Trial) -> Work:
    """The work of ``plan`` in steps of ``trial``: those of smaller batches or frozen layers count for less."""
    steps = sum(
        steps_at_least(one.recipe) * min(1.0, one.recipe.batch / trial.recipe.batch) * _trained(one)
        for one in plan.trials
    )
    return Work(steps, len({shape for one in plan.trials for shape in _shapes(one)}))


def measured(plan: Plan, sample: Sample, precision: Precision) -> tuple[bool, list[str]]:
    """Whether the steps of the trials of ``plan`` are compiled, and in words what was measured or went wrong.

    ``sample`` is measured in ``precision``.
    """
    work, recipe = work_of(plan, sample.trial), sample.trial.recipe
    eager = _seconds(sample, precision)
    if isinstance(eager, float) and not pays(Taken(eager, 0.0, LEAST_S), work):
        said = f"a step of {recipe.batch} planes takes {eager * 1e3:.3g} ms, and {_planned(work)}"
        return False, [f"Training steps: not compiled ({said})."]
    taken = tried(sample, precision) if isinstance(eager, float) else eager
    if not isinstance(taken, Taken):
        return False, [f"Training steps: not compiled ({taken})."]
    chosen = pays(taken, work)
    said = (
        f"a step of {recipe.batch} planes takes {taken.eager * 1e3:.3g} ms as it is and {taken.compiled * 1e3:.3g} ms "
        f"compiled; compiling takes {taken.once:.3g} s a shape, and {_planned(work)}"
    )
    return chosen, [f"Training steps: {'' if chosen else 'not '}compiled ({said})."]


def _planned(work: Work) -> str:
    shapes = "1 shape" if work.shapes == 1 else f"{work.shapes} shapes"
    return f"at least {work.steps:.0f} such steps of {shapes} are planned"


def _trained(trial: Trial) -> float:
    """The part of the network of ``trial``, layers and readout alike, that its steps send a gradient through."""
    parts = len(trial.surgery) + 1
    return (parts - trial.frozen_depth) / parts


def _shapes(trial: Trial) -> set[object]:
    """What is compiled for ``trial``: one shape for each size of its batches, or of their parts."""
    recipe, dataset = trial.recipe, trial.dataset
    held = items_held(dataset, trial.seeds.split, trial.share, trial.validation)[0]
    items = (held + (trial.synthesis.count(held) if trial.synthesis is not None else 0)) * dataset.segments
    frozen = tuple(None if fate is Fate.REMOVED else fate is Fate.FROZEN for fate in trial.surgery.fates)
    network = trial.network, dataset.plane_shape, dataset.outputs, frozen, recipe.norms == "tuned"
    sizes = set[int]()
    for batch in {recipe.batch, items % recipe.batch} - {0}:
        parts = min(recipe.accumulate, batch)
        sizes |= {batch // parts, ceil(batch / parts)}
    return {(*network, recipe.precision, size) for size in sizes}


def _seconds(sample: Sample, precision: Precision) -> float | OutOfMemory:
    """Seconds of a step as it is, or why it cannot be taken."""
    from frostline.probe import fastest

    steps = _in_a_row(sample, copy.deepcopy(sample.network).train().requires_grad_(True), precision)
    try:
        steps()
        return fastest([steps], sample.device)[0] / IN_A_ROW
    except OutOfMemory as error:
        return error


def tried(sample: Sample, precision: Precision) -> Taken | NotCompiled | OutOfMemory:
    """What a step takes as it is and compiled, in turns, and to be compiled where nothing of it is at hand already.

    Or why it cannot be taken.
    """
    from torch._inductor.utils import fresh_cache

    from frostline.probe import fastest, timed
    from frostline.training.stepping import computed

    network = copy.deepcopy(sample.network).train().requires_grad_(True)
    plain = _in_a_row(sample, network, precision)
    with fresh_cache():  # which would leave its folder behind where an error passes through it
        try:
            with computed(network, "compiled") as twin:
                compiled = _in_a_row(sample, twin, precision)
                once = timed(compiled, sample.device)
                eager, faster = fastest([plain, compiled], sample.device)
        except (NotCompiled, OutOfMemory) as error:
            return error
    return Taken(eager / IN_A_ROW, faster / IN_A_ROW, once)


def _in_a_row(sample: Sample, network: Network, precision: Precision) -> Callable[[], None]:
    """Some steps of ``network``; its weights stay as they are."""
    import torch

    from frostline.augmentation.batch import Batch
    from frostline.randomness import torch_noise
    from frostline.tasks.task import Objective
    from frostline.training.gradient import with_gradient

    recipe = sample.trial.recipe.model_copy(update={"precision": precision})
    targets = torch.zeros(recipe.batch, dtype=torch.int64, device=sample.device)
    batch, objective = Batch(sample.planes(recipe.batch), targets), Objective(recipe)

    def steps() -> None:
        with torch_noise(0, "noise"):
            for _ in range(IN_A_ROW):
                network.zero_grad(set_to_none=True)
                with_gradient(network, batch, objective)

    return steps
