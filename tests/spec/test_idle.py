"""What a recipe or an augmentation says without effect is told, and what it leaves out never is."""

from __future__ import annotations

from pathlib import Path

import pytest

from frostline.analysis.elimination import FIRST
from frostline.spec.idle import FIRST_LOOK, idle_keys
from tests.data.test_own import manifest, rows

NETWORKS: dict[str, dict[str, object]] = {
    "plain": {"network": {"name": "plain_cnn", "depth": 2}},
    "vit": {"network": {"name": "timm", "model": "test_vit"}},
    "resnet": {"network": {"name": "timm", "model": "resnet18"}},
}
OWN_START = {"dataset": {"name": "digits", "classes": (0, 1)}}
DECAY = {"steps": 3, "layer_decay": 0.5}
DROPPING = {"network": {"name": "timm", "model": "resnet18", "drop_path": 0.1}, "source": {"weights": "a.pt"}}
PROBED = {"recipe": DECAY, "surgeries": {"probe": "f9", "F": {"below": "frozen", "above": "tuned", "cuts": (9,)}}}
DECAY_TOLD = (("recipe", "layer_decay"), "0.5 has no effect, for every surgery freezes every layer; remove it")
DROP_PATH_TOLD = (("network", "drop_path"), "0.1 has no effect, for every surgery freezes every layer; remove it")


@pytest.mark.parametrize(
    ("plain", "told"),
    [
        ({"recipe": {"steps": 20, "warmup_steps": 20}}, [(("recipe", "warmup_steps"), "the whole budget of 20 steps")]),
        (
            {"recipes": {"short": {"steps": 3, "warmup_steps": 9}}},
            [(("recipes", "short", "warmup_steps"), "is 9, the")],
        ),
        ({"recipe": {"steps": 20, "warmup_steps": 19}}, []),
        ({"recipe": {"passes": 2, "warmup_steps": 500}}, []),
        ({"recipe": {"steps": 20}}, []),
        (
            {"dataset": {"name": "esc10", "size": 32}, "validation": 0.2},
            [(("validation",), "has no effect, for the next fold validates; remove it")],
        ),
        ({"dataset": {"name": "digits"}, "validation": 0.2}, []),
        (
            {**NETWORKS["plain"], "recipe": {"steps": 3, "norms": "tuned"}, "surgeries": {"probe": "f2"}},
            [(("recipe", "norms"), "tuned has no effect, for the network has no norms; remove it")],
        ),
        (
            {
                **NETWORKS["vit"],
                "recipe": "a",
                "recipes": {"a": {"steps": 3, "norms": "re-estimated"}},
                "surgeries": {},
            },
            [(("recipes", "a", "norms"), "re-estimated has no effect, for the network has no batch norms; remove it")],
        ),
        (
            {**NETWORKS["resnet"], "recipe": {"steps": 3, "norms": "re-estimated"}, "surgeries": {"full": "t9"}},
            [(("recipe", "norms"), "re-estimated has no effect, for no surgery freezes a layer; remove it")],
        ),
        ({**NETWORKS["resnet"], "recipe": {"steps": 3, "norms": "tuned"}, "surgeries": {"cut": "f1t8"}}, []),
        ({"augmentation": {}}, [(("augmentation",), "names nothing; remove it")]),
        ({"augmentation": {"flip": "horizontal"}}, []),
    ],
)
def test_what_has_no_effect_is_told(plain: dict[str, object], told: list[tuple[tuple[str, ...], str]]) -> None:
    found = idle_keys(plain)
    assert [keys for keys, _ in found] == [keys for keys, _ in told]
    assert all(words in message for (_, message), (_, words) in zip(found, told, strict=True))


def faults(plain: dict[str, object]) -> list[tuple[tuple[int | str, ...], str]]:
    return idle_keys(plain)


@pytest.mark.parametrize(
    ("patience", "told"),
    [(9, "9 validations, one a pass, outlast the budget of 3 passes; lower it"), (3, "outlast the budget"), (2, "")],
)
def test_a_patience_that_outlasts_the_passes_is_told(patience: int, told: str) -> None:
    found = faults({"recipe": {"passes": 3, "patience": patience}})
    assert [keys for keys, _ in found] == ([("recipe", "patience")] if told else [])
    assert all(told in said for _, said in found)


