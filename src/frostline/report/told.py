"""What a page says in words, apart from the answer: of a study and its race, or of published files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from frostline.analysis.comparisons import Gain, attainable_sentence, variance_parts
from frostline.analysis.frost_line import how_chosen, percent
from frostline.analysis.layer_cut_export import layer_cut_files
from frostline.analysis.layer_cuts import LayerCuts
from frostline.analysis.metric import Metric
from frostline.analysis.racing import Race
from frostline.report.answer import declared
from frostline.report.deficits import deficits
from frostline.report.evidence import Evidence
from frostline.report.item_errors import largest_errors
from frostline.report.methods import methods
from frostline.report.missing import LeftOut, completeness, left_out, troubles
from frostline.report.pretrainings import pretrainings
from frostline.report.race import course, guarantee, method, saved
from frostline.report.rows import marks
from frostline.report.section import Section, audit, filled
from frostline.report.setting import what_was_run
from frostline.report.task_sections import each_tag, each_value, shown_cell
from frostline.report.words import (
    AFTER_A_RACE,
    SAME_ITEMS,
    claims,
    due_to_seeds,
    legend,
    no_scratch,
    not_frozen,
    origin,
)
from frostline.spec.plan import Plan
from frostline.spec.study import Study


@dataclass(frozen=True)
class Told:
    """Title and question, what is missing, caveats of the answer, and the sections around the table."""

    title: str
    question: str
    completeness: str
    troubles: Sequence[str]
    left_out: Sequence[LeftOut]
    caveats: Sequence[str]
    chosen: Sequence[str]
    legend: Sequence[str]
    before_table: Sequence[Section]
    after_table: Sequence[Section]


NARROWED = (
    "This page is of a part of what the study file declares, chosen with {options}: what was left out is neither "
    "missing nor failed here, and every correction counts only what was chosen. A part that was chosen after its "
    "figures were seen proves nothing."
)
"""What a reader of a part of a study has to know before any figure of it."""


def told_of_study(
    study: Study,
    plan: Plan,
    evidence: Evidence,
    facts: Mapping[str, str],
    race: Race | None,
    narrowed_by: str = "",
) -> Told:
    """What the page of ``study``, or of the part of it that ``narrowed_by`` chose, says beside its ``evidence``."""
    frame, terms = evidence.findings.frame, evidence.findings.terms
    made = methods(terms, evidence.means.values(), evidence.gains)
    made += [] if race is None else [method(race), AFTER_A_RACE]
    return Told(
        title=study.title,
        question=study.question,
        completeness=completeness(plan, frame),
        troubles=troubles(frame),
        left_out=left_out(plan, facts),
        caveats=[*([NARROWED.format(options=narrowed_by)] if narrowed_by else []), *not_frozen(study, plan)],
        chosen=[how_chosen(one) for one in evidence.recommendations if one.highest is not None],
        legend=[*legend(plan), *marks(frame), *attainable_words(evidence)],
        before_table=filled([*_details(evidence), *_over_shares(evidence)]),
        after_table=filled(
            [
                *_evidence(evidence, [due_to_seeds(study)]),
                _race(plan, race, terms.metric),
                Section("origin", "Where it started from", origin(study, frame)),
                pretrainings(study, plan, evidence.findings),
                Section("setting", "What was run", items=what_was_run(study, plan, frame, facts)),
                Section("terms", "What was declared beforehand", items=declared(terms)),
                Section("methods", "How the numbers were made", [*made, *claims(study, frame)], copied=True),
                Section(
                    "layout",
                    "What the files in the published layout leave out",
                    items=layer_cut_files(study, frame).left_out,
                ),
            ]
        ),
    )


UNKNOWN_ITEMS = (
    "The files do not say which items their accuracies were measured on. Where those are items of the training part, "
    "nothing here speaks of new data: `frostline audit` tells, given the official sizes."
)
"""What a reader of published files has to know before any figure of them."""


def told_of_files(cuts: LayerCuts, evidence: Evidence) -> Told:
    """What the page of published files says beside its ``evidence``."""
    terms = evidence.findings.terms
    settings = ", ".join(f"{key} {value}" for key, value in cuts.config.items())
    before, after = (cuts.config.get(key, "unknown") for key in ("pre_train_classes", "fine_tune_classes"))
    made = [*methods(terms, evidence.means.values(), evidence.gains), SAME_ITEMS, *no_scratch(cuts.frame)]
    whose = ["The weights were trained by whoever made the files; their settings, as written there:", settings]
    return Told(
        title=f"Published layer cuts: {', '.join(cuts.names)}",
        question=f"What do the published runs say of classes {after} after pretraining on classes {before}?",
        completeness=f"{len(cuts.frame)} trained models were read. {cuts.remarks[0]}",
        troubles=[],
        left_out=[],
        caveats=[UNKNOWN_ITEMS],
        chosen=[how_chosen(one) for one in evidence.recommendations if one.highest is not None],
        legend=attainable_words(evidence),
        before_table=filled(_over_shares(evidence)),
        after_table=filled(
            [
                *_evidence(evidence),
                Section("origin", "Where it started from", whose),
                Section("terms", "What was declared beforehand", items=declared(terms)),
                Section("methods", "How the numbers were made", made, copied=True),
                Section("layout", "What to know about these files", items=cuts.remarks[1:]),
            ]
        ),
    )


def attainable_words(evidence: Evidence) -> list[str]:
    """How small a p the design allows at all, a sentence for each number of pairs, with the shares that have it."""
    cells: dict[str, dict[str, None]] = {}
    for gain in evidence.gains:
        if gain.p is not None:
            cells.setdefault(_attainable(gain, evidence), {})[percent(gain.share)] = None
    return [f"At {', '.join(shares)}: {said}." for said, shares in cells.items()]


def _attainable(gain: Gain, evidence: Evidence) -> str:
    return attainable_sentence(gain, evidence.findings.terms)


def _details(evidence: Evidence) -> list[Section]:
    """The figures of each tag or number, and of every task the items that are told worst."""
    return [
        each_tag(evidence.findings, shown_cell(evidence.recommendations)),
        each_value(evidence.findings, shown_cell(evidence.recommendations), evidence.predicted),
        largest_errors(evidence.mistakes or evidence.predicted),
    ]


def _over_shares(evidence: Evidence) -> list[Section]:
    """How the answer moves with share and depth, and what following it would have cost."""
    return [
        Section("trend", "Does the answer move with the data, and is there a dip?", items=evidence.course),
        Section("regret", "What choosing would have cost", items=evidence.regret),
    ]


def _evidence(evidence: Evidence, seeds: Sequence[str] = ()) -> list[Section]:
    """What stands behind the figures: controls, the audit, what the intervals are made of, how the arm was chosen.

    ``seeds`` say what the seeds vary.
    """
    variance = variance_words(evidence)
    return [
        deficits(evidence),
        Section(
            "controls",
            "Does pretraining help?",
            items=evidence.controls,
            summary="What the controls show",
            table=evidence.control_table,
        ),
        *_added(evidence),
        audit(evidence.audited),
        Section("variance", "Where the uncertainty comes from", seeds if variance else (), variance),
    ]


YARDSTICK = (
    "The yardstick is the same arm without the addition at larger shares, which have more real items to train on (and "
    "to validate on). Between two shares its score is taken to be a straight line over the logarithm of the number of "
    "items; the addition is worth as many more items as it takes that line to reach its score. The interval holds "
    "every number of items at which the difference between the two, paired by seed, is not shown to be other than 0 "
    "(a test inverted, after Fieller 1954). Beyond the largest share nothing is said."
)


def _added(evidence: Evidence) -> list[Section]:
    """What additions to training did, and how many real items they are worth."""
    added = evidence.added
    return [
        Section(
            "additions",
            "Do additions to training help?",
            items=added.effects,
            summary="What the comparisons show",
            table=added.effect_table,
        ),
        Section(
            "worth",
            "How many real items is it worth?",
            [YARDSTICK] if added.worth else [],
            items=added.worth,
            summary="What each is worth",
            table=added.worth_table,
        ),
    ]


def variance_words(evidence: Evidence) -> list[str]:
    """For each share what the variance of the mean of its recommended arm, or else of its highest mean, is due to."""
    said = []
    for one in evidence.recommendations:
        arm = one.chosen or one.highest
        found = None if arm is None else variance_parts(evidence.findings, arm, one.share)
        if found is not None:
            said.append(
                f"At {percent(one.share)}, {arm}: of the variance of its mean {found.by_seed:.0f} % is due to the "
                f"seeds (n = {found.seeds}), {found.by_item:.0f} % to the test items (n = {found.items}), which more "
                f"seeds do not lower, and {found.by_both:.0f} % to what one seed makes of one item."
            )
    return said


def _race(plan: Plan, race: Race | None, metric: Metric) -> Section:
    if race is None:
        return Section("race", "The race")
    told = [saved(plan, race), *guarantee(race, metric)]
    return Section("race", "The race", told, course(race, metric), "When and why each arm was stopped")
