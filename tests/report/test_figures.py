"""Figures can be drawn of whatever has finished, and are the same bytes twice."""

from __future__ import annotations

import matplotlib as mpl
import pytest

from frostline.analysis.table import cut_points, table
from frostline.report.figures import pictures
from frostline.spec.plan import plan
from tests.analysis.simulated import outcomes, study, without

ARMS = {f"arm {i}": f"f{i}t{6 - i}" if i % 6 else "t6" for i in range(1, 6)} | {"_full": "t6", "$\\odd": "f2t2f2"}


@pytest.mark.parametrize(
    "changes",
    [{}, {"shares": (0.1,)}, {"seeds": 1}, {"surgeries": ARMS}, {"shares": (0.01, 0.05, 0.1, 0.5, 1.0)}],
    ids=["whole", "one share", "one seed", "no family", "five shares"],
)
def test_every_shape_of_study_is_drawn_and_drawn_the_same_twice(changes: dict[str, object]) -> None:
    made = study(**changes)
    planned = plan(made)
    frame = table(planned, without(outcomes(planned), planned, "f4t2", {0}))
    first, second = (pictures(frame, cut_points(made), 0.95) for _ in range(2))
    assert first == second
    assert len(first) == (1 if len(made.shares) == 1 else 2)
    assert all(picture.svg.startswith(b"<?xml") and picture.png.startswith(b"\x89PNG") for picture in first)


def test_the_words_of_a_figure_give_the_highest_mean_with_its_interval() -> None:
    planned = plan(study())
    words = pictures(table(planned, outcomes(planned)), cut_points(study()), 0.95)[0].alt
    assert "one panel for each of 2 shares" in words
    assert "At 1 % the highest mean is f4t2, 0.877 ([" in words
    assert "n = 5). At 10 %" in words


def test_one_seed_is_described_as_one_run_without_interval() -> None:
    planned = plan(study(seeds=1))
    words = pictures(table(planned, outcomes(planned)), cut_points(study()), 0.95)[0].alt
    assert "(one run: no interval)" in words


def test_an_arm_of_no_family_stands_beside_the_cuts_under_its_own_name() -> None:
    made = study(surgeries={"FR": {"below": "frozen", "above": "reset"}, "sandwich": "f2t2f2"})
    planned = plan(made)
    drawn = pictures(table(planned, outcomes(planned)), cut_points(made), 0.95)[0]
    assert b">f2t2f2<" in drawn.svg


def test_a_family_whose_name_starts_with_an_underscore_is_in_the_legend() -> None:
    made = study(surgeries={"_FR": {"below": "frozen", "above": "reset"}})
    planned = plan(made)
    drawn = pictures(table(planned, outcomes(planned)), cut_points(made), 0.95)[0]
    assert "_FR" in drawn.svg.decode()


def test_drawing_leaves_the_settings_of_matplotlib_as_they_were() -> None:
    before = dict(mpl.rcParams)
    planned = plan(study(seeds=2))
    pictures(table(planned, outcomes(planned)), cut_points(study()), 0.95)
    assert dict(mpl.rcParams) == before
