"""What training may be given beside its own items, as an axis of a study: augmentation, or synthetic items."""

from __future__ import annotations

import re
from collections.abc import Mapping

from frostline.errors import nearest
from frostline.spec.augmentation import NOTHING, Augmentation
from frostline.spec.base import Value
from frostline.spec.synthesis import Forging

NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9+ -]*")
RESERVED = ("none", "random", "matched", "selffer")
"""What no addition may be called: the lack of one, and the kinds of control arms."""


class Addition(Value):
    """What the training of an arm is given beside what its study gives to all: ``augmentation``, ``synthesis`` or both.

    With ``control_of`` it is a control of the addition of that name: it has synthetic items as that one has, but for
    their conditions (``shuffled``) or for the budget of their generator (undertrained), and is never recommended.
    """

    augmentation: Augmentation = NOTHING
    synthesis: Forging | None = None
    control_of: str | None = None

    def beside(self, augmentation: Augmentation) -> Addition:
        """This addition where all items meet ``augmentation``, unless it has one of its own."""
        return self if self.augmentation != NOTHING else self.model_copy(update={"augmentation": augmentation})


GIVEN_TO_ALL = "every arm would have synthetic items, that without additions included; name them in additions alone"
"""Why a study with additions has no synthesis beside them."""
TWICE = "would take the place of the study's augmentation, so that its arms differ in more; keep one of them"


def addition_faults(additions: Mapping[str, Addition], befalls: Augmentation) -> list[tuple[tuple[str, ...], str]]:
    """What is wrong among the ``additions`` of a study whose augmentation is ``befalls``: keys, and what is right."""
    found: list[tuple[tuple[str, ...], str]] = []
    for position, (name, addition) in enumerate(additions.items()):
        found += [((name,), why) for why in _name_faults(name)]
        if addition.augmentation == NOTHING and addition.synthesis is None:
            found.append(((name,), "adds nothing; give augmentation or synthesis, or remove it"))
        if NOTHING not in (addition.augmentation, befalls):
            found.append(((name, "augmentation"), TWICE))
        if addition.control_of is not None:
            found += [((name,), why) for why in _control_faults(addition, additions)]
        elif same := [other for other, one in list(additions.items())[:position] if one == addition]:
            found.append(((name,), f"is what {same[0]} is; remove one of them"))
    return found


def _name_faults(name: str) -> list[str]:
    if name in RESERVED:
        return [f"{name} is no name for an addition, for it means something else; call it otherwise"]
    if not NAMED.fullmatch(name) or name != name.strip():
        return ["an addition is called by letters, digits, spaces, + and -; call it otherwise"]
    return []


def _control_faults(control: Addition, additions: Mapping[str, Addition]) -> list[str]:
    """Why ``control`` shows nothing of the addition that it is to control."""
    name = str(control.control_of)
    treated = additions.get(name)
    if treated is None:
        known = [other for other, one in additions.items() if one.control_of is None]
        return [
            f"control_of: no addition is called {name!r}{nearest(name, known)}; known: {', '.join(known) or 'none'}"
        ]
    if treated.control_of is not None:
        return [f"control_of: {name} is a control itself; name the addition that is to be controlled"]
    if treated.synthesis is None or control.synthesis is None:
        return [f"control_of: a control has synthetic items as {name} has, and one of the two has none; leave it out"]
    if treated == control.model_copy(update={"control_of": None}):
        return [f"control_of: it is what {name} is; give other conditions, or another budget of the generator"]
    if _alike(treated) != _alike(control):
        said = f"control_of: it differs from {name} in more than the conditions and the budget of the generator"
        return [f"{said}, so that the two would not show what those do"]
    return []


def _alike(addition: Addition) -> tuple[Augmentation, dict[str, object]]:
    """What a control has as ``addition`` has it: all but conditions, and the budget of the generator with its looks."""
    forging = addition.synthesis
    assert forging is not None
    kept = forging.model_dump(exclude={"conditions", "between", "outside", "recipe"})
    return addition.augmentation, kept | forging.recipe.model_dump(exclude={"steps", "passes", "look_every"})
