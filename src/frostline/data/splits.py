"""Split before everything: the share, its validation part, and a test part that stays sealed to the last line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from jaxtyping import Shaped

from frostline.data.samples import Corpus, Samples
from frostline.errors import LeakFound
from frostline.randomness import stream
from frostline.spec.plan import portion, validation_of
from frostline.spec.trial import Dataset, Trial


class SealedSamples:
    """A test part whose ids and groups can be read, and whose planes cannot before ``open``."""

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


def split(corpus: Corpus, trial: Trial) -> Splits:
    """The splits of ``trial``: its share of the training part, stratified, divided into training and validation.

    The split seed divides each class into a pool to train on and a pool to validate on; the share seed orders both,
    and a share takes the first of each. So shares of equal seeds are nested, in training and in validation.
    """
    dataset, seeds = trial.dataset, trial.seeds
    held = portion(dataset.train_counts, trial.share, trial.validation)
    train: list[np.ndarray] = []
    validation: list[np.ndarray] = []
    for label, position in enumerate(dataset.class_indices):
        members = np.flatnonzero(corpus.train.targets.numpy() == position)
        members = members[stream(seeds.split, "split", str(position)).permutation(len(members))]
        boundary = validation_of(len(members), trial.validation)
        pools = {"validation": members[:boundary], "train": members[boundary:]}
        for part, chosen, count in (("train", train, held.train), ("validation", validation, held.validation)):
            order = stream(seeds.share, "share", part, str(position)).permutation(len(pools[part]))
            chosen.append(np.sort(pools[part][order[: count[label]]]))
    return Splits(
        _relabelled(corpus.train.take(np.concatenate(train)), dataset),
        _relabelled(corpus.train.take(np.concatenate(validation)), dataset),
        SealedSamples(_relabelled(_of_classes(corpus.test, dataset), dataset)),
    )


def refuse_overlap(one: str, other: str, left: Iterable[str], right: Iterable[str], what: str) -> None:
    """Nothing, where ``left`` and ``right`` have no name in common.

    Raises:
        LeakFound: names how many they share, and the first of them.
    """
    shared = sorted(set(np.asarray(left).tolist()) & set(np.asarray(right).tolist()))
    if shared:
        counted = f"1 {what} stands" if len(shared) == 1 else f"{len(shared)} {what}s stand"
        raise LeakFound(
            f"{counted} in {one} and in {other}, the first is {shared[0]!r}; each {what} may stand on one side only"
        )


def _of_classes(samples: Samples, dataset: Dataset) -> Samples:
    return samples.take(np.flatnonzero(np.isin(samples.targets.numpy(), dataset.class_indices)))


def _relabelled(samples: Samples, dataset: Dataset) -> Samples:
    """The samples with targets 0, 1, ... in the ascending order of the dataset's classes."""
    labels = torch.from_numpy(np.searchsorted(np.asarray(dataset.class_indices), samples.targets.numpy()))
    return Samples(samples.planes, labels, samples.ids, samples.groups)
