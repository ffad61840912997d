"""How alike layers are, as heat maps: two layers of a start, and each layer of an arm before and after its training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from frostline.analysis.estimates import summary
from frostline.analysis.frost_line import percent
from frostline.randomness import stream
from frostline.report.drawing import Picture, counted, panels, rendered, style
from frostline.report.figure_numbers import ESTIMATE, Value, estimated, with_numbers
from frostline.spec.scoring import ScoreCard, score_cards

MOST_WRITTEN = 10
"""So many columns have their numbers written in them."""
LEAST_READABLE = 0.6
"""Below this value the colour is dark."""
BETWEEN = ("share", "score", "layer", "other", *ESTIMATE)
AFTER = ("share", "score", "arm", "layer", *ESTIMATE)


def alike_figures(frame: pd.DataFrame, level: float) -> Iterator[Picture]:
    """A figure for each score of two layers, and of two states, that has values: a panel a share, means over seeds."""
    for name, card in score_cards().items():
        here = frame[(frame["score"] == name) & frame["value"].notna()]
        here = here.drop_duplicates(["share", "key", "layer", "other"])
        if len(here) and card.of == "layers":
            yield _between(here, card, level)
        elif len(here) and card.of == "states":
            yield _after(here, card, level)


def _between(here: pd.DataFrame, card: ScoreCard, level: float) -> Picture:
    layers = list(dict.fromkeys([*here["layer"], *here["other"]]))
    drawn = _drawn(here, ("layer", "other"), (layers, layers), f"layer-{card.name}", f"{_title(card)} of the start")
    return with_numbers(drawn, BETWEEN, _rows(here, ("layer", "other"), level))


def _after(here: pd.DataFrame, card: ScoreCard, level: float) -> Picture:
    arms, layers = list(dict.fromkeys(here["arm"])), list(dict.fromkeys(here["layer"]))
    title = f"{_title(card)}, before and after training"
    drawn = _drawn(here, ("arm", "layer"), (arms, layers), f"layer-{card.name}", title)
    return with_numbers(drawn, AFTER, _rows(here, ("arm", "layer"), level))


def _title(card: ScoreCard) -> str:
    return f"{card.title[0].upper()}{card.title[1:]}"


def _drawn(
    here: pd.DataFrame, columns: tuple[str, str], names: tuple[Sequence[str], Sequence[str]], name: str, title: str
) -> Picture:
    shares, (rows, across) = list(dict.fromkeys(here["share"])), names
    alike = columns == ("layer", "other")
    with style():
        figure, shown = panels(len(shares), width=max(3.6, 0.34 * len(across) + 1.6))
        figure.set_figheight(-(-len(shares) // 3) * max(3.2, 0.26 * len(rows) + 1.4) + 0.5)
        for axes, share in zip(shown, shares, strict=True):
            means = here[here["share"] == share].groupby(list(columns))["value"].mean().unstack()
            means = means.reindex(index=rows, columns=across)
            if alike:
                means = means.fillna(means.T)
                means = means.mask(np.eye(len(rows), dtype=bool), 1.0)
            _heat(axes, means)
            axes.set_title(f"{percent(share)} of the target data", fontsize=10)
        told = f"{title}: mean over seeds, from 0 (dark) to 1 (bright)"
        return rendered(figure, name, told, _words(here, columns, shares))


def _heat(axes: Axes, means: pd.DataFrame) -> None:
    values = means.to_numpy(dtype=float)
    axes.imshow(values, vmin=0, vmax=1, cmap="viridis", aspect="auto")
    axes.set_xticks(range(len(means.columns)), list(means.columns), rotation=60, fontsize=8)
    axes.set_yticks(range(len(means)), list(means.index), fontsize=8)
    axes.grid(visible=False)
    if len(means.columns) > MOST_WRITTEN:
        return
    for (row, column), value in ((place, values[place]) for place in _places(values.shape)):
        if value == value:  # nan is none
            colour = "black" if value > LEAST_READABLE else "white"
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=7, color=colour)


def _places(shape: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    return ((row, column) for row in range(shape[0]) for column in range(shape[1]))


def _words(here: pd.DataFrame, columns: tuple[str, str], shares: Sequence[float]) -> str:
    """The lowest mean of each share, which is where layers differ most."""
    said = []
    for share in shares:
        means = here[here["share"] == share].groupby(list(columns))["value"].mean().reset_index()
        names = (means[column].tolist() for column in (*columns, "value"))
        one, other, least = min(zip(*names, strict=True), key=lambda found: float(found[2]))
        between = f"Least alike at {percent(share)}: {one} and {other}"
        after = f"Farthest from its start at {percent(share)}: {other} of {one}"
        said.append(f"{between if columns[1] == 'other' else after}, {least:.2f}.")
    return f"A heat map for each of {counted(len(shares), 'share')}. {' '.join(said)}"


def _rows(here: pd.DataFrame, columns: tuple[str, str], level: float) -> Iterator[tuple[Value, ...]]:
    for _, values in here.groupby(["share", "score", *columns], sort=False):
        found = summary(values["value"].tolist(), level, stream(0, "bootstrap"))
        first = values.iloc[0]
        yield (float(first["share"]), *(str(first[name]) for name in ("score", *columns)), *estimated(found))
