"""How networks were trained, in words: recipes and augmentation, every number that has an effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from frostline.spec.augmentation import Augmentation, Crop, Masks, Mixup, Rotation, Shift, Stripes
from frostline.spec.recipe import Error, Recipe
from frostline.spec.synthesis import Forging

NORMS = {
    "re-estimated": "batch norms of frozen layers measured anew on the training items before training",
    "tuned": "scales and offsets of the norms of frozen layers tuned",
}

ERRORS: Mapping[Error, str] = {
    "mse": "squared error",
    "mae": "absolute error",
    "ccc": "(1 - concordance over the batch)",
}


def recipe_in_words(recipe: Recipe) -> str:
    """``recipe`` in one line: optimiser, rate, budget and stopping rule always, all else where it is not as usual."""
    momentum = f", momentum {recipe.momentum:g}" if recipe.optimizer == "sgd" else ""
    decay = f", weight decay {recipe.weight_decay:g}" if recipe.weight_decay else ""
    patience = (
        f"patience {recipe.patience} validations of the {recipe.stop_on}"
        if recipe.patience is not None
        else f"no early stopping, best weights by the {recipe.stop_on}"
    )
    told = [
        f"{recipe.optimizer}, rate {recipe.rate:g}{momentum}{decay}, schedule {recipe.schedule}, batch {recipe.batch}",
        f"at most {recipe.steps} steps, validation every {recipe.validate_every} steps, {patience}",
    ]
    return ", ".join([*told, *_unusual(recipe)])


def augmentation_in_words(augmentation: Augmentation) -> str:
    """``augmentation`` in one line: each kind with its numbers, in the order in which they follow one another."""
    kinds = (_flip(augmentation), *map(_kind, _numbered(augmentation)))
    told = [kind for kind in kinds if kind]
    views = "" if augmentation.views is None else f"; {augmentation.views} fixed versions of each item, in turns"
    return f"augmentation of training items only: {'; then '.join(told)}{views}" if told else "no augmentation"


def forging_in_words(forging: Forging) -> str:
    """How synthetic items are made, in one line: how many, of which conditions, and how their generator is trained."""
    number = f"{forging.number:,} synthetic items" if forging.number is not None else _as_many(forging.ratio)
    recipe, sizes = forging.recipe, forging.sizes
    budget = f"{recipe.steps} steps" if recipe.steps is not None else f"{recipe.passes} passes"
    between = "" if forging.between is None else _between(forging.between, forging.outside)
    shuffled = " (dealt anew, so that they say nothing of a plane; of classes some fit by chance)"
    dealt = shuffled if forging.conditions == "shuffled" else ""
    penalty = f", R1 penalty {recipe.penalty:g}" if recipe.penalty else ""
    return (
        f"{number}, conditions {forging.conditions}{dealt}{between}, of a generator (latent "
        f"{sizes.latent}, width {sizes.width} to {sizes.widest}) trained for {budget} of {recipe.batch} items, "
        f"{recipe.loss} loss, rates {recipe.generator_rate:g} and {recipe.critic_rate:g} (critic){penalty}"
    )


def _between(ends: tuple[float, float], outside: Literal["kept", "clipped"]) -> str:
    """Between which numbers conditions are drawn, and what becomes of those where nothing was learned."""
    done = "brought to the nearest of these" if outside == "clipped" else "kept"
    return f" between {ends[0]:g} and {ends[1]:g} (those outside the values of the training items {done})"


def _as_many(ratio: float | None) -> str:
    return f"{'as many' if ratio == 1 else f'{ratio:g} times as many'} synthetic items as real ones"


def _unusual(recipe: Recipe) -> list[str]:
    """What of ``recipe`` differs from plain training, a phrase each."""
    said = {
        f"layer decay {recipe.layer_decay:g} (a layer learns at that part of the rate of the one above)": (
            recipe.layer_decay != 1
        ),
        f"warm-up over {recipe.warmup_steps} steps": recipe.warmup_steps > 0,
        f"norm of the gradient at most {recipe.clip}": recipe.clip is not None,
        f"label smoothing {recipe.label_smoothing:g}": recipe.label_smoothing > 0,
        f"each batch worked through in {recipe.accumulate} parts": recipe.accumulate > 1,
        f"precision {recipe.precision}": recipe.precision != "float32",
        NORMS.get(recipe.norms, ""): recipe.norms in NORMS,
        _loss(recipe): recipe.loss != "usual",
        "tags weighted so that the items with one count as much as those without": recipe.weights is not None,
    }
    return [phrase for phrase, applies in said.items() if applies]


def _loss(recipe: Recipe) -> str:
    """The loss of training where it is not the usual one of the task."""
    if recipe.loss == "focal":
        return f"focal loss of power {recipe.focusing:g}"
    told = [
        f"{weight:g} x {ERRORS[error]}" if weight != 1 else ERRORS[error] for error, weight in recipe.errors.items()
    ]
    return f"loss {' + '.join(told)}"


def _flip(augmentation: Augmentation) -> str:
    return "left and right change places in half of the items" if augmentation.flip is not None else ""


def _numbered(augmentation: Augmentation) -> list[Rotation | Crop | Shift | Masks | Mixup]:
    """The kinds that have numbers, in their order, those that there are."""
    kinds = (augmentation.rotation, augmentation.crop, augmentation.shift, augmentation.masks, augmentation.mixup)
    return [kind for kind in kinds if kind is not None]


def _kind(kind: Rotation | Crop | Shift | Masks | Mixup) -> str:
    match kind:
        case Rotation():
            return f"rotation by up to {kind.largest_degrees:g} degrees to either side"
        case Crop():
            return f"a random part of at least {kind.smallest_area:g} of the plane, scaled to its size"
        case Shift():
            return f"circular shift by up to {kind.largest:g} of the width to either side"
        case Masks():
            hidden = {"rows (frequencies)": kind.frequency, "columns (times)": kind.time}
            return " and ".join(_stripes(stripes, of) for of, stripes in hidden.items() if stripes is not None)
        case Mixup():
            return f"mixup with weights from Beta({kind.alpha:g}, {kind.alpha:g})"


def _stripes(stripes: Stripes, of: str) -> str:
    counted = "1 mask" if stripes.count == 1 else f"{stripes.count} masks"
    return f"{counted} of up to {stripes.width} {of}"
