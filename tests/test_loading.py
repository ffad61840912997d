"""A study folder opens as a tidy data frame and as a page, and never as an old one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import frostline
from frostline.analysis.table import table, write_table
from frostline.errors import DataFault
from frostline.loading import PAGE
from frostline.spec.plan import Plan, plan
from frostline.store import Store
from tests.analysis.simulated import finished, outcomes, study


@pytest.fixture
def planned() -> Plan:
    return plan(study(surgeries={"scratch": "r6", "full": "t6"}, shares=(0.1,), seeds=2))


def test_a_folder_gives_one_row_for_each_arm_share_and_seed(planned: Plan, tmp_path: Path) -> None:
    frame = table(planned, outcomes(planned))
    write_table(frame, tmp_path)
    loaded = frostline.load(tmp_path)
    assert list(loaded.columns) == list(frame.columns)
    assert loaded[["arm", "share", "seed"]].to_numpy().tolist() == [
        ["r6", 0.1, 0],
        ["r6", 0.1, 1],
        ["t6", 0.1, 0],
        ["t6", 0.1, 1],
    ]
    assert loaded["score"].tolist() == frame["score"].tolist()
    assert frostline.load(str(tmp_path))["seed"].dtype == frame["seed"].dtype


def test_a_folder_without_a_report_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match=r"has no table\.parquet: it is no study folder, or nothing was reported"):
        frostline.load(tmp_path)


def test_a_table_that_is_older_than_the_study_is_refused(planned: Plan, tmp_path: Path) -> None:
    write_table(table(planned, {}), tmp_path)
    trial = planned.entries[0].trial
    with Store(tmp_path) as store:
        store.append(trial, finished(trial, 0.9))
    with pytest.raises(DataFault, match=r"older than the study: 1 of its trials .* `frostline report STUDY --to"):
        frostline.load(tmp_path)


def test_a_table_that_has_not_seen_all_outcomes_of_the_store_is_refused(planned: Plan, tmp_path: Path) -> None:
    known = outcomes(planned)
    frame = table(planned, known)
    frame.attrs["outcomes"] = 1
    write_table(frame, tmp_path)
    with Store(tmp_path) as store:
        store.append_all([(entry.trial, known[entry.trial.key]) for entry in planned.entries])
    with pytest.raises(DataFault, match=r"the store held 1 outcomes when it was written and holds 4; write it again"):
        frostline.load(tmp_path)


def test_a_damaged_table_is_told_without_a_traceback(planned: Plan, tmp_path: Path) -> None:
    write_table(table(planned, outcomes(planned)), tmp_path)
    (tmp_path / "table.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataFault, match=r"table.parquet cannot be read \(.*\); write it again with `frostline report"):
        frostline.load(tmp_path)


def test_a_report_shows_itself_in_a_frame_from_which_nothing_leaks(planned: Plan, tmp_path: Path) -> None:
    write_table(table(planned, {}), tmp_path)
    (tmp_path / PAGE).write_text('<p title="x">&amp;</p>')
    report = frostline.load_report(tmp_path)
    assert 'srcdoc="&lt;p title=&quot;x&quot;&gt;&amp;amp;&lt;/p&gt;"' in report._repr_html_()
    assert 'sandbox="allow-scripts allow-downloads"' in report._repr_html_()
    assert repr(report) == f"Report(path={tmp_path / PAGE!r})"


def test_a_folder_without_a_page_is_told(planned: Plan, tmp_path: Path) -> None:
    write_table(table(planned, {}), tmp_path)
    with pytest.raises(DataFault, match=r"has no report\.html"):
        frostline.load_report(tmp_path)


def test_importing_frostline_imports_no_pandas() -> None:
    code = "import sys, frostline; sys.exit(any(name in sys.modules for name in ('pandas', 'numpy', 'torch')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
