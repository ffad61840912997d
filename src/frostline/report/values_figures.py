"""Predicted against true numbers, and, of exactly two, the plane that they span with an arrow for each item."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html import escape

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from frostline.analysis.course import thinned
from frostline.analysis.estimates import Estimate, OneRun
from frostline.analysis.frost_line import percent
from frostline.analysis.predicted import Predicted
from frostline.report.drawing import OKABE_ITO, SCRATCH_GREY, Picture, counted, panels, rendered, style
from frostline.report.figure_numbers import Value, with_numbers

MOST_DOTS = 1_000
"""Dots a panel draws at most; of more items an even selection is drawn, and the words say so."""
FEW_DOTS = 200
"""So few dots are drawn strongly; more of them faintly, so that it shows where they lie upon one another."""
MOST_ARROWS = 150
GROUP = re.compile(rb'<g id="item-(\d+)-[a-z]+">')


def value_figures(found: Predicted) -> tuple[Picture, ...]:
    """Predicted against true, a panel a number; the plane where there are exactly two numbers."""
    return (_against_true(found), *([_plane(found)] if len(found.names) == 2 else []))


def concordances(found: Predicted) -> list[str]:
    """``valence: CCC 0.42 [0.30, 0.53], n = 10 runs, 97 items`` for each number."""
    size = counted(len(found.ids), "item")
    return [
        f"{name}: CCC {_told(estimate)}, {size}" for name, estimate in zip(found.names, found.concordance, strict=True)
    ]


def _told(found: Estimate | OneRun) -> str:
    if isinstance(found, OneRun):
        return f"{found.value:.3f}, one run: no interval"
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}], n = {found.n} runs"


def _against_true(found: Predicted) -> Picture:
    chosen = thinned(len(found.ids), max(1, MOST_DOTS // len(found.runs)))
    with style():
        figure, shown = panels(len(found.names), width=4.2)
        for value, (axes, said) in enumerate(zip(shown, concordances(found), strict=True)):
            _draw(axes, found, value, set(chosen))
            name, _, figures = said.partition(": ")
            axes.set_title(f"{name}\n{figures}", fontsize=9)
            axes.set_xlabel(f"true {found.names[value]}")
            axes.set_ylabel(f"predicted {found.names[value]}")
        title = f"Predicted against true, {_where(found)}. {'; '.join(concordances(found))}"
        alt = f"A dot for each test item and run; on the line a prediction is right.{_left(found, chosen)}"
        drawn = rendered(figure, "predicted-against-true", title, alt)
    columns = ("item", "seed_place", *(f"{side}_{name}" for name in found.names for side in ("true", "predicted")))
    return with_numbers(drawn, columns, _rows(found))


def _draw(axes: Axes, found: Predicted, value: int, chosen: set[int]) -> None:
    low, high = _ends(found, value)
    axes.plot([low, high], [low, high], color=SCRATCH_GREY, ls="--", lw=1, zorder=1)
    alpha = 0.7 if len(chosen) * len(found.runs) <= FEW_DOTS else 0.35
    for run in found.runs:
        kept = [i for i, place in enumerate(run.places.tolist()) if place in chosen]
        true = found.true[run.places[kept], value]
        axes.plot(true, run.predicted[kept, value], "o", color=OKABE_ITO[0], alpha=alpha, ms=3.5, mew=0, zorder=2)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect("equal")


def _ends(found: Predicted, value: int) -> tuple[float, float]:
    """The range of the true and predicted numbers with a margin."""
    every = [*found.true[:, value], *(number for run in found.runs for number in run.predicted[:, value])]
    room = 0.05 * (max(every) - min(every)) or 0.05
    return min(every) - room, max(every) + room


def _plane(found: Predicted) -> Picture:
    """Where each item lies in the plane of both numbers, and from there an arrow to its mean prediction."""
    chosen, mean = thinned(len(found.ids), MOST_ARROWS), found.mean
    with style():
        figure = Figure(figsize=(6.4, 6.0), layout="constrained")
        axes = figure.subplots()
        for place in chosen:
            (x, y), (to_x, to_y) = found.true[place].tolist(), mean[place].tolist()
            arrow = FancyArrowPatch(
                (x, y), (to_x, to_y), arrowstyle="-|>", mutation_scale=7, shrinkA=0, shrinkB=0, lw=0.8, zorder=2
            )
            arrow.set(color=OKABE_ITO[1], alpha=0.7, gid=f"item-{place}-arrow")
            axes.add_patch(arrow)
            axes.plot([x], [y], "o", color=OKABE_ITO[0], ms=4.5, mew=0, zorder=3, gid=f"item-{place}-true")
        axes.set_xlim(*_ends(found, 0))
        axes.set_ylim(*_ends(found, 1))
        axes.set_xlabel(found.names[0])
        axes.set_ylabel(found.names[1])
        entries = {
            "true": Line2D([], [], color=OKABE_ITO[0], marker="o", ls="none", ms=5),
            "to the mean prediction": Line2D([], [], color=OKABE_ITO[1], marker=">", lw=0.8, ms=5),
        }
        figure.legend(list(entries.values()), list(entries), loc="outside upper left", ncols=2, frameon=False)
        title = f"The plane of {found.names[0]} and {found.names[1]}, {_where(found)}"
        alt = (
            "An arrow for each test item from its true numbers to the mean prediction of "
            f"{counted(len(found.runs), 'run')}; on the page, pointing at it shows which item it is."
            f"{_left(found, chosen)}"
        )
        drawn = rendered(figure, "plane", title, alt)
    return _named(with_numbers(drawn, _mean_columns(found), _mean_rows(found)), found.ids)


def _named(picture: Picture, ids: Sequence[str]) -> Picture:
    """``picture`` with the id of each item as the title of what is drawn of it."""
    return replace(
        picture,
        svg=GROUP.sub(lambda group: group[0] + f"<title>{escape(ids[int(group[1])])}</title>".encode(), picture.svg),
    )


def _where(found: Predicted) -> str:
    return f"{found.arm} with {percent(found.share)} of the target data"


def _left(found: Predicted, chosen: Sequence[int]) -> str:
    if len(chosen) == len(found.ids):
        return ""
    return f" Of {len(found.ids):,} items {len(chosen):,} are drawn, evenly chosen in the order of their ids."


def _rows(found: Predicted) -> list[tuple[Value, ...]]:
    return [
        (found.ids[place], number, *(float(side[value]) for value in range(len(found.names)) for side in sides))
        for number, run in enumerate(found.runs)
        for place, predicted in zip(run.places.tolist(), run.predicted, strict=True)
        for sides in [(found.true[place], predicted)]
    ]


def _mean_columns(found: Predicted) -> tuple[str, ...]:
    sides = tuple(f"{side}_{name}" for name in found.names for side in ("true", "mean_predicted"))
    return ("item", "n_runs", *sides)


def _mean_rows(found: Predicted) -> list[tuple[Value, ...]]:
    tested, mean = found.tested.tolist(), found.mean
    return [
        (name, tested[place], *(float(side[place, value]) for value in range(2) for side in (found.true, mean)))
        for place, name in enumerate(found.ids)
    ]
