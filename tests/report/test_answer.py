"""The answer stands in two sentences, says how sure it is, and never recommends what only cannot be told apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from frostline.analysis.comparisons import gains
from frostline.analysis.findings import Findings, Terms
from frostline.analysis.frost_line import Recommendation, recommend
from frostline.analysis.table import frame_of
from frostline.analysis.verdicts import Finding
from frostline.report.answer import answer_in_short, declared, listed, points
from frostline.report.methods import methods
from frostline.report.section import audit


def found(**arms: float) -> Findings:
    """Six seeds of arms of those mean accuracies at two shares; at the second one the seeds contradict each other."""
    noise = np.random.default_rng(0)
    rows = [
        {"arm": arm, "names": arm, "share": share, "seed": seed, "key": f"{arm} {share} {seed}", "status": "finished"}
        | {"score": mean + spread * (-1) ** (seed // place) + 0.0005 * noise.normal(), "frozen_depth": int(arm[1:])}
        for share, spread in ((0.1, 0.0), (0.5, 0.1))
        for place, (arm, mean) in enumerate(arms.items(), 1)
        for seed in range(6)
    ]
    return Findings(frame_of(rows))


def told(findings: Findings) -> list[Recommendation]:
    return recommend(findings)


def test_the_answer_names_the_arm_the_shares_that_are_undecided_and_how_sure_it_is() -> None:
    findings = found(f1=0.80, f2=0.85, f3=0.81)
    assert answer_in_short(told(findings), findings.terms) == (
        "With 10 % of the target data f2 is recommended; with 50 % it is undecided which arm to take. A recommended "
        "arm is the cheapest that is shown, with 95 % confidence for all arms of its share together, to lie less than "
        "1 point of accuracy below the best of the others."
    )


def test_an_undecided_study_recommends_nothing() -> None:
    findings = Findings(found(f1=0.8, f2=0.8).frame.query("share == 0.5"))
    assert answer_in_short(told(findings), findings.terms).endswith("not to tell arms apart recommends none of them.")


def test_a_study_without_outcomes_says_that_nothing_can_be_said() -> None:
    findings = Findings(found(f1=0.8, f2=0.8).frame.assign(status="missing", score=float("nan")))
    assert answer_in_short(told(findings), Terms()).startswith("Nothing can be said yet.")


def test_one_seed_of_each_arm_is_not_called_undecided() -> None:
    findings = Findings(found(f1=0.8, f2=0.9).frame.query("seed == 0"))
    assert answer_in_short(told(findings), Terms()).startswith("Nothing can be said yet.")


def test_the_only_arm_that_a_race_left_is_not_said_to_lie_within_the_margin() -> None:
    (one,) = told(Findings(found(f1=0.8, f2=0.9).frame.query("share == 0.1 and arm == 'f2'")))
    left = answer_in_short([replace(one, chosen="f2")], Terms())
    assert left.startswith("With 10 % of the target data f2 is recommended. A race ruled out every other arm")
    assert "1 point" not in left


def test_what_was_declared_is_said_with_its_numbers() -> None:
    said = declared(Terms(level=0.9, margin=0.02, family="study", overlap=0.25))
    assert said[0].startswith("Level 90 %") and "in at most 10 % of them" in said[0]
    assert said[1].startswith("Margin 2 points")
    assert "the gains of the whole study, all shares together" in said[2]
    assert said[3].startswith("Overlap 0.25")
    assert len(declared(Terms())) == 3


@pytest.mark.parametrize(("difference", "said"), [(0.01, "1 point"), (0.005, "0.5 points"), (0.02, "2 points")])
def test_a_margin_is_told_in_points(difference: float, said: str) -> None:
    assert points(difference) == said


def test_words_are_listed_with_an_and() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"


def test_methods_name_only_what_was_used() -> None:
    said = " ".join(methods(Terms(overlap=0.25), [], []))
    assert "Nadeau and Bengio 2003" in said and "Hsu 1984" in said
    assert "Fisher 1935" not in said and "Satterthwaite" not in said
    assert "Nadeau" not in " ".join(methods(Terms(), [], []))


def test_equal_fresh_weights_are_claimed_of_arms_of_one_network_alone() -> None:
    said = " ".join(methods(Terms(), [], gains(found(r3=0.80, f2=0.85))))
    assert "the same split and share and, where they are of one network, the same head and fresh weights." in said


def test_an_audit_shows_the_worst_first_and_counts_its_verdicts() -> None:
    section = audit([Finding("holds", "b", "fine"), Finding("wrong", "a", "bad"), Finding("holds", "c", "fine")])
    assert [finding.subject for finding in section.judged] == ["a", "b", "c"]
    assert section.paragraphs == ["Checked before this page was written: wrong (1), holds (2)."]
    assert audit([]).empty
