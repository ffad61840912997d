"""What the runs of one arm predicted of each test item where the task is numbers: how near, and where not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from frostline.analysis.comparisons import distinct_runs, finished
from frostline.analysis.contributions import of_concordance
from frostline.analysis.crossed import over_seeds, over_seeds_and_items
from frostline.analysis.estimates import Estimate, OneRun
from frostline.analysis.findings import Findings, score_interval
from frostline.outcome import ValueMetrics


@dataclass(frozen=True, eq=False)
class Run:
    """Places of the items that one run was tested on, and its prediction of each."""

    places: Int64[np.ndarray, " item"]
    predicted: Float64[np.ndarray, "item value"]


@dataclass(frozen=True, eq=False)
class Predicted:
    """The true numbers of every test item of ``arm`` at ``share``, and what each of its ``runs`` predicted.

    Numbers are on the annotation's own scale; ``names`` are theirs, and ``concordance`` is that of each, its interval
    over seeds and items where all runs were tested on the same ones.
    """

    arm: str
    share: float
    names: tuple[str, ...]
    ids: tuple[str, ...]
    true: Float64[np.ndarray, "item value"]
    runs: tuple[Run, ...]
    concordance: tuple[Estimate | OneRun, ...]

    @property
    def tested(self) -> Int64[np.ndarray, " item"]:
        """How many runs were tested on each item."""
        return np.bincount(np.concatenate([run.places for run in self.runs]), minlength=len(self.ids))

    @property
    def mean(self) -> Float64[np.ndarray, "item value"]:
        """The mean prediction of each item over the runs that were tested on it."""
        total = np.zeros_like(self.true)
        for run in self.runs:
            total[run.places] += run.predicted
        return np.asarray(total / self.tested[:, None])

    def over_items(self, level: float) -> tuple[Estimate, ...]:
        """The concordance of each number over all items, with an interval over these, as if they were independent.

        Nothing where an item was tested by several runs, each with a prediction of its own, or where there is but one
        item. ``n`` counts items.
        """
        if len(self.ids) < 2 or bool((self.tested != 1).any()):
            return ()
        columns = zip(self.true.T, self.mean.T, strict=True)
        each = [over_seeds(of_concordance(true, predicted).tolist()) for true, predicted in columns]
        return tuple(one.interval(level).clipped(-1.0, 1.0) for one in each)

    def farthest(self, most: int) -> list[int]:
        """The places of the ``most`` items whose mean prediction is farthest from the truth, the farthest first.

        The distance is Euclid's over the numbers, each in standard deviations of its true values.
        """
        spread = self.true.std(axis=0)
        apart = (self.mean - self.true) / np.where(spread > 0, spread, 1.0)
        order = np.argsort(-np.sqrt((apart**2).sum(axis=1)), kind="stable")
        return [int(place) for place in order[:most]]


def predicted_by(findings: Findings, arm: str, share: float) -> Predicted | None:
    """What the different runs of ``arm`` at ``share`` predicted; None where no predictions of numbers are known."""
    seeds = tuple(finished(distinct_runs(findings.frame), arm, share))
    keys = [key for key in findings.keys(arm, share, seeds) if key in findings.book]
    known = [(one.ids, one.numbers) for one in map(findings.book.__getitem__, keys) if one.numbers is not None]
    if not known:
        return None
    ids = np.unique(np.concatenate([tested for tested, _ in known]))
    places = [np.searchsorted(ids, tested) for tested, _ in known]
    true = np.empty((len(ids), known[0][1].true.shape[1]))
    for at, (_, numbers) in zip(places, known, strict=True):
        true[at] = numbers.true
    runs = tuple(Run(at, numbers.predicted) for at, (_, numbers) in zip(places, known, strict=True))
    concordance = tuple(_concordance(findings, true[:, value], value, runs) for value in range(true.shape[1]))
    names = _names(findings, keys, true.shape[1])
    return Predicted(arm, share, names, tuple(map(str, ids)), true, runs, concordance)


def _concordance(
    findings: Findings, true: Float64[np.ndarray, " item"], value: int, runs: Sequence[Run]
) -> Estimate | OneRun:
    each = [of_concordance(true[run.places], run.predicted[:, value]) for run in runs]
    scores, terms = [float(one.mean()) for one in each], findings.terms
    if len(runs) == 1:
        return OneRun(scores[0])
    if len(true) > 1 and all(len(run.places) == len(true) for run in runs):
        return score_interval(over_seeds_and_items(np.stack(each)), terms)
    return score_interval(over_seeds(scores, terms.overlap), terms)


def _names(findings: Findings, keys: Sequence[str], count: int) -> tuple[str, ...]:
    """What the numbers are called, as the outcome of one of the trials has it."""
    told = (findings.trained[key].metrics for key in keys if key in findings.trained)
    for metrics in told:
        if isinstance(metrics, ValueMetrics):
            return tuple(figures.name for figures in metrics.values)
    return tuple(f"number {place + 1}" for place in range(count))
