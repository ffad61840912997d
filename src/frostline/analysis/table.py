"""Every cell of a study as one row of a tidy table, finished or not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from frostline.analysis.metric import METRICS
from frostline.catalog import Task
from frostline.outcome import Failed, Finished
from frostline.spec.arms import named_with_norms, written_with_norms
from frostline.spec.frozen_norms import norms_on
from frostline.spec.plan import Entry, Plan
from frostline.spec.study import Family, Study
from frostline.whole_files import replace_whole

CELL = {
    "arm": "str",
    "treatment": "str",
    "control": "str",
    "names": "str",
    "frozen_depth": "Int64",
    "kept": "Int64",
    "share": "float64",
    "seed": "Int64",
    "key": "str",
    "metric": "str",
    "status": "str",
    "error": "str",
}
"""Columns that every row fills (``error``: where there is one), with their types.

``arm`` is the treatment, with its way with norms where the study has several (``f3r3 norms tuned``), and what it starts
from where that is a control's (``f3r3 from random``); ``treatment`` the surgery alone, and ``control`` the kind of
control (``random``), empty where the study names the arm itself. ``metric`` names the figure that arms are compared by.
"""

ADDITION = "addition"
"""A column that only studies with additions have: the addition of the arm, empty without one.

``control`` then also holds the name of an addition, in the arms that are controls of it.
"""

N_SYNTHETIC = "n_synthetic"
"""A column that only studies with synthetic items have: how many of them trained beside the ``n_train`` real ones."""

FIGURES = {
    "score": "float64",
    "train_score": "float64",
    "validation_loss": "float64",
    "validation_score": "float64",
    "n_train": "Int64",
    "n_validation": "Int64",
    "n_test": "Int64",
    "parameters_total": "Int64",
    "parameters_trainable": "Int64",
    "parameters_frozen": "Int64",
    "steps": "Int64",
    "stopped": "str",
    "start": "str",
    "start_told": "str",
    "seconds": "float64",
    "peak_memory_bytes": "Int64",
    "device": "str",
}
"""Columns that only a finished trial fills, with their types.

