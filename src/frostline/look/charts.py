"""The two figures of a dataset: how many items a class has, and how long or large its files are."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from matplotlib.figure import Figure

from frostline.look.division import ClassRow
from frostline.look.extents import Extents
from frostline.report.drawing import OKABE_ITO, Picture, rendered, style

WIDTH_IN = 7.0


def balance(rows: Sequence[ClassRow]) -> Picture:
    """A bar a class, in the order of the classes, downwards."""
    names, counts = [row.name for row in rows], [row.items for row in rows]
    with style():
        figure = Figure(figsize=(WIDTH_IN, 0.9 + 0.24 * len(rows)), layout="constrained")
        axes = figure.subplots()
        bars = axes.barh(range(len(rows)), counts, height=0.7, color=OKABE_ITO[0])
        axes.bar_label(bars, [f"{count:,}" for count in counts], padding=3, fontsize=8)
        axes.set_yticks(range(len(rows)), names, fontsize=9)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlabel("items that can be used")
        axes.grid(visible=False, axis="y")
        return rendered(figure, "balance", "Items of each class", _extremes(rows))


def histogram(extents: Extents) -> Picture:
    """How many files are how long, or how large, with their median."""
    middle = median(extents.values)
    with style():
        figure = Figure(figsize=(WIDTH_IN, 2.6), layout="constrained")
        axes = figure.subplots()
        axes.hist(extents.values, bins=30, color=OKABE_ITO[5], edgecolor="white", linewidth=0.5)
        axes.axvline(middle, color=OKABE_ITO[1], lw=1.6, label=f"median {middle:.4g} {extents.unit}")
        axes.set_xlabel(f"{extents.title.lower()}, {extents.unit}")
        axes.set_ylabel("files")
        axes.legend(frameon=False)
        return rendered(figure, "extents", extents.title, extents.words[0])


def _extremes(rows: Sequence[ClassRow]) -> str:
    most, least = max(rows, key=lambda row: row.items), min(rows, key=lambda row: row.items)
    if most.items == least.items:
        return f"All {len(rows)} classes have {most.items:,} items."
    return f"{len(rows)} classes; most items: {most.name}, {most.items:,}; fewest: {least.name}, {least.items:,}."
