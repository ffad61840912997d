"""What an addition does is held against the same arm without it, and against its controls, in one family."""

from __future__ import annotations

import pytest

from frostline.analysis.addition_words import addition_sentences, addition_table, untold, worth_sentence, worth_table
from frostline.analysis.additions import AdditionEffect, addition_effects
from frostline.analysis.comparisons import competing, gains, without_additions
from frostline.analysis.controls import transfer_effect
from frostline.analysis.findings import Findings, Terms
from frostline.analysis.frost_line import recommend
from frostline.analysis.racing import race
from frostline.analysis.table import frame_of, table
from frostline.analysis.worth import Worth, WorthOf, worths
from frostline.spec.plan import plan
from tests.analysis.forged import ADDITIONS, EFFECTS, forged_findings, forged_study
from tests.analysis.simulated import study

CONTROLS = ("f3t3 with shuffled", "f3t3 with undertrained")


@pytest.fixture(scope="module")
def findings() -> Findings:
    return forged_findings(forged_study(shares=(0.01, 1.0)))


@pytest.fixture(scope="module")
def effects(findings: Findings) -> tuple[AdditionEffect, ...]:
    return addition_effects(findings)


def test_an_arm_with_an_addition_competes_and_a_control_of_one_does_not(findings: Findings) -> None:
    arms = set(competing(findings.frame)["arm"])
    assert {"f3t3", "f3t3 with gan", "f3t3 with mixup", "r6 with gan"} <= arms and not arms & set(CONTROLS)
    assert {gain.arm for gain in gains(findings)} == arms - {"r6"}
    assert {candidate.arm for one in recommend(findings) for candidate in one.candidates} <= arms
    assert all(one.chosen not in CONTROLS for one in recommend(findings))


def test_a_race_races_arms_with_additions_and_follows_with_their_controls() -> None:
    made = forged_study(shares=(0.1,), evidence="race")
    (told,) = race(plan(made), {}, 0.95).shares
    raced = {arm.written for arm in told.survivors}
    assert "f3t3 with gan" in raced and not raced & set(CONTROLS)
    opened = {entry.arm.written for entry in race(plan(made), {}, 0.95).opened}
    assert set(CONTROLS) <= opened


def test_a_table_without_additions_has_no_column_for_them(findings: Findings) -> None:
    assert "addition" not in table(plan(study()), {}) and "addition" in findings.frame
    assert set(findings.frame["addition"]) == set(EFFECTS)
    assert set(without_additions(findings.frame)["arm"]) == {"r6", "f3t3"}
    plain = Findings(frame_of([{"arm": "r6", "share": 1.0}]))
    assert (addition_effects(plain), worths(plain), addition_table((), Terms())) == ((), (), None)


def test_each_addition_is_held_against_its_arm_without_it_and_against_its_controls(
    effects: tuple[AdditionEffect, ...],
) -> None:
    found = {(one.addition, one.control): one.gain for one in effects if one.treatment == "f3t3"}
    assert set(found) == {("mixup", ""), ("gan", ""), ("gan", "shuffled"), ("gan", "undertrained")}
    for (addition, control), gain in found.items():
        assert gain.arm == f"f3t3 with {addition}" and gain.pairs == 8
        assert gain.reference == (f"f3t3 with {control}" if control else "f3t3")
        assert gain.difference is not None
        assert gain.difference.value == pytest.approx(EFFECTS[addition] - EFFECTS[control], abs=0.003)


@pytest.mark.parametrize(("family", "count"), [("share", 8), ("study", 16)])
def test_all_comparisons_with_additions_are_one_family(family: str, count: int) -> None:
    found = addition_effects(forged_findings(forged_study(shares=(0.01, 1.0)), family=family))
    assert {one.gain.family for one in found} == {count}
    assert all(one.gain.corrected >= one.gain.p for one in found)  # type: ignore[operator]
    smallest = min(found, key=lambda one: one.gain.p or 1)
    assert smallest.gain.corrected == pytest.approx(count * (smallest.gain.p or 1))


def test_what_starts_from_random_weights_is_held_against_arms_without_additions() -> None:
    frame = table(plan(forged_study(controls=("random",), shares=(0.1,))), {})
    assert {effect.arm for effect in transfer_effect(Findings(frame))} == {"f3t3"}


