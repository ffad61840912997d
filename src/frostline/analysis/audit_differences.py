"""Which differences between arms the figures carry."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from frostline.analysis.audit_words import at, interval, p_value, points, some, titles
from frostline.analysis.compared import Compared, arms_at, highest_at, with_arm
from frostline.analysis.estimates import Estimate
from frostline.analysis.findings import Terms
from frostline.analysis.verdicts import Finding, Table, Verdict

MOST_ROWS = 15


def against_baseline(pairs: Sequence[Compared], baseline: str, terms: Terms, frame: pd.DataFrame) -> list[Finding]:
    """Whether any arm differs from ``baseline``, and which, for each share; ``pairs`` are corrected comparisons."""
    found = []
    for share in dict.fromkeys(pair.share for pair in pairs):
        here = [pair for pair in pairs if pair.share == share]
        subject = f"Is any arm shown to differ from {baseline}{at(share, frame)}?"
        text = f"{_survivors(here, terms)} {_family(here[0])}{_alone(here, terms)}"
        found.append(Finding(_verdict(here, terms), subject, text, _rows(here, terms, frame)))
    return found


def against_highest(pairs: Sequence[Compared], terms: Terms, frame: pd.DataFrame) -> list[Finding]:
    """Whether the highest mean of each share is told apart from the others; ``pairs`` are all, corrected as one family.

    The highest is picked by the same figures, so that its comparisons count as all that might have been made.
    """
    found = []
    for share in dict.fromkeys(pair.share for pair in pairs):
        every = [pair for pair in pairs if pair.share == share]
        best = str(highest_at(frame, share))
        here = [pair.against(best) for pair in with_arm(every, best)]
        absent = [arm for arm in arms_at(frame, share) if arm not in {best, *(pair.one for pair in here)}]
        verdict, told = _best(here, absent, terms)
        text = f"{told} {_picked(every[0].family)}{_alone(here, terms)}"
        subject = f"Is the highest mean, {titles(frame)[best]}, the best arm{at(share, frame)}?"
        found.append(Finding(verdict, subject, text, _rows(here, terms, frame)))
    return found


def every_difference(pairs: Sequence[Compared], terms: Terms, frame: pd.DataFrame) -> list[Finding]:
    """Whether any two arms differ, and which, for each share, where there is no arm to compare all others with."""
    found = []
    for share in dict.fromkeys(pair.share for pair in pairs):
        here = sorted((pair for pair in pairs if pair.share == share), key=lambda pair: pair.p)
        left = len(here) - MOST_ROWS
        more = f" The table has the {MOST_ROWS} smallest p-values of {len(here)}." if left > 0 else ""
        text = f"{_survivors(here, terms)} {_family(here[0])}{_alone(here, terms)}{more}"
        rows = tuple((f"{pair.one} - {pair.other}", *_cells(pair)) for pair in here[:MOST_ROWS])
        subject = f"Are any two arms shown to differ{at(share, frame)}?"
        found.append(Finding(_verdict(here, terms), subject, text, Table(("pair", *_columns(terms)), rows)))
    return found


def _best(here: Sequence[Compared], absent: Sequence[str], terms: Terms) -> tuple[Verdict, str]:
    """How the highest mean, the other of each pair, stands to the arms compared and to those that could not be."""
    equal = [pair.one for pair in here if pair.corrected > terms.alpha]
    above = [pair.one for pair in here if pair.corrected <= terms.alpha and pair.difference.value > 0]
    told = [f"Not told apart from {some(equal)}."] if equal else []
    told += [f"On common seeds it lies below {some(above)}."] if above else []
    lost = [f"Not compared with {some(absent)}, for want of a common seed."] if absent else []
    if told:
        return "cannot be shown", " ".join(told + lost)
    if absent:
        apart = [f"Told apart from {some([pair.one for pair in here])}."] if here else []
        return "unknown", " ".join(apart + lost)
    return "holds", "Told apart from the only other." if len(here) == 1 else f"Told apart from all {len(here)} others."


def _picked(family: int) -> str:
    if family == 1:
        return "It is the only pair, so that nothing is corrected."
    return f"Corrected for all {family} pairs, as the highest is picked by the same figures."


def _family(pair: Compared) -> str:
    if pair.family == 1:
        return "It is the only comparison, so that nothing is corrected."
    return f"Corrected by Holm's method for {pair.family} comparisons."


def _alone(pairs: Sequence[Compared], terms: Terms) -> str:
    """What the intervals are, and why one may disagree with its p-value where one of ``pairs`` does so."""
    if not pairs:
        return ""
    alone = " Intervals are of each difference alone, uncorrected"
    if not any(_disagree(pair, terms) for pair in pairs):
        return f"{alone}."
    return (
        f"{alone}, and take the differences over seeds for normal (Student's t); p counts all ways to give them signs "
        f"and takes no such law for granted, so that it may lie above {terms.alpha:.2g} where an interval leaves 0 "
        "out, or below it where it does not."
    )


def _disagree(pair: Compared, terms: Terms) -> bool:
    found = pair.difference
    return isinstance(found, Estimate) and (found.low > 0 or found.high < 0) != (pair.p <= terms.alpha)


def _columns(terms: Terms) -> tuple[str, ...]:
    return "difference", f"{terms.level * 100:g} % interval (alone)", "seeds", "p", "by Holm"


def _cells(pair: Compared) -> tuple[str, ...]:
    return points(pair.difference.value), interval(pair), str(pair.pairs), p_value(pair.p), p_value(pair.corrected)


def _rows(pairs: Sequence[Compared], terms: Terms, frame: pd.DataFrame) -> Table:
    names = titles(frame)
    return Table(("arm", *_columns(terms)), tuple((names[pair.one], *_cells(pair)) for pair in pairs))


def _survivors(pairs: Sequence[Compared], terms: Terms) -> str:
    up = [pair for pair in pairs if pair.corrected <= terms.alpha]
    told = [f"{p.one} {'above' if p.difference.value > 0 else 'below'} {p.other}" for p in up]
    alone = sum(pair.p <= terms.alpha for pair in pairs) - len(up)
    lost = f" {alone} more would, were it the only comparison." if alone else ""
    if len(pairs) == 1:
        return f"The one difference is shown: {told[0]}." if up else "The one difference is not shown."
    if not up:
        return f"None of {len(pairs)} differences survives.{lost}"
    return f"{len(up)} of {len(pairs)} differences {'survives' if len(up) == 1 else 'survive'}: {some(told)}.{lost}"


def _verdict(pairs: Sequence[Compared], terms: Terms) -> Verdict:
    return "holds" if any(pair.corrected <= terms.alpha for pair in pairs) else "cannot be shown"