@pytest.mark.parametrize("shares", [{}, {"shares": (1.0,)}, {"shares": (1,)}])
def test_seeds_that_would_all_be_the_same_run_are_told(shares: dict[str, object]) -> None:
    plain: dict[str, object] = {"dataset": {"name": "digits"}, "vary": ("share",), **shares}
    assert faults(plain) == [
        (
            ("vary", 0),
            "share varies nothing, for every share is the whole, and every seed would be the same run; "
            "add weights and batches, or leave vary out",
        )
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"vary": ("share",), "shares": (0.1, 1.0)},
        {"vary": ("share", "weights")},
        {"vary": ("split", "share")},
        {"vary": ("share", "pretraining"), "source": OWN_START},
        {"vary": ("share", {"a": 1})},
        {"vary": ()},
        {},
    ],
)
def test_seeds_that_vary_something_are_as_good_as_any(changes: dict[str, object]) -> None:
    assert faults({"dataset": {"name": "digits"}, **changes}) == []


def test_a_purpose_beside_a_pretraining_that_nobody_makes_varies_nothing_either() -> None:
    found = faults({"dataset": {"name": "digits"}, "vary": ("pretraining", "share")})
    assert [keys for keys, _ in found] == [("vary", 0), ("vary", 1)]


def test_the_split_varies_nothing_where_a_part_validates_and_there_are_no_folds(tmp_path: Path) -> None:
    parts = {part: {"a": 3, "b": 3} for part in ("train", "validation", "test")}
    sizes = {"size": 32, "spectrogram": {"duration_s": 0.5}}
    whole = {"name": "manifest", "path": str(manifest(tmp_path / "whole", rows(parts))), **sizes}
    cut = {part: parts[part] for part in ("train", "test")}
    other = {"name": "manifest", "path": str(manifest(tmp_path / "cut", rows(cut))), **sizes}
    found = faults({"dataset": whole, "vary": ("split",), "shares": (0.5,)})
    assert [keys for keys, _ in found] == [("vary", 0)]
    assert "split varies nothing, for manifest has a part that validates and no folds, and every seed" in found[0][1]
    assert faults({"dataset": other, "vary": ("split",)}) == []
    assert faults({"dataset": {"name": "esc10", "size": 32}, "vary": ("split",)}) == []


@pytest.mark.parametrize("norms", ["tuned", "re-estimated"])
@pytest.mark.parametrize("named", ["long", {"short": "long"}])
def test_norms_of_frozen_layers_are_nothing_to_a_recipe_that_only_a_pretraining_uses(norms: str, named: object) -> None:
    recipes = {"short": {"steps": 3}, "long": {"steps": 9, "norms": norms}}
    found = faults({"source": {**OWN_START, "recipe": named}, "recipe": "short", "recipes": recipes})
    said = f"{norms} has no effect, for only a pretraining uses long, and it freezes no layer; remove it"
    assert found == [(("recipes", "long", "norms"), said)]


@pytest.mark.parametrize(
    ("named", "recipe"), [("long", "long"), ({"short": "long", "long": "short"}, "short"), (None, "long")]
)
def test_a_recipe_that_a_transfer_may_use_too_has_its_norms(named: object, recipe: str) -> None:
    recipes = {"short": {"steps": 3}, "long": {"steps": 9, "norms": "tuned"}}
    assert faults({"source": {**OWN_START, "recipe": named}, "recipe": recipe, "recipes": recipes}) == []


@pytest.mark.parametrize(
    ("plain", "told"),
    [
        ({**DROPPING, **PROBED}, [DROP_PATH_TOLD, DECAY_TOLD]),
        ({**DROPPING, **PROBED, "surgeries": {"chain": "f9>f9"}}, [DROP_PATH_TOLD, DECAY_TOLD]),
        ({**DROPPING, **PROBED, "surgeries": {"probe": "f9", "full": "t9"}}, []),
        ({**DROPPING, **PROBED, "surgeries": {"chain": "f9>t9"}}, []),
        ({**DROPPING, **PROBED, "surgeries": {"chain": "t9>f9"}}, []),
        ({**DROPPING, **PROBED, "surgeries": {"truncated": "f8x1"}}, []),
        ({**DROPPING, **PROBED, "surgeries": {"F": {"below": "frozen", "above": "tuned"}}}, []),
        ({**DROPPING, **PROBED, "surgeries": {"F": {"below": "frozen", "above": "tuned", "cuts": (8, 9)}}}, []),
        ({**DROPPING, **PROBED, "surgeries": {"probe": "f9", "unread": "g9"}}, []),
        ({**DROPPING, **PROBED, "recipe": {**DECAY, "norms": "tuned"}}, []),
        ({**DROPPING, **PROBED, "source": OWN_START}, []),
        (
            {
                **DROPPING,
                **PROBED,
                "source": {**OWN_START, "recipe": "long"},
                "recipe": "short",
                "recipes": {"short": DECAY, "long": DECAY},
            },
            [(("recipes", "short", "layer_decay"), DECAY_TOLD[1])],
        ),
        ({**DROPPING, **PROBED, "recipe": {"steps": 3}, "network": NETWORKS["resnet"]["network"]}, []),
    ],
)
def test_what_concerns_layers_that_learn_is_told_where_only_heads_learn(
    plain: dict[str, object], told: list[tuple[tuple[str, ...], str]]
) -> None:
    assert faults(plain) == told


