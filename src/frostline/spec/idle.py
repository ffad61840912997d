"""Keys of a study file that say something without effect, so that nothing written is silently ignored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from frostline.spec.arms import arms_of
from frostline.spec.augmentation import NOTHING, Augmentation
from frostline.spec.axes import Family, FamilyOrSurgery, Pretraining, Source
from frostline.spec.beside import idle_beside
from frostline.spec.dataset import Dataset
from frostline.spec.idle_norms import idle_norms
from frostline.spec.network import NetworkSpec, Timm
from frostline.spec.parts import Disagreement, Keys, controls_in, keeping, part, parts, recipe_of_transfers
from frostline.spec.recipe import Recipe
from frostline.spec.surgery import Fate, Surgery
from frostline.spec.surgery_faults import misfits
from frostline.spec.synthesis import Forging
from frostline.spec.trial import WeightsFile

FIRST_LOOK = 4
"""After how many seeds a race is first looked at; a test compares it with the race's own number."""
GROUPS = ("augmentation", "additions", "beside")
"""Groups of keys that say nothing where they are empty."""
OF_EVERY_TRIAL = ("split", "share", "weights", "batches")


def idle_keys(plain: Mapping[str, Any]) -> list[Disagreement]:
    """Every key of a study file that has no effect beside the others: its keys, and what is right.

    ``plain`` holds what the file says and nothing more: a default that the file leaves out is never idle.
    """
    found = [*_idle_seeds(plain), *_idle_purposes(plain), *_idle_head(plain), *_idle_validation(plain)]
    found += [*idle_norms(plain), *_idle_beside_probes(plain), *idle_beside(plain)]
    found += [*_idle_room(plain), *_idle_race(plain), *_idle_views(plain), *_idle_controls(plain)]
    found += [((key,), "names nothing; remove it") for key in GROUPS if plain.get(key) == {}]
    recipes = plain.get("recipes")
    named = recipes.items() if isinstance(recipes, Mapping) else ()
    placed: list[tuple[Keys, object]] = [(("recipes", name), raw) for name, raw in named]
    if isinstance(plain.get("recipe"), Mapping):
        placed.append((("recipe",), plain["recipe"]))
    for keys, raw in placed:
        recipe = part(Recipe, raw)
        found += _idle_waits(keys, recipe) if recipe is not None else ()
    return found


def _idle_race(plain: Mapping[str, Any]) -> Iterator[Disagreement]:
    """A race that can stop nobody."""
    if plain.get("evidence") != "race":
        return
    seeds, raw = plain.get("seeds", 10), plain.get("surgeries")
    count = seeds if isinstance(seeds, int) else len(seeds) if isinstance(seeds, tuple) else None
    if count is not None and count <= FIRST_LOOK:
        yield (
            ("evidence",),
            f"race has no effect with {count} seeds, for its first look is after {FIRST_LOOK}; remove it",
        )
    single = isinstance(raw, Mapping) and len(raw) == 1 and isinstance(part(Surgery, next(iter(raw.values()))), Surgery)
    if single and not controls_in(plain) and not plain.get("additions") and not plain.get("beside"):
        yield ("evidence",), "race has no effect, for there is one arm; remove it"


def _idle_controls(plain: Mapping[str, Any]) -> Iterator[Disagreement]:
    """No kind of control, or random ones that the study has already: what tunes all it keeps, beside scratch."""
    if plain.get("controls") == ():
        yield ("controls",), "names nothing; remove it"
    network, raw = part(NetworkSpec, plain.get("network")), plain.get("surgeries")
    surgeries, random = parts(FamilyOrSurgery, raw), [kind for kind in controls_in(plain) if kind == "random"]
    if not random or network is None or not isinstance(raw, Mapping):
        return
    if len(surgeries) < len(raw) or misfits(surgeries, network.layer_names) or not keeping(surgeries):
        return
    own = {surgery: () for entry in surgeries.values() for surgery in _each(entry, len(network.layer_names))}
    if len(arms_of(own, random)) == len(own):
        yield ("controls",), "random adds no arm, for no surgery freezes a layer and scratch is there; leave it out"


def _each(entry: Family | Surgery, layers: int) -> tuple[Surgery, ...]:
    return (entry,) if isinstance(entry, Surgery) else tuple(entry.surgeries(layers).values())


def _idle_views(plain: Mapping[str, Any]) -> Iterator[Disagreement]:
    """More versions of the items than passes that could show them."""
    augmentation, (_, recipe) = part(Augmentation, plain.get("augmentation")), recipe_of_transfers(plain)
    if augmentation is None or recipe is None or not augmentation.views or not recipe.passes:
        return
    if augmentation.views > recipe.passes:
        said = f"{augmentation.views} versions of an item, and {recipe.passes} passes to show them; use at most that"
        yield ("augmentation", "views"), said


def _idle_seeds(plain: Mapping[str, Any]) -> Iterator[Disagreement]:
    vary, drawn = plain.get("vary"), {"random", "matched"} & {*controls_in(plain)}
    pretrained, varied = _pretrains(plain) or bool(drawn), vary if isinstance(vary, tuple) else ()
    if "pretraining" in varied and not pretrained:
        said = "pretraining has no effect, for the study makes none of its own; remove it"
        yield ("vary", varied.index("pretraining")), said
    decided = {*OF_EVERY_TRIAL, "pretraining"} if pretrained else set(OF_EVERY_TRIAL)
    everything = "vary" not in plain or all(purpose in varied for purpose in decided)
    if "fixed_seed" in plain and everything:
        yield ("fixed_seed",), "has no effect, for vary names everything that chance decides; remove it"


