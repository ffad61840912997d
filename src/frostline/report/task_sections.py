"""What only pages of tags, or of numbers, have: the figures of each tag, and the items that are predicted worst."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from frostline.analysis.comparisons import distinct_runs, finished
from frostline.analysis.findings import Findings, Terms, estimate_of
from frostline.analysis.frost_line import Recommendation, percent
from frostline.analysis.predicted import Predicted
from frostline.analysis.verdicts import Table
from frostline.outcome import TagFigures, TagMetrics
from frostline.randomness import stream
from frostline.report.drawing import counted
from frostline.report.rows import shown
from frostline.report.section import Section

MOST_ITEMS = 15
ABSENT = "\N{EM DASH}"


def shown_cell(found: Sequence[Recommendation]) -> tuple[str, float] | None:
    """The arm and share that a page shows in detail: at the largest share what is recommended, else the highest mean.

    None where nothing has finished.
    """
    for one in sorted(found, key=lambda one: -one.share):
        arm = one.chosen if one.chosen is not None else one.highest
        if arm is not None:
            return arm, one.share
    return None


def largest_errors(found: Predicted | None) -> Section:
    """The test items whose mean prediction is farthest from the truth."""
    if found is None:
        return Section("errors", "The largest errors")
    tested, mean = found.tested.tolist(), found.mean
    rows = [
        (
            found.ids[place],
            *(f"{side[place, value]:.3g}" for value in range(len(found.names)) for side in (found.true, mean)),
            str(tested[place]),
        )
        for place in found.farthest(MOST_ITEMS)
    ]
    columns = ("item", *(f"{side} {name}" for name in found.names for side in ("true", "predicted")), "runs")
    told = (
        f"The {len(rows)} of {len(found.ids):,} test items whose mean prediction by {found.arm} with "
        f"{percent(found.share)} of the target data is farthest from the truth, the farthest first. A prediction is "
        "the mean over the runs that were tested on the item; distances count each number in standard deviations of "
        "its true values."
    )
    return Section("errors", "The largest errors", [told], table=Table(columns, tuple(rows)))


def each_tag(findings: Findings, cell: tuple[str, float] | None) -> Section:
    """ROC-AUC, average precision, F1 and positives of each tag, means over the runs of ``cell``; what is left out."""
    metrics = [] if cell is None else _metrics(findings, *cell)
    if cell is None or not metrics:
        return Section("tags", "Each tag")
    names = list(dict.fromkeys(tag.name for one in metrics for tag in one.tags))
    rows = [
        _row(name, [tag for one in metrics for tag in one.tags if tag.name == name], findings.terms) for name in names
    ]
    left = list(dict.fromkeys(name for one in metrics for name in one.left_out))
    told = [
        f"Of {cell[0]} with {percent(cell[1])} of the target data, over {counted(len(metrics), 'run')}. Intervals "
        "speak of other seeds, not of other test items. The average precision of chance is the part of positives."
    ]
    if left:
        some = "of all runs" if all(set(left) <= set(one.left_out) for one in metrics) else "of a run or more"
        told.append(
            f"Left out of the mean, as the test part {some} has no item with the tag or none "
            f"without: {', '.join(left)}."
        )
    columns = ("tag", "positives", "ROC-AUC", "average precision", "F1", "threshold")
    return Section("tags", "Each tag", told, table=Table(columns, tuple(rows)))


def _metrics(findings: Findings, arm: str, share: float) -> list[TagMetrics]:
    seeds = tuple(finished(distinct_runs(findings.frame), arm, share))
    found = [findings.trained[key].metrics for key in findings.keys(arm, share, seeds) if key in findings.trained]
    return [metrics for metrics in found if isinstance(metrics, TagMetrics)]


def _row(name: str, figures: Sequence[TagFigures], terms: Terms) -> tuple[str, ...]:
    positives, thresholds = {one.positives for one in figures}, {one.threshold for one in figures}
    areas = [one.roc_auc for one in figures if one.roc_auc is not None]
    precisions = [one.average_precision for one in figures if one.average_precision is not None]
    known = {"area": areas, "precision": precisions, "f1": [one.f1 for one in figures]}
    means = [estimate_of(values, None, terms, stream(0, "tag", name, kind)) for kind, values in known.items()]
    told = [ABSENT if mean is None else shown(mean, "{:.3f}") for mean in means]
    return (name, _range(positives, "{:,}"), *told, _range(thresholds, "{:.2f}"))


def _range(values: Collection[float], form: str) -> str:
    """The lowest and highest of ``values``, or the only one."""
    ends = list(dict.fromkeys(form.format(value) for value in (min(values), max(values))))
    return " to ".join(ends)