ROOM = {"activations_gb": 2.0, "recipe": {"steps": 3}}
FORGED = {"recipe": {"steps": 9}, "number": 5}
UNFROZEN = "no surgery freezes the lowest layer"
MOVING = "augmentation shows frozen layers something else each time (unless it has views)"


@pytest.mark.parametrize(
    ("plain", "reason"),
    [
        ({"surgeries": {"full": "t3", "upper": "t1f2", "scratch": "r3"}}, UNFROZEN),
        ({"surgeries": {"R": {"below": "tuned", "above": "reset"}}}, UNFROZEN),
        ({"surgeries": {"scratch": {"below": "frozen", "above": "reset", "cuts": (0,)}}}, UNFROZEN),
        ({"surgeries": {"chain": "t3>r1f2"}, "activations_gb": 0}, UNFROZEN),
        (
            {"surgeries": {"probe": "f3"}, "recipe": {"steps": 3, "norms": "tuned"}},
            "norms: tuned leaves no layer constant",
        ),
        ({"surgeries": {"probe": "f3"}, "augmentation": {"flip": "horizontal"}}, MOVING),
        ({"surgeries": {"full": "t3"}, "augmentation": {"flip": "horizontal"}}, f"{UNFROZEN} and {MOVING}"),
        (
            {"surgeries": {"probe": "f3"}, "synthesis": FORGED},
            "what frozen layers give is not kept of synthetic items, which every arm has",
        ),
    ],
)
def test_room_for_what_frozen_layers_give_is_told_where_none_is_used(plain: dict[str, object], reason: str) -> None:
    assert faults({**ROOM, **plain}) == [(("activations_gb",), f"has no effect, for {reason}; remove it")]


@pytest.mark.parametrize(
    "plain",
    [
        {"surgeries": {"full": "t3", "half": "f1t2"}},
        {"surgeries": {"chain": "f3>t3"}},
        {"surgeries": {"F": {"below": "frozen", "above": "tuned"}}},
        {"surgeries": {"F": {"below": "frozen", "above": "tuned", "cuts": (0, 2)}}},
        {"surgeries": {"full": "t3", "unread": "g3"}},
        {"surgeries": {"probe": "f3"}, "augmentation": {"flip": "horizontal", "views": 2}},
        {"surgeries": {"probe": "f3"}, "recipe": {"steps": 3, "norms": "re-estimated"}},
        {"surgeries": {"full": "t3"}, "activations_gb": None},
        {"surgeries": {"probe": "f3"}, "additions": {"gan": {"synthesis": FORGED}}},
        {"surgeries": {"probe": "f3"}, "source": {**OWN_START, "augmentation": {"flip": "horizontal"}}},
    ],
)
def test_room_that_some_frozen_layers_may_use_is_not_told(plain: dict[str, object]) -> None:
    assert [said for keys, said in faults({**ROOM, **plain}) if keys == ("activations_gb",)] == []


def said(**plain: object) -> list[str]:
    """The keys without effect in ``plain``, each with what is told."""
    return [f"{'.'.join(map(str, keys))}: {message}" for keys, message in idle_keys(plain)]


def test_a_race_that_can_stop_nobody_has_no_effect() -> None:
    assert FIRST_LOOK == FIRST
    few = said(evidence="race", seeds=4)
    assert few == ["evidence: race has no effect with 4 seeds, for its first look is after 4; remove it"]
    listed = said(evidence="race", seeds=(1, 2))
    assert listed == ["evidence: race has no effect with 2 seeds, for its first look is after 4; remove it"]
    alone = said(evidence="race", surgeries={"scratch": "r6"})
    assert alone == ["evidence: race has no effect, for there is one arm; remove it"]
    beside = {"dense": {"network": {"name": "mlp"}}}
    assert said(evidence="race", surgeries={"scratch": "r6"}, beside=beside) == []
    assert said(evidence="race") == said(evidence="all") == []


def test_versions_that_no_pass_shows_have_no_effect() -> None:
    recipe = {"passes": 3, "batch": 8}
    shown = said(augmentation={"flip": "horizontal", "views": 4}, recipe=recipe)
    assert shown == ["augmentation.views: 4 versions of an item, and 3 passes to show them; use at most that"]
    assert said(augmentation={"flip": "horizontal", "views": 3}, recipe=recipe) == []
