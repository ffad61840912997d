"""The arms of a study: its surgeries, what they are held against, each in every way with norms and with additions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from frostline.spec.additions import Addition
from frostline.spec.axes import CONTROLS, Beginning, Control, counterpart, from_scratch
from frostline.spec.frozen_norms import norms_on
from frostline.spec.network import NetworkSpec
from frostline.spec.recipe import Norms
from frostline.spec.surgery import Surgery
from frostline.spec.trial import Trial


@dataclass(frozen=True)
class Arm:
    """One treatment of a study: its surgery, what it starts from, and every name that it goes by.

    ``start`` is ``own`` for what the study names itself, and else says which control the arm is. ``norms`` is the way
    with the norms of frozen layers where the study has several, and ``stored`` where it leaves that to its recipe.
    ``addition`` is what its training is given beside its own items, and ``control_of`` the addition that this one is a
    control of. ``beside`` is the name of the network that it trains from scratch, where that is not the study's own.
    """

    surgery: Surgery
    names: tuple[str, ...]
    start: Beginning = "own"
    norms: Norms = "stored"
    addition: str = ""
    control_of: str = ""
    beside: str = ""

    def __str__(self) -> str:
        return f"{self.written} ({' = '.join(self.names)})"

    @property
    def written(self) -> str:
        """The arm in a table: ``f3r3``, ``f3r3 norms tuned from random``, ``f3r3 with gan``; no two are alike."""
        if self.beside:
            return self.beside
        treated = written_with_norms(self.surgery, self.norms)
        started = treated if self.start == "own" else f"{treated} from {self.start}"
        return f"{started} with {self.addition}" if self.addition else started

    @property
    def control(self) -> str:
        """The kind of control that the arm is, or the addition that it controls; empty where one may choose it."""
        return self.control_of if self.start == "own" else self.start

    def controls(self, arm: Arm) -> bool:
        """True where this arm is a control of ``arm``, which no control has itself."""
        if self.norms != arm.norms or arm.start != "own":
            return False
        if self.control_of:
            return (arm.surgery, arm.addition) == (self.surgery, self.control_of)
        if self.start == "own" or arm.addition or not arm.surgery.needs_start:
            return False
        return counterpart(arm.surgery, self.start) == (self.surgery, self.start)


@dataclass(frozen=True)
class Entry:
    """One cell of the study: an arm at a share and a seed, and the trial that fills it."""

    arm: Arm
    share: float
    seed: int
    trial: Trial


def arms_of(named: Mapping[Surgery, tuple[str, ...]], controls: Collection[Control]) -> tuple[Arm, ...]:
    """The arms of a study: its ``named`` surgeries, what from scratch they are held against, then their ``controls``.

    Training from scratch is an arm like any other, under its fates where the study has no name for it. A control that
    serves several surgeries is one arm under all their names.
    """
    names: dict[tuple[Surgery, Beginning], dict[str, None]] = {
        (surgery, "own"): dict.fromkeys(called) for surgery, called in named.items()
    }
    keeping = {surgery: called for surgery, called in named.items() if surgery.needs_start}
    for surgery in keeping:
        for reference in _scratches(surgery, controls):
            names.setdefault((reference, "own"), {str(reference): None})
    for control in (control for control in CONTROLS if control in controls):
        for surgery, called in keeping.items():
            treated, start = counterpart(surgery, control)
            if start != "own":
                more = {f"{name} from {start}": None for name in called}
                names[treated, start] = names.get((treated, start), {}) | more
    return tuple(Arm(surgery, tuple(called), start) for (surgery, start), called in names.items())


def in_each_way(arms: Sequence[Arm], norms: Sequence[Norms], network: NetworkSpec) -> tuple[Arm, ...]:
    """``arms``, each once for every one of ``norms`` that changes something in what it freezes of ``network``.

    An arm in which none of them does is there once, in the stored way.
    """
    return tuple(
        replace(arm, norms=way, names=tuple(named_with_norms(name, way) for name in arm.names))
        for arm in arms
        for way in dict.fromkeys(norms_on(network, arm.surgery, way) for way in norms or ("stored",))
    )


def written_with_norms(surgery: Surgery, norms: Norms) -> str:
    """``surgery`` in a table, with its way with the norms of frozen layers: ``f3t2``, or ``f3t2 norms tuned``."""
    return str(surgery) if norms == "stored" or not surgery.freezes else f"{surgery} norms {norms}"


def named_with_norms(name: str, norms: Norms) -> str:
    """The ``name`` of a surgery or a family, with its way with the norms of frozen layers: ``F, norms tuned``."""
    return name if norms == "stored" else f"{name}, norms {norms}"


def with_additions(
    arms: Sequence[Arm], additions: Mapping[str, Addition], named: Collection[Surgery]
) -> tuple[Arm, ...]:
    """``arms``, and those of the ``named`` surgeries that are no control with each of ``additions``, controls last."""
    ordered = sorted(additions.items(), key=lambda item: item[1].control_of is not None)
    added = (
        replace(
            arm,
            names=tuple(f"{one} with {name}" for one in arm.names),
            addition=name,
            control_of=addition.control_of or "",
        )
        for name, addition in ordered
        for arm in arms
        if arm.start == "own" and arm.surgery in named
    )
    return (*arms, *added)


def _scratches(surgery: Surgery, controls: Collection[Control]) -> Iterator[Surgery]:
    """What trains from scratch and is compared with ``surgery``, or is the start of a control of it."""
    if "random" in controls:
        treated, start = counterpart(surgery, "random")
        if start == "own":
            yield treated
    if "random" in controls or "selffer" in controls:
        yield from_scratch(len(surgery))
