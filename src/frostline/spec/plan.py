"""From a study to its trials: each once, in waves, a wave needing only the waves before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

from pydantic import ValidationError

from frostline.errors import PlanRefused
from frostline.spec.axes import Pretraining
from frostline.spec.dataset import Dataset
from frostline.spec.folds import Pools
from frostline.spec.network import NetworkSpec, Timm
from frostline.spec.published import Statistics, facts_of, statistics_of
from frostline.spec.recipe import Recipe
from frostline.spec.study import Study, Varying
from frostline.spec.surgery import Surgery
from frostline.spec.trial import Head, Normalisation, Seeds, Trial, WeightsFile


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


@dataclass(frozen=True)
class Portioned:
    """Which part of a dataset a trial asks for: a share of the pools of a split seed."""

    share: float
    split_seed: int


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


def portion(pools: Pools, share: float, validation: float) -> Portion:
    """The portion of ``pools`` that a share of ``share`` holds.

    Where validation has a pool of its own (a fold, an official part), a share takes its part of both pools, else it is
    divided by the fraction ``validation``.
    """
    allowed = [share_of(count, share) for count in pools.train]
    if pools.validation is not None:
        return Portion(tuple(allowed), tuple(share_of(count, share) for count in pools.validation))
    held = [validation_of(items, validation) for items in allowed]
    return Portion(tuple(a - h for a, h in zip(allowed, held, strict=True)), tuple(held))


def plan(study: Study) -> Plan:
    """The plan of ``study``: every arm at every share with every seed, equal treatments once.

    Raises:
        PlanRefused: a share is too small to hold one training and one validation item of each class, a test part holds
            none of some class, what normalises is unknown or of other channels, or a treatment cannot be carried out;
            every reason at once.
        UnknownName, WeightsFault: as ``spec.published.statistics_of``, of the published weights that it starts from.
    """
    reasons = [*_too_small(study), *_untested(study), *_unfit_statistics(study)] or _never_warm(study)
    if reasons:
        raise PlanRefused(reasons)
    starts = {seed: _start(study, seed) for seed in study.seed_values}
    entries, faults = [], dict[str, None]()
    for surgery, names in study.named_surgeries().items():
        arm = Arm(surgery, names)
        for share in study.shares:
            for seed in study.seed_values:
                try:
                    trial = _transfer(study, surgery, share, seed, starts[seed])
                except ValidationError as error:
                    faults[f"{arm}: {error.errors()[0]['ctx']['error']}"] = None
                else:
                    entries.append(Entry(arm, share, seed, trial))
    if faults:
        raise PlanRefused(list(faults))
    return Plan(tuple(entries))


def _transfer(study: Study, surgery: Surgery, share: float, seed: int, start: Trial | WeightsFile | None) -> Trial:
    head: Head = study.head if surgery.needs_start else "new"
    if surgery.after is not None:
        start, head = _transfer(study, surgery.after, share, seed, start), "kept"
    seeds = _seeds(study, seed)
    return Trial(
        dataset=study.dataset,
        network=_network(study),
        surgery=surgery.last,
        recipe=_resolved(study, study.dataset, Portioned(share, seeds.split), study.recipe_of(study.recipe)),
        share=share,
        validation=study.validation,
        normalise=_normalisation(study),
        augmentation=study.augmentation,
        head=head,
        start=start if surgery.needs_start or surgery.after is not None else None,
        seeds=seeds,
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
        network=_network(study),
        surgery=Surgery.parse(f"r{len(study.network.layer_names)}"),
        recipe=_resolved(study, source.dataset, Portioned(1.0, own), recipe),
        validation=study.validation,
        normalise=_normalisation(study),
        augmentation=source.augmentation,
        seeds=Seeds(split=own, share=own, weights=own, batches=own),
    )


def _seeds(study: Study, seed: int) -> Seeds:
    def follow(purpose: str) -> int:
        return seed if purpose in study.vary else study.fixed_seed

    return Seeds(split=follow("split"), share=follow("share"), weights=follow("weights"), batches=follow("batches"))


def _network(study: Study) -> NetworkSpec:
    """The network of every arm, with the epsilon of its norms that the published weights were trained with."""
    if not (isinstance(study.source, WeightsFile) and isinstance(study.network, Timm)):
        return study.network
    epsilon = facts_of(study.source.weights).norm_epsilon
    if epsilon is None or study.network.norm_epsilon is not None:
        return study.network
    return study.network.model_copy(update={"norm_epsilon": epsilon})


def _normalisation(study: Study) -> Normalisation | Statistics:
    """How planes are normalised, in numbers where the study leaves that to its weights."""
    if study.normalise != "pretrained":
        return study.normalise
    statistics = _statistics(study)
    assert statistics is not None, "refused by _unfit_statistics"
    return statistics


def _statistics(study: Study) -> Statistics | None:
    if isinstance(study.source, WeightsFile) and isinstance(study.network, Timm):
        return statistics_of(study.source.weights, study.network.model)
    return None


def _unfit_statistics(study: Study) -> list[str]:
    """A reason where the numbers that normalise are unknown, or those of another number of channels."""
    given = _statistics(study) if study.normalise == "pretrained" else study.normalise
    if isinstance(given, Statistics):
        found, channels = len(given.mean), study.dataset.plane_shape[0]
        said = f"normalise: statistics of {found} channels do not fit planes of {channels}; set the dataset's channels"
        return [] if channels in (1, found) else [said]
    if given is not None:
        return []
    return [
        "normalise: pretrained needs to know what the weights expect of their inputs, and nothing says it of these; "
        "write normalise: {mean: [...], deviation: [...]}, a number a channel, for inputs from 0 to 1"
    ]


def _resolved(study: Study, dataset: Dataset, asked: Portioned, recipe: Recipe) -> Recipe:
    """``recipe`` with its budget in steps of the planes that ``asked`` trains on."""
    held = portion(dataset.pools(asked.split_seed), asked.share, study.validation)
    return recipe.resolved(sum(held.train) * dataset.segments)


def _too_small(study: Study) -> list[str]:
    """A reason for each dataset and share that lacks a training or a validation item of some class in some split."""
    asked = [(study.dataset, share, _split_seeds(study, study.dataset, "split")) for share in study.shares]
    if isinstance(study.source, Pretraining):
        source = study.source.dataset
        asked.append((source, 1.0, _split_seeds(study, source, "pretraining")))
    reasons = []
    for dataset, share, split_seeds in asked:
        lacking = []
        for pools in map(dataset.pools, split_seeds):
            held = portion(pools, share, study.validation)
            if min(*held.train, *held.validation) < 1:
                lacking.append(pools)
        if lacking:
            reasons.append(_reason(dataset, share, min(lacking, key=_fewest), study.validation))
    return reasons


def _untested(study: Study) -> list[str]:
    """A reason where the test part of some split seed holds no item of some class."""
    dataset = study.dataset
    for split_seed in _split_seeds(study, dataset, "split"):
        for name, count in zip(dataset.class_names, dataset.pools(split_seed).test, strict=True):
            if count == 0:
                turn = f" at split seed {split_seed}" if dataset.has_folds else ""
                said = f"the test part of {dataset.name}{turn} holds no item of {name!r}"
                return [f"{said}; use other folds, more groups or fewer classes"]
    return []


def _fewest(pools: Pools) -> int:
    """The items of the smallest class to train on or to validate on."""
    return min(*pools.train, *(pools.validation or pools.train))


def _never_warm(study: Study) -> list[str]:
    """A reason for each share whose budget, in steps, ends before the rate has reached its height."""
    recipe = study.recipe_of(study.recipe)
    reasons = []
    for share in study.shares:
        asked = Portioned(share, _split_seeds(study, study.dataset, "split")[0])
        steps = _resolved(study, study.dataset, asked, recipe).steps
        if steps is not None and 0 < recipe.warmup_steps >= steps:
            reasons.append(
                f"warmup_steps: {recipe.warmup_steps} takes the whole budget of {steps} steps at share {share:g}; "
                "lower it, or raise the budget"
            )
    return reasons


def _split_seeds(study: Study, dataset: Dataset, purpose: Varying) -> Sequence[int]:
    """The split seeds whose pools can differ in size; they follow the seeds where ``purpose`` varies."""
    if not dataset.has_folds:
        return [study.fixed_seed]
    return study.seed_values if purpose in study.vary else [study.fixed_seed]


def _reason(dataset: Dataset, share: float, pools: Pools, validation: float) -> str:
    """Why ``share`` of ``pools`` is too small, and from which share on it is not."""
    held = portion(pools, share, validation)
    said = (
        f"share {share:g} of {dataset.name} leaves {min(held.train)} training and {min(held.validation)} "
        "validation items of its smallest class "
    )
    if pools.validation is None:
        smallest = min(pools.train)
        needed = _smallest_share(smallest, validation)
        remedy = "use a smaller validation fraction or fewer classes"
        said += f"({smallest} items)"
    else:
        smallest = _fewest(pools)
        needed = _half_an_item(smallest) if smallest else 2.0
        remedy = "use other folds or fewer classes"
        said += f"({min(pools.train)} items to train, {min(pools.validation)} to validate)"
    return f"{said}; each class needs one of both: " + (f"use shares from {needed:g}" if needed <= 1 else remedy)


def _half_an_item(items: int) -> float:
    """The smallest share, to a millionth, of ``items`` that rounds to one item."""
    return ceil(0.5 / items * 1e6) / 1e6


def _smallest_share(items: int, validation: float) -> float:
    """The smallest share, to a millionth, of ``items`` that holds one item for each part; above 1 where none does."""
    for allowed in range(2, items + 1):
        if allowed - validation_of(allowed, validation) >= 1:
            millionth = ceil((allowed - 0.5) / items * 1e6)
            enough = share_of(items, millionth / 1e6) >= allowed
            return (millionth if enough else millionth + 1) / 1e6
    return 2.0
