"""From a study to its trials: each once, in waves, a wave needing only the waves before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from pydantic import ValidationError

from frostline.errors import PlanRefused
from frostline.spec.arms import Arm, Entry, arms_of, in_each_way, with_additions
from frostline.spec.axes import Pretraining, from_scratch
from frostline.spec.beside import Beside
from frostline.spec.inputs import Inputs, inputs_of
from frostline.spec.network import Timm
from frostline.spec.portion import Portioned, portion, resolved
from frostline.spec.refusals import refusals
from frostline.spec.scored_cells import ScoredCell, scored_cells
from frostline.spec.scoring import Scoring
from frostline.spec.study import Study
from frostline.spec.surgery import Surgery
from frostline.spec.synthesis import Forging
from frostline.spec.task_recipes import for_task
from frostline.spec.trial import Head, Matched, RandomStart, Seeds, Start, Trial, WeightsFile

__all__ = ["Begin", "Cell", "Entry", "Plan", "plan"]


@dataclass(frozen=True)
class Plan:
    """Every cell of a study and the trials that fill them; trials of equal content are one trial.

    ``scored`` holds what layers are scored, if any are.
    """

    entries: tuple[Entry, ...]
    scored: tuple[ScoredCell, ...] = ()

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
    def own(self) -> tuple[Entry, ...]:
        """The cells of the study's own network."""
        return tuple(entry for entry in self.entries if not entry.arm.beside)

    @cached_property
    def heaviest(self) -> Trial:
        """The trial that shows the most planes, pretrainings included, and other networks left out.

        Batches differ between shares and pretrainings; frozen layers are those of the study's own network.
        """
        apart = {entry.trial.key for entry in self.entries if entry.arm.beside}
        own = (trial for trial in self.trials if trial.key not in apart)
        return max(own, key=lambda trial: (trial.recipe.steps or 0) * trial.recipe.batch)

    @cached_property
    def scorings(self) -> tuple[Scoring, ...]:
        """Each scoring once."""
        return tuple({cell.scoring.key: cell.scoring for cell in self.scored}.values())

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """Each arm once: those of the study in the order of its file, then those that it adds as controls."""
        return tuple(dict.fromkeys(entry.arm for entry in self.entries))

    @cached_property
    def starts(self) -> frozenset[str]:
        """The keys of the trials that others start from, or whose layers are scored: their weights must be kept."""
        before = (start.key for entry in self.entries for start in entry.trial.ancestors)
        return frozenset(before) | {trial.key for scoring in self.scorings for trial in scoring.needed}


def plan(study: Study) -> Plan:
    """The plan of ``study``: every arm at every share with every seed, equal treatments once.

    Raises:
        PlanRefused: a share is too small to hold one training and one validation item of each class, or three with tags
            or values to validate on; a test part holds none of some class, or fewer than three; what normalises is
            unknown or of other channels, the published weights are missing or of another network, or a treatment cannot
            be carried out; every reason at once.
    """
    if reasons := refusals(study):
        raise PlanRefused(reasons)
    inputs = inputs_of(study)
    starts = {seed: _start(study, inputs, seed) for seed in study.seed_values}
    entries, faults = [], dict[str, None]()
    named = study.named_surgeries()
    arms = in_each_way(arms_of(named, study.control_kinds), study.norms, study.network)
    for arm in with_additions(arms, study.additions, named):
        for share in study.shares:
            for seed in study.seed_values:
                try:
                    trial = _trial(study, inputs, Cell(arm, share, seed), starts[seed])
                except ValidationError as error:
                    faults[f"{arm}: {error.errors()[0]['ctx']['error']}"] = None
                else:
                    entries.append(Entry(arm, share, seed, trial))
    if faults:
        raise PlanRefused(list(faults))
    scored = scored_cells(study, inputs, starts, entries)
    return Plan((*entries, *_beside(study)), scored)


@dataclass(frozen=True)
class Cell:
    """Which arm, at which share, with which seed."""

    arm: Arm
    share: float
    seed: int


