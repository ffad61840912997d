"""What of a dataset does not fit its card, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frostline.catalog import DatasetCard
from frostline.spec.splitting import FEWEST_FOLDS, allowed_splits, grouped_counts, totals

if TYPE_CHECKING:
    from frostline.spec.dataset import Dataset


def faults_of(dataset: Dataset, card: DatasetCard) -> list[str]:
    """Everything about its classes, its planes and its folds that does not fit ``card``."""
    return [*_faults_of_classes(dataset, card), *_faults_of_planes(dataset, card), *_faults_of_folds(dataset, card)]


def faults_of_values(dataset: Dataset) -> list[str]:
    """Which keys of a manifest have no effect, or say the same twice."""
    said = []
    told = {"values": dataset.values, "scale": dataset.scale, "columns": dataset.columns, "files": dataset.files}
    if dataset.name != "manifest":
        idle = [key for key, value in told.items() if value is not None]
        return [f"{key} has no effect with {dataset.name}; remove it" for key in idle]
    if dataset.values is not None and len(set(dataset.values)) < max(len(dataset.values), 1):
        said.append(f"values must be one or more columns, each once (got {list(dataset.values)})")
    if dataset.scale is not None and dataset.values is None:
        said.append("scale has no effect without values; remove it, or name the columns of the numbers under values")
    if dataset.values is not None and dataset.columns is not None:
        idle = [key for key in ("label", "labels") if getattr(dataset.columns, key) is not None]
        said += [f"columns.{key} has no effect beside values, which are what is predicted; remove it" for key in idle]
    return said


def _faults_of_classes(dataset: Dataset, card: DatasetCard) -> list[str]:
    if dataset.classes is None:
        return []
    if card.task != "classes":
        return [f"classes has no effect, for {dataset.name} has {card.task}; remove it"]
    known = range(len(card.class_names))
    wrong = [c for c in dataset.classes if c not in known]
    if wrong:
        where = f"show {dataset.name}:{dataset.path}" if dataset.path is not None else f"list {dataset.name}"
        said = f"classes {wrong} are not in {dataset.name}, which has 0 to {len(known) - 1}"
        return [f"{said}; `frostline {where}` says which is which"]
    if len(set(dataset.classes)) < 2 or list(dataset.classes) != sorted(set(dataset.classes)):
        return [f"classes must be two or more, each once, ascending (got {list(dataset.classes)})"]
    if len(dataset.classes) == len(known):
        return ["classes names every class; leave it out, so that one treatment has one spelling"]
    return []


def _faults_of_planes(dataset: Dataset, card: DatasetCard) -> list[str]:
    said = []
    if dataset.channels == card.channels or (card.size is not None and dataset.size == card.size):
        size = f" and size {card.size}" if card.size else ""
        channels = "1 channel" if card.channels == 1 else f"{card.channels} channels"
        said.append(f"{dataset.name} already has {channels}{size}; leave out what says the same")
    if dataset.channels is not None and card.channels > 1 and dataset.channels not in (1, card.channels):
        said.append(f"{card.channels} channels of {dataset.name} can become 1, not {dataset.channels}")
    if dataset.spectrogram is not None and card.kind != "sounds":
        said.append(f"spectrogram has no effect, for {dataset.name} holds no sounds; remove it")
    if card.kind == "sounds" and dataset.sound.duration_s is None:
        said.append(f"spectrogram.duration_s is missing: {dataset.name} has no length of its own; write the seconds")
    if card.kind != "sounds" and isinstance(dataset.size, tuple):
        rows, columns = dataset.size
        said.append(f"size must be one number (got [{rows}, {columns}]): only sounds have planes that are not square")
        return said
    if card.kind != "planes":
        if dataset.size is None:
            said.append(f"size is missing; it says to how many rows and columns the {card.kind} are scaled")
        if dataset.resize != "pad":
            said.append(f"resize has no effect, for {card.kind} in files are always scaled; remove it")
        return said
    assert card.size is not None and not isinstance(dataset.size, tuple)
    if dataset.size is None and dataset.resize != "pad":
        said.append("resize has no effect without size; remove it or give size")
    if dataset.size is not None and dataset.resize == "pad" and dataset.size < card.size:
        said.append(f"padding cannot shrink {card.size} to {dataset.size}; write resize: interpolate")
    return said


def _faults_of_folds(dataset: Dataset, card: DatasetCard) -> list[str]:
    allowed = allowed_splits(card)
    if dataset.split is not None and dataset.split not in allowed:
        return [f"split: {dataset.split} is not possible with {dataset.name}; it allows {', '.join(allowed)}"]
    if dataset.splitting == "official":
        said = f"folds has no effect, for the split of {dataset.name} is official; remove it"
        return [said] if dataset.folds is not None else []
    if dataset.splitting == "grouped":
        return _faults_of_groups(dataset, card)
    lacking = [
        (count, c) for c, count in enumerate(totals(card)) if c in dataset.class_indices and count < dataset.fold_count
    ]
    return [_too_few_items(dataset, card, *min(lacking))] if lacking else []


def _too_few_items(dataset: Dataset, card: DatasetCard, held: int, label: int) -> str:
    """That the class ``label`` has ``held`` items, fewer than there are folds, and for how many it has enough."""
    items = "1 item" if held == 1 else f"{held} items"
    found, remedy = f"the smallest class, {card.class_names[label]!r}, has {items}", "add items of it, or leave it out"
    if card.task != "classes":
        found, remedy = f"there is {items}" if held == 1 else f"there are {items}", "add items"
    if held >= FEWEST_FOLDS:
        fitting = f"{FEWEST_FOLDS} to {held}" if held > FEWEST_FOLDS else f"{held}"
        remedy = f"use {fitting} folds, or {remedy}"
    else:
        remedy = f"no split has fewer than {FEWEST_FOLDS}: {remedy}"
    return f"{found}, too few for {dataset.fold_count} folds; {remedy}"


def _faults_of_groups(dataset: Dataset, card: DatasetCard) -> list[str]:
    """Why a fold of the first deal would lack a class."""
    counts = grouped_counts(dataset.reading, dataset.fold_count, 0)
    fewer = "fewer folds, " if dataset.fold_count > FEWEST_FOLDS else ""
    return [
        f"fold {fold + 1} of {dataset.fold_count} would hold no item{_of(card, label)}, for its items "
        f"come from too few groups; use {fewer}more groups, or split: stratified, which parts groups"
        for fold, held in enumerate(counts)
        for label, count in enumerate(held)
        if label in dataset.class_indices and count == 0
    ][:1]


def _of(card: DatasetCard, label: int) -> str:
    """Of which class, where there are classes."""
    return f" of {card.class_names[label]!r}" if card.task == "classes" else ""
