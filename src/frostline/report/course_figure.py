"""The validation figure against the step of training, all arms of a share in one panel, with their spread."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes

from frostline.analysis.comparisons import SCRATCH
from frostline.analysis.course import Course
from frostline.analysis.findings import Terms
from frostline.analysis.frost_line import percent
from frostline.report.drawing import MARKERS, SCRATCH_GREY, Line, Picture, counted, panels, rendered, style
from frostline.report.figure_numbers import Value, with_numbers

COLUMNS = ("share", "arm", "step", "mean", "standard_deviation", "n_runs", "n_runs_in_training")
LEGEND_ROWS = 18


def course_figure(found: Sequence[Course], terms: Terms) -> Picture | None:
    """One panel a share: a line an arm, its mean over the runs, and one standard deviation of them as a band.

    None where no run was validated twice.
    """
    if not found:
        return None
    shares, lines, words = sorted({one.share for one in found}), _lines(found), terms.metric.words
    with style():
        figure, shown = panels(len(shares), width=4.4)
        for axes, share in zip(shown, shares, strict=True):
            for one in found:
                if one.share == share:
                    _draw(axes, one, lines[one.arm])
            axes.set_title(f"{percent(share)} of the target data", fontsize=10)
            axes.set_xlabel("optimiser step")
            axes.set_ylabel(f"validation {words}")
        handles = _handles(shown[0], lines)
        columns = -(-len(handles) // LEGEND_ROWS)
        figure.legend(handles, list(lines), loc="outside right upper", ncols=columns, frameon=False, fontsize=8)
        title = f"Validation {words} against step; band: one standard deviation of the runs"
        drawn = rendered(figure, "validation-against-step", title, _words(found, words))
    rows = [_numbers(one) for one in found]
    return with_numbers(drawn, COLUMNS, [row for of_one in rows for row in of_one])


def _lines(found: Sequence[Course]) -> dict[str, Line]:
    """The look of each arm, the same at every share: dark to light in the order of the study, scratch in grey."""
    arms = list(dict.fromkeys(one.arm for one in found))
    return {
        arm: Line(arm, {}, SCRATCH_GREY, MARKERS[i % len(MARKERS)], "--")
        if SCRATCH.fullmatch(arm)
        else Line(arm, {}, _shade(i, len(arms)), MARKERS[i % len(MARKERS)])
        for i, arm in enumerate(arms)
    }


def _shade(position: int, count: int) -> str:
    return mpl.colors.to_hex(mpl.colormaps["viridis"](0.85 * position / max(1, count - 1)))


def _handles(axes: Axes, lines: dict[str, Line]) -> list[mpl.lines.Line2D]:
    return [
        axes.plot([], [], line.marker, ls=line.dash, color=line.colour, ms=4, label=line.name)[0]
        for line in lines.values()
    ]


def _draw(axes: Axes, one: Course, line: Line) -> None:
    steps, means = [point.step for point in one.points], [point.mean for point in one.points]
    spread = [(point, point.deviation) for point in one.points if point.deviation is not None]
    axes.fill_between(
        [point.step for point, _ in spread],
        [point.mean - deviation for point, deviation in spread],
        [point.mean + deviation for point, deviation in spread],
        color=line.colour,
        alpha=0.13,
        lw=0,
        zorder=1,
    )
    every = max(1, len(steps) // 6)
    axes.plot(steps, means, line.marker, ls=line.dash, color=line.colour, lw=1.2, ms=3.5, markevery=every, zorder=3)


def _words(found: Sequence[Course], words: str) -> str:
    shares = sorted({one.share for one in found})
    said = [
        f"Validation {words} against the optimiser step, one panel for each of {counted(len(shares), 'share')}: the "
        "mean over the runs of each arm. A run that has stopped counts with its last figure."
    ]
    for share in shares:
        here = {one.arm: one.points for one in found if one.share == share}
        top = max(here, key=lambda arm: here[arm][-1].mean)
        last = here[top][-1]
        runs = counted(last.runs, "run")
        said.append(f"At {percent(share)} {top} ends highest, at {last.mean:.3f} after step {last.step} ({runs}).")
    return " ".join(said)


def _numbers(one: Course) -> list[tuple[Value, ...]]:
    return [
        (one.share, one.arm, point.step, point.mean, point.deviation, point.runs, point.training)
        for point in one.points
    ]
