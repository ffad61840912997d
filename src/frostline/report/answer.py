"""The answer of a study in two sentences, and the terms on which it was given."""

from __future__ import annotations

from collections.abc import Sequence

from frostline.analysis.findings import Terms
from frostline.analysis.frost_line import Recommendation, percent


def answer_in_short(found: Sequence[Recommendation], terms: Terms) -> str:
    """Which arm at which share, or that it is undecided, in one sentence; how sure that is in another."""
    said = [*_choices(found), *_left(found)]
    if not said:
        return "Nothing can be said yet. No share has two arms with two common seeds to compare."
    first = "; ".join(said)
    return f"{first[0].upper()}{first[1:]}. {_sureness(found, terms)}"


def declared(terms: Terms) -> list[str]:
    """The level, the margin, the families of comparisons, and the correction for overlap, in plain words."""
    family = {
        "share": "at one share, so that each share stands for itself",
        "study": "of the whole study, all shares together",
    }[terms.family]
    said = [
        f"Level {terms.level * 100:g} %: each interval is meant to hold the true value in so many of such studies, and "
        f"each family of comparisons may make a single false claim in at most {terms.alpha * 100:.3g} % of them.",
        f"Margin {points(terms.margin)} of {terms.metric.words}: an arm is recommended only where it is shown to lie "
        "less than that below the best of the others.",
        f"Families: the gains {family}; the comparisons with the best at one share; the dips at one share; the trend "
        "over the shares. Each is corrected for the number of its own comparisons.",
    ]
    if terms.overlap:
        said.append(
            f"Overlap {terms.overlap:.3g}: the runs are resamples of the same items (the size of the test part over "
            "that of the whole training part), and every interval over runs is widened for it."
        )
    return said


def points(difference: float) -> str:
    """A difference of scores as points, which are hundredths."""
    number = f"{100 * difference:.3g}"
    return f"{number} point" if number == "1" else f"{number} points"


def listed(words: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _choices(found: Sequence[Recommendation]) -> list[str]:
    """``freeze as in f3r3 with 1 % and 10 % of the target data``, for each chosen arm."""
    shares: dict[str, list[str]] = {}
    for one in found:
        if one.chosen is not None:
            shares.setdefault(one.chosen, []).append(percent(one.share))
    return [f"with {listed(at)} of the target data {arm} is recommended" for arm, at in shares.items()]


def _left(found: Sequence[Recommendation]) -> list[str]:
    open_ = [percent(one.share) for one in found if one.chosen is None and _compared(one)]
    silent = [percent(one.share) for one in found if one.chosen is None and not _compared(one)]
    said = [f"with {listed(open_)} it is undecided which arm to take"] if open_ else []
    return said + ([f"with {listed(silent)} nothing can be said"] if silent and (open_ or _choices(found)) else [])


def _compared(found: Recommendation) -> bool:
    """Whether some arm was compared with the others, which takes two runs of each."""
    return any(candidate.standing is not None for candidate in found.candidates)


def _sureness(found: Sequence[Recommendation], terms: Terms) -> str:
    chosen = [one for one in found if one.chosen is not None]
    if chosen and not any(_compared(one) for one in chosen):
        return "A race ruled out every other arm on validation figures; how far it lies from them was not tested here."
    if chosen:
        return (
            f"A recommended arm is the cheapest that is shown, with {terms.level * 100:g} % confidence for all arms of "
            f"its share together, to lie less than {points(terms.margin)} of {terms.metric.words} below the "
            "best of the others."
        )
    return (
        f"No arm is shown, with {terms.level * 100:g} % confidence, to lie less than {points(terms.margin)} of "
        f"{terms.metric.words} below the best of the others: not to tell arms apart recommends none of them."
    )
