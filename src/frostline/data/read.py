"""A dataset by name, read once a process."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import cast

import torch

from frostline.catalog import DatasetCard, dataset_card, load_code
from frostline.data.download import locate
from frostline.data.samples import Corpus, Samples
from frostline.errors import DataFault

Reader = Callable[[DatasetCard, Path], Corpus]
KEPT_IN_MEMORY = 3
NO_FOLDER = Path()


@lru_cache(maxsize=KEPT_IN_MEMORY)
def read(name: str) -> Corpus:
    """The dataset called ``name``, whole, with as many items of each class as its card says.

    Raises:
        UnknownName: no dataset is called so.
        DataFault: its files are missing, damaged, or hold something else than the card says.
    """
    card = dataset_card(name)
    reader = cast(Reader, load_code(card.code))
    corpus = reader(card, locate(card) if card.files else NO_FOLDER)
    faults = [
        f"{part}: expected {expected} items a class, found {found}"
        for part, samples, expected in (
            ("train", corpus.train, card.train_counts),
            ("test", corpus.test, card.test_counts),
        )
        if (found := _counts(samples, len(card.class_names))) != expected
    ]
    if faults:
        raise DataFault(f"{name} does not hold what its card says:\n  " + "\n  ".join(faults))
    return corpus


def _counts(samples: Samples, classes: int) -> tuple[int, ...]:
    return tuple(torch.bincount(samples.targets, minlength=classes).tolist())
