"""What the figures of a table carry, whoever measured them: arms that are one, what can be shown, what turns round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import pandas as pd

from frostline.analysis.audit_words import at, counted, p_value, points, share_cell, some, with_shares
from frostline.analysis.compared import (
    TEST,
    VALIDATION,
    Compared,
    corrected,
    figures,
    highest_at,
    shares_of,
)
from frostline.analysis.crossed import CONSTANT
from frostline.analysis.findings import Terms
from frostline.analysis.pairs import pairs_needed, smallest_p
from frostline.analysis.verdicts import Finding, Table

FINER = ("validation_loss", "nll", "mse")
"""Figures that two arms of equal scores differ in, where they are two arms; published results have none of them."""
FEWEST_EQUAL = 3
"""Fewer equal figures under two names may be chance."""


def counted_twice(frame: pd.DataFrame) -> Finding:
    """Whether two arms have equal figures in every seed and share that both have."""
    twice: list[str] = []
    unclear: list[str] = []
    compared = 0
    cells = {arm: _by_cell(frame, arm) for arm in map(str, frame["arm"].unique())}
    for one, other in combinations(cells, 2):
        common = cells[one].keys() & cells[other].keys()
        compared += bool(common)
        if not common or any(abs(cells[one][cell] - cells[other][cell]) > CONSTANT for cell in common):
            continue
        if any(_differ(frame, one, other, column) for column in FINER if column in frame):
            continue
        told = f"{one} and {other} ({counted(len(common), 'figure')})"
        varied = len({round(cells[one][cell], 9) for cell in common}) > 1
        (twice if varied and len(common) >= FEWEST_EQUAL else unclear).append(told)
    subject = "Is one arm counted twice?"
    if twice:
        return Finding("wrong", subject, f"Equal in every seed that both have: {some(twice)}. They are one arm twice.")
    if unclear:
        why = "which are too few or too alike to tell one arm twice from chance"
        return Finding("unknown", subject, f"Equal in every seed that both have: {some(unclear)}, {why}.")
    if not compared:
        return Finding(
            "unknown", subject, "No two arms have figures of a common seed, so that there is none to compare."
        )
    pairs = len(cells) * (len(cells) - 1) // 2
    lost = f" {pairs - compared} of {pairs} pairs have no seed in common." if compared < pairs else ""
    text = f"No two of {len(cells)} arms have equal figures in every seed that both have.{lost}"
    return Finding("holds", subject, text)


def _differ(frame: pd.DataFrame, one: str, other: str, column: str) -> bool:
    """Whether the two arms differ in ``column`` in some seed and share that both have."""
    ours, theirs = (
        frame[frame["arm"] == arm].dropna(subset=[column]).set_index(["share", "seed"])[column] for arm in (one, other)
    )
    common = ours.index.intersection(theirs.index)
    return bool(((ours[common] - theirs[common]).abs() > CONSTANT).any())


def least_p(pairs: Sequence[Compared], terms: Terms) -> dict[Compared, float]:
    """The smallest corrected p-value that each of ``pairs`` can reach, were all of its family as small as can be."""
    at_best = corrected([replace(pair, p=smallest_p(pair.pairs)) for pair in pairs], terms.family)
    found = {(pair.one, pair.other, pair.share): pair.corrected for pair in at_best}
    return {pair: found[pair.one, pair.other, pair.share] for pair in pairs}


def attainable(pairs: Sequence[Compared], terms: Terms, frame: pd.DataFrame) -> tuple[Finding, ...]:
    """Which of ``pairs``, corrected as families, can reach the level: a finding for those that can, one for others."""
    subject = "Can this design show a difference at all?"
    if not pairs:
        return (Finding("unknown", subject, "No two arms have figures of a common seed."),)
    least = least_p(pairs, terms)
    can, cannot = ([pair for pair in pairs if (least[pair] <= terms.alpha) is able] for able in (True, False))
    parted = {pair.share for pair in can} & {pair.share for pair in cannot}
    found = []
    if cannot:
        lead = f"Not {_listed(cannot, frame)}, whatever the figures are." if parted else ""
        text = (
            f"{lead or with_shares(_shares(cannot), frame) + 'Nothing can be significant, whatever the figures are.'} "
            "n seeds in pairs give no p-value (the chance of such a difference, were there none) below 2 ** (1 - n), "
            f"and the first of m comparisons has to reach {terms.alpha:.2g} / m."
        )
        found.append(Finding("cannot be shown", subject, text, _designs(cannot, least, terms, frame)))
    if can:
        lead = f"{_listed(can, frame)}: the" if parted else f"{with_shares(_shares(can), frame)}The"
        text = f"{lead} smallest p-value that can come out, corrected by Holm's method, is at most {terms.alpha:.2g}."
        found.append(Finding("holds", subject, text, _designs(can, least, terms, frame)))
    return tuple(found)


def _shares(pairs: Sequence[Compared]) -> list[float]:
    return list(dict.fromkeys(pair.share for pair in pairs))


def _listed(pairs: Sequence[Compared], frame: pd.DataFrame) -> str:
    return some([f"{pair.one} - {pair.other}{at(pair.share, frame)} ({counted(pair.pairs, 'seed')})" for pair in pairs])


def _designs(pairs: Sequence[Compared], least: Mapping[Compared, float], terms: Terms, frame: pd.DataFrame) -> Table:
    """A row for each share and number of seeds."""
    columns = ("share", "seeds", "comparisons", "smallest p", "by Holm", "seeds needed for one", "for all")
    rows = (
        (
            share_cell(pair.share, frame),
            str(pair.pairs),
            str(pair.family),
            p_value(smallest_p(pair.pairs)),
            p_value(least[pair]),
            str(pairs_needed(terms.alpha, 1)),
            str(pairs_needed(terms.alpha, pair.family)),
        )
        for pair in pairs
    )
    return Table(columns, tuple(dict.fromkeys(rows)))


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
    if all(ours.pairs == theirs.pairs == 1 for ours, theirs in both):
        return Finding("unknown", subject, "One seed of each arm does not tell what is clear on either side.")
    turned = [(ours, theirs) for ours, theirs in both if ours.difference.value * theirs.difference.value < 0]
    clear = [two for two in both if min(two[0].p, two[1].p) <= terms.alpha]
    lost = sorted((two for two in turned if two in clear), key=lambda two: two[0].p)
    best, chosen = (highest_at(frame, share, column) for column in (TEST, VALIDATION))
    highest = f" The highest mean is {best} on test items and {chosen} on validation items." if best != chosen else ""
    unclear = f"{_changed(len(turned) - len(lost), len(both))}, clear on neither side.{highest}"
    if lost:
        text = (
            f"{len(lost)} of {counted(len(both), 'difference')} {'is' if len(lost) == 1 else 'are'} reversed, clear on "
            f"one side at least (p at most {terms.alpha:.2g} alone). Besides, {unclear}"
        )
        columns = ("test order", "test", "p", "validation", "p")
        return Finding("cannot be shown", subject, text, Table(columns, tuple(_both_ways(*two) for two in lost)))
    if clear:
        text = f"No difference that is clear on either side is reversed on the other; {unclear}"
        return Finding("holds" if best == chosen else "cannot be shown", subject, text)
    text = f"No difference is clear on either side, so that none can be seen to be reversed; {unclear}"
    return Finding("unknown" if best == chosen else "cannot be shown", subject, text)


def _changed(count: int, of: int) -> str:
    return f"{count} of {counted(of, 'difference')} {'changes' if count == 1 else 'change'} sign"


def _both_ways(ours: Compared, theirs: Compared) -> tuple[str, ...]:
    """The row of a difference on test items, the larger arm first, and of the same on validation items."""
    upper, lower = (ours.one, ours.other) if ours.difference.value > 0 else (ours.other, ours.one)
    test, validation = points(abs(ours.difference.value)), points(-abs(theirs.difference.value))
    return f"{upper} > {lower}", test, p_value(ours.p), validation, p_value(theirs.p)


def missing_seeds(frame: pd.DataFrame) -> Finding:
    """Which arms lack the figure of a seed that they or another arm name at the same share."""
    lacking, compared = [], 0
    for share in shares_of(frame):
        here = frame[frame["share"] == share]
        seeds = {arm: figures(here, arm, share, TEST).keys() for arm in map(str, here["arm"].unique())}
        every = {int(seed) for seed in here["seed"]}
        compared += len(seeds) > 1
        for arm, have in seeds.items():
            if missing := sorted(every - have):
                lacking.append(f"{arm}{at(share, frame)}: seed {', '.join(map(str, missing))}")
    subject = "Are all seeds there?"
    if lacking:
        text = (
            f"Compared on common seeds only; what is missing need not be missing by chance. Missing: {some(lacking)}."
        )
        return Finding("unknown", subject, text)
    if not compared:
        return Finding("unknown", subject, "No share has two arms, so that there is nothing to hold a seed against.")
    return Finding("holds", subject, "Every arm has every seed that another arm has at the same share.")


def _by_cell(frame: pd.DataFrame, arm: str) -> dict[tuple[float, int], float]:
    return {
        (share, seed): figure for share in shares_of(frame) for seed, figure in figures(frame, arm, share, TEST).items()
    }
