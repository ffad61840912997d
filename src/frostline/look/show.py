"""A dataset as one self-contained page: what it holds, how it is divided, and what the network will see of it."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from rich.console import Console

from frostline.data.samples import Collection
from frostline.errors import DataFault
from frostline.look.charts import balance, histogram, tag_counts, value_histograms
from frostline.look.division import ClassRow, annotated, class_rows, split_words, target_words, turns_of
from frostline.look.extents import Extents, extents
from frostline.look.gather import Gathered, files_folder, gather, told, told_left_out
from frostline.look.sheet import Strip, strips
from frostline.look.subject import Subject, subject_of
from frostline.report.drawing import Picture
from frostline.spec.dataset import Dataset
from frostline.whole_files import replace_whole

PAGE = "show.html"


@dataclass(frozen=True)
class Shown:
    """Everything that the page of a dataset says; ``spread`` draws its classes, tags or numbers."""

    subject: Subject
    setting: str
    completeness: str
    left_out: Sequence[str]
    rows: Sequence[ClassRow]
    sums: ClassRow
    split: Sequence[str]
    extents: Extents | None
    seen: str
    strips: Sequence[Strip]
    spread: Picture

    @property
    def leaky(self) -> bool:
        """True where the split parts what belongs together."""
        return any(sentence.startswith("LEAKY") for sentence in self.split)


def show(name: str, folder: Path | None, console: Console) -> Iterator[str]:
    """What there is to say of the dataset called ``name``, last where its page is: in ``folder`` or results/show.

    Raises:
        UnknownName: no dataset and no study is called so.
        DataFault: its files are missing or cannot be used, or the page cannot be written.
    """
    subject = subject_of(name)
    gathered = gather(subject.dataset.reading, console)
    yield told(gathered)
    yield f"page: {write_page(subject, gathered, folder or Path('results') / 'show' / subject.name)}"


def write_page(subject: Subject, gathered: Gathered, folder: Path) -> Path:
    """The path of ``show.html`` in ``folder``, written whole: the page of ``subject``, of which all is ``gathered``.

    Raises:
        DataFault: what can be used leaves a class empty, or the folder cannot be written.
    """
    text = page(shown(subject, gathered))
    path = folder / PAGE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_whole(path, partial(Path.write_text, data=text, encoding="utf-8"))
    except OSError as error:
        raise DataFault(f"{path} cannot be written ({error.strerror}); name another folder with --to") from None
    return path


def shown(subject: Subject, gathered: Gathered) -> Shown:
    """What there is to say of ``subject``.

    Raises:
        DataFault: what can be used leaves a class without an item to train or to validate on.
    """
    whole, dataset = gathered.whole, subject.dataset
    turns = turns_of(whole, subject)
    rows = class_rows(whole, subject, turns)
    left_out = whole.left_out if isinstance(whole, Collection) else ()
    lost = f"files left out: {len(left_out):,}" if left_out else "nothing was left out"
    return Shown(
        subject=subject,
        setting=_setting(subject),
        completeness=f"{target_words(whole, dataset)}; {lost}.",
        left_out=told_left_out(left_out),
        rows=rows,
        sums=_sums(rows),
        split=split_words(whole, subject, turns),
        extents=extents(dataset, _files(gathered, dataset)),
        seen=_seen(dataset),
        strips=strips(whole, dataset, turns[0]),
        spread=_spread(gathered, dataset, rows),
    )


def page(said: Shown) -> str:
    """``said`` as one HTML text that needs nothing beside it."""
    environment = Environment(
        loader=PackageLoader("frostline.look", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["inline"] = _inline
    sizes = None if said.extents is None or not said.extents.differ else histogram(said.extents)
    template = environment.get_template("show.html.j2")
    return template.render(said=said, card=said.subject.dataset.card, sizes=sizes)


def _spread(gathered: Gathered, dataset: Dataset, rows: Sequence[ClassRow]) -> Picture:
    """How the items that can be used are spread over the classes, tags or numbers that are used."""
    match dataset.task:
        case "classes":
            return balance(rows)
        case "tags":
            return tag_counts(dataset.output_names, annotated(gathered.whole, dataset))
        case "values":
            return value_histograms(dataset.output_names, annotated(gathered.whole, dataset), dataset.card.scale)


def _files(gathered: Gathered, dataset: Dataset) -> list[Path]:
    """The files of the classes that are used, but for those that were left out."""
    whole = gathered.whole
    if not isinstance(whole, Collection):
        return []
    usable, folder = set(whole.samples.ids.tolist()), files_folder(gathered.reading)
    return [folder / item.file for item in whole.listed if item.id in usable and item.label in dataset.class_indices]


def _setting(subject: Subject) -> str:
    """The planes, and who chose them so."""
    dataset = subject.dataset
    planes = f"Planes: {' x '.join(map(str, dataset.plane_shape))}"
    if dataset.card.kind == "sounds":
        sound = dataset.sound
        planes += (
            f", from {sound.bands} mel bands of {sound.duration_s:g} s at {sound.rate_hz:,} Hz "
            f"(window {sound.window}, hop {sound.hop}, {sound.level})"
        )
    return f"{planes}. {subject.chosen}"


def _seen(dataset: Dataset) -> str:
    """What the sheet of samples shows."""
    said = "Samples drawn by chance from what trains at the first split seed, before any augmentation, from 0 to 1"
    if dataset.card.kind != "sounds":
        return f"{said}."
    pieces = f"; the first of the {dataset.segments} segments of each" if dataset.segments > 1 else ""
    return f"{said}: the lowest level black, the highest white, low frequencies below{pieces}."


def _sums(rows: Sequence[ClassRow]) -> ClassRow:
    turns = zip(*(row.turns for row in rows), strict=True)
    sums = [tuple(map(sum, zip(*turn, strict=True))) for turn in turns]
    return ClassRow("all", sum(row.items for row in rows), tuple((train, held, test) for train, held, test in sums))


def _inline(picture: Picture) -> str:
    """``picture`` as an address that stands in the page itself."""
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.svg).decode()}"