def _idle_purposes(plain: Mapping[str, Any]) -> Iterator[Disagreement]:
    """What ``vary`` names where all of it varies nothing, so that every seed would be the same run."""
    vary, dataset = plain.get("vary"), part(Dataset, plain.get("dataset"))
    if not isinstance(vary, tuple) or dataset is None:
        return
    shares, reasons = plain.get("shares", (1.0,)), dict[object, str]()
    if isinstance(shares, tuple) and all(share == 1 for share in shares):
        reasons["share"] = "every share is the whole"
    if dataset.card.validation_counts is not None:
        reasons["split"] = f"{dataset.name} has a part that validates and no folds"
    named = [purpose for purpose in vary if purpose != "pretraining" or _pretrains(plain)]
    if any(not isinstance(purpose, str) or purpose not in reasons for purpose in named):
        return
    for purpose in dict.fromkeys(named):
        said = f"{purpose} varies nothing, for {reasons[purpose]}, and every seed would be the same run"
        yield ("vary", vary.index(purpose)), f"{said}; add weights and batches, or leave vary out"


def _pretrains(plain: Mapping[str, Any]) -> bool:
    """True where the study makes a pretraining of its own, or cannot be read in that."""
    source = part(Source, plain.get("source"))
    return isinstance(source, Pretraining) or (source is None and plain.get("source") is not None)


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


def _idle_room(plain: Mapping[str, Any]) -> Iterator[Disagreement]:
    """Room for what frozen layers give where the lowest is no constant, none sees the same twice, or items are made."""
    if plain.get("activations_gb") is None:
        return
    raw, (_, recipe) = plain.get("surgeries"), recipe_of_transfers(plain)
    surgeries, befalls = parts(FamilyOrSurgery, raw), part(Augmentation, plain.get("augmentation"))
    reasons = []
    if isinstance(raw, Mapping) and len(surgeries) == len(raw) and not any(map(_freezes_lowest, surgeries.values())):
        reasons.append("no surgery freezes the lowest layer")
    if recipe is not None and recipe.norms == "tuned":
        reasons.append("norms: tuned leaves no layer constant")
    if befalls is not None and befalls != NOTHING and befalls.views is None:
        reasons.append("augmentation shows frozen layers something else each time (unless it has views)")
    if part(Forging, plain.get("synthesis")) is not None:
        reasons.append("what frozen layers give is not kept of synthetic items, which every arm has")
    if reasons:
        yield ("activations_gb",), f"has no effect, for {' and '.join(reasons)}; remove it"


def _freezes_lowest(entry: Family | Surgery) -> bool:
    """True where the lowest layer is frozen, at some cut or in some training of a chain."""
    if isinstance(entry, Family):
        return entry.below == "frozen" and (entry.cuts == "all" or max(entry.cuts) > 0)
    return entry.frozen_depth > 0 or (entry.after is not None and _freezes_lowest(entry.after))


def _idle_beside_probes(plain: Mapping[str, Any]) -> Iterator[Disagreement]:
    """What concerns layers that learn, where every surgery leaves only the head to learn."""
    network, raw = part(NetworkSpec, plain.get("network")), plain.get("surgeries")
    surgeries = parts(FamilyOrSurgery, raw)
    if network is None or not surgeries or not isinstance(raw, Mapping) or len(surgeries) < len(raw):
        return
    keys, recipe = recipe_of_transfers(plain)
    probes = all(_probes(entry, len(network.layer_names)) for entry in surgeries.values())
    if recipe is None or recipe.norms == "tuned" or not probes:
        return
    source = part(Source, plain.get("source"))
    why = "for every surgery freezes every layer; remove it"
    if isinstance(network, Timm) and network.drop_path and isinstance(source, WeightsFile):
        yield ("network", "drop_path"), f"{network.drop_path:g} has no effect, {why}"
    shared = isinstance(source, Pretraining) and source.recipe_beside(plain["recipe"]) == plain["recipe"]
    if recipe.layer_decay != 1 and source is not None and not shared:
        yield (*keys, "layer_decay"), f"{recipe.layer_decay:g} has no effect, {why}"


def _probes(entry: Family | Surgery, layers: int) -> bool:
    """True where every layer is frozen, at each cut and in each training of a chain."""
    if isinstance(entry, Surgery):
        return set(entry.fates) == {Fate.FROZEN} and (entry.after is None or _probes(entry.after, layers))
    return entry.below == "frozen" and entry.cuts != "all" and min(entry.cuts) >= layers


def _idle_waits(keys: Keys, recipe: Recipe) -> Iterator[Disagreement]:
    """What the budget never reaches, where both are in steps or both in passes: full rate, validation, patience."""
    every, steps, passes = recipe.validate_every, recipe.steps, recipe.passes
    if every == "pass" and passes is not None and recipe.patience is not None and recipe.patience >= passes:
        said = f"{recipe.patience} validations, one a pass, outlast the budget of {passes} passes"
        yield (*keys, "patience"), f"has no effect, for {said}; lower it or remove it"
    if steps is not None and recipe.warmup_steps >= steps:
        yield (*keys, "warmup_steps"), f"is {recipe.warmup_steps}, the whole budget of {steps} steps; lower it"
    if steps is None or every == "pass":
        return
    if every > steps:
        yield (*keys, "validate_every"), f"is {every}, more than the budget of {steps} steps; lower it"
    elif recipe.patience is not None and recipe.patience * every >= steps:
        said = f"{recipe.patience} validations, one in {every} steps, outlast the budget of {steps} steps"
        yield (*keys, "patience"), f"has no effect, for {said}; lower it or remove it"
