"""The figures of layer scores: the value of each layer, and what trusting each score would have cost."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes

from frostline.analysis.estimates import Estimate, OneRun, summary
from frostline.analysis.frost_line import percent
from frostline.analysis.layer_scores import TO_BEAT, Trusted, judged, judging
from frostline.randomness import stream
from frostline.report.drawing import (
    MARKERS,
    OKABE_ITO,
    SCRATCH_GREY,
    Line,
    Picture,
    counted,
    draw_means,
    draw_runs,
    panels,
    rendered,
    style,
)
from frostline.report.figure_numbers import ESTIMATE, Value, estimated, with_numbers
from frostline.scoring.trust import Interval
from frostline.spec.scoring import Figure

Found = Mapping[str, Estimate | OneRun | None]
VALUES = ("share", "score", "figure", "arm", "layer", "other", "kind", "seed", *ESTIMATE, "told")
TRUST = (
    "share", "cuts", "score", "layers", "picked", "best", "seeds", "level",
    *(f"{name}{end}" for name in ("spearman", "kendall", "regret") for end in ("", "_low", "_high")),
    "reliability", "ceiling", "why",
)  # fmt: skip

CALLED = {"ari": "adjusted Rand index", "evidence": "evidence, nats an item", "h_score": "H-score"}
"""How an axis calls what the tables name in short."""


def scores_figure(frame: pd.DataFrame, level: float) -> Picture | None:
    """One panel a score of layers: its value at each layer, a line a share; None where no layer has one."""
    cards = {
        name: figure
        for name, figure in judging(frame).items()
        if frame.loc[frame["score"] == name, "value"].notna().any()
    }
    if not cards:
        return None
    shares = list(dict.fromkeys(frame["share"]))
    with style():
        figure, shown = panels(len(cards), width=3.6)
        for axes, (name, measure) in zip(shown, cards.items(), strict=True):
            for position, share in enumerate(shares):
                aside = 0.12 * (position - (len(shares) - 1) / 2)
                means = _means(_distinct(frame, name, share), measure, level)
                _draw(axes, _distinct(frame, name, share), means, _line(share, position, len(shares)), aside)
            axes.set_title(name, fontsize=10)
            axes.set_ylabel(CALLED.get(measure.name, measure.name))
        handles, labels = shown[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=4, frameon=False)
        title = f"Layer scores before training, {level * 100:g} % intervals over seeds; each seed a faint mark"
        alt = f"The value of {counted(len(cards), 'score')} at each layer of the start, input first, a line a share. "
        alt += "The other figures of clusters (NMI, purity, precision and recall of pairs) stand in the CSV. " * any(
            measure.name == "ari" for measure in cards.values()
        )
        drawn = rendered(figure, "layer-scores", title, alt + _highest(frame, cards, shares))
    return with_numbers(drawn, VALUES, _values(frame, cards, level))


def regret_figure(found: Sequence[Trusted], level: float) -> Picture | None:
    """One panel a share and family: the regret of trusting each score, in points; None where none can be told."""
    told = [one for one in found if one.found is not None]
    if not told:
        return None
    cells = list(dict.fromkeys((one.share, one.family) for one in told))
    names = list(dict.fromkeys(one.score for one in told))
    with style():
        figure, shown = panels(len(cells), width=3.6)
        figure.set_figheight(-(-len(cells) // 3) * (0.24 * len(names) + 1.0) + 0.3)
        for axes, (share, family) in zip(shown, cells, strict=True):
            for one in told:
                if (one.share, one.family) == (share, family) and one.found is not None:
                    _bar(axes, names.index(one.score), one.found.regret, OKABE_ITO[1 if one.score in TO_BEAT else 0])
            axes.axvline(0, color=SCRATCH_GREY, lw=1.0)
            axes.set_yticks(range(len(names)), names, fontsize=8)
            axes.set_ylim(len(names) - 0.4, -0.6)
            axes.set_title(f"{percent(share)}, {family}", fontsize=10)
            axes.set_xlabel("regret, points of accuracy")
        title = f"What trusting each score would have cost, {level * 100:g} % intervals; orange: the scores to beat"
        drawn = rendered(figure, "layer-score-regret", title, _regrets(told))
    return with_numbers(drawn, TRUST, [_numbers(one) for one in found])


def _distinct(frame: pd.DataFrame, score: str, share: float) -> pd.DataFrame:
    """The values of ``score`` at ``share``, a row a scoring: one that serves several seeds counts once."""
    once = frame.drop_duplicates(["share", "key", "score", "figure", "layer", "other"])
    return judged(once, score, share)


def _line(share: float, position: int, count: int) -> Line:
    colour = mpl.colors.to_hex(mpl.colormaps["viridis"](0.85 * position / max(1, count - 1)))
    return Line(percent(share), {}, colour, MARKERS[position % len(MARKERS)])


def _draw(axes: Axes, values: pd.DataFrame, means: Found, line: Line, aside: float) -> None:
    """The values of a score at one share as a line, moved ``aside`` so that lines do not hide each other."""
    layers = [str(layer) for layer in values.columns]
    for place, layer in enumerate(layers):
        draw_runs(axes, place + aside, values[layer].dropna().tolist(), line)
    draw_means(axes, {place + aside: means[layer] for place, layer in enumerate(layers)}, line)
    axes.set_xticks(range(len(layers)), layers, rotation=60, fontsize=8)


def _means(values: pd.DataFrame, figure: Figure, level: float) -> Found:
    """The mean of each layer over scorings, its interval ended where the figure itself ends."""
    found: dict[str, Estimate | OneRun | None] = {}
    for layer in map(str, values.columns):
        one = summary(values[layer].dropna().tolist(), level, stream(0, "bootstrap"))
        least = -math.inf if figure.least is None else figure.least
        most = math.inf if figure.most is None else figure.most
        found[layer] = one.clipped(least, most) if isinstance(one, Estimate) else one
    return found


def _highest(frame: pd.DataFrame, names: Iterable[str], shares: Sequence[float]) -> str:
    said = []
    for share in shares:
        tops = []
        for name in names:
            means = _distinct(frame, name, share).mean().dropna()
            tops += [f"{name} {means.idxmax()}"] if len(means) else []
        said.append(f"Highest at {percent(share)}: {', '.join(tops) or 'nothing has been scored'}.")
    return " ".join(said)


def _values(frame: pd.DataFrame, cards: Mapping[str, Figure], level: float) -> list[tuple[Value, ...]]:
    """A row for each mean that is drawn, then one for every figure of every scoring with its interval over items."""
    rows: list[tuple[Value, ...]] = []
    for share in dict.fromkeys(frame["share"]):
        for name, figure in cards.items():
            for layer, found in _means(_distinct(frame, name, share), figure, level).items():
                rows.append((share, name, figure.name, "", layer, "", "mean", None, *estimated(found), ""))
    once = frame.drop_duplicates(["share", "key", "score", "figure", "layer", "other"]).astype(object)
    for one in once.where(once.notna(), None).to_dict("records"):
        names = (one["score"], one["figure"], one["arm"] or "", one["layer"], one["other"] or "")
        cell = (one["share"], *names, "run", one["seed"])
        rows.append((*cell, one["value"], one["low"], one["high"], one["level"], 1, one["n"], one["told"]))
    return rows


def _bar(axes: Axes, y: int, found: Interval, colour: str) -> None:
    if found.low is not None and found.high is not None:
        axes.plot([100 * found.low, 100 * found.high], [y, y], color=colour, lw=1.6, zorder=3, solid_capstyle="butt")
    axes.plot([100 * found.value], [y], "o", color=colour, mfc=colour if found.n > 1 else "white", ms=5, zorder=4)


def _regrets(told: Sequence[Trusted]) -> str:
    said = []
    for share, family in dict.fromkeys((one.share, one.family) for one in told):
        here = {one.score: one.found for one in told if (one.share, one.family) == (share, family)}
        values = [f"{name} {100 * one.regret.value:.1f}" for name, one in here.items() if one is not None]
        said.append(f"Regret in points at {percent(share)}, {family}: {', '.join(values)}.")
    return " ".join(said)


def _numbers(one: Trusted) -> tuple[Value, ...]:
    where = (one.share, one.family, one.score)
    if one.found is None:
        return (*where, *[None] * (len(TRUST) - len(where) - 1), one.why.replace("\n  ", " "))
    found = one.found
    intervals = (found.spearman, found.kendall, found.regret)
    spans = (value for interval in intervals for value in (interval.value, interval.low, interval.high))
    told = (" ".join(found.layers), found.picked, found.best, found.regret.n, found.regret.level)
    return (*where, *told, *spans, found.reliability, found.ceiling, "")
