"""What a score costs: trainable parameters and seconds of training, with the recommended arm marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from frostline.analysis.estimates import Estimate
from frostline.analysis.findings import Terms
from frostline.analysis.frost_line import Candidate, Recommendation, percent
from frostline.report.drawing import MARKERS, Means, Picture, rendered, style
from frostline.report.figure_numbers import ESTIMATE, Value, estimated, with_numbers

COLUMNS = ("share", "arm", "names", "trainable_parameters", "seconds", "peak_memory_bytes", "recommended", *ESTIMATE)
FAR = 20.0
"""Costs that differ by a larger factor are drawn on a logarithmic axis."""
AXES = {"trainable": "trainable parameters", "seconds": "seconds of one training (median)"}


@dataclass(frozen=True)
class Priced:
    """An arm at a share with its costs by the keys of ``AXES``, and whether it is recommended there."""

    share: float
    arm: str
    costs: dict[str, float]
    recommended: bool


def cost_figure(found: Sequence[Recommendation], means: Means, terms: Terms) -> Picture | None:
    """The metric against each cost that is known, a mark an arm and share; the recommended arm is ringed and named.

    None where no cost is known.
    """
    priced = [_priced(one, candidate) for one in found for candidate in one.candidates]
    kinds = [kind for kind in AXES if any(kind in one.costs for one in priced)]
    if not kinds:
        return None
    shares = sorted({one.share for one in priced})
    with style():
        figure = Figure(figsize=(5.2 * len(kinds) + 0.4, 4.2), layout="constrained")
        grid: list[Axes] = figure.subplots(1, len(kinds), squeeze=False, sharey=True).ravel().tolist()
        for axes, kind in zip(grid, kinds, strict=True):
            _draw(axes, kind, priced, means)
        grid[0].set_ylabel(f"test {terms.metric.words}")
        handles = [Line2D([], [], color=_colour(i, shares), marker=_marker(i), ls="none") for i in range(len(shares))]
        labels = [percent(share) for share in shares]
        handles.append(Line2D([], [], color="#000000", marker="o", mfc="none", ls="none", ms=11))
        figure.legend(handles, [*labels, "recommended"], loc="outside upper left", ncols=6, frameon=False, fontsize=9)
        title = f"{terms.metric.title} against what it costs, by share, {terms.level * 100:g} % intervals"
        drawn = rendered(figure, "cost", title, _words(found, terms))
    return with_numbers(drawn, COLUMNS, _numbers(found, means))


def _priced(found: Recommendation, candidate: Candidate) -> Priced:
    costs = {"trainable": candidate.trainable, "seconds": candidate.seconds}
    known = {kind: float(cost) for kind, cost in costs.items() if cost is not None}
    return Priced(found.share, candidate.arm, known, candidate.arm == found.chosen)


def _draw(axes: Axes, kind: str, priced: Sequence[Priced], means: Means) -> None:
    shares = sorted({one.share for one in priced})
    known = [one for one in priced if kind in one.costs]
    for one in known:
        x, mean, place = one.costs[kind], means.get((one.arm, one.share)), shares.index(one.share)
        if mean is None:
            continue
        colour = _colour(place, shares)
        if isinstance(mean, Estimate):
            axes.plot([x, x], [mean.low, mean.high], color=colour, lw=1.2, alpha=0.6, zorder=2)
        axes.plot([x], [mean.value], _marker(place), color=colour, ms=5, zorder=3)
        if one.recommended:
            axes.plot([x], [mean.value], "o", color="#000000", mfc="none", ms=12, mew=1.3, zorder=4)
            axes.annotate(one.arm, (x, mean.value), (9, -3), textcoords="offset points", fontsize=9, zorder=5)
    costs = [one.costs[kind] for one in known if one.costs[kind] > 0]
    if costs and max(costs) > FAR * min(costs):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda cost, _: f"{cost:,.6g}"))
    axes.tick_params(axis="x", labelrotation=30)
    axes.set_xlabel(AXES[kind])


def _colour(place: int, shares: Sequence[float]) -> str:
    return mpl.colors.to_hex(mpl.colormaps["viridis"](0.85 * place / max(1, len(shares) - 1)))


def _marker(place: int) -> str:
    return MARKERS[place % len(MARKERS)]


def _words(found: Sequence[Recommendation], terms: Terms) -> str:
    costs = "trainable parameters and seconds of training"
    said = [f"Test {terms.metric.words} against {costs}, a mark for each arm and share."]
    for one in found:
        chosen = next((candidate for candidate in one.candidates if candidate.arm == one.chosen), None)
        if chosen is None:
            said.append(f"At {percent(one.share)} none is recommended.")
            continue
        paid = [f"{chosen.trainable:,} trainable parameters"] if chosen.trainable is not None else []
        paid += [f"{chosen.seconds:.3g} s"] if chosen.seconds is not None else []
        said.append(f"At {percent(one.share)} {chosen.arm} is recommended, {', '.join(paid) or 'at unknown cost'}.")
    return " ".join(said)


def _numbers(found: Sequence[Recommendation], means: Means) -> list[tuple[Value, ...]]:
    return [
        (
            one.share,
            candidate.arm,
            candidate.names,
            candidate.trainable,
            candidate.seconds,
            candidate.memory_bytes,
            "yes" if candidate.arm == one.chosen else "no",
            *estimated(means.get((candidate.arm, one.share))),
        )
        for one in found
        for candidate in one.candidates
    ]
