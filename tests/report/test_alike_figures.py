"""Heat maps show how alike two layers of a start are, and how far training took each layer of an arm."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

from frostline.analysis.layer_scores import COLUMNS
from frostline.report.alike_figures import alike_figures
from frostline.report.drawing import Picture


def table(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Rows of scores at one share, each of a scoring of its own seed."""
    usual = {"share": 0.1, "figure": "cka", "arm": "", "other": "", "level": 0.95, "n": 40, "told": ""}
    filled = [{**usual, "key": f"{row.get('arm', '')} {row['seed']}", **row} for row in rows]
    return pd.DataFrame(filled, columns=list(COLUMNS)).astype(COLUMNS)


def numbers(picture: Picture) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(picture.csv)))


@pytest.fixture(scope="module")
def drawn() -> dict[str, Picture]:
    """What two scorings of three layers, and of two arms of them, are drawn as."""
    pairs = [("a", "b", 0.8), ("a", "c", 0.3), ("b", "c", 0.6)]
    rows: list[dict[str, object]] = [
        {"score": "cka-layers", "seed": seed, "layer": one, "other": other, "value": value + 0.1 * seed}
        for seed in (0, 1)
        for one, other, value in pairs
    ]
    rows += [
        {"score": "cka-states", "seed": seed, "arm": arm, "layer": layer, "value": value}
        for seed in (0, 1)
        for arm, values in {"f3": (1.0, 1.0, 1.0), "t3": (0.9, 0.7, 0.5)}.items()
        for layer, value in zip("abc", values, strict=True)
    ]
    return {one.name: one for one in alike_figures(table(rows), 0.95)}


def test_there_is_a_figure_of_layers_and_one_of_states(drawn: dict[str, Picture]) -> None:
    assert list(drawn) == ["layer-cka-layers", "layer-cka-states"]
    assert drawn["layer-cka-layers"].title.startswith("Linear CKA between layers of the start: mean over seeds")


def test_the_layers_that_differ_most_are_told_in_words(drawn: dict[str, Picture]) -> None:
    assert drawn["layer-cka-layers"].alt == "A heat map for each of 1 share. Least alike at 10 %: a and c, 0.35."
    assert drawn["layer-cka-states"].alt.endswith("Farthest from its start at 10 %: c of t3, 0.50.")


def test_every_mean_is_a_number_with_its_interval(drawn: dict[str, Picture]) -> None:
    layers, states = numbers(drawn["layer-cka-layers"]), numbers(drawn["layer-cka-states"])
    assert {(row["layer"], row["other"]): float(row["value"]) for row in layers} == pytest.approx(
        {("a", "b"): 0.85, ("a", "c"): 0.35, ("b", "c"): 0.65}
    )
    assert all(float(row["low"]) < float(row["value"]) < float(row["high"]) for row in layers)
    assert [(row["arm"], row["layer"]) for row in states] == [(arm, layer) for arm in ("f3", "t3") for layer in "abc"]


def test_a_layer_is_as_its_own_and_both_halves_are_drawn(drawn: dict[str, Picture]) -> None:
    text = drawn["layer-cka-layers"].svg.decode()
    assert text.count(">1.00<") == 3 and text.count(">0.35<") == 2


def test_a_scoring_that_serves_several_seeds_counts_once() -> None:
    rows: list[dict[str, object]] = [
        {"score": "cka-layers", "seed": seed, "key": key, "layer": "a", "other": "b", "value": value}
        for seed, key, value in ((0, "x", 0.2), (1, "x", 0.2), (2, "y", 0.8))
    ]
    (picture,) = alike_figures(table(rows), 0.95)
    assert float(numbers(picture)[0]["value"]) == pytest.approx(0.5)


def test_without_values_nothing_is_drawn() -> None:
    assert not list(alike_figures(table([]), 0.95))
