"""Whatever training had that is not as usual is told, with its numbers."""

from __future__ import annotations

import pytest

from frostline.report.recipes import augmentation_in_words, recipe_in_words
from frostline.spec.augmentation import Augmentation
from frostline.spec.recipe import Recipe

PLAIN: dict[str, object] = {"steps": 100, "validate_every": 10}
UNUSUAL: dict[str, tuple[object, str]] = {
    "layer_decay": (0.75, "layer decay 0.75 (a layer learns at that part of the rate of the one above)"),
    "warmup_steps": (20, "warm-up over 20 steps"),
    "clip": (1.5, "norm of the gradient at most 1.5"),
    "label_smoothing": (0.1, "label smoothing 0.1"),
    "accumulate": (4, "each batch worked through in 4 parts"),
    "precision": ("bfloat16", "precision bfloat16"),
    "norms": ("tuned", "scales and offsets of the norms of frozen layers tuned"),
    "loss": ({"mse": 0.5, "ccc": 1}, "loss 0.5 x squared error + (1 - concordance over the batch)"),
    "weights": ("balanced", "tags weighted so that the items with one count as much as those without"),
}
USUAL = {"optimizer", "rate", "momentum", "weight_decay", "schedule", "batch", "steps", "passes", "validate_every"}
USUAL |= {"patience", "stop_on", "focusing"}
KINDS: dict[str, tuple[object, str]] = {
    "flip": ("horizontal", "left and right change places in half of the items"),
    "rotation": ({"largest_degrees": 12.5}, "rotation by up to 12.5 degrees to either side"),
    "crop": ({"smallest_area": 0.6}, "a random part of at least 0.6 of the plane, scaled to its size"),
    "shift": ({"largest": 0.25}, "circular shift by up to 0.25 of the width to either side"),
    "masks": (
        {"frequency": {"count": 2, "width": 8}, "time": {"count": 1, "width": 30}},
        "2 masks of up to 8 rows (frequencies) and 1 mask of up to 30 columns (times)",
    ),
    "mixup": ({"alpha": 0.2}, "mixup with weights from Beta(0.2, 0.2)"),
}


@pytest.mark.parametrize("field", UNUSUAL)
def test_an_unusual_entry_of_a_recipe_is_told_and_a_usual_one_is_not(field: str) -> None:
    value, said = UNUSUAL[field]
    assert recipe_in_words(Recipe.model_validate(PLAIN | {field: value})).endswith(f", {said}")
    assert said not in recipe_in_words(Recipe.model_validate(PLAIN))


def test_norms_that_are_measured_anew_are_told() -> None:
    said = recipe_in_words(Recipe.model_validate(PLAIN | {"norms": "re-estimated"}))
    assert said.endswith(", batch norms of frozen layers measured anew on the training items before training")


def test_a_focal_loss_is_told_with_its_power() -> None:
    said = recipe_in_words(Recipe.model_validate(PLAIN | {"loss": "focal", "focusing": 1.5}))
    assert said.endswith(", focal loss of power 1.5")


def test_no_entry_of_a_recipe_is_unknown_to_the_report() -> None:
    assert set(Recipe.model_fields) == USUAL | UNUSUAL.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_augmentation_is_told_with_its_numbers(kind: str) -> None:
    value, said = KINDS[kind]
    told = augmentation_in_words(Augmentation.model_validate({kind: value}))
    assert told == f"augmentation of training items only: {said}"


def test_kinds_of_augmentation_are_told_in_their_order_and_none_is_unknown_to_the_report() -> None:
    assert set(Augmentation.model_fields) == KINDS.keys() | {"views"}
    every = Augmentation.model_validate({kind: value for kind, (value, _) in KINDS.items()})
    assert augmentation_in_words(every).endswith(": " + "; then ".join(said for _, said in KINDS.values()))


def test_fixed_versions_of_items_are_told() -> None:
    said = augmentation_in_words(Augmentation(flip="horizontal", views=3))
    assert said.endswith("in half of the items; 3 fixed versions of each item, in turns")
    assert augmentation_in_words(Augmentation()) == "no augmentation"
