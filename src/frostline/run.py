"""One job from spec to outcome; the only module that knows the order in which a trial happens."""

from __future__ import annotations

import platform
import resource
import sys
import time
import traceback
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from frostline.data.planes import Items, preprocessing
from frostline.data.read import read
from frostline.data.samples import Collection, Corpus
from frostline.data.splits import Splits, split
from frostline.errors import FrostlineError
from frostline.networks.build import build
from frostline.networks.network import Network, state_digest
from frostline.operate import Operation, Theatre, audit, operate
from frostline.outcome import Environment, Failed, Finished, ParameterCounts
from frostline.spec.study import Keep
from frostline.spec.trial import Trial
from frostline.start import Start, fit_of, refuse_tested_starts, start_of
from frostline.store import Shelf
from frostline.tasks import classes
from frostline.training.evaluate import logits_of
from frostline.training.fit import Fitted, Lesson, fit
from frostline.training.norms import with_norms

PROBE_ITEMS = 4


@dataclass(frozen=True)
class Job:
    """A trial, and where and how it is worked on: nothing here moves its outcome but the device."""

    trial: Trial
    folder: Path
    keep: Keep
    device: str
    loader_workers: int


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
    trial, shelf = job.trial, Shelf(job.folder)
    whole = read(trial.dataset.reading)
    splits = split(whole, trial)
    refuse_tested_starts(splits, trial, shelf)
    prepare = preprocessing(trial.dataset, trial.normalise, splits.train)
    train, validation = prepare(splits.train), prepare(splits.validation)
    treated = _treated(job, train, validation)
    fitted, start = treated.fitted, treated.start
    if job.keep != "none":
        _keep_weights(shelf, trial, fitted)
    precision = trial.recipe.precision
    train_accuracy = classes.accuracy(logits_of(fitted.network, train, precision), train.sample_targets)
    tested = prepare(splits.test.open())
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
        parameters=_counts(fitted.network),
        start=start.kind,
        start_told=start.told,
        start_digest=treated.start_digest,
        split_digest=splits.digest,
        data_digest=whole.digest,
        weights_digest=state_digest(fitted.network),
        audit=("splits disjoint by id and by group", *treated.found),
        environment=_environment(job.device),
        seconds=time.perf_counter() - began,
        peak_memory_bytes=_peak_memory_bytes(),
    )


@dataclass(frozen=True)
class Treated:
    """What a trial started from, with its digest before training, the trained network, and what the audit found."""

    start: Start
    start_digest: str | None
    fitted: Fitted
    found: tuple[str, ...]


def _treated(job: Job, train: Items, validation: Items) -> Treated:
    """The network of ``job`` after surgery, training and audit; the test part is not needed for it."""
    trial, device = job.trial, torch.device(job.device)
    start = start_of(trial, Shelf(job.folder))
    digest = start.digest
    fresh = build(trial.network, fit_of(trial), trial.seeds.weights)
    operated = operate(start.donor, fresh, Operation(trial.surgery, trial.head)).to(device)
    before = with_norms(operated, train, trial.recipe)
    keep: Literal["best", "checkpoints"] = "checkpoints" if job.keep == "checkpoints" else "best"
    lesson = Lesson(train, validation, job.loader_workers, trial.augmentation)
    fitted = fit(before, lesson, trial.recipe, trial.seeds.batches, keep)
    theatre = Theatre(start.donor, digest, before, fitted.network, trial.recipe.norms)
    return Treated(start, digest, fitted, audit(theatre, trial.surgery, train.planes[:PROBE_ITEMS].to(device)))


def _keep_weights(shelf: Shelf, trial: Trial, fitted: Fitted) -> None:
    for step, state in fitted.states.items():
        shelf.keep_weights(trial.key, state, step)
    shelf.keep_weights(trial.key, fitted.network.state_dict())


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


def _environment(device: str) -> Environment:
    return Environment(
        frostline=version("frostline"),
        python=platform.python_version(),
        torch=torch.__version__,
        device=device if not device.startswith("cuda") else f"{device} {torch.cuda.get_device_name(device)}",
        threads=torch.get_num_threads(),
        cpu=_cpu_name(),
    )


@cache
def _cpu_name() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        names = [line.partition(":")[2].strip() for line in facts.read_text().splitlines() if "model name" in line]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def _peak_memory_bytes() -> int:
    """The most memory that this process has held so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
