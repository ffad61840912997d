"""What a race runs next: seeds are added in rounds to the arms that could still be the best, and to no others.

There is a race at each share, decided by ``elimination``: with probability of at least ``level`` no arm that is the
best at that share, or ties with it, is ever stopped there. "Best" means the highest expected validation score. A
decision reads ``Finished.best_validation.score`` of the seeds up to its look, and no figure of the test part. An arm
that is left alone runs all its seeds, so that every figure of a survivor is the one that the whole design would give.

Control arms do not race: they stop nobody, and each runs the seeds of the arms that it controls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from frostline.analysis.elimination import Elimination, Sample, eliminate, looks, margin
from frostline.outcome import Failed, Finished
from frostline.spec.arms import Arm
from frostline.spec.plan import Entry, Plan
from frostline.spec.study import Study


@dataclass(frozen=True)
class Stop:
    """``arm`` was ruled out after ``seeds`` seeds, because it did worse than ``against`` on ``pairs`` common ones.

    ``difference`` is by how much, in validation score. ``p`` is corrected for all comparisons between arms, and had
    to be at most ``bound`` at this look.
    """

    arm: Arm
    seeds: int
    against: Arm
    difference: float
    pairs: int
    p: float
    bound: float


@dataclass(frozen=True)
class ShareRace:
    """The race at one share: after how many seeds it was looked at, who was stopped, and who could still be the best.

    ``planned`` is the number of seeds of the study. ``margin`` is the smallest mean difference with which a first arm
    can be stopped before its last seed, in deviations of the paired differences; None where none ever can.
    """

    share: float
    planned: int
    looks: tuple[int, ...]
    stops: tuple[Stop, ...]
    survivors: tuple[Arm, ...]
    margin: float | None

    @property
    def ended(self) -> bool:
        """True once the last look has been taken."""
        return bool(self.looks) and self.looks[-1] == self.planned


@dataclass(frozen=True)
class Race:
    """The races of a study as far as outcomes have decided them.

    ``cells`` are the entries of the present rounds whose trials have no outcome: what must be run now. It is empty
    once every race has ended. ``opened`` are all entries that a round has ever called for, those of ``cells`` included,
    and ``needed`` the keys of their trials and of every trial that these start from. ``stopped`` are the entries that
    are never run, and ``unrun`` the keys of the trials of the plan, starts included, that thereby are not.
    """

    level: float
    shares: tuple[ShareRace, ...]
    cells: tuple[Entry, ...]
    opened: tuple[Entry, ...]
    needed: frozenset[str]
    stopped: tuple[Entry, ...]
    unrun: frozenset[str]

    @property
    def saved(self) -> int:
        """How many trials of the plan, starts included, are not run."""
        return len(self.unrun)


def race(plan: Plan, outcomes: Mapping[str, Finished | Failed], level: float) -> Race:
    """The race of ``plan`` at ``level``, as far as ``outcomes`` decide it. Equal outcomes give an equal race.

    An outcome of a seed beyond a look never moves what was decided at it. A failed trial has ended: leave its outcome
    out to have it tried again.
    """
    shares = dict.fromkeys(entry.share for entry in plan.entries)
    tracks = [_track(plan, share, outcomes, level) for share in shares]
    opened = {id(entry) for track in tracks for entry in track.opened}
    needed = _keys(entry for track in tracks for entry in track.opened)
    alive = _keys(entry for track in tracks for entry in (*track.opened, *track.later))
    finished = {key for key, outcome in outcomes.items() if isinstance(outcome, Finished)}
    every = {trial.key for trial in plan.trials}
    live = {id(entry) for track in tracks for entry in (*track.opened, *track.later)}
    return Race(
        level=level,
        shares=tuple(track.told for track in tracks),
        cells=tuple(e for e in plan.entries if id(e) in opened and e.trial.key not in outcomes),
        opened=tuple(entry for entry in plan.entries if id(entry) in opened),
        needed=needed,
        stopped=tuple(e for e in plan.entries if id(e) not in live and e.trial.key not in alive | finished),
        unrun=frozenset(every - alive - finished),
    )


@dataclass(frozen=True)
class _Track:
    """The race at one share, the entries that its rounds have called for, and those that later rounds may call for."""

    told: ShareRace
    opened: tuple[Entry, ...]
    later: tuple[Entry, ...]


def _track(plan: Plan, share: float, outcomes: Mapping[str, Finished | Failed], level: float) -> _Track:
    rows: dict[Arm, list[Entry]] = {}
    for entry in plan.entries:
        if entry.share == share:
            rows.setdefault(entry.arm, []).append(entry)
    arms, planned = tuple(arm for arm in rows if not arm.control), max(len(row) for row in rows.values())
    found = eliminate(_sample([rows[arm] for arm in arms], outcomes), 1 - level, looks(planned))
    reached = planned if found.waiting is None else found.waiting
    seeds = dict.fromkeys(arms, reached) | {arms[verdict.arm]: verdict.seeds for verdict in found.verdicts}
    survivors = tuple(arms[number] for number in found.racing)
    told = ShareRace(share, planned, found.looks, _stops(arms, found), survivors, margin(len(arms), planned, 1 - level))
    controlled = {arm: tuple(own for own in arms if arm.controls(own)) or (arm,) for arm in rows}
    return _Track(
        told,
        opened=tuple(entry for arm, row in rows.items() for entry in row[: max(seeds[own] for own in controlled[arm])]),
        later=tuple(entry for arm, row in rows.items() if {*survivors} & {*controlled[arm]} for entry in row[reached:]),
    )


def _stops(arms: tuple[Arm, ...], found: Elimination) -> tuple[Stop, ...]:
    return tuple(
        Stop(arms[v.arm], v.seeds, arms[v.against], v.difference, v.pairs, v.p, v.bound) for v in found.verdicts
    )


def _sample(rows: list[list[Entry]], outcomes: Mapping[str, Finished | Failed]) -> Sample:
    """The validation accuracies of ``rows``, an arm each, and which of their cells have ended."""
    numbers: dict[str, int] = {}
    known = [[outcomes.get(entry.trial.key) for entry in row] for row in rows]
    return Sample(
        values=np.array([[_validated(outcome) for outcome in row] for row in known]),
        settled=np.array([[outcome is not None for outcome in row] for row in known]),
        runs=np.array([[numbers.setdefault(entry.trial.key, len(numbers)) for entry in row] for row in rows]),
    )


def _validated(outcome: Finished | Failed | None) -> float:
    return outcome.best_validation.score if isinstance(outcome, Finished) else float("nan")


def _keys(entries: Iterable[Entry]) -> frozenset[str]:
    """The keys of the trials of ``entries``, and of all that these start from."""
    return frozenset(trial.key for entry in entries for trial in (entry.trial, *entry.trial.ancestors))


def stopped_by_race(study: Study, plan: Plan, outcomes: Mapping[str, Finished | Failed]) -> frozenset[str]:
    """The keys of the trials of ``plan`` that are never run, starts included; none where ``study`` is no race."""
    return race(plan, outcomes, study.level).unrun if study.evidence == "race" else frozenset()
