"""From a study to its trials: each once, in waves, a wave needing only the waves before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from pydantic import ValidationError

from frostline.errors import PlanRefused
from frostline.spec.axes import Pretraining
from frostline.spec.inputs import Inputs, inputs_of
from frostline.spec.portion import Portioned, resolved
from frostline.spec.refusals import refusals
from frostline.spec.study import Study
from frostline.spec.surgery import Surgery
from frostline.spec.trial import Head, Seeds, Trial, WeightsFile


@dataclass(frozen=True)
class Arm:
    """One treatment of the study: its surgery, and every name that the study file gives it."""

    surgery: Surgery
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.surgery} ({' = '.join(self.names)})"


@dataclass(frozen=True)
class Entry:
    """One cell of the study: an arm at a share and a seed, and the trial that fills it."""

    arm: Arm
    share: float
    seed: int
    trial: Trial


@dataclass(frozen=True)
class Plan:
    """Every cell of a study and the trials that fill them; trials of equal content are one trial."""

    entries: tuple[Entry, ...]

    @cached_property
    def waves(self) -> tuple[tuple[Trial, ...], ...]:
        """Each trial once; those without a start in the plan first, then those that start from them, and so on.

        In a wave those that others start from stand first.
        """
        waves: dict[int, dict[str, Trial]] = {}
        for entry in self.entries:
            chain = (entry.trial, *entry.trial.ancestors)
            for trial in chain:
                waves.setdefault(len(trial.ancestors), {}).setdefault(trial.key, trial)
        return tuple(
            tuple(sorted(waves[depth].values(), key=lambda trial: trial.key not in self.starts))
            for depth in sorted(waves)
        )

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """Each trial once, in an order in which every start stands before what starts from it."""
        return tuple(trial for wave in self.waves for trial in wave)

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """Each arm once, in the order of the study file."""
        return tuple(dict.fromkeys(entry.arm for entry in self.entries))

    @cached_property
    def starts(self) -> frozenset[str]:
        """The keys of the trials that others start from, whose weights must be kept."""
        return frozenset(start.key for entry in self.entries for start in entry.trial.ancestors)


def plan(study: Study) -> Plan:
    """The plan of ``study``: every arm at every share with every seed, equal treatments once.

    Raises:
        PlanRefused: a share is too small to hold one training and one validation item of each class, a test part holds
            none of some class, what normalises is unknown or of other channels, the published weights are missing or
            of another network, or a treatment cannot be carried out; every reason at once.
    """
    if reasons := refusals(study):
        raise PlanRefused(reasons)
    inputs = inputs_of(study)
    starts = {seed: _start(study, inputs, seed) for seed in study.seed_values}
    entries, faults = [], dict[str, None]()
    for surgery, names in study.named_surgeries().items():
        arm = Arm(surgery, names)
        for share in study.shares:
            for seed in study.seed_values:
                try:
                    trial = _transfer(study, inputs, Cell(surgery, share, seed), starts[seed])
                except ValidationError as error:
                    faults[f"{arm}: {error.errors()[0]['ctx']['error']}"] = None
                else:
                    entries.append(Entry(arm, share, seed, trial))
    if faults:
        raise PlanRefused(list(faults))
    return Plan(tuple(entries))


@dataclass(frozen=True)
class Cell:
    """Which treatment, at which share, with which seed."""

    surgery: Surgery
    share: float
    seed: int


def _transfer(study: Study, inputs: Inputs, cell: Cell, start: Trial | WeightsFile | None) -> Trial:
    surgery, seeds = cell.surgery, _seeds(study, cell.seed)
    head: Head = study.head if surgery.needs_start else "new"
    if surgery.after is not None:
        start, head = _transfer(study, inputs, replace(cell, surgery=surgery.after), start), "kept"
    recipe, asked = study.recipe_of(study.recipe), Portioned(cell.share, seeds.split)
    return Trial(
        dataset=study.dataset,
        network=inputs.network,
        surgery=surgery.last,
        recipe=resolved(recipe, study.dataset, asked, study.validation),
        share=cell.share,
        validation=study.validation,
        normalise=inputs.normalise,
        augmentation=study.augmentation,
        head=head,
        start=start if surgery.needs_start or surgery.after is not None else None,
        seeds=seeds,
    )


def _start(study: Study, inputs: Inputs, seed: int) -> Trial | WeightsFile | None:
    """What the study's transfers with ``seed`` start from."""
    source = study.source
    if not isinstance(source, Pretraining):
        return source
    own = seed if "pretraining" in study.vary else study.fixed_seed
    recipe = study.recipe_of(source.recipe_beside(study.recipe) or study.recipe)
    return Trial(
        dataset=source.dataset,
        network=inputs.network,
        surgery=Surgery.parse(f"r{len(study.network.layer_names)}"),
        recipe=resolved(recipe, source.dataset, Portioned(1.0, own), study.validation),
        validation=study.validation,
        normalise=inputs.normalise,
        augmentation=source.augmentation,
        seeds=Seeds(split=own, share=own, weights=own, batches=own),
    )


def _seeds(study: Study, seed: int) -> Seeds:
    def follow(purpose: str) -> int:
        return seed if purpose in study.vary else study.fixed_seed

    return Seeds(split=follow("split"), share=follow("share"), weights=follow("weights"), batches=follow("batches"))
