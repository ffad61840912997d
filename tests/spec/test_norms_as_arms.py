"""What becomes of the norms of frozen layers can be an axis of a study, each way an arm beside the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import TypeAdapter

from frostline.analysis.controls import transfer_effect
from frostline.analysis.depth_lines import lines_of
from frostline.analysis.findings import Findings
from frostline.analysis.frost_line import in_words
from frostline.analysis.table import cut_points, table
from frostline.spec.agreement import disagreements
from frostline.spec.frozen_norms import norms_on
from frostline.spec.idle import idle_keys
from frostline.spec.network import NetworkSpec
from frostline.spec.plan import Plan, plan
from frostline.spec.study import Study
from frostline.spec.surgery import Surgery
from tests.analysis.simulated import outcomes
from tests.spec.examples import study

RESNET: dict[str, object] = {
    "dataset": {"name": "digits", "classes": (5, 6, 7, 8, 9), "size": 32},
    "source": {"dataset": {"name": "digits", "classes": (0, 1, 2, 3, 4), "size": 32}},
    "network": {"name": "timm", "model": "test_resnet"},
    "surgeries": {"scratch": "r5", "F": {"below": "frozen", "above": "tuned", "cuts": (0, 2, 5)}},
    "seeds": 1,
}
VIT = {"name": "timm", "model": "test_vit"}
WAYS = ("stored", "re-estimated", "tuned")


def made(**changes: object) -> Study:
    """A study of a small ResNet with every way with norms, with ``changes``."""
    return study(**{**RESNET, "norms": WAYS, **changes})


def norms_of(planned: Plan, share: float = 0.1) -> dict[str, str]:
    """The way with norms of the trial of each arm."""
    return {one.arm.written: one.trial.recipe.norms for one in planned.entries if one.share == share}


def test_each_arm_that_freezes_is_there_in_every_way_and_others_once() -> None:
    assert norms_of(plan(made())) == {
        "r5": "stored",
        "t5": "stored",
        "f2t3": "stored",
        "f2t3 norms re-estimated": "re-estimated",
        "f2t3 norms tuned": "tuned",
        "f5": "stored",
        "f5 norms re-estimated": "re-estimated",
        "f5 norms tuned": "tuned",
    }


def test_an_arm_in_the_stored_way_is_the_trial_that_it_is_without_the_axis() -> None:
    with_axis, without = ({e.arm.written: e.trial.key for e in plan(made(norms=n)).entries} for n in (WAYS, None))
    assert without.items() <= with_axis.items() and len(with_axis) == len(without) + 4


@pytest.mark.parametrize(
    "network", [VIT, {"name": "spectrogram_transformer", "depth": 6, "width": 8, "heads": 2, "patch": 16}]
)
def test_what_freezes_no_norm_is_there_once(network: Mapping[str, object]) -> None:
    family = {"F": {"below": "frozen", "above": "tuned", "cuts": (1, 2)}}
    changed = made(network=network, norms=("stored", "tuned"), surgeries=family)
    layers = len(changed.network.layer_names)
    once, treated = f"f1t{layers - 1}", f"f2t{layers - 2}"
    assert norms_of(plan(changed)) == {once: "stored", treated: "stored", f"{treated} norms tuned": "tuned"}
    assert [(one.family, one.arm) for one in cut_points(changed)] == [
        ("F", once),
        ("F", treated),
        ("F, norms tuned", once),
        ("F, norms tuned", f"{treated} norms tuned"),
    ]


@pytest.mark.parametrize(
    ("network", "surgery", "kept"),
    [
        ({"name": "plain_cnn"}, "f3t3", "stored"),
        ({"name": "mlp"}, "f1t2", "stored"),
        ({"name": "mtt_vgg"}, "f1t4", "tuned"),
        (VIT, "f1t6", "stored"),
        (VIT, "f1t6>t7", "stored"),
        (VIT, "f2t5>f1t6", "tuned"),
        (VIT, "t1f1t5", "tuned"),
        ({"name": "timm", "model": "test_vit4"}, "f3t4", "stored"),
        ({"name": "timm", "model": "vit_base_patch16_clip_224"}, "f1t12", "tuned"),
    ],
)
def test_norms_are_tuned_where_a_frozen_layer_may_have_one(
    network: Mapping[str, object], surgery: str, kept: str
) -> None:
    spec: NetworkSpec = TypeAdapter(NetworkSpec).validate_python(network)
    assert norms_on(spec, Surgery.parse(surgery), "tuned") == kept


def test_a_way_is_the_trial_that_a_recipe_of_that_way_gives() -> None:
    ours = {e.arm.written: e.trial.key for e in plan(made(shares=(1.0,))).entries}
    recipes = {"short": {"steps": 20}, "tuning": {"steps": 20, "norms": "tuned"}}
    source = {"dataset": {"name": "digits", "classes": (0, 1, 2, 3, 4), "size": 32}, "recipe": "short"}
    theirs = plan(made(shares=(1.0,), norms=None, recipe="tuning", recipes=recipes, source=source))
    found = {e.arm.written: e.trial.key for e in theirs.entries}
    assert ours["f2t3 norms tuned"] == found["f2t3"]


def test_what_starts_from_others_than_its_controls_way_with_norms_is_not_controlled_by_it() -> None:
    arms = {arm.written: arm for arm in plan(made(controls=("random", "selffer"))).arms}
    tuned = arms["f2r3 norms tuned from random"]
    assert [name for name, arm in arms.items() if tuned.controls(arm)] == ["f2t3 norms tuned"]
    assert tuned.names == ("F cut 2 from random, norms tuned",)
    assert "r5 norms tuned" not in arms and "t5 norms tuned from selffer" not in arms


def test_what_a_control_trains_first_freezes_nothing_and_is_one_trial_for_all_ways() -> None:
    planned = plan(made(controls=("selffer",), shares=(1.0,)))
    parted = [one.trial for one in planned.entries if one.arm.start == "selffer" and one.arm.surgery.freezes]
    assert len(parted) == 6 and len({one.start.key for one in parted if one.predecessor and one.start}) == 1


def test_no_two_arms_are_written_or_called_alike() -> None:
    arms = plan(made(controls="all")).arms
    names = [name for arm in arms for name in arm.names]
    assert len({arm.written for arm in arms}) == len(arms) and len(set(names)) == len(names)


def test_each_way_is_a_line_of_cuts_and_of_depths_that_ends_in_the_whole_networks() -> None:
    points = cut_points(made())
    lines = {name: [one.arm for one in points if one.family == name] for name in {one.family for one in points}}
    assert lines == {
        "F": ["t5", "f2t3", "f5"],
        "F, norms re-estimated": ["t5", "f2t3 norms re-estimated", "f5 norms re-estimated"],
        "F, norms tuned": ["t5", "f2t3 norms tuned", "f5 norms tuned"],
    }
    drawn = lines_of(table(plan(made()), {}), points)
    assert [(line.name, list(line.arms.values())) for line in drawn] == [
        ("F (tuned above)", lines["F"]),
        ("F, norms re-estimated (tuned above, norms re-estimated)", lines["F, norms re-estimated"]),
        ("F, norms tuned (tuned above, norms tuned)", lines["F, norms tuned"]),
    ]
    assert set(table(plan(made()), {})["arm"]) >= {one.arm for one in points}


def test_an_arm_with_norms_is_told_in_words() -> None:
    assert in_words("f2t3 norms tuned") == "2 of 5 layers frozen, 3 tuned, norms tuned"
    assert in_words("neither norms tuned") == ""


@pytest.mark.parametrize(
    ("changes", "keys", "said"),
    [
        ({"norms": ()}, ("norms",), "names nothing; remove it"),
        ({"norms": ("tuned",)}, ("norms",), "names one way; write norms: tuned in the recipe"),
        (
            {"surgeries": {"full": "t5"}},
            ("norms",),
            "re-estimated and tuned have no effect, for no surgery freezes a layer; remove it",
        ),
        (
            {"network": {"name": "plain_cnn", "depth": 5}},
            ("norms",),
            "re-estimated and tuned have no effect, for the network has no norms; remove it",
        ),
        (
            {"network": {"name": "timm", "model": "test_vit"}, "surgeries": {"cut": "f1t3"}},
            ("norms",),
            "re-estimated has no effect, for the network has no batch norms; remove it",
        ),
        (
            {"network": VIT, "surgeries": {"cut": "f1t6"}, "norms": ("stored", "tuned")},
            ("norms",),
            "tuned has no effect, for no layer that is frozen has a norm to change; remove it",
        ),
    ],
)
def test_ways_without_effect_are_told(changes: Mapping[str, Any], keys: tuple[str, ...], said: str) -> None:
    found = idle_keys({**RESNET, "norms": WAYS, "recipe": {"steps": 3}, **changes})
    assert (keys, said) in found


def test_a_tagger_of_music_has_batch_norms() -> None:
    plain = {"network": {"name": "mtt_vgg"}, "surgeries": {"cut": "f1t4"}, "recipe": {"steps": 3, "norms": "tuned"}}
    assert idle_keys({**RESNET, **plain}) == []


def test_the_recipe_and_the_study_do_not_both_choose() -> None:
    raw = {**RESNET, "norms": WAYS, "recipe": "a", "recipes": {"a": {"steps": 3, "norms": "tuned"}}}
    said = "tuned stands beside norms of the study, whose arms have a way each; remove one of the two"
    assert (("recipes", "a", "norms"), said) in disagreements(raw)


def test_a_way_stands_once() -> None:
    said = "tuned stands more than once; name each once"
    assert (("norms",), said) in disagreements({**RESNET, "norms": ("tuned", "tuned"), "recipe": {"steps": 3}})


def test_a_way_is_held_against_the_control_of_the_same_way() -> None:
    planned = plan(made(controls=("random",), seeds=2, shares=(1.0,)))
    frame = table(planned, outcomes(planned))
    effects = transfer_effect(Findings(frame))
    found = {effect.arm: effect.by("random") for effect in effects}
    held = {arm: one.reference for arm, one in found.items() if one is not None and one.gain is not None}
    assert held["f2t3 norms tuned"] == "f2r3 norms tuned from random"
    assert held["f2t3"] == "f2r3 from random" and held["t5"] == "r5"
    assert len(held) == 7


@pytest.mark.parametrize(
    ("first", "second"),
    [("F", "F, norms tuned"), ("F", "F cut 2, norms tuned"), ("half", "half, norms re-estimated")],
)
def test_a_surgery_is_not_called_as_another_is_with_norms(first: str, second: str) -> None:
    named = {"F": {"below": "frozen", "above": "tuned", "cuts": (0, 2, 5)}, "half": "f3t2"}
    raw = {**RESNET, "norms": WAYS, "recipe": {"steps": 3}, "surgeries": {first: named[first], second: "t5"}}
    way = second.rpartition(" ")[2]
    said = f"is what {first} is called with norms {way}; call it otherwise"
    assert disagreements(raw) == [(("surgeries", second), said)]
    assert disagreements({**raw, "norms": ()}) == []
    assert disagreements({**raw, "surgeries": {"full": "r5", second: "t5"}}) == []
