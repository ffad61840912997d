"""Test accuracies freed, exactly, from the training items that were tested with them.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
N         items that were evaluated, the training items among them                    1
n         training items of a run                                                     1
test      accuracy on the N items                                                     1
train     accuracy on the n items                                                     1
========  ==========================================================================  ============

Training items lie among those evaluated, so that their counts are nested: of the N - n items that were not trained on,
test * N - train * n were answered rightly. Nothing is estimated. It does ask that train was measured with the same
weights as test, which whole counts from 0 to N - n support and nothing in the figures can prove.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from frostline.analysis.implied_size import fits


@dataclass(frozen=True)
class Sizes:
    """How many items were evaluated, and how many a run was trained on at each share."""

    evaluated: int
    train: Mapping[float, int]


def impossible(frame: pd.DataFrame, sizes: Sizes, digits: Mapping[str, int]) -> list[str]:
    """Why ``sizes`` cannot be those of the runs in ``frame``, one reason a share; none where they can be.

    ``digits`` are those that each column prints.
    """
    found = ((float(str(share)), _reason(rows, float(str(share)), sizes, digits)) for share, rows in _by_share(frame))
    return [f"share {share:g}: {reason}" for share, reason in found if reason]


def _reason(rows: pd.DataFrame, share: float, sizes: Sizes, digits: Mapping[str, int]) -> str:
    every = sizes.evaluated
    if share not in sizes.train:
        return "no number of training items is given"
    items = sizes.train[share]
    if rows["train_score"].isna().any():
        return "a run has no training accuracy"
    if items >= every:
        return f"{items:,} training items cannot lie among {every:,} evaluated items and leave some of them unseen"
    for column, name, number in (("train_score", "training accuracies", items), ("score", "accuracies", every)):
        if number >= 10 ** digits[column]:
            return f"the {name} print {digits[column]} digits, too few to count {number:,} items"
        if not fits(rows[column].tolist(), digits[column], number):
            return f"the {name} are no counts of {number:,} items"
    if not _unseen(rows, sizes).between(0, 1).all():
        return f"fewer right answers among all {every:,} items than among the {items:,} trained on, or fewer wrong ones"
    return ""


def _by_share(frame: pd.DataFrame) -> Iterator[tuple[object, pd.DataFrame]]:
    return iter(frame[frame["status"] == "finished"].groupby("share"))


def without_overlap(frame: pd.DataFrame, sizes: Sizes) -> pd.DataFrame:
    """The finished runs of ``frame``, each with its accuracy on the items that it was not trained on."""
    by_share = ((rows, _unseen(rows, sizes)) for _, rows in _by_share(frame))
    return pd.concat([rows.assign(score=unseen, accuracy=unseen) for rows, unseen in by_share]).sort_index()


def _unseen(rows: pd.DataFrame, sizes: Sizes) -> pd.Series:
    """The accuracy of each run of one share on unseen items, from whole counts."""
    items = sizes.train[float(rows["share"].iloc[0])]
    right = (rows["score"] * sizes.evaluated).round() - (rows["train_score"] * items).round()
    return right / (sizes.evaluated - items)
