"""What a plan still lacks, wave by wave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import chain
from types import TracebackType
from typing import Protocol

from frostline.analysis.racing import race
from frostline.errors import StoreMismatch
from frostline.kept_files import items
from frostline.outcome import Failed, Finished
from frostline.run import Job
from frostline.shelf import Shelf
from frostline.spec.network import Timm
from frostline.spec.plan import Plan
from frostline.spec.study import Keep, Study
from frostline.spec.trial import Trial
from frostline.stacking import run_again, stacks
from frostline.store import Store
from frostline.way import way_of


class Executor(Protocol):
    """Works on stacks of jobs that do not depend on each other, in any order; a stack is trained at once."""

    def map(self, stacks: Sequence[Sequence[Job]]) -> Iterator[tuple[Finished | Failed, ...]]:
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


def execute(study: Study, plan: Plan, store: Store, executor: Executor) -> Iterator[Finished | Failed]:
    """Runs what ``plan`` lacks and yields each outcome once it is stored; starts before what starts from them.

    Data in files is compared with that of the kept outcomes even where nothing lacks.

    Raises:
        StoreMismatch: data, weights or the device differ from those of the outcomes already kept.
    """
    shelf, outcomes = Shelf(store.folder), store.outcomes()
    missing = {trial.key for trial in lacking(plan, outcomes, shelf, study.keep)}
    if not missing and not _has_files(plan):
        return
    facts = _data_facts(study, plan) | (_weights_facts(plan) if missing else {})
    store.hold(facts, "Restore the data or weights, or name another folder with --to.")
    if not missing:
        return
    store.hold(_versions(plan), "Go back to these versions, or name another folder with --to.")
    _keep_items(plan, shelf)
    way = way_of(study, plan, store, device_of(study, store))

    def job_of(trial: Trial) -> Job:
        return Job(trial, store.folder, _keep_for(trial, plan, study.keep), way, study.loader_workers)

    ended: dict[str, Finished | Failed] = {k: o for k, o in outcomes.items() if isinstance(o, Finished)}
    for asked in _rounds(study, plan, ended):
        for wave in plan.waves:
            due = {trial.key for trial in wave if trial.key in missing and trial.key in asked}
            missing -= due
            again = [some for stack in stacks(wave, way.stacked) for some in run_again(stack, due, outcomes)]
            again.sort(key=_arithmetic, reverse=True)
            trials = {trial.key: trial for stack in again for trial in stack}
            broken = {key: failed for key, trial in trials.items() if (failed := _failed_start(trial, ended))}
            jobs = [[job_of(trial) for trial in stack if trial.key not in broken] for stack in again]
            told = ((failed,) for failed in broken.values())
            for found in chain(told, executor.map([stack for stack in jobs if stack])):
                _refuse_other_bits(outcomes, found, facts)
                news = [now for now in found if _is_news(outcomes.get(now.key), now)]
                store.append_all([(trials[now.key], now) for now in news])
                ended.update({now.key: now for now in found})
                yield from (now for now in found if now.key in due)


def _is_news(before: Finished | Failed | None, now: Finished | Failed) -> bool:
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


def _refuse_other_bits(
    kept: Mapping[str, Finished | Failed], found: Sequence[Finished | Failed], facts: Mapping[str, str]
) -> None:
    """Nothing, where all ``found`` was computed on the data that the study holds and equals what was finished before.

    Raises:
        StoreMismatch: it was computed on other data, or a trial that had finished ends in other figures.
    """
    for now in found:
        before = kept.get(now.key)
        if isinstance(now, Finished) and now.data_digest not in facts.values():
            raise StoreMismatch(f"trial {now.key} read other data than the study began with; its outcome is not kept")
        if isinstance(now, Finished) and isinstance(before, Finished) and now != before:
            raise StoreMismatch(
                f"trial {now.key} gave other figures than when it first finished; the first ones are kept"
            )


def _versions(plan: Plan) -> dict[str, str]:
    """The versions that figures of ``plan`` depend on: a study never mixes them."""
    foreign = ("timm",) if any(isinstance(trial.network, Timm) for trial in plan.trials) else ()
    return {f"version of {name}": version(name) for name in ("frostline", "torch", "numpy", *foreign)}


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


def _failed_start(trial: Trial, outcomes: Mapping[str, Finished | Failed]) -> Failed | None:
    before = trial.predecessor
    failed = None if before is None else outcomes.get(before.key)
    if before is None or not isinstance(failed, Failed):
        return None
    return Failed(key=trial.key, error=f"its start {before.key} failed: {failed.error}", traceback="")


def _has_files(plan: Plan) -> bool:
    """Whether some data of ``plan`` lies in files of a user, which may change at any time."""
    return any(trial.dataset.card.kind != "planes" for trial in plan.trials)


def _data_facts(study: Study, plan: Plan) -> dict[str, str]:
    """The digest of every dataset that ``plan`` reads, as it is now, and what is left out of it.

    Raises:
        DataFault: one of them cannot be read, or more files had to be left out than the study allows.
    """
    from frostline.data.read import read, refuse_many_left_out
    from frostline.data.samples import Collection

    facts = {}
    for reading in sorted({trial.dataset.reading for trial in plan.trials}, key=str):
        whole = read(reading)
        facts[f"data of {reading}"] = whole.digest
        if isinstance(whole, Collection):
            refuse_many_left_out(str(reading), whole, study.most_left_out)
            facts[f"left out of {reading}"] = "\n".join(f"{out.file}: {out.reason}" for out in whole.left_out)
    return facts


def _keep_items(plan: Plan, shelf: Shelf) -> None:
    """Keeps, once a dataset of ``plan``, which items it has and which of them are near duplicates, for the audit."""
    from frostline.data.read import read

    for reading in sorted({trial.dataset.reading for trial in plan.trials}, key=str):
        whole = read(reading)
        if not shelf.items_path(whole.digest).exists():
            shelf.keep_items(whole.digest, items(whole))


def _weights_facts(plan: Plan) -> dict[str, str]:
    """The digest of all published weights that ``plan`` starts from, as they are now.

    Raises:
        WeightsFault: some cannot be read.
    """
    from frostline.networks.published import digest_of_weights

    references = sorted({trial.published.weights for trial in plan.trials if trial.published is not None})
    return {f"weights {ref}": digest_of_weights(ref) for ref in references}


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
