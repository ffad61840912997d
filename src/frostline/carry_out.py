"""A study carried out: what it reads is prepared, what it lacks is run, and a person sees how far it is."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console

from frostline.allocation import give_back, keep_freed
from frostline.analysis.racing import stopped_by_race
from frostline.data.read import read
from frostline.data.samples import Collection
from frostline.execute import device_of, execute, lacking, unscored
from frostline.executors.choice import executor_of
from frostline.look.extents import told_short
from frostline.look.prepare import prepare
from frostline.outcome import Failed, Finished
from frostline.progress import Progress
from frostline.shelf import Shelf
from frostline.spec.plan import Plan
from frostline.spec.scored_cells import never_scored
from frostline.spec.scoring import Scoring
from frostline.spec.study import Study
from frostline.spec.trial import Trial
from frostline.store import Store, read_facts, read_outcomes, read_scores
from frostline.way import way_of
from frostline.way_facts import in_words

LOOK_EVERY_S = 5.0
"""How often it is asked how many trials a race still needs."""


CHANGED = (
    "A race whose rules are changed after it was looked at guarantees nothing: write them as before, or name another "
    "folder with --to."
)


@dataclass(frozen=True)
class Scope:
    """The plan that is to be run now, and that of the whole study, for which the way of computing is chosen."""

    now: Plan
    whole: Plan


def carry_out(
    study: Study, scope: Scope, folder: Path, executor: Literal["processes", "inline"], workers: int | None
) -> None:
    """Runs what ``scope`` lacks in ``folder``; progress and what was measured go to the standard error stream.

    What is refused leaves no folder behind.

    Raises:
        FrostlineError: the study cannot be run as it is.
    """
    keep_freed()
    console, pool, plan = Console(stderr=True), executor_of(executor, workers), scope.now
    if _due(study, plan, folder, read_outcomes(folder)) or unscored(plan, read_scores(folder)):
        deque(prepare(plan, study.most_left_out, console), maxlen=0)
    with Store(folder) as store, pool:
        missing: tuple[Trial | Scoring, ...] = (
            *_due(study, plan, folder, store.outcomes()),
            *unscored(plan, store.scores()),
        )
        if study.evidence == "race":
            store.hold({"race": _rules(study, scope.whole)}, CHANGED)
        if missing:
            way_of(study, scope.whole, store, device_of(study, store))
            give_back()
            console.print(in_words(study, read_facts(folder)), markup=False, highlight=False, soft_wrap=True)
        with Progress(plan, len(missing), console) as progress:
            due, told = {one.key for one in missing}, time.monotonic()
            progress.resume(outcome for key, outcome in store.outcomes().items() if key not in due)
            for outcome in execute(study, plan, store, pool):
                progress.note(outcome)
                if study.evidence == "race" and time.monotonic() - told > LOOK_EVERY_S:
                    told = time.monotonic()
                    progress.expect(len(due - _never(study, plan, store.outcomes())))
            progress.expect(len(due - _never(study, plan, store.outcomes())))
        for said in _short(plan, store):
            console.print(said, markup=False, highlight=False, soft_wrap=True)


def _short(plan: Plan, store: Store) -> Iterator[str]:
    """Which recordings are shorter than what ``plan`` takes of each; told, and kept in ``store``, once a study."""
    for reading in dict.fromkeys(trial.dataset.reading for trial in plan.trials):
        if reading.sound is not None and store.fact(fact := f"short in {reading}") is None:
            whole = read(reading)
            said = told_short(reading, whole) if isinstance(whole, Collection) else ""
            store.hold({fact: said}, "Name another folder with --to.")
            yield from [said] * bool(said)


def _rules(study: Study, whole: Plan) -> str:
    """What the guarantee of a race rests on: its level, and the arms, shares and seeds of the whole study."""
    arms = ", ".join(arm.written for arm in whole.arms)
    shares = ", ".join(f"{share:g}" for share in dict.fromkeys(entry.share for entry in whole.entries))
    seeds = ", ".join(str(seed) for seed in dict.fromkeys(entry.seed for entry in whole.entries))
    return f"level {study.level:g}; arms {arms}; shares {shares}; seeds {seeds}"


def _never(study: Study, plan: Plan, outcomes: dict[str, Finished | Failed]) -> frozenset[str]:
    """The keys of the trials that a race has ruled out, and of the scorings of what is thereby never trained."""
    unrun = stopped_by_race(study, plan, outcomes)
    return unrun | never_scored(plan.scored, unrun)


def _due(study: Study, plan: Plan, folder: Path, outcomes: dict[str, Finished | Failed]) -> tuple[Trial, ...]:
    """The trials that are lacking and that no race has ruled out."""
    never = stopped_by_race(study, plan, outcomes)
    return tuple(trial for trial in lacking(plan, outcomes, Shelf(folder), study.keep) if trial.key not in never)
