from __future__ import annotations

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from frostline.spec.recipe import Recipe


@given(passes=st.integers(1, 50), batch=st.integers(1, 5000), items=st.integers(1, 60000))
def test_passes_become_as_many_steps_as_cover_the_items_so_often(passes: int, batch: int, items: int) -> None:
    resolved = Recipe(passes=passes, batch=batch).resolved(items)
    a_pass = ceil(items / min(batch, items))
    assert (resolved.steps, resolved.passes, resolved.validate_every) == (passes * a_pass, None, a_pass)


def test_the_published_budget_is_forty_steps_on_a_tenth_of_fashion() -> None:
    assert Recipe(passes=40, batch=4096).resolved(1620).steps == 40


@given(batch=st.integers(1, 5000), items=st.integers(1, 60000))
def test_a_batch_is_never_larger_than_the_training_items(batch: int, items: int) -> None:
    assert Recipe(steps=10, batch=batch).resolved(items).batch == min(batch, items)


def test_a_budget_shorter_than_the_wait_for_a_validation_is_validated_at_its_end() -> None:
    assert Recipe(steps=10, validate_every=50).resolved(1000).validate_every == 10
    assert Recipe(steps=3, batch=10).resolved(1000).validate_every == 3


def test_resolving_twice_changes_nothing() -> None:
    once = Recipe(passes=4, batch=32).resolved(100)
    assert once.resolved(100) == once


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, r"give the budget once: either steps or passes \(got neither\)"),
        ({"steps": 1, "passes": 1}, r"give the budget once: either steps or passes \(got both\)"),
        ({"steps": 1, "momentum": 0.9}, "momentum has no effect with adam; remove it or use optimizer: sgd"),
        ({"steps": 0}, "greater than 0"),
        ({"steps": 1, "rate": float("inf")}, "finite number"),
        ({"steps": 1, "rate": float("nan")}, "finite number"),
        ({"steps": 1, "validate_every": 0}, "greater than 0"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(content: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Recipe.model_validate(content)
