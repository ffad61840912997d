"""The annotations of MagnaTagATune: which tag each clip has, and which tags are the most frequent.

Synonyms are those of ``magnatagatune_synonyms.csv``: other spellings, numbers and forms of one word, and other words
for the same thing, by the names of the tags alone. Of the groups that are commonly merged, those are left apart whose
words differ in what they say of the music ("hard" and "hard rock", "quiet" and "silence", "no beat" and "no drums",
"electric" and "electronic", "heavy" and "metal").
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

from frostline.catalog import DatasetCard, TagChoice
from frostline.data.listing import absent, refuse
from frostline.data.magnatagatune_cards import PUBLISHED_TAGS, TOP_50
from frostline.errors import DataFault

TABLE = "annotations_final.csv"
CLIP, FILE = "clip_id", "mp3_path"


@dataclass(frozen=True)
class Annotations:
    """The annotated clips in the order of their table: number, file, and of each tag a text with a 0 or 1 a clip."""

    clips: tuple[str, ...]
    files: tuple[str, ...]
    tags: Mapping[str, str]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class KeptTag:
    """A tag that is used: its name, a text with a 0 or 1 a clip, and the columns of the table that it is made of."""

    name: str
    marks: str
    made_of: tuple[str, ...]

    @property
    def positives(self) -> int:
        """How many clips have it."""
        return self.marks.count("1")


def read_annotations(folder: Path) -> Annotations:
    """The annotations in ``folder``: ``annotations_final.csv``, parted by tabs.

    A tag column that stands twice is read once, and noted.

    Raises:
        DataFault: the table is missing or cannot be read, a column is missing, a tag is not 0 or 1, a clip or a file
            stands twice, or two columns of one name differ; all faults at once.
    """
    path = folder / TABLE
    if not path.is_file():
        there = [one.name for one in folder.iterdir()] if folder.is_dir() else []
        raise DataFault(f"{folder.absolute()}: {absent(TABLE, there)}")
    state = path.stat()
    return _annotations(path.absolute(), state.st_mtime_ns, state.st_size)


def kept_tags(table: Annotations, choice: TagChoice) -> tuple[KeptTag, ...]:
    """The ``choice.count`` tags of ``table`` that most clips have, the most frequent first.

    Equally frequent ones stand in the order of the table's columns. Tags that no clip has are never kept. Where
    synonyms are merged, a clip has a tag if it has any of the tags that this one is made of.

    Raises:
        DataFault: there are fewer tags than that.
    """
    groups: dict[str, list[str]] = {}
    for tag in table.tags:
        groups.setdefault(synonyms().get(tag, tag) if choice.merge else tag, []).append(tag)
    found = [KeptTag(name, _either([table.tags[tag] for tag in tags]), tuple(tags)) for name, tags in groups.items()]
    used = sorted((tag for tag in found if tag.positives), key=lambda tag: -tag.positives)
    if choice.count > len(used):
        raise _too_many(choice, len(used))
    return tuple(used[: choice.count])


def chosen_names(card: DatasetCard) -> tuple[str, ...]:
    """The names of the tags that ``card`` keeps, the most frequent first.

    They are counted in the annotations where these are at hand. Elsewhere the fifty most frequent are known as they are
    published, and of others only how many there can be: they are called by their rank.

    Raises:
        DataFault: the annotations cannot be read, or have fewer tags than that.
    """
    assert card.tag_choice is not None
    # Brings pooch and requests, which no other plan needs.
    from frostline.data.download import find

    try:
        folder = find(card)
    except DataFault:
        return _published_names(card.tag_choice)
    return tuple(tag.name for tag in kept_tags(read_annotations(folder), card.tag_choice))


@cache
def synonyms() -> Mapping[str, str]:
    """The tag that each synonym stands for."""
    text = files("frostline.data").joinpath("magnatagatune_synonyms.csv").read_text("utf-8")
    return {row["tag"]: row["stands for"] for row in csv.DictReader(io.StringIO(text))}


def _published_names(choice: TagChoice) -> tuple[str, ...]:
    most = PUBLISHED_TAGS - len(synonyms()) if choice.merge else PUBLISHED_TAGS
    if choice.count > most:
        raise _too_many(choice, most)
    if choice.merge is None and choice.count <= len(TOP_50):
        return TOP_50[: choice.count]
    return tuple(f"tag of rank {rank}" for rank in range(1, choice.count + 1))


def _too_many(choice: TagChoice, most: int) -> DataFault:
    merged = ", once synonyms are merged" if choice.merge else ""
    return DataFault(f"tags must be at most {most}, for clips have so many different tags{merged} (got {choice.count})")


def _either(columns: Sequence[str]) -> str:
    if len(columns) == 1:
        return columns[0]
    return "".join("1" if "1" in marks else "0" for marks in zip(*columns, strict=True))


@lru_cache(maxsize=2)
def _annotations(path: Path, changed_ns: int, size: int) -> Annotations:
    """The annotations at ``path``, read again only when its time of change or its size is another."""
    header, rows = _rows(path)
    refuse(str(path), _faults_of_header(header))
    lines, columns = [line for line, _ in rows], list(zip(*(cells for _, cells in rows), strict=True))
    clips, paths = columns[header.index(CLIP)], columns[header.index(FILE)]
    faults = [*_twice(CLIP, clips), *_twice(FILE, paths)]
    tags: dict[str, str] = {}
    notes = []
    for name, cells in zip(header, columns, strict=True):
        marks = "".join(cells)
        if name in (CLIP, FILE):
            continue
        faults += _faults_of_marks(name, cells, lines)
        if tags.setdefault(name, marks) != marks:
            faults.append(f"column {name!r} stands twice, and the two differ; keep the one that is right")
        elif header.count(name) > 1:
            notes.append(
                f"the column {name!r} of {TABLE} stands {header.count(name)} times, always equal; it is one tag"
            )
    refuse(str(path), list(dict.fromkeys(faults)))
    return Annotations(clips, paths, tags, tuple(dict.fromkeys(notes)))


def _rows(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header of a table that is parted by tabs, and its other lines, each with its number.

    Raises:
        DataFault: it is not UTF-8 or empty, or lines have more or fewer cells than the header.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataFault(f"{path} is not UTF-8 (byte {error.start}); get the published table again") from None
    rows = [
        (line, cells)
        for line, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter="\t"), start=1)
        if cells
    ]
    if len(rows) < 2:
        raise DataFault(f"{path} has no rows; expected a header, and a line a clip, parted by tabs")
    header = [name.strip() for name in rows[0][1]]
    uneven = [(line, len(cells)) for line, cells in rows[1:] if len(cells) != len(header)]
    refuse(str(path), [f"line {line}: {count} cells, where the header has {len(header)}" for line, count in uneven])
    return header, rows[1:]


def _faults_of_header(header: Sequence[str]) -> list[str]:
    faults = [
        f"column {absent(name, header)}; columns are parted by tabs" for name in (CLIP, FILE) if name not in header
    ]
    faults += [f"column {name!r} stands {header.count(name)} times" for name in (CLIP, FILE) if header.count(name) > 1]
    if not faults and not set(header) - {CLIP, FILE}:
        faults.append(f"it has no tag columns, only {CLIP} and {FILE}; get the published table, with a column a tag")
    return faults


def _faults_of_marks(tag: str, cells: Sequence[str], lines: Sequence[int]) -> list[str]:
    wrong = [place for place, cell in enumerate(cells) if cell not in ("0", "1")] if set(cells) - {"0", "1"} else []
    if not wrong:
        return []
    are = "is" if len(wrong) == 1 else "are"
    first = f"the first in line {lines[wrong[0]]} (got {cells[wrong[0]]!r})"
    return [f"column {tag!r}: {len(wrong)} of {len(cells)} cells {are} neither 0 nor 1, {first}"]


def _twice(column: str, cells: Sequence[str]) -> list[str]:
    return [
        f"{column} {cell!r} stands {count} times; expected once" for cell, count in Counter(cells).items() if count > 1
    ]
