"""Whether a test part has items enough for the gaps between arms: of two single runs, and of means over seeds.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
N         test items, the same in every run                                           1
n         seeds that both arms have                                                   1
k         the fewest answers, all in favour of one arm, with 2 ** (1 - k) <= alpha    1
a         mean accuracy of the two arms                                               1
z         quantile of the normal law at 1 - alpha / 2                                 1
========  ==========================================================================  ============

Two runs on the same N items are told apart by the items that only one of them gets right. At best all of these favour
one arm, and it takes k of them (sign test of McNemar 1947): less than k / N is not shown. Two runs whose right answers
are unrelated differ by chance by up to z * sqrt(2 a (1 - a) / N) in all but a share alpha of cases.

A mean over n seeds is a mean of n * N answers. Whether it would come out again on these very items is a question to
the seeds. Whether it would on other items depends on how often the seeds agree about an item: at best each answer that
differs is on an item of its own, and less than k / (n N) is not shown; at worst all seeds answer alike, and n of them
show no more than one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil

import numpy as np
import pandas as pd
from scipy import stats

from frostline.analysis.audit_words import at, counted, interval, listed, points
from frostline.analysis.compared import Compared, means_at
from frostline.analysis.crossed import CONSTANT
from frostline.analysis.estimates import Estimate
from frostline.analysis.findings import Terms
from frostline.analysis.pairs import pairs_needed
from frostline.analysis.verdicts import Finding, Table, Verdict

ENOUGH = "Are there enough test items for the gaps?"
ONE_RUN = "Are there enough test items for such gaps between single runs?"
WORST: tuple[Verdict, ...] = ("cannot be shown", "unknown", "holds")


def items_enough(
    pairs: Sequence[Compared], items: Mapping[float, int], terms: Terms, frame: pd.DataFrame
) -> tuple[Finding, ...]:
    """Whether the test items carry the differences ``pairs``; ``items`` is their number at each share where known.

    By the interval over seeds and items where single answers are known; else, of accuracies, by what so many items can
    show at best and at worst, in two single runs and in the mean over the seeds.
    """
    if not pairs:
        return (Finding("unknown", ENOUGH, "There are no two arms to compare."),)
    answered = [pair for pair in pairs if _speaks_of_items(pair)]
    others = [pair for pair in pairs if pair not in answered]
    by_interval = [_by_interval(answered, terms, frame)] if answered else []
    if not terms.metric.counted:
        return (*by_interval, *([_no_counts(terms)] if others else []))
    known = [pair for pair in others if pair.share in items]
    several = [pair for pair in known if pair.pairs > 1]
    return (
        *by_interval,
        *([_unsized()] if len(known) < len(others) else []),
        *([_of_means(several, items, terms, frame)] if several else []),
        *([_of_single_runs(known, items, terms, frame)] if known else []),
    )


def resolution(items: int, seeds: int, mean: float, alpha: float) -> tuple[float, float]:
    """The smallest gap that ``seeds`` runs of both arms on ``items`` can show at best, and the one they show at worst.

    ``mean`` is the accuracy around which the gap lies.
    """
    fewest = pairs_needed(alpha, 1)
    unrelated = float(stats.norm.isf(alpha / 2) * np.sqrt(2 * mean * (1 - mean) / items))
    return fewest / (items * seeds), max(fewest / items, unrelated)


def _speaks_of_items(pair: Compared) -> bool:
    return isinstance(pair.difference, Estimate) and pair.difference.items is not None


def _no_counts(terms: Terms) -> Finding:
    text = "Without the answers to single items this is told of accuracies alone, which are counts of items"
    return Finding("unknown", ENOUGH, f"{text}; {terms.metric.words} is none.")


def _unsized() -> Finding:
    text = "The number of test items is not known, or is not the one that was given; give it with --test-size."
    return Finding("unknown", ENOUGH, text)


def _by_interval(pairs: Sequence[Compared], terms: Terms, frame: pd.DataFrame) -> Finding:
    """Where the answers to single items are known: by whether the interval over seeds and items leaves 0 out."""
    rows, verdicts = [], list[Verdict]()
    for pair in pairs:
        found = pair.difference
        clear = isinstance(found, Estimate) and (found.low > 0 or found.high < 0)
        verdicts.append("holds" if clear else "cannot be shown")
        items = found.items if isinstance(found, Estimate) else None
        rows.append(
            (_name(pair, frame), points(found.value), interval(pair), str(pair.pairs), f"{items:,}", verdicts[-1])
        )
    text = (
        "The interval of each gap speaks of other seeds and of other test items, as the answers to single items are "
        "known; seeds and items are enough where it leaves 0 out."
    )
    columns = ("gap", "points", f"{terms.level * 100:g} % interval (alone)", "seeds", "items", "verdict")
    return Finding(min(verdicts, key=WORST.index), ENOUGH, text, Table(columns, tuple(rows)))


def _of_means(pairs: Sequence[Compared], items: Mapping[float, int], terms: Terms, frame: pd.DataFrame) -> Finding:
    """Whether a mean over seeds could speak of other items, told without the answers to single ones."""
    rows, verdicts = [], list[Verdict]()
    for pair, gap, number, mean in _gaps(pairs, items, frame):
        least, certain = resolution(number, pair.pairs, mean, terms.alpha)
        verdicts.append(_verdict(gap, least, certain))
        cells = (points(gap), str(pair.pairs), f"{number:,}", points(least), points(certain))
        rows.append((_name(pair, frame), *cells, _needed(gap, mean, terms), verdicts[-1]))
    text = (
        "Would the mean gap come out on other test items too? (On these very items the seeds decide, by their "
        "p-values.) It cannot be shown below the figure 'at best', which is right were each answer that differs on an "
        "item of its own. It holds from the figure 'at worst' on, even were all seeds to answer each item alike, and "
        "the right answers of the two arms unrelated. Between the two it depends on which items each run got right, "
        "which accuracies do not tell; 'items needed' would be enough at worst."
    )
    columns = ("mean gap", "points", "seeds", "items", "at best", "at worst", "items needed", "verdict")
    return Finding(min(verdicts, key=WORST.index), ENOUGH, text, Table(columns, tuple(rows)))


def _of_single_runs(
    pairs: Sequence[Compared], items: Mapping[float, int], terms: Terms, frame: pd.DataFrame
) -> Finding:
    """Whether a gap of this size between one run of each arm would be more than chance."""
    rows, verdicts = [], list[Verdict]()
    for pair, gap, number, mean in _gaps(pairs, items, frame):
        least, certain = resolution(number, 1, mean, terms.alpha)
        verdicts.append(_verdict(gap, least, certain))
        cells = (points(gap), f"{gap * number:,.1f} of {number:,}", points(least), points(certain))
        rows.append((_name(pair, frame), *cells, verdicts[-1]))
    numbers = listed([f"{number:,}" for number in dict.fromkeys(items[pair.share] for pair in pairs)])
    text = (
        f"Were the gap that of one run of each arm on {numbers} items: it takes "
        f"{counted(pairs_needed(terms.alpha, 1), 'item')} that only one of them gets right, and none that only the "
        "other does, before chance is ruled out ('at best'), and more up to 'at worst', where the right answers of the "
        "two are unrelated. Nothing is said here of means over seeds."
    )
    columns = ("gap", "points", "items", "at best", "at worst", "verdict")
    return Finding(min(verdicts, key=WORST.index), ONE_RUN, text, Table(columns, tuple(rows)))


def _gaps(
    pairs: Sequence[Compared], items: Mapping[float, int], frame: pd.DataFrame
) -> Iterator[tuple[Compared, float, int, float]]:
    """Each pair with its gap, its number of items, and the accuracy around which the gap lies."""
    for pair in pairs:
        means = means_at(frame, pair.share)
        yield pair, abs(pair.difference.value), items[pair.share], (means[pair.one] + means[pair.other]) / 2


def _verdict(gap: float, least: float, certain: float) -> Verdict:
    if gap < least - CONSTANT:
        return "cannot be shown"
    return "holds" if gap >= certain - CONSTANT else "unknown"


def _needed(gap: float, mean: float, terms: Terms) -> str:
    """How many items show ``gap`` at worst, two digits of them."""
    if gap < CONSTANT:
        return "no number"
    fewest, spread = resolution(1, 1, mean, terms.alpha)[0], float(stats.norm.isf(terms.alpha / 2))
    number = max(fewest / gap, 2 * mean * (1 - mean) * (spread / gap) ** 2)
    unit = 10 ** max(len(str(int(number))) - 2, 0)
    return f"{ceil(number / unit) * unit:,}"


def _name(pair: Compared, frame: pd.DataFrame) -> str:
    return f"{pair.one} - {pair.other}{at(pair.share, frame).replace(' of the data', '')}"
