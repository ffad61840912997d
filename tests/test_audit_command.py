"""`frostline audit` says what published figures carry; it fails only where it cannot read or answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_prepare import Frostline, frostline

__all__ = ["frostline"]

RESULTS = """arm,seed,accuracy
none,1,62.10
none,2,63.71
none,3,60.48
half,1,62.90
half,2,64.52
half,3,62.90
"""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    (tmp_path / "results.csv").write_text(RESULTS)
    return tmp_path / "results.csv"


def test_an_audit_that_finds_faults_has_not_failed(frostline: Frostline, results: Path) -> None:
    status, out, err = frostline("audit", str(results), "--test-size", "99", "--train-size", "124")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Audit of results.csv"
    assert lines[1].startswith("6 runs, 2 arms, 1 share. Findings: 1 wrong, ")
    assert "WRONG: How many items were the accuracies measured on?" in lines
    assert "official training part (124), not of the official test part (99)." in " ".join(out.split())


def test_the_worst_findings_stand_first(frostline: Frostline, results: Path) -> None:
    _, out, _ = frostline("audit", str(results), "--claim", "none > half", "--against", "none")
    verdicts = re.findall(r"^(WRONG|CANNOT BE SHOWN|UNKNOWN|HOLDS): ", out, flags=re.MULTILINE)
    order = ["WRONG", "CANNOT BE SHOWN", "UNKNOWN", "HOLDS"]
    assert verdicts == sorted(verdicts, key=order.index)
    assert set(verdicts) == set(order)


def test_a_claim_about_an_unknown_arm_is_told_in_words(frostline: Frostline, results: Path) -> None:
    status, out, err = frostline("audit", str(results), "--claim", "halve > none")
    assert (status, out) == (2, "")
    assert err == (
        "the audit cannot be made as asked for 1 reason:\n  --claim 'halve > none': no arm is called 'halve'; did you "
        "mean 'half'?; known: none, half\n"
    )


def test_a_file_of_the_wrong_shape_is_told_without_a_traceback(frostline: Frostline, tmp_path: Path) -> None:
    (tmp_path / "cuts.json").write_text('[{"depth": 2}, {"lr": 0.1}]')
    status, out, err = frostline("audit", str(tmp_path / "cuts.json"))
    assert (status, out) == (2, "")
    assert "cuts.json, entry 1, test_acc: is missing, expected a number from 0 to 1" in err
    assert "Traceback" not in err
