"""A study as one self-contained page, and the folder of files that goes with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from frostline.analysis.audit_questions import Questions
from frostline.analysis.audit_sizes import implied, official_part
from frostline.analysis.findings import Findings, Terms
from frostline.analysis.layer_cut_export import BASELINES, write_layer_cuts
from frostline.analysis.layer_cuts import LayerCuts, read_layer_cuts
from frostline.analysis.metric import METRICS
from frostline.analysis.own_audit import own_audit
from frostline.analysis.published_results import read_results
from frostline.analysis.racing import Race
from frostline.analysis.table import OUTCOMES, cut_points, write_table
from frostline.analysis.verdicts import Finding
from frostline.errors import DataFault
from frostline.report.drawing import Picture
from frostline.report.evidence import Evidence, evidence_of
from frostline.report.figures import FROZEN
from frostline.report.generators import generators_section
from frostline.report.generators_found import generators_of
from frostline.report.item_errors import ANCHOR
from frostline.report.layer_scores import layer_scores, scores_of_files, section, section_of_files, write_clusters
from frostline.report.listening import Recordings, audible, contents_of, nothing_listed, offered, recordings_of
from frostline.report.rendering import rendered_page
from frostline.report.section import Section, filled
from frostline.report.setting import NO_FACTS
from frostline.report.told import Told, told_of_files, told_of_study
from frostline.report.wanted import PLAIN, Wanted
from frostline.report.words import not_frozen, tunes_norms
from frostline.spec.plan import Plan
from frostline.spec.study import Study
from frostline.store import read_facts, read_outcomes, read_scores
from frostline.whole_files import replace_whole

PAGE = "report.html"
ENDINGS = ("svg", "png", "csv")
OF_TRAINING = ("validation-against-step", "predicted-against-true", "plane", "composition", "generator-*")
OF_METRICS = tuple(f"{metric.slug}-*" for metric in METRICS.values())
NAMES = ("frost-line", *OF_METRICS, "gain", "cost", "layer-*", *OF_TRAINING)
CLUSTERS = "_cluster.json"
LAYOUT_FILES = ("cuts_*.json", BASELINES, f"*{CLUSTERS}")
"""What a report calls its own files, so that it finds those of a former one."""
NOT_FROZEN = "layers kept but for their norms"


def page(
    study: Study,
    plan: Plan,
    findings: Findings,
    facts: Mapping[str, str] = NO_FACTS,
    race: Race | None = None,
    audited: Sequence[Finding] = (),
) -> str:
    """The report of ``study`` as one HTML text that needs nothing beside it.

    The answer comes first, then what is missing or failed. ``facts`` are those that the store of the study keeps,
    ``race`` is what the table was made of, if it was one, and ``audited`` what an audit found in the store.
    """
    evidence = _evidence(study, plan, findings, audited)
    return rendered_page(evidence, told_of_study(study, plan, evidence, facts, race))


def page_of_files(cuts: LayerCuts) -> str:
    """The same report of published layer-cut files, without what they do not know."""
    evidence = evidence_of(Findings(cuts.frame), cuts.points, FROZEN)
    return rendered_page(evidence, told_of_files(cuts, evidence))


def write_report(
    study: Study, plan: Plan, findings: Findings, folder: Path, race: Race | None = None, wanted: Wanted = PLAIN
) -> Path:
    """The path of ``report.html`` in ``folder``, written with the table, the figures and the published layout.

    ``folder`` is that of the study's store, whose facts tell which files were left out and how the trials were
    computed, and which is audited first; without a store nothing is said of them. ``race`` is what the table was made
    of, if it was one, and ``wanted`` what the user said of the page. Figures and files of the published layout that a
    former report left there and this one lacks are removed.

    Raises:
        DataFault: excerpts are asked for, and there is nothing to hear or the recordings are not found.
    """
    recordings = recordings_of(study.dataset, wanted.audio)
    facts, outcomes = read_facts(folder), read_outcomes(folder)
    evidence = _evidence(study, plan, findings, own_audit(study, plan, outcomes, folder))
    told = findings.frame.copy(deep=False)
    told.attrs[OUTCOMES] = len(outcomes)
    write_table(told, folder)
    layout = write_layer_cuts(study, findings.frame, folder)
    scores = layer_scores(study, plan, findings, read_scores(folder))
    drawn = [] if scores is None else scores.pictures(findings.terms.level)
    words = told_of_study(study, plan, evidence, facts, race, wanted.narrowed_by)
    words = _with_sound(words, study, plan, findings, recordings)
    made = generators_section(generators_of(plan, folder))
    text = rendered_page(evidence, _with(_with(words, section(study, scores, drawn)), made))
    _remove_former(folder, LAYOUT_FILES, [*layout.files, *write_clusters(scores, folder)])
    return _write([*evidence.pictures, *drawn, *made.figures], text, folder)


def write_report_of_files(paths: Sequence[Path], folder: Path) -> Path:
    """The path of ``report.html`` in ``folder``, written with table and figures from the published files at ``paths``.

    Files called ``*_cluster.json`` hold scores of layers, which are held against the cuts of the others.

    Raises:
        DataFault: every fault of every file, files that do not belong to one study, or scores without cuts.
    """
    scored = [path for path in paths if path.name.endswith(CLUSTERS)]
    paths = [path for path in paths if path not in scored]
    if not paths:
        raise DataFault(f"{', '.join(map(str, scored))}: scores alone tell nothing; add the layer-cut files")
    cuts = read_layer_cuts(paths)
    scores = scores_of_files(scored, cuts)
    drawn = [] if scores is None else scores.pictures(Terms().level)
    write_table(cuts.frame, folder)
    results = read_results(paths)
    size = official_part(results, implied(results), Questions(baseline=None))
    evidence = evidence_of(Findings(cuts.frame), cuts.points, FROZEN, (size,))
    told = _with(told_of_files(cuts, evidence), section_of_files(scores, drawn))
    return _write([*evidence.pictures, *drawn], rendered_page(evidence, told), folder)


def _with(told: Told, part: Section) -> Told:
    """``told`` with ``part`` before the table, if it says anything."""
    return replace(told, before_table=filled([*told.before_table, part]))


def _with_sound(told: Told, study: Study, plan: Plan, findings: Findings, there: Recordings | None) -> Told:
    """``told`` with an excerpt of each item that it lists, or with the offer of them where none is asked for."""
    sections = {section.anchor: section for section in told.before_table}
    if there is not None:
        listed = sections.get(ANCHOR, nothing_listed())
        sections[ANCHOR] = audible(listed, there, contents_of(plan, findings))
    elif ANCHOR in sections:
        sections[ANCHOR] = offered(sections[ANCHOR], study.dataset)
    return replace(told, before_table=list(sections.values()))


def _evidence(study: Study, plan: Plan, findings: Findings, audited: Sequence[Finding]) -> Evidence:
    below = NOT_FROZEN if tunes_norms(study) and not_frozen(study, plan) else FROZEN
    return evidence_of(findings, cut_points(study), below, audited)


def _write(pictures: Sequence[Picture], text: str, folder: Path) -> Path:
    """Writes the page and its ``pictures``, each whole or not at all."""
    figures = folder / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    files = {f"{picture.name}.{ending}": data for picture in pictures for ending, data in picture.files.items()}
    for name, data in files.items():
        replace_whole(figures / name, partial(Path.write_bytes, data=data))
    path = folder / PAGE
    replace_whole(path, partial(Path.write_text, data=text, encoding="utf-8"))
    _remove_former(figures, [f"{name}.{ending}" for name in NAMES for ending in ENDINGS], files)
    return path


def _remove_former(folder: Path, patterns: Sequence[str], written: Collection[str]) -> None:
    """Removes the files of ``folder`` that fit ``patterns`` and are not ``written``."""
    for path in [path for pattern in patterns for path in folder.glob(pattern)]:
        if path.is_file() and path.name not in written:
            path.unlink()
