"""Synthetic items that a dataset cannot have, and what of them means nothing there, are refused in a study."""

from __future__ import annotations

from pathlib import Path

import pytest

from frostline.spec.agreement import disagreements
from frostline.spec.dataset import Dataset
from tests.spec.test_tasks import rated, tagged

FORGED = {"recipe": {"steps": 9}, "number": 5}


def faults(dataset: Dataset, **changes: object) -> list[tuple[tuple[int | str, ...], str]]:
    """What is said of the same synthesis of the study and of an addition."""
    forged = {**FORGED, **changes}
    return [
        told
        for raw in ({"synthesis": forged}, {"additions": {"gan": {"synthesis": forged}}})
        for told in disagreements({"dataset": dataset, **raw})
        if "synthesis" in told[0]
    ]


def test_tags_have_no_generator(tmp_path: Path) -> None:
    said = "a generator learns from classes or values, and manifest holds tags; remove it"
    assert faults(tagged(tmp_path)) == [(("synthesis",), said), (("additions", "gan", "synthesis"), said)]
    assert faults(rated(tmp_path)) == faults(Dataset(name="digits")) == []


def test_classes_have_no_order_to_draw_between() -> None:
    said = "has no effect with the classes of digits, which have no order; remove it"
    assert faults(Dataset(name="digits"), between=(0.0, 1.0)) == [
        (("synthesis", "between"), said),
        (("additions", "gan", "synthesis", "between"), said),
    ]


@pytest.mark.parametrize(("between", "wrong"), [((0.0, 2.0), False), ((-1.0, 1.0), True), ((0.5, 2.5), True)])
def test_conditions_are_drawn_on_the_scale_of_the_annotation(
    tmp_path: Path, between: tuple[float, float], wrong: bool
) -> None:
    said = f"{between[0]:g} to {between[1]:g} leaves the annotation's own scale from 0 to 2; give two numbers on that"
    told = faults(rated(tmp_path), between=between)
    assert [why.startswith(said) for _, why in told] == [True, True] * wrong
    assert faults(rated(tmp_path, scale=None), between=between) == []
