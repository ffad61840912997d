"""From a study to its trials: each once, in waves, a wave needing only the waves before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

from pydantic import ValidationError

from frostline.errors import PlanRefused
from frostline.spec.axes import Pretraining
from frostline.spec.recipe import Recipe
from frostline.spec.study import Study
from frostline.spec.surgery import Surgery
from frostline.spec.trial import Dataset, Head, Seeds, Trial, WeightsFile


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
        return frozenset(entry.trial.start.key for entry in self.entries if isinstance(entry.trial.start, Trial))


@dataclass(frozen=True)
class Portion:
    """How many items of each class the share holds for training and for validation."""

    train: tuple[int, ...]
    validation: tuple[int, ...]


def share_of(items: int, share: float) -> int:
    """How many of ``items`` a ``share`` allows: their product, rounded half up."""
    return int(items * share + 0.5)


def validation_of(items: int, fraction: float) -> int:
    """How many of ``items`` validate: the fraction rounded half up, and at least one of two; never decreasing."""
    return max(1, int(items * fraction + 0.5)) if items >= 2 else 0


def portion(counts: Sequence[int], share: float, validation: float) -> Portion:
    """The portion of classes with ``counts`` training items that a share of ``share`` holds."""
    allowed = [share_of(count, share) for count in counts]
    held = [validation_of(items, validation) for items in allowed]
    return Portion(tuple(a - h for a, h in zip(allowed, held, strict=True)), tuple(held))


def plan(study: Study) -> Plan:
    """The plan of ``study``: every arm at every share with every seed, equal treatments once.

    Raises:
        PlanRefused: a share is too small to hold one training and one validation item of each class, or a treatment
            cannot be carried out; every reason at once.
    """
    reasons = _too_small(study)
    if reasons:
        raise PlanRefused(reasons)
    recipes = {share: _resolved(study, study.dataset, share, study.recipe_of(study.recipe)) for share in study.shares}
    starts = {seed: _start(study, seed) for seed in study.seed_values}
    entries, faults = [], dict[str, None]()
    for surgery, names in study.named_surgeries().items():
        arm = Arm(surgery, names)
        for share in study.shares:
            for seed in study.seed_values:
                try:
                    trial = _transfer(study, surgery, share, seed, recipes[share], starts[seed])
                except ValidationError as error:
                    faults[f"{arm}: {error.errors()[0]['ctx']['error']}"] = None
                else:
                    entries.append(Entry(arm, share, seed, trial))
    if faults:
        raise PlanRefused(list(faults))
    return Plan(tuple(entries))


def _transfer(
    study: Study, surgery: Surgery, share: float, seed: int, recipe: Recipe, start: Trial | WeightsFile | None
) -> Trial:
    head: Head = study.head if surgery.needs_start else "new"
    return Trial(
        dataset=study.dataset,
        network=study.network,
        surgery=surgery,
        recipe=recipe,
        share=share,
        validation=study.validation,
        normalise=study.normalise,
        head=head,
        start=start if surgery.needs_start else None,
        seeds=_seeds(study, seed),
    )


def _start(study: Study, seed: int) -> Trial | WeightsFile | None:
    """What the study's transfers with ``seed`` start from."""
    source = study.source
    if not isinstance(source, Pretraining):
        return source
    own = seed if "pretraining" in study.vary else study.fixed_seed
    recipe = study.recipe_of(source.recipe_beside(study.recipe) or study.recipe)
    return Trial(
        dataset=source.dataset,
        network=study.network,
        surgery=Surgery.parse(f"r{len(study.network.layer_names)}"),
        recipe=_resolved(study, source.dataset, 1.0, recipe),
        validation=study.validation,
        normalise=study.normalise,
        seeds=Seeds(split=own, share=own, weights=own, batches=own),
    )


def _seeds(study: Study, seed: int) -> Seeds:
    def follow(purpose: str) -> int:
        return seed if purpose in study.vary else study.fixed_seed

    return Seeds(split=follow("split"), share=follow("share"), weights=follow("weights"), batches=follow("batches"))


def _resolved(study: Study, dataset: Dataset, share: float, recipe: Recipe) -> Recipe:
    return recipe.resolved(sum(portion(dataset.train_counts, share, study.validation).train))


def _too_small(study: Study) -> list[str]:
    """A reason for each dataset and share that lacks a training or a validation item of some class."""
    asked = [(study.dataset, share) for share in study.shares]
    if isinstance(study.source, Pretraining):
        asked.append((study.source.dataset, 1.0))
    reasons = []
    for dataset, share in asked:
        held = portion(dataset.train_counts, share, study.validation)
        if min(held.train) >= 1 and min(held.validation) >= 1:
            continue
        smallest = min(dataset.train_counts)
        needed = _smallest_share(smallest, study.validation)
        reasons.append(
            f"share {share:g} of {dataset.name} leaves {min(held.train)} training and {min(held.validation)} "
            f"validation items of its smallest class ({smallest} items); each class needs one of both: "
            + (f"use shares from {needed:g}" if needed <= 1 else "use a smaller validation fraction or fewer classes")
        )
    return reasons


def _smallest_share(items: int, validation: float) -> float:
    """The smallest share, to a millionth, of ``items`` that holds one item for each part; above 1 where none does."""
    for allowed in range(2, items + 1):
        if allowed - validation_of(allowed, validation) >= 1:
            millionth = ceil((allowed - 0.5) / items * 1e6)
            enough = share_of(items, millionth / 1e6) >= allowed
            return (millionth if enough else millionth + 1) / 1e6
    return 2.0
