"""What each figure of a report shows, and the same in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from frostline.analysis.comparisons import cells, distinct_runs, finished, means, scratch_arm, stopped
from frostline.analysis.findings import Findings, Terms
from frostline.analysis.frost_line import percent
from frostline.analysis.table import CutPoint
from frostline.report.depth import against_depth, depth_lines, highest_left, hollow, stopped_in_title
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
    panels,
    rendered,
    style,
)
from frostline.report.figure_numbers import SCORES, scores, with_numbers

FROZEN = "frozen layers"


def pictures(findings: Findings, points: Sequence[CutPoint], below: str = FROZEN) -> tuple[Picture, ...]:
    """The metric against depth or cut, and, where there are several shares, against share.

    Single surgeries that differ in how many layers are frozen are drawn against that depth, which ``below`` names; the
    figure against the cut is for families, and for single surgeries of which not all have such a depth.
    """
    frame, terms, found = findings.frame, findings.terms, means(findings)
    lines = [] if points else depth_lines(frame)
    drawn = [against_depth(frame, lines, found, (terms, below))] if lines else []
    placed = {scratch_arm(frame), *(arm for line in lines for arm in line.arms.values())}
    if not lines or not placed.issuperset(frame["arm"]):
        drawn.append(_against_cut(frame, points, found, terms))
    if frame["share"].nunique() > 1:
        drawn.append(_against_share(frame, points, found, terms))
    return tuple(drawn)


def _against_cut(frame: pd.DataFrame, points: Sequence[CutPoint], found: Means, terms: Terms) -> Picture:
    """One panel a share: each seed a dot, each mean with its interval, a line a family; single arms at the right."""
    shares, ticks = sorted({share for _, share in cells(frame)}), _ticks(frame, points)
    with style():
        figure, shown = panels(len(shares), width=max(3.6, 0.42 * len(ticks) + 1.6))
        for axes, share in zip(shown, shares, strict=True):
            draw_scratch(axes, found.get((scratch_arm(frame) or "", share)))
            for offset, line in _dodged(_lines(frame, points)):
                _draw_cuts(axes, frame, found, (line, share, offset))
            axes.set_title(f"{percent(share)} of the target data", fontsize=10)
            crowded = max(map(len, ticks.values())) > 2
            axes.set_xticks(
                list(ticks), list(ticks.values()), rotation=60 if crowded else 0, fontsize=8 if crowded else 10
            )
            axes.set_xlabel("cut: layers below it" if points else "arm")
            axes.set_ylabel(f"test {terms.metric.words}")
        _legend(figure, _lines(frame, points), scratch_arm(frame))
        shown_as = "against cut" if points else "of each arm"
        alt = f"Test {terms.metric.words} {shown_as}, one panel for each of {counted(len(shares), 'share')}. "
        title = f"{terms.metric.title} {shown_as}, {terms.level * 100:g} % intervals{stopped_in_title(frame)}"
        drawn = rendered(figure, f"{terms.metric.slug}-against-cut", title, alt + highest_left(frame, found))
    return with_numbers(drawn, SCORES, scores(frame, found))


def _against_share(frame: pd.DataFrame, points: Sequence[CutPoint], found: Means, terms: Terms) -> Picture:
    """One panel a family: a line for each of its cuts, dark to light from the input up, over the shares (log scale)."""
    groups, never = _groups(frame, points), stopped(frame)
    shares = sorted({share for _, share in cells(frame)})
    with style():
        figure, shown = panels(len(groups), width=5.0)
        for axes, (name, arms) in zip(shown, groups.items(), strict=True):
            for i, (label, arm) in enumerate(arms.items()):
                apart = 1.025 ** (i - (len(arms) - 1) / 2)
                present = {share * apart: found.get((arm, share)) for share in shares}
                shade = _shade(label, i, len(arms))
                draw_means(axes, present, shade)
                hollow(
                    axes, {share * apart: found.get((arm, share)) for share in shares if (arm, share) in never}, shade
                )
            axes.set_xscale("log")
            axes.set_xticks(shares, [percent(share) for share in shares], rotation=45)
            axes.minorticks_off()
            axes.set_title(name, fontsize=10)
            axes.set_xlabel("share of the target data")
            axes.set_ylabel(f"test {terms.metric.words}")
            handles = axes.get_legend_handles_labels()
            axes.legend(*handles, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
        alt = f"Test {terms.metric.words} against the share, one panel for each of {', '.join(groups)}. "
        title = f"{terms.metric.title} against share, {terms.level * 100:g} % intervals{stopped_in_title(frame)}"
        drawn = rendered(figure, f"{terms.metric.slug}-against-share", title, alt + highest_left(frame, found))
    return with_numbers(drawn, SCORES, scores(frame, found))


def _lines(frame: pd.DataFrame, points: Sequence[CutPoint]) -> list[Line]:
    """A line a family, and one without a line for the arms of no family, right of the deepest cut."""
    families = list(dict.fromkeys(point.family for point in points))
    lines = [
        Line(name, {p.cut: p.arm for p in points if p.family == name}, _colour(i), MARKERS[i % len(MARKERS)])
        for i, name in enumerate(families)
    ]
    single = {float(x): label for x, label in _ticks(frame, points).items() if label in _singles(frame, points)}
    return lines + ([Line("single arms", single, "#000000", "X", "none")] if single else [])


def _shade(label: str, position: int, count: int) -> Line:
    """The line of the arm at ``position`` of ``count`` in a panel, darker nearer the input; scratch in grey dashes."""
    marker = MARKERS[position % len(MARKERS)]
    if label.endswith("(scratch)"):
        return Line(label, {}, SCRATCH_GREY, marker, "--")
    return Line(label, {}, mpl.colors.to_hex(mpl.colormaps["viridis"](0.85 * position / max(1, count - 1))), marker)


def _colour(position: int) -> str:
    return OKABE_ITO[position % len(OKABE_ITO)]


def _singles(frame: pd.DataFrame, points: Sequence[CutPoint]) -> list[str]:
    """The arms that stand at no cut; scratch has its own band where there are cuts."""
    placed = {point.arm for point in points} | ({scratch_arm(frame)} if points else set())
    return [str(arm) for arm in frame["arm"].unique() if arm not in placed]


def _ticks(frame: pd.DataFrame, points: Sequence[CutPoint]) -> dict[float, str]:
    cuts: dict[float, str] = {cut: str(cut) for cut in sorted({point.cut for point in points})}
    right = max(cuts, default=-1) + 1
    return cuts | {right + i: arm for i, arm in enumerate(_singles(frame, points))}


def _groups(frame: pd.DataFrame, points: Sequence[CutPoint]) -> dict[str, dict[str, str]]:
    """The panels of the figure against share: the arms of each, by the label they have there; scratch in every one."""
    scratch = scratch_arm(frame)
    base = {} if scratch is None else {f"{scratch} (scratch)": scratch}
    groups = {
        name: {p.arm: p.arm for p in points if p.family == name and p.arm != scratch} | base
        for name in dict.fromkeys(point.family for point in points)
    }
    singles = [arm for arm in _singles(frame, points) if arm != scratch]
    return groups | ({"single arms": {arm: arm for arm in singles} | base} if singles or not groups else {})


def _dodged(lines: Sequence[Line]) -> Iterator[tuple[float, Line]]:
    """Each line with its shift to the side, so that intervals at one cut do not lie on each other."""
    return ((0.16 * (i - (len(lines) - 1) / 2), line) for i, line in enumerate(lines))


def _draw_cuts(axes: Axes, frame: pd.DataFrame, found: Means, where: tuple[Line, float, float]) -> None:
    line, share, offset = where
    never = stopped(frame)
    for cut, arm in line.arms.items():
        draw_runs(axes, cut + offset, list(finished(distinct_runs(frame), arm, share).values()), line)
    present = {cut + offset: found.get((arm, share)) for cut, arm in line.arms.items()}
    draw_means(axes, present, line)
    hollow(axes, {cut + offset: present[cut + offset] for cut, arm in line.arms.items() if (arm, share) in never}, line)


def _legend(figure: Figure, lines: Sequence[Line], scratch: str | None) -> None:
    handles = [Line2D([], [], color=line.colour, marker=line.marker, ls=line.dash) for line in lines]
    labels = [line.name for line in lines]
    if scratch is not None:
        handles.append(Line2D([], [], color=SCRATCH_GREY, ls="--"))
        labels.append(f"scratch ({scratch})")
    figure.legend(handles, labels, loc="outside upper left", ncols=min(4, len(labels)), frameon=False)
