"""The frost line: how many layers to freeze at each share, and the depths that could be as good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from frostline.analysis.frost_line import Recommendation, percent
from frostline.report.drawing import LEAST_WIDTH, OKABE_ITO, Picture, rendered, style
from frostline.report.figure_numbers import Value, with_numbers

CHOSEN = OKABE_ITO[0]
SHADE = OKABE_ITO[4]
COLUMNS = (
    "share",
    "arm",
    "names",
    "frozen_layers",
    "role",
    "mean",
    "deficit_at_most",
    "trainable_parameters",
    "seconds",
)


@dataclass(frozen=True)
class Place:
    """What stands at one share: the arm recommended (or, undecided, the one of the highest mean), and all possible."""

    share: float
    arm: str | None
    decided: bool
    possible: tuple[str, ...]


def frost_line(frame: pd.DataFrame, found: Sequence[Recommendation], below: str) -> Picture | None:
    """The recommended depth against the share, on the shaded depths of all arms that could still be the best.

    An undecided share has a hollow mark at the depth of the highest mean. Another network than the study's, whose arm
    is not called by its surgery, has no depth there. None where no arm has a depth, or where no share compares any
    arms. ``below`` is what the layers up to a depth are called.
    """
    depths = {
        str(arm): int(depth)
        for arm, treatment, depth in zip(frame["arm"], frame["treatment"], frame["frozen_depth"], strict=True)
        if not pd.isna(depth) and str(arm).startswith(str(treatment))
    }
    places = [_place(one) for one in found]
    if not depths or all(place.arm not in depths for place in places):
        return None
    with style():
        figure = Figure(figsize=(max(LEAST_WIDTH, 1.3 * len(places) + 2), 3.9), layout="constrained")
        axes = figure.subplots()
        _draw(axes, places, depths)
        axes.set_xticks(range(len(places)), [percent(place.share) for place in places])
        axes.set_xlim(-0.6, len(places) - 0.4)
        axes.set_yticks(sorted(set(depths.values())))
        axes.set_ylim(-0.6, max(depths.values()) + 0.7)
        axes.set_xlabel("share of the target data")
        axes.set_ylabel(f"number of {below}")
        axes.grid(visible=False, axis="x")
        _legend(figure)
        drawn = rendered(
            figure, "frost-line", f"The frost line: number of {below} against share", _words(places, depths)
        )
    return with_numbers(drawn, COLUMNS, _numbers(found, depths))


def _place(found: Recommendation) -> Place:
    arm = found.chosen if found.chosen is not None else found.highest
    return Place(found.share, arm, found.chosen is not None, found.possible)


def _draw(axes: Axes, places: Sequence[Place], depths: Mapping[str, int]) -> None:
    # No line leads to or from an undecided share: it would show a course that nothing supports.
    decided = [depths.get(place.arm) if place.decided and place.arm is not None else None for place in places]
    for x, (one, next_) in enumerate(pairwise(decided)):
        if one is not None and next_ is not None:
            axes.plot([x, x + 1], [one, next_], color=CHOSEN, ls="--", lw=1, zorder=2)
    for x, place in enumerate(places):
        for depth in sorted({depths[arm] for arm in place.possible if arm in depths}):
            axes.add_patch(Rectangle((x - 0.38, depth - 0.42), 0.76, 0.84, color=SHADE, alpha=0.3, lw=0, zorder=1))
        if place.arm is not None and place.arm in depths:
            face = CHOSEN if place.decided else "white"
            axes.plot([x], [depths[place.arm]], "o", color=CHOSEN, mfc=face, mew=1.8, ms=9, zorder=3)
            axes.annotate(
                place.arm, (x, depths[place.arm]), (0, 9), textcoords="offset points", ha="center", fontsize=9, zorder=4
            )


def _legend(figure: Figure) -> None:
    entries: dict[str, Line2D | Patch] = {
        "recommended": Line2D([], [], color=CHOSEN, marker="o", ls="none", ms=8),
        "undecided: highest mean": Line2D([], [], color=CHOSEN, marker="o", mfc="white", mew=1.8, ls="none", ms=8),
        "could still be the best": Patch(color=SHADE, alpha=0.3, lw=0),
    }
    figure.legend(list(entries.values()), list(entries), loc="outside upper left", ncols=3, frameon=False, fontsize=9)


def _words(places: Sequence[Place], depths: Mapping[str, int]) -> str:
    return " ".join(_said(place, depths) for place in places)


def _said(place: Place, depths: Mapping[str, int]) -> str:
    where = f"At {percent(place.share)}"
    if place.arm is None:
        return f"{where} nothing can be said."
    others = sorted({depths[arm] for arm in place.possible if arm in depths})
    depth = f"{place.arm}, {depths[place.arm]} frozen" if place.arm in depths else place.arm
    verdict = f"recommended: {depth}" if place.decided else f"undecided, highest mean {depth}"
    word = "depth" if len(others) == 1 else "depths"
    left = f"; could still be the best: {word} {', '.join(map(str, others))}" if others else ""
    return f"{where} {verdict}{left}."


def _numbers(found: Sequence[Recommendation], depths: Mapping[str, int]) -> list[tuple[Value, ...]]:
    return [
        (
            one.share,
            candidate.arm,
            candidate.names,
            depths.get(candidate.arm),
            _role(one, candidate.arm),
            candidate.mean.value,
            None if candidate.standing is None else candidate.standing.deficit,
            candidate.trainable,
            candidate.seconds,
        )
        for one in found
        for candidate in one.candidates
    ]


def _role(found: Recommendation, arm: str) -> str:
    if arm == found.chosen:
        return "recommended"
    return "could still be the best" if arm in found.possible else "not the best"
