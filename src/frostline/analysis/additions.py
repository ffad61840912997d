"""What an addition to the training of an arm changes, and whether its controls change as much.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
n         different pairs of runs: seeds finished in both arms                        1
m         comparisons with additions, of a share or of the study as it declares       1
p         chance of a difference at least as large, were there none                   1
========  ==========================================================================  ============

All comparisons of an arm with itself without the addition, and with its controls, are one family, and their p-values
are corrected together (Holm 1979).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from frostline.analysis.comparisons import Gain, cells, gain_over
from frostline.analysis.findings import Findings, Terms
from frostline.analysis.pairs import holm
from frostline.analysis.table import ADDITION


@dataclass(frozen=True)
class AdditionEffect:
    """What ``addition`` changes in the arm ``treatment``: ``gain`` is of the arm that has it.

    It is over the arm without any addition, or over the arm with ``control``, a control of the addition, where that is
    named.
    """

    treatment: str
    addition: str
    control: str
    gain: Gain


def addition_effects(findings: Findings) -> tuple[AdditionEffect, ...]:
    """The effect of every addition on every arm at each share, and beside it that over each of its controls.

    None where the study has no additions. p-values are corrected as the terms declare their family.
    """
    if ADDITION not in findings.frame:
        return ()
    return _corrected(list(_effects(findings)), findings.terms)


def _effects(findings: Findings) -> Iterator[AdditionEffect]:
    frame = findings.frame
    arms = frame.drop_duplicates("arm").set_index("arm")
    for arm, share in cells(frame):
        addition, controlled = (str(arms.loc[arm, column]) for column in (ADDITION, "control"))
        if not addition:
            continue
        treatment = arm.removesuffix(f" with {addition}")
        if not controlled:
            yield AdditionEffect(treatment, addition, "", gain_over(findings, (arm, share), treatment))
            continue
        treated = f"{treatment} with {controlled}"
        yield AdditionEffect(treatment, controlled, addition, gain_over(findings, (treated, share), arm))


def _corrected(found: Sequence[AdditionEffect], terms: Terms) -> tuple[AdditionEffect, ...]:
    """``found`` with the p-values of each family corrected; one that has none counts as a comparison all the same."""
    told: dict[int, AdditionEffect] = {}
    for share in {one.gain.share if terms.family == "share" else None for one in found}:
        family = [place for place, one in enumerate(found) if share in (None, one.gain.share)]
        chances = [found[place].gain.p for place in family]
        steps = holm([1.0 if p is None else p for p in chances])
        for place, step in zip(family, steps, strict=True):
            gain = found[place].gain
            corrected = replace(gain, family=len(family), corrected=None if gain.p is None else step)
            told[place] = replace(found[place], gain=corrected)
    return tuple(told[place] for place in range(len(found)))
