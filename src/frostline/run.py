"""One job from spec to outcome; the only module that knows the order in which a trial happens."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from frostline.data.ground import ground_of
from frostline.data.planes import Items, Preprocessing, preprocessing
from frostline.data.read import read
from frostline.data.samples import Collection, Corpus, Samples
from frostline.data.splits import Splits, split
from frostline.environment import environment, peak_memory_bytes
from frostline.errors import FrostlineError
from frostline.networks.build import build
from frostline.networks.network import Network, above, frozen_depth, joined, state_digest
from frostline.operate import Given, Operation, Theatre, audit, operate
from frostline.outcome import Failed, Finished, Frozen, ParameterCounts
from frostline.spec.augmentation import NOTHING
from frostline.spec.recipe import Precision, Recipe
from frostline.spec.study import Keep
from frostline.spec.trial import Trial
from frostline.start import Start, fit_of, refuse_tested_starts, start_of
from frostline.store import Shelf
from frostline.tasks import classes
from frostline.training.evaluate import logits_of
from frostline.training.fit import Fitted, Lesson, fit
from frostline.training.norms import with_norms
from frostline.training.permafrost import Permafrost
from frostline.training.site import Site
from frostline.training.views import in_views, planes_in_view
from frostline.way import Way

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
    try:
        return run_trial(job)
    except FrostlineError as error:
        return Failed(key=job.trial.key, error=str(error), traceback=traceback.format_exc())
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        return Failed(key=job.trial.key, error=reason, traceback=traceback.format_exc())


def run_trial(job: Job) -> Finished:
    """The outcome of ``job``: split, share, start, surgery, training, audit, and last of all the test part."""
    began = time.perf_counter()
    torch.set_num_threads(job.way.threads)
    trial, shelf = job.trial, Shelf(job.folder)
    whole = read(trial.dataset.reading)
    splits = split(whole, trial)
    refuse_tested_starts(splits, trial, shelf)
    prepare = preprocessing(trial.dataset, trial.normalise, splits.train)
    treated = _treated(job, Material(whole, splits, prepare))
    fitted, start, seen = treated.fitted, treated.start, treated.seen
    if job.keep != "none":
        _keep_weights(shelf, trial, treated)
    precision = _recipe(job).computed_in
    train = seen.items(splits.train)
    train_accuracy = classes.accuracy(logits_of(fitted.network, train, precision), train.sample_targets)
    tested = seen.items(splits.test.open())
    logits = logits_of(fitted.network, tested, precision)
    shelf.keep_predictions(trial.key, _predictions(splits, tested, logits) | _learned(whole, splits))
    return Finished(
        key=trial.key,
        metrics=classes.metrics(logits, tested.sample_targets, trial.dataset.class_names),
        train_accuracy=train_accuracy,
        best_validation=fitted.best,
        history=fitted.history,
        steps=fitted.steps,
        stopped=fitted.stopped,
        n_train=len(splits.train),
        n_validation=len(splits.validation),
        n_test=len(splits.test),
        parameters=_counts(treated.network),
        start=start.kind,
        start_told=start.told,
        start_digest=treated.start_digest,
        split_digest=splits.digest,
        data_digest=whole.digest,
        weights_digest=state_digest(treated.network),
        audit=("splits disjoint by id and by group", *treated.found),
        frozen=seen.frozen,
        environment=environment(job.way.device, precision),
        seconds=time.perf_counter() - began,
        peak_memory_bytes=peak_memory_bytes(),
    )


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
class Treated:
    """What a trial started from, with its digest before training, the trained network, and what the audit found.

    ``fitted`` is what was trained, which reads the items of ``seen``, and ``network`` the whole with it on top.
    """

    start: Start
    start_digest: str | None
    seen: Seen
    fitted: Fitted
    network: Network
    found: tuple[str, ...]


def _treated(job: Job, material: Material) -> Treated:
    """The network of ``job`` after surgery, training and audit; the test part is not needed for it."""
    trial, device, recipe = job.trial, torch.device(job.way.device), _recipe(job)
    start = start_of(trial, Shelf(job.folder))
    digest, train = start.digest, material.splits.train
    fresh = build(trial.network, fit_of(trial), trial.seeds.weights)
    operated = operate(start.donor, fresh, Operation(trial.surgery, trial.head)).to(device)
    before = operated if recipe.norms == "stored" else with_norms(operated, material.prepare.planes(train), recipe)
    seen = _seen(job, material, before)
    keep: Literal["best", "checkpoints"] = "checkpoints" if job.keep == "checkpoints" else "best"
    views = trial.augmentation.views
    befalls, turns = (trial.augmentation, 1) if views is None else (NOTHING, views)
    items = seen.shown(train), seen.items(material.splits.validation)
    lesson = Lesson(*items, job.loader_workers, befalls, turns)
    fitted = fit(seen.network, lesson, recipe, trial.seeds.batches, keep)
    after = joined(before, seen.depth, fitted.network)
    probe = train.take(np.arange(min(PROBE_ITEMS, len(train))))
    theatre = Theatre(start.donor, digest, before, after, recipe.norms, _given(seen, probe, recipe.computed_in))
    found = audit(theatre, trial.surgery, material.prepare.planes(probe).to(device))
    return Treated(start, digest, seen, fitted, after, found)


def _recipe(job: Job) -> Recipe:
    """The recipe of the trial with the precision that the study has chosen where it leaves the choice."""
    recipe = job.trial.recipe
    return recipe.model_copy(update={"precision": job.way.precision}) if recipe.precision == "auto" else recipe


def _seen(job: Job, material: Material, network: Network) -> Seen:
    """The whole of ``network`` over planes, or its upper part over what its frozen parts give, where that is kept."""
    trial, prepare = job.trial, material.prepare
    depth, views = min(frozen_depth(network), trial.frozen_depth), trial.augmentation.views
    ground = ground_of(material.whole, trial.dataset.class_indices)
    site = Site(job.folder / ACTIVATIONS, ground, prepare, _recipe(job).computed_in, trial.augmentation)
    if depth not in job.way.stored or (trial.augmentation != NOTHING and views is None):
        drawn = prepare if views is None else partial(in_views, site, items_of=planes_in_view)
        return Seen(network, 0, prepare, drawn, "recomputed" if depth else "none")

    def given(site: Site, samples: Samples) -> Items:
        return Permafrost(site, network, depth, trial.network).items(samples)

    items = partial(given, site)
    shown = items if views is None else partial(in_views, site, items_of=given)
    return Seen(above(network, depth), depth, items, shown, "stored")


def _given(seen: Seen, probe: Samples, precision: Precision) -> Given | None:
    """What training was given in place of ``probe``, where frozen parts are computed apart."""
    return Given(seen.depth, seen.items(probe).planes[:], precision) if seen.depth else None


def _keep_weights(shelf: Shelf, trial: Trial, treated: Treated) -> None:
    whole = treated.network.state_dict()
    for step, state in treated.fitted.states.items():
        shelf.keep_weights(trial.key, {**whole, **state}, step)
    shelf.keep_weights(trial.key, whole)


def _predictions(splits: Splits, tested: Items, logits: torch.Tensor) -> dict[str, np.ndarray]:
    return {
        "test_ids": splits.test.ids,
        "targets": tested.sample_targets.numpy(),
        "logits": logits.numpy(),
    }


def _learned(whole: Corpus | Collection, splits: Splits) -> dict[str, np.ndarray]:
    """Ids of what trains and validates, its groups where something is grouped, its contents where there are files.

    Groups are those of the dataset, even where the split parts them.
    """
    parts = (splits.train, splits.validation)
    ids = np.concatenate([part.ids for part in parts])
    groups = np.concatenate([part.groups for part in parts])
    if isinstance(whole, Collection):
        group_of = dict(zip(whole.samples.ids.tolist(), whole.samples.groups.tolist(), strict=True))
        groups = np.array([group_of[name] for name in ids.tolist()])
    contents = [part.contents for part in parts if part.contents is not None]
    told = {"learned_ids": ids}
    told |= {"learned_groups": groups} if (groups != ids).any() else {}
    return told | ({"learned_contents": np.concatenate(contents)} if contents else {})


def _counts(network: Network) -> ParameterCounts:
    total = sum(parameter.numel() for parameter in network.parameters())
    trainable = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    return ParameterCounts(total=total, trainable=trainable, frozen=total - trainable)
