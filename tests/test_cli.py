"""The command line, from a study file to its report, and every mistake told in words.

What must not import torch, one mistake and, among the slow tests, a whole study are run by processes of their own; the
rest in this one.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pandas as pd
import pytest

from frostline.cli import main
from tests.test_prepare import Frostline, frostline

__all__ = ["frostline"]

STUDY = """
title: Small digits
question: How deep?
source:
  dataset: {name: digits, classes: [0, 1, 2, 3, 4]}
dataset: {name: digits, classes: [5, 6, 7, 8, 9]}
network: {name: plain_cnn, depth: 2, channels: 4}
surgeries:
  scratch: r2
  FR: {below: frozen, above: reset}
shares: [0.1, 0.3]
seeds: 3
recipe: quick
recipes:
  quick: {steps: 6, validate_every: 3, batch: 16}
  slow: {steps: 4000, validate_every: 1000, batch: 64}
"""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from frostline.cli import main; main()", *arguments]


def process(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own, as a person starts it; most of what that takes is the import of torch."""
    return subprocess.run(command(*arguments), cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study file, and that study run."""
    folder, said, told = tmp_path_factory.mktemp("work"), io.StringIO(), io.StringIO()
    (folder / "small.yaml").write_text(STUDY)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(told):
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["frostline", "run", "small.yaml", "--executor", "inline"])
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == 0, told.getvalue()
    (folder / "ran.txt").write_text(said.getvalue())
    (folder / "progress.txt").write_text(told.getvalue())
    return folder


@pytest.fixture(autouse=True)
def _there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def test_a_run_ends_with_an_answer_a_share_and_the_path_of_the_report(folder: Path) -> None:
    lines = (folder / "ran.txt").read_text().splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "With 10 % of the target data",
        "With 30 % of the target data",
        "report",
    ]
    assert all(re.search(r"\[\d\.\d+, \d\.\d+\] \(n = 3 seeds, \d+ test items\)", line) for line in lines[:2])
    assert lines[2] == "report: results/small/report.html"


@pytest.mark.slow
def test_a_process_of_its_own_runs_a_study_to_its_answer(folder: Path) -> None:
    ran = process(folder, "run", "small.yaml", "--to", "alone")
    assert ran.returncode == 0, ran.stderr
    assert "21 done, 0 failed, 0 left" in ran.stderr
    assert ran.stdout.splitlines()[-1] == "report: alone/report.html"


def test_the_study_folder_holds_page_tables_figures_and_the_published_layout(folder: Path) -> None:
    results = folder / "results" / "small"
    table = pd.read_csv(results / "table.csv")
    assert len(table) == 3 * 2 * 3
    assert list(pd.read_parquet(results / "table.parquet").columns) == list(table.columns)
    names = {path.name for path in results.rglob("*") if path.is_file()}
    assert {"report.html", "accuracy-against-cut.svg", "accuracy-against-cut.png", "cuts_FR.json"} <= names
    page = (results / "report.html").read_text()
    assert not re.search(r"""(src|href)=["']https?:""", page)


def test_export_packs_a_study_that_has_run_into_one_file(folder: Path, frostline: Frostline) -> None:
    status, said, told = frostline("export", "small.yaml", "--zip")
    assert (status, told) == (0, "") and said.startswith("wrote results/small.zip (")
    assert "not in it: weights of 18 of 21 trials" in said
    with zipfile.ZipFile(folder / "results" / "small.zip") as archive:
        assert {"small/small.yaml", "small/report.html", "small/table.csv"} <= set(archive.namelist())
    assert frostline("export", "small.yaml") == (
        2,
        "",
        "export packs a study into one .zip file alone; write: frostline export small.yaml --zip\n",
    )


def test_progress_is_told_in_plain_lines_where_there_is_no_terminal(folder: Path) -> None:
    assert "21 done, 0 failed, 0 left" in (folder / "progress.txt").read_text()


def test_status_counts_and_running_again_runs_nothing(folder: Path, frostline: Frostline) -> None:
    assert frostline("status", "small.yaml") == (0, "results/small: 21 finished, 0 failed, 0 missing\n", "")
    again = frostline("run", "small.yaml", "--executor", "inline")
    assert again == (0, (folder / "ran.txt").read_text(), "")


def test_a_narrowed_report_uses_what_is_there_and_its_page_says_that_it_is_a_part(
    folder: Path, frostline: Frostline
) -> None:
    page = folder / "results" / "small" / "report.html"
    assert "is of a part of what the study file declares" not in page.read_text()
    _, said, _ = frostline("report", "small.yaml", "--shares", "0.3", "--seeds", "2", "--to", "results/small")
    assert said.startswith("With 30 %")
    assert "n = 2 seeds" in said
    told = "This page is of a part of what the study file declares, chosen with --shares 0.3 --seeds 2:"
    assert told in page.read_text()
    assert said.endswith("that page is of what --shares 0.3 --seeds 2 chose, not of all that the study declares\n")
    frostline("report", "small.yaml", "--to", "results/small")
    assert "is of a part of what the study file declares" not in page.read_text()


def test_a_page_is_not_replaced_by_that_of_a_study_that_has_not_run(folder: Path, frostline: Frostline) -> None:
    page = (folder / "results" / "small" / "report.html").read_bytes()
    status, _, mistakes = frostline("report", "small.yaml", "--recipe", "slow", "--to", "results/small")
    assert status == 2
    assert "none of which is of this study as it is written now; its page stays as it is" in mistakes
    assert (folder / "results" / "small" / "report.html").read_bytes() == page


def test_a_single_trial_of_a_study_is_run_by_arm_seed_and_share(frostline: Frostline) -> None:
    single = ("--arm", "f1t1", "--seed", "42", "--shares", "0.3", "--to", "single")
    status, said, mistakes = frostline("run", "small.yaml", *single, "--executor", "inline")
    assert status == 0, mistakes
    assert "one seed: no interval, nothing can be said" in said
    beyond = "(not declared there: seed 42, arm f1t1)"
    assert f"that page is of what --shares 0.3 --seed 42 --arm f1t1 {beyond} chose, not of all" in said
    assert frostline("status", "small.yaml", *single)[1] == "single: 2 finished, 0 failed, 0 missing\n"


def test_published_files_are_reported_and_our_own_export_is_read_back(folder: Path, frostline: Frostline) -> None:
    files = [f"results/small/{name}" for name in ("cuts_FR.json", "baselines.json")]
    status, _, mistakes = frostline("report", *files, "--to", "imported")
    assert status == 0, mistakes
    assert (folder / "imported" / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("plan", "nowhere.yaml"), "no study file at nowhere.yaml"),
        (("plan", "digit"), "no preset is called 'digit'; did you mean 'digits'"),
        (
            ("plan", "small.yaml", "--shares", "0.0001"),
            r"--shares: 0.0001 is no share of the study, which has ",
        ),
        (("plan", "small.yaml", "--recipe", "quik"), "--recipe: no recipe is called 'quik'; did you mean 'quick'"),
        (("plan", "small.yaml", "--arm", "f9"), "--arm: f9 has 9 fates, the network has 2 layers"),
        (("plan", "small.yaml", "--stand-in", "digits"), r"--stand-in: must be NAME=OTHER, as .* \(got 'digits'\)"),
        (("plan", "small.yaml", "--shares", "a", "--seed", "1", "--seeds", "2"), "the command line has 2 faults:"),
        (("report", "small.yaml", "other.yaml"), "report takes one study, or published .json files"),
        (("init", "digits", "--to", "small.yaml"), "small.yaml is there already and stays as it is"),
        (
            ("run", "small.yaml", "--executor", "inline", "--workers", "2"),
            "--workers has no effect with --executor inline",
        ),
        (("report", "none.json"), "none.json"),
        (("report", "none.json", "--seed", "3"), "--seed cannot narrow published files; leave them out"),
        (("run", "small.yaml", "--to", "small.yaml"), "small.yaml cannot be a study folder"),
        (("plan", "small.yaml", "--stand-in", "digits=mnist", "--stand-in", "digits=cifar10"), "names a dataset twice"),
    ],
)
def test_a_mistake_is_told_in_words_without_a_traceback(
    arguments: tuple[str, ...], message: str, frostline: Frostline
) -> None:
    status, said, mistakes = frostline(*arguments)
    assert status == 2
    assert re.search(message, mistakes), mistakes
    assert "Traceback" not in mistakes
    assert said == ""


