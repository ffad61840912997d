"""What is annotated, as CSV files: the usable items of a dataset with their tags or numbers, and the tags by count."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from frostline.catalog import Listed
from frostline.data.samples import Collection
from frostline.spec.reading import Reading
from frostline.whole_files import replace_whole

PARTS = ("train", "validation", "test")


def write_annotations(reading: Reading, whole: Collection, folder: Path) -> list[Path]:
    """The files of ``whole`` in ``folder``: its usable items, and of tags the list of those that are kept.

    ``NAME-annotations.csv`` has id, file, group, part or fold (from 1), and a column a tag (0 or 1) or a number as it
    was annotated. ``NAME-tags.csv`` has a row a tag, in the dataset's order (the most frequent first): how many usable
    items have it, in all and in each official part. Files of the same name are replaced, each whole or not at all.
    """
    usable = set(whole.samples.ids.tolist())
    items = [item for item in whole.listed if item.id in usable]
    name = _name(reading)
    tables = {f"{name}-annotations.csv": _annotations(whole.target_names, items)}
    if reading.card.task == "tags":
        tables[f"{name}-tags.csv"] = _tags(whole.target_names, items)
    folder.mkdir(parents=True, exist_ok=True)
    return [_written(folder / file, rows) for file, rows in tables.items()]


def _name(reading: Reading) -> str:
    """What the files of ``reading`` begin with: readings with other annotations begin otherwise."""
    name = Path(reading.path).stem if reading.path else reading.name
    choice = reading.card.tag_choice
    if choice is None:
        return name
    return f"{name}-{choice.count}{'-merged' if choice.merge else ''}"


def _annotations(names: Sequence[str], items: Sequence[Listed]) -> list[list[object]]:
    parts, folds = any(item.part for item in items), any(item.fold is not None for item in items)
    header = ["id", "file", "group", *(["part"] if parts else []), *(["fold"] if folds else [])]
    rows: list[list[object]] = [[*header, *names]]
    for item in items:
        place: list[object] = [item.part] if parts else []
        place += [item.fold + 1] if folds and item.fold is not None else []
        rows.append([item.id, item.file, item.group, *place, *map(_shortest, item.targets or ())])
    return rows


def _tags(names: Sequence[str], items: Sequence[Listed]) -> list[list[object]]:
    parts = [part for part in PARTS if any(item.part == part for item in items)]
    rows: list[list[object]] = [["tag", "items", *parts]]
    for place, name in enumerate(names):
        having = Counter(item.part for item in items if item.targets and item.targets[place])
        rows.append([name, having.total(), *(having[part] for part in parts)])
    return rows


def _shortest(number: float) -> str:
    """``number`` in the fewest digits that give it again; a whole one without a point."""
    return str(int(number)) if number.is_integer() else repr(number)


def _written(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    replace_whole(path, lambda part: part.write_text(text.getvalue(), encoding="utf-8", newline=""))
    return path
