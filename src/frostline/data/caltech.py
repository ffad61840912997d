"""The listings of Caltech-101 and Caltech-256 in their published folders.

Class folders lie in the dataset's folder itself, or in ``101_ObjectCategories`` or ``256_ObjectCategories`` in it, as
the archives unpack. Folds are dealt over the files that the archives hold, whatever of them is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from frostline.catalog import LeftOut, Listed, Listing
from frostline.data.caltech_cards import (
    BACKGROUND,
    BACKGROUND_COUNT,
    CALTECH101_COUNTS,
    CALTECH256_COUNTS,
    CLUTTER,
    CLUTTER_COUNT,
    FOLDS,
    SUBSET_COUNT,
)
from frostline.data.listing import absent, refuse
from frostline.errors import DataFault
from frostline.spec.folds import dealt

CLUTTER_FOLDER = "257.clutter"


@dataclass(frozen=True)
class _Class:
    """A class, the folder that it lies in, and the files that the archive holds there, in order."""

    name: str
    folder: str
    files: tuple[str, ...]


def caltech101_listing(folder: Path) -> Listing:
    """Caltech-101 in ``folder``, without the background class.

    Raises:
        DataFault: the folder, or a class folder in it, is missing; all faults at once.
    """
    return _listing("caltech101", folder, _of_101(CALTECH101_COUNTS))


def caltech101_background_listing(folder: Path) -> Listing:
    """Caltech-101 in ``folder``, the background class last; each other file has its name and fold of ``caltech101``.

    Raises:
        DataFault: as ``caltech101_listing``.
    """
    return _listing("caltech101", folder, _of_101({**CALTECH101_COUNTS, BACKGROUND: BACKGROUND_COUNT}))


def caltech101_30_listing(folder: Path) -> Listing:
    """Thirty photographs of each class of Caltech-101 in ``folder``, numbered from 0.

    Raises:
        DataFault: as ``caltech101_listing``.
    """
    return _listing("caltech101_30", folder, _of_101(dict.fromkeys(CALTECH101_COUNTS, SUBSET_COUNT), first=0))


def caltech256_listing(folder: Path) -> Listing:
    """Caltech-256 in ``folder``, without the clutter class.

    Raises:
        DataFault: as ``caltech101_listing``.
    """
    return _listing("caltech256", folder, _of_256(CALTECH256_COUNTS))


def caltech256_clutter_listing(folder: Path) -> Listing:
    """Caltech-256 in ``folder``, the clutter class last; each other file has its name and fold of ``caltech256``.

    Raises:
        DataFault: as ``caltech101_listing``.
    """
    return _listing("caltech256", folder, _of_256({**CALTECH256_COUNTS, CLUTTER: CLUTTER_COUNT}))


def _of_101(counts: Mapping[str, int], first: int = 1) -> Sequence[_Class]:
    return [
        _Class(name, name, tuple(f"image_{number:04d}.jpg" for number in range(first, first + count)))
        for name, count in counts.items()
    ]


def _of_256(counts: Mapping[str, int]) -> Sequence[_Class]:
    return [
        _Class(name, f"{place:03d}.{name}", tuple(f"{place:03d}_{number:04d}.jpg" for number in range(1, count + 1)))
        for place, (name, count) in enumerate(counts.items(), start=1)
    ]


def _listing(collection: str, folder: Path, classes: Sequence[_Class]) -> Listing:
    """What lies in ``folder`` of ``classes``; ids begin with ``collection``."""
    home = _home(folder)
    below = "" if home == folder else f"{home.name}/"
    roots = {path.name for path in home.iterdir() if path.is_dir()}
    refuse(str(home.absolute()), [absent(one.folder, roots) for one in classes if one.folder not in roots])
    names = [(label, one, file) for label, one in enumerate(classes) for file in one.files]
    ids = [f"{collection}/{one.folder}/{file.removesuffix('.jpg')}" for _, one, file in names]
    folds = dealt([label for label, _, _ in names], ids, ids, FOLDS, 0)
    there = {one.folder: {path.name for path in (home / one.folder).iterdir()} for one in classes}
    items, left_out = [], _besides(home, below, classes, there)
    for (label, one, file), item, fold in zip(names, ids, folds, strict=True):
        path = f"{below}{one.folder}/{file}"
        if file in there[one.folder]:
            items.append(Listed(item, path, label, item, fold))
        else:
            left_out.append(LeftOut(path, "the published collection holds it, and it is not there"))
    if not items:
        raise DataFault(f"{home.absolute()} holds none of the {len(names)} published files, such as {names[0][2]}")
    return Listing(
        tuple(one.name for one in classes),
        tuple(sorted(items, key=lambda item: item.id)),
        tuple(sorted(left_out, key=lambda one: one.file)),
    )


def _besides(home: Path, below: str, classes: Sequence[_Class], there: Mapping[str, set[str]]) -> list[LeftOut]:
    """What lies beside the published files of ``classes``, hidden files aside."""
    left_out = []
    for path in home.iterdir():
        if path.name in (BACKGROUND, CLUTTER_FOLDER) and path.name not in there:
            left_out.append(LeftOut(f"{below}{path.name}", "photographs of no object; off in this dataset", lost=0))
        elif path.name not in there and not path.name.startswith("."):
            left_out.append(LeftOut(f"{below}{path.name}", "none of the published class folders", lost=0))
    for one in classes:
        others = there[one.folder] - set(one.files)
        said = f"none of the published files, {one.files[0]} to {one.files[-1]}"
        left_out += [
            LeftOut(f"{below}{one.folder}/{name}", said, lost=0) for name in others if not name.startswith(".")
        ]
    return left_out


def _home(folder: Path) -> Path:
    """The folder of the class folders."""
    if not folder.is_dir():
        raise DataFault(f"{folder.absolute()} is no folder; expected one with a folder a class in it")
    unpacked = (folder / name for name in ("101_ObjectCategories", "256_ObjectCategories"))
    return next((path for path in unpacked if path.is_dir()), folder)
