"""What stands behind the figures is said: controls, uncertainty, how small a p can be, how the arm was chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from frostline.analysis.answers import Answers
from frostline.analysis.audit import audit_findings
from frostline.analysis.findings import Findings
from frostline.analysis.table import frame_of
from frostline.report.deficits import deficits
from frostline.report.evidence import Evidence, evidence_of
from frostline.report.rows import columns, rows
from frostline.report.told import attainable_words, variance_words
from tests.report.test_answer import found


@pytest.fixture(scope="module")
def shown() -> Evidence:
    """The evidence of an arm, its control and scratch, each answer of each seed known."""
    draw, rows, book = np.random.default_rng(0), [], {}
    for arm, chance in (("r4", 0.7), ("f2t2", 0.9), ("f2r2 from random", 0.6)):
        for seed in range(6):
            right = draw.random(200) < chance
            book[f"{arm} {seed}"] = Answers(np.arange(200), right)
            row = {"arm": arm, "names": arm, "share": 0.1, "seed": seed, "key": f"{arm} {seed}", "status": "finished"}
            control = {"treatment": arm.partition(" ")[0], "control": "random" if " from " in arm else ""}
            rows.append(row | control | {"score": right.mean(), "frozen_depth": 2 if arm.startswith("f") else 0})
    return evidence_of(Findings(frame_of(rows), book), (), "frozen layers")


def test_a_control_is_in_the_table_and_in_no_figure(shown: Evidence) -> None:
    assert [row[1].text for row in rows(shown.findings)] == ["r4", "f2t2", "f2r2 from random"]
    assert all("from random" not in picture.svg.decode() for picture in shown.pictures)
    assert all("from random" not in picture.csv for picture in shown.pictures)


def test_whether_pretraining_helps_is_said_by_its_control(shown: Evidence) -> None:
    assert "f2r2 from random" in shown.controls[0]


def test_every_arm_has_its_place_below_the_best_with_the_interval_that_the_answer_was_read_from(
    shown: Evidence,
) -> None:
    section = deficits(shown)
    assert section.table is not None
    (recommended,) = shown.recommendations
    expected = {
        (
            one.arm,
            f"{one.standing.difference * 100:+.2f}",
            f"[{one.standing.low * 100:+.2f}, {one.standing.high * 100:+.2f}]",
        )
        for one in recommended.candidates
        if one.standing is not None
    }
    assert {row[1:4] for row in section.table.rows} == expected and len(expected) == 2
    assert {row[1] for row in section.table.rows if row[4] == "yes"} == set(recommended.possible)


def test_no_deficit_is_told_beyond_what_the_figure_can_be(shown: Evidence) -> None:
    (found,) = shown.recommendations
    first, *others = found.candidates
    assert first.standing is not None
    wide = replace(first, standing=replace(first.standing, low=float("-inf"), high=2.0))
    section = deficits(replace(shown, recommendations=[replace(found, candidates=(wide, *others))]))
    assert section.table is not None and section.table.rows[0][3] == "[-100.00, +100.00]"


def test_the_audit_compares_no_control(shown: Evidence) -> None:
    cells = [cell for one in audit_findings(shown.findings) if one.table for row in one.table.rows for cell in row]
    assert any("f2t2" in cell for cell in cells) and not any("from random" in cell for cell in cells)


def test_nothing_is_said_of_pretraining_without_its_control(shown: Evidence) -> None:
    frame = shown.findings.frame
    alone = evidence_of(replace(shown.findings, frame=frame[frame["control"] == ""]), (), "frozen layers")
    assert alone.controls[-1].startswith("Nothing is said about whether pretraining helps f2t2")


def test_the_table_has_p_and_its_correction_beside_each_gain(shown: Evidence) -> None:
    at = dict(zip(columns(shown.findings), rows(shown.findings)[1], strict=True))
    assert (at["p"].text, at["corrected p"].text) == ("0.031", "0.031")
    assert at["effect size (d)"].text.startswith("+")
    itself, control = (dict(zip(columns(shown.findings), rows(shown.findings)[place], strict=True)) for place in (0, 2))
    assert itself["gain over scratch"].text == "scratch itself"
    assert control["gain over scratch"].text == control["p"].text == "\N{EM DASH}"


def test_a_study_without_scratch_gains_over_the_arm_that_tunes_every_layer() -> None:
    assert "gain over t3" in columns(found(t3=0.8, f2=0.9))


def test_how_small_a_p_can_be_is_said_once_for_all_shares_that_have_as_many_pairs() -> None:
    evidence = evidence_of(found(r3=0.80, f2=0.85), (), "frozen layers")
    (said,) = attainable_words(evidence)
    assert said.startswith("At 10 %, 50 %: with n = 6 pairs no p can be below 0.0312")


def test_the_parts_of_the_variance_are_told_in_per_cent_with_their_numbers(shown: Evidence) -> None:
    (said,) = variance_words(shown)
    assert said.startswith("At 10 %, f2t2: of the variance of its mean ")
    assert "(n = 6)" in said and "(n = 200)" in said