def test_a_process_ends_with_the_status_and_the_words_of_its_mistake(folder: Path) -> None:
    said = process(folder, "plan", "nowhere.yaml")
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith("no study file at nowhere.yaml")
    assert "Traceback" not in said.stderr


def test_a_preset_is_copied_and_can_be_planned(frostline: Frostline) -> None:
    assert frostline("init", "digits", "--to", "mine.yaml")[1] == "wrote mine.yaml\n"
    _, said, _ = frostline("plan", "mine.yaml")
    assert "360 cells, 370 trials in 2 waves (50, then 320)" in said
    assert "scratch = FR cut 0" in said


def test_every_help_shows_one_real_run(frostline: Frostline) -> None:
    for name in ("plan", "prepare", "show", "run", "status", "report", "list", "init"):
        assert f"$ frostline {name}" in frostline(name, "--help")[1], name
    narrowed = ("digits", "--shares", "0.1", "--seeds", "3", "--arm", "r4", "--arm", "f2r2")
    real = [line.strip() for line in frostline("plan", *narrowed)[1].splitlines()]
    shown = [line.strip() for line in frostline("plan", "--help")[1].splitlines()]
    assert shown[-len(real) :] == real


LIGHT = """
import sys
from frostline.cli import main
for command in ("--help", "plan small.yaml", "status small.yaml", "list"):
    sys.argv = ["frostline", *command.split()]
    try:
        main()
    except SystemExit as ended:
        heavy = {"torch", "numpy", "pandas", "ray"} & set(sys.modules)
        print(command, ended.code, heavy or "light", file=sys.stderr)
"""


