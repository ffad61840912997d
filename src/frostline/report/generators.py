"""The generators of synthetic items: whether they were well, how near their items come to real ones, and samples."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from frostline.analysis.frost_line import percent
from frostline.analysis.verdicts import Table
from frostline.outcome import Fidelity
from frostline.report.drawing import OKABE_ITO, Picture, counted, panels, rendered, style
from frostline.report.figure_numbers import Value, with_numbers
from frostline.report.generators_found import Generator, LookSeen, seeds_in_words, written
from frostline.report.section import Section

DASH = "\N{EM DASH}"
MOST_SHEETS = 2
WIDEST = 1100
"""Pixels of a sheet of samples on the page; the file of the study folder keeps its own size."""
COLUMNS = ("share", "generator", "step", "critic_loss", "generator_loss", "separation", "variety", "freedom")
COUNTED = ("share", "for", "seeds", "real items", "separation", "variety", "freedom")
NEAR = ("Frechet distance (of real)", "precision", "recall", "closeness", "copied", "synthetic / held-out items")
NEARNESS = (
    " In the features of the network that the arms start from, before it has learned from the target: the Frechet "
    "distance from held-out real items (those that validate), and in brackets that of real items the generator has "
    "learned from; precision, the part of synthetic items among real ones, and recall, the part of real items among "
    "synthetic ones; closeness, how far the nearest learned item is, against held-out items (far below 1 tells of a "
    "generator that repeats what it has seen); copied, the part of synthetic items nearer to a learned one than any "
    "held-out item is. Where several additions share a generator, these figures are those of the items of the first."
)
PANELS = {
    "separation": "pairs that the critic tells apart\n(1: all, 0.5: chance)",
    "variety": "variety of synthetic planes\n(1: that of real ones)",
    "losses": "loss of critic (line)\nand generator (dashes)",
}


def generators_section(found: Sequence[Generator]) -> Section:
    """The health of the generators ``found``, with their curves and samples; empty where there is none."""
    title = "How the synthetic items were made"
    if not found:
        return Section("generators", title)
    failed = [one for one in found if one.failed is not None]
    told = (
        f"{counted(len(found), 'generator')} learned, each from the training items of one share and one split and from "
        "nothing else. Separation is the part of all pairs of a real and a synthetic plane in which the critic scores "
        "the real one higher; variety the mean distance of synthetic planes over that of real ones; freedom that of "
        "planes of one condition over that of all."
    )
    warned = [f"{one.name}, {seeds_in_words(one.seeds)}, {one.verdict}. Trials that need it fail." for one in failed]
    warned += [said for one in found for said in one.outside]
    judged = any(one.near for one in found)
    warned += _never_judged(found)
    columns = (*COUNTED, *(NEAR if judged else ()), "verdict")
    rows = tuple((*_row(one), *(_near(one.near) if judged else ()), one.verdict) for one in found)
    drawn = [picture for picture in (_curves(found), *_sheets(found)) if picture is not None]
    return Section(
        "generators", title, [told + (NEARNESS if judged else ""), *warned], table=Table(columns, rows), figures=drawn
    )


def _row(one: Generator) -> tuple[str, ...]:
    last = one.looks[-1] if one.looks else None
    seen = (DASH,) * 3 if last is None else tuple(f"{x:.2f}" for x in (last.separation, last.variety, last.freedom))
    seeds = ", ".join(map(str, one.seeds))
    return percent(one.synthesis.share), written(one.additions), seeds, f"{one.learned:,}", *seen


def _never_judged(found: Sequence[Generator]) -> list[str]:
    """Why nobody knows how near the items of some generators come to real ones."""
    none = [one for one in found if one.failed is None and one.near is None]
    if not none:
        return []
    whose = "" if len(none) == len(found) else f" of {', '.join(dict.fromkeys(one.name for one in none))}"
    return [
        f"How near the synthetic items{whose} come to real ones was not measured: that takes an arm with them that "
        "starts from weights which have not learned from the target, and at least four items of each kind."
    ]


def _near(found: Fidelity | None) -> tuple[str, ...]:
    """The cells of ``NEAR``."""
    if found is None:
        return (DASH,) * len(NEAR)
    return (
        f"{found.frechet:.3g} ({found.frechet_of_real:.3g})",
        f"{found.precision:.2f}",
        f"{found.recall:.2f}",
        f"{found.closeness:.2f}",
        f"{found.copied * 100:.0f} %",
        f"{found.n_made:,} / {found.n_held:,}",
    )


def _curves(found: Sequence[Generator]) -> Picture | None:
    """Separation, variety and losses against the step, a line a generator, a colour for those of equal name."""
    names = list(dict.fromkeys(one.name for one in found if one.looks))
    if not names:
        return None
    with style():
        figure, shown = panels(len(PANELS), width=3.6)
        for axes, (seen, title) in zip(shown, PANELS.items(), strict=True):
            for one in found:
                colour = OKABE_ITO[names.index(one.name) % len(OKABE_ITO)] if one.looks else ""
                for kind, dash in _lines(seen):
                    steps, values = [look.step for look in one.looks], [getattr(look, kind) for look in one.looks]
                    axes.plot(steps, values, dash, color=colour, lw=1, alpha=0.8)
            axes.set_title(title, fontsize=9)
            axes.set_xlabel("step of the generator")
        handles = [Line2D([], [], color=OKABE_ITO[i % len(OKABE_ITO)]) for i in range(len(names))]
        figure.legend(handles, names, loc="outside upper left", ncols=2, frameon=False, fontsize=8)
        title = "Looks at generator and critic during their training; a line each generator"
        drawn = rendered(figure, "generator-curves", title, _words(found))
    return with_numbers(drawn, COLUMNS, [row for one in found for row in _numbers(one)])


def _lines(seen: str) -> tuple[tuple[str, str], ...]:
    return (("critic_loss", "-"), ("generator_loss", "--")) if seen == "losses" else ((seen, "-"),)


def _words(found: Sequence[Generator]) -> str:
    """Where the generators of each name ended."""
    ends: dict[str, list[LookSeen]] = {}
    for one in found:
        if one.looks:
            ends.setdefault(one.name, []).append(one.looks[-1])
    said = [
        f"{name} ({counted(len(last), 'generator')}): after step {_span([k.step for k in last], '{:.0f}')} separation "
        f"{_span([k.separation for k in last], '{:.2f}')}, variety {_span([k.variety for k in last], '{:.2f}')}."
        for name, last in ends.items()
    ]
    return " ".join(said)


def _span(values: Sequence[float], form: str) -> str:
    return " to ".join(dict.fromkeys(form.format(value) for value in (min(values), max(values))))


def _numbers(one: Generator) -> list[tuple[Value, ...]]:
    share = one.synthesis.share
    return [
        (share, one.name, k.step, k.critic_loss, k.generator_loss, k.separation, k.variety, k.freedom)
        for k in one.looks
    ]


def _sheets(found: Sequence[Generator]) -> list[Picture]:
    """Samples of the generators of the largest share at their first seed, as many as a page carries."""
    largest = max(one.synthesis.share for one in found)
    first: dict[str, Generator] = {}
    for one in found:
        if one.synthesis.share == largest and one.sheet is not None:
            first.setdefault(one.name, one)
    return [_sheet(one, number) for number, one in enumerate(list(first.values())[:MOST_SHEETS])]


def _sheet(one: Generator, number: int) -> Picture:
    assert one.sheet is not None
    image = Image.open(io.BytesIO(one.sheet)).convert("L")
    image.thumbnail((WIDEST, WIDEST))
    with style():
        figure = Figure(figsize=(image.width / 110, image.height / 110))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.imshow(np.asarray(image), cmap="gray", vmin=0, vmax=255, interpolation="none")
        axes.set_axis_off()
        title = f"Real (left) beside synthetic planes (right) of equal conditions: {one.name}, seed {one.seeds[0]}"
        alt = "Real planes are of the training part; under each stands its condition. Grey from the least to the "
        pieces = one.synthesis.dataset.segments
        first = f" Of the {pieces} segments of each the first is shown." if pieces > 1 else ""
        return rendered(figure, f"generator-samples-{number}", title, f"{alt}greatest real number.{first}")
