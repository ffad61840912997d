"""Where the pretraining of a study learns from what its target is tested on, as far as lists and folds alone tell.

What only the data can tell (equal files under other names, weights of others) is refused when a trial runs.
"""

from __future__ import annotations

from pathlib import Path

from frostline.catalog import OWN_DATA
from frostline.spec.axes import Pretraining
from frostline.spec.dataset import Dataset
from frostline.spec.folds import turn_of
from frostline.spec.parting import parts_of_listed
from frostline.spec.study import Study

FOLLOW = "let `vary` name both split and pretraining, or neither, so that both leave out the same fold"
APART = "pretrain on other classes or other items"


def leaking_sources(study: Study) -> list[str]:
    """A reason where some seed of ``study`` tests on items of which its pretraining has learned."""
    if not isinstance(study.source, Pretraining):
        return []
    found = {seed: said for seed in study.seed_values if (said := _shared(study, study.source.dataset, seed))}
    if not found:
        return []
    first, said = next(iter(found.items()))
    more = f", and so at {len(found) - 1} more of {len(study.seed_values)} seeds" if len(found) > 1 else ""
    remedy = FOLLOW if ("split" in study.vary) != ("pretraining" in study.vary) else APART
    return [f"at seed {first} the pretraining learns from {said}, on which the target is tested{more}; {remedy}"]


def _shared(study: Study, source: Dataset, seed: int) -> str:
    """What tests at ``seed`` and is learned from by a pretraining on ``source``, in words; nothing where none is known.

    A pretraining learns from all that does not test it.
    """
    target = study.dataset
    tested, learned = (seed if purpose in study.vary else study.fixed_seed for purpose in ("split", "pretraining"))
    if tested == learned and target.model_copy(update={"classes": source.classes}) == source:
        return ""
    if target.name in OWN_DATA:
        return _listed_in_both(target, source, tested, learned) if _are_same_files(target, source) else ""
    return _fold_in_both(target, source, tested, learned) if _have_same_folds(target, source) else ""


def _are_same_files(one: Dataset, other: Dataset) -> bool:
    """Whether equal ids of both are the same files."""
    if one.name != other.name or one.path is None or other.path is None or one.files != other.files:
        return False
    return Path(one.path).resolve() == Path(other.path).resolve()


def _have_same_folds(one: Dataset, other: Dataset) -> bool:
    """Whether an item that is in both lies in the fold of the same number, and some item is."""
    kin = {one.name, *one.card.also_in} & {other.name, *other.card.also_in}
    if not kin or not one.has_folds or not other.has_folds or one.fold_count != other.fold_count:
        return False
    if one.splitting != other.splitting or (one.splitting != "official" and one.name != other.name):
        return False
    return one.task != "classes" or bool(set(one.class_names) & set(other.class_names))


def _fold_in_both(target: Dataset, source: Dataset, tested: int, learned: int) -> str:
    """The fold that tests ``target`` at the seed ``tested``, if ``source`` learns from it at the seed ``learned``."""
    one, other = (turn_of(seed, target.fold_count) for seed in (tested, learned))
    if one.test == other.test or (target.splitting != "official" and one.deal != other.deal):
        return ""
    return f"the items of fold {one.test + 1} of {target.name}"


def _listed_in_both(target: Dataset, source: Dataset, tested: int, learned: int) -> str:
    """How many listed items, or groups, test ``target`` that ``source`` learns from, and the first of them."""
    tests, learns = _roll(target, tested, "test"), _roll(source, learned, "learn")
    if shared := sorted(tests.keys() & learns.keys()):
        return f"{_several(len(shared), 'item')} of {target.path}, the first is {shared[0]!r}"
    if target.splitting == "stratified":
        return ""
    groups = {group for name, group in tests.items() if group != name} & set(learns.values())
    return f"{_several(len(groups), 'group')} of {target.path}, the first is {min(groups)!r}" if groups else ""


def _roll(dataset: Dataset, split_seed: int, what: str) -> dict[str, str]:
    """The group of each listed item of the used classes that tests, or of each that does not (``learn``), by its id."""
    assert dataset.card.listing is not None
    items = dataset.card.listing.items
    parts = parts_of_listed(items, dataset, split_seed)
    return {
        item.id: item.group
        for item in items
        if (parts[item.id] == "test") == (what == "test") and item.label in dataset.class_indices
    }


def _several(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
