"""How a dataset is divided: items of each class, the parts of the first turns, groups, and what leaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float64

from frostline.data.samples import Collection, Corpus, Samples
from frostline.data.splits import Splits, split
from frostline.look.subject import Subject
from frostline.spec.dataset import Dataset
from frostline.spec.network import PlainCnn
from frostline.spec.recipe import Recipe
from frostline.spec.surgery import Surgery
from frostline.spec.trial import Seeds, Trial

Sizes = tuple[int, int, int]


@dataclass(frozen=True)
class ClassRow:
    """A class: how many items can be used, and how many of them train, validate and test in each turn.

    ``number`` is what a study calls it by; None of all classes together, and where items have none.
    """

    name: str
    items: int
    turns: tuple[Sizes, ...]
    number: int | None = None


def turns_of(whole: Corpus | Collection, subject: Subject) -> tuple[Splits, ...]:
    """The splits of each split seed of ``subject``, made as a trial makes them, without their planes.

    Raises:
        DataFault: what could be used of the files leaves a class without an item to train or to validate on.
    """
    light = _without_planes(whole)
    return tuple(split(light, _trial(subject, seed)) for seed in subject.split_seeds)


def class_rows(whole: Corpus | Collection, subject: Subject, turns: Sequence[Splits]) -> tuple[ClassRow, ...]:
    """A row for each class that is used, in the order of the dataset."""
    dataset = subject.dataset
    items = Counter(label for part in parts_of(whole) for label in part.strata.tolist())
    parts = [
        [Counter(part.strata.tolist()) for part in (turn.train, turn.validation, turn.test.open())] for turn in turns
    ]
    return tuple(
        ClassRow(
            name,
            items[position],
            tuple((train[label], held[label], test[label]) for train, held, test in parts),
            position if dataset.task == "classes" else None,
        )
        for label, (name, position) in enumerate(zip(dataset.class_names, dataset.class_indices, strict=True))
    )


def target_words(whole: Corpus | Collection, dataset: Dataset) -> str:
    """How many items can be used, and of what classes, tags or values, as a sentence without its end.

    Of each tag it says how many items have it, of each value from where to where it reaches on its own scale.
    """
    parts, names = parts_of(whole), dataset.output_names
    if dataset.task == "classes":
        used = sum(int(np.isin(part.targets.numpy(), dataset.class_indices).sum()) for part in parts)
        return f"{used:,} items of {len(names)} classes can be used"
    told = annotated(whole, dataset)
    if dataset.task == "tags":
        each = [f"{name} ({int(count):,})" for name, count in zip(names, told.sum(axis=0), strict=True)]
    else:
        each = [f"{name} ({a:.3g} to {b:.3g})" for name, a, b in zip(names, told.min(0), told.max(0), strict=True)]
    return f"{len(told):,} items with {len(names)} {dataset.task} can be used: {', '.join(each)}"


def annotated(whole: Corpus | Collection, dataset: Dataset) -> Float64[np.ndarray, "item output"]:
    """Which tags each item that can be used has, 0 or 1, or its numbers on the annotation's own scale."""
    told = torch.cat([part.targets for part in parts_of(whole)]).double().numpy()
    if dataset.task == "tags" or dataset.card.scale is None:
        return np.asarray(told)
    low, high = dataset.card.scale
    return np.asarray((told + 1) / 2 * (high - low) + low)


def split_words(whole: Corpus | Collection, subject: Subject, turns: Sequence[Splits]) -> list[str]:
    """What kind of split it is and what is grouped, in sentences; a leak is a sentence that begins with LEAKY."""
    dataset = subject.dataset
    folds = f"{dataset.fold_count} folds" if dataset.has_folds else ""
    turning = "one tests, the next one validates, the others train, and each split seed moves on by one fold"
    match dataset.splitting:
        case "official" if not folds:
            own = dataset.card.validation_counts is not None
            said = "all three are its own" if own else "a part of those to train on is cut off to validate"
            kind = f"Official: the dataset comes in parts; {said}."
        case "official":
            kind = f"Official: the dataset comes in {folds}; {turning}."
        case "grouped":
            kind = f"Grouped: the items are dealt into {folds}, and no group is parted; {turning}."
        case "stratified":
            kind = f"Stratified: each class is dealt evenly into {folds}, item by item; {turning}."
    return [kind, *_group_words(whole, subject, turns)]


def parts_of(whole: Corpus | Collection) -> tuple[Samples, ...]:
    """The samples of ``whole``, part by part where it comes in parts."""
    if isinstance(whole, Collection):
        return (whole.samples,)
    return (whole.train, whole.test) if whole.validation is None else (whole.train, whole.validation, whole.test)


def _group_words(whole: Corpus | Collection, subject: Subject, turns: Sequence[Splits]) -> list[str]:
    used = subject.dataset.class_indices
    group_of = {
        str(name): str(group)
        for part in parts_of(whole)
        for name, group, label in zip(part.ids, part.groups, part.strata.tolist(), strict=True)
        if label in used
    }
    if all(name == group for name, group in group_of.items()):
        return ["No groups: nothing says which items belong together, so none are kept together."]
    sizes = Counter(group_of.values())
    group, largest = sizes.most_common(1)[0]
    words = [f"{len(sizes):,} groups of items that belong together; the largest, {group}, has {largest:,}."]
    if subject.dataset.splitting == "stratified":
        first = turns[0]
        seen = {group_of[str(name)] for part in (first.train, first.validation) for name in part.ids}
        known = sum(group_of[str(name)] in seen for name in first.test.ids)
        words.append(
            f"LEAKY: this split parts groups. At the first split seed {known:,} of {len(first.test):,} test items have "
            "one of their group among the items to learn from, so their score says too much. Use split: grouped."
        )
    return words


def _trial(subject: Subject, split_seed: int) -> Trial:
    """A trial that asks for the share of ``subject``; what it would train is of no matter."""
    return Trial(
        dataset=subject.dataset,
        network=PlainCnn(name="plain_cnn", depth=1, channels=1),
        surgery=Surgery.parse("r1"),
        recipe=Recipe(steps=1, validate_every=1),
        share=subject.share,
        validation=subject.validation,
        seeds=Seeds(split=split_seed, share=split_seed),
    )


def _without_planes(whole: Corpus | Collection) -> Corpus | Collection:
    if isinstance(whole, Collection):
        return replace(whole, samples=_light(whole.samples))
    validation = None if whole.validation is None else _light(whole.validation)
    return Corpus(_light(whole.train), _light(whole.test), whole.digest, validation)


def _light(samples: Samples) -> Samples:
    return Samples(torch.zeros(len(samples), 1, 1, 1), samples.targets, samples.ids, samples.groups)
