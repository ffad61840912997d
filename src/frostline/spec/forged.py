"""How many synthetic items stand beside how many real ones, told before anything runs."""

from __future__ import annotations

from dataclasses import dataclass

from frostline.spec.plan import Plan
from frostline.spec.portion import portion


@dataclass(frozen=True)
class Forged:
    """The training items of an addition (empty: of every arm) at a share; counts over seeds, fewest and most."""

    addition: str
    share: float
    real: tuple[int, int]
    synthetic: tuple[int, int]

    def __str__(self) -> str:
        """``400 synthetic items beside 160 real ones``."""
        return f"{_span(self.synthetic)} synthetic items beside {_span(self.real)} real ones"


def forged_of(plan: Plan) -> tuple[Forged, ...]:
    """The trainings of ``plan`` that have synthetic items, one for each addition and share, in its order."""
    counts: dict[tuple[str, float], set[tuple[int, int]]] = {}
    for entry in plan.entries:
        if (made := entry.trial.made) is not None:
            real = sum(portion(made.dataset.pools(made.split_seed), made.share, made.validation).train)
            counts.setdefault((entry.arm.addition, entry.share), set()).add((real, made.forging.count(real)))
    return tuple(
        Forged(addition, share, *((min(several), max(several)) for several in zip(*found, strict=True)))
        for (addition, share), found in counts.items()
    )


def _span(counts: tuple[int, int]) -> str:
    return f"{counts[0]:,}" if counts[0] == counts[1] else f"{counts[0]:,} to {counts[1]:,}"
