"""The parts of a study that is not read yet, each as far as it can be read on its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from frostline.spec.axes import CONTROLS, Control, ControlsChoice, Family
from frostline.spec.recipe import Recipe
from frostline.spec.surgery import Surgery

Keys = tuple[int | str, ...]
Disagreement = tuple[Keys, str]


def keeping(surgeries: Mapping[str, Family | Surgery]) -> list[str]:
    """The names of the ``surgeries`` that keep some weights of what they start from."""
    return [name for name, entry in surgeries.items() if entry.needs_start]


def controls_in(raw: Mapping[str, Any]) -> tuple[Control, ...]:
    """The kinds of control arms that the values under the keys of a study add; none where they cannot be read."""
    chosen = part(ControlsChoice, raw.get("controls")) or ()
    return CONTROLS if chosen == "all" else tuple(chosen)


def part(kind: Any, raw: object) -> Any:
    """``raw`` as a value of ``kind``, or None where it has faults of its own (they are told from the whole)."""
    try:
        return None if raw is None else TypeAdapter(kind).validate_python(raw)
    except ValidationError:
        return None


def parts(kind: Any, raw: object) -> dict[str, Any]:
    """The values of ``raw``, by their names, that can be read as a ``kind``; none where it is no group of keys."""
    items = raw.items() if isinstance(raw, Mapping) else ()
    return {name: value for name, entry in items if (value := part(kind, entry)) is not None}


def recipe_of_transfers(plain: Mapping[str, Any]) -> tuple[Keys, Recipe | None]:
    """The keys under which the recipe of the transfers stands, and the recipe where it can be read."""
    named, recipes = plain.get("recipe"), plain.get("recipes")
    if not isinstance(named, str):
        return ("recipe",), part(Recipe, named)
    return ("recipes", named), part(Recipe, recipes.get(named) if isinstance(recipes, Mapping) else None)
