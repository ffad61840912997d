"""The command line, from a study file to its report, and every mistake told in words."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

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
ROOT = Path(__file__).parents[1]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from frostline.cli import main; main()", *arguments]


def frostline(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study file, and that study run."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "small.yaml").write_text(STUDY)
    ran = frostline(folder, "run", "small.yaml", "--executor", "inline")
    assert ran.returncode == 0, ran.stderr
    (folder / "ran.txt").write_text(ran.stdout)
    (folder / "progress.txt").write_text(ran.stderr)
    return folder


def test_a_run_ends_with_an_answer_a_share_and_the_path_of_the_report(folder: Path) -> None:
    lines = (folder / "ran.txt").read_text().splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "With 10 % of the target data",
        "With 30 % of the target data",
        "report",
    ]
    assert all(re.search(r"\[\d\.\d+, \d\.\d+\] \(95 % interval, n = 3 seeds\)", line) for line in lines[:2])
    assert lines[2] == "report: results/small/report.html"


def test_the_study_folder_holds_page_tables_figures_and_the_published_layout(folder: Path) -> None:
    results = folder / "results" / "small"
    table = pd.read_csv(results / "table.csv")
    assert len(table) == 3 * 2 * 3
    assert list(pd.read_parquet(results / "table.parquet").columns) == list(table.columns)
    names = {path.name for path in results.rglob("*") if path.is_file()}
    assert {"report.html", "accuracy-against-cut.svg", "accuracy-against-cut.png", "cuts_FR.json"} <= names
    page = (results / "report.html").read_text()
    assert not re.search(r"""(src|href)=["']https?:""", page)


def test_progress_is_told_in_plain_lines_where_there_is_no_terminal(folder: Path) -> None:
    assert "21 done, 0 failed, 0 left" in (folder / "progress.txt").read_text()


def test_status_counts_and_running_again_runs_nothing(folder: Path) -> None:
    said = frostline(folder, "status", "small.yaml")
    assert said.stdout == "results/small: 21 finished, 0 failed, 0 missing\n"
    again = frostline(folder, "run", "small.yaml", "--executor", "inline")
    assert again.stderr == ""
    assert again.stdout == (folder / "ran.txt").read_text()


def test_a_narrowed_report_uses_what_is_there(folder: Path) -> None:
    said = frostline(folder, "report", "small.yaml", "--shares", "0.3", "--seeds", "2", "--to", "results/small")
    assert said.stdout.startswith("With 30 %")
    assert "n = 2 seeds" in said.stdout


def test_a_page_is_not_replaced_by_that_of_a_study_that_has_not_run(folder: Path) -> None:
    page = (folder / "results" / "small" / "report.html").read_bytes()
    said = frostline(folder, "report", "small.yaml", "--recipe", "slow", "--to", "results/small")
    assert said.returncode == 2
    assert "none of which is of this study as it is written now; its page stays as it is" in said.stderr
    assert (folder / "results" / "small" / "report.html").read_bytes() == page


def test_a_single_trial_of_a_study_is_run_by_arm_seed_and_share(folder: Path) -> None:
    single = ("--arm", "f1t1", "--seed", "42", "--shares", "0.3", "--to", "single")
    ran = frostline(folder, "run", "small.yaml", *single, "--executor", "inline")
    assert ran.returncode == 0, ran.stderr
    assert "one seed: no interval, nothing can be said" in ran.stdout
    assert frostline(folder, "status", "small.yaml", *single).stdout == "single: 2 finished, 0 failed, 0 missing\n"


def test_published_files_are_reported_and_our_own_export_is_read_back(folder: Path) -> None:
    files = [f"results/small/{name}" for name in ("cuts_FR.json", "baselines.json")]
    said = frostline(folder, "report", *files, "--to", "imported")
    assert said.returncode == 0, said.stderr
    assert (folder / "imported" / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("plan", "nowhere.yaml"), "no study file at nowhere.yaml"),
        (("plan", "digit"), "no preset is called 'digit'; did you mean 'digits'"),
        (
            ("plan", "small.yaml", "--shares", "0.0001"),
            r"share 0.0001 of digits leaves 0 training and 0 validation items",
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
def test_a_mistake_is_told_in_words_without_a_traceback(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    said = frostline(folder, *arguments)
    assert said.returncode == 2
    assert re.search(message, said.stderr), said.stderr
    assert "Traceback" not in said.stderr
    assert said.stdout == ""


def test_a_preset_is_copied_and_can_be_planned(folder: Path) -> None:
    assert frostline(folder, "init", "digits", "--to", "mine.yaml").stdout == "wrote mine.yaml\n"
    said = frostline(folder, "plan", "mine.yaml")
    assert "360 cells, 370 trials in 2 waves (50, then 320)" in said.stdout
    assert "scratch = FR cut 0" in said.stdout


def test_every_help_shows_one_real_run(folder: Path) -> None:
    for name in ("plan", "prepare", "show", "run", "status", "report", "list", "init"):
        said = frostline(folder, name, "--help")
        assert f"$ frostline {name}" in said.stdout, name
    narrowed = ("digits", "--shares", "0.1", "--seeds", "3", "--arm", "r4", "--arm", "f2r2")
    real = [line.strip() for line in frostline(folder, "plan", *narrowed).stdout.splitlines()]
    shown = [line.strip() for line in frostline(folder, "plan", "--help").stdout.splitlines()]
    assert shown[-len(real) :] == real


def test_plan_and_help_answer_without_torch(folder: Path) -> None:
    for arguments in (("--help",), ("plan", "small.yaml"), ("status", "small.yaml"), ("list",)):
        program = "import sys; from frostline.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        program += (
            "heavy = {'torch', 'numpy', 'pandas', 'ray'} & set(sys.modules)\nprint(heavy or 'light', file=sys.stderr)"
        )
        said = subprocess.run(
            [sys.executable, "-c", program, *arguments], cwd=folder, capture_output=True, text=True, check=True
        )
        assert said.stderr.strip() == "light", arguments


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
    second = frostline(folder, *slow)
    assert second.returncode == 2
    assert f"another process (pid {child.pid}) is working on stopped; wait for it" in second.stderr
    os.killpg(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "stopped; what had finished is kept, and running the same command again goes on from there" in said
    assert "Traceback" not in said
    assert " 0 failed, " in frostline(folder, "status", "small.yaml", "--recipe", "slow", "--to", "stopped").stdout


def test_a_run_with_failures_says_so_and_ends_with_status_1(folder: Path) -> None:
    diverging = STUDY.replace("{steps: 6, validate_every: 3, batch: 16}", "{steps: 6, validate_every: 3, rate: 1e30}")
    (folder / "diverging.yaml").write_text(diverging)
    ran = frostline(folder, "run", "diverging.yaml", "--shares", "0.3", "--seeds", "1", "--executor", "inline")
    assert ran.returncode == 1
    assert re.search(r"[234] of 4 trials failed: the report says why; running again retries them", ran.stderr)
    assert "a lower rate than 1e+30 may help" in (folder / "results" / "diverging" / "report.html").read_text()
