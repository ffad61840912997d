"""Lines, panels and their rendering: the look of every figure, and the same bytes from the same numbers."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from frostline.analysis.estimates import Estimate, OneRun

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Colours that people with any colour vision tell apart (Okabe and Ito 2008); the marker differs as well."""
MARKERS = ("o", "s", "^", "D", "v", "P")
SCRATCH_GREY = "#555555"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "frostline",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "axes.edgecolor": "#777777",
    "figure.facecolor": "white",
}
Means = Mapping[tuple[str, float], Estimate | OneRun | None]


@dataclass(frozen=True)
class Picture:
    """A figure: its file name without ending, a title, what it shows in words, and both formats."""

    name: str
    title: str
    alt: str
    svg: bytes
    png: bytes


@dataclass(frozen=True)
class Line:
    """The arms that one line joins: a name, and the arm at each position of the horizontal axis."""

    name: str
    arms: Mapping[float, str]
    colour: str
    marker: str
    dash: str = "-"


def draw_means(axes: Axes, present: Mapping[float, Estimate | OneRun | None], line: Line) -> None:
    """Means with their intervals, hollow where one run gives none; a cell without a figure leaves a gap."""
    values = [float("nan") if estimate is None else estimate.value for estimate in present.values()]
    axes.plot(list(present), values, color=line.colour, ls=line.dash, lw=1.2, zorder=3)
    for x, estimate in present.items():
        if isinstance(estimate, Estimate):
            axes.plot([x, x], [estimate.low, estimate.high], color=line.colour, lw=1.6, zorder=4, solid_capstyle="butt")
        if estimate is not None:
            face = line.colour if isinstance(estimate, Estimate) else "white"
            axes.plot([x], [estimate.value], line.marker, color=line.colour, mfc=face, ms=5, zorder=5)
    axes.plot([], [], line.marker, ls=line.dash, color=line.colour, label=line.name)


def panels(count: int, width: float) -> tuple[Figure, list[Axes]]:
    """A figure of ``count`` panels in at most as many columns as a page is wide, and its panels."""
    columns = max(1, min(count, 3, int(11 / width)))
    rows = ceil(count / columns)
    figure = Figure(figsize=(columns * width, rows * 3.2 + 0.5), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for axes in grid[count:]:
        axes.set_visible(False)
    return figure, grid[:count]


@contextmanager
def style() -> Iterator[None]:
    """Drawing inside has the look of Frostline's figures; outside nothing changes."""
    with mpl.rc_context(STYLE):
        yield


def rendered(figure: Figure, name: str, title: str, alt: str) -> Picture:
    """``figure`` as a picture in both formats, without a date or the name of a program in either."""
    svg, png = io.BytesIO(), io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    figure.savefig(png, format="png", dpi=150, metadata={"Software": None})
    return Picture(name, title, alt, svg.getvalue(), png.getvalue())
