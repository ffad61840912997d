"""What becomes of the claims that are made about differences between arms.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
p         chance of such a mean difference, were there none: by all ways to give      1
          signs to the differences (exact), or by Student's t
========  ==========================================================================  ============
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from frostline.analysis.audit_figures import least_p
from frostline.analysis.audit_questions import Claim
from frostline.analysis.audit_words import at, interval, p_told, p_value, points
from frostline.analysis.compared import TEST, Compared, figures
from frostline.analysis.crossed import CONSTANT
from frostline.analysis.findings import Terms
from frostline.analysis.pairs import smallest_p
from frostline.analysis.verdicts import Finding, Verdict


def checked(
    claim: Claim, pairs: Sequence[Compared], validation: Sequence[Compared], terms: Terms, frame: pd.DataFrame
) -> list[Finding]:
    """What becomes of ``claim`` at each share where both arms have common seeds; ``pairs`` are corrected."""
    least, found = least_p(pairs, terms), []
    for pair in pairs:
        if {pair.one, pair.other} == claim.arms:
            ours = pair.against(claim.lower)
            on = next((v for v in validation if {v.one, v.other} == claim.arms and v.share == pair.share), None)
            verdict, why = _judgement(ours, least[pair], terms)
            if claim.p is not None:
                verdict, why = _with_p(claim, ours, _student_p(ours, frame), (verdict, why))
            turned = "" if on is None else _reversed(ours, on.against(claim.lower))
            text = f"{why} {_figures(ours, terms)}{turned}"
            found.append(Finding(verdict, f"The claim {claim.text!r}{at(pair.share, frame)}", text))
    subject = f"The claim {claim.text!r}"
    return found or [Finding("unknown", subject, "No seed has a figure of both arms.")]


def _figures(pair: Compared, terms: Terms) -> str:
    seeds = "1 seed" if pair.pairs == 1 else f"{pair.pairs} seeds"
    corrected = "the only comparison"
    if pair.family > 1:
        corrected = f"by Holm's method for {pair.family} comparisons {p_told(pair.corrected)}"
    return (
        f"Difference {points(pair.difference.value)} points, {terms.level * 100:g} % interval {interval(pair)}, "
        f"n = {seeds}, {p_told(pair.p)}, {corrected}."
    )


def _reversed(pair: Compared, on_validation: Compared) -> str:
    turned = on_validation.difference.value
    if turned * pair.difference.value >= 0:
        return ""
    return f" Reversed on validation items: {points(turned)} points, {p_told(on_validation.p)}."


def _judgement(pair: Compared, least: float, terms: Terms) -> tuple[Verdict, str]:
    """How the order that is claimed stands, whatever p-value is claimed with it."""
    if abs(pair.difference.value) < CONSTANT:
        return "cannot be shown", "The means are equal."
    if pair.difference.value < 0:
        return "wrong", "The means lie the other way round."
    if pair.corrected <= terms.alpha:
        told = "survives the correction for all comparisons made" if pair.family > 1 else "is shown"
        return "holds", f"It {told}."
    if least > terms.alpha:
        return "cannot be shown", f"So few seeds cannot show it: no corrected p-value is below {p_value(least)}."
    told = "does not survive the correction for all comparisons made" if pair.family > 1 else "is not shown"
    return "cannot be shown", f"It {told}."


def _with_p(claim: Claim, pair: Compared, student: float | None, order: tuple[Verdict, str]) -> tuple[Verdict, str]:
    """How the claimed p-value stands beside those found, and what it leaves of the judgement on the ``order``."""
    verdict, why = order
    least = smallest_p(pair.pairs)
    by_t = "Student's t: none, as all differences are equal" if student is None else f"Student's t: {p_value(student)}"
    told = f"Claimed p = {claim.p:g}, found {p_value(pair.p)} (exact sign flips; {by_t})."
    if verdict == "wrong":
        return verdict, f"{why} {told}"
    if claim.most < least:
        below = f"The claimed p-value lies below {p_value(least)}, the smallest that so many pairs can give"
        return "wrong", f"{below} unless a normal law is taken for granted. {told}"
    if claim.most < min(pair.p, 1.0 if student is None else student):
        return "cannot be shown", f"The claimed p-value is smaller than the figures give. {told} Without it: {why}"
    return verdict, f"{why} {told}"


def _student_p(pair: Compared, frame: pd.DataFrame) -> float | None:
    """The two-sided p-value of Student's t for the paired differences; None where they are one number."""
    ours, theirs = (figures(frame, arm, pair.share, TEST) for arm in (pair.one, pair.other))
    values = np.array([ours[seed] - theirs[seed] for seed in sorted(ours.keys() & theirs.keys())])
    if len(values) < 2 or np.ptp(values) < CONSTANT:
        return None
    return float(stats.ttest_1samp(values, 0.0).pvalue)
