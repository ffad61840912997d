"""What only pages of tags, or of numbers, have: the figures of each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import inf, isinf
from typing import TypeVar

from frostline.analysis.comparisons import distinct_runs, finished
from frostline.analysis.estimates import OneRun
from frostline.analysis.findings import Findings, Terms, estimate_of
from frostline.analysis.frost_line import Recommendation, percent
from frostline.analysis.predicted import Predicted
from frostline.analysis.verdicts import Table
from frostline.outcome import TagFigures, TagMetrics, ValueFigures, ValueMetrics
from frostline.randomness import stream
from frostline.report.drawing import counted
from frostline.report.rows import shown
from frostline.report.section import Section

ABSENT = "\N{EM DASH}"
Figures = TypeVar("Figures", TagFigures, ValueFigures)
Kind = TypeVar("Kind", TagMetrics, ValueMetrics)


def shown_cell(found: Sequence[Recommendation]) -> tuple[str, float] | None:
    """The arm and share that a page shows in detail: at the largest share what is recommended, else the highest mean.

    None where nothing has finished.
    """
    for one in sorted(found, key=lambda one: -one.share):
        arm = one.chosen if one.chosen is not None else one.highest
        if arm is not None:
            return arm, one.share
    return None


def each_tag(findings: Findings, cell: tuple[str, float] | None) -> Section:
    """ROC-AUC, average precision, F1 and positives of each tag, means over the runs of ``cell``; what is left out."""
    metrics = _metrics(findings, cell, TagMetrics)
    if cell is None or not metrics:
        return Section("tags", "Each tag")
    table, (chance, *left) = table_of_tags(metrics, findings.terms)
    return Section("tags", "Each tag", [f"{_of(cell, len(metrics))} {chance}", *left], table=table)


def table_of_tags(metrics: Sequence[TagMetrics], terms: Terms) -> tuple[Table, list[str]]:
    """The figures of each tag, means over the runs whose ``metrics`` these are, and what a reader has to know of them.

    That is what chance would reach, and which tags are left out of the mean.
    """
    by_name = _by_name([one.tags for one in metrics])
    rows = [_tag(name, figures, terms) for name, figures in by_name.items()]
    left = list(dict.fromkeys(name for one in metrics for name in one.left_out))
    told = ["The average precision of chance is the part of positives."]
    if left:
        some = "of all runs" if all(set(left) <= set(one.left_out) for one in metrics) else "of a run or more"
        told.append(
            f"Left out of the mean, as the test part {some} has no item with the tag or none "
            f"without: {', '.join(left)}."
        )
    columns = ("tag", "positives", "ROC-AUC", "average precision", "F1", "threshold")
    return Table(columns, tuple(rows)), told


def each_value(findings: Findings, cell: tuple[str, float] | None, predicted: Predicted | None = None) -> Section:
    """Concordance, correlation and errors of each number, means over the runs of ``cell``; which were constant.

    ``predicted`` is what these runs predicted of each test item: of all of them together more can be said.
    """
    metrics = _metrics(findings, cell, ValueMetrics)
    if cell is None or not metrics:
        return Section("values", "Each number")
    by_name = _by_name([one.values for one in metrics])
    rows = [_value(name, figures, findings.terms) for name, figures in by_name.items()]
    scales = {figures[0].scale for figures in by_name.values() if figures[0].scale is not None}
    own = " and ".join(f"from {low:g} to {high:g}" for low, high in sorted(scales))
    told = [f"{_of(cell, len(metrics))} Errors are on the annotation's own scale{f', {own}' if own else ''}."]
    told += [
        f"In {constant} of {len(figures)} runs all predictions of {name}, or all true values, are one number, so that "
        "its CCC and its correlation count as 0."
        for name, figures in by_name.items()
        if (constant := sum(one.constant for one in figures))
    ]
    told += [] if predicted is None else _over_items(predicted, findings.terms.level)
    columns = ("number", "CCC", "Pearson's r", "R\N{SUPERSCRIPT TWO}", "mean absolute error", "mean squared error")
    return Section("values", "Each number", told, table=Table(columns, tuple(rows)))


def _of(cell: tuple[str, float], runs: int) -> str:
    """Whose figures a table has, and what its intervals speak of."""
    return (
        f"Of {cell[0]} with {percent(cell[1])} of the target data, over {counted(runs, 'run')}. Intervals speak of "
        "other seeds, not of other test items."
    )


def _over_items(predicted: Predicted, level: float) -> list[str]:
    """The concordance of each number over all items, where each was predicted by one run alone."""
    found = predicted.over_items(level)
    if not found or any(isinf(one.high) for one in found):
        return []
    told = "; ".join(
        f"{name} {one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"
        for name, one in zip(predicted.names, found, strict=True)
    )
    return [
        f"CCC over all {len(predicted.ids):,} test items, each predicted by the one run that was tested on it: {told}. "
        "These intervals speak of other items, as if items were independent, and not of other seeds."
    ]


def _metrics(findings: Findings, cell: tuple[str, float] | None, kind: type[Kind]) -> list[Kind]:
    """The metrics of the different finished runs of ``cell``, where they are of that kind."""
    if cell is None:
        return []
    seeds = tuple(finished(distinct_runs(findings.frame), *cell))
    found = [findings.trained[key].metrics for key in findings.keys(*cell, seeds) if key in findings.trained]
    return [metrics for metrics in found if isinstance(metrics, kind)]


def _by_name(runs: Sequence[Sequence[Figures]]) -> dict[str, list[Figures]]:
    """The figures of each output, one a run, by its name."""
    names = list(dict.fromkeys(one.name for run in runs for one in run))
    return {name: [one for run in runs for one in run if one.name == name] for name in names}


def _tag(name: str, figures: Sequence[TagFigures], terms: Terms) -> tuple[str, ...]:
    columns = ([one.roc_auc for one in figures], [one.average_precision for one in figures], [o.f1 for o in figures])
    told = [mean_in_words(values, (0.0, 1.0), terms, name) for values in columns]
    positives, thresholds = [one.positives for one in figures], [one.threshold for one in figures]
    return (name, _range(positives, "{:,}"), *told, _range(thresholds, "{:.2f}"))


def _value(name: str, figures: Sequence[ValueFigures], terms: Terms) -> tuple[str, ...]:
    columns: list[tuple[list[float | None], tuple[float, float]]] = [
        ([one.ccc for one in figures], (-1.0, 1.0)),
        ([one.pearson for one in figures], (-1.0, 1.0)),
        ([one.r2 for one in figures], (-inf, 1.0)),
        ([one.mae for one in figures], (0.0, inf)),
        ([one.mse for one in figures], (0.0, inf)),
    ]
    return (name, *(mean_in_words(values, ends, terms, name) for values, ends in columns))


def mean_in_words(values: Sequence[float | None], ends: tuple[float, float], terms: Terms, name: str) -> str:
    """The mean of ``values``, those that are known, with its interval over the runs, which ends where they do."""
    known = [value for value in values if value is not None]
    found = estimate_of(known, None, terms, stream(0, "output", name, *map(repr, known)))
    if found is None:
        return ABSENT
    if isinstance(found, OneRun):
        return shown(found, "{:.3f}")
    if isinf(found.high):
        return f"{found.value:.3f} (n = {found.n} runs agree and are few: no interval)"
    return shown(found.clipped(*ends), "{:.3f}")


def _range(values: Collection[float], form: str) -> str:
    """The lowest and highest of ``values``, or the only one."""
    return " to ".join(dict.fromkeys(form.format(value) for value in (min(values), max(values))))
