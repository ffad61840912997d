"""What a recipe or an augmentation says without effect is told, and what it leaves out never is."""

from __future__ import annotations

import pytest

from frostline.spec.idle import idle_keys

NETWORKS: dict[str, dict[str, object]] = {
    "plain": {"network": {"name": "plain_cnn", "depth": 2}},
    "vit": {"network": {"name": "timm", "model": "test_vit"}},
    "resnet": {"network": {"name": "timm", "model": "resnet18"}},
}


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
