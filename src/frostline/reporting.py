"""What a study has come to so far: the report on disk, the answers in words, and how many trials failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from frostline.analysis.answers import read_answers
from frostline.analysis.findings import Findings, Terms
from frostline.analysis.frost_line import recommend, sentence
from frostline.analysis.metric import METRICS
from frostline.analysis.racing import Race, race
from frostline.analysis.table import table
from frostline.errors import FrostlineError
from frostline.outcome import Failed, Finished
from frostline.report.generators_found import generators_of
from frostline.report.listening import refuse_silent
from frostline.report.page import write_report
from frostline.report.wanted import PLAIN, Wanted
from frostline.shelf import Shelf
from frostline.spec.plan import Plan
from frostline.spec.study import Study
from frostline.store import read_outcomes, read_scores

WARNINGS = 3
"""So many warnings of a kind are told at the command line."""
UNKNOWN: Mapping[str, Finished | Failed] = MappingProxyType({})
"""Outcomes of which nothing is known."""


@dataclass(frozen=True)
class Reported:
    """The answer at each share, where the page lies, how many trials and scorings failed, and that in words.

    ``warned`` is what a user should know who does not read the page.
    """

    answers: tuple[str, ...]
    page: Path
    failed: int
    trouble: str
    warned: tuple[str, ...] = ()


def reported(study: Study, plan: Plan, folder: Path, wanted: Wanted = PLAIN) -> Reported:
    """The answers of ``study`` as far as ``folder`` has them; its report is written there.

    ``wanted`` is what the user said of the page: the options that made ``study`` a part of what its file declares, and
    whether it is to have excerpts to listen to.

    Raises:
        FrostlineError: what the folder keeps is of another study, or excerpts are asked for and cannot be had.
    """
    refuse_silent(study.dataset, wanted.audio)
    outcomes = read_outcomes(folder)
    if outcomes and not any(trial.key in outcomes for trial in plan.trials):
        raise FrostlineError(
            f"{folder} keeps {len(outcomes)} outcomes, none of which is of this study as it is written now; its page "
            "stays as it is: undo the change, run the study, or name another folder with --to"
        )
    found = race_of(study, plan, outcomes)
    frame = table(plan, outcomes, found.unrun if found else frozenset())
    findings = findings_in(folder, study, frame, outcomes)
    answers = tuple(sentence(recommendation) for recommendation in recommend(findings))
    failed = sum(isinstance(outcomes.get(trial.key), Failed) for trial in plan.trials)
    scores = read_scores(folder)
    unscored = sum(isinstance(scores.get(one.key), Failed) for one in plan.scorings)
    page = write_report(study, plan, findings, folder, found, wanted)
    told = [f"{failed} of {len(plan.trials)} trials failed"] if failed else []
    told += [f"{unscored} of {len(plan.scorings)} scorings failed"] if unscored else []
    return Reported(answers, page, failed + unscored, ", ".join(told), warnings_of(plan, folder))


def warnings_of(plan: Plan, folder: Path) -> tuple[str, ...]:
    """Of which conditions the generators of ``plan`` were asked where they have learned nothing.

    The first few of what ``folder`` knows, and how many more there are.
    """
    told = [said for one in generators_of(plan, folder) for said in one.outside]
    more = len(told) - WARNINGS
    return (*told[:WARNINGS], *([f"{more} more warnings like these stand on the page"] if more > 0 else []))


def findings_in(
    folder: Path, study: Study, frame: pd.DataFrame, outcomes: Mapping[str, Finished | Failed] = UNKNOWN
) -> Findings:
    """The table ``frame`` of ``study`` with the answers of its trials that ``folder`` keeps, on the study's terms.

    ``outcomes`` are those of the table, where what they say of training is wanted too.
    """
    done = frame.loc[frame["status"] == "finished", "key"]
    trained = {key: outcome for key, outcome in outcomes.items() if isinstance(outcome, Finished)}
    return Findings(frame, read_answers(folder, done), terms_of(study), trained, Shelf(folder))


def terms_of(study: Study) -> Terms:
    """The terms that ``study`` declares: its level, its margin, its family of comparisons.

    Where the split seed turns folds, the runs are resamples of the same items: one fold tests, another validates, the
    others are learned from. The correction is that of the seed whose test part is largest beside its training part. A
    smaller share of those overlaps less, and is corrected as much.
    """
    turns = study.dataset.has_folds and "split" in study.vary
    pools = [study.dataset.pools(seed) for seed in study.seed_values] if turns else []
    overlap = max((sum(pool.test) / sum(pool.train) for pool in pools), default=0.0)
    return Terms(study.level, study.margin, study.family, overlap, METRICS[study.dataset.task])


def race_of(study: Study, plan: Plan, outcomes: Mapping[str, Finished | Failed]) -> Race | None:
    """The race of ``study`` as far as it has come; None where it is none."""
    return race(plan, outcomes, study.level) if study.evidence == "race" else None
