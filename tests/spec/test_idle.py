"""What a recipe or an augmentation says without effect is told, and what it leaves out never is."""

from __future__ import annotations

import pytest

from frostline.spec.idle import idle_keys


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
        ({"augmentation": {}}, [(("augmentation",), "names nothing; remove it")]),
        ({"augmentation": {"flip": "horizontal"}}, []),
    ],
)
def test_what_has_no_effect_is_told(plain: dict[str, object], told: list[tuple[tuple[str, ...], str]]) -> None:
    found = idle_keys(plain)
    assert [keys for keys, _ in found] == [keys for keys, _ in told]
    assert all(words in message for (_, message), (_, words) in zip(found, told, strict=True))
