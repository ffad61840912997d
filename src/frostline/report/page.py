"""A study as one self-contained page, and the folder of files that goes with it."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from frostline.analysis.frost_line import OPTIMISM, recommend, sentence
from frostline.analysis.layer_cut_export import BASELINES, layer_cut_files, write_layer_cuts
from frostline.analysis.layer_cuts import LayerCuts, read_layer_cuts
from frostline.analysis.racing import Race
from frostline.analysis.table import CutPoint, cut_points, replace_whole, write_table
from frostline.report.drawing import Picture
from frostline.report.figures import FROZEN, pictures
from frostline.report.missing import LeftOut, completeness, left_out, troubles
from frostline.report.race import course, guarantee, method, saved
from frostline.report.rows import Cell, columns, marks, rows
from frostline.report.setting import NO_FACTS, what_was_run
from frostline.report.words import AFTER_A_RACE, SAME_ITEMS, claims, legend, methods, no_scratch, not_frozen, origin
from frostline.spec.plan import Plan
from frostline.spec.study import Study
from frostline.store import read_facts

PAGE = "report.html"
LEVEL_OF_FILES = 0.95
FIGURE_FILES = ("accuracy-*.svg", "accuracy-*.png")
LAYOUT_FILES = ("cuts_*.json", BASELINES)
"""What a report calls its own files, so that it finds those of a former one."""
NOT_FROZEN = "layers kept but for their norms"
REFERENCE = re.compile(r'(\bid="|\bhref="#|url\(#)')


@dataclass(frozen=True)
class Placed:
    """A picture on the page: drawn in place, and to be downloaded in both formats (base64)."""

    picture: Picture
    inline: Markup
    svg: str
    png: str


@dataclass(frozen=True)
class Numbers:
    """What of a page is computed from the table alone."""

    answers: Sequence[str]
    pictures: Sequence[Picture]
    columns: Sequence[str]
    rows: Sequence[tuple[Cell, ...]]
    level: float


@dataclass(frozen=True)
class Words:
    """What of a page depends on where the table came from: a study, its race, or published files."""

    title: str
    question: str
    completeness: str
    troubles: Sequence[str]
    left_out: Sequence[LeftOut]
    caveats: Sequence[str]
    legend: Sequence[str]
    race: Sequence[str]
    race_course: Sequence[str]
    origin: Sequence[str]
    setting: Sequence[str]
    methods: Sequence[str]
    layout_title: str
    layout_remarks: Sequence[str]


def page(
    study: Study, plan: Plan, frame: pd.DataFrame, facts: Mapping[str, str] = NO_FACTS, race: Race | None = None
) -> str:
    """The report of ``study`` as one HTML text that needs nothing beside it; what is missing or failed comes first.

    ``facts`` are those that the store of the study keeps, and ``race`` is what ``frame`` was made of, if it was one.
    """
    return _render(_numbers_of(study, plan, frame), _words(study, plan, frame, facts, race))


def page_of_files(cuts: LayerCuts) -> str:
    """The same report of published layer-cut files, without what they do not know."""
    return _render(_numbers(cuts.frame, cuts.points, LEVEL_OF_FILES), _words_of_files(cuts))


def write_report(study: Study, plan: Plan, frame: pd.DataFrame, folder: Path, race: Race | None = None) -> Path:
    """The path of ``report.html`` in ``folder``, written with the table, the figures and the published layout.

    ``folder`` is that of the study's store, whose facts tell which files were left out and how the trials were
    computed; without a store nothing is said of them. ``race`` is what ``frame`` was made of, if it was one. Figures
    and files of the published layout that a former report left there and this one lacks are removed.
    """
    numbers = _numbers_of(study, plan, frame)
    write_table(frame, folder)
    layout = write_layer_cuts(study, frame, folder)
    path = _write(numbers, _words(study, plan, frame, read_facts(folder), race), folder)
    _remove_former(folder, LAYOUT_FILES, layout.files)
    return path


def write_report_of_files(paths: Sequence[Path], folder: Path) -> Path:
    """The path of ``report.html`` in ``folder``, written with table and figures from the published files at ``paths``.

    Raises:
        DataFault: every fault of every file, or files that do not belong to one study.
    """
    cuts = read_layer_cuts(paths)
    write_table(cuts.frame, folder)
    return _write(_numbers(cuts.frame, cuts.points, LEVEL_OF_FILES), _words_of_files(cuts), folder)


def _numbers_of(study: Study, plan: Plan, frame: pd.DataFrame) -> Numbers:
    return _numbers(frame, cut_points(study), study.level, NOT_FROZEN if not_frozen(study, plan) else FROZEN)


def _numbers(frame: pd.DataFrame, points: Sequence[CutPoint], level: float, below: str = FROZEN) -> Numbers:
    return Numbers(
        answers=[sentence(recommendation) for recommendation in recommend(frame, level)],
        pictures=pictures(frame, points, level, below),
        columns=columns(frame),
        rows=rows(frame, level),
        level=level,
    )


def _words(study: Study, plan: Plan, frame: pd.DataFrame, facts: Mapping[str, str], race: Race | None) -> Words:
    return Words(
        title=study.title,
        question=study.question,
        completeness=completeness(plan, frame),
        troubles=troubles(frame),
        left_out=left_out(plan, facts),
        caveats=not_frozen(study, plan),
        legend=[*legend(plan), *marks(frame)],
        race=[] if race is None else [saved(plan, race), *guarantee(race)],
        race_course=[] if race is None else course(race),
        origin=origin(study, frame),
        setting=what_was_run(study, plan, frame, facts),
        methods=[*methods(study.level), *([] if race is None else [method(race), AFTER_A_RACE]), *claims(study, frame)],
        layout_title="What the files in the published layout leave out",
        layout_remarks=layer_cut_files(study, frame).left_out,
    )


def _words_of_files(cuts: LayerCuts) -> Words:
    settings = ", ".join(f"{key} {value}" for key, value in cuts.config.items())
    before, after = (cuts.config.get(key, "unknown") for key in ("pre_train_classes", "fine_tune_classes"))
    return Words(
        title=f"Published layer cuts: {', '.join(cuts.names)}",
        question=f"What do the published runs say of classes {after} after pretraining on classes {before}?",
        completeness=f"{len(cuts.frame)} trained models were read. {cuts.remarks[0]}",
        troubles=[],
        left_out=[],
        caveats=[],
        legend=[],
        race=[],
        race_course=[],
        origin=["The weights were trained by whoever made the files; their settings, as written there:", settings],
        setting=[],
        methods=[*methods(LEVEL_OF_FILES), SAME_ITEMS, *no_scratch(cuts.frame)],
        layout_title="What to know about these files",
        layout_remarks=cuts.remarks[1:],
    )


def _render(numbers: Numbers, words: Words) -> str:
    environment = Environment(
        loader=PackageLoader("frostline.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html.j2").render(
        words=words,
        numbers=numbers,
        figures=[_placed(picture) for picture in numbers.pictures],
        warning=OPTIMISM,
        caption=f"Mean over seeds [{numbers.level * 100:g} % interval] and the number of runs or pairs. "
        "A heading sorts by its column.",
    )


def _placed(picture: Picture) -> Placed:
    """``picture`` ready for the page: without the head of a file, its names its own, described, hardly enlarged."""
    text = picture.svg.decode()
    widest = 1.5 * float(text.partition(' width="')[2].partition("pt")[0])
    drawing = REFERENCE.sub(rf"\g<1>{picture.name}-", text[text.index("<svg") :])
    described = drawing.replace(
        "<svg", f'<svg style="max-width: {widest:g}pt" role="img" aria-label="{escape(picture.alt)}"', 1
    )
    svg, png = (base64.b64encode(data).decode() for data in (picture.svg, picture.png))
    return Placed(picture, Markup(described), svg, png)


def _write(numbers: Numbers, words: Words, folder: Path) -> Path:
    """Writes the page and its figures, each whole or not at all."""
    figures = folder / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    for picture in numbers.pictures:
        replace_whole(figures / f"{picture.name}.svg", partial(Path.write_bytes, data=picture.svg))
        replace_whole(figures / f"{picture.name}.png", partial(Path.write_bytes, data=picture.png))
    path = folder / PAGE
    replace_whole(path, partial(Path.write_text, data=_render(numbers, words), encoding="utf-8"))
    written = [f"{picture.name}.{ending}" for picture in numbers.pictures for ending in ("svg", "png")]
    _remove_former(figures, FIGURE_FILES, written)
    return path


def _remove_former(folder: Path, patterns: Sequence[str], written: Collection[str]) -> None:
    """Removes the files of ``folder`` that fit ``patterns`` and are not ``written``."""
    for path in [path for pattern in patterns for path in folder.glob(pattern)]:
        if path.is_file() and path.name not in written:
            path.unlink()
