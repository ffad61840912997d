"""What is kept in files: of a trial its weights, its predictions and what it learned from; of a dataset its items."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from frostline.data.duplicates import near_duplicates
from frostline.data.samples import Collection, Corpus
from frostline.data.splits import Splits
from frostline.networks.network import Network
from frostline.shelf import Shelf
from frostline.spec.dataset import Dataset
from frostline.tasks.task import Answered
from frostline.training.fit import State


def keep_weights(shelf: Shelf, key: str, network: Network, states: Mapping[int, State]) -> None:
    """Keeps the weights of ``network``, and those of each step, of which ``states`` has the ones that were trained."""
    whole = network.state_dict()
    for step, state in states.items():
        shelf.keep_weights(key, {**whole, **state}, step)
    shelf.keep_weights(key, whole)


def predictions(splits: Splits, tested: Answered, dataset: Dataset) -> dict[str, np.ndarray]:
    """The test items, their targets, and the outputs of the head for them; of tags and values also which task it is.

    Values are on the scaled range, beside the annotation's own ``scale`` where it has one.
    """
    told = {"test_ids": splits.test.ids, "targets": tested.targets.numpy(), "logits": tested.outputs.numpy()}
    if dataset.task != "classes":
        told["task"] = np.array(dataset.task)
    if dataset.card.scale is not None:
        told["scale"] = np.array(dataset.card.scale)
    return told


def learned(whole: Corpus | Collection, splits: Splits) -> dict[str, np.ndarray]:
    """Ids of what trains and validates, its groups where something is grouped, its contents where there are files.

    Groups are those of the dataset, even where the split parts them.
    """
    parts = (splits.train, splits.validation)
    ids = np.concatenate([part.ids for part in parts])
    groups = np.concatenate([part.groups for part in parts])
    if isinstance(whole, Collection):
        group_of = dict(zip(whole.samples.ids.tolist(), whole.samples.groups.tolist(), strict=True))
        groups = np.array([group_of[name] for name in ids.tolist()])
    contents = [part.contents for part in parts if part.contents is not None]
    told = {"learned_ids": ids}
    told |= {"learned_groups": groups} if (groups != ids).any() else {}
    return told | ({"learned_contents": np.concatenate(contents)} if contents else {})


def items(whole: Corpus | Collection) -> dict[str, np.ndarray]:
    """Ids of all items of a dataset and their families of near duplicates; groups and contents where it has them."""
    parts = [whole.samples] if isinstance(whole, Collection) else [whole.train, whole.validation, whole.test]
    there = [part for part in parts if part is not None]
    planes = there[0].planes if len(there) == 1 else torch.cat([part.planes for part in there])
    ids, groups = np.concatenate([part.ids for part in there]), np.concatenate([part.groups for part in there])
    contents = [part.contents for part in there if part.contents is not None]
    told = {"ids": ids, "families": near_duplicates(planes.numpy())}
    told |= {"groups": groups} if (groups != ids).any() else {}
    return told | ({"contents": np.concatenate(contents)} if contents else {})
