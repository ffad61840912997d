"""The listing of DEAM: rated songs, those of an artist in one group where the tables of songs name it.

The folder holds ``MEMD_audio/`` and the two tables of mean ratings, either beside it or in the folders that the
published archive unpacks to; of ``metadata_2013.csv``, ``metadata_2014.csv`` and ``metadata_2015.csv``, in
``metadata/`` or beside it, those that were fetched. An artist is known by its name without regard to case and blanks.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from frostline.catalog import LeftOut, Listed, Listing
from frostline.data.listing import absent, refuse
from frostline.data.ratings import faults_of_ratings, ratings
from frostline.data.tables import Row, read_table
from frostline.data.value_cards import FOLDS, VALENCE_AROUSAL, VALUE_CARDS
from frostline.errors import DataFault
from frostline.spec.folds import dealt

AUDIO = "MEMD_audio"
TABLES = ("static_annotations_averaged_songs_1_2000.csv", "static_annotations_averaged_songs_2000_2058.csv")
PUBLISHED_PLACE = Path("annotations averaged per song", "song_level")
PLACES = (
    Path(),
    *(Path(*above) / PUBLISHED_PLACE for above in ((), ("annotations",), ("DEAM_Annotations", "annotations"))),
)
RATED = tuple(f"{name}_mean" for name in VALENCE_AROUSAL)
COLUMNS = ("song_id", *RATED)
SONG_TABLES = {
    "metadata_2013.csv": ("song_id", "Artist"),
    "metadata_2014.csv": ("Id", "Artist"),
    "metadata_2015.csv": ("id", "artist"),
}
"""The tables of songs, with the columns of the song's number and of its artist: each year has names of its own."""
NOBODY = ("", "n/a", "na", "nan", "none", "unknown", "unknown artist", "various artists")
"""What stands for an artist that is not known, so that songs with it have nothing in common."""


def deam_listing(folder: Path) -> Listing:
    """The rated songs in ``folder`` with their mean valence and arousal, from 1 to 9.

    Folds are dealt over the songs of the tables, whatever of them is there.

    Raises:
        DataFault: the folder, a table, a column or the sounds are missing, a rating is no number from 1 to 9, or a song
            stands twice; all faults of both tables at once.
    """
    rated = _rated(folder)
    home = _audio(folder)
    below = home.relative_to(folder).as_posix()
    songs = sorted(rated, key=int)
    artists, notes = _artists(folder, songs)
    ids = [f"deam/{song}" for song in songs]
    groups = [artists.get(song, name) for song, name in zip(songs, ids, strict=True)]
    folds = _folds(ids, groups)
    there = {path.name for path in home.iterdir() if not path.name.startswith(".")}
    items = [
        Listed(name, f"{below}/{song}.mp3", 0, group, fold, targets=ratings(rated[song], RATED))
        for song, name, group, fold in zip(songs, ids, groups, folds, strict=True)
        if f"{song}.mp3" in there
    ]
    if not items:
        raise DataFault(
            f"{home.absolute()} holds none of the {len(songs):,} songs that are rated, such as {songs[0]}.mp3"
        )
    wanted = {f"{song}.mp3" for song in songs}
    left_out = [LeftOut(f"{below}/{file}", "it is rated, and it is not there") for file in wanted - there]
    left_out += [
        LeftOut(f"{below}/{file}", "no table rates it", lost=1)
        if re.fullmatch(r"\d+\.mp3", file)
        else LeftOut(f"{below}/{file}", "not called after the number of a song, such as 10.mp3", lost=0)
        for file in there - wanted
    ]
    return Listing(
        ("all",),
        tuple(sorted(items, key=lambda item: item.id)),
        tuple(sorted(left_out, key=lambda out: out.file)),
        VALENCE_AROUSAL,
        tuple(notes),
    )


