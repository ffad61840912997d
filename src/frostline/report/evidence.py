"""What of a page is computed from the findings alone: each figure of it once, for every part that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from frostline.analysis.addition_words import addition_sentences, addition_table, untold, worth_sentence, worth_table
from frostline.analysis.additions import addition_effects
from frostline.analysis.audit import audit_findings
from frostline.analysis.comparisons import Gain, competing, gains, means
from frostline.analysis.control_words import transfer_sentences, transfer_table
from frostline.analysis.controls import transfer_effect
from frostline.analysis.course import courses
from frostline.analysis.dip import dip_sentence, dips
from frostline.analysis.findings import Findings
from frostline.analysis.frost_line import Recommendation, recommend
from frostline.analysis.mistakes import MistaggedItems, WrongItems, mistakes
from frostline.analysis.predicted import Predicted, predicted_by
from frostline.analysis.regret import regret_sentence, regrets
from frostline.analysis.table import CutPoint
from frostline.analysis.trend import trend_sentence, trends
from frostline.analysis.verdicts import Finding, Table
from frostline.analysis.worth import worths
from frostline.report.composition_figure import composition_figure, compositions
from frostline.report.cost_figure import cost_figure
from frostline.report.course_figure import course_figure
from frostline.report.drawing import Means, Picture
from frostline.report.figures import pictures
from frostline.report.frost_figure import frost_line
from frostline.report.gain_figure import gain_figure
from frostline.report.item_errors import MOST_ITEMS
from frostline.report.task_sections import shown_cell
from frostline.report.values_figures import value_figures


@dataclass(frozen=True)
class Added:
    """What additions to training did, and what they are worth in real items: sentences, and the figures behind them."""

    effects: Sequence[str] = ()
    effect_table: Table | None = None
    worth: Sequence[str] = ()
    worth_table: Table | None = None


@dataclass(frozen=True, eq=False)
class Evidence:
    """Means, gains and recommendations of ``findings``, their pictures, and what else they allow one to say.

    ``controls`` say whether pretraining helps, ``course`` how the answer moves with share and depth, ``regret`` what
    choosing would have cost on seeds that did not choose, ``audited`` what an audit found. ``predicted`` is what
    the arm that is shown in detail predicted of each test item, where the task is numbers, and ``mistakes`` are the
    items that it tells worst, where it is another. ``added`` says what additions to training did.
    """

    findings: Findings
    means: Means
    gains: tuple[Gain, ...]
    recommendations: Sequence[Recommendation]
    pictures: Sequence[Picture]
    controls: Sequence[str]
    course: Sequence[str]
    regret: Sequence[str]
    audited: Sequence[Finding]
    predicted: Predicted | None = None
    control_table: Table | None = None
    added: Added = Added()
    mistakes: WrongItems | MistaggedItems | None = None


def evidence_of(
    findings: Findings, points: Sequence[CutPoint], below: str, audited: Sequence[Finding] = ()
) -> Evidence:
    """All that the parts of a page show of ``findings``; ``below`` is what the layers up to a depth are called.

    The pictures are of the arms that one can choose: controls are compared with what they control, in words.
    ``audited`` is what an audit found in the store of the study, beside what it finds in the table.
    """
    found, gained, recommended = means(findings), gains(findings), recommend(findings)
    chosen_from = replace(findings, frame=competing(findings.frame))
    effects, cell = transfer_effect(findings), shown_cell(recommended)
    numbers = None if cell is None else predicted_by(findings, *cell)
    drawn = [
        frost_line(chosen_from.frame, recommended, below),
        *pictures(chosen_from, points, below),
        gain_figure(gained, findings.terms),
        cost_figure(recommended, found, findings.terms),
        course_figure(courses(findings), findings.terms),
        *(() if numbers is None else value_figures(numbers)),
        composition_figure(compositions(findings)),
    ]
    shown = [picture for picture in drawn if picture is not None]
    return Evidence(
        findings=findings,
        means=found,
        gains=gained,
        recommendations=recommended,
        pictures=shown,
        controls=transfer_sentences(effects, findings.terms),
        control_table=transfer_table(effects, findings.terms),
        course=[
            *(trend_sentence(trend, findings.terms.alpha) for trend in trends(findings, points)),
            *map(dip_sentence, dips(findings, points)),
        ],
        regret=[regret_sentence(regret) for regret in regrets(findings)],
        audited=(*audited, *audit_findings(findings)),
        predicted=numbers,
        added=_added(findings),
        mistakes=None if cell is None else mistakes(findings, cell, MOST_ITEMS),
    )


def _added(findings: Findings) -> Added:
    effects, terms = addition_effects(findings), findings.terms
    if not effects:
        return Added()
    measured = worths(findings)
    said = [*(worth_sentence(one, terms) for one in measured), *untold(measured, effects)]
    return Added(addition_sentences(effects, terms), addition_table(effects, terms), said, worth_table(measured, terms))