def test_plan_and_help_answer_without_torch(folder: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", LIGHT], cwd=folder, capture_output=True, text=True, check=True, timeout=120
    )
    assert said.stderr.splitlines() == [
        "--help 0 light",
        "plan small.yaml 0 light",
        "status small.yaml 0 light",
        "list 0 light",
    ]


def start(folder: Path, delay_s: float, *arguments: str) -> subprocess.Popen[str]:
    """The command as the head of a process group, as a terminal starts it, ``delay_s`` after its store appeared."""
    child = subprocess.Popen(
        command(*arguments),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for _ in range(600):
        if (folder / "stopped" / "study.sqlite").exists():
            time.sleep(delay_s)
            return child
        time.sleep(0.05)
    raise AssertionError("the study did not begin")


@pytest.mark.slow
@pytest.mark.parametrize("delay_s", [0.3, 3.0])
def test_ctrl_c_stops_cleanly_and_a_second_process_is_refused_meanwhile(folder: Path, delay_s: float) -> None:
    slow = ("run", "small.yaml", "--recipe", "slow", "--to", "stopped", "--workers", "1")
    shutil.rmtree(folder / "stopped", ignore_errors=True)
    child = start(folder, delay_s, *slow)
    second = process(folder, *slow)
    assert second.returncode == 2
    assert f"another process (pid {child.pid}) is working on stopped; wait for it" in second.stderr
    os.killpg(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "stopped; what had finished is kept, and running the same command again goes on from there" in said
    assert "Traceback" not in said
    assert " 0 failed, " in process(folder, "status", "small.yaml", "--recipe", "slow", "--to", "stopped").stdout


def test_a_run_with_failures_says_so_and_ends_with_status_1(folder: Path, frostline: Frostline) -> None:
    diverging = STUDY.replace("{steps: 6, validate_every: 3, batch: 16}", "{steps: 6, validate_every: 3, rate: 1e30}")
    (folder / "diverging.yaml").write_text(diverging)
    narrowed = ("--shares", "0.3", "--seeds", "1", "--executor", "inline")
    status, _, mistakes = frostline("run", "diverging.yaml", *narrowed)
    assert status == 1
    assert re.search(r"[234] of 4 trials failed: the report says why; running again retries them", mistakes)
    assert "a lower rate than 1e+30 may help" in (folder / "results" / "diverging" / "report.html").read_text()
