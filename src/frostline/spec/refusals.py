"""Why a study that reads well cannot be carried out as written, as far as the counts of its items tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from frostline.spec.axes import Pretraining
from frostline.spec.dataset import Dataset
from frostline.spec.folds import Pools
from frostline.spec.inputs import unfit_inputs
from frostline.spec.portion import Portioned, fewest_judged, portion, resolved, share_holding, smallest_share
from frostline.spec.source_leaks import leaking_sources
from frostline.spec.study import Study, Varying
from frostline.spec.synthesis import Forging


def refusals(study: Study) -> list[str]:
    """Every reason, with its remedy; a budget is judged only where nothing else is wrong."""
    found = [*_too_small(study), *_untested(study), *unfit_inputs(study), *_unmoved(study), *_too_few_to_forge(study)]
    found += leaking_sources(study)
    found = found or [*_never_warm(study), *_never_judged(study)]
    beside = ((name, reason) for name in study.beside for reason in refusals(study.alone(name)))
    return found + [f"beside.{name}: {reason}" for name, reason in beside if reason not in found]


def _too_small(study: Study) -> list[str]:
    """A reason for each dataset and share that holds too few items to train or to validate on in some split.

    Of classes that is none of some class; of tags and values, fewer than what a network can be judged on.
    """
    asked = [(study.dataset, share, _split_seeds(study, study.dataset, "split")) for share in study.shares]
    if isinstance(study.source, Pretraining):
        source = study.source.dataset
        asked.append((source, 1.0, _split_seeds(study, source, "pretraining")))
    reasons = []
    for dataset, share, split_seeds in asked:
        lacking = []
        for pools in map(dataset.pools, split_seeds):
            held = portion(pools, share, study.validation)
            if min(held.train) < 1 or min(held.validation) < fewest_judged(dataset.task):
                lacking.append(pools)
        if lacking:
            worst = max(lacking, key=lambda pools: _needed(dataset, pools, study.validation))
            reasons.append(_reason(dataset, share, worst, study.validation))
    return reasons


def _untested(study: Study) -> list[str]:
    """A reason where the test part of some split seed holds no item of some class, or too few with tags or values."""
    dataset = study.dataset
    needed = fewest_judged(dataset.task)
    for split_seed in _split_seeds(study, dataset, "split"):
        for name, count in zip(dataset.class_names, dataset.pools(split_seed).test, strict=True):
            if count >= needed:
                continue
            turn = f" at split seed {split_seed}" if dataset.has_folds else ""
            said = f"the test part of {dataset.name}{turn} holds "
            if dataset.task == "classes":
                return [f"{said}no item of {name!r}; use other folds, more groups or fewer classes"]
            few = f"{_items(count)}, and it takes {needed} to judge {dataset.task}"
            return [f"{said}{few}; use fewer folds, more groups or more items"]
    return []


def _needed(dataset: Dataset, pools: Pools, validation: float) -> float:
    """From which share on ``pools`` hold enough to train and to validate on; above 1 where none does."""
    judged = fewest_judged(dataset.task)
    if pools.validation is None:
        return smallest_share(min(pools.train), validation, judged)
    return max(share_holding(1, min(pools.train)), share_holding(judged, min(pools.validation)))


def _items(count: int) -> str:
    return {0: "no item", 1: "1 item"}.get(count, f"{count} items")


def _unmoved(study: Study) -> list[str]:
    """A reason for each augmentation whose shift is shorter than a column."""
    asked = [("augmentation", study.augmentation, study.dataset)]
    asked += [
        (f"additions.{name}.augmentation", one.augmentation, study.dataset) for name, one in study.additions.items()
    ]
    if isinstance(study.source, Pretraining):
        asked.append(("source.augmentation", study.source.augmentation, study.source.dataset))
    return [
        f"{place}.shift.largest: {fault}"
        for place, augmentation, dataset in asked
        if augmentation.shift is not None and (fault := augmentation.shift.fault_on(dataset.plane_shape[2]))
    ]


def _too_few_to_forge(study: Study) -> list[str]:
    """A reason for each share whose training items do not fill a batch of the generator of its synthetic items."""
    return [reason for place, forging in _forgings(study) for reason in _too_few_for(study, place, forging)]


def _forgings(study: Study, controls: Literal["with", "without"] = "with") -> list[tuple[str, Forging]]:
    """How synthetic items are made, for all arms and for each addition, with the place where the study says so."""
    own = [] if study.synthesis is None else [("synthesis", study.synthesis)]
    named = [
        (f"additions.{name}.synthesis", one.synthesis)
        for name, one in study.additions.items()
        if one.synthesis is not None and (controls == "with" or one.control_of is None)
    ]
    return [*own, *named]


def _never_judged(study: Study) -> list[str]:
    """A reason for each key that the budget of a generator leaves without effect, at the first share where it does.

    Controls have the keys of what they control, and are to be undertrained if that is their purpose.
    """
    first, reasons = _split_seeds(study, study.dataset, "split")[0], list[str]()
    for place, forging in _forgings(study, "without"):
        said: dict[str, str] = {}
        for share in study.shares:
            items = sum(portion(study.dataset.pools(first), share, study.validation).train)
            for key, why in forging.recipe.idle(items):
                said.setdefault(key, f"{place}.recipe.{key}: {why} at share {share:g}; lower it, or raise the budget")
        reasons += said.values()
    return reasons


def _too_few_for(study: Study, place: str, forging: Forging) -> list[str]:
    """A reason for each share whose training items do not fill a batch of the generator that ``place`` names."""
    batch, reasons = forging.recipe.batch, []
    for share in study.shares:
        pools = map(study.dataset.pools, _split_seeds(study, study.dataset, "split"))
        fewest = min(sum(portion(pool, share, study.validation).train) for pool in pools)
        if fewest == 0:
            said = f"{place}: share {share:g} leaves no training item"
            reasons.append(f"{said}, so that a generator has nothing to learn from; use larger shares")
        elif fewest < batch:
            said = f"{place}.recipe.batch: {batch} is more than the {fewest} training items at share {share:g}"
            reasons.append(f"{said}, of which a generator would learn; use a smaller batch or larger shares")
    return reasons


def _never_warm(study: Study) -> list[str]:
    """A reason for each training whose budget, in steps, ends before the rate has reached its height."""
    recipe, source = study.recipe_of(study.recipe), study.source
    first = _split_seeds(study, study.dataset, "split")[0]
    trained = [(recipe, study.dataset, Portioned(share, first), f" at share {share:g}") for share in study.shares]
    if isinstance(source, Pretraining):
        own = study.recipe_of(source.recipe_beside(study.recipe) or study.recipe)
        first = _split_seeds(study, source.dataset, "pretraining")[0]
        trained.append((own, source.dataset, Portioned(1.0, first), " of the pretraining"))
    reasons = []
    for one, dataset, asked, where in trained:
        steps = resolved(one, dataset, asked, study.validation).steps
        if steps is not None and 0 < one.warmup_steps >= steps:
            said = f"warmup_steps: {one.warmup_steps} takes the whole budget of {steps} steps{where}"
            reasons.append(f"{said}; lower it, or raise the budget")
    return reasons


def _split_seeds(study: Study, dataset: Dataset, purpose: Varying) -> Sequence[int]:
    """The split seeds whose pools can differ in size; they follow the seeds where ``purpose`` varies."""
    if not dataset.has_folds:
        return [study.fixed_seed]
    return study.seed_values if purpose in study.vary else [study.fixed_seed]


def _reason(dataset: Dataset, share: float, pools: Pools, validation: float) -> str:
    """Why ``share`` of ``pools`` is too small, and from which share on it is not."""
    held, needed = portion(pools, share, validation), _needed(dataset, pools, validation)
    classes = dataset.task == "classes"
    smallest = "of its smallest class " if classes else ""
    said = (
        f"share {share:g} of {dataset.name} leaves {min(held.train)} training and {min(held.validation)} "
        f"validation items {smallest}"
    )
    if pools.validation is None:
        said += f"({min(pools.train)} items)"
        others = ["a larger validation fraction"] if not classes else ["a smaller validation fraction"]
    else:
        said += f"({min(pools.train)} items to train, {min(pools.validation)} to validate)"
        others = ["other folds"]
    remedy = f"use {' or '.join([*others, 'fewer classes' if classes else 'more items'])}"
    takes = (
        "each class needs one of both"
        if classes
        else f"{dataset.task} take 1 item to train on and {fewest_judged(dataset.task)} to validate on"
    )
    return f"{said}; {takes}: " + (f"use shares from {needed:g}" if needed <= 1 else remedy)
