"""A study with outcomes drawn from a known law, so that an analysis can be held against what it should find."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from frostline.analysis.racing import Race, race
from frostline.outcome import ClassFigures, ClassMetrics, Environment, Failed, Finished, ParameterCounts, Validation
from frostline.spec.plan import Plan
from frostline.spec.study import Study
from frostline.spec.trial import Trial

CONTENT: dict[str, object] = {
    "title": "Sandals, trainers and boots",
    "question": "How many layers are best frozen?",
    "dataset": {"name": "fashion_mnist", "classes": (5, 7, 9)},
    "source": {"dataset": {"name": "fashion_mnist", "classes": (0, 1, 2, 3, 4, 6, 8)}},
    "network": {"name": "plain_cnn", "depth": 6},
    "surgeries": {
        "scratch": "r6",
        "FR": {"below": "frozen", "above": "reset"},
        "F": {"below": "frozen", "above": "tuned"},
    },
    "shares": (0.01, 0.1),
    "seeds": 5,
    "recipe": {"steps": 400, "rate": 2e-3, "patience": 8},
}
FEW: dict[str, object] = {
    "scratch": "r6",
    "FR": {"below": "frozen", "above": "reset", "cuts": (2, 4)},
    "F": {"below": "frozen", "above": "tuned", "cuts": (2, 4)},
}
"""Both families with five of their thirteen arms, for drawings of which each arm costs its time."""
ENVIRONMENT = Environment(frostline="0.1.0", python="3.11", torch="2.13", device="cpu", threads=1, cpu="simulated")


def study(**changes: object) -> Study:
    """The simulated study, some of its keys changed."""
    return Study.model_validate(CONTENT | changes)


def outcomes(plan: Plan, best: int = 4) -> dict[str, Finished | Failed]:
    """An outcome for every trial of ``plan``; the accuracy is highest where ``best`` layers are frozen."""
    made: dict[str, Finished | Failed] = {}
    for entry in plan.entries:
        shared = np.random.default_rng(entry.seed).normal(0, 0.008)
        own = np.random.default_rng([entry.seed, *map(ord, str(entry.arm.surgery))]).normal(0, 0.003)
        mean = 0.87 - 0.006 * (entry.arm.surgery.frozen_depth - best) ** 2 + 0.02 * np.log10(entry.share * 100)
        seen = np.random.default_rng([1, entry.seed, *map(ord, str(entry.arm.surgery))]).normal(0, 0.003)
        made[entry.trial.key] = finished(entry.trial, float(mean + shared + own), float(mean + shared + seen))
    return made


def raced(study: Study, plan: Plan) -> tuple[Race, dict[str, Finished | Failed]]:
    """The race of ``plan`` run to its end, and the outcomes of the trials that it called for."""
    every, kept = outcomes(plan), dict[str, Finished | Failed]()
    while (found := race(plan, kept, study.level)).cells:
        kept |= {entry.trial.key: every[entry.trial.key] for entry in found.cells}
    return found, kept


def finished(trial: Trial, accuracy: float, validated: float = 0.86) -> Finished:
    """A finished outcome of ``trial`` with that accuracy on the test part, and with that in its best validation."""
    figures = tuple(ClassFigures(name=n, precision=0.9, recall=0.9, f1=0.9, support=1000) for n in "abc")
    frozen = trial.surgery.frozen_depth * 36_928
    at_best = Validation(step=200, train_loss=0.2, loss=0.3, score=validated)
    return Finished(
        key=trial.key,
        metrics=ClassMetrics(
            accuracy=accuracy,
            macro_f1=accuracy - 0.01,
            nll=0.4,
            calibration_error=0.03,
            classes=figures,
            confusion=((900, 50, 50), (50, 900, 50), (50, 50, 900)),
        ),
        train_score=0.95,
        best_validation=at_best,
        history=(at_best,),
        steps=300,
        stopped="patience",
        n_train=162,
        n_validation=18,
        n_test=3000,
        parameters=ParameterCounts(total=200_000, trainable=200_000 + 36_928 * 6 - frozen, frozen=frozen),
        start="self-pretrained" if trial.start is not None else "none",
        start_digest=None,
        split_digest="s",
        data_digest="d",
        weights_digest="w",
        audit=(),
        environment=ENVIRONMENT,
        seconds=12 - trial.surgery.frozen_depth + 0.1 * trial.seeds.weights,
        peak_memory_bytes=300_000_000,
    )


def without(
    kept: Mapping[str, Finished | Failed], plan: Plan, arm: str, seeds: set[int]
) -> dict[str, Finished | Failed]:
    """``kept`` without the outcomes of ``arm`` with those seeds."""
    gone = {entry.trial.key for entry in plan.entries if str(entry.arm.surgery) == arm and entry.seed in seeds}
    return {key: outcome for key, outcome in kept.items() if key not in gone}


def failing(kept: Mapping[str, Finished | Failed], plan: Plan, arm: str, error: str) -> dict[str, Finished | Failed]:
    """``kept`` with every trial of ``arm`` failed."""
    failed = {
        entry.trial.key: Failed(key=entry.trial.key, error=error, traceback="")
        for entry in plan.entries
        if str(entry.arm.surgery) == arm
    }
    return {**kept, **failed}
