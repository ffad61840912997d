"""The listings of known collections of sounds: GTZAN, ESC-50 and ESC-10, FSDD."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from frostline.catalog import LeftOut, Listed, Listing
from frostline.data.cards import DIGITS, ESC10_CLASSES, ESC50_CLASSES, GENRES, GTZAN_FOLDS
from frostline.data.listing import absent, refuse
from frostline.data.tables import Row, read_table
from frostline.errors import DataFault
from frostline.spec.folds import dealt

GTZAN_BROKEN = {"jazz.00054": "known to be broken in the published collection: its header cannot be read"}
FORMER_CATEGORIES = {
    "dog_bark": "dog",
    "baby_cry": "crying_baby",
    "fire_crackling": "crackling_fire",
    "person_sneeze": "sneezing",
}
"""What ESC-10 called its classes before it became a part of ESC-50; both editions are one dataset."""
ESC_COLUMNS = ("filename", "fold", "target", "category", "src_file")
ESC_PREFIX = "esc"
"""How the ids of both begin: ESC-10 is a part of ESC-50, so that a clip has one name in both."""
ESC_FOLDS = ("1", "2", "3", "4", "5")

Performers = Sequence[tuple[str, str]]


def gtzan_listing(folder: Path) -> Listing:
    """GTZAN in ``folder``, the recordings of one artist in one group, by the table that comes with the package.

    Raises:
        DataFault: as ``gtzan_by_artist``.
    """
    artists = gtzan_artists()
    listing = gtzan_by_artist(folder, artists)
    folds = gtzan_folds(artists)
    items = tuple(replace(item, fold=folds[item.id]) for item in listing.items)
    return replace(listing, items=items)


def gtzan_artists() -> Mapping[str, str]:
    """The artist of each excerpt of GTZAN, where it is not the only one of its artist (Sturm 2012)."""
    table = json.loads(files("frostline.data").joinpath("gtzan_artists.json").read_text("utf-8"))
    return artists_of({genre: table[genre] for genre in GENRES})


def gtzan_folds(artists: Mapping[str, str]) -> Mapping[str, int]:
    """The fold of each of the 999 usable excerpts of GTZAN, whatever of them is there: no artist in two folds."""
    names = [f"{genre}.{number:05d}" for genre in GENRES for number in range(100)]
    names = [name for name in names if name not in GTZAN_BROKEN]
    labels = [GENRES.index(name.partition(".")[0]) for name in names]
    ids = [f"gtzan/{name}" for name in names]
    groups = [artists.get(name, f"gtzan/{name}") for name in names]
    return dict(zip(ids, dealt(labels, ids, groups, len(GTZAN_FOLDS), 0), strict=True))


def gtzan_by_artist(folder: Path, artists: Mapping[str, str]) -> Listing:
    """GTZAN in ``folder``, the group of a recording its artist in ``artists``, or itself where it is not there.

    The recordings are ``genres_original/GENRE/GENRE.00000.wav``, or ``genres/`` and ``.au``; ids are the same for both.
    ``jazz.00054`` and files that are called otherwise are left out by name.

    Raises:
        DataFault: neither folder is there, or a genre has no folder or no recording; all faults at once.
    """
    home = "genres" if (folder / "genres").is_dir() else "genres_original"
    items: dict[str, Listed] = {}
    left_out: list[LeftOut] = []
    for label, genre, file in _genre_files(folder, home):
        name, path = file.rpartition(".")[0], f"{home}/{genre}/{file}"
        if not re.fullmatch(rf"{genre}\.000[0-9][0-9]\.(wav|au)", file):
            left_out.append(LeftOut(path, f"not called {genre}.00000.wav to {genre}.00099.wav, or .au", lost=0))
        elif name in GTZAN_BROKEN:
            left_out.append(LeftOut(path, GTZAN_BROKEN[name], lost=0))
        elif name in items:
            left_out.append(LeftOut(path, f"the same recording as {items[name].file}", lost=0))
        else:
            items[name] = Listed(f"gtzan/{name}", path, label, artists.get(name, f"gtzan/{name}"))
    heard = {item.label for item in items.values()}
    silent = [genre for label, genre in enumerate(GENRES) if label not in heard]
    refuse(str((folder / home).absolute()), [f"no recording of {genre} in {genre}/" for genre in silent])
    return _listing(GENRES, items.values(), left_out)


def artists_of(table: Mapping[str, Performers]) -> Mapping[str, str]:
    """The artist of each recording in ``table``: genres, in them pairs of an artist and numbers such as ``0-11,15``.

    ``{"blues": [("John Lee Hooker", "0-1")]}`` gives ``{"blues.00000": "John Lee Hooker", "blues.00001": ...}``.

    Raises:
        ValueError: a recording has two artists.
    """
    artists: dict[str, str] = {}
    for genre, performers in table.items():
        for artist, numbers in performers:
            for number in _numbers(numbers):
                name = f"{genre}.{number:05d}"
                if name in artists:
                    raise ValueError(f"{name} is of {artists[name]} and of {artist}; expected one artist a recording")
                artists[name] = artist
    return artists


def esc50_listing(folder: Path) -> Listing:
    """ESC-50 in ``folder`` (``audio/``, ``meta/esc50.csv``), its five folds as 0 to 4, clips of one source in a group.

    Raises:
        DataFault: the folder or the table is missing, a column is missing or a cell wrong; all faults at once.
    """
    return _esc("esc50", ESC50_CLASSES, folder, _esc_rows(folder / "meta" / "esc50.csv"))


def esc10_listing(folder: Path) -> Listing:
    """ESC-10 in ``folder``: ``audio/`` and ``meta/esc10.csv``, or the part of ESC-50 whose column ``esc10`` is True.

    Raises:
        DataFault: as ``esc50_listing``.
    """
    whole = folder / "meta" / "esc50.csv"
    if (folder / "meta" / "esc10.csv").exists() or not whole.exists():
        return _esc("esc10", ESC10_CLASSES, folder, _esc_rows(folder / "meta" / "esc10.csv"))
    rows = _esc_rows(whole)
    if "esc10" not in rows[0].cells:
        raise DataFault(f"{whole.absolute()}: column {absent('esc10', rows[0].cells)}; it says which clips to take")
    return _esc("esc10", ESC10_CLASSES, folder, [row for row in rows if row.cells["esc10"] == "True"])


def fsdd_listing(folder: Path) -> Listing:
    """The Free Spoken Digit Dataset in ``folder``: ``recordings/{digit}_{speaker}_{take}.wav``.

    A speaker is a group and a fold, numbered in the order of their names. Files called otherwise are left out by name.

    Raises:
        DataFault: there is no folder ``recordings``, or no recording in it.
    """
    found: list[tuple[str, re.Match[str]]] = []
    left_out = []
    for file in _names(_home(folder, "recordings")):
        if match := re.fullmatch(r"([0-9])_([^_]+)_[0-9]+\.wav", file):
            found.append((file, match))
        else:
            left_out.append(
                LeftOut(f"recordings/{file}", "not called DIGIT_SPEAKER_TAKE.wav, such as 3_jackson_12.wav", lost=0)
            )
    if not found:
        raise DataFault(f"{(folder / 'recordings').absolute()} holds no recording such as 3_jackson_12.wav")
    speakers = sorted({match[2] for _, match in found})
    items = [
        Listed(f"fsdd/{file}", f"recordings/{file}", int(match[1]), match[2], speakers.index(match[2]))
        for file, match in found
    ]
    return _listing(DIGITS, items, left_out)


def _genre_files(folder: Path, home: str) -> list[tuple[int, str, str]]:
    """The label, the genre and the name of every file in a genre's folder."""
    there = _names(_home(folder, home))
    refuse(str((folder / home).absolute()), [absent(genre, there) for genre in GENRES if genre not in there])
    return [(label, genre, file) for label, genre in enumerate(GENRES) for file in _names(folder / home / genre)]


