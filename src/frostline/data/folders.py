"""A folder of class folders, as a listing: each folder directly in it is a class, its files are the items."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from frostline.catalog import LeftOut, Listed, Listing
from frostline.data.listing import file_kind, mixture, refuse, unread
from frostline.errors import DataFault

PARTS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing"})


def folder_listing(folder: Path) -> Listing:
    """The files of the class folders in ``folder``: classes in the order of their names, items in that of their ids.

    Files may lie at any depth below a class folder, and an id is the path below ``folder``, with ``/``. Names that
    begin with a point are passed over. Left out by name are files of other endings, files beside the class folders,
    links that lead nowhere, and a folder that a link reaches a second time.

    Raises:
        DataFault: there is no such folder, it has fewer than two classes, a class without a file that can be read,
            folders named after parts instead of classes, or both images and sounds; all faults at once.
    """
    _refuse_no_folder(folder)
    seen = {_identity(folder)}
    roots = [path for path in _children(folder) if path.is_dir()]
    left_out = [
        LeftOut(_name(path, folder), "it lies beside the class folders, in none of them", lost=0)
        for path in _children(folder)
        if not path.is_dir()
    ]
    items: list[Listed] = []
    faults = _class_faults(folder, roots)
    for label, root in enumerate(roots):
        files = [(_name(path, folder), reason) for path, reason in _walk(root, seen)]
        kept = [name for name, reason in files if reason is None]
        items += [Listed(name, name, label, name) for name in kept]
        left_out += [LeftOut(name, why, int(file_kind(name) is not None)) for name, why in files if why is not None]
        if not kept:
            others = f" ({len(files)} files of other kinds)" if files else ""
            faults.append(f"class {root.name!r} has no image and no sound{others}; fill the folder or remove it")
    if items and (fault := mixture(items)):
        faults.append(fault)
    refuse(str(folder.absolute()), faults)
    return Listing(
        tuple(_printable(root.name) for root in roots),
        tuple(sorted(items, key=lambda item: item.id)),
        tuple(sorted(left_out, key=lambda one: one.file)),
    )


def _refuse_no_folder(folder: Path) -> None:
    expected = "expected a folder with one folder a class in it"
    try:
        if folder.is_dir():
            return
        what = "is a file" if folder.exists() else "does not exist"
    except OSError as error:
        what, expected = f"cannot be opened ({error.strerror})", f"{expected}, which this user may read"
    raise DataFault(f"{folder.absolute()} {what}; {expected}")


def _class_faults(folder: Path, roots: list[Path]) -> list[str]:
    """What is wrong with the class folders themselves."""
    names = [root.name for root in roots]
    if len(names) < 2:
        found = f"only {names[0]!r}" if names else "none"
        return [f"expected at least two class folders, found {found}"]
    if {name.lower() for name in names} <= PARTS:
        return [
            f"its folders {', '.join(names)} are parts, not classes; name one of them, or list the files in a manifest "
            "with the columns path, label and split"
        ]
    return []


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[tuple[Path, str | None]]:
    """Every file below ``folder`` with the reason why it is left out, if there is one; each folder is entered once."""
    if _identity(folder) in seen:
        yield folder, "this folder is read already under another name"
        return
    seen.add(_identity(folder))
    for path in _children(folder):
        if path.is_dir():
            yield from _walk(path, seen)
        elif not path.is_file():
            yield path, "a link that leads nowhere" if path.is_symlink() else "no file that can be read"
        else:
            yield path, _reason(path)


def _reason(path: Path) -> str | None:
    if str(path) != _printable(str(path)):
        return "its path is not UTF-8"
    return unread(path.name) if file_kind(path.name) is None else None


def _children(folder: Path) -> list[Path]:
    try:
        return sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=lambda path: path.name)
    except OSError as error:
        raise DataFault(f"{folder.absolute()} cannot be opened ({error.strerror}); let this user read it") from None


def _identity(folder: Path) -> tuple[int, int]:
    stat = folder.stat()
    return stat.st_dev, stat.st_ino


def _name(path: Path, folder: Path) -> str:
    return _printable(path.relative_to(folder).as_posix())


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()
