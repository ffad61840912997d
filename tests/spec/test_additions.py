"""Additions: every surgery is run without and with each, nothing else differs, and a control differs by one thing."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from frostline.analysis.additions import addition_effects
from frostline.analysis.findings import Findings
from frostline.analysis.table import table
from frostline.errors import PlanRefused, StudyFaults
from frostline.spec.additions import Addition
from frostline.spec.arms import Arm
from frostline.spec.idle import idle_keys
from frostline.spec.plan import Plan, plan
from frostline.spec.study import Narrowing
from frostline.spec.study_file import load_study
from frostline.spec.surgery import Surgery
from frostline.spec.trial import Trial
from tests.spec.examples import study

SYNTHESIS = {"recipe": {"passes": 4, "batch": 8}, "ratio": 1.0, "conditions": "resampled"}
ADDITIONS: dict[str, object] = {
    "specaugment": {"augmentation": {"masks": {"time": {"count": 1, "width": 2}}}},
    "shuffled": {"synthesis": {**SYNTHESIS, "conditions": "shuffled"}, "control_of": "gan"},
    "mixup": {"augmentation": {"mixup": {"alpha": 0.2}}},
    "gan": {"synthesis": SYNTHESIS},
    "undertrained": {"synthesis": {**SYNTHESIS, "recipe": {"steps": 3, "batch": 8}}, "control_of": "gan"},
}
FEW = {"scratch": "r4", "cut": "f2r2"}


def planned(additions: object = ADDITIONS, **changes: object) -> Plan:
    return plan(study(**{"surgeries": FEW, "additions": additions, **changes}))


def trial_of(made: Plan, arm: str, share: float = 0.1, seed: int = 1) -> Trial:
    (found,) = [e.trial for e in made.entries if (e.arm.written, e.share, e.seed) == (arm, share, seed)]
    return found


def test_every_surgery_is_run_without_additions_and_with_each_the_controls_last() -> None:
    assert [arm.written for arm in planned().arms] == [
        "r4", "f2r2", "r4 with specaugment", "f2r2 with specaugment", "r4 with mixup", "f2r2 with mixup",
        "r4 with gan", "f2r2 with gan", "r4 with shuffled", "f2r2 with shuffled", "r4 with undertrained",
        "f2r2 with undertrained",
    ]  # fmt: skip
    assert str(planned().arms[7]) == "f2r2 with gan (cut with gan)"


def test_the_trials_of_a_study_without_additions_stay_what_they_are_with_them() -> None:
    with_them, without = planned(), plan(study(surgeries=FEW))
    assert with_them.entries[: len(without.entries)] == without.entries
    assert not {entry.trial.key for entry in with_them.entries[len(without.entries) :]} & {
        entry.trial.key for entry in without.entries
    }


def test_arms_of_one_surgery_differ_by_their_addition_alone_and_take_equal_steps() -> None:
    made, added = planned(recipes={"short": {"passes": 3, "validate_every": "pass"}}), {"augmentation", "synthesis"}
    for share in (0.1, 1.0):
        plain = trial_of(made, "f2r2", share)
        for name in ADDITIONS:
            other = trial_of(made, f"f2r2 with {name}", share)
            assert other.model_dump(exclude=added) == plain.model_dump(exclude=added)
            assert other.recipe.steps == plain.recipe.steps
    assert trial_of(made, "r4", 0.1).recipe.steps != trial_of(made, "r4", 1.0).recipe.steps


def test_a_shuffled_control_has_the_generator_of_what_it_controls_and_an_undertrained_one_its_own() -> None:
    made = planned()
    gan, shuffled, undertrained = (trial_of(made, f"r4 with {n}").made for n in ("gan", "shuffled", "undertrained"))
    assert gan is not None and shuffled is not None and undertrained is not None
    assert gan.generator_key == shuffled.generator_key and gan.key != shuffled.key
    assert undertrained.generator_key != gan.generator_key and undertrained.forging.recipe.steps == 3


def test_controls_of_an_addition_compete_with_nobody_and_control_the_same_surgery_alone() -> None:
    arms = {arm.written: arm for arm in planned(controls=("random",)).arms}
    control = arms["f2r2 with shuffled"]
    assert (control.control, arms["f2r2 with gan"].control, arms["f2r2 from random"].control) == ("gan", "", "random")
    assert [name for name, arm in arms.items() if control.controls(arm)] == ["f2r2 with gan"]
    assert [name for name, arm in arms.items() if arms["f2r2 from random"].controls(arm)] == ["f2r2"]
    assert Arm(Surgery.parse("r4"), ("scratch",)).control == ""


def test_what_all_are_given_is_given_to_arms_with_synthetic_items_too() -> None:
    made = planned({"gan": ADDITIONS["gan"]}, augmentation={"mixup": {"alpha": 0.4}})
    assert trial_of(made, "r4 with gan").augmentation == trial_of(made, "r4").augmentation
    assert trial_of(made, "r4").augmentation.mixup is not None


def test_a_study_narrowed_to_an_arm_keeps_it_under_every_addition() -> None:
    narrowed = study(surgeries=FEW, additions=ADDITIONS).narrowed(Narrowing(arms=(Surgery.parse("r4"),)))
    assert {str(arm.surgery) for arm in plan(narrowed).arms} == {"r4"} and len(plan(narrowed).arms) == 6


CONTROL = {"synthesis": {**SYNTHESIS, "conditions": "shuffled"}, "control_of": "gan"}


@pytest.mark.parametrize(
    ("additions", "said"),
    [
        ({"none": ADDITIONS["mixup"]}, "none is no name for an addition, for it means something else; call it otherw"),
        ({"a, b": ADDITIONS["mixup"]}, "an addition is called by letters, digits, spaces, . and -; call it otherwise"),
        ({"gan": {}}, "gan: adds nothing; give augmentation or synthesis, or remove it"),
        ({"a": ADDITIONS["mixup"], "b": ADDITIONS["mixup"]}, "additions.b: is what a is; remove one of them"),
        ({"gane": ADDITIONS["gan"], "s": CONTROL}, "no addition is called 'gan'; did you mean 'gane'.; known: gane"),
        ({"gan": ADDITIONS["gan"], "s": CONTROL, "t": {**CONTROL, "control_of": "s"}}, "s is a control itself; name"),
        ({"gan": ADDITIONS["mixup"], "s": CONTROL}, "has synthetic items as gan has, and one of the two has none"),
        ({"gan": ADDITIONS["gan"], "s": {**CONTROL, "synthesis": SYNTHESIS}}, "it is what gan is; give other condit"),
        (
            {"gan": ADDITIONS["gan"], "s": {**CONTROL, "synthesis": {**SYNTHESIS, "ratio": 2.0}}},
            "additions.s: control_of: it differs from gan in more than the conditions and the budget of the generator",
        ),
    ],
)
def test_additions_that_add_or_control_nothing_are_refused(additions: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        study(additions=additions)


def test_what_all_arms_have_is_no_addition() -> None:
    with pytest.raises(ValidationError, match="synthesis: every arm would have synthetic items, that without addit"):
        study(additions=ADDITIONS, synthesis=SYNTHESIS)
    said = "additions.mixup.augmentation: would take the place of the study's augmentation, so that its arms differ in"
    with pytest.raises(ValidationError, match=said):
        study(additions=ADDITIONS, augmentation={"flip": "horizontal"})


def test_a_fault_of_an_addition_is_told_with_its_line(tmp_path: Path) -> None:
    text = [
        "title: t", "question: q", "dataset: {name: digits}", "network: {name: mlp, depth: 2}",
        "surgeries: {scratch: r2}", "recipe: {steps: 2}", "additions:", "  gan:", "    sinthesis: {}",
        "  mixup: {augmentation: {mixup: {alpha: 0}}}",
    ]  # fmt: skip
    (tmp_path / "study.yaml").write_text("\n".join(text))
    with pytest.raises(StudyFaults) as faults:
        load_study(tmp_path / "study.yaml")
    assert "line 9   additions.gan.sinthesis: unknown key" in str(faults.value)
    assert "line 10  additions.mixup.augmentation.mixup.alpha: must be greater than 0 (got 0)" in str(faults.value)


def test_a_plan_refuses_additions_that_cannot_be_carried_out() -> None:
    large = {"gan": {"synthesis": {**SYNTHESIS, "recipe": {"steps": 3, "batch": 500}}}}
    with pytest.raises(PlanRefused, match=r"additions.gan.synthesis.recipe.batch: 500 is more than the \d+ training"):
        planned(large)
    with pytest.raises(
        PlanRefused, match=r"additions.moved.augmentation.shift.largest: 0.01 of 8 columns is less than"
    ):
        planned({"moved": {"augmentation": {"shift": {"largest": 0.01}}}})


def test_an_empty_group_of_additions_is_idle_and_a_race_of_one_surgery_with_some_is_not() -> None:
    assert idle_keys({"additions": {}}) == [(("additions",), "names nothing; remove it")]
    race = {"evidence": "race", "surgeries": {"one": "r4"}, "seeds": 9}
    assert idle_keys(race) and not idle_keys({**race, "additions": {"mixup": ADDITIONS["mixup"]}})


def test_an_addition_reads_back_as_itself() -> None:
    one = Addition.model_validate(CONTROL)
    assert Addition.model_validate_json(one.model_dump_json(exclude_defaults=True)) == one


def test_ways_with_norms_are_arms_with_additions_too() -> None:
    changes = {
        "dataset": {"name": "digits", "classes": (5, 6, 7, 8, 9), "size": 32},
        "source": {"dataset": {"name": "digits", "classes": (0, 1, 2, 3, 4), "size": 32}},
        "network": {"name": "timm", "model": "test_resnet"},
        "surgeries": {"scratch": "r5", "cut": "f2t3"},
        "norms": ("stored", "tuned"),
    }
    made = planned({name: ADDITIONS[name] for name in ("gan", "shuffled")}, **changes)
    arms = {arm.written: arm for arm in made.arms}
    assert list(arms)[3:] == [
        "r5 with gan", "f2t3 with gan", "f2t3 norms tuned with gan",
        "r5 with shuffled", "f2t3 with shuffled", "f2t3 norms tuned with shuffled",
    ]  # fmt: skip
    control = arms["f2t3 norms tuned with shuffled"]
    assert [name for name, arm in arms.items() if control.controls(arm)] == ["f2t3 norms tuned with gan"]
    assert trial_of(made, "f2t3 norms tuned with gan").recipe.norms == "tuned"
    effects = addition_effects(Findings(table(made, {})))
    assert {one.gain.reference for one in effects if one.gain.arm == "f2t3 norms tuned with gan"} == {
        "f2t3 norms tuned", "f2t3 norms tuned with shuffled"
    }  # fmt: skip
