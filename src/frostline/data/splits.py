"""Split before everything: the share, its validation part, and a test part that stays sealed to the last line."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import torch
from jaxtyping import Shaped

from frostline.data.leaks import refuse_overlap, refuse_synthetic
from frostline.data.samples import Collection, Corpus, Samples
from frostline.errors import DataFault
from frostline.randomness import stream
from frostline.spec.dataset import Dataset
from frostline.spec.folds import Pools
from frostline.spec.parting import parts_of_listed
from frostline.spec.portion import fewest_judged, portion, validation_of
from frostline.spec.scoring import Scoring
from frostline.spec.trial import Trial

NOWHERE = -1
"""The place of an item that is listed and cannot be used."""


class SealedSamples:
    """A test part whose ids, groups and contents can be read, and whose planes cannot before ``open``."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def ids(self) -> Shaped[np.ndarray, " sample"]:
        """The ids of the test items."""
        return self._samples.ids

    @property
    def groups(self) -> Shaped[np.ndarray, " sample"]:
        """The groups of the test items."""
        return self._samples.groups

    @property
    def contents(self) -> Shaped[np.ndarray, " sample"] | None:
        """The digests of the test items' files; None where they have no files of their own."""
        return self._samples.contents

    def open(self) -> Samples:
        """The test items themselves; called once, by the last line of a trial."""
        return self._samples


@dataclass(frozen=True, eq=False)
class Splits:
    """The training and validation items of a share, and the sealed test part.

    Raises:
        LeakFound: an item or a group stands in two of the three.
    """

    train: Samples
    validation: Samples
    test: SealedSamples

    def __post_init__(self) -> None:
        parts: dict[str, Samples | SealedSamples] = {
            "training": self.train,
            "validation": self.validation,
            "test": self.test,
        }
        for part in ("validation", "test"):
            refuse_synthetic(part, parts[part].ids)
        for one, other in combinations(parts, 2):
            left, right = parts[one], parts[other]
            refuse_overlap(one, other, left.ids, right.ids, "item")
            if left.groups is not left.ids or right.groups is not right.ids:
                refuse_overlap(one, other, left.groups, right.groups, "group")

    @property
    def digest(self) -> str:
        """sha256 over the ids of the three parts, in order."""
        text = "\n\n".join("\n".join(part.ids.tolist()) for part in (self.train, self.validation, self.test))
        return hashlib.sha256(text.encode()).hexdigest()


def split(whole: Corpus | Collection, trial: Trial | Scoring) -> Splits:
    """The splits of ``trial``: its share of the training and of the validation pool, and the sealed test part.

    Where there are folds, the split seed chooses the one that tests and the one that validates; elsewhere it divides
    each class of the training part into a pool to train on and a pool to validate on. The share seed orders both pools,
    and a share takes the first of each. So shares of equal seeds are nested, in training and in validation. All this
    is decided over what is listed, so that a file that cannot be used is missing and moves no other.

    Raises:
        DataFault: what could be used of the files leaves a class without an item to train, validate or test on, or a
            part without any tag that some of its items have and some have not.
    """
    corpus = whole if isinstance(whole, Corpus) else parted(whole, trial.dataset, trial.seeds.split)
    dataset, seeds = trial.dataset, trial.seeds
    rolls = _rolls(whole, corpus, trial)
    held = portion(_sizes(rolls, dataset), trial.share, trial.validation)
    wanted = {"train": held.train, "validation": held.validation}
    chosen: dict[str, list[np.ndarray]] = {"train": [], "validation": []}
    for label, position in enumerate(dataset.class_indices):
        pools = _pools(rolls, trial, position)
        for part, members in pools.items():
            order = stream(seeds.share, "share", part, str(position)).permutation(len(members))
            drawn = members[order[: wanted[part][label]]]
            chosen[part].append(np.sort(drawn[drawn != NOWHERE]))
    tested = [np.flatnonzero(corpus.test.strata.numpy() == position) for position in dataset.class_indices]
    _refuse_empty(dataset, {**chosen, "test": tested})
    validating = corpus.train if corpus.validation is None else corpus.validation
    parts = {
        "training": corpus.train.take(np.concatenate(chosen["train"])),
        "validation": validating.take(np.concatenate(chosen["validation"])),
        "test": _of_classes(corpus.test, dataset),
    }
    _refuse_untold_tags(dataset, parts)
    train, validation, test = (_relabelled(part, dataset) for part in parts.values())
    return Splits(train, validation, SealedSamples(test))


