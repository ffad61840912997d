"""What each arm gains over the reference, with intervals, an arm a line."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from frostline.analysis.comparisons import Gain
from frostline.analysis.estimates import Estimate
from frostline.analysis.findings import Terms
from frostline.analysis.frost_line import percent
from frostline.report.drawing import OKABE_ITO, SCRATCH_GREY, Picture, counted, rendered, style
from frostline.report.figure_numbers import ESTIMATE, Value, estimated, with_numbers

COLUMNS = ("share", "arm", "reference", *ESTIMATE, "p", "corrected_p", "smallest_corrected_p", "effect_size_dz")
PANELS_A_ROW = 3


def gain_figure(gained: Sequence[Gain], terms: Terms) -> Picture | None:
    """One panel a share: the gain of each arm over its reference in points; None where nothing can be compared.

    A mark is filled where the corrected p-value is at most 1 - level, and hollow where it is not.
    """
    if all(gain.difference is None for gain in gained):
        return None
    reference = gained[0].reference
    shares, arms = sorted({gain.share for gain in gained}), list(dict.fromkeys(gain.arm for gain in gained))
    with style():
        figure, shown = _panels(len(shares), len(arms))
        for axes, share in zip(shown, shares, strict=True):
            here = {gain.arm: gain for gain in gained if gain.share == share}
            axes.axvline(0, color=SCRATCH_GREY, ls="--", lw=1.2, zorder=1)
            for y, arm in enumerate(arms):
                _draw(axes, y, here[arm], terms)
            axes.set_title(f"{percent(share)} of the target data", fontsize=10)
            axes.set_xlabel(f"gain over {reference}, points")
        shown[0].set_yticks(range(len(arms)), arms)
        shown[0].set_ylim(len(arms) - 0.4, -0.6)
        title = (
            f"Gain over {reference} in points of {terms.metric.words}, {terms.level * 100:g} % intervals; filled: "
            f"corrected p at most {terms.alpha:.2g}; hollow: not shown to differ"
        )
        drawn = rendered(figure, "gain", title, _words(gained, shares, reference, terms))
    return with_numbers(drawn, COLUMNS, [_numbers(gain) for gain in gained])


def shown_to_differ(gain: Gain, terms: Terms) -> bool:
    """True where the corrected p-value of ``gain`` is as small as the level asks."""
    return gain.corrected is not None and gain.corrected <= terms.alpha


def _panels(count: int, arms: int) -> tuple[Figure, list[Axes]]:
    columns = 2 if count == 4 else min(count, PANELS_A_ROW)
    rows = -(-count // columns)
    size = (max(3.2 * columns + 0.8, 6.0), rows * (0.24 * arms + 1.0) + 0.3)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel().tolist()
    for axes in grid[count:]:
        axes.set_visible(False)
    return figure, grid[:count]


def _draw(axes: Axes, y: int, gain: Gain, terms: Terms) -> None:
    found, colour = gain.difference, OKABE_ITO[0]
    if found is None:
        return
    if isinstance(found, Estimate):
        axes.plot([100 * found.low, 100 * found.high], [y, y], color=colour, lw=1.6, zorder=3, solid_capstyle="butt")
    face = colour if shown_to_differ(gain, terms) else "white"
    axes.plot([100 * found.value], [y], "o", color=colour, mfc=face, ms=5, zorder=4)


def _words(gained: Sequence[Gain], shares: Sequence[float], reference: str, terms: Terms) -> str:
    said = [f"Gain of each arm over {reference}, one panel for each of {counted(len(shares), 'share')}."]
    for share in shares:
        here = [gain for gain in gained if gain.share == share]
        above = [gain.arm for gain in here if shown_to_differ(gain, terms) and _value(gain) > 0]
        below = [gain.arm for gain in here if shown_to_differ(gain, terms) and _value(gain) < 0]
        told = [f"shown to gain: {', '.join(above)}"] if above else []
        told += [f"shown to lose: {', '.join(below)}"] if below else []
        said.append(f"At {percent(share)} {'; '.join(told) or 'no arm is shown to differ'}.")
    return " ".join(said)


def _value(gain: Gain) -> float:
    return 0.0 if gain.difference is None else gain.difference.value


def _numbers(gain: Gain) -> tuple[Value, ...]:
    figures = (*estimated(gain.difference), gain.p, gain.corrected, gain.smallest, gain.effect)
    return (gain.share, gain.arm, gain.reference, *figures)
