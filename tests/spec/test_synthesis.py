"""A synthesis is named by what decides its items, and says what would have no effect."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from frostline.spec.dataset import Dataset
from frostline.spec.synthesis import AdversarialRecipe, Forging, GeneratorSizes, Synthesis, is_synthetic

DIGITS = Dataset(name="digits")


def forging(**changes: object) -> Forging:
    usual: dict[str, object] = {"recipe": AdversarialRecipe(steps=100).resolved(50), "number": 30}
    return Forging.model_validate(usual | changes)


def synthesis(**changes: object) -> Synthesis:
    return Synthesis(dataset=DIGITS, forging=forging(**changes))


@pytest.mark.parametrize(
    "asked", [{"number": 31}, {"number": None, "ratio": 2.0}, {"conditions": "shuffled"}, {"between": (-1.0, 1.0)}]
)
def test_what_is_asked_of_a_generator_names_other_items_of_the_same_generator(asked: dict[str, object]) -> None:
    assert synthesis(**asked).key != synthesis().key
    assert synthesis(**asked).generator_key == synthesis().generator_key


@pytest.mark.parametrize(
    "other",
    [
        {"recipe": AdversarialRecipe(steps=10).resolved(50)},
        {"sizes": GeneratorSizes(latent=8)},
        {"seed": 1},
        {"recipe": AdversarialRecipe(steps=100, loss="bce").resolved(50)},
    ],
)
def test_what_a_generator_is_and_learns_names_another_generator(other: dict[str, object]) -> None:
    assert synthesis(**other).generator_key != synthesis().generator_key


def test_share_and_split_name_another_generator() -> None:
    keys = {Synthesis(dataset=DIGITS, forging=forging(), **told).generator_key for told in ({}, {"share": 0.5})}
    keys |= {Synthesis(dataset=DIGITS, forging=forging(), **told).generator_key for told in ({"split_seed": 1},)}
    assert len(keys) == 3


def test_the_key_of_a_synthesis_stays_what_it_was() -> None:
    assert synthesis().key == "ce892c80c67afa108323"
    assert synthesis().generator_key == "dbab11aaa846d590d9a9"


def test_the_ids_of_synthetic_items_tell_what_they_are() -> None:
    assert synthesis().id_of(7) == f"synthetic/{synthesis().key}/7"
    assert is_synthetic(synthesis().id_of(7)) and not is_synthetic("digits/all/7")


def test_passes_become_steps_of_whole_batches() -> None:
    resolved = AdversarialRecipe(passes=10, batch=16).resolved(50)
    assert (resolved.steps, resolved.passes, resolved.look_every) == (40, None, 2)
    assert AdversarialRecipe(steps=400, look_every=900).resolved(50).look_every == 400


def test_a_ratio_counts_from_the_real_items() -> None:
    assert forging(number=None, ratio=1.5).count(31) == 47
    assert forging(number=None, ratio=0.001).count(31) == 1
    assert forging().count(31) == 30


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"number": None}, "say once how many items there are: either number or ratio (got neither)"),
        ({"ratio": 1.0}, "say once how many items there are: either number or ratio (got both)"),
        ({"between": (-1.0, 1.0), "conditions": "shuffled"}, "between has no effect with conditions: shuffled"),
        ({"between": (1.0, -1.0)}, "between must rise (got 1 and -1)"),
        ({"outside": "clipped"}, "outside has no effect without between: all conditions lie inside; remove it"),
    ],
)
def test_a_key_without_effect_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        forging(**changes)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "give the budget once: either steps or passes (got neither)"),
        ({"steps": 1, "passes": 1}, "give the budget once: either steps or passes (got both)"),
        ({"steps": 1, "penalty": 0.0, "penalty_every": 2}, "penalty_every has no effect with penalty: 0; remove it"),
        ({"steps": 1, "distortions": ("shift", "shift")}, "distortions: each once (got shift, shift)"),
    ],
)
def test_a_recipe_says_what_is_wrong_with_it(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        AdversarialRecipe.model_validate(changes)
    assert said in str(caught.value)


def test_sizes_and_budgets_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"widest \(8\) must be at least width \(16\)"):
        GeneratorSizes(width=16, widest=8)
    with pytest.raises(ValidationError, match="its budget and its looks in steps; resolve its recipe first"):
        synthesis(recipe=AdversarialRecipe(passes=10))