def parted(whole: Collection, dataset: Dataset, split_seed: int) -> Corpus:
    """``whole`` in its official parts, or in the folds that train, validate and test with ``split_seed``.

    Where folds part groups by choice (``stratified``), every item is its own group.
    """
    fold_of = parts_of_listed(whole.listed, dataset, split_seed)
    parts = np.array([fold_of[name] for name in whole.samples.ids.tolist()])
    samples = whole.samples
    if dataset.splitting == "stratified":
        samples = replace(samples, groups=samples.ids)
    train, validation, test = (samples.take(np.flatnonzero(parts == part)) for part in ("train", "validation", "test"))
    return Corpus(train, test, whole.digest, validation if "validation" in fold_of.values() else None)


@dataclass(frozen=True, eq=False)
class _Roll:
    """What is listed of a part: the class of each item and its place among the samples of the part, or ``NOWHERE``."""

    labels: Shaped[np.ndarray, " item"]
    places: Shaped[np.ndarray, " item"]


def _rolls(whole: Corpus | Collection, corpus: Corpus, trial: Trial | Scoring) -> dict[str, _Roll]:
    """What is listed to train on, and to validate on where there is such a part, usable or not."""
    parts = {"train": corpus.train, "validation": corpus.validation}
    there = {part: samples for part, samples in parts.items() if samples is not None}
    if isinstance(whole, Corpus):
        return {part: _Roll(samples.strata.numpy(), np.arange(len(samples))) for part, samples in there.items()}
    part_of = parts_of_listed(whole.listed, trial.dataset, trial.seeds.split)
    rolls = {}
    for part, samples in there.items():
        place_of = {name: place for place, name in enumerate(samples.ids.tolist())}
        listed = [item for item in whole.listed if part_of[item.id] == part]
        places = [place_of.get(item.id, NOWHERE) for item in listed]
        rolls[part] = _Roll(np.array([item.label for item in listed]), np.array(places))
    return rolls


def _sizes(rolls: Mapping[str, _Roll], dataset: Dataset) -> Pools:
    """How many items of each class are listed to train and to validate on."""
    counts = {part: tuple(int((roll.labels == c).sum()) for c in dataset.class_indices) for part, roll in rolls.items()}
    return Pools(counts["train"], counts.get("validation"), ())


def _pools(rolls: Mapping[str, _Roll], trial: Trial | Scoring, position: int) -> dict[str, np.ndarray]:
    """The places of the class at ``position`` that may train, and of those that may validate."""
    places = {part: roll.places[roll.labels == position] for part, roll in rolls.items()}
    if "validation" in places:
        return places
    members = places["train"]
    members = members[stream(trial.seeds.split, "split", str(position)).permutation(len(members))]
    boundary = validation_of(len(members), trial.validation)
    return {"validation": members[:boundary], "train": members[boundary:]}


def _refuse_empty(dataset: Dataset, chosen: Mapping[str, Sequence[np.ndarray]]) -> None:
    needed = {"train": 1, "validation": fewest_judged(dataset.task), "test": fewest_judged(dataset.task)}
    lacking = [
        _too_few(dataset, name, len(members), part, needed[part])
        for part, classes in chosen.items()
        for name, members in zip(dataset.class_names, classes, strict=True)
        if len(members) < needed[part]
    ]
    if lacking:
        raise DataFault(
            f"{dataset.name} cannot be split: {'; '.join(lacking)}. Use a larger share, other folds, or fewer classes; "
            "`frostline prepare` says which files were left out"
        )


def _too_few(dataset: Dataset, name: str, count: int, part: str, needed: int) -> str:
    """How many items of the class ``name``, or of all, are left for ``part``, and how many it takes."""
    if dataset.task == "classes":
        return f"no item of {name!r} is left for {part}"
    if count == 0:
        return f"no item is left for {part}"
    return f"{count} {'item is' if count == 1 else 'items are'} left for {part}, where {dataset.task} take {needed}"


def _refuse_untold_tags(dataset: Dataset, parts: Mapping[str, Samples]) -> None:
    """Raises DataFault where no tag has both items that have it and items that have not, in one of ``parts``."""
    if dataset.task != "tags":
        return
    untold = []
    for name, part in parts.items():
        having = part.targets.sum(dim=0)
        if not ((having > 0) & (having < len(part))).any():
            untold.append(f"{name} ({len(part)} items, {'none' if having.sum() == 0 else 'all'} with a tag)")
    if untold:
        raise DataFault(
            f"{dataset.name} cannot be split: no tag is on some items and not on others in {', '.join(untold)}. Use a "
            "larger share, other folds, or fewer or more common tags"
        )


def _of_classes(samples: Samples, dataset: Dataset) -> Samples:
    return samples.take(np.flatnonzero(np.isin(samples.strata.numpy(), dataset.class_indices)))


def _relabelled(samples: Samples, dataset: Dataset) -> Samples:
    """The samples with targets 0, 1, ... in the order of the dataset's classes; tags and values as they are."""
    if dataset.task != "classes":
        return samples
    labels = torch.from_numpy(np.searchsorted(np.asarray(dataset.class_indices), samples.targets.numpy()))
    return replace(samples, targets=labels)
