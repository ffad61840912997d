"""What control arms show, in sentences where they are few, and else in a table with what is shown before it."""

from __future__ import annotations

from collections.abc import Sequence

from frostline.analysis.comparisons import Gain
from frostline.analysis.controls import Contrast, TransferEffect
from frostline.analysis.estimates import OneRun
from frostline.analysis.findings import Terms
from frostline.analysis.frost_line import percent, points
from frostline.analysis.metric import Metric
from frostline.analysis.pairs import attainable_words
from frostline.analysis.verdicts import Table

NOTHING_KNOWN = "nothing: no seed has finished in both"
FEW = 6
"""So many comparisons with controls are told a sentence each; of more, only those that show a difference."""


def transfer_sentences(effects: Sequence[TransferEffect], terms: Terms) -> tuple[str, ...]:
    """What ``effects`` allow one to say, each in a sentence; last, about which arms nothing can be said, and why.

    Of more than ``FEW`` comparisons it is said how many there are, and those that show a difference are told.
    """
    made = _made(effects)
    told = made if len(made) <= FEW else [one for one in made if is_shown(one[1].gain, terms)]
    said = [
        f"At {percent(effect.share)} of the target data {_claim(contrast, effect.arm, terms)}: "
        f"{evidence_words(contrast.gain, terms, 'with controls')}."
        for effect, contrast in told
        if contrast.gain is not None
    ]
    if len(made) > FEW:
        shown = f"{len(told)} of them" if told else "none"
        said.insert(
            0,
            f"Of {len(made)} comparisons with controls {shown} {'show' if len(told) > 1 else 'shows'} a "
            "difference; all stand in the table.",
        )
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


def transfer_table(effects: Sequence[TransferEffect], terms: Terms) -> Table | None:
    """Every comparison with a control, a row each; None where a few sentences tell them all."""
    made = _made(effects)
    if len(made) <= FEW:
        return None
    columns = ("share", "arm", "compared with", "points", f"{terms.level * 100:g} % interval", "pairs", "corrected p")
    rows = [
        (
            percent(effect.share),
            contrast.arm,
            contrast.reference,
            *figures_of(contrast.gain),
            NOTHING_KNOWN if contrast.gain.difference is None else _claim(contrast, effect.arm, terms),
        )
        for effect, contrast in made
        if contrast.gain is not None
    ]
    return Table((*columns, "what it says"), tuple(rows))


def _made(effects: Sequence[TransferEffect]) -> list[tuple[TransferEffect, Contrast]]:
    """Every contrast that has its two arms."""
    return [(effect, contrast) for effect in effects for contrast in effect.contrasts if contrast.gain is not None]


def figures_of(gain: Gain) -> tuple[str, str, str, str]:
    """The difference in points, its interval, the number of pairs and the corrected p-value; a dash for what is not."""
    found, p = gain.difference, "\N{EM DASH}" if gain.corrected is None else f"{gain.corrected:.2g}"
    if found is None:
        return "\N{EM DASH}", "no seed in both", "0", p
    alone = isinstance(found, OneRun)
    between = (
        "one pair: no interval" if isinstance(found, OneRun) else f"[{found.low * 100:+.1f}, {found.high * 100:+.1f}]"
    )
    return f"{found.value * 100:+.1f}", between, "1" if alone else str(gain.pairs), p


def _claim(contrast: Contrast, arm: str, terms: Terms) -> str:
    """What the contrast of ``arm`` shows; a difference only where it is beyond chance, at the level of the family."""
    gain = contrast.gain
    assert gain is not None
    shown = is_shown(gain, terms)
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


def is_shown(gain: Gain | None, terms: Terms) -> bool:
    """Whether the difference is beyond chance at the level of its family."""
    return gain is not None and gain.corrected is not None and gain.corrected <= terms.alpha


def evidence_words(gain: Gain, terms: Terms, family: str) -> str:
    """The difference with its interval and its p-value, or why there is none.

    ``family`` says of what the comparisons are that are corrected together, as in "with controls".
    """
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
    return f"{said}; {chance}, {among} {family}"
