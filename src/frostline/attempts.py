"""Several jobs of one shape from spec to outcome, trained at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from frostline.errors import OutOfMemory, TrainingDiverged
from frostline.outcome import Failed, Finished
from frostline.run import Job, Ready, Trained, alone, attempt, guarded, outcome, ready
from frostline.training.fit import Fitted
from frostline.training.stackable import stackable
from frostline.training.stacked import fit_stacked


def attempt_stack(jobs: Sequence[Job]) -> tuple[Finished | Failed, ...]:
    """The outcome of each of ``jobs``, in order; trained at once where their networks allow it.

    Never raises an error of a trial: one that fails leaves the others as they are.
    """
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
