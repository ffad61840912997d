"""Lines, panels and their rendering: the look of every figure, and the same bytes from the same numbers."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from frostline.analysis.estimates import Estimate, OneRun
from frostline.analysis.frost_line import percent

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Colours that people with any colour vision tell apart (Okabe and Ito 2008); the marker differs as well."""
MARKERS = ("o", "s", "^", "D", "v", "P")
PNG_DPI = 150
LEAST_WIDTH = 6.0
"""Inches that a legend needs, however few the panels."""
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
    """A figure: its file name without ending, a title, what it shows in words, both formats, and its numbers as CSV."""

    name: str
    title: str
    alt: str
    svg: bytes
    png: bytes
    csv: str = ""

    @property
    def files(self) -> dict[str, bytes]:
        """The files of this figure by their endings; the numbers where there are some."""
        kept = {"svg": self.svg, "png": self.png}
        return kept | ({"csv": self.csv.encode()} if self.csv else {})


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


def draw_runs(axes: Axes, x: float, runs: Sequence[float], line: Line) -> None:
    """The single ``runs`` at ``x``, faint and behind the means."""
    axes.plot([x] * len(runs), runs, line.marker, color=line.colour, alpha=0.4, ms=3.5, mew=0, zorder=2)


def draw_scratch(axes: Axes, estimate: Estimate | OneRun | None) -> None:
    """The mean from scratch as a dashed line across ``axes``, and its interval as a grey band."""
    if estimate is not None:
        axes.axhline(estimate.value, color=SCRATCH_GREY, ls="--", lw=1.2, zorder=1)
    if isinstance(estimate, Estimate):
        axes.axhspan(estimate.low, estimate.high, color=SCRATCH_GREY, alpha=0.13, lw=0, zorder=0)


def highest_means(found: Means) -> str:
    """The highest mean of each share in words, with its interval and number of runs."""
    said = []
    for share in sorted({share for _, share in found}):
        here = [(arm, e) for (arm, at), e in found.items() if at == share and e is not None]
        if not here:
            said.append(f"At {percent(share)} nothing has finished.")
            continue
        top = max((estimate for _, estimate in here), key=lambda estimate: estimate.value)
        arms = " and ".join(arm for arm, estimate in here if round(top.value - estimate.value, 12) == 0)
        spread = (
            f"[{top.low:.3f}, {top.high:.3f}], n = {top.n}" if isinstance(top, Estimate) else "one run: no interval"
        )
        said.append(f"At {percent(share)} the highest mean is {arms}, {top.value:.3f} ({spread}).")
    return " ".join(said)


def counted(number: int, noun: str) -> str:
    """``number`` and ``noun``, in the plural where there are several."""
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"


def panels(count: int, width: float) -> tuple[Figure, list[Axes]]:
    """A figure of ``count`` panels in at most as many columns as a page is wide, and its panels."""
    columns = max(1, min(count, 3, int(11 / width)))
    rows = ceil(count / columns)
    figure = Figure(figsize=(max(columns * width, LEAST_WIDTH), rows * 3.2 + 0.5), layout="constrained")
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
    agg = FigureCanvasAgg(figure)
    # Laid out once for both formats, and printed by their canvases: ``savefig`` draws all of it twice for each of them.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    FigureCanvasSVG(figure).print_svg(svg, metadata={"Date": None, "Creator": None})  # type: ignore[no-untyped-call]
    figure.set_dpi(PNG_DPI)
    agg.print_png(png, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return Picture(name, title, alt, svg.getvalue(), png.getvalue())
