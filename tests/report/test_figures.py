"""Figures can be drawn of whatever has finished, and are the same bytes twice."""

from __future__ import annotations

import matplotlib as mpl
import pandas as pd
import pytest

from frostline.analysis.findings import Findings, Terms
from frostline.analysis.table import cut_points, table
from frostline.report.depth import LEGEND_WIDTH, depth_lines, spread
from frostline.report.figures import pictures
from frostline.spec.plan import plan
from tests.analysis.simulated import FEW, outcomes, study, without

ARMS = {f"arm {i}": f"f{i}t{6 - i}" if i % 6 else "t6" for i in range(1, 6)} | {"_full": "t6", "$\\odd": "f2t2f2"}

ONE_CUT: dict[str, object] = {"below": "frozen", "above": "tuned", "cuts": (2,)}


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        pytest.param({}, ["cut", "share"], marks=pytest.mark.slow),
        ({"shares": (0.1,), "surgeries": FEW}, ["cut"]),
        pytest.param({"seeds": 1}, ["cut", "share"], marks=pytest.mark.slow),
        ({"surgeries": ARMS, "shares": (0.1,)}, ["depth", "cut"]),
        pytest.param({"shares": (0.01, 0.05, 0.1, 0.5, 1.0)}, ["cut", "share"], marks=pytest.mark.slow),
    ],
    ids=["whole", "one share", "one seed", "no family", "five shares"],
)
def test_every_shape_of_study_is_drawn_and_drawn_the_same_twice(changes: dict[str, object], names: list[str]) -> None:
    made = study(**changes)
    planned = plan(made)
    frame = table(planned, without(outcomes(planned), planned, "f4t2", {0}))
    first, second = (pictures(Findings(frame), cut_points(made)) for _ in range(2))
    assert first == second
    assert [picture.name for picture in first] == [f"accuracy-against-{name}" for name in names]
    assert all(picture.svg.startswith(b"<?xml") and picture.png.startswith(b"\x89PNG") for picture in first)


def test_the_words_of_a_figure_give_the_highest_mean_with_its_interval() -> None:
    made = study(surgeries={"F": ONE_CUT, "most": "f4t2"})
    planned = plan(made)
    words = pictures(Findings(table(planned, outcomes(planned))), cut_points(made))[0].alt
    assert "one panel for each of 2 shares" in words
    assert "At 1 % the highest mean is f4t2, 0.877 ([" in words
    assert "n = 5). At 10 %" in words


def test_one_seed_is_described_as_one_run_without_interval() -> None:
    made = study(seeds=1, shares=(0.1,), surgeries=FEW)
    planned = plan(made)
    words = pictures(Findings(table(planned, outcomes(planned))), cut_points(made))[0].alt
    assert "(one run: no interval)" in words


def test_an_arm_of_no_family_stands_beside_the_cuts_under_its_own_name() -> None:
    made = study(surgeries={"F": ONE_CUT, "sandwich": "f2t2f2"}, shares=(0.1,))
    planned = plan(made)
    drawn = pictures(Findings(table(planned, outcomes(planned))), cut_points(made))[0]
    assert b">f2t2f2<" in drawn.svg


def test_a_family_whose_name_starts_with_an_underscore_is_in_the_legend() -> None:
    made = study(surgeries={"_F": ONE_CUT}, shares=(0.1,))
    planned = plan(made)
    drawn = pictures(Findings(table(planned, outcomes(planned))), cut_points(made))[0]
    assert ">_F<" in drawn.svg.decode()


def test_drawing_leaves_the_settings_of_matplotlib_as_they_were() -> None:
    before = dict(mpl.rcParams)
    made = study(seeds=2, surgeries={"F": ONE_CUT})
    planned = plan(made)
    pictures(Findings(table(planned, outcomes(planned))), cut_points(made))
    assert dict(mpl.rcParams) == before


MODES = {"none": "t6", "patch": "f1t5", "half": "f3t3", "probe": "f6"}


def frame_of(*arms: str) -> pd.DataFrame:
    return pd.DataFrame({"arm": list(arms)})


def test_single_surgeries_are_drawn_against_their_depth_with_a_band_that_the_caption_explains() -> None:
    made = study(surgeries=MODES, shares=(0.1,), seeds=3)
    planned = plan(made)
    (drawn,) = pictures(
        Findings(table(planned, outcomes(planned)), terms=Terms(level=0.9)),
        cut_points(made),
        "layers kept but for their norms",
    )
    svg = drawn.svg.decode()
    for said in (">f0: t6<", ">f1: f1t5<", ">f3: f3t3<", ">f6<", ">number of layers kept but for their norms<"):
        assert said in svg
    for said in (">90 % interval of the mean<", ">one standard deviation<", ">single run<"):
        assert said in svg
    assert 'id="FillBetweenPolyCollection' in svg
    assert float(svg.partition(' width="')[2].partition("pt")[0]) == pytest.approx(72 * LEGEND_WIDTH)
    assert drawn.title == (
        "Accuracy against the number of layers kept but for their norms; band: one standard deviation of the single "
        "runs; bars: 90 % interval of the mean; dots: single runs"
    )
    assert "the highest mean is f3t3" in drawn.alt


def test_the_band_is_one_standard_deviation_to_either_side_of_the_mean_of_several_runs() -> None:
    band = spread({0.0: [0.6, 0.7, 0.8], 4.0: [0.9], 6.0: []})
    assert list(band) == [0.0]
    assert band[0.0] == pytest.approx((0.6, 0.8))


def test_each_fate_above_the_frozen_layers_has_a_line_that_ends_at_whole_networks() -> None:
    tuned, reset = depth_lines(frame_of("f6", "f3t3", "t6", "r6", "f3r3", "f2t2f2", "f6>t6", "everything"))
    assert (tuned.name, dict(tuned.arms)) == ("tuned above", {0: "t6", 3: "f3t3", 6: "f6"})
    assert (reset.name, dict(reset.arms)) == ("reset above", {0: "r6", 3: "f3r3", 6: "f6"})


def test_whole_networks_alone_have_no_depth_to_be_drawn_against() -> None:
    assert depth_lines(frame_of("r6", "t6", "f6")) == []


def test_a_study_of_nothing_but_scratch_has_its_figure() -> None:
    made = study(surgeries={"scratch": "r6"}, source=None, shares=(0.1,), seeds=2)
    planned = plan(made)
    assert len(pictures(Findings(table(planned, outcomes(planned))), cut_points(made))) == 1
