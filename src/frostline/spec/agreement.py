"""Where the parts of a study disagree with one another, told as far as each part can be read on its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from frostline.errors import nearest
from frostline.spec.additions import GIVEN_TO_ALL, Addition, addition_faults
from frostline.spec.augmentation import NOTHING, Augmentation
from frostline.spec.axes import Family, FamilyOrSurgery, Pretraining, Source
from frostline.spec.beside import ONE_NETWORK, name_faults, plain_beside
from frostline.spec.dataset import Dataset
from frostline.spec.forging_faults import forging_faults
from frostline.spec.network import Mlp, NetworkSpec, PlainCnn
from frostline.spec.parts import Disagreement, Keys, controls_in, keeping, part, parts, recipe_of_transfers
from frostline.spec.recipe import Norms, Recipe
from frostline.spec.surgery import Surgery
from frostline.spec.surgery_faults import misfits, same_labels, same_names_with_norms
from frostline.spec.synthesis import Forging
from frostline.spec.task_recipes import head_faults, recipe_faults
from frostline.spec.trial import WeightsFile


def disagreements(raw: Mapping[str, Any]) -> list[Disagreement]:
    """Every way in which the values under the keys of a study disagree: the keys it concerns, and what is right.

    ``raw`` maps keys to values or to their plain form, so that these faults are told together with the others.
    """
    network = part(NetworkSpec, raw.get("network"))
    surgeries = parts(FamilyOrSurgery, raw.get("surgeries"))
    dataset, source = part(Dataset, raw.get("dataset")), part(Source, raw.get("source"))
    found: list[Disagreement] = []
    if network is not None:
        found += misfits(surgeries, network.layer_names) + same_labels(surgeries, len(network.layer_names))
        if dataset is not None and (why := network.fault_on(dataset.plane_shape[1:])):
            found.append((("network",), why))
        if raw.get("head") == "hidden-kept" and network.hidden is None:
            found.append((("head",), "hidden-kept needs a network with a hidden dense layer; add network.hidden"))
        if dataset is not None:
            found += [(("network", key), why) for key, why in head_faults(network, dataset)]
    found += same_names_with_norms(surgeries, part(tuple[Norms, ...], raw.get("norms")) or ())
    found += _useless_or_missing_source(raw, surgeries)
    if dataset is not None and isinstance(source, Pretraining):
        found += _unlike_planes(source.dataset, dataset)
    found += _pretrained_by_nobody(raw, source, network) + _controls_of_nothing(raw, surgeries)
    found += _controls_like_the_source(raw, source, dataset) + _scores_of_nothing(raw, dataset)
    found += _recipes_of_other_tasks(raw, source, dataset) + _norms_twice(raw)
    additions, befalls = parts(Addition, raw.get("additions")), part(Augmentation, raw.get("augmentation"))
    found += [(("additions", *keys), why) for keys, why in addition_faults(additions, befalls or NOTHING)]
    if additions and raw.get("synthesis") is not None:
        found.append((("synthesis",), GIVEN_TO_ALL))
    if dataset is not None:
        found += forging_faults(part(Forging, raw.get("synthesis")), additions, dataset)
    found += _unknown_recipes(raw, source) + _repeated(raw)
    return found + _beside(raw, found)


def _beside(raw: Mapping[str, Any], own: list[Disagreement]) -> list[Disagreement]:
    """What disagrees in the studies of the other networks and not, as one of ``own``, in the study itself."""
    alone, found = plain_beside(raw)
    if raw.get("beside") and raw.get("synthesis") is not None:
        found.append((("synthesis",), ONE_NETWORK))
    for name, plain in alone.items():
        new = [(keys, why) for keys, why in disagreements(plain) if (keys, why) not in own]
        found += [(("beside", name, *keys), why) for keys, why in new]
    return name_faults(raw) + found


def _recipes_of_other_tasks(raw: Mapping[str, Any], source: object, dataset: object) -> list[Disagreement]:
    """What of the recipes in use means nothing for what the head predicts."""
    choice = raw.get("recipe")
    choice = choice if isinstance(choice, str) else part(Recipe, choice)
    used: list[tuple[object, object]] = [(choice, dataset)]
    if isinstance(source, Pretraining) and choice is not None:
        used.append((source.recipe_beside(choice) or choice, source.dataset))
    found: list[Disagreement] = []
    for choice, trained in used:
        recipes = raw.get("recipes")
        known = recipes.get(choice) if isinstance(choice, str) and isinstance(recipes, Mapping) else choice
        recipe, keys = part(Recipe, known), ("recipes", choice) if isinstance(choice, str) else ("recipe",)
        if recipe is not None and isinstance(trained, Dataset):
            found += [((*keys, key), why) for key, why in recipe_faults(recipe, trained.task)]
    return list(dict.fromkeys(found))


def _norms_twice(raw: Mapping[str, Any]) -> list[Disagreement]:
    """A way with norms in the recipe where the study has several ways."""
    keys, recipe = recipe_of_transfers(raw)
    if not raw.get("norms") or recipe is None or recipe.norms == "stored":
        return []
    said = f"{recipe.norms} stands beside norms of the study, whose arms have a way each; remove one of the two"
    return [((*keys, "norms"), said)]


def _pretrained_by_nobody(raw: Mapping[str, Any], source: object, network: object) -> list[Disagreement]:
    """That planes are to be normalised as published weights expect it, and there are no such weights."""
    unread = raw.get("source") is not None and source is None
    fitting = isinstance(source, WeightsFile) and not isinstance(network, PlainCnn | Mlp)
    if raw.get("normalise") != "pretrained" or fitting or unread:
        return []
    said = "pretrained needs published weights of a timm network as source; use unit or standard"
    return [(("normalise",), said)]


def _useless_or_missing_source(raw: Mapping[str, Any], surgeries: Mapping[str, Family | Surgery]) -> list[Disagreement]:
    if raw.get("source") is None:
        return [(("surgeries", name), "keeps weights, so the study needs a source") for name in keeping(surgeries)]
    readable = isinstance(raw.get("surgeries"), Mapping) and len(surgeries) == len(raw["surgeries"])
    if surgeries and readable and not keeping(surgeries):
        return [(("source",), "has no effect, for no surgery keeps weights; remove it or add a surgery that does")]
    return []


def _controls_of_nothing(raw: Mapping[str, Any], surgeries: Mapping[str, Family | Surgery]) -> list[Disagreement]:
    """Control arms where no surgery keeps weights, so that there is no arm to control."""
    readable = isinstance(raw.get("surgeries"), Mapping) and len(surgeries) == len(raw["surgeries"])
    if not controls_in(raw) or not surgeries or not readable or keeping(surgeries):
        return []
    said = "there is nothing to control, for no surgery keeps weights of a source"
    return [(("controls",), f"{said}; remove it, or add a source and a surgery that keeps some")]


def _controls_like_the_source(raw: Mapping[str, Any], source: object, dataset: object) -> list[Disagreement]:
    """Controls that start as the arms of the study do, so that they would show nothing."""
    kinds, found = controls_in(raw), list[Disagreement]()
    if "random" in kinds and isinstance(source, WeightsFile) and source.origin == "random":
        said = "random shows what pretraining does, and the weights of the source are random; leave it out"
        found.append((("controls",), said))
    if "selffer" in kinds and isinstance(source, Pretraining) and source.dataset == dataset:
        said = "selffer starts from a network trained on the target, and so does the source; leave it out"
        found.append((("controls",), said))
    return found


def _scores_of_nothing(raw: Mapping[str, Any], dataset: Dataset | None) -> list[Disagreement]:
    """Scores of what starts from nothing, or has no classes that layers could tell apart."""
    if raw.get("scores") is None:
        return []
    if dataset is not None and dataset.task != "classes":
        said = f"every score needs one class an item, and {dataset.name} holds {dataset.task}; remove it"
        return [(("scores",), said)]
    if raw.get("source") is not None:
        return []
    said = "there is nothing to score, for the study starts from no source; remove it, or add a source"
    return [(("scores",), said)]


def _unlike_planes(source: Dataset, target: Dataset) -> list[Disagreement]:
    ours, theirs = source.plane_shape, target.plane_shape
    if ours == theirs:
        return []
    own = f"{ours[0]} channel{'s' * (ours[0] > 1)} of {ours[1]} x {ours[2]}"
    said = (
        f"its planes have {own}, those of dataset {theirs[0]} of {theirs[1]} x {theirs[2]}; state the adaptation with "
        "channels and size on one of them"
    )
    return [(("source", "dataset"), said)]


def _unknown_recipes(raw: Mapping[str, Any], source: object) -> list[Disagreement]:
    recipes = raw.get("recipes", {})
    if not isinstance(recipes, Mapping):
        return []
    chosen: list[tuple[Keys, object]] = [(("recipe",), raw.get("recipe"))]
    found: list[Disagreement] = []
    if isinstance(source, Pretraining) and isinstance(source.recipe, Mapping):
        chosen += [(("source", "recipe", beside), beside) for beside in source.recipe]
        chosen += [(("source", "recipe", beside), name) for beside, name in source.recipe.items() if name != beside]
        transfer = raw.get("recipe")
        if not isinstance(transfer, str) or (transfer in recipes and transfer not in source.recipe):
            told = repr(transfer) if isinstance(transfer, str) else "a recipe written in place"
            said = f"names no pretraining beside {told}; known: {', '.join(source.recipe)}"
            found.append((("source", "recipe"), said))
    elif isinstance(source, Pretraining):
        chosen.append((("source", "recipe"), source.recipe))
    return found + [
        (keys, f"no recipe is called {name!r}{nearest(name, recipes)}; known: {', '.join(recipes) or 'none'}")
        for keys, name in chosen
        if isinstance(name, str) and name not in recipes
    ]


def _repeated(raw: Mapping[str, Any]) -> list[Disagreement]:
    found: list[Disagreement] = []
    for key in ("shares", "seeds", "vary", "controls", "norms"):
        values = raw.get(key)
        if not isinstance(values, tuple):
            continue
        counts = Counter(value for value in values if isinstance(value, str | int | float))
        repeated = [str(value) for value, count in counts.items() if count > 1]
        if repeated:
            found.append(((key,), f"{', '.join(repeated)} stands more than once; name each once"))
        if not values and key in ("shares", "seeds"):
            found.append(((key,), "is empty; name at least one"))
    return found
