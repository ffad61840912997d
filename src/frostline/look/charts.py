"""The figures of a dataset: how its items are spread over classes, tags or numbers, and how long or large files are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np
from jaxtyping import Float64
from matplotlib.figure import Figure

from frostline.look.division import ClassRow
from frostline.look.extents import Extents
from frostline.report.drawing import OKABE_ITO, Picture, counted, panels, rendered, style

WIDTH_IN = 7.0
BINS = 20


def balance(rows: Sequence[ClassRow]) -> Picture:
    """A bar a class, in the order of the classes, downwards."""
    return _bars({row.name: row.items for row in rows}, "Items of each class", _extremes(rows))


def tag_counts(names: Sequence[str], annotated: Float64[np.ndarray, "item tag"]) -> Picture:
    """A bar a tag, that of the most items first, downwards."""
    counts = dict(zip(names, annotated.sum(axis=0).astype(int).tolist(), strict=True))
    ordered = dict(sorted(counts.items(), key=lambda pair: -pair[1]))
    most, *_, least = [*ordered, *ordered]
    bare = int((annotated.sum(axis=1) == 0).sum())
    told = f"{counted(len(names), 'tag')}; most items: {most}, {counts[most]:,}; fewest: {least}, {counts[least]:,}."
    none = f" Without any of them: {bare:,} of {len(annotated):,} items." if bare else ""
    return _bars(ordered, "Items with each tag", told + none)


def value_histograms(
    names: Sequence[str], annotated: Float64[np.ndarray, "item value"], scale: tuple[float, float] | None
) -> Picture:
    """How many items have which number: a panel each, with the median, over the whole ``scale`` where there is one."""
    medians = np.median(annotated, axis=0).tolist()
    with style():
        figure, shown = panels(len(names), width=4.0)
        for axes, name, numbers, middle in zip(shown, names, annotated.T, medians, strict=True):
            axes.hist(numbers, bins=BINS, range=scale, color=OKABE_ITO[5], edgecolor="white", linewidth=0.5)
            axes.axvline(middle, color=OKABE_ITO[1], lw=1.6, label=f"median {middle:.3g}")
            axes.set_xlim(scale)
            axes.set_xlabel(name)
            axes.set_ylabel("items that can be used")
            axes.legend(frameon=False, fontsize=8)
        spans = zip(names, annotated.min(axis=0).tolist(), annotated.max(axis=0).tolist(), medians, strict=True)
        told = "; ".join(f"{name}: from {low:.3g} to {high:.3g}, median {at:.3g}" for name, low, high, at in spans)
        over = "" if scale is None else f" The annotation reaches from {scale[0]:g} to {scale[1]:g}."
        return rendered(figure, "balance", "Items by their numbers", f"{told}.{over}")


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


def _bars(counts: Mapping[str, int], title: str, alt: str) -> Picture:
    with style():
        figure = Figure(figsize=(WIDTH_IN, 0.9 + 0.24 * len(counts)), layout="constrained")
        axes = figure.subplots()
        bars = axes.barh(range(len(counts)), list(counts.values()), height=0.7, color=OKABE_ITO[0])
        axes.bar_label(bars, [f"{count:,}" for count in counts.values()], padding=3, fontsize=8)
        axes.set_yticks(range(len(counts)), list(counts), fontsize=9)
        axes.set_ylim(len(counts) - 0.4, -0.6)
        axes.set_xlabel("items that can be used")
        axes.grid(visible=False, axis="y")
        return rendered(figure, "balance", title, alt)


def _extremes(rows: Sequence[ClassRow]) -> str:
    most, least = max(rows, key=lambda row: row.items), min(rows, key=lambda row: row.items)
    if most.items == least.items:
        return f"All {len(rows)} classes have {most.items:,} items."
    return f"{len(rows)} classes; most items: {most.name}, {most.items:,}; fewest: {least.name}, {least.items:,}."
