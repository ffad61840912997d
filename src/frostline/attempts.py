"""Several jobs from spec to outcome: trials of one shape, trained at once, or one scoring."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from frostline.errors import OutOfMemory, TrainingDiverged
from frostline.job import Job
from frostline.outcome import Failed, Finished
from frostline.run import Ready, Trained, alone, attempt, guarded, outcome, ready
from frostline.run_scoring import ScoringJob, run_scoring
from frostline.scored import Ended
from frostline.spec.scoring import Scoring
from frostline.spec.trial import Trial
from frostline.training.fit import Fitted
from frostline.training.stackable import stackable
from frostline.training.stacked import fit_stacked

AnyJob = Job | ScoringJob
Stack = Sequence[Job] | tuple[ScoringJob]
"""Trials that are trained at once, or one scoring."""


def spec_of(job: AnyJob) -> Trial | Scoring:
    """What the outcome of ``job`` is of."""
    return job.scoring if isinstance(job, ScoringJob) else job.trial


def attempt_stack(jobs: Stack) -> tuple[Ended, ...]:
    """The outcome of each of ``jobs``, in order; trained at once where their networks allow it.

    Never raises an error of a trial or scoring: one that fails leaves the others as they are.
    """
    first = jobs[0]
    if isinstance(first, ScoringJob):
        return (guarded(first.scoring, partial(run_scoring, first)),)
    return _trained([job for job in jobs if isinstance(job, Job)])


def _trained(jobs: Sequence[Job]) -> tuple[Finished | Failed, ...]:
    if len(jobs) == 1:
        return (attempt(jobs[0]),)
    begun = [guarded(job.trial, partial(ready, job)) for job in jobs]
    able = [one for one in begun if isinstance(one, Ready)]
    ended = iter(_ended(able))
    return tuple(one if isinstance(one, Failed) else next(ended) for one in begun)


def _ended(able: Sequence[Ready]) -> list[Finished | Failed]:
    """The outcome of each trial that is ready, in order."""
    trials = [one.job.trial for one in able]
    if len(able) < 2 or any(_goes_alone(one) for one in able):
        return [guarded(trial, partial(alone, one)) for trial, one in zip(trials, able, strict=True)]
    began = time.perf_counter()
    fits = guarded(trials[0], partial(_fits, able))
    if isinstance(fits, Failed):
        return [fits.model_copy(update={"key": trial.key}) for trial in trials]
    share = (time.perf_counter() - began) / len(able)
    works = [partial(_ended_as, one, fitted, share, len(able)) for one, fitted in zip(able, fits, strict=True)]
    return [guarded(trial, work) for trial, work in zip(trials, works, strict=True)]


def _goes_alone(one: Ready) -> bool:
    """Whether a trial cannot be trained beside others."""
    of_classes = one.lesson.train.task == "classes"
    return not of_classes or stackable(one.seen.network, one.recipe, one.lesson.augmentation) is not None


def _fits(able: Sequence[Ready]) -> tuple[Fitted | TrainingDiverged, ...]:
    networks, lessons = [one.seen.network for one in able], [one.lesson for one in able]
    try:
        return fit_stacked(networks, lessons, able[0].recipe, [o.job.trial.seeds.batches for o in able], able[0].keep)
    except OutOfMemory as error:
        remedy = "run the study again, which trains one at a time what has failed"
        raise OutOfMemory(f"{error}: {remedy}") from error


def _ended_as(one: Ready, fitted: Fitted | TrainingDiverged, seconds: float, stacked: int) -> Finished:
    if isinstance(fitted, TrainingDiverged):
        raise fitted
    return outcome(one, Trained(fitted, seconds, stacked))
