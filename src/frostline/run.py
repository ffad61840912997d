"""One job from spec to outcome; the only module that knows the order in which a trial happens."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

import numpy as np
import torch

from frostline.data.planes import preprocessing
from frostline.data.read import read
from frostline.data.splits import split
from frostline.environment import environment, peak_memory_bytes
from frostline.errors import FrostlineError
from frostline.job import Job
from frostline.kept_files import keep_weights, learned, predictions
from frostline.networks.build import build
from frostline.networks.network import Network, joined, parameter_counts, state_digest
from frostline.operate import Operation, Theatre, audit, operate
from frostline.outcome import Failed, Finished
from frostline.seen import Material, Seen, given_in_place_of, seen_by, shown_to
from frostline.shelf import Shelf
from frostline.spec.augmentation import NOTHING
from frostline.spec.recipe import Recipe
from frostline.spec.scoring import Scoring, what
from frostline.spec.trial import Trial
from frostline.start import Start, fit_of, refuse_tested_starts, start_of
from frostline.tasks.task import Answered, metrics, score
from frostline.training.evaluate import logits_of
from frostline.training.fit import Fitted, Lesson, fit
from frostline.training.norms import with_norms

T = TypeVar("T")
PROBE_ITEMS = 4


def attempt(job: Job) -> Finished | Failed:
    """The outcome of ``job``: finished, or failed with its reason. Never raises an error of the trial."""
    return guarded(job.trial, partial(run_trial, job))


def guarded(spec: Trial | Scoring, work: Callable[[], T]) -> T | Failed:
    """What ``work`` for ``spec`` gives, or its failure with the reason."""
    try:
        return work()
    except FrostlineError as error:
        return Failed(what=what(spec), key=spec.key, error=str(error), traceback=traceback.format_exc())
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        return Failed(what=what(spec), key=spec.key, error=reason, traceback=traceback.format_exc())


def run_trial(job: Job) -> Finished:
    """The outcome of ``job``: split, share, start, surgery, training, audit, and last of all the test part."""
    return alone(ready(job))


@dataclass(frozen=True)
class Ready:
    """A trial up to its training: its data, its start with the digest of that, its network, and what it learns from.

    ``before`` is the network after surgery, of which training sees ``seen``. ``seconds`` is what it took so far.
    """

    job: Job
    material: Material
    start: Start
    start_digest: str | None
    before: Network
    seen: Seen
    lesson: Lesson
    seconds: float

    @property
    def recipe(self) -> Recipe:
        """The recipe of the trial with the precision that the study has chosen where it leaves the choice."""
        return self.job.recipe

    @property
    def keep(self) -> Literal["best", "checkpoints"]:
        """Which weights training has to hand back."""
        return "checkpoints" if self.job.keep == "checkpoints" else "best"


@dataclass(frozen=True)
class Trained:
    """What training made of a trial, its share of the seconds, how many were trained at once, and by which steps."""

    fitted: Fitted
    seconds: float
    stacked: int = 1
    compiled: bool = False


def ready(job: Job) -> Ready:
    """``job`` up to its training: split, share, start and surgery; the test part stays sealed."""
    began = time.perf_counter()
    torch.set_num_threads(job.way.threads)
    trial, shelf, recipe = job.trial, Shelf(job.folder), job.recipe
    whole = read(trial.dataset.reading)
    splits = split(whole, trial)
    refuse_tested_starts(splits, trial, shelf)
    material = Material(whole, splits, preprocessing(trial.dataset, trial.normalise, splits.train))
    digest = (start := start_of(trial, shelf)).digest
    fresh = build(trial.network, fit_of(trial), trial.seeds.weights)
    operated = operate(start.donor, fresh, Operation(trial.surgery, trial.head)).to(torch.device(job.way.device))
    planes = material.prepare.planes
    before = operated if recipe.norms == "stored" else with_norms(operated, planes(splits.train), recipe)
    seen = seen_by(job, material, before)
    views = trial.augmentation.views
    befalls, turns = (trial.augmentation, 1) if views is None else (NOTHING, views)
    shown = shown_to(job, material, seen.shown(splits.train), start.donor)
    lesson = Lesson(shown, seen.items(splits.validation), job.loader_workers, befalls, turns)
    return Ready(job, material, start, digest, before, seen, lesson, time.perf_counter() - began)


def alone(one: Ready) -> Finished:
    """The outcome of a trial that is trained by itself."""
    began = time.perf_counter()
    stepping: Literal["eager", "compiled"] = "compiled" if one.job.way.compiled else "eager"
    fitted = fit(one.seen.network, one.lesson, one.recipe, one.job.trial.seeds.batches, one.keep, stepping)
    return outcome(one, Trained(fitted, time.perf_counter() - began, compiled=one.job.way.compiled))


def outcome(one: Ready, trained: Trained) -> Finished:
    """The outcome of a trial after its training: audit, and last of all the test part, which is opened here."""
    began = time.perf_counter()
    job, fitted, seen, precision = one.job, trained.fitted, one.seen, one.recipe.computed_in
    trial, shelf, splits = job.trial, Shelf(job.folder), one.material.splits
    network = joined(one.before, seen.depth, fitted.network)
    found = _audited(one, network)
    if job.keep != "none":
        keep_weights(shelf, trial.key, network, fitted.states)
    train = one.lesson.train if one.lesson.views == 1 and trial.made is None else seen.items(splits.train)
    trained_on, validated, tested = (
        Answered(logits_of(fitted.network, items, precision), items.sample_targets)
        for items in (train, one.lesson.validation, seen.items(splits.test.open()))
    )
    kept = predictions(splits, tested, trial.dataset)
    shelf.keep_predictions(trial.key, kept | learned(one.material.whole, splits))
    return Finished(
        key=trial.key,
        metrics=metrics(tested, validated, trial.dataset),
        train_score=score(trained_on, trial.dataset.task),
        best_validation=fitted.best,
        history=fitted.history,
        steps=fitted.steps,
        stopped=fitted.stopped,
        n_train=len(splits.train),
        n_synthetic=trial.made.forging.count(len(splits.train)) if trial.made else 0,
        n_validation=len(splits.validation),
        n_test=len(splits.test),
        parameters=parameter_counts(network),
        start=one.start.kind,
        start_told=one.start.told,
        start_digest=one.start_digest,
        split_digest=splits.digest,
        data_digest=one.material.whole.digest,
        weights_digest=state_digest(network),
        audit=("splits disjoint by id and by group", *found),
        frozen=seen.frozen,
        environment=environment(job.way.device, precision, trained.stacked, trained.compiled),
        seconds=one.seconds + trained.seconds + time.perf_counter() - began,
        peak_memory_bytes=peak_memory_bytes(),
    )


def _audited(one: Ready, network: Network) -> tuple[str, ...]:
    """What the audit finds of ``network``, which training made of the one that was ready."""
    trial, train, recipe = one.job.trial, one.material.splits.train, one.recipe
    probe = train.take(np.unique(np.linspace(0, len(train) - 1, PROBE_ITEMS).astype(np.int64)))
    given = given_in_place_of(one.seen, probe, recipe.computed_in)
    theatre = Theatre(one.start.donor, one.start_digest, one.before, network, recipe.norms, given)
    return audit(theatre, trial.surgery, one.material.prepare.planes(probe).to(torch.device(one.job.way.device)))
