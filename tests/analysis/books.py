"""Findings whose every answer is known, or drawn from a known law."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from frostline.analysis.answers import Answers
from frostline.analysis.findings import Findings, Terms
from frostline.analysis.table import frame_of

Cell = tuple[str, float]


def findings_of(cells: Mapping[Cell, np.ndarray], terms: Terms | None = None) -> Findings:
    """Findings in which each arm and share answered as ``cells`` says: an array of seed by item, true where right."""
    rows, book = [], dict[str, Answers]()
    for (arm, share), right in cells.items():
        ids = np.array([f"item {item:05d}" for item in range(right.shape[1])])
        for seed, answers in enumerate(right):
            key = f"{arm} {share:g} {seed}"
            book[key] = Answers(ids, np.asarray(answers, dtype=bool))
            rows.append(row(arm, seed, float(np.mean(answers)), share) | {"key": key})
    return Findings(frame_of(rows), book, terms or Terms())


def drawn(accuracies: Mapping[str, list[float]], share: float = 0.1) -> pd.DataFrame:
    """A table with those accuracies, a seed each."""
    return frame_of([row(arm, seed, v, share) for arm, values in accuracies.items() for seed, v in enumerate(values)])


def row(arm: str, seed: int, accuracy: float, share: float = 0.1) -> dict[str, object]:
    """One finished cell of a table."""
    return {"arm": arm, "names": arm, "share": share, "seed": seed, "status": "finished", "score": accuracy}


def answered(
    means: Mapping[str, float], size: tuple[int, int], draws: np.random.Generator, own: float = 0.02
) -> dict[Cell, np.ndarray]:
    """Answers of (seeds, items) ``size`` whose chance of being right has the true ``means`` over seeds and items.

    Items differ in difficulty, some more for one arm than for another, and seeds and single runs (by ``own``) as well.
    """
    seeds, items = size
    easy, luck = draws.uniform(-0.1, 0.1, (1, items)), draws.uniform(-0.03, 0.03, (seeds, 1))
    return {
        (arm, 0.1): draws.random((seeds, items))
        < mean + easy + luck + draws.uniform(-0.05, 0.05, (1, items)) + draws.uniform(-own, own, (seeds, 1))
        for arm, mean in means.items()
    }


def stopping(frame: pd.DataFrame, arms: Mapping[str, int]) -> pd.DataFrame:
    """``frame`` with those arms stopped by a race after so many seeds."""
    never = [seed >= arms.get(arm, len(frame)) for arm, seed in zip(frame["arm"], frame["seed"], strict=True)]
    return frame.assign(status=frame["status"].mask(never, "stopped"), score=frame["score"].mask(never))
