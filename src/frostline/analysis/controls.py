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

import numpy as np
import pandas as pd

from frostline.analysis.comparisons import Gain, cells, competing, differences, distinct_seeds, finished, runs
from frostline.analysis.estimates import Estimate, OneRun
from frostline.analysis.findings import Findings, Terms, estimate_of, mean_of, p_of
from frostline.analysis.frost_line import percent, points
from frostline.analysis.metric import Metric
from frostline.analysis.pairs import attainable_words, effect_size, holm
from frostline.randomness import stream
from frostline.spec.axes import CONTROLS, Control, counterpart, from_scratch
from frostline.spec.surgery import Fate, Surgery

__all__ = ["Contrast", "TransferEffect", "competing", "transfer_effect", "transfer_sentences"]


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


def transfer_sentences(effects: Sequence[TransferEffect], terms: Terms) -> tuple[str, ...]:
    """What ``effects`` allow one to say, each in a sentence; last, about which arms nothing can be said, and why."""
    said = []
    for effect in effects:
        for contrast in effect.contrasts:
            if contrast.gain is not None:
                where = f"At {percent(effect.share)} of the target data"
                said.append(f"{where} {_claim(contrast, effect.arm, terms)}: {_evidence(contrast.gain, terms)}.")
    lacking: dict[str, None] = {}
    unsaid: dict[str, None] = {}
    for effect in effects:
        untrained = effect.by("random")
        if untrained is not None and untrained.gain is None:
            lacking[untrained.reference], unsaid[effect.arm] = None, None
    if lacking:
        said.append(
            f"Nothing is said about whether pretraining helps {', '.join(unsaid)}: no arm is {', '.join(lacking)} "
            "(controls: [random])."
        )
    return tuple(said)


def _pretrained(frame: pd.DataFrame) -> dict[str, Surgery]:
    """The arms of ``frame`` that are no control and keep weights which are not random."""
    own = competing(frame)
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
    for control in CONTROLS:
        fates, start = counterpart(surgery, control)
        arm, reference = own, str(fates) if start == "own" else f"{fates} from {start}"
        if control == "selffer":
            if surgery.after is not None or Fate.REMOVED in surgery.fates:
                continue
            arm, reference = reference, str(from_scratch(len(surgery)))
        both = {(arm, share), (reference, share)} <= present
        yield Contrast(control, arm, reference, _gain(findings, arm, reference, share) if both else None)


def _gain(findings: Findings, arm: str, reference: str, share: float) -> Gain:
    frame, terms = findings.frame, findings.terms
    ours, theirs = finished(frame, arm, share), finished(frame, reference, share)
    common = tuple(sorted(ours.keys() & theirs.keys()))
    pairs = distinct_seeds(common, runs(frame, arm, share), runs(frame, reference, share))
    values = differences(ours, theirs, pairs)
    right = findings.differences(arm, reference, share, pairs) if len(pairs) > 1 else None
    found = estimate_of(values, right, terms, stream(0, "control", arm, reference, repr(share)))
    here = frame[frame["arm"].isin([arm, reference]) & (frame["share"] == share)]
    gone = here[here["status"] == "stopped"]
    tested = len(pairs) > 1 and gone.empty
    never = {int(seed) for seed in gone["seed"]}
    return Gain(
        arm=arm,
        reference=reference,
        share=share,
        difference=found.clipped(-terms.metric.span, terms.metric.span) if isinstance(found, Estimate) else found,
        seeds=common,
        left_out=tuple(sorted({int(seed) for seed in here["seed"]} - never - set(common))),
        arm_stopped=arm in set(gone["arm"]),
        scratch_stopped=reference in set(gone["arm"]),
        p=p_of(values, mean_of(np.array(values), right, terms.overlap)) if tested else None,
        effect=effect_size(values),
    )


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


def _claim(contrast: Contrast, arm: str, terms: Terms) -> str:
    """What the contrast of ``arm`` shows; a difference only where it is beyond chance, at the level of the family."""
    gain = contrast.gain
    assert gain is not None
    shown = gain.corrected is not None and gain.corrected <= terms.alpha
    better = gain.difference is not None and gain.difference.value > 0
    words = {
        "random": (
            f"pretraining helps {arm}",
            f"pretraining harms {arm}",
            f"it is not shown that pretraining helps or harms {arm}",
        ),
        "matched": (
            f"what {arm} owes to its start is more than the mean and deviation of each tensor of weights",
            f"{arm} is worse than fresh weights with the mean and deviation of each tensor of its start",
            f"the mean and deviation of each tensor of weights alone may explain {arm}",
        ),
        "selffer": (
            f"a network trained on the target gains when it is parted as in {arm} and trained again",
            f"layers that learned together lose when they are parted as in {arm}, and training again does not heal it",
            f"it is not shown that parting layers which learned together costs anything in {arm}",
        ),
    }
    helps, harms, open_ = words[contrast.control]
    return open_ if not shown else helps if better else harms


def _farther(difference: float, metric: Metric) -> str:
    """``1.2 points more accurate than``; of a metric that is no count, which one it is."""
    if not difference:
        return "as accurate as" if metric.counted else f"of the same {metric.words} as"
    if metric.counted:
        return f"{points(difference)} {'more' if difference > 0 else 'less'} accurate than"
    return f"{points(difference)} of {metric.words} {'better' if difference > 0 else 'worse'} than"


def _evidence(gain: Gain, terms: Terms) -> str:
    """The difference with its interval and its p-value, or why there is none."""
    both = f"{gain.arm} and {gain.reference}"
    if gain.difference is None:
        return f"no seed has finished in both {both}"
    said = f"{gain.arm} is {_farther(gain.difference.value, terms.metric)} {gain.reference}"
    if isinstance(gain.difference, OneRun):
        return f"{said} in the only pair of runs, which has no interval"
    low, high = (f"{bound * 100:+.1f}" for bound in (gain.difference.low, gain.difference.high))
    said += f" ({terms.level * 100:g} % interval of the difference {low} to {high}, n = {gain.pairs} pairs of runs)"
    if gain.corrected is None:
        return f"{said}; a race ended these pairs because of what they showed, so that they prove nothing"
    if gain.smallest > terms.alpha:
        return f"{said}; {attainable_words(gain.pairs, gain.family, terms.alpha)}"
    chance = f"the chance of such a difference if there were none is p = {gain.corrected:.3g}"
    among = f"corrected for {gain.family} comparisons" if gain.family > 1 else "the only comparison"
    return f"{said}; {chance}, {among} with controls"
