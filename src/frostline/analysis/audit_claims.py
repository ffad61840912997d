"""Which differences between arms the figures carry, and what becomes of claims about them.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
N         test items                                                                  1
a         mean accuracy of the two arms                                               1
z         quantile of the normal law at 1 - alpha / 2                                 1
========  ==========================================================================  ============

Two arms tested on N items each, not the same ones, differ by chance alone by up to z * sqrt(2 a (1 - a) / N) in all but
a share alpha of cases. On the same items they differ on some only, and were all of these in favour of one arm, it takes
so many of them that 2 ** (1 - count) is not above alpha (sign test of McNemar 1947): less than count / N is not shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from frostline.analysis.audit_questions import Claim
from frostline.analysis.audit_words import at, interval, p_told, p_value, points, some, titles
from frostline.analysis.compared import Compared, highest_at, means_at, with_arm
from frostline.analysis.estimates import Estimate
from frostline.analysis.findings import Terms
from frostline.analysis.pairs import pairs_needed, smallest_p
from frostline.analysis.verdicts import Finding, Table, Verdict

MOST_ROWS = 15


def against_baseline(pairs: Sequence[Compared], baseline: str, terms: Terms, frame: pd.DataFrame) -> list[Finding]:
    """Which arms differ from ``baseline``, for each share; ``pairs`` are the corrected comparisons with it."""
    found = []
    for share in dict.fromkeys(pair.share for pair in pairs):
        here = [pair for pair in pairs if pair.share == share]
        subject = f"Which arms differ from {baseline}{at(share, frame)}?"
        text = f"{_survivors(here, terms)} Corrected by Holm's method for {here[0].family} comparisons."
        found.append(Finding(_verdict(here, terms), subject, text, _rows(here, frame)))
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
        if not here:
            continue
        equal = [pair.one for pair in here if pair.corrected > terms.alpha]
        count = f"Corrected for all {here[0].family} pairs, as the highest is picked by the same figures."
        subject = f"Is the highest mean, {titles(frame)[best]}, the best arm{at(share, frame)}?"
        told = f"Not told apart from {some(equal)}." if equal else f"Told apart from all {len(here)} others."
        verdict: Verdict = "cannot be shown" if equal else "holds"
        found.append(Finding(verdict, subject, f"{told} {count}", _rows(here, frame)))
    return found


def every_difference(pairs: Sequence[Compared], terms: Terms, frame: pd.DataFrame) -> list[Finding]:
    """Which of all pairs differ, for each share, where there is no arm to compare all others with."""
    found = []
    for share in dict.fromkeys(pair.share for pair in pairs):
        here = sorted((pair for pair in pairs if pair.share == share), key=lambda pair: pair.p)
        left = len(here) - MOST_ROWS
        more = f" The table has the {MOST_ROWS} smallest p-values of {len(here)}." if left > 0 else ""
        text = f"{_survivors(here, terms)} Corrected by Holm's method for {here[0].family} comparisons.{more}"
        rows = tuple((f"{pair.one} - {pair.other}", *_cells(pair)) for pair in here[:MOST_ROWS])
        subject = f"Which pairs of arms differ{at(share, frame)}?"
        found.append(Finding(_verdict(here, terms), subject, text, Table(("pair", *COLUMNS), rows)))
    return found


def checked(
    claim: Claim, pairs: Sequence[Compared], validation: Sequence[Compared], terms: Terms, frame: pd.DataFrame
) -> list[Finding]:
    """What becomes of ``claim`` at each share where both arms have common seeds; ``pairs`` are corrected."""
    arms = {claim.higher, claim.lower}
    found = []
    for pair in pairs:
        if {pair.one, pair.other} == arms:
            on = next((v for v in validation if {v.one, v.other} == arms and v.share == pair.share), None)
            turned = None if on is None else on.against(claim.lower)
            found.append(_judged(claim, pair.against(claim.lower), turned, terms, at(pair.share, frame)))
    subject = f"The claim {claim.text!r}"
    return found or [Finding("unknown", subject, "No seed has a figure of both arms.")]


def items_too_few(pairs: Sequence[Compared], items: int | None, terms: Terms, frame: pd.DataFrame) -> Finding:
    """Whether so many test items can carry the differences ``pairs``; None where their number is not known."""
    subject = "Are there enough test items for the gaps?"
    if items is None:
        return Finding("unknown", subject, "The number of test items is not known; give it with --test-size.")
    if not pairs:
        return Finding("unknown", subject, "There are no two arms to compare.")
    rows, verdicts = [], list[Verdict]()
    for pair in pairs:
        means = means_at(frame, pair.share)
        gap, mean = abs(pair.difference.value), (means[pair.one] + means[pair.other]) / 2
        paired, unpaired = resolution(items, mean, terms.alpha)
        verdicts.append(_enough(pair, gap, (paired, unpaired)))
        cells = (points(gap), f"{gap * items:.1f}", points(paired), points(unpaired), verdicts[-1])
        rows.append((f"{pair.one} - {pair.other}{at(pair.share, frame).replace(' of the data', '')}", *cells))
    order: tuple[Verdict, ...] = ("cannot be shown", "unknown", "holds")
    text = (
        f"Two runs on {items:,} items each, not the same ones, differ by chance by up to the last figure in "
        f"{terms.level * 100:g} % of cases. Two runs on the same items have to differ by the figure before it; between "
        "the two it depends on which items each got right, which accuracies do not tell. More seeds on the same items "
        "change none of this."
    )
    columns = ("gap", "points", "items", "same items", "other items", "verdict")
    return Finding(min(verdicts, key=order.index), subject, text, Table(columns, tuple(rows)))


def resolution(items: int, mean: float, alpha: float) -> tuple[float, float]:
    """The smallest difference of two accuracies around ``mean`` to be shown on the same ``items``, and on others."""
    z = float(stats.norm.isf(alpha / 2))
    return pairs_needed(alpha, 1) / items, z * float(np.sqrt(2 * mean * (1 - mean) / items))


def _enough(pair: Compared, gap: float, smallest: tuple[float, float]) -> Verdict:
    """By the interval over seeds and items where single answers are known, else by what the items can resolve."""
    found = pair.difference
    if isinstance(found, Estimate) and found.items is not None:
        return "holds" if found.low > 0 or found.high < 0 else "cannot be shown"
    if gap < min(smallest):
        return "cannot be shown"
    return "holds" if gap >= max(smallest) else "unknown"


COLUMNS = ("difference", "interval", "seeds", "p", "by Holm")


def _cells(pair: Compared) -> tuple[str, ...]:
    return points(pair.difference.value), interval(pair), str(pair.pairs), p_value(pair.p), p_value(pair.corrected)


def _rows(pairs: Sequence[Compared], frame: pd.DataFrame) -> Table:
    names = titles(frame)
    return Table(("arm", *COLUMNS), tuple((names[pair.one], *_cells(pair)) for pair in pairs))


def _survivors(pairs: Sequence[Compared], terms: Terms) -> str:
    up = [pair for pair in pairs if pair.corrected <= terms.alpha]
    told = [f"{p.one} {'above' if p.difference.value > 0 else 'below'} {p.other}" for p in up]
    alone = sum(pair.p <= terms.alpha for pair in pairs) - len(up)
    lost = f" {alone} more would, were it the only comparison." if alone else ""
    if not up:
        return f"No difference of {len(pairs)} survives.{lost}"
    return f"{len(up)} of {len(pairs)} differences survive: {some(told)}.{lost}"


def _verdict(pairs: Sequence[Compared], terms: Terms) -> Verdict:
    return "holds" if any(pair.corrected <= terms.alpha for pair in pairs) else "cannot be shown"


def _judged(claim: Claim, pair: Compared, on_validation: Compared | None, terms: Terms, where: str) -> Finding:
    verdict, why = _judgement(claim, pair, terms)
    text = (
        f"{why} Difference {points(pair.difference.value)} points, {terms.level * 100:g} % interval {interval(pair)}, "
        f"n = {pair.pairs} seeds, {p_told(pair.p)}, by Holm's method for {pair.family} comparisons "
        f"{p_told(pair.corrected)}."
    )
    if on_validation is not None and on_validation.difference.value * pair.difference.value < 0:
        turned = on_validation.difference.value
        text += f" Reversed on validation items: {points(turned)} points, {p_told(on_validation.p)}."
    return Finding(verdict, f"The claim {claim.text!r}{where}", text)


def _judgement(claim: Claim, pair: Compared, terms: Terms) -> tuple[Verdict, str]:
    least = smallest_p(pair.pairs)
    if pair.difference.value < 0:
        return "wrong", "The means lie the other way round."
    if claim.p is not None and claim.p < least:
        told = f"The claimed p-value lies below {p_value(least)}, the smallest that so many pairs can give"
        return "wrong", f"{told} unless a normal law is taken for granted."
    if pair.corrected <= terms.alpha:
        return "holds", "It survives the correction for all comparisons made."
    if pair.smallest > terms.alpha:
        return (
            "cannot be shown",
            f"So few seeds cannot show it: no corrected p-value is below {p_value(pair.smallest)}.",
        )
    return "cannot be shown", "It does not survive the correction for all comparisons made."