def _rated(folder: Path) -> Mapping[str, Row]:
    """The row of each rated song, by its number."""
    if not folder.is_dir():
        raise DataFault(f"{folder.absolute()} is no folder; expected one with {AUDIO}/ and {' and '.join(TABLES)}")
    paths = {name: _table(folder, name) for name in TABLES}
    looked = " or ".join(f"{place}/" for place in map(Path.as_posix, PLACES[1:]))
    lacking = [f"{name} is missing; expected there, or in {looked}" for name, path in paths.items() if path is None]
    refuse(str(folder.absolute()), lacking)
    scale = VALUE_CARDS["deam"].scale
    assert scale is not None
    rated: dict[str, Row] = {}
    faults = []
    for name, path in paths.items():
        assert path is not None
        table = read_table(path)
        missing = [
            f"{name}: column {absent(column, table.columns)}" for column in COLUMNS if column not in table.columns
        ]
        faults += missing
        if missing:
            continue
        faults += [f"{name}: {fault}" for fault in faults_of_ratings(table.rows, RATED, scale)]
        for row in table.rows:
            song = row.cells["song_id"]
            if not song.isdecimal():
                faults.append(f"{name}: {row.place}: song_id must be a whole number (got {song!r})")
            elif rated.setdefault(song, row) is not row:
                faults.append(f"{name}: {row.place}: song {song} is rated twice; keep one of the rows")
    refuse(str(folder.absolute()), faults or ([] if rated else ["its tables have no rows; expected a row a song"]))
    return rated


def _table(folder: Path, name: str) -> Path | None:
    return next((folder / place / name for place in PLACES if (folder / place / name).is_file()), None)


def _audio(folder: Path) -> Path:
    """The folder of the sounds."""
    for home in (folder / AUDIO, folder / "DEAM_audio" / AUDIO):
        if home.is_dir():
            return home
    raise DataFault(f"{folder.absolute()}: {absent(AUDIO, [path.name for path in folder.iterdir()])}")


def _folds(ids: Sequence[str], groups: Sequence[str]) -> list[int]:
    """The fold of each song, numbered so that no fold holds more songs than the one before."""
    folds = dealt([0] * len(ids), ids, groups, FOLDS, 0)
    held = Counter(folds)
    order = sorted(range(FOLDS), key=lambda fold: (-held[fold], fold))
    return [order.index(fold) for fold in folds]


@dataclass(frozen=True)
class _Credit:
    """Who plays a song, as a line of a table has it."""

    song: str
    artist: str


def _artists(folder: Path, songs: Sequence[str]) -> tuple[Mapping[str, str], list[str]]:
    """The group of each song whose artist is known, by the song's number, and what there is to know of it."""
    home = next(
        (home for home in (folder / "metadata", folder) if any((home / name).is_file() for name in SONG_TABLES)), None
    )
    if home is None:
        return {}, [f"no artists are known, for {', '.join(SONG_TABLES)} are not there; each song is its own group"]
    there = [name for name in SONG_TABLES if (home / name).is_file()]
    notes = [f"{name} is not there; its songs are each their own group" for name in SONG_TABLES if name not in there]
    credited = [credit for name in there for credit in _credits(home / name)]
    names = {credit.song: " ".join(credit.artist.split()).casefold() for credit in credited}
    known = {song: f"artist {names[song]}" for song in songs if song in names and _is_name(names[song])}
    if len(known) < len(songs):
        notes.append(f"no artist is known of {len(songs) - len(known):,} of {len(songs):,} songs, each its own group")
    return known, [f"{len(known):,} songs of {len(set(known.values())):,} artists are grouped by artist", *notes]


def _is_name(artist: str) -> bool:
    """Whether ``artist`` can be a name; in rows that lack quotes a number stands there."""
    return artist not in NOBODY and not re.fullmatch(r"[\d.:]+", artist)


def _credits(path: Path) -> Iterator[_Credit]:
    """The songs of a table with their artists; rows may have more cells than the header, as the published ones do.

    Raises:
        DataFault: a column is missing, or a row has no number or ends before the artist; all faults at once.
    """
    wanted = SONG_TABLES[path.name]
    rows = [
        [cell.strip() for cell in row]
        for row in csv.reader(io.StringIO(_text(path), newline=""), skipinitialspace=True)
    ]
    header = rows[0] if rows else []
    refuse(str(path.absolute()), [f"column {absent(name, header)}" for name in wanted if name not in header])
    number, artist = (header.index(name) for name in wanted)
    faults = []
    for line, row in enumerate(rows[1:], start=2):
        if not any(row):
            continue
        if len(row) <= max(number, artist):
            faults.append(f"row {line}: it ends before the column {wanted[1]!r} ({len(row)} cells)")
        elif not row[number].isdecimal():
            faults.append(f"row {line}: {wanted[0]} must be a whole number (got {row[number]!r})")
        else:
            yield _Credit(row[number], row[artist].strip('" \t'))
    refuse(str(path.absolute()), faults)


def _text(path: Path) -> str:
    """What ``path`` holds: UTF-8, or else Latin-1, in which some editions are."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")
