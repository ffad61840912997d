"""Choices for the norms of frozen layers that have no effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from frostline.spec.axes import Family, FamilyOrSurgery, Pretraining, Source
from frostline.spec.frozen_norms import norms_on
from frostline.spec.network import Mlp, NetworkSpec, PlainCnn, Timm
from frostline.spec.parts import Disagreement, Keys, part, parts, recipe_of_transfers
from frostline.spec.recipe import Norms, Recipe
from frostline.spec.surgery import Surgery

WITHOUT_BATCH_NORM = ("vit", "convnext")


def idle_norms(plain: Mapping[str, Any]) -> Iterator[Disagreement]:
    """Every choice for the norms of frozen layers, of the study or of a recipe, that has no effect."""
    keys, recipe = recipe_of_transfers(plain)
    if recipe is not None and recipe.norms != "stored":
        yield from _where_nothing_is_normed(plain, (*keys, "norms"), [recipe.norms])
    several = part(tuple[Norms, ...], plain.get("norms"))
    if several is not None and len(several) < 2:
        said = f"names one way; write norms: {several[0]} in the recipe" if several else "names nothing; remove it"
        yield ("norms",), said
    elif several is not None:
        yield from _where_nothing_is_normed(plain, ("norms",), [way for way in several if way != "stored"])
    yield from _of_pretraining(plain)


def _where_nothing_is_normed(plain: Mapping[str, Any], keys: Keys, norms: Sequence[Norms]) -> Iterator[Disagreement]:
    """Ways with the norms of frozen layers where there are no such norms, or no frozen layers."""
    network, raw = part(NetworkSpec, plain.get("network")), plain.get("surgeries")
    surgeries = parts(FamilyOrSurgery, raw)
    if network is None or not isinstance(raw, Mapping):
        return
    lacking = isinstance(network, PlainCnn | Mlp)
    batch_norms = not lacking and not (isinstance(network, Timm) and network.architecture.family in WITHOUT_BATCH_NORM)
    idle = [way for way in norms if lacking or (way == "re-estimated" and not batch_norms)]
    if idle:
        kind = "norms" if lacking else "batch norms"
        has = "has" if len(idle) == 1 else "have"
        yield keys, f"{' and '.join(idle)} {has} no effect, for the network has no {kind}; remove it"
    elif norms and len(surgeries) == len(raw):
        has = "has" if len(norms) == 1 else "have"
        known = [one for entry in surgeries.values() for one in _surgeries(entry, len(network.layer_names))]
        if not any(one.freezes for one in known):
            yield keys, f"{' and '.join(norms)} {has} no effect, for no surgery freezes a layer; remove it"
        elif not any(norms_on(network, one, way) == way for one in known for way in norms):
            said = f"{' and '.join(norms)} {has} no effect, for no layer that is frozen has a norm to change"
            yield keys, f"{said}; remove it"


def _of_pretraining(plain: Mapping[str, Any]) -> Iterator[Disagreement]:
    """A choice for the norms of frozen layers in recipes that only pretrainings use, which freeze nothing."""
    source, recipes = part(Source, plain.get("source")), plain.get("recipes")
    if not isinstance(source, Pretraining) or source.recipe is None or not isinstance(recipes, Mapping):
        return
    beside = source.recipe if isinstance(source.recipe, Mapping) else {"": source.recipe}
    for name in dict.fromkeys(beside.values()):
        recipe = part(Recipe, recipes.get(name))
        if recipe is not None and recipe.norms != "stored" and name not in (*beside, plain.get("recipe")):
            said = f"{recipe.norms} has no effect, for only a pretraining uses {name}, and it freezes no layer"
            yield ("recipes", name, "norms"), f"{said}; remove it"


def _surgeries(entry: Family | Surgery, layers: int) -> tuple[Surgery, ...]:
    """The surgeries of ``entry`` at those of its cuts that a network of ``layers`` layers has."""
    if isinstance(entry, Surgery):
        return (entry,)
    cuts = range(entry.lowest_cut, layers + 1)
    return tuple(entry.at(cut, layers) for cut in cuts if entry.cuts == "all" or cut in entry.cuts)
