"""The table of a race marks every figure in which a stopped arm has a part, and says what the marks mean."""

from __future__ import annotations

import pandas as pd

from frostline.analysis.comparisons import gains
from frostline.analysis.findings import Findings
from frostline.analysis.table import cut_points, table
from frostline.report.figures import pictures
from frostline.report.rows import marks, rows
from frostline.spec.plan import plan
from tests.analysis.simulated import FEW, outcomes, study, without

MADE = study(surgeries=FEW, shares=(0.1,))


def frame_of(**arms: int) -> pd.DataFrame:
    """The table of five seeds of five arms, those arms stopped by a race after so many seeds."""
    planned = plan(MADE)
    kept, never = outcomes(planned), set[str]()
    for arm, seeds in arms.items():
        kept = without(kept, planned, arm, set(range(seeds, 5)))
        never |= {e.trial.key for e in planned.entries if str(e.arm.surgery) == arm and e.seed >= seeds}
    return table(planned, kept, never)


def cells(frame: pd.DataFrame, arm: str) -> tuple[str, str]:
    """The accuracy of ``arm`` and its gain over scratch, as the table has them."""
    row = next(row for row in rows(Findings(frame)) if row[1].text == arm)
    return row[3].text, row[4].text


def test_a_stopped_arm_is_marked_with_its_seeds_and_the_planned_ones() -> None:
    accuracy, gain = cells(frame_of(f2r4=4), "f2r4")
    assert accuracy.endswith("] n = 4 of 5 \N{DAGGER}")
    assert gain.endswith("pairs = 4 \N{DAGGER}")
    assert cells(frame_of(f2r4=1), "f2r4")[0].endswith("(one run: no interval) \N{DAGGER}")


def test_arms_that_no_race_stopped_have_no_mark() -> None:
    accuracy, gain = cells(frame_of(f2r4=4), "f4r2")
    assert accuracy.endswith("] n = 5")
    assert gain.endswith("pairs = 5")
    assert marks(frame_of()) == []


def test_a_gain_over_a_stopped_scratch_has_a_mark_of_its_own() -> None:
    frame = frame_of(r6=4, f2r4=4)
    assert cells(frame, "f4r2")[0].endswith("n = 5")
    assert cells(frame, "f4r2")[1].endswith("pairs = 4 \N{DOUBLE DAGGER}")
    assert cells(frame, "f2r4")[1].endswith("pairs = 4 \N{DAGGER}\N{DOUBLE DAGGER}")
    assert cells(frame, "r6")[1] == "scratch itself"


def test_the_marks_are_explained_each_where_it_is_used() -> None:
    (stopped,) = marks(frame_of(f2r4=4))
    assert stopped.startswith("\N{DAGGER} Stopped by the race: the figure rests on n of the planned seeds")
    assert stopped.endswith("and is biased low.")
    assert marks(frame_of(r6=4))[1].startswith("\N{DOUBLE DAGGER} The race stopped the arm from scratch")
    assert marks(frame_of(r6=4))[1].endswith("is biased high.")


def test_seeds_that_a_race_never_ran_are_no_lost_partners() -> None:
    planned = plan(MADE)
    frame = frame_of(r6=4)
    lost = {e.trial.key for e in planned.entries if str(e.arm.surgery) == "f4r2" and e.seed == 1}
    frame = frame.assign(status=frame["status"].mask(frame["key"].isin(lost), "missing"))
    gain = next(gain for gain in gains(Findings(frame)) if gain.arm == "f4r2")
    assert (gain.seeds, gain.left_out, gain.arm_stopped, gain.scratch_stopped) == ((0, 2, 3), (1,), False, True)


def test_a_figure_draws_stopped_arms_hollow_and_says_so() -> None:
    hollow, whole = (pictures(Findings(frame), cut_points(MADE))[0] for frame in (frame_of(r6=4, f4t2=4), frame_of()))
    assert hollow.title.endswith("; hollow: stopped by the race, biased low (at 10 % the line from scratch, too)")
    assert b"fill: #ffffff; stroke: #d55e00" in hollow.svg
    assert b"fill: #ffffff; stroke: #0072b2" not in hollow.svg
    assert b"fill: #ffffff; stroke: #d55e00" not in whole.svg
    assert whole.title == "Accuracy against cut, 95 % intervals"


def test_a_figure_does_not_call_a_stopped_arm_the_highest() -> None:
    told = [pictures(Findings(frame), cut_points(MADE))[0].alt for frame in (frame_of(), frame_of(f4t2=4))]
    assert "the highest mean is f4t2" in told[0]
    assert "the highest mean is f4r2" in told[1]


def test_against_frozen_depth_stopped_arms_are_hollow_too() -> None:
    made = study(surgeries={"scratch": "r6", "half": "f3t3", "most": "f4t2"}, shares=(0.1,), seeds=3)
    planned = plan(made)
    never = {e.trial.key for e in planned.entries if str(e.arm.surgery) == "f3t3" and e.seed == 2}
    (drawn,) = pictures(Findings(table(planned, without(outcomes(planned), planned, "f3t3", {2}), never)), ())
    assert drawn.title.endswith("dots: single runs; hollow: stopped by the race, biased low")
    assert b"fill: #ffffff; stroke: #0072b2" in drawn.svg