def _numbers(text: str) -> list[int]:
    numbers: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def _esc_rows(path: Path) -> Sequence[Row]:
    """The rows of an ESC table, once each column and cell that is needed is right."""
    table = read_table(path)
    place = str(path.absolute())
    refuse(place, [f"column {absent(name, table.columns)}" for name in ESC_COLUMNS if name not in table.columns])
    categories: dict[str, str] = {}
    faults = [] if table.rows else ["it has a header and no rows; expected a row a clip"]
    for row in table.rows:
        fold, target, category = (row.cells[name] for name in ("fold", "target", "category"))
        if fold not in ESC_FOLDS:
            faults.append(f"{row.place}: fold must be one of {', '.join(ESC_FOLDS)} (got {fold!r})")
        if not target.isdecimal():
            faults.append(f"{row.place}: target must be a whole number from 0 (got {target!r})")
        elif categories.setdefault(target, category) != category:
            faults.append(f"{row.place}: target {target} is {categories[target]!r} above (got {category!r})")
    refuse(place, faults)
    return table.rows


def _esc(name: str, class_names: tuple[str, ...], folder: Path, rows: Sequence[Row]) -> Listing:
    there = set(_names(_home(folder, "audio")))
    categories = [FORMER_CATEGORIES.get(row.cells["category"], row.cells["category"]) for row in rows]
    unknown = sorted(set(categories) - set(class_names))
    refuse(
        str(folder.absolute()),
        [f"category {category!r} is none of {name}'s: {', '.join(class_names)}" for category in unknown],
    )
    items, left_out = [], []
    for row, category in zip(rows, categories, strict=True):
        file, fold = row.cells["filename"], int(row.cells["fold"]) - 1
        label = class_names.index(category)
        if file in there:
            items.append(Listed(f"{ESC_PREFIX}/{Path(file).stem}", f"audio/{file}", label, row.cells["src_file"], fold))
        else:
            left_out.append(LeftOut(f"audio/{file}", "its table names it, and it is not there"))
    if not items:
        raise DataFault(f"{(folder / 'audio').absolute()} holds none of the {len(rows)} clips that its table names")
    return _listing(class_names, items, left_out)


def _home(folder: Path, name: str) -> Path:
    """The folder called ``name`` in ``folder``."""
    if not folder.is_dir():
        raise DataFault(f"{folder.absolute()} is no folder; expected one with {name}/ in it")
    if not (folder / name).is_dir():
        raise DataFault(f"{folder.absolute()}: {absent(name, _names(folder))}")
    return folder / name


def _names(folder: Path) -> list[str]:
    """What lies in ``folder``, hidden files aside; nothing where it is a file."""
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def _listing(class_names: tuple[str, ...], items: Iterable[Listed], left_out: Iterable[LeftOut]) -> Listing:
    return Listing(
        class_names,
        tuple(sorted(items, key=lambda item: item.id)),
        tuple(sorted(left_out, key=lambda one: one.file)),
    )