@dataclass(frozen=True)
class Begin:
    """What the first training of a surgery starts from, and what becomes of its head."""

    start: Start | None
    head: Head


def _trial(study: Study, inputs: Inputs, cell: Cell, own: Trial | WeightsFile | None) -> Trial:
    """The trial of ``cell``, where the study's own transfers of its seed start from ``own``."""
    surgery, seed = cell.arm.surgery, _pretraining_seed(study, cell.seed)
    match cell.arm.start:
        case "own":
            begin = Begin(own, study.head)
        case "random":
            begin = Begin(RandomStart(seed=seed), "new")
        case "matched":
            assert own is not None
            begin = Begin(Matched(start=own, seed=seed), study.head)
        case "selffer":
            scratch = from_scratch(len(surgery))
            begin = Begin(_transfer(study, inputs, cell, scratch, Begin(None, "new")), "new")
    return _transfer(study, inputs, cell, surgery, begin)


def _transfer(study: Study, inputs: Inputs, cell: Cell, surgery: Surgery, begin: Begin) -> Trial:
    seeds, start = _seeds(study, cell.seed), begin.start if surgery.needs_start else None
    head: Head = begin.head if surgery.needs_start else "new"
    if surgery.after is not None:
        start, head = _transfer(study, inputs, cell, surgery.after, begin), "kept"
    recipe, asked = study.recipe_of(study.recipe), Portioned(cell.share, seeds.split)
    if study.norms:
        norms = cell.arm.norms if surgery.last.freezes else "stored"
        recipe = recipe.model_copy(update={"norms": norms})
    added = study.added(cell.arm.addition)
    return Trial(
        dataset=study.dataset,
        network=inputs.network,
        surgery=surgery.last,
        recipe=resolved(recipe, study.dataset, asked, study.validation),
        share=cell.share,
        validation=study.validation,
        normalise=inputs.normalise,
        augmentation=added.augmentation,
        synthesis=None if added.synthesis is None else _forging(study, added.synthesis, asked),
        head=head,
        start=start,
        seeds=seeds,
    )


def _forging(study: Study, forging: Forging, asked: Portioned) -> Forging:
    """How the synthetic items of a trial are made, the budget of ``forging`` in steps."""
    held = portion(study.dataset.pools(asked.split_seed), asked.share, study.validation)
    return forging.model_copy(update={"recipe": forging.recipe.resolved(sum(held.train))})


def _beside(study: Study) -> Iterator[Entry]:
    """The cells of the other networks of ``study``, as the study of each alone has them."""
    for name in study.beside:
        for entry in plan(study.alone(name)).entries:
            yield replace(
                entry, arm=replace(entry.arm, beside=name, names=(f"{_called(study.beside[name])} from scratch",))
            )


def _called(other: Beside) -> str:
    """What the network of ``other`` is called in a study file."""
    return other.network.model if isinstance(other.network, Timm) else other.network.name


def _start(study: Study, inputs: Inputs, seed: int) -> Trial | WeightsFile | None:
    """What the study's transfers with ``seed`` start from."""
    source = study.source
    if not isinstance(source, Pretraining):
        return source
    own = _pretraining_seed(study, seed)
    recipe = study.recipe_of(source.recipe_beside(study.recipe) or study.recipe)
    return Trial(
        dataset=source.dataset,
        network=for_task(inputs.network, source.dataset.task),
        surgery=Surgery.parse(f"r{len(study.network.layer_names)}"),
        recipe=resolved(recipe, source.dataset, Portioned(1.0, own), study.validation),
        validation=study.validation,
        normalise=inputs.normalise,
        augmentation=source.augmentation,
        seeds=Seeds(split=own, share=own, weights=own, batches=own),
    )


def _pretraining_seed(study: Study, seed: int) -> int:
    return seed if "pretraining" in study.vary else study.fixed_seed


def _seeds(study: Study, seed: int) -> Seeds:
    def follow(purpose: str) -> int:
        return seed if purpose in study.vary else study.fixed_seed

    return Seeds(split=follow("split"), share=follow("share"), weights=follow("weights"), batches=follow("batches"))
