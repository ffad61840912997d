"""Cards of one's own data: what its folder or its manifest says, before anything is decoded."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from frostline.catalog import NOTHING_ASKED, Asked, DatasetCard, Listing, Task
from frostline.data.folders import folder_listing
from frostline.data.listing import kind_of
from frostline.data.manifests import manifest_listing
from frostline.errors import DataFault
from frostline.spec.folds import Counts, counts_of
from frostline.spec.splitting import FEWEST_FOLDS


def folder_card(path: Path, asked: Asked = NOTHING_ASKED) -> DatasetCard:
    """The card of a folder of class folders at ``path``; relative paths start where the command runs.

    Of its columns, which it has not, nothing can be ``asked``.

    Raises:
        DataFault: the folder cannot be used; every reason at once.
    """
    return _card("folder", path, folder_listing(path), asked)


def manifest_card(path: Path, asked: Asked = NOTHING_ASKED) -> DatasetCard:
    """The card of the manifest (CSV or Parquet) at ``path``; relative paths start where the command runs.

    Raises:
        DataFault: the manifest cannot be used; every reason at once.
    """
    return _card("manifest", path, manifest_listing(path, asked), asked)


def _card(name: str, path: Path, listing: Listing, asked: Asked) -> DatasetCard:
    _refuse_parting_groups(listing, path)
    task: Task = "values" if asked.values else "tags" if listing.target_names else "classes"
    return DatasetCard(
        name=name,
        title=f"your own data: {path}",
        class_names=listing.class_names,
        train_counts=_part(listing, "train"),
        test_counts=_part(listing, "test"),
        validation_counts=_part(listing, "validation") or None,
        fold_counts=_folds(listing, path),
        channels=3 if kind_of(listing) == "images" else 1,
        size=None,
        full_scale=255.0,
        licence="your own",
        source=str(path),
        code="",
        kind=kind_of(listing),
        listing=listing,
        task=task,
        target_names=listing.target_names,
        scale=asked.scale,
    )


def _refuse_parting_groups(listing: Listing, path: Path) -> None:
    """Raises DataFault where validation would be cut, item by item, out of a training part that has groups."""
    if any(item.part == "validation" for item in listing.items):
        return
    groups = Counter(item.group for item in listing.items if item.part == "train")
    parted = [group for group, items in groups.items() if items > 1]
    if parted:
        raise DataFault(
            f"{path}: group {parted[0]!r} would be parted, for no row has split validation and validation is cut out "
            "of what trains; give whole groups split: validation, or use a column fold"
        )


def _part(listing: Listing, part: str) -> Counts:
    """How many items of each class stand in an official part; nothing where there are no official parts."""
    labels = [item.label for item in listing.items if item.part == part]
    return counts_of(labels, [0] * len(labels), 1, len(listing.class_names))[0] if labels else ()


def _folds(listing: Listing, path: Path) -> tuple[Counts, ...]:
    """How many items of each class stand in each official fold; nothing where there are no official folds."""
    folds = [item.fold for item in listing.items if item.fold is not None]
    if not folds:
        return ()
    labels = [item.label for item in listing.items]
    counts = counts_of(labels, folds, max(folds) + 1, len(listing.class_names))
    lacking = [
        f"fold {fold + 1} holds no item" + ("" if listing.target_names else f" of {listing.class_names[label]!r}")
        for fold, held in enumerate(counts)
        for label, count in enumerate(held)
        if count == 0
    ]
    if len(counts) < FEWEST_FOLDS:
        lacking.append(f"there are {len(counts)} folds; at least 3 are needed: to test, to validate, to train")
    if lacking:
        raise DataFault(f"{path}: the folds cannot be used:\n  " + "\n  ".join(lacking))
    return counts
