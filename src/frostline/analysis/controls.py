"""What the control arms allow one to say: does pretraining help, would its statistics do, does parting layers cost.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
n         different pairs of runs: seeds finished in both arms                        1
m         comparisons with controls, of a share or of the study as it declares        1
p         chance of a difference at least as large, were there none                   1
========  ==========================================================================  ============

All comparisons with controls are one family, and their p-values are corrected together (Holm 1979): three for each arm
that keeps weights, where all controls are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from frostline.analysis.comparisons import Gain, cells, competing, gain_over, without_additions
from frostline.analysis.findings import Findings, Terms
from frostline.analysis.pairs import holm
from frostline.spec.axes import CONTROLS, Control, counterpart, from_scratch
from frostline.spec.surgery import Fate, Surgery

__all__ = ["Contrast", "TransferEffect", "competing", "transfer_effect"]


@dataclass(frozen=True)
class Contrast:
    """What a ``control`` shows: ``arm`` against ``reference``; ``gain`` is None where the study lacks one of the two.

    ``random``: the arm against the same fates of untrained weights. ``matched``: the arm against fresh weights of the
    same statistics. ``selffer``: the same fates of a network trained on the target, against training it from scratch.
    """

    control: Control
    arm: str
    reference: str
    gain: Gain | None


@dataclass(frozen=True)
class TransferEffect:
    """What is known of the pretraining of ``arm`` at ``share``, a contrast a control; selffer where it means anything.

    It means nothing where layers are removed or trainings follow one another: more than the parting would differ.
    """

    arm: str
    share: float
    contrasts: tuple[Contrast, ...]

    def by(self, control: Control) -> Contrast | None:
        """The contrast that ``control`` makes."""
        return next((contrast for contrast in self.contrasts if contrast.control == control), None)


def transfer_effect(findings: Findings) -> tuple[TransferEffect, ...]:
    """The effect of pretraining on each arm of the study that keeps pretrained weights, at each share.

    p-values are corrected over all contrasts that have their arms, at a share or in the study as the terms declare.
    """
    present = set(cells(findings.frame))
    effects = [
        TransferEffect(arm, share, tuple(_contrasts(findings, (arm, surgery), share, present)))
        for arm, surgery in _pretrained(findings.frame).items()
        for share in dict.fromkeys(share for cell, share in cells(findings.frame) if cell == arm)
    ]
    return _corrected(effects, findings.terms)


def _pretrained(frame: pd.DataFrame) -> dict[str, Surgery]:
    """The arms of ``frame`` that are no control and keep weights which are not random."""
    own = without_additions(competing(frame))
    found: dict[str, Surgery] = {}
    for arm, rows in own.groupby("arm", sort=False):
        try:
            surgery = Surgery.parse(str(rows["treatment"].iloc[0]))
        except ValueError:
            # Published results have an arm that is no surgery.
            continue
        if surgery.needs_start and "random" not in set(rows["start"].dropna()):
            found[str(arm)] = surgery
    return found


def _contrasts(
    findings: Findings, treated: tuple[str, Surgery], share: float, present: set[tuple[str, float]]
) -> Iterator[Contrast]:
    (own, surgery) = treated
    norms = own.removeprefix(str(surgery))
    for control in CONTROLS:
        fates, start = counterpart(surgery, control)
        arm, reference = own, str(fates) if start == "own" else f"{fates}{norms} from {start}"
        if control == "selffer":
            if surgery.after is not None or Fate.REMOVED in surgery.fates:
                continue
            arm, reference = reference, str(from_scratch(len(surgery)))
        both = {(arm, share), (reference, share)} <= present
        yield Contrast(control, arm, reference, gain_over(findings, (arm, share), reference) if both else None)


def _corrected(effects: Sequence[TransferEffect], terms: Terms) -> tuple[TransferEffect, ...]:
    """``effects`` with the p-values of each family corrected; one that has none counts as a comparison all the same."""
    found = {
        (effect.arm, effect.share, contrast.control): contrast.gain
        for effect in effects
        for contrast in effect.contrasts
        if contrast.gain is not None
    }
    told: dict[tuple[str, float, Control], Gain] = {}
    for share in {effect.share if terms.family == "share" else None for effect in effects}:
        family = {place: gain for place, gain in found.items() if share in (None, place[1])}
        steps = holm([1.0 if gain.p is None else gain.p for gain in family.values()])
        for (place, gain), step in zip(family.items(), steps, strict=True):
            told[place] = replace(gain, family=len(family), corrected=None if gain.p is None else step)
    return tuple(
        replace(
            effect,
            contrasts=tuple(
                replace(contrast, gain=told.get((effect.arm, effect.share, contrast.control)))
                for contrast in effect.contrasts
            ),
        )
        for effect in effects
    )
