"""What becomes of each layer of a network: one fate a layer, input first, written run-length (``f3r3``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum
from itertools import groupby
from typing import Literal

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Fate(Enum):
    """What becomes of one layer."""

    FROZEN = "f"
    TUNED = "t"
    RESET = "r"
    REMOVED = "x"


FateName = Literal["frozen", "tuned", "reset", "removed"]
FATE_NAMES: dict[FateName, Fate] = {
    "frozen": Fate.FROZEN,
    "tuned": Fate.TUNED,
    "reset": Fate.RESET,
    "removed": Fate.REMOVED,
}
MOST_LAYERS = 1000
MOST_IN_A_CHAIN = 10
RUN = re.compile(r"([ftrx])([1-9][0-9]*)")


class Surgery:
    """One fate for every layer, input first; removed layers only at the top, and at least one layer stays.

    Prints and parses as ``f7t6``. A surgery may come ``after`` another, on what that one's training left, its head
    kept: ``f13>t13`` probes first and then tunes everything. Hashable; equal fates are equal surgeries, however they
    were named.

    Raises:
        ValueError: a removed layer below one that stays, no layer that stays, or a chain that does not fit together.
    """

    __slots__ = ("after", "fates")
    fates: tuple[Fate, ...]
    after: Surgery | None

    def __init__(self, fates: Sequence[Fate], after: Surgery | None = None) -> None:
        kept = [fate is not Fate.REMOVED for fate in fates]
        if not any(kept):
            raise ValueError("at least one layer must stay")
        if kept != sorted(kept, reverse=True):
            raise ValueError("layers can be removed only from the top")
        if after is not None and len(after) != len(fates):
            raise ValueError(f"one surgery after another needs as many fates (got {len(after)}, then {len(fates)})")
        if after is not None and not (all(kept) and after.kept == len(after)):
            raise ValueError("one surgery after another keeps the head, so that neither may remove a layer")
        if after is not None and Fate.FROZEN not in fates and Fate.TUNED not in fates:
            raise ValueError("a surgery that keeps no weights makes the one before it useless")
        object.__setattr__(self, "fates", tuple(fates))
        object.__setattr__(self, "after", after)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a surgery is a value and cannot be changed")

    @classmethod
    def parse(cls, text: str) -> Surgery:
        """The surgery that ``text`` spells, for example ``f3r3``.

        Raises:
            ValueError: ``text`` is not a run-length string of f, t, r, x, spells no legal surgery, or one of more than
                ``MOST_LAYERS`` layers.
        """
        before, arrow, last = text.rpartition(">")
        if arrow and not (before and last):
            raise ValueError(f"{text!r} lacks a surgery beside '>'; write one on each side, for example 'f6>t6'")
        if text.count(">") >= MOST_IN_A_CHAIN:
            raise ValueError(f"a chain has at most {MOST_IN_A_CHAIN} surgeries (got {text.count('>') + 1})")
        if arrow:
            return cls(cls.parse(last).fates, cls.parse(before))
        runs = RUN.findall(text)
        if not runs or "".join(letter + count for letter, count in runs) != text:
            raise ValueError(
                f"{text!r} is not a surgery; write a letter and a count for each run of layers, input first: "
                "f frozen, t tuned, r reset, x removed, for example 'f3r3'"
            )
        if any(len(count) > 4 for _, count in runs) or sum(int(count) for _, count in runs) > MOST_LAYERS:
            raise ValueError(f"a surgery has at most {MOST_LAYERS} layers")
        return cls([Fate(letter) for letter, count in runs for _ in range(int(count))])

    @classmethod
    def cut(cls, depth: int, layers: int, below: Fate, above: Fate) -> Surgery:
        """The surgery with ``below`` for the first ``depth`` of ``layers`` layers and ``above`` for the others."""
        return cls([below] * depth + [above] * (layers - depth))

    @property
    def last(self) -> Surgery:
        """The last surgery of the chain, alone."""
        return Surgery(self.fates)

    @property
    def kept(self) -> int:
        """How many layers stay."""
        return sum(fate is not Fate.REMOVED for fate in self.fates)

    @property
    def needs_start(self) -> bool:
        """True where some layer keeps the weights it starts from."""
        if self.after is not None:
            return self.after.needs_start
        return any(fate in (Fate.FROZEN, Fate.TUNED) for fate in self.fates)

    @property
    def freezes(self) -> bool:
        """True where some layer is frozen, in this training or in one that it comes after."""
        return Fate.FROZEN in self.fates or (self.after is not None and self.after.freezes)

    @property
    def frozen_depth(self) -> int:
        """How many layers are frozen from the input up, without a gap."""
        return next((i for i, fate in enumerate(self.fates) if fate is not Fate.FROZEN), len(self.fates))

    def resized(self, layers: int) -> Surgery:
        """This surgery for a network of ``layers`` layers: its topmost run made longer, or its upper runs shorter.

        A run keeps a layer as long as there are layers for it: ``f4t9`` on 12 layers is ``f4t8``, on 4 it is ``f3t1``.

        Raises:
            ValueError: so few layers are left of a chain that its last surgery keeps nothing of the one before.
        """
        runs = [(fate, len(list(run))) for fate, run in groupby(self.fates)][:layers]
        fates: list[Fate] = []
        for above, (fate, count) in zip(range(len(runs) - 1, -1, -1), runs, strict=True):
            left = layers - len(fates)
            fates += [fate] * (min(count, left - above) if above else left)
        return Surgery(fates, None if self.after is None else self.after.resized(layers))

    def __len__(self) -> int:
        return len(self.fates)

    def __str__(self) -> str:
        own = "".join(f"{fate.value}{len(list(run))}" for fate, run in groupby(self.fates))
        return own if self.after is None else f"{self.after}>{own}"

    def __repr__(self) -> str:
        return f"Surgery.parse({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Surgery) and (self.fates, self.after) == (other.fates, other.after)

    def __hash__(self) -> int:
        return hash((self.fates, self.after))

    def __reduce__(self) -> tuple[type[Surgery], tuple[tuple[Fate, ...], Surgery | None]]:
        return Surgery, (self.fates, self.after)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read from its text, written as its text."""
        from_text = core_schema.no_info_after_validator_function(cls.parse, core_schema.str_schema(strict=True))
        return core_schema.no_info_wrap_validator_function(
            cls._unless_one_already, from_text, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def _unless_one_already(cls, raw: object, parse: Callable[[object], Surgery]) -> Surgery:
        return raw if isinstance(raw, Surgery) else parse(raw)


def misfit(surgery: Surgery, layer_names: Sequence[str]) -> str:
    """What is wrong with ``surgery`` for a network of these layers, and how it would be written for them."""
    layers = len(layer_names)
    said = f"{surgery} has {len(surgery)} fates, the network has {layers} layers ({in_short(layer_names)})"
    try:
        return f"{said}; write {surgery.resized(layers)}, for example"
    except ValueError:
        return f"{said}; write a fate for each"


def in_short(names: Sequence[str]) -> str:
    """``names`` in order, those that are numbered on from one another as ``block1 to block12``."""
    runs: list[list[str]] = []
    for name in names:
        if runs and _next_name(runs[-1][-1]) == name:
            runs[-1].append(name)
        else:
            runs.append([name])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)


def _next_name(name: str) -> str | None:
    """The name that counts on from ``name``; None where that has no number at its end."""
    found = re.fullmatch(r"(.*?)(\d+)", name)
    return f"{found[1]}{int(found[2]) + 1}" if found else None
