"""The arms of a study in lines by depth: frozen up to a layer, and of one fate above it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from frostline.analysis.comparisons import competing
from frostline.analysis.table import CutPoint

DEPTH = re.compile(r"(?:f(?P<frozen>[1-9]\d*))?(?:(?P<above>[trx])[1-9]\d*)?")
ABOVE = {"t": "tuned above", "r": "reset above", "x": "removed above"}


@dataclass(frozen=True)
class DepthLine:
    """Arms by how many layers are frozen, ascending; ``name`` tells the fate above, and the family if it is one."""

    name: str
    arms: Mapping[int, str]


def lines_of(frame: pd.DataFrame, points: Sequence[CutPoint] = ()) -> tuple[DepthLine, ...]:
    """The lines of ``frame``, each of two arms or more; controls stand in none.

    A fate has a line where one of its arms is cut inside the network; whole networks are the ends of such a line. A
    family of ``points`` whose every arm stands on a line gives it its name.
    """
    read = {str(arm): DEPTH.fullmatch(str(arm)) for arm in competing(frame)["arm"].unique()}
    found = {arm: (int(match["frozen"] or 0), match["above"]) for arm, match in read.items() if match is not None}
    lines: list[DepthLine] = []
    for above, told in ABOVE.items():
        here = {depth: arm for arm, (depth, fate) in found.items() if fate in (above, None)}
        if len(here) > 1 and any(depth and fate == above for depth, fate in found.values()):
            lines.append(DepthLine(_named(told, set(here.values()), points), dict(sorted(here.items()))))
    return tuple(lines)


def _named(told: str, arms: set[str], points: Sequence[CutPoint]) -> str:
    families: dict[str, set[str]] = {}
    for point in points:
        families.setdefault(point.family, set()).add(point.arm)
    names = [name for name, members in families.items() if len(members) > 2 and members <= arms]
    return f"{', '.join(names)} ({told})" if names else told
