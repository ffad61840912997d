"""The items of each layer in a plane, coloured by class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes

from frostline.analysis.frost_line import percent
from frostline.report.drawing import MARKERS, OKABE_ITO, Picture, counted, panels, rendered, style
from frostline.report.figure_numbers import Value, with_numbers
from frostline.scored import LayerMap

COLUMNS = ("share", "seed", "map", "layer", "class", "x", "y", "told")
TITLES = {"pca": "Principal axes of the features of each layer", "t-sne": "t-SNE of the features of each layer"}
MOST_NAMED = 12
"""So many classes have their names beside the panels."""


@dataclass(frozen=True)
class Mapped:
    """The maps of the scoring at a share and a seed, and the names of its classes."""

    share: float
    seed: int
    maps: Sequence[LayerMap]
    names: Sequence[str]


def map_figures(mapped: Mapped) -> Iterator[Picture]:
    """A figure for each kind of map, a panel a layer."""
    names = mapped.names
    for kind in dict.fromkeys(one.kind for one in mapped.maps if one.points):
        here = [one for one in mapped.maps if one.kind == kind]
        there = [one for one in here if one.points]
        with style():
            figure, shown = panels(len(there), width=3.2)
            for axes, one in zip(shown, there, strict=True):
                _draw(axes, one, names)
            if len(names) <= MOST_NAMED:
                handles, labels = shown[0].get_legend_handles_labels()
                figure.legend(handles, labels, loc="outside upper left", ncols=4, frameon=False)
            where = f"at {percent(mapped.share)} of the target data, seed {mapped.seed}"
            title = f"{TITLES[kind]} before training, coloured by class, {where}"
            drawn = rendered(figure, f"layer-map-{kind}", title, _words(here, names))
        yield with_numbers(drawn, COLUMNS, _points(here, mapped))


def _draw(axes: Axes, one: LayerMap, names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        points = [point for point, label in zip(one.points, one.classes, strict=True) if label == number]
        x, y = [point[0] for point in points], [point[1] for point in points]
        marker = MARKERS[number % len(MARKERS)]
        axes.plot(x, y, marker, color=_colour(number, len(names)), ms=3, mew=0, alpha=0.8, label=name)
    axes.set_title(f"{one.layer} ({one.told})", fontsize=9)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect("equal", adjustable="datalim")


def _colour(number: int, count: int) -> str:
    if count <= len(OKABE_ITO):
        return OKABE_ITO[number]
    return mpl.colors.to_hex(mpl.colormaps["turbo"](number / (count - 1)))


def _words(maps: Sequence[LayerMap], names: Sequence[str]) -> str:
    items = max(len(one.points) for one in maps)
    lost = [f"{one.layer} has none: {one.told}." for one in maps if not one.points]
    said = f"{counted(items, 'training item')} of {len(names)} classes"
    return " ".join([f"{said}, a panel a layer, input first; for looking at only, no score is read from it.", *lost])


def _points(maps: Sequence[LayerMap], mapped: Mapped) -> Iterator[Sequence[Value]]:
    for one in maps:
        for (x, y), label in zip(one.points, one.classes, strict=True):
            yield (mapped.share, mapped.seed, one.kind, one.layer, mapped.names[label], x, y, one.told)
