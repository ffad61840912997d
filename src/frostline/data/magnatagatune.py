"""The listing of MagnaTagATune: its clips with their tags, parted by the folder that they lie in.

The folder holds ``annotations_final.csv``, the clip folders ``0`` to ``9`` and ``a`` to ``f`` (there or in ``mp3/``),
and, where it was fetched too, ``clip_info_final.csv``, which names the artists. Clips of an artist are a group; without
that table, and of artists whose clips the published split puts into several parts, those of a track are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from frostline.catalog import LeftOut, Listed, Listing, TagChoice
from frostline.data.listing import absent, refuse
from frostline.data.magnatagatune_cards import EMPTY, PART_OF
from frostline.data.magnatagatune_tags import TABLE, Annotations, KeptTag, kept_tags, read_annotations
from frostline.errors import DataFault

INFO = "clip_info_final.csv"
INFO_COLUMNS = ("clip_id", "artist")
CLIP_FILE = re.compile(r"(?P<folder>[0-9a-f])/(?P<track>[^/]+)-\d+-\d+\.mp3")
NAMED = 5
"""So many of a kind are named in a note."""


def magnatagatune_listing(folder: Path, choice: TagChoice) -> Listing:
    """The clips in ``folder`` with the tags of ``choice``, those that have none of them included.

    Tags are counted over all clips of the table, whatever of them is there, so that a missing file changes no tag.

    Raises:
        DataFault: the table, a column or the clip folders are missing, a cell is wrong, there are fewer tags than are
            chosen, or no clip of a part has any of them; all faults of a table at once.
    """
    table = read_annotations(folder)
    clips = _clips(table)
    kept = kept_tags(table, choice)
    home = _home(folder, table)
    groups, notes = _groups(clips, _artists(folder))
    targets = list(zip(*([float(mark) for mark in tag.marks] for tag in kept), strict=True))
    there = {f"{name}/{path.name}" for name in PART_OF if (home / name).is_dir() for path in (home / name).iterdir()}
    below = "" if home == folder else f"{home.name}/"
    items, left_out = [], []
    for clip, group, marks in zip(clips, groups, targets, strict=True):
        if clip.file in EMPTY:
            left_out.append(LeftOut(below + clip.file, "known to be empty in the published collection", lost=0))
        elif clip.file in there:
            items.append(Listed(clip.id, below + clip.file, 0, group, part=clip.part, targets=marks))
        else:
            left_out.append(LeftOut(below + clip.file, f"{TABLE} names it, and it is not there"))
    others = sorted(name for name in there - set(table.files) if "/." not in name)
    left_out += [LeftOut(below + name, f"{TABLE} does not name it", lost=0) for name in others]
    _refuse_useless(home, items, kept)
    return Listing(
        ("all",),
        tuple(sorted(items, key=lambda item: item.id)),
        tuple(sorted(left_out, key=lambda out: out.file)),
        tuple(tag.name for tag in kept),
        (*table.notes, *notes, *_notes_of_tags(items, kept)),
    )


@dataclass(frozen=True)
class _Clip:
    """An annotated clip: its number, its file, the track that it is cut from, and its official part."""

    number: str
    file: str
    track: str
    part: str

    @property
    def id(self) -> str:
        return f"magnatagatune/{self.number}"


def _clips(table: Annotations) -> list[_Clip]:
    clips, faults = [], []
    for number, file in zip(table.clips, table.files, strict=True):
        if match := CLIP_FILE.fullmatch(file):
            clips.append(_Clip(number, file, match["track"], PART_OF[match["folder"]]))
        else:
            faults.append(f"clip {number}: mp3_path must be like c/artist-album-01-track-0-29.mp3 (got {file!r})")
    refuse(TABLE, faults)
    return clips


def _home(folder: Path, table: Annotations) -> Path:
    """The folder of the clip folders."""
    for home in (folder, folder / "mp3"):
        if any((home / name).is_dir() for name in PART_OF):
            return home
    raise DataFault(
        f"{folder.absolute()} has none of the clip folders {', '.join(PART_OF)}; expected them there or in mp3/, with "
        f"{len(table.files):,} clips"
    )


def _artists(folder: Path) -> Mapping[str, str] | None:
    """The artist of each clip, by its number; None where the table of clips was not fetched.

    Raises:
        DataFault: the table lacks a column.
    """
    path = folder / INFO
    if not path.is_file():
        return None
    text = path.read_text("utf-8-sig", errors="replace")
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t")
    header = reader.fieldnames or ()
    refuse(str(path.absolute()), [f"column {absent(name, header)}" for name in INFO_COLUMNS if name not in header])
    return {row["clip_id"]: " ".join((row["artist"] or "").split()).casefold() for row in reader}


def _groups(clips: Sequence[_Clip], artists: Mapping[str, str] | None) -> tuple[list[str], list[str]]:
    """The group of each clip, and what there is to know of it."""
    by_artist = [f"artist {name}" if (name := (artists or {}).get(clip.number)) else None for clip in clips]
    parted_artists, parted_tracks = _parted(clips, by_artist), _parted(clips, [clip.track for clip in clips])
    groups = [
        clip.id
        if clip.track in parted_tracks
        else artist
        if artist and artist not in parted_artists
        else f"track {clip.track}"
        for clip, artist in zip(clips, by_artist, strict=True)
    ]
    return groups, list(_notes_of_groups(by_artist, parted_artists, parted_tracks))


def _parted(clips: Sequence[_Clip], groups: Sequence[str | None]) -> dict[str, str]:
    """The groups that stand in more than one official part, with how many of their clips stand in each."""
    parts: dict[str, dict[str, int]] = {}
    for clip, group in zip(clips, groups, strict=True):
        if group is not None:
            held = parts.setdefault(group, {})
            held[clip.part] = held.get(clip.part, 0) + 1
    return {
        group: ", ".join(f"{held[part]} {part}" for part in dict.fromkeys(PART_OF.values()) if part in held)
        for group, held in sorted(parts.items())
        if len(held) > 1
    }


def _notes_of_groups(
    by_artist: Sequence[str | None], artists: Mapping[str, str], tracks: Mapping[str, str]
) -> Iterator[str]:
    known = [artist for artist in by_artist if artist]
    if not known:
        yield (
            f"no artists are known, for {INFO} is not there: clips of one track are a group, and the published split "
            "may part artists"
        )
    else:
        if len(known) < len(by_artist):
            lacking = len(by_artist) - len(known)
            yield f"{INFO} names no artist of {lacking:,} clips; those of one track are a group"
        if artists:
            clips = sum(artist in artists for artist in known)
            yield (
                f"the published split parts {len(artists):,} of {len(set(known)):,} artists ({clips:,} clips), whose "
                f"clips are groups by track instead: {_first(artists)}"
            )
        else:
            yield f"the published split parts none of {len(set(known)):,} artists"
    if tracks:
        yield f"the published split parts {len(tracks):,} tracks, whose clips stand alone: {_first(tracks)}"


def _first(parted: Mapping[str, str]) -> str:
    more = [f"and {len(parted) - NAMED} more"] if len(parted) > NAMED else []
    return "; ".join([*(f"{name} ({where})" for name, where in list(parted.items())[:NAMED]), *more])


def _refuse_useless(home: Path, items: Sequence[Listed], kept: Sequence[KeptTag]) -> None:
    """Raises DataFault where there are no clips, or where no clip of a part has any tag that is kept."""
    if not items:
        raise DataFault(f"{home.absolute()} holds none of the clips that {TABLE} names")
    tagged = {part: sum(any(item.targets or ()) for item in items if item.part == part) for part in PART_OF.values()}
    refuse(
        str(home.absolute()),
        [
            f"no clip of the {part} part has any of the {len(kept)} tags; expected some"
            for part, count in tagged.items()
            if not count
        ],
    )


def _notes_of_tags(items: Sequence[Listed], kept: Sequence[KeptTag]) -> Iterator[str]:
    """How many items have no tag at all, and which tags a part has no example of."""
    untagged = sum(not any(item.targets or ()) for item in items)
    if untagged:
        yield f"{untagged:,} of {len(items):,} clips have none of the {len(kept)} tags; they are kept"
    for part in dict.fromkeys(PART_OF.values()):
        marks = zip(*(item.targets or () for item in items if item.part == part), strict=True)
        lacking = [tag.name for tag, column in zip(kept, marks, strict=True) if not any(column)]
        if lacking:
            yield f"no clip of the {part} part has the tags {', '.join(lacking)}; these are left out of its figures"
