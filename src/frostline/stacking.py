"""Which trials of a plan are trained at once, and how many: cut from the plan, chosen by measurement.

======  ===========================================================================  =====
symbol  meaning                                                                      unit
======  ===========================================================================  =====
group   trials of one wave and one shape: they differ in seeds, and in their starts  trial
stack   trials of a group that are trained at once                                   trial
======  ===========================================================================  =====
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from frostline.keeping import CLEARLY, items_held
from frostline.outcome import Failed, Finished
from frostline.spec.augmentation import NOTHING
from frostline.spec.network import Timm
from frostline.spec.plan import Plan
from frostline.spec.study import Study
from frostline.spec.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from frostline.probe import Sample, Setting

SIZES = (4, 8, 16, 32)
LONG_STEP_S = 0.5
"""Stacks whose step would take longer than this are not tried: so large networks use a machine well by themselves."""
IN_A_ROW = 5
"""So many steps are measured in a row, as a training takes them: a single one finds the memory of another network."""
TOO_LONG = "; that of a stack would take too long to gain from it"


def groups(wave: Sequence[Trial]) -> tuple[tuple[Trial, ...], ...]:
    """Each trial of ``wave`` once, those of one shape together; what cannot be stacked is a group by itself."""
    found: dict[object, list[Trial]] = {}
    for trial in wave:
        found.setdefault(_shape(trial) if _may_be_stacked(trial) else trial.key, []).append(trial)
    return tuple(map(tuple, found.values()))


def stacks(wave: Sequence[Trial], size: int) -> list[tuple[Trial, ...]]:
    """The trials of ``wave`` in stacks of at most ``size``; those of one group are nearly equally large."""
    if size == 1:
        return [(trial,) for trial in wave]
    found = []
    for group in groups(wave):
        count = ceil(len(group) / size)
        bounds = [len(group) * index // count for index in range(count + 1)]
        found += [group[first:last] for first, last in pairwise(bounds)]
    return found


def run_again(
    stack: Sequence[Trial], lacking: set[str], outcomes: Mapping[str, Finished | Failed]
) -> list[tuple[Trial, ...]]:
    """The stacks in which the ``lacking`` trials of a planned ``stack`` are run.

    Outcomes of a stack are kept all or none. So what has none is what was planned together. What failed is tried again
    by itself. Where a trial lacks its files, all that was trained at once is run again, for the same bits.
    """
    known = {trial.key: outcomes[trial.key] for trial in stack if trial.key in outcomes}
    stacked = {key for key, found in known.items() if isinstance(found, Finished) and found.environment.stacked > 1}
    whole = stacked | {key for key, found in known.items() if isinstance(found, Failed)} if stacked & lacking else set()
    first = tuple(trial for trial in stack if trial.key in lacking and trial.key not in known)
    together = tuple(trial for trial in stack if trial.key in whole)
    apart = [(trial,) for trial in stack if trial.key in known and trial.key in lacking - whole]
    return [some for some in (first, together, *apart) if some]


def _may_be_stacked(trial: Trial) -> bool:
    """Whether nothing that is known without its network forbids it."""
    recipe, plain = trial.recipe, not isinstance(trial.network, Timm)
    of_classes = trial.dataset.task == "classes" and recipe.loss == "usual"
    unchanged = of_classes and trial.augmentation == NOTHING and trial.synthesis is None
    return plain and unchanged and recipe.accumulate == 1 and recipe.precision != "bfloat16"


def _shape(trial: Trial) -> object:
    """What trials have in common that can be trained at once."""
    count = items_held(trial.dataset, trial.seeds.split, trial.share, trial.validation)
    spec = trial.dataset, trial.network, trial.surgery, trial.recipe, trial.normalise
    return *spec, trial.share, trial.validation, trial.head, type(trial.start), count


def measured(study: Study, plan: Plan, device: str, setting: Setting) -> tuple[int, list[str]]:
    """How many trials of one shape are trained at once, and in words what was measured, where there was a choice."""
    import torch

    from frostline.probe import Sample, cores

    largest = max((group for wave in plan.waves for group in groups(wave)), key=len)
    most = ceil(len(largest) / cores()) if device == "cpu" else len(largest)
    if most < SIZES[0] or not _may_be_stacked(largest[0]):
        return 1, []
    sample = Sample(largest[0], torch.device(device))
    if reason := _reason_against(study, sample, setting):
        return 1, [f"Trials trained at once: 1 ({reason})."]
    taken = _step_seconds(sample, [size for size in SIZES if size <= most], setting.threads)
    size = _clearly_fastest(taken)
    alone = f"a training step of {largest[0].recipe.batch} planes takes {taken[1] * 1e3:.3g} ms alone"
    figures = ", ".join(f"{seconds * 1e3:.3g} ms in stacks of {size}" for size, seconds in taken.items() if size > 1)
    told = f", and a trial's share of a stack's is {figures}" if figures else TOO_LONG
    return size, [f"Trials trained at once: {size} ({alone}{told})."]


def _reason_against(study: Study, sample: Sample, setting: Setting) -> str | None:
    """Why no trials are trained at once, as far as it needs no measurement."""
    from frostline.training.stackable import stackable

    recipe = sample.trial.recipe
    if study.evidence == "race":
        return "a race runs trials seed by seed"
    if study.loader_workers:
        return f"loader_workers: {study.loader_workers} serve one training at a time"
    if setting.threads > 1:
        return f"each uses {setting.threads} threads"
    computed_in = setting.precision if recipe.precision == "auto" else recipe.precision
    return stackable(sample.network, recipe.model_copy(update={"precision": computed_in}), sample.trial.augmentation)


def _clearly_fastest(taken: Mapping[int, float]) -> int:
    """The size with the least seconds a trial, where that is clearly less than alone, which is size 1."""
    size = min(taken, key=lambda size: taken[size])
    return size if taken[1] > CLEARLY * taken[size] else 1


def _step_seconds(sample: Sample, sizes: Sequence[int], threads: int) -> dict[int, float]:
    """Seconds a trial of a training step alone, as size 1, and in stacks of ``sizes`` where such a step is not long."""
    from frostline.probe import fastest

    with _on(threads):
        alone = _in_a_row(_alone(sample))
        alone()
        (first,) = fastest([alone], sample.device)
        tried = [size for size in sizes if first / IN_A_ROW * size < LONG_STEP_S]
        works = [alone, *(_in_a_row(_stacked(sample, size)) for size in tried)]
        for work in works:
            work()
        found = fastest(works, sample.device)
    return {size: seconds / size / IN_A_ROW for size, seconds in zip([1, *tried], found, strict=True)}


def _in_a_row(step: Callable[[], object]) -> Callable[[], None]:
    def steps() -> None:
        for _ in range(IN_A_ROW):
            step()

    return steps


def _alone(sample: Sample) -> Callable[[], object]:
    import torch

    from frostline.augmentation.batch import Batch
    from frostline.tasks.task import Objective
    from frostline.training.fit import learn
    from frostline.training.optimizers import optimizer_of, schedule_of

    network, recipe = copy.deepcopy(sample.network).train(), sample.trial.recipe
    optimizer = optimizer_of(recipe, network)
    targets = torch.zeros(recipe.batch, dtype=torch.int64, device=sample.device)
    pace = optimizer, schedule_of(recipe, optimizer, recipe.steps or 1)
    return partial(learn, network, Batch(sample.planes(recipe.batch), targets), Objective(recipe), *pace)


def _stacked(sample: Sample, size: int) -> Callable[[], object]:
    import torch

    from frostline.training.stack import Stack

    recipe = sample.trial.recipe
    planes, targets = sample.planes(recipe.batch), torch.zeros(size, recipe.batch, dtype=torch.int64)
    stack = Stack([sample.network] * size, recipe)
    return partial(stack.learn, torch.stack([planes] * size), targets.to(sample.device))


@contextmanager
def _on(threads: int) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
