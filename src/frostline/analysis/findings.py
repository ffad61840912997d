"""What a study has found so far, and on what terms it may speak of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from frostline.analysis.answers import Book, right_answers, whole
from frostline.analysis.crossed import Mean, over_seeds, over_seeds_and_items
from frostline.analysis.estimates import FEWEST_RESAMPLED, Estimate, OneRun, bootstrap_mean
from frostline.analysis.metric import ACCURACY, Metric
from frostline.analysis.pairs import sign_flip_p
from frostline.outcome import Finished
from frostline.shelf import Shelf

FamilyOf = Literal["share", "study"]


@dataclass(frozen=True)
class Terms:
    """What is declared before any figure is read.

    ``level`` is that of every interval and of every family of comparisons, ``margin`` the deficit (of ``metric``, which
    arms are compared by) that a recommended arm may have at most, ``family`` whether the comparisons of one share or of
    all shares are one family. ``overlap`` is n_test / n_train where the seeds are resamples of the same items, and 0
    where they are not.
    """

    level: float = 0.95
    margin: float = 0.01
    family: FamilyOf = "share"
    overlap: float = 0.0
    metric: Metric = ACCURACY

    @property
    def alpha(self) -> float:
        """The chance of a false claim that a family accepts."""
        return 1 - self.level


@dataclass(frozen=True, eq=False)
class Findings:
    """The table of a study, the answers of its trials to single test items, and the terms on which it speaks.

    ``frame`` has the columns of ``analysis.table``. ``book`` is empty where no predictions are known, as of results
    that others published, and so is ``trained``: the trials that ran to their end by key, as they were trained and with
    all that their metrics hold. ``kept`` is where the predictions of trials lie, where that is known.

    Raises:
        ValueError: the table is of another metric than the terms.
    """

    frame: pd.DataFrame
    book: Book = field(default_factory=dict)
    terms: Terms = Terms()
    trained: Mapping[str, Finished] = field(default_factory=dict)
    kept: Shelf | None = None

    def __post_init__(self) -> None:
        named = set(self.frame["metric"].dropna()) if "metric" in self.frame else set()
        if wrong := named - {self.terms.metric.column}:
            raise ValueError(f"the table is of {', '.join(sorted(wrong))}, the terms are of {self.terms.metric.column}")

    def right(self, arm: str, share: float, seeds: Sequence[int]) -> np.ndarray | None:
        """What each test item contributes to the score of ``arm`` at ``share``, an array of seed by item.

        Of classes whether it was answered rightly.

        None where it is not known, or where the seeds were tested on different items.
        """
        return right_answers(self.book, self.keys(arm, share, seeds))

    def differences(self, one: str, other: str, share: float, seeds: Sequence[int]) -> np.ndarray | None:
        """What each seed and test item contributes to the score of ``one`` beyond that to the score of ``other``.

        Of classes 1 where only ``one`` is right, -1 where only ``other`` is, and else 0.

        None where it is not known, or where the seeds or the two arms were tested on different items.
        """
        both = right_answers(self.book, self.keys(one, share, seeds) + self.keys(other, share, seeds))
        return None if both is None else np.subtract(*whole(both).reshape(2, len(seeds), -1))

    def keys(self, arm: str, share: float, seeds: Sequence[int]) -> list[str]:
        """The key of the trial of each of ``seeds``."""
        here = self.frame.loc[(self.frame["arm"] == arm) & (self.frame["share"] == share), ["seed", "key"]]
        keys: Mapping[int, str] = dict(zip(here["seed"], here["key"], strict=True))
        return [str(keys[seed]) for seed in seeds]


def mean_of(values: np.ndarray, right: np.ndarray | None, overlap: float) -> Mean:
    """The mean of ``values``, one figure a seed; over seeds and items where ``right`` has a figure of each.

    A single item says nothing of others, so that the mean is then over seeds.

    Raises:
        ValueError: fewer than two seeds.
    """
    if right is None or right.shape[1] < 2:
        return over_seeds(values.tolist(), overlap)
    return over_seeds_and_items(right)


def score_interval(mean: Mean, terms: Terms) -> Estimate:
    """``mean``, of scores, with its interval on ``terms``, which ends where the metric does.

    On the scale of log-odds where the score is a chance of being right, and else symmetric.
    """
    if terms.metric.counted:
        return mean.accuracy_interval(terms.level)
    return mean.interval(terms.level).clipped(terms.metric.low, terms.metric.high)


def estimate_of(
    values: Sequence[float], right: np.ndarray | None, terms: Terms, generator: np.random.Generator
) -> Estimate | OneRun | None:
    """What the number of ``values``, one a run, allows one to say of their mean.

    Over runs and items where ``right`` has a figure of each, else over runs: by Student's t where they are few or
    resamples of the same items, and otherwise by the bootstrap, which draws from ``generator``.
    """
    if len(values) < 2:
        return OneRun(values[0]) if values else None
    if right is None and terms.overlap == 0 and len(values) >= FEWEST_RESAMPLED:
        return bootstrap_mean(values, terms.level, generator)
    return mean_of(np.array(values), right, terms.overlap).interval(terms.level)


def p_of(values: Sequence[float], mean: Mean) -> float:
    """The two-sided p-value of paired differences ``values``, one a pair, of which ``mean`` is the mean.

    That of the exact sign flip, which takes the pairs for independent and the test items for the only ones; where
    ``mean`` speaks of other items too, or of pairs that share items, it is never below the p-value of ``mean``. Of two
    arms that are equally good, but on different items, the sign flip alone at 0.05 told 10 to 35 % apart (10 seeds, 360
    to 3,000 items, simulated), and both together at most 6 %.
    """
    exact = sign_flip_p(values)
    return exact if mean.items is None and mean.overlap == 0 else max(exact, mean.p)
