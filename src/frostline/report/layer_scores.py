"""The part of the page on layer scores: what they said, what trusting them would have cost, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from frostline.analysis.findings import Findings
from frostline.analysis.frost_line import percent
from frostline.analysis.layer_cuts import LayerCuts
from frostline.analysis.layer_scores import (
    TO_BEAT,
    Trusted,
    judging,
    published_rows,
    published_scores,
    scores_table,
    trusted,
)
from frostline.analysis.table import cut_points
from frostline.analysis.verdicts import Table
from frostline.errors import DataFault
from frostline.outcome import Failed
from frostline.report.alike_figures import alike_figures
from frostline.report.drawing import Picture
from frostline.report.map_figures import Mapped, map_figures
from frostline.report.score_figures import regret_figure, scores_figure
from frostline.report.scored_words import lacking, left_empty, of_heads, scored_what
from frostline.report.section import Section
from frostline.scored import Scored
from frostline.scoring.cluster_files import write_cluster_file
from frostline.scoring.trust import Interval, Trust
from frostline.spec.plan import Plan
from frostline.spec.study import Study
from frostline.whole_files import replace_whole

TITLE = "What layer scores say before training"
COLUMNS = (
    "share", "cuts", "score", "rank correlation", "ceiling", "layer it picks", "best layer", "regret, points", "seeds"
)  # fmt: skip
READ = (
    "A layer stands for the arm that keeps it and all below it. The rank correlation (Spearman) is that of mean "
    "scores with the mean test accuracies that these arms reached, over layers; the ceiling is what a score that "
    "knew the true accuracies would reach on average, for accuracies of so few seeds are noisy themselves. Regret "
    "is the accuracy that is lost by cutting above the layer with the highest score instead of at the best cut of "
    "the same runs. Intervals speak of other seeds on the same layers; differences between scores are not tested."
)
UNKNOWN_CLUSTERS = (
    "The files do not say by which clusters, on how many items, or of which weights. Layers are judged by the adjusted "
    "Rand index. A repeat is paired with that of the same number among the cuts, as if both had drawn the same items."
)
FEW_SEEDS = 10
TOO_NARROW = (
    "With so few seeds the intervals of rank correlations may be too narrow: in simulated studies of 5 noisy "
    "seeds they held what endless seeds would show in 81 % instead of 95 %."
)


@dataclass(frozen=True, eq=False)
class LayerScores:
    """The scores of a study as a table, what trusting them would have come to, and what is missing or failed."""

    frame: pd.DataFrame
    trusted: Sequence[Trusted]
    lacking: Sequence[str]
    mapped: Mapped | None

    def pictures(self, level: float) -> list[Picture]:
        """The value of each layer, the regret of each score, how alike layers are, and maps, where known."""
        drawn = (scores_figure(self.frame, level), regret_figure(self.trusted, level))
        maps = () if self.mapped is None else map_figures(self.mapped)
        alike = alike_figures(self.frame, level)
        return [picture for picture in (*drawn, *alike, *maps) if picture is not None]


def layer_scores(
    study: Study, plan: Plan, findings: Findings, scores: Mapping[str, Scored | Failed]
) -> LayerScores | None:
    """What is known of the ``scores`` that ``study`` asks for; None where it asks for none."""
    if not plan.scorings:
        return None
    frame = scores_table(plan, scores)
    found = trusted(frame, findings, cut_points(study), study.network.layer_names)
    return LayerScores(frame, found, lacking(plan, scores), _mapped(study, plan, scores))


def scores_of_files(paths: Sequence[Path], cuts: LayerCuts) -> LayerScores | None:
    """The scores in the published files at ``paths``, held against published layer cuts; None where there are none.

    Raises:
        DataFault: every fault of a file, or cuts deeper than the layers that were scored.
    """
    if not paths:
        return None
    frame = published_scores(paths)
    layers, deepest = list(dict.fromkeys(frame["layer"])), max(point.cut for point in cuts.points)
    if deepest != len(layers):
        raise DataFault(
            f"{', '.join(path.name for path in paths)}: scores of {len(layers)} layers ({', '.join(layers)}), but the "
            f"deepest cut is {deepest}; expected files of one network"
        )
    return LayerScores(frame, trusted(frame, Findings(cuts.frame), cuts.points, layers), (), None)


def section_of_files(scores: LayerScores | None, pictures: Sequence[Picture]) -> Section:
    """The part of the page on published scores; empty where no file of them was given."""
    if scores is None:
        return Section("scores", TITLE)
    rows = tuple(_row(one) for one in scores.trusted)
    names = ", ".join(judging(scores.frame))
    told = [f"Scores that others published: {names}. {UNKNOWN_CLUSTERS}", READ]
    items = _to_beat(scores.trusted)
    return Section("scores", TITLE, told, items, table=Table(COLUMNS, rows), figures=pictures)


def section(study: Study, scores: LayerScores | None, pictures: Sequence[Picture]) -> Section:
    """The part of the page with its ``pictures``; empty where nothing was to be scored."""
    if scores is None or study.scores is None:
        return Section("scores", TITLE)
    told = [*scored_what(study, scores.frame), *scores.lacking]
    if scores.trusted:
        told.append(READ)
        told += [TOO_NARROW] if any(one.found and one.found.regret.n < FEW_SEEDS for one in scores.trusted) else []
    rows = tuple(_row(one) for one in scores.trusted)
    items = [*_to_beat(scores.trusted), *of_heads(scores.frame), *left_empty(scores.frame)]
    return Section("scores", TITLE, told, items, table=Table(COLUMNS, rows) if rows else None, figures=pictures)


def write_clusters(scores: LayerScores | None, folder: Path) -> list[str]:
    """The names of the files written into ``folder``: the scores of each kind of clusters, in the published layout."""
    written = []
    frame = scores_table(Plan(()), {}) if scores is None else scores.frame
    for score in judging(frame):
        rows = published_rows(frame, score)
        if len(rows):
            written.append(f"{score}_cluster.json")
            replace_whole(folder / written[-1], partial(write_cluster_file, rows))
    return written


def _mapped(study: Study, plan: Plan, scores: Mapping[str, Scored | Failed]) -> Mapped | None:
    """The maps at the largest share that has some, with the first seed that has."""
    for cell in sorted(plan.scored, key=lambda cell: -cell.share):
        found = scores.get(cell.scoring.key)
        if isinstance(found, Scored) and found.maps:
            return Mapped(cell.share, cell.seed, found.maps, study.dataset.class_names)
    return None


def _row(one: Trusted) -> tuple[str, ...]:
    where = (percent(one.share), one.family, _named(one.score))
    if one.found is None:
        return (*where, one.why.replace("\n  ", " "), *[""] * (len(COLUMNS) - len(where) - 1))
    found = one.found
    ceiling = "unknown below 4 seeds" if found.ceiling is None else f"{found.ceiling:.2f}"
    figures = _span(found.spearman, 1, "{:+.2f}"), ceiling, found.picked, found.best, _span(found.regret, 100, "{:.1f}")
    return (*where, *figures, str(found.regret.n))


def _named(score: str) -> str:
    return f"{score} (to beat)" if score in TO_BEAT else score


def _span(found: Interval, unit: float, form: str) -> str:
    """``found`` in ``unit`` with its interval, or without one where so few seeds give none."""
    value = form.format(unit * found.value)
    if found.low is None or found.high is None:
        return f"{value} ({'one seed' if found.n == 1 else f'{found.n} seeds'}: no interval)"
    return f"{value} [{form.format(unit * found.low)}, {form.format(unit * found.high)}]"


def _to_beat(found: Sequence[Trusted]) -> list[str]:
    """For each share and family, which scores cost less than those that every score has to beat."""
    cells: dict[tuple[float, str], dict[str, Trust]] = {}
    for one in found:
        if one.found is not None:
            cells.setdefault((one.share, one.family), {})[one.score] = one.found
    return [_compared(share, family, here) for (share, family), here in cells.items()]


def _compared(share: float, family: str, here: Mapping[str, Trust]) -> str:
    where = f"At {percent(share)}, {family}"
    bars = {name: here[name].regret for name in TO_BEAT if name in here}
    if not bars:
        return (
            f"{where}: neither the neighbours nor a probe were scored, so that no other score can be said to be worth "
            "its trouble; add neighbours and probe."
        )
    told = " and ".join(f"{name} {_span(regret, 100, '{:.1f}')} points" for name, regret in bars.items())
    n = next(iter(bars.values())).n
    least = min(regret.value for regret in bars.values())
    better = [name for name, one in here.items() if name not in TO_BEAT and one.regret.value < least]
    others = [name for name in here if name not in TO_BEAT]
    if not others:
        return f"{where}: the regret of trusting {told} (n = {n} seeds)."
    said = f"lower: {', '.join(better)}" if better else f"no other score is lower ({', '.join(others)})"
    return f"{where}: the regret of trusting the scores to beat is {told} (n = {n} seeds); {said}."