def test_few_comparisons_are_told_a_sentence_each() -> None:
    made = forged_study(surgeries={"half": "f3t3"}, shares=(0.1,))
    found = addition_effects(forged_findings(made))
    said = " ".join(addition_sentences(found, Terms()))
    assert "At 10 % of the target data mixup helps f3t3: f3t3 with mixup is" in said
    assert "gan does more for f3t3 than its control shuffled: f3t3 with gan is" in said
    assert "corrected for 4 comparisons with additions." in said
    none = addition_effects(forged_findings(made, dict.fromkeys(EFFECTS, 0.0)))
    said = " ".join(addition_sentences(none, Terms()))
    assert "it is not shown that gan helps or harms f3t3" in said
    assert "what its control shuffled does may be all that gan does for f3t3" in said
    bad = addition_effects(forged_findings(made, EFFECTS | {"gan": -0.05}))
    said = " ".join(addition_sentences(bad, Terms()))
    assert "gan harms f3t3" in said and "gan does less for f3t3 than its control undertrained" in said


def test_of_many_comparisons_those_that_show_a_difference_are_told_and_all_stand_in_the_table(
    effects: tuple[AdditionEffect, ...],
) -> None:
    said, shown = addition_sentences(effects, Terms()), addition_table(effects, Terms())
    assert said[0].startswith("Of 16 comparisons with additions ") and said[0].endswith("all stand in the table.")
    assert shown is not None and len(shown.rows) == 16
    assert shown.rows[0][:3] == ("1 %", "r6 with mixup", "r6")


def test_the_yardstick_is_the_larger_shares_of_the_arm_without_additions(findings: Findings) -> None:
    found = worths(findings)
    assert {(one.treatment, one.addition, one.share) for one in found} == {
        (treatment, addition, 0.01) for treatment in ("r6", "f3t3") for addition in ("mixup", "gan")
    }
    gan = next(one.worth for one in found if (one.treatment, one.addition) == ("f3t3", "gan"))
    assert (gan.items, gan.most, gan.seeds, gan.harms) == (160, 15_840, 8, False)
    assert gan.more == pytest.approx(160 * (10**0.5 - 1), rel=0.1)
    assert gan.high is not None and gan.low < 160 * (10**0.5 - 1) < gan.high
    said = untold(found, addition_effects(findings))
    assert said[0].startswith("Nothing is said of how many real items r6 with mixup at 100 %, f3t3 with mixup at 100 %")
    assert "it takes a larger share of the arm without addition, and two seeds" in said[0]
    rows = worth_table(found, Terms())
    assert rows is not None and len(rows.rows) == 4 and worth_table((), Terms()) is None


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        (
            Worth(40, 360, 25.0, 5.0, 60.0, False, 8),
            "gan is worth about 25 real items to t3 (95 % interval 5 to 60, n ",
        ),
        (Worth(40, 360, 25.0, 0.0, 60.0, False, 8), "about 25 real items to t3, but it may be worth none (95 % interv"),
        (Worth(40, 360, 0.0, 0.0, 9.0, False, 8), "gan is worth no real items to t3 (95 % interval 0 to 9, n = 8 seed"),
        (
            Worth(40, 360, 0.0, 0.0, 0.0, True, 8),
            "gan is worth no real items to t3, and harms it (95 % interval 0 to 0",
        ),
        (Worth(40, 360, None, 360.0, None, False, 8), "gan is worth more real items to t3 than were tried (95 % inter"),
        (Worth(40, 360, 25.0, 0.0, None, False, 8), "it cannot be told how many real items gan is worth to t3: none, "),
        (Worth(40, 360, None, 90.0, None, False, 8), "gan is worth more real items than were tried to t3 (95 % interv"),
    ],
)
def test_what_an_addition_is_worth_is_told_with_its_interval_and_n(measured: Worth, said: str) -> None:
    told = worth_sentence(WorthOf("t3", "gan", 0.1, measured), Terms())
    assert said in told and told.startswith("At 10 % of the target data (40 real items to train on) ")
    assert told.endswith("n = 8 seeds; up to 360 more were tried).")


def test_the_additions_of_the_simulated_study_are_all_there_are() -> None:
    assert set(EFFECTS) == {"", *ADDITIONS}
