"""What layers scored before training, beside the accuracies that the cuts above them reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from frostline.analysis.comparisons import competing, distinct_seeds, finished, runs
from frostline.analysis.findings import Findings
from frostline.analysis.table import CutPoint
from frostline.outcome import Failed, Scored
from frostline.randomness import stream
from frostline.scoring.cluster_files import COLUMNS as PUBLISHED
from frostline.scoring.cluster_files import FIGURES
from frostline.scoring.items import ScoringFault
from frostline.scoring.trust import Trust, trust
from frostline.spec.plan import Plan
from frostline.spec.scoring import ScoreCard, score_cards

COLUMNS = {
    "share": "float64",
    "seed": "Int64",
    "key": "str",
    "score": "str",
    "figure": "str",
    "layer": "str",
    "other": "str",
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "level": "float64",
    "n": "Int64",
    "told": "str",
}
"""Columns of a table of scores, with their types: ``layer`` and ``other`` are what a figure is of, ``n`` its items."""
TO_BEAT = ("neighbours", "probe")
"""The scores that need nothing but the features, and that every other one has to be better than."""


@dataclass(frozen=True)
class Trusted:
    """What trusting ``score`` would have come to in a family of cuts at a share, or ``why`` that cannot be told."""

    family: str
    share: float
    score: str
    found: Trust | None
    why: str = ""


def scores_table(plan: Plan, scores: Mapping[str, Scored | Failed]) -> pd.DataFrame:
    """One row for each figure of each layer in each cell of ``plan`` that has been scored; a missing value is nan."""
    rows = [
        {"share": cell.share, "seed": cell.seed, "key": found.key}
        | one.model_dump(exclude={"told"})
        | {"told": "; ".join(one.told)}
        for cell in plan.scored
        if isinstance(found := scores.get(cell.scoring.key), Scored)
        for one in found.scores
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def layer_cards(frame: pd.DataFrame) -> tuple[ScoreCard, ...]:
    """The cards of the scores of single layers that ``frame`` holds, in the order of the catalogue."""
    present = set(frame["score"])
    return tuple(card for name, card in score_cards().items() if name in present and card.of == "layer")


def judged(frame: pd.DataFrame, card: ScoreCard, share: float) -> pd.DataFrame:
    """The figure that layers are judged by, a row a seed and a column a layer, input first; nan where it is missing."""
    here = frame[(frame["score"] == card.name) & (frame["figure"] == card.figures[0].name) & (frame["share"] == share)]
    return here.pivot(index="seed", columns="layer", values="value")[list(dict.fromkeys(here["layer"]))]


def trusted(
    frame: pd.DataFrame, findings: Findings, points: Sequence[CutPoint], layers: Sequence[str]
) -> tuple[Trusted, ...]:
    """What trusting each score of ``frame`` would have come to, by share, family of cuts and score.

    A layer stands for the arm that keeps it and all ``layers`` below it. Seeds that lack a score or an accuracy of some
    layer are left out.
    """
    families = list(dict.fromkeys(point.family for point in points))
    return tuple(
        _trusted(judged(frame, card, share), findings, (family, share, card.name), _arms(points, family, layers))
        for share in dict.fromkeys(frame["share"])
        for family in families
        for card in layer_cards(frame)
    )


def published_rows(frame: pd.DataFrame, card: ScoreCard) -> pd.DataFrame:
    """The figures of ``card`` as ``cluster_files`` writes them; none where the published layout does not have them all.

    A layer that lacks a figure is left out.
    """
    here = frame[(frame["score"] == card.name) & frame["figure"].isin(FIGURES.values())].dropna(subset="value")
    whole = here.groupby(["share", "seed", "layer"])["figure"].transform("nunique") == len(FIGURES)
    rows = here[whole].assign(dataset="Finetune", split="Train")
    return rows[list(PUBLISHED)].astype(PUBLISHED)


def _arms(points: Sequence[CutPoint], family: str, layers: Sequence[str]) -> dict[str, str]:
    """The arm that keeps each layer and all below it, as far as ``family`` has it."""
    return {layers[point.cut - 1]: point.arm for point in points if point.family == family and point.cut > 0}


def _trusted(
    scores: pd.DataFrame, findings: Findings, where: tuple[str, float, str], arms: Mapping[str, str]
) -> Trusted:
    frame, share = competing(findings.frame), where[1]
    reached = {layer: finished(frame, arm, share) for layer, arm in arms.items()}
    known = scores[[layer for layer in arms if layer in scores]].dropna()
    seeds = [int(seed) for seed in known.index if all(seed in values for values in reached.values())]
    kept = distinct_seeds(seeds, *(runs(frame, arm, share) for arm in arms.values()))
    try:
        if not kept:
            raise ScoringFault("no seed has a score and an accuracy of every layer")
        accuracies = np.array([[reached[layer][seed] for layer in arms] for seed in kept])
        generator = stream(0, "trust", *map(str, where))
        rows = known.loc[list(kept), list(arms)].to_numpy()
        return Trusted(*where, trust(tuple(arms), rows, accuracies, findings.terms.level, generator))
    except ScoringFault as fault:
        return Trusted(*where, None, str(fault))
