"""A simulated study with additions, whose arms without any follow a known curve over the number of real items."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from frostline.analysis.findings import Findings, Terms
from frostline.analysis.table import table
from frostline.outcome import Finished
from frostline.spec.plan import Entry, Plan, plan
from frostline.spec.study import Study
from tests.analysis.simulated import finished, study

SYNTHESIS = {"recipe": {"steps": 40, "batch": 8}, "ratio": 1.0, "conditions": "resampled"}
ADDITIONS: dict[str, object] = {
    "mixup": {"augmentation": {"mixup": {"alpha": 0.2}}},
    "gan": {"synthesis": SYNTHESIS},
    "shuffled": {"synthesis": {**SYNTHESIS, "conditions": "shuffled"}, "control_of": "gan"},
    "undertrained": {"synthesis": {**SYNTHESIS, "recipe": {"steps": 2, "batch": 8}}, "control_of": "gan"},
}
EFFECTS = {"": 0.0, "mixup": 0.03, "gan": 0.05, "shuffled": 0.0, "undertrained": 0.04}
"""What each addition adds to the accuracy."""
PER_DECADE = 0.1
"""What ten times as many real items add to it."""


def forged_study(**changes: object) -> Study:
    """Two surgeries without and with each addition, at three shares."""
    usual: dict[str, object] = {
        "surgeries": {"scratch": "r6", "half": "f3t3"}, "shares": (0.01, 0.1, 1.0), "seeds": 8, "additions": ADDITIONS
    }  # fmt: skip
    return study(**(usual | changes))


def items_at(share: float) -> int:
    """How many real items the simulated trials train on at ``share``."""
    return round(16_000 * share)


def forged_outcomes(made: Plan, effects: Mapping[str, float] = EFFECTS, noise: float = 0.002) -> dict[str, Finished]:
    """Outcomes of ``made``: a straight line over the logarithm of the real items, the effects, and noise."""
    found: dict[str, Finished] = {}
    for entry in made.entries:
        found[entry.trial.key] = _outcome(entry, effects[entry.arm.addition], noise)
    return found


def forged_findings(
    made: Study, effects: Mapping[str, float] = EFFECTS, noise: float = 0.002, **terms: object
) -> Findings:
    """What a simulated study has found."""
    planned = plan(made)
    outcomes = forged_outcomes(planned, effects, noise)
    return Findings(table(planned, outcomes), terms=Terms(**terms), trained=outcomes)  # type: ignore[arg-type]


def _outcome(entry: Entry, effect: float, noise: float) -> Finished:
    shared = np.random.default_rng([entry.seed, 1]).normal(0, 0.01)
    own = np.random.default_rng([entry.seed, round(entry.share * 1000), *map(ord, entry.arm.written)]).normal(0, noise)
    items, made = items_at(entry.share), entry.trial.made
    accuracy = 0.3 + PER_DECADE * np.log10(items) + effect + shared + own
    synthetic = 0 if made is None else made.forging.count(items)
    return finished(entry.trial, float(accuracy), float(accuracy)).model_copy(
        update={"n_train": items, "n_synthetic": synthetic}
    )
