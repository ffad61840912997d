"""Every cell of a study is a row, whatever became of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from frostline.analysis.comparisons import Stopped, stopped
from frostline.analysis.table import cut_points, frame_of, table, write_table
from frostline.spec.plan import plan
from frostline.whole_files import replace_whole
from tests.analysis.simulated import FEW, failing, outcomes, study, without


def test_a_table_has_one_row_for_each_arm_share_and_seed_in_the_order_of_the_plan() -> None:
    planned = plan(study())
    frame = table(planned, outcomes(planned))
    cells = [(str(entry.arm.surgery), entry.share, entry.seed) for entry in planned.entries]
    assert list(zip(frame["arm"], frame["share"], frame["seed"], strict=True)) == cells


def test_a_treatment_of_two_families_is_one_arm_under_both_names() -> None:
    planned = plan(study())
    frame = table(planned, {})
    assert set(frame.loc[frame["arm"] == "f6", "names"]) == {"FR cut 6 = F cut 6"}
    assert set(frame.loc[frame["arm"] == "r6", "names"]) == {"scratch = FR cut 0"}


def test_a_study_with_synthetic_items_has_a_column_that_counts_them() -> None:
    planned = plan(study(seeds=2, surgeries=FEW, synthesis={"recipe": {"steps": 9}, "number": 7}))
    kept = outcomes(planned)
    key = planned.entries[0].trial.key
    kept[key] = kept[key].model_copy(update={"n_synthetic": 7})
    frame = table(planned, {key: kept[key]})
    assert frame["n_synthetic"].dtype == "Int64"
    assert frame["n_synthetic"].dropna().tolist() == [7] * int((frame["key"] == key).sum())
    assert "n_synthetic" not in table(plan(study(seeds=2)), {})


def test_a_cell_that_failed_or_is_missing_has_no_figure_and_says_why() -> None:
    planned = plan(study())
    kept = failing(without(outcomes(planned), planned, "f4r2", {1}), planned, "f2t4", "the loss is no number")
    frame = table(planned, kept)
    unfinished = frame[frame["status"] != "finished"]
    assert set(unfinished["status"]) == {"failed", "missing"}
    assert unfinished["score"].isna().all()
    assert unfinished["n_test"].isna().all()
    assert set(frame.loc[frame["status"] == "failed", "error"]) == {"the loss is no number"}
    assert frame.loc[frame["status"] != "failed", "error"].isna().all()


def test_a_cut_point_names_the_arm_that_stands_at_a_cut_of_a_family() -> None:
    points = {(point.family, point.cut): point.arm for point in cut_points(study())}
    assert points["FR", 0] == "r6"
    assert points["F", 0] == "t6"
    assert points["FR", 4] == "f4r2"
    assert len(points) == 14


def test_both_files_of_a_table_hold_what_the_table_holds(tmp_path: Path) -> None:
    planned = plan(study())
    frame = table(planned, without(outcomes(planned), planned, "f4r2", {1}))
    csv, parquet = write_table(frame, tmp_path)
    pd.testing.assert_frame_equal(pd.read_parquet(parquet), frame)
    read = pd.read_csv(csv)
    assert list(read.columns) == list(frame.columns)
    assert read["score"].tolist() == pytest.approx(frame["score"].tolist(), nan_ok=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["table.csv", "table.parquet"]


def test_a_write_that_breaks_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old")

    def broken(path: Path) -> None:
        path.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        replace_whole(target, broken)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_cell_that_a_race_never_runs_is_stopped_and_not_missing() -> None:
    planned = plan(study(surgeries=FEW, shares=(0.1,)))
    kept = without(outcomes(planned), planned, "f4r2", {1, 2, 3})
    never = {e.trial.key for e in planned.entries if str(e.arm.surgery) == "f4r2" and e.seed in {0, 2, 3}}
    frame = table(planned, kept, never)
    states = frame[frame["arm"] == "f4r2"]["status"].tolist()
    assert states == ["finished", "missing", "stopped", "stopped", "finished"]
    assert frame.loc[frame["status"] == "stopped", "score"].isna().all()
    assert stopped(frame) == {("f4r2", 0.1): Stopped(seeds=3, planned=5)}
    assert stopped(table(planned, kept)) == {}


def test_a_row_that_does_not_say_otherwise_is_no_control_and_is_treated_as_its_arm_is_called() -> None:
    (row,) = frame_of([{"arm": "f3r3", "share": 0.1}]).to_dict("records")
    assert (row["treatment"], row["control"]) == ("f3r3", "")
