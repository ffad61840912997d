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
        ({"steps": 1, "layer_decay": 0.0}, "layer_decay\n.*greater than 0"),
        ({"steps": 1, "layer_decay": 1.5}, "layer_decay\n.*less than or equal to 1"),
        ({"steps": 1, "warmup_steps": -1}, "warmup_steps\n.*greater than or equal to 0"),
        ({"steps": 9, "warmup_steps": 2, "schedule": "one-cycle"}, "warmup_steps has no effect with one-cycle, which"),
        ({"steps": 1, "clip": 0.0}, "clip\n.*greater than 0"),
        ({"steps": 1, "label_smoothing": 1.0}, "label_smoothing\n.*less than 1"),
        ({"steps": 1, "accumulate": 0}, "accumulate\n.*greater than 0"),
        ({"steps": 1, "batch": 8, "accumulate": 9}, "accumulate: a batch of 8 has no 9 parts; use at most 8"),
        ({"steps": 1, "precision": "float16"}, "precision\n.*'float32', 'bfloat16' or 'auto'"),
        ({"steps": 1, "norms": "frozen"}, "norms\n.*'stored', 're-estimated' or 'tuned'"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(content: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Recipe.model_validate(content)


def test_a_batch_has_no_more_parts_than_items() -> None:
    resolved = Recipe(steps=4, batch=64, accumulate=32).resolved(10)
    assert (resolved.batch, resolved.accumulate) == (10, 10)
    assert Recipe(steps=4, batch=64, accumulate=4).resolved(10).accumulate == 4


@given(batch=st.integers(1, 99), parts=st.integers(1, 99), items=st.integers(1, 99), warmup=st.integers(0, 99))
def test_what_resolving_gives_reads_back_as_itself(batch: int, parts: int, items: int, warmup: int) -> None:
    recipe = Recipe(passes=2, batch=batch, accumulate=min(parts, batch), warmup_steps=warmup)
    resolved = recipe.resolved(items)
    assert Recipe.model_validate_json(resolved.model_dump_json(exclude_defaults=True)) == resolved
