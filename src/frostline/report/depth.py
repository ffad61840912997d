"""The metric against frozen depth, for arms that a study names one by one: means, intervals, spread and single runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from statistics import fmean, stdev

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from frostline.analysis.comparisons import cells, distinct_runs, finished, scratch_arm, stopped
from frostline.analysis.depth_lines import lines_of
from frostline.analysis.estimates import Estimate, OneRun
from frostline.analysis.findings import Terms
from frostline.analysis.frost_line import percent
from frostline.report.drawing import (
    MARKERS,
    OKABE_ITO,
    SCRATCH_GREY,
    Line,
    Means,
    Picture,
    counted,
    draw_means,
    draw_runs,
    draw_scratch,
    highest_means,
    panels,
    rendered,
    style,
)
from frostline.report.figure_numbers import SCORES, scores, with_numbers

LEGEND_WIDTH = 6.5
"""Inches that the legend needs; a single panel is not narrower."""


def hollow(axes: Axes, present: Mapping[float, Estimate | OneRun | None], line: Line) -> None:
    """The means of ``present`` as hollow marks over those that are drawn already."""
    for x, estimate in present.items():
        if estimate is not None:
            axes.plot([x], [estimate.value], line.marker, color=line.colour, mfc="white", ms=5, zorder=6)


def highest_left(frame: pd.DataFrame, found: Means) -> str:
    """The highest mean of each share in words, among the arms that no race has stopped."""
    never = stopped(frame)
    return highest_means({cell: estimate for cell, estimate in found.items() if cell not in never})


def stopped_in_title(frame: pd.DataFrame) -> str:
    """What the title of a figure says of the arms of ``frame`` that a race has stopped; nothing where it has none."""
    never, scratch = stopped(frame), scratch_arm(frame)
    if not never:
        return ""
    shares = [percent(share) for share in sorted({share for arm, share in never if arm == scratch})]
    low = f" (at {', '.join(shares)} the line from scratch, too)" if shares else ""
    return f"; hollow: stopped by the race, biased low{low}"


def depth_lines(frame: pd.DataFrame) -> list[Line]:
    """The lines of ``frame`` by depth, as the analysis has them, with a colour and a marker each."""
    styles = zip(OKABE_ITO, MARKERS, strict=False)
    return [
        Line(line.name, {float(depth): arm for depth, arm in line.arms.items()}, colour, marker)
        for line, (colour, marker) in zip(lines_of(frame), cycle(styles), strict=False)
    ]


def against_depth(frame: pd.DataFrame, lines: Sequence[Line], found: Means, named: tuple[Terms, str]) -> Picture:
    """One panel a share: single runs, means with intervals, and one standard deviation of the runs as a band.

    ``named`` are the terms and what the layers up to the depth are called.
    """
    (terms, below), never = named, stopped(frame)
    shares, ticks = sorted({share for _, share in cells(frame)}), _ticks(lines)
    scratch = scratch_arm(frame)
    with style():
        figure, shown = panels(
            len(shares), width=max(5.0 if len(shares) > 1 else LEGEND_WIDTH, 0.24 * max(ticks) + 1.6)
        )
        for axes, share in zip(shown, shares, strict=True):
            draw_scratch(axes, found.get((scratch or "", share)))
            for line in lines:
                present = {x: found.get((arm, share)) for x, arm in line.arms.items()}
                _draw(axes, _runs(frame, line, share), present, line)
                hollow(axes, {x: e for x, e in present.items() if (line.arms[x], share) in never}, line)
            axes.set_title(f"{percent(share)} of the target data", fontsize=10)
            axes.set_xticks(list(ticks), list(ticks.values()), rotation=60, fontsize=8)
            axes.set_xlabel(f"number of {below}")
            axes.set_ylabel(f"test {terms.metric.words}")
        _legend(figure, lines, scratch, terms.level)
        each = f"one panel for each of {counted(len(shares), 'share')}"
        alt = f"Test {terms.metric.words} against the number of {below}, {each}. "
        title = (
            f"{terms.metric.title} against the number of {below}; band: one standard deviation of the single runs; "
            f"bars: {terms.level * 100:g} % interval of the mean; dots: single runs{stopped_in_title(frame)}"
        )
        drawn = rendered(figure, f"{terms.metric.slug}-against-depth", title, alt + highest_left(frame, found))
    return with_numbers(drawn, SCORES, scores(frame, found))


def _runs(frame: pd.DataFrame, line: Line, share: float) -> dict[float, list[float]]:
    """The score of each different finished run at each depth of ``line``."""
    once = distinct_runs(frame)
    return {depth: list(finished(once, arm, share).values()) for depth, arm in line.arms.items()}


def spread(runs: Mapping[float, Sequence[float]]) -> dict[float, tuple[float, float]]:
    """One standard deviation of the runs at each depth to either side of their mean, where there are two or more."""
    several = {depth: values for depth, values in runs.items() if len(values) > 1}
    return {depth: (fmean(v) - stdev(v), fmean(v) + stdev(v)) for depth, v in several.items()}


def _draw(
    axes: Axes, runs: Mapping[float, Sequence[float]], present: Mapping[float, Estimate | OneRun | None], line: Line
) -> None:
    band = spread(runs)
    lows, highs = [low for low, _ in band.values()], [high for _, high in band.values()]
    axes.fill_between(list(band), lows, highs, color=line.colour, alpha=0.15, lw=0, zorder=1)
    for depth, values in runs.items():
        draw_runs(axes, depth, values, line)
    draw_means(axes, present, line)


def _ticks(lines: Sequence[Line]) -> dict[float, str]:
    """What stands at each depth: ``f4: f4t9, f4r9``, and the depth alone where it says the same."""
    arms: dict[float, dict[str, None]] = {}
    for line in lines:
        for depth, arm in line.arms.items():
            arms.setdefault(depth, {})[arm] = None
    return {
        depth: f"f{depth:g}" if list(named) == [f"f{depth:g}"] else f"f{depth:g}: {', '.join(named)}"
        for depth, named in sorted(arms.items())
    }


def _legend(figure: Figure, lines: Sequence[Line], scratch: str | None, level: float) -> None:
    grey = SCRATCH_GREY
    entries: dict[str, Line2D | Patch] = {
        f"mean, {line.name}": Line2D([], [], color=line.colour, marker=line.marker) for line in lines
    }
    entries[f"{level * 100:g} % interval of the mean"] = Line2D(
        [], [], color=grey, marker="|", ms=12, mew=1.6, ls="none"
    )
    entries["one standard deviation"] = Patch(color=lines[0].colour, alpha=0.15, lw=0)
    entries["single run"] = Line2D([], [], color=lines[0].colour, marker="o", alpha=0.4, ms=3.5, mew=0, ls="none")
    if scratch is not None:
        entries[f"scratch ({scratch}), mean and interval"] = Line2D([], [], color=grey, ls="--")
    figure.legend(list(entries.values()), list(entries), loc="outside upper left", ncols=2, frameon=False, fontsize=9)
