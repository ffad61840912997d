"""Seeds that do not change an arm are one run of it, however many they are."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from frostline.analysis.comparisons import gains, means
from frostline.analysis.estimates import Estimate, OneRun
from frostline.analysis.findings import Findings
from frostline.analysis.frost_line import sentence
from frostline.analysis.layer_cut_export import write_layer_cuts
from frostline.analysis.recommendation import recommend
from frostline.analysis.table import frame_of, table
from frostline.report.page import page
from frostline.report.rows import rows
from frostline.spec.plan import plan
from frostline.spec.study import Study
from tests.analysis.simulated import outcomes, study


def table_of(made: Study, best: int = 4) -> pd.DataFrame:
    planned = plan(made)
    return table(planned, outcomes(planned, best))


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """The table of a study in which only the pretraining varies, so that scratch is one run."""
    return table_of(study(vary=("pretraining",)))


def test_an_arm_that_does_not_depend_on_the_seed_is_one_run_without_an_interval(frame: pd.DataFrame) -> None:
    found = means(Findings(frame))
    assert isinstance(found["r6", 0.01], OneRun)
    varied = found["f4r2", 0.01]
    assert isinstance(varied, Estimate)
    assert varied.n == 5


def test_each_different_pair_of_runs_counts_once_in_a_gain() -> None:
    half = {gain.arm: gain.difference for gain in gains(Findings(table_of(study(vary=("pretraining",)))))}
    none = {gain.arm: gain.difference for gain in gains(Findings(table_of(study(vary=()))))}
    assert isinstance(half["f4r2"], Estimate)
    assert half["f4r2"].n == 5
    assert isinstance(none["f4r2"], OneRun)


def test_rows_without_a_key_are_runs_of_their_own() -> None:
    cell = {"arm": "r2", "names": "r2", "share": 0.1, "status": "finished", "score": 0.8}
    found = means(Findings(frame_of([cell | {"seed": seed} for seed in range(3)])))["r2", 0.1]
    assert found is not None
    assert found.n == 3


def test_a_recommendation_names_the_arms_that_are_one_run(frame: pd.DataFrame) -> None:
    found = recommend(Findings(frame))[0]
    assert found.one_run == ("r6 (scratch = FR cut 0)",)
    assert sentence(found).endswith("Not compared: n = 1 run, as the seeds do not change it: r6 (scratch = FR cut 0).")
    assert "n = 5 seeds" in sentence(found)


def test_an_arm_that_is_one_run_is_never_recommended_although_it_is_the_best() -> None:
    surgeries = {"scratch": "r6", "FR": {"below": "frozen", "above": "reset", "cuts": (2, 4)}}
    made = table_of(study(vary=("pretraining",), surgeries=surgeries), best=-4)
    found = recommend(Findings(made))[0]
    highest = max(means(Findings(made)).items(), key=lambda cell: (cell[0][1] == 0.01, cell[1].value if cell[1] else 0))
    assert highest[0] == ("r6", 0.01)
    assert [one.arm for one in found.candidates if one.arm == "r6"] == []
    assert found.chosen != "r6"


def test_nothing_can_be_said_where_the_seeds_change_no_arm() -> None:
    found = recommend(Findings(table_of(study(vary=()))))[0]
    assert found.chosen is None
    assert "n = 1 run: the seeds do not change any arm: no interval, nothing can be said" in sentence(found)


def test_the_published_layout_holds_one_entry_for_one_run(frame: pd.DataFrame, tmp_path: Path) -> None:
    made = write_layer_cuts(study(vary=("pretraining",)), frame, tmp_path)
    _, *entries = json.loads((tmp_path / "baselines.json").read_text())
    assert [(entry["sampled_percentage"], entry["repeat"]) for entry in entries] == [(0.01, 0), (0.1, 0)]
    assert any("cells are runs that the seeds do not change" in said for said in made.left_out)


def test_the_page_says_where_seeds_are_one_run() -> None:
    made = study(vary=("pretraining",), surgeries={"scratch": "r6", "half": "f3t3"}, shares=(0.1,))
    frame = table_of(made)
    html = page(made, plan(made), Findings(frame))
    trials = frame["key"].nunique()
    assert f"all {trials} trials of the study have finished, and so have the 5 pretrainings" in html
    assert "They fill 10 cells: where the seeds do not change an arm, several seeds are one trial." in html
    assert "n = 1 run: the seeds do not change r6" in html
    assert "its interval says nothing about other such runs" in html
    scratch = next(row for row in rows(Findings(frame)) if row[1].text == "r6")
    assert scratch[3].text.endswith("(n = 1 run: the seeds do not change this arm)")
    assert any(cell.text.endswith("(one run: no interval)") for cell in scratch)


def test_a_pair_that_no_seed_changes_says_so() -> None:
    gain = next(row[4].text for row in rows(Findings(table_of(study(vary=())))) if row[1].text == "f4r2")
    assert gain.endswith("(one pair: the seeds change neither arm)")
