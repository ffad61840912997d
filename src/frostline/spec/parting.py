"""Which listed items train, validate and test, as their names, groups and folds alone decide it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from frostline.catalog import Listed
from frostline.spec.dataset import Dataset
from frostline.spec.folds import dealt, turn_of


def parts_of_listed(listed: Sequence[Listed], dataset: Dataset, split_seed: int) -> dict[str, str]:
    """The part of each of ``listed`` by its id, ``train``, ``validation`` or ``test``, with ``split_seed``."""
    if not dataset.has_folds:
        return {item.id: str(item.part) for item in listed}
    turn = turn_of(split_seed, dataset.fold_count)
    names = {turn.test: "test", turn.validation: "validation"}
    if dataset.splitting == "official":
        folds: Iterable[int | None] = [item.fold for item in listed]
    else:
        ids = [item.id for item in listed]
        groups = [item.group for item in listed] if dataset.splitting == "grouped" else ids
        folds = dealt([item.label for item in listed], ids, groups, dataset.fold_count, turn.deal)
    return {item.id: names.get(-1 if fold is None else fold, "train") for item, fold in zip(listed, folds, strict=True)}
