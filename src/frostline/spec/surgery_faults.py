"""Where the surgeries of a study do not fit its network, or clash with one another by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from frostline.spec.arms import named_with_norms
from frostline.spec.axes import Family
from frostline.spec.parts import Disagreement
from frostline.spec.recipe import Norms
from frostline.spec.surgery import Surgery, misfit


def misfits(surgeries: Mapping[str, Family | Surgery], layer_names: Sequence[str]) -> list[Disagreement]:
    """The ``surgeries`` that do not fit a network of these layers."""
    found: list[Disagreement] = []
    layers = len(layer_names)
    for name, entry in surgeries.items():
        if isinstance(entry, Surgery):
            if len(entry) != layers:
                found.append((("surgeries", name), misfit(entry, layer_names)))
        elif entry.cuts != "all":
            wrong = [cut for cut in entry.cuts if not entry.lowest_cut <= cut <= layers]
            if wrong:
                span = f"must be from {entry.lowest_cut} to {layers}, the depth of the network"
                found.append((("surgeries", name, "cuts"), f"{', '.join(map(str, wrong))} {span}"))
    return found


def same_labels(surgeries: Mapping[str, Family | Surgery], layers: int) -> list[Disagreement]:
    """Surgeries that are called as a cut of a family is, and are another."""
    found: list[Disagreement] = []
    for family, entry in surgeries.items():
        if isinstance(entry, Surgery):
            continue
        for cut in range(entry.lowest_cut, layers + 1) if entry.cuts == "all" else entry.cuts:
            named = surgeries.get(f"{family} cut {cut}")
            if isinstance(named, Surgery) and entry.lowest_cut <= cut <= layers and named != entry.at(cut, layers):
                said = f"is {named}, but cut {cut} of {family} is {entry.at(cut, layers)} under the same name"
                found.append((("surgeries", f"{family} cut {cut}"), f"{said}; call it otherwise"))
    return found


def same_names_with_norms(surgeries: Mapping[str, Family | Surgery], norms: Sequence[Norms]) -> list[Disagreement]:
    """Surgeries that are called as another one is, or a cut of a family, in one of the study's ways with ``norms``."""
    found: list[Disagreement] = []
    for name, entry in surgeries.items():
        if not (entry.below == "frozen" if isinstance(entry, Family) else entry.freezes):
            continue
        for way in norms:
            # What stands between the name of a family and its way is a cut, as in `F cut 2, norms tuned`.
            clashing = re.compile(
                re.escape(name)
                + (r"( cut \d+)?" if isinstance(entry, Family) else "")
                + re.escape(named_with_norms("", way))
            )
            found += [
                (("surgeries", other), f"is what {name} is called with norms {way}; call it otherwise")
                for other in surgeries
                if way != "stored" and clashing.fullmatch(other)
            ]
    return found
