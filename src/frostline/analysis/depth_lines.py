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

    A fate has a line where one of its arms is cut inside the network, for each way with the norms of frozen layers;
    whole networks are the ends of such a line. A family of ``points`` whose every arm stands on a line names it.
    """
    placed = {str(arm): place for arm in competing(frame)["arm"].unique() if (place := _placed(str(arm))) is not None}
    lines: list[DepthLine] = []
    for norms in sorted({place.norms for place in placed.values()}):
        for above, told in ABOVE.items():
            here = {
                place.depth: arm
                for arm, place in placed.items()
                if place.above in (above, None) and (place.norms == norms or not place.depth)
            }
            inside = any(one.depth and one.above == above and one.norms == norms for one in placed.values())
            if len(here) > 1 and inside:
                said = f"{told}, norms {norms}" if norms else told
                lines.append(DepthLine(_named(said, set(here.values()), points), dict(sorted(here.items()))))
    return tuple(lines)


@dataclass(frozen=True)
class _Place:
    """Where an arm stands: its frozen layers, the fate above, and its way with norms where that is not the usual."""

    depth: int
    above: str | None
    norms: str


def _placed(arm: str) -> _Place | None:
    treatment, _, norms = arm.partition(" norms ")
    match = DEPTH.fullmatch(treatment)
    return None if match is None else _Place(int(match["frozen"] or 0), match["above"], norms)


def _named(told: str, arms: set[str], points: Sequence[CutPoint]) -> str:
    families: dict[str, set[str]] = {}
    for point in points:
        families.setdefault(point.family, set()).add(point.arm)
    names = [name for name, members in families.items() if len(members) > 2 and members <= arms]
    return f"{', '.join(names)} ({told})" if names else told
