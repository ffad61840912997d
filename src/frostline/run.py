"""One job from spec to outcome; the only module that knows the order in which a trial happens."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import torch

from frostline.augmentation.shown import beside
from frostline.augmentation.synthesize import synthesized
from frostline.data.ground import ground_of
from frostline.data.planes import Items, Preprocessing, preprocessing
from frostline.data.read import read
from frostline.data.samples import Collection, Corpus, Samples
from frostline.data.splits import Splits, split
from frostline.environment import environment, machine, peak_memory_bytes
from frostline.errors import FrostlineError
from frostline.kept_files import keep_weights, learned, predictions
from frostline.networks.build import build
from frostline.networks.network import Network, above, frozen_depth, joined, parameter_counts, state_digest
from frostline.operate import Given, Operation, Theatre, audit, operate
from frostline.outcome import Failed, Finished, Frozen
from frostline.shelf import Shelf
from frostline.spec.augmentation import NOTHING
from frostline.spec.recipe import Precision, Recipe
from frostline.spec.scoring import Scoring, what
from frostline.spec.study import Keep
from frostline.spec.trial import Trial
from frostline.start import Start, fit_of, refuse_tested_starts, start_of
from frostline.tasks.task import Answered, metrics, score
from frostline.training.evaluate import logits_of
from frostline.training.fit import Fitted, Lesson, fit
from frostline.training.norms import with_norms
from frostline.training.permafrost import Permafrost, digests_of
from frostline.training.site import Site
from frostline.training.views import in_views, planes_in_view
from frostline.way import Way

T = TypeVar("T")
PROBE_ITEMS = 4
ACTIVATIONS = "activations"
"""The folder, in that of the study, for what frozen layers give."""


@dataclass(frozen=True)
class Job:
    """A trial, and where and how it is worked on: ``loader_workers`` moves nothing of its outcome."""

    trial: Trial
    folder: Path
    keep: Keep
    way: Way = field(default_factory=Way)
    loader_workers: int = 0


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
class Material:
    """The data of a trial: all of it, how it is split, and how samples become planes."""

    whole: Corpus | Collection
    splits: Splits
    prepare: Preprocessing


@dataclass(frozen=True)
class Seen:
    """What training sees of a network: its part above ``depth`` parts that are computed apart, and what it reads.

    ``shown`` is what it learns from, in several views where the trial asks for them.
    """

    network: Network
    depth: int
    items: Callable[[Samples], Items]
    shown: Callable[[Samples], Items]
    frozen: Frozen


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
        return _recipe(self.job)

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
    trial, shelf, recipe = job.trial, Shelf(job.folder), _recipe(job)
    whole = read(trial.dataset.reading)
    splits = split(whole, trial)
    refuse_tested_starts(splits, trial, shelf)
    material = Material(whole, splits, preprocessing(trial.dataset, trial.normalise, splits.train))
    digest = (start := start_of(trial, shelf)).digest
    fresh = build(trial.network, fit_of(trial), trial.seeds.weights)
    operated = operate(start.donor, fresh, Operation(trial.surgery, trial.head)).to(torch.device(job.way.device))
    planes = material.prepare.planes
    before = operated if recipe.norms == "stored" else with_norms(operated, planes(splits.train), recipe)
    seen = _seen(job, material, before)
    views = trial.augmentation.views
    befalls, turns = (trial.augmentation, 1) if views is None else (NOTHING, views)
    shown = _shown(job, material, seen.shown(splits.train))
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
    given = _given(one.seen, probe, recipe.computed_in)
    theatre = Theatre(one.start.donor, one.start_digest, one.before, network, recipe.norms, given)
    return audit(theatre, trial.surgery, one.material.prepare.planes(probe).to(torch.device(one.job.way.device)))


def _recipe(job: Job) -> Recipe:
    """The recipe of the trial with the precision that the study has chosen where it leaves the choice."""
    recipe = job.trial.recipe
    return recipe.model_copy(update={"precision": job.way.precision}) if recipe.precision == "auto" else recipe


def _seen(job: Job, material: Material, network: Network) -> Seen:
    """The whole of ``network`` over planes, or its upper part over what its frozen parts give, where that is kept."""
    trial, prepare = job.trial, material.prepare
    depth, views = min(frozen_depth(network), trial.frozen_depth), trial.augmentation.views
    ground = ground_of(material.whole, trial.dataset.class_indices)
    name = machine(job.way.device)
    site = Site(job.folder / ACTIVATIONS, ground, prepare, _recipe(job).computed_in, trial.augmentation, machine=name)
    unlike = (trial.augmentation != NOTHING and views is None) or trial.made is not None
    if depth not in job.way.stored or unlike:
        drawn = prepare if views is None else partial(in_views, site, items_of=planes_in_view)
        return Seen(network, 0, prepare, drawn, "recomputed" if depth else "none")

    digests = digests_of(network, depth)

    def given(site: Site, samples: Samples) -> Items:
        return Permafrost(site, network, depth, trial.network, digests).items(samples)

    items = partial(given, site)
    shown = items if views is None else partial(in_views, site, items_of=given)
    return Seen(above(network, depth), depth, items, shown, "stored")


def _shown(job: Job, material: Material, real: Items) -> Items:
    """What training is shown: the ``real`` items, and the synthetic ones of its share where the trial has such."""
    if job.trial.made is None:
        return real
    made = synthesized(job.trial.made, material.splits, job.folder, torch.device(job.way.device))
    return beside(real, made, material.prepare)


def _given(seen: Seen, probe: Samples, precision: Precision) -> Given | None:
    """What training was given in place of ``probe``, where frozen parts are computed apart."""
    return Given(seen.depth, seen.items(probe).planes[:], precision) if seen.depth else None
