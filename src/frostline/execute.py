"""What a plan still lacks, wave by wave."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from types import TracebackType
from typing import Protocol

from frostline.analysis.racing import race
from frostline.attempts import Stack
from frostline.errors import StoreMismatch
from frostline.held import data_facts, has_files, keep_items, versions, weights_facts
from frostline.job import Job
from frostline.outcome import Failed, Finished
from frostline.run_scoring import ScoringJob
from frostline.scored import Ended, Scored
from frostline.shelf import Shelf
from frostline.spec.plan import Plan
from frostline.spec.scoring import Scoring, what
from frostline.spec.study import Keep, Study
from frostline.spec.trial import Trial
from frostline.stacking import run_again, stacks
from frostline.store import Store
from frostline.way import way_of


class Executor(Protocol):
    """Works on stacks of jobs that do not depend on each other, in any order; a stack is trained at once."""

    def map(self, stacks: Sequence[Stack]) -> Iterator[tuple[Ended, ...]]:
        """The outcomes of every stack, in its order, each stack as it ends."""

    def __enter__(self) -> Executor: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def lacking(plan: Plan, outcomes: Mapping[str, Finished | Failed], shelf: Shelf, keep: Keep) -> tuple[Trial, ...]:
    """The trials of ``plan`` that have not finished, or whose weights should be kept and are not there.

    A failed trial is lacking, so that running a study again retries it.
    """
    return tuple(
        trial
        for trial in plan.trials
        if not isinstance(outcomes.get(trial.key), Finished) or not _kept(trial, plan, shelf, keep)
    )


def unscored(plan: Plan, scores: Mapping[str, Scored | Failed]) -> tuple[Scoring, ...]:
    """The scorings of ``plan`` that lack their scores, those that failed among them."""
    return tuple(one for one in plan.scorings if not isinstance(scores.get(one.key), Scored))


def execute(study: Study, plan: Plan, store: Store, executor: Executor) -> Iterator[Ended]:
    """Runs what ``plan`` lacks and yields each outcome once it is stored; starts before what starts from them.

    Layers are scored beside the first trials that start from them, those of trained arms beside later ones or after the
    last. Data in files is compared with that of the kept outcomes even where nothing lacks.

    Raises:
        StoreMismatch: data, weights or the device differ from those of the outcomes already kept.
    """
    shelf, outcomes = Shelf(store.folder), store.outcomes()
    missing = {trial.key for trial in lacking(plan, outcomes, shelf, study.keep)}
    waiting = {one.key: one for one in unscored(plan, store.scores())}
    idle = not missing and not waiting
    if idle and not has_files(plan):
        return
    facts = data_facts(study, plan) | ({} if idle else weights_facts(plan))
    store.hold(facts, "Restore the data or weights, or name another folder with --to.")
    if idle:
        return
    store.hold(versions(plan), "Go back to these versions, or name another folder with --to.")
    keep_items(plan, shelf)
    way = way_of(study, plan, store, device_of(study, store))

    def job_of(trial: Trial) -> Job:
        return Job(trial, store.folder, _keep_for(trial, plan, study.keep), way, study.loader_workers)

    ended: dict[str, Finished | Failed] = {k: o for k, o in outcomes.items() if isinstance(o, Finished)}
    for asked in _rounds(study, plan, ended):
        for wave in (*plan.waves, ()):
            due = {trial.key for trial in wave if trial.key in missing and trial.key in asked}
            scored = {key: waiting.pop(key) for key in _ready(waiting, ended.keys() - missing)}
            missing -= due
            again = [some for stack in stacks(wave, way.stacked) for some in run_again(stack, due, outcomes)]
            again.sort(key=_arithmetic, reverse=True)
            specs = {trial.key: trial for stack in again for trial in stack} | scored
            broken = {key: failed for key, spec in specs.items() if (failed := _failed_start(spec, ended))}
            jobs: list[Stack] = [[job_of(trial) for trial in stack if trial.key not in broken] for stack in again]
            jobs += [(ScoringJob(one, store.folder, way),) for key, one in scored.items() if key not in broken]
            told = ((failed,) for failed in broken.values())
            for found in chain(told, executor.map([stack for stack in jobs if stack])):
                _refuse_other_bits(outcomes, found, facts)
                news = [now for now in found if _is_news(outcomes.get(now.key), now)]
                store.append_all([(specs[now.key], now) for now in news])
                ended.update({now.key: now for now in found if not isinstance(now, Scored) and now.key not in scored})
                yield from (now for now in found if now.key in due or now.key in scored)


def _ready(waiting: Mapping[str, Scoring], ended: Collection[str]) -> list[str]:
    """The keys of the scorings of which every trial has ended."""
    return [key for key, one in waiting.items() if all(trial.key in ended for trial in one.needed)]


def _is_news(before: Finished | Failed | None, now: Ended) -> bool:
    """Whether ``now`` takes the place of ``before``: a failure never takes that of what had finished."""
    return isinstance(now, Finished) or not isinstance(before, Finished)


def _arithmetic(stack: Sequence[Trial]) -> int:
    """How much ``stack`` has to compute at most, roughly. Long ones go first, so that none is left at the end.

    Shallow cuts then come before deep ones, whose activations go on from theirs.
    """
    return sum(
        (trial.recipe.steps or 0)
        * trial.recipe.batch
        * (1 + trial.surgery.kept - min(trial.frozen_depth, trial.surgery.kept))
        for trial in stack
    )


def _rounds(study: Study, plan: Plan, ended: Mapping[str, Finished | Failed]) -> Iterator[frozenset[str]]:
    """The keys of the trials that may run now, round by round; what has ``ended`` meanwhile decides the next round.

    A study that is no race has one round. In a race failed trials of earlier runs are tried again, so that ``ended``
    must not hold them at first.
    """
    if study.evidence != "race":
        yield frozenset(trial.key for trial in plan.trials)
        return
    while True:
        found = race(plan, ended, study.level)
        yield found.needed
        if not found.cells:
            return


def _refuse_other_bits(kept: Mapping[str, Finished | Failed], found: Sequence[Ended], facts: Mapping[str, str]) -> None:
    """Nothing, where all ``found`` was computed on the data that the study holds and equals what was finished before.

    Raises:
        StoreMismatch: it was computed on other data, or a trial that had finished ends in other figures.
    """
    for now in found:
        before = kept.get(now.key)
        if isinstance(now, Finished | Scored) and now.data_digest not in facts.values():
            kind = "scoring" if isinstance(now, Scored) else "trial"
            raise StoreMismatch(f"{kind} {now.key} read other data than the study began with; its outcome is not kept")
        if isinstance(now, Finished) and isinstance(before, Finished) and now != before:
            raise StoreMismatch(
                f"trial {now.key} gave other figures than when it first finished; the first ones are kept"
            )


def _keep_for(trial: Trial, plan: Plan, keep: Keep) -> Keep:
    """What is kept of ``trial``: at least the best weights where another trial starts from it."""
    return "best" if keep == "none" and trial.key in plan.starts else keep


def _kept(trial: Trial, plan: Plan, shelf: Shelf, keep: Keep) -> bool:
    if not shelf.predictions_path(trial.key).exists():
        return False
    match _keep_for(trial, plan, keep):
        case "none":
            return True
        case "best":
            return shelf.weights_path(trial.key).exists()
        case "checkpoints":
            return shelf.weights_path(trial.key).exists() and bool(shelf.checkpoints(trial.key))


def _failed_start(spec: Trial | Scoring, outcomes: Mapping[str, Finished | Failed]) -> Failed | None:
    needed = spec.needed if isinstance(spec, Scoring) else (spec.predecessor,)
    for before in needed:
        failed = None if before is None else outcomes.get(before.key)
        if before is not None and isinstance(failed, Failed):
            told = "its start" if before == spec.predecessor else "the trial that it scores,"
            error = f"{told} {before.key} failed: {failed.error}"
            return Failed(what=what(spec), key=spec.key, error=error, traceback="")
    return None


def device_of(study: Study, store: Store) -> str:
    """The device of ``study``: chosen once, kept in the store, and never another on resume.

    Raises:
        StoreMismatch: it is not on this machine, or another one than before.
    """
    import torch

    wanted = study.device
    present = {"cpu": True, "mps": torch.backends.mps.is_available(), "cuda": torch.cuda.is_available()}
    if wanted == "auto":
        wanted = store.fact("device") or next(name for name in ("cuda", "mps", "cpu") if present[name])
    if not present[wanted.partition(":")[0]]:
        raise StoreMismatch(
            f"device {wanted!r} is not on this machine; it has {', '.join(n for n in present if present[n])}"
        )
    store.hold({"device": wanted}, "A study never mixes devices: use the same one, or name another folder with --to.")
    return wanted
