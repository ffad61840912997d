"""From a name in a study file to its card, and from a card to its code, which is imported only when it is used.

Built-in cards stand in literal dictionaries (``data/cards.py``); another package adds its own with an entry point in
the group ``frostline.datasets`` that names a card. A clash of names is an error.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal, cast

from frostline.errors import FrostlineError, UnknownName

BUILT_IN_DATASETS = "frostline.data.cards:CARDS"
Task = Literal["classes", "tags", "values"]
"""What the head predicts of an item: its one class, which of several tags it has, or numbers."""
OWN_DATA = {"folder": "frostline.data.own:folder_card", "manifest": "frostline.data.own:manifest_card"}
"""Names under which a study file uses data of its own, and the function (path) -> card that looks at it."""


@dataclass(frozen=True)
class DataFile:
    """One file of a dataset, under its folder: the sha256 of every edition that is known, and where it is fetched.

    ``url`` is empty where the file comes out of an archive, or cannot be fetched.
    """

    name: str
    sha256: tuple[str, ...]
    url: str = ""


@dataclass(frozen=True)
class Listed:
    """One item of a dataset that lies in files of its own, before anything is decoded.

    ``id`` stays the same for ever; ``file`` is relative to the dataset's folder; ``group`` names what no split may part
    (a song, a speaker), and is the id where nothing is grouped; ``fold`` is the official one, and ``part`` the official
    part ("train", "validation", "test"), where the dataset has such. Where the task is tags, ``targets`` holds for each
    whether the item has it, 1 or 0; where it is values, the numbers on the annotation's own scale; ``label`` is 0 then.
    """

    id: str
    file: str
    label: int
    group: str
    fold: int | None = None
    part: str | None = None
    targets: tuple[float, ...] | None = None


@dataclass(frozen=True)
class LeftOut:
    """A file that was not used, and why.

    ``lost`` is how many files the dataset counts on and lacks by it: one that is damaged or missing; none where the
    file only lies about, or is known not to be usable by anybody.
    """

    file: str
    reason: str
    lost: int = 1


@dataclass(frozen=True)
class Listing:
    """The items of a dataset that lies in files, in the order of their ids, and what was left out of it by name.

    ``target_names`` are those of its tags or values; it has classes where there are none. ``notes`` are sentences that
    a person who uses the dataset should know and that no file stands for.
    """

    class_names: tuple[str, ...]
    items: tuple[Listed, ...]
    left_out: tuple[LeftOut, ...] = ()
    target_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TagChoice:
    """Which tags of a larger table are used: the ``count`` most frequent, counted after synonyms are merged if so."""

    count: int = 50
    merge: Literal["synonyms"] | None = None


@dataclass(frozen=True)
class Asked:
    """What a study wants of a dataset beside its name and its path.

    Of a manifest, the columns of its ``values``, their ``scale``, and what is called or lies otherwise: ``columns`` are
    pairs, what a column is here (path, label, labels, group, split, fold) and its name in the file; ``files`` is the
    folder below the manifest's that paths start from, empty for that of the manifest itself. Of a dataset that lets a
    study choose its tags, which of them (``tags``).
    """

    values: tuple[str, ...] = ()
    scale: tuple[float, float] | None = None
    columns: tuple[tuple[str, str], ...] = ()
    files: str = ""
    tags: TagChoice | None = None


NOTHING_ASKED = Asked()
ALL = ("all",)
"""The one class through which tags and values are split and shared."""


@dataclass(frozen=True)
class DatasetCard:
    """The facts of a dataset that a plan needs, readable without opening a file.

    ``train_counts`` and ``test_counts`` hold the number of items of each class in the official parts, ``fold_counts``
    those of each official fold instead (``validation_counts``, where there is a third official part). ``full_scale`` is
    the largest raw value of a plane. A dataset of kind ``planes`` has equal planes, and ``code`` names the function
    ``(card, folder) -> Corpus`` that reads it; one of ``images`` or ``sounds`` lies in a file an item, and ``code``
    names the function ``(folder) -> Listing``. ``size`` is None where the planes have none before a study gives it.
    ``files`` lie under the dataset's folder; where there is an ``archive``, they come out of it. ``duration_s`` is the
    length of a sound in seconds as it is used where a study says nothing else. ``also_in`` names other datasets whose
    folder holds this one. Where the ``task`` is tags or values, ``target_names`` says which, there is one class in
    ``class_names``, ``all``, through which splits and shares go, and ``scale`` is the lowest and the highest number of
    the values' annotation; without one, numbers are used as they are. Where a study chooses among tags, ``tag_choice``
    is what it chose, ``code`` names a function ``(folder, tag_choice) -> Listing``, and ``target_code`` one
    ``(card) -> target_names``.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    train_counts: tuple[int, ...]
    test_counts: tuple[int, ...]
    channels: int
    size: int | None
    full_scale: float
    licence: str
    source: str
    code: str
    files: tuple[DataFile, ...] = ()
    archive: DataFile | None = None
    kind: Literal["planes", "images", "sounds"] = "planes"
    duration_s: float | None = None
    fold_counts: tuple[tuple[int, ...], ...] = ()
    validation_counts: tuple[int, ...] | None = None
    listing: Listing | None = None
    also_in: tuple[str, ...] = ()
    task: Task = "classes"
    target_names: tuple[str, ...] = ()
    scale: tuple[float, float] | None = None
    tag_choice: TagChoice | None = None
    target_code: str = ""


@functools.cache
def dataset_cards() -> Mapping[str, DatasetCard]:
    """Every dataset that a study file may name, built-in and added by other packages, by name."""
    cards: dict[str, DatasetCard] = dict(cast("Mapping[str, DatasetCard]", load_code(BUILT_IN_DATASETS)))
    for point in entry_points(group="frostline.datasets"):
        if point.name in cards:
            origin = point.dist.name if point.dist else "another package"
            raise FrostlineError(f"the dataset {point.name!r} of {origin} clashes with one of the same name; rename it")
        cards[point.name] = point.load()
    return cards


def dataset_card(name: str, path: str | None = None, asked: Asked = NOTHING_ASKED) -> DatasetCard:
    """The card of the dataset called ``name``; of one's own data, the card that its files at ``path`` give.

    ``asked`` is what a study wants of the columns of a manifest, or which tags it chose. Where tags can be chosen and
    nothing is asked, it is the card as it is published.

    Raises:
        UnknownName: no dataset is called so; the text has the nearest name and the full list.
        DataFault: one's own data cannot be used, or the tags cannot be chosen so; every reason at once.
    """
    if path is not None and name in OWN_DATA:
        return _own_card(name, path, asked, Path.cwd())
    cards = dataset_cards()
    if name not in cards:
        raise UnknownName("dataset", name, [*cards, *OWN_DATA])
    if asked.tags is None:
        return cards[name]
    card = replace(cards[name], tag_choice=asked.tags)
    name_targets = cast("Callable[[DatasetCard], tuple[str, ...]]", load_code(card.target_code))
    return replace(card, target_names=name_targets(card))


@functools.cache
def _own_card(name: str, path: str, asked: Asked, here: Path) -> DatasetCard:
    """The card of one's own data at ``path``, which may be relative to the folder ``here``."""
    look = cast("Callable[[Path, Asked], DatasetCard]", load_code(OWN_DATA[name]))
    return look(Path(path), asked)


def load_code(reference: str) -> object:
    """What ``package.module:name`` refers to, imported now."""
    module, _, name = reference.partition(":")
    code: object = getattr(importlib.import_module(module), name)
    return code
