"""What additions to training did, and what they are worth, in sentences and tables."""

from __future__ import annotations

from collections.abc import Sequence

from frostline.analysis.additions import AdditionEffect
from frostline.analysis.control_words import FEW, evidence_words, figures_of, is_shown
from frostline.analysis.findings import Terms
from frostline.analysis.frost_line import percent
from frostline.analysis.verdicts import Table
from frostline.analysis.worth import Worth, WorthOf

WITH = "with additions"


def addition_sentences(effects: Sequence[AdditionEffect], terms: Terms) -> tuple[str, ...]:
    """What ``effects`` allow one to say; of more than a few comparisons how many there are, and those that show."""
    told = effects if len(effects) <= FEW else [one for one in effects if is_shown(one.gain, terms)]
    said = [
        f"At {percent(one.gain.share)} of the target data {_claim(one, terms)}: "
        f"{evidence_words(one.gain, terms, WITH)}."
        for one in told
    ]
    if len(effects) <= FEW:
        return tuple(said)
    shown = f"{len(told)} of them" if told else "none"
    counted = f"Of {len(effects)} comparisons {WITH} {shown} {'show' if len(told) > 1 else 'shows'} a difference"
    return (f"{counted}; all stand in the table.", *said)


def addition_table(effects: Sequence[AdditionEffect], terms: Terms) -> Table | None:
    """Every comparison with an addition, a row each; None where there is none."""
    if not effects:
        return None
    columns = ("share", "arm", "compared with", "points", f"{terms.level * 100:g} % interval", "pairs", "corrected p")
    rows = [
        (percent(one.gain.share), one.gain.arm, one.gain.reference, *figures_of(one.gain), _claim(one, terms))
        for one in effects
    ]
    return Table((*columns, "what it says"), tuple(rows))


def worth_sentence(found: WorthOf, terms: Terms) -> str:
    """How many real items an addition is worth, with its interval and n, or that it is worth none or cannot be told."""
    one, level = found.worth, f"{terms.level * 100:g} % interval"
    tried = f"up to {one.most:,.0f} more were tried"
    where = f"At {percent(found.share)} of the target data ({one.items:,.0f} real items to train on)"
    ends = f"{one.low:,.0f} to {one.high:,.0f}" if one.high is not None else f"{one.low:,.0f} and open above"
    proof = f"({level} {ends}, n = {one.seeds} seeds; {tried})"
    if one.harms:
        return f"{where} {found.addition} is worth no real items to {found.treatment}, and harms it {proof}."
    if one.more is None and one.low >= one.most:
        return f"{where} {found.addition} is worth more real items to {found.treatment} than were tried {proof}."
    if one.low <= 0 and one.high is None:
        return (
            f"{where} it cannot be told how many real items {found.addition} is worth to {found.treatment}: none, or "
            f"more than were tried {proof}."
        )
    if one.more == 0:
        return f"{where} {found.addition} is worth no real items to {found.treatment} {proof}."
    more = f"about {one.more:,.0f} real items" if one.more is not None else "more real items than were tried"
    unsure = ", but it may be worth none" if one.low <= 0 else ""
    return f"{where} {found.addition} is worth {more} to {found.treatment}{unsure} {proof}."


def worth_table(found: Sequence[WorthOf], terms: Terms) -> Table | None:
    """What each addition is worth in real items, a row each; None where nothing can be measured by more of them."""
    if not found:
        return None
    interval = f"{terms.level * 100:g} % interval"
    columns = ("share", "arm", "real items", "worth so many more", interval, "tried", "seeds")
    return Table(columns, tuple(_row(one) for one in found))


def untold(found: Sequence[WorthOf], effects: Sequence[AdditionEffect]) -> tuple[str, ...]:
    """A sentence where an addition has no yardstick: at a share above which the study has none, or with too few seeds.

    Nothing where every effect has one.
    """
    measured = {(one.treatment, one.addition, one.share) for one in found}
    lacking = [
        f"{one.gain.arm} at {percent(one.gain.share)}"
        for one in effects
        if not one.control and (one.treatment, one.addition, one.gain.share) not in measured
    ]
    if not lacking:
        return ()
    return (
        f"Nothing is said of how many real items {', '.join(lacking)} is worth: it takes a larger share of the arm "
        "without addition, and two seeds that have finished at each share from there on.",
    )


def _row(one: WorthOf) -> tuple[str, ...]:
    told: Worth = one.worth
    more = "more than were tried" if told.more is None else f"{told.more:,.0f}"
    ends = f"{told.low:,.0f} and above" if told.high is None else f"{told.low:,.0f} to {told.high:,.0f}"
    arm = f"{one.treatment} with {one.addition}"
    return percent(one.share), arm, f"{told.items:,.0f}", more, ends, f"{told.most:,.0f}", str(told.seeds)


def _claim(one: AdditionEffect, terms: Terms) -> str:
    """What a comparison shows; a difference only where it is beyond chance, at the level of the family."""
    gain, shown = one.gain, is_shown(one.gain, terms)
    better = gain.difference is not None and gain.difference.value > 0
    if not one.control:
        if not shown:
            return f"it is not shown that {one.addition} helps or harms {one.treatment}"
        return f"{one.addition} {'helps' if better else 'harms'} {one.treatment}"
    if not shown:
        return f"what its control {one.control} does may be all that {one.addition} does for {one.treatment}"
    than = "more" if better else "less"
    return f"{one.addition} does {than} for {one.treatment} than its control {one.control}"
