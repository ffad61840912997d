"""Keys of a study file that say something without effect, so that nothing written is silently ignored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from frostline.spec.agreement import Disagreement, Keys, keeping, part, parts
from frostline.spec.axes import Family, FamilyOrSurgery, Pretraining, Source
from frostline.spec.dataset import Dataset
from frostline.spec.network import Mlp, NetworkSpec, PlainCnn
from frostline.spec.recipe import Recipe
from frostline.spec.surgery import Surgery

WITHOUT_BATCH_NORM = ("vit", "convnext")
OF_EVERY_TRIAL = ("split", "share", "weights", "batches")


def idle_keys(plain: Mapping[str, Any]) -> list[Disagreement]:
    """Every key of a study file that has no effect beside the others: its keys, and what is right.

    ``plain`` holds what the file says and nothing more: a default that the file leaves out is never idle.
    """
    found = [*_idle_seeds(plain), *_idle_head(plain), *_idle_validation(plain), *_idle_norms(plain)]
    if plain.get("augmentation") == {}:
        found.append((("augmentation",), "names nothing; remove it"))
    recipes = plain.get("recipes")
    named = recipes.items() if isinstance(recipes, Mapping) else ()
    placed: list[tuple[Keys, object]] = [(("recipes", name), raw) for name, raw in named]
    if isinstance(plain.get("recipe"), Mapping):
        placed.append((("recipe",), plain["recipe"]))
    for keys, raw in placed:
        recipe = part(Recipe, raw)
        found += _idle_waits(keys, recipe) if recipe is not None else ()
    return found


def _idle_seeds(plain: Mapping[str, Any]) -> Iterator[Disagreement]:
    source, vary = part(Source, plain.get("source")), plain.get("vary")
    pretrained = isinstance(source, Pretraining) or (source is None and plain.get("source") is not None)
    varied = vary if isinstance(vary, tuple) else ()
    if "pretraining" in varied and not pretrained:
        said = "pretraining has no effect, for the study makes none of its own; remove it"
        yield ("vary", varied.index("pretraining")), said
    decided = {*OF_EVERY_TRIAL, "pretraining"} if pretrained else set(OF_EVERY_TRIAL)
    everything = "vary" not in plain or all(purpose in varied for purpose in decided)
    if "fixed_seed" in plain and everything:
        yield ("fixed_seed",), "has no effect, for vary names everything that chance decides; remove it"


def _idle_head(plain: Mapping[str, Any]) -> Iterator[Disagreement]:
    head, raw = plain.get("head"), plain.get("surgeries")
    surgeries = parts(FamilyOrSurgery, raw)
    readable = isinstance(raw, Mapping) and len(surgeries) == len(raw)
    if head in ("kept", "hidden-kept") and surgeries and readable and not keeping(surgeries):
        yield ("head",), f"{head} has no effect, for no surgery keeps weights; remove it"


def _idle_validation(plain: Mapping[str, Any]) -> Iterator[Disagreement]:
    """A fraction to validate on where a fold or an official part validates."""
    dataset = part(Dataset, plain.get("dataset"))
    if dataset is None or "validation" not in plain:
        return
    if dataset.has_folds or dataset.card.validation_counts is not None:
        which = "the next fold validates" if dataset.has_folds else f"{dataset.name} has a part that validates"
        yield ("validation",), f"has no effect, for {which}; remove it"


def _idle_norms(plain: Mapping[str, Any]) -> Iterator[Disagreement]:
    """A choice for the norms of frozen layers where there are no such norms, or no frozen layers."""
    named, recipes = plain.get("recipe"), plain.get("recipes")
    keys: Keys = ("recipe", "norms")
    written = named
    if isinstance(named, str):
        keys, written = ("recipes", named, "norms"), recipes.get(named) if isinstance(recipes, Mapping) else None
    recipe = part(Recipe, written)
    network, raw = part(NetworkSpec, plain.get("network")), plain.get("surgeries")
    surgeries = parts(FamilyOrSurgery, raw)
    if recipe is None or network is None or recipe.norms == "stored" or not isinstance(raw, Mapping):
        return
    lacking = isinstance(network, PlainCnn | Mlp)
    batch_norms = not lacking and network.architecture.family not in WITHOUT_BATCH_NORM
    if lacking or (recipe.norms == "re-estimated" and not batch_norms):
        kind = "norms" if lacking else "batch norms"
        yield keys, f"{recipe.norms} has no effect, for the network has no {kind}; remove it"
    elif len(surgeries) == len(raw) and not any(_freezes(entry) for entry in surgeries.values()):
        yield keys, f"{recipe.norms} has no effect, for no surgery freezes a layer; remove it"


def _freezes(entry: Family | Surgery) -> bool:
    return entry.below == "frozen" if isinstance(entry, Family) else "f" in str(entry)


def _idle_waits(keys: Keys, recipe: Recipe) -> Iterator[Disagreement]:
    """What the budget never reaches, where both are in steps: the full rate, a validation, the end of a patience."""
    every, steps = recipe.validate_every, recipe.steps
    if steps is not None and recipe.warmup_steps >= steps:
        yield (*keys, "warmup_steps"), f"is {recipe.warmup_steps}, the whole budget of {steps} steps; lower it"
    if steps is None or every == "pass":
        return
    if every > steps:
        yield (*keys, "validate_every"), f"is {every}, more than the budget of {steps} steps; lower it"
    elif recipe.patience is not None and recipe.patience * every >= steps:
        said = f"{recipe.patience} validations, one in {every} steps, outlast the budget of {steps} steps"
        yield (*keys, "patience"), f"has no effect, for {said}; lower it or remove it"
