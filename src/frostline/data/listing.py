"""Which files hold an image and which a sound, and what every listing of files refuses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Literal

from frostline.catalog import Listed, Listing
from frostline.errors import DataFault, nearest

IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif")
SOUNDS = (".wav", ".flac", ".ogg", ".mp3", ".au")
FAULTS_TOLD = 20

Kind = Literal["images", "sounds"]


def kind_of(listing: Listing) -> Kind:
    """Whether the items of ``listing`` are images or sounds, by the endings of their files.

    Raises:
        DataFault: some are images and some are sounds, or a file is neither.
    """
    if fault := mixture(listing.items):
        raise DataFault(fault)
    return "images" if file_kind(listing.items[0].file) == "images" else "sounds"


def file_kind(file: str) -> Kind | None:
    """Whether ``file`` is read as an image or as a sound, by its ending, whatever its case; None for others."""
    ending = PurePosixPath(file).suffix.lower()
    if ending in IMAGES:
        return "images"
    return "sounds" if ending in SOUNDS else None


def unread(file: str) -> str:
    """Why a file whose ending is unknown is left out, with the endings that are read."""
    ending = PurePosixPath(file).suffix
    what = f"files ending in {ending} are not read" if ending else "its name has no ending"
    return f"{what}; images end in {', '.join(IMAGES)}, sounds in {', '.join(SOUNDS)}"


def mixture(items: Sequence[Listed]) -> str | None:
    """What is wrong where ``items`` are not all images or all sounds, with the count and the first of each kind."""
    files: dict[Kind | None, list[str]] = {}
    for item in items:
        files.setdefault(file_kind(item.file), []).append(item.file)
    if len(files) == 1 and None not in files:
        return None
    names: dict[Kind | None, str] = {"images": "images", "sounds": "sounds", None: "files that are neither"}
    found = [f"{len(files[kind])} {name} (first: {files[kind][0]})" for kind, name in names.items() if kind in files]
    return f"expected only images or only sounds, found {' and '.join(found) or 'none'}; list each kind by itself"


def refuse(place: str, faults: Sequence[str]) -> None:
    """Nothing, where there are no ``faults``.

    Raises:
        DataFault: names ``place`` and the faults, the first twenty of them and how many more there are.
    """
    if not faults:
        return
    more = len(faults) - FAULTS_TOLD
    told = [*faults[:FAULTS_TOLD], *([f"and {more} more"] if more > 0 else [])]
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    raise DataFault("\n  ".join([f"{place} has {count}:", *told]))


def absent(wanted: str, there: Iterable[str]) -> str:
    """That ``wanted`` is missing, what is there instead, and which of it is nearest."""
    names = sorted(there)
    shown = ", ".join(names[:FAULTS_TOLD]) + (", ..." if len(names) > FAULTS_TOLD else "")
    return f"{wanted!r} is missing; there is {shown or 'nothing'}{nearest(wanted, names)}"
