"""What the figures of a table carry, whoever measured them: arms that are one, what can be shown, what turns round.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
F         variance between seeds over what is left, over all arms (two-way table)     1
r         mean correlation of two arms over seeds                                     1
========  ==========================================================================  ============
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from frostline.analysis.audit_words import at, p_value, points, share_cell, some, with_shares
from frostline.analysis.compared import (
    TEST,
    VALIDATION,
    Compared,
    arms_at,
    figures,
    highest_at,
    shares_of,
)
from frostline.analysis.crossed import CONSTANT
from frostline.analysis.findings import Terms
from frostline.analysis.pairs import pairs_needed, smallest_p
from frostline.analysis.verdicts import Finding, Table

FEWEST_EQUAL = 3
"""Fewer equal figures under two names may be chance."""


def counted_twice(frame: pd.DataFrame) -> Finding:
    """Whether two arms have equal figures in every seed and share that both have."""
    twice: list[str] = []
    unclear: list[str] = []
    cells = {arm: _by_cell(frame, arm) for arm in map(str, frame["arm"].unique())}
    for one, other in combinations(cells, 2):
        common = cells[one].keys() & cells[other].keys()
        if not common or any(abs(cells[one][cell] - cells[other][cell]) > CONSTANT for cell in common):
            continue
        told = f"{one} and {other} ({len(common)} figures)"
        varied = len({round(cells[one][cell], 9) for cell in common}) > 1
        (twice if varied and len(common) >= FEWEST_EQUAL else unclear).append(told)
    subject = "Is one arm counted twice?"
    if twice:
        return Finding("wrong", subject, f"Equal in every seed that both have: {some(twice)}. They are one arm twice.")
    if unclear:
        why = "which are too few or too alike to tell one arm twice from chance"
        return Finding("unknown", subject, f"Equal in every seed that both have: {some(unclear)}, {why}.")
    if sum(map(bool, cells.values())) < 2:
        return Finding("unknown", subject, "There are no two arms with figures.")
    return Finding("holds", subject, f"No two of {len(cells)} arms have equal figures in every seed that both have.")


def attainable(pairs: Sequence[Compared], terms: Terms, frame: pd.DataFrame) -> tuple[Finding, ...]:
    """What p-values the families of ``pairs`` can reach: one finding for the shares where they can, one where not."""
    most: dict[float, Compared] = {}
    for pair in pairs:
        if pair.share not in most or pair.pairs > most[pair.share].pairs:
            most[pair.share] = pair
    subject = "Can this design show a difference at all?"
    can = [pair for pair in most.values() if pair.smallest <= terms.alpha]
    cannot = [pair for pair in most.values() if pair.smallest > terms.alpha]
    found = []
    if cannot:
        text = (
            f"{with_shares([pair.share for pair in cannot], frame)}Nothing can be significant, whatever the figures "
            "are. n seeds in pairs give no p-value (the chance of such a difference, were there none) below "
            f"2 ** (1 - n), and the first of m comparisons has to reach {terms.alpha:.2g} / m."
        )
        found.append(Finding("cannot be shown", subject, text, _designs(cannot, terms, frame)))
    if can:
        where = with_shares([pair.share for pair in can], frame)
        text = (
            f"{where}The smallest p-value that can come out, corrected by Holm's method, is at most {terms.alpha:.2g}."
        )
        found.append(Finding("holds", subject, text, _designs(can, terms, frame)))
    return tuple(found)


def _designs(pairs: Sequence[Compared], terms: Terms, frame: pd.DataFrame) -> Table:
    columns = ("share", "seeds", "comparisons", "smallest p", "by Holm", "seeds needed for one", "for all")
    rows = tuple(
        (
            share_cell(pair.share, frame),
            str(pair.pairs),
            str(pair.family),
            p_value(smallest_p(pair.pairs)),
            p_value(pair.smallest),
            str(pairs_needed(terms.alpha, 1)),
            str(pairs_needed(terms.alpha, pair.family)),
        )
        for pair in pairs
    )
    return Table(columns, rows)


def reversals(
    test: Sequence[Compared], validation: Sequence[Compared], terms: Terms, frame: pd.DataFrame
) -> tuple[Finding, ...]:
    """Which differences point one way on test items and the other on validation items; one finding a share."""
    known = {(pair.one, pair.other, pair.share): pair for pair in validation}
    both = [(pair, known[key]) for pair in test if (key := (pair.one, pair.other, pair.share)) in known]
    shares = dict.fromkeys(pair.share for pair, _ in both)
    return tuple(_reversed(frame, share, [two for two in both if two[0].share == share], terms) for share in shares)


def _reversed(frame: pd.DataFrame, share: float, both: Sequence[tuple[Compared, Compared]], terms: Terms) -> Finding:
    subject = f"Do validation and test agree{at(share, frame)}?"
    turned = [(ours, theirs) for ours, theirs in both if ours.difference.value * theirs.difference.value < 0]
    clear = [two for two in turned if min(two[0].p, two[1].p) <= terms.alpha]
    best, chosen = (highest_at(frame, share, column) for column in (TEST, VALIDATION))
    highest = f" The highest mean is {best} on test items and {chosen} on validation items." if best != chosen else ""
    unclear = f"{len(turned) - len(clear)} more of {len(both)} differences change sign, clear on neither side."
    if not clear:
        kept = f"No difference that is clear on either side is reversed on the other; {unclear}"
        return Finding("holds" if best == chosen else "cannot be shown", subject, kept + highest)
    rows = tuple(
        (
            f"{upper} > {lower}",
            points(abs(ours.difference.value)),
            p_value(ours.p),
            points(-abs(theirs.difference.value)),
            p_value(theirs.p),
        )
        for ours, theirs in sorted(clear, key=lambda two: two[0].p)
        for upper, lower in [(ours.one, ours.other) if ours.difference.value > 0 else (ours.other, ours.one)]
    )
    text = (
        f"{len(clear)} of {len(both)} differences are reversed, clear on one side at least (p at most "
        f"{terms.alpha:.2g} alone). {unclear}{highest}"
    )
    return Finding("cannot be shown", subject, text, Table(("test order", "test", "p", "validation", "p"), rows))


def pairing(frame: pd.DataFrame, terms: Terms) -> Finding:
    """Whether what a seed does to one arm it does to the others: only then do pairs of seeds belong together."""
    rows, seen = [], []
    for share in shares_of(frame):
        table = _seed_by_arm(frame, share)
        if table is None:
            continue
        r, p = _agreement(table)
        seen.append(p <= terms.alpha and r > 0)
        rows.append((share_cell(share, frame), str(table.shape[0]), str(table.shape[1]), f"{r:+.2f}", p_value(p)))
    subject = "Are pairs really paired?"
    if not rows:
        why = "It takes three seeds in common and two arms that vary to see whether arms follow their seeds."
        return Finding("unknown", subject, why)
    meaning = "r is the mean correlation of two arms over seeds, p the chance of it were seeds of no effect (F test)."
    found = Table(("share", "seeds", "arms", "r", "p"), tuple(rows))
    if all(seen):
        return Finding("holds", subject, f"Arms go up and down with their seeds, as pairs do. {meaning}", found)
    where = "At some shares nothing" if any(seen) else "Nothing"
    doubt = f"{where} in the figures shows that runs of one seed have more in common than runs of two."
    return Finding("unknown", subject, f"{doubt} {meaning}", found)


def missing_seeds(frame: pd.DataFrame) -> Finding:
    """Which arms lack a seed that another arm has at the same share."""
    lacking = []
    for share in shares_of(frame):
        seeds = {arm: figures(frame, arm, share, TEST).keys() for arm in arms_at(frame, share)}
        every = set[int]().union(*seeds.values())
        for arm, have in seeds.items():
            if missing := sorted(every - have):
                lacking.append(f"{arm}{at(share, frame)}: seed {', '.join(map(str, missing))}")
    subject = "Are all seeds there?"
    if lacking:
        text = (
            f"Compared on common seeds only; what is missing need not be missing by chance. Missing: {some(lacking)}."
        )
        return Finding("unknown", subject, text)
    return Finding("holds", subject, "Every arm has every seed that another arm has at the same share.")


def _by_cell(frame: pd.DataFrame, arm: str) -> dict[tuple[float, int], float]:
    return {
        (share, seed): figure for share in shares_of(frame) for seed, figure in figures(frame, arm, share, TEST).items()
    }


def _seed_by_arm(frame: pd.DataFrame, share: float) -> np.ndarray | None:
    """An array of seed by arm over the seeds that all arms have, without arms that never vary or that stand twice."""
    found = {arm: figures(frame, arm, share, TEST) for arm in arms_at(frame, share)}
    common = sorted(set.intersection(*(set(values) for values in found.values()))) if found else []
    columns = dict.fromkeys(tuple(values[seed] for seed in common) for values in found.values())
    varying = [column for column in columns if column and np.ptp(column) > CONSTANT]
    return np.array(varying).T if len(common) >= 3 and len(varying) >= 2 else None


def _agreement(table: np.ndarray) -> tuple[float, float]:
    """The mean correlation of two columns, and the p-value of the F test for an effect of the rows."""
    seeds, arms = table.shape
    r = np.corrcoef(table.T)[np.triu_indices(arms, 1)].mean()
    centred = table - table.mean(axis=0)
    of_seeds = arms * (centred.mean(axis=1) ** 2).sum() / (seeds - 1)
    rest = ((centred - centred.mean(axis=1, keepdims=True)) ** 2).sum() / ((seeds - 1) * (arms - 1))
    return float(r), float(stats.f.sf(of_seeds / rest, seeds - 1, (seeds - 1) * (arms - 1))) if rest > 0 else 0.0