``score`` is what arms are compared by: the primary figure of the task.
"""

OWN: Mapping[Task, tuple[str, ...]] = {
    "classes": ("accuracy", "macro_f1", "nll", "calibration_error"),
    "tags": ("roc_auc", "average_precision", "f1"),
    "values": ("ccc", "pearson", "r2", "mae", "mse"),
}
"""Columns that only the studies of one task have, numbers all: its metrics. ``nll`` is in nats per item."""


SOME = {ADDITION: "str", N_SYNTHETIC: "Int64"}
"""Columns that only some studies have, with their types."""

OUTCOMES = "outcomes"
"""The attribute of a table that says how many outcomes the store held when it was written."""


@dataclass(frozen=True)
class CutPoint:
    """A family of surgeries, one of its cuts, and the arm that stands there."""

    family: str
    cut: int
    arm: str


def cut_points(study: Study) -> tuple[CutPoint, ...]:
    """Every cut of every family of ``study`` in the order of the file; single surgeries have none.

    A family that freezes is one for each way that the study has with the norms of frozen layers; at a cut where a way
    changes nothing stands the arm in the stored way.
    """
    layers = len(study.network.layer_names)
    return tuple(
        CutPoint(named_with_norms(name, way), cut, written_with_norms(surgery, norms_on(study.network, surgery, way)))
        for name, entry in study.surgeries.items()
        if isinstance(entry, Family)
        for way in (study.norms if study.norms and entry.below == "frozen" else ("stored",))
        for cut, surgery in entry.surgeries(layers).items()
    )


def table(
    plan: Plan, outcomes: Mapping[str, Finished | Failed], stopped: Collection[str] = frozenset()
) -> pd.DataFrame:
    """One row for each arm, share and seed of ``plan``, in its order: finished, failed, missing, or stopped by a race.

    Without an outcome a cell is stopped where ``stopped`` has the key of its trial, and else missing. Columns are those
    of ``CELL``, ``FIGURES`` and of ``OWN`` for the task; a figure that is not known is missing, never 0.
    """
    rows = [_row(entry, outcomes.get(entry.trial.key), stopped) for entry in plan.entries]
    if any(arm.addition for arm in plan.arms):
        rows = [row | {ADDITION: entry.arm.addition} for row, entry in zip(rows, plan.entries, strict=True)]
    if any(entry.trial.synthesis is not None for entry in plan.entries):
        ended = (outcomes.get(entry.trial.key) for entry in plan.entries)
        counts = (found.n_synthetic if isinstance(found, Finished) else None for found in ended)
        rows = [row | {N_SYNTHETIC: count} for row, count in zip(rows, counts, strict=True)]
    return frame_of(rows, task_of(plan))


def task_of(plan: Plan) -> Task:
    """What the trials of ``plan`` that one compares predict."""
    return plan.entries[0].trial.dataset.task if plan.entries else "classes"


def columns_of(task: Task) -> dict[str, str]:
    """The columns of a table of that task, with their types."""
    return CELL | FIGURES | dict.fromkeys(OWN[task], "float64")


def frame_of(rows: list[dict[str, object]], task: Task = "classes") -> pd.DataFrame:
    """``rows`` as a table with every column of its ``task`` in its type; what a row lacks is missing.

    A row that does not say otherwise is no control, and its treatment is what its arm is called.
    """
    columns, metric = columns_of(task), METRICS[task].column
    filled = [{"treatment": row["arm"], "control": "", "metric": metric, **row} for row in rows]
    columns |= {name: kind for name, kind in SOME.items() if any(name in row for row in rows)}
    return pd.DataFrame(filled, columns=list(columns)).astype(columns)


def write_table(frame: pd.DataFrame, folder: Path) -> tuple[Path, Path]:
    """Paths of ``table.csv`` and ``table.parquet``, written whole into ``folder`` or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    csv, parquet = folder / "table.csv", folder / "table.parquet"
    replace_whole(csv, lambda path: frame.to_csv(path, index=False))
    replace_whole(parquet, lambda path: frame.to_parquet(path, index=False))
    return csv, parquet


def _row(entry: Entry, outcome: Finished | Failed | None, stopped: Collection[str]) -> dict[str, object]:
    never = "stopped" if entry.trial.key in stopped else "missing"
    cell: dict[str, object] = {
        "arm": entry.arm.written,
        "treatment": str(entry.arm.surgery),
        "control": entry.arm.control,
        "names": " = ".join(entry.arm.names),
        "frozen_depth": entry.arm.surgery.frozen_depth,
        "kept": entry.arm.surgery.kept,
        "share": entry.share,
        "seed": entry.seed,
        "key": entry.trial.key,
        "status": never if outcome is None else outcome.status,
    }
    if isinstance(outcome, Failed):
        return cell | {"error": outcome.error}
    return cell if outcome is None else cell | _figures(outcome)


def _figures(outcome: Finished) -> dict[str, object]:
    metrics = outcome.metrics
    return {
        **{column: getattr(metrics, column) for column in OWN[metrics.task]},
        "score": metrics.score,
        "train_score": outcome.train_score,
        "validation_loss": outcome.best_validation.loss,
        "validation_score": outcome.best_validation.score,
        "n_train": outcome.n_train,
        "n_validation": outcome.n_validation,
        "n_test": outcome.n_test,
        "parameters_total": outcome.parameters.total,
        "parameters_trainable": outcome.parameters.trainable,
        "parameters_frozen": outcome.parameters.frozen,
        "steps": outcome.steps,
        "stopped": outcome.stopped,
        "start": outcome.start,
        "start_told": "; ".join(outcome.start_told),
        "seconds": outcome.seconds,
        "peak_memory_bytes": outcome.peak_memory_bytes,
        "device": outcome.environment.device,
    }
