"""What a study has come to so far: the report on disk, the answers in words, and how many trials failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from frostline.analysis.frost_line import recommend, sentence
from frostline.analysis.racing import Race, race
from frostline.analysis.table import table
from frostline.errors import FrostlineError
from frostline.outcome import Failed, Finished
from frostline.report.page import write_report
from frostline.spec.plan import Plan
from frostline.spec.study import Study
from frostline.store import read_outcomes


@dataclass(frozen=True)
class Reported:
    """The answer at each share, where the page lies, and how many trials failed."""

    answers: tuple[str, ...]
    page: Path
    failed: int


def reported(study: Study, plan: Plan, folder: Path) -> Reported:
    """The answers of ``study`` as far as ``folder`` has them; its report is written there.

    Raises:
        FrostlineError: what the folder keeps is of another study.
    """
    outcomes = read_outcomes(folder)
    if outcomes and not any(trial.key in outcomes for trial in plan.trials):
        raise FrostlineError(
            f"{folder} keeps {len(outcomes)} outcomes, none of which is of this study as it is written now; its page "
            "stays as it is: undo the change, run the study, or name another folder with --to"
        )
    found = race_of(study, plan, outcomes)
    frame = table(plan, outcomes, found.unrun if found else frozenset())
    answers = tuple(sentence(recommendation) for recommendation in recommend(frame, study.level))
    failed = sum(isinstance(outcomes.get(trial.key), Failed) for trial in plan.trials)
    return Reported(answers, write_report(study, plan, frame, folder, found), failed)


def race_of(study: Study, plan: Plan, outcomes: Mapping[str, Finished | Failed]) -> Race | None:
    """The race of ``study`` as far as it has come; None where it is none."""
    return race(plan, outcomes, study.level) if study.evidence == "race" else None
