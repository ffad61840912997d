"""What layers scored before training, beside the accuracies that the cuts above them reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from frostline.analysis.comparisons import competing, distinct_seeds, finished, runs
from frostline.analysis.findings import Findings
from frostline.analysis.table import CutPoint
from frostline.outcome import Failed
from frostline.randomness import stream
from frostline.scored import Scored
from frostline.scoring.cluster_files import COLUMNS as PUBLISHED
from frostline.scoring.cluster_files import FIGURES, read_cluster_file
from frostline.scoring.items import ScoringFault
from frostline.scoring.trust import Trust, trust
from frostline.spec.plan import Plan
from frostline.spec.scoring import Figure, score_cards

COLUMNS = {
    "arm": "str",
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
"""Columns of a table of scores, with their types: ``layer`` and ``other`` are what a figure is of, ``n`` its items.

``arm`` is the trained arm that is held against its start, empty of a start alone.
"""
LEVEL = 0.95
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
        {"arm": cell.arm, "share": cell.share, "seed": cell.seed, "key": found.key}
        | one.model_dump(exclude={"told"})
        | {"told": "; ".join(one.told)}
        for cell in plan.scored
        if isinstance(found := scores.get(cell.scoring.key), Scored)
        for one in found.scores
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def published_scores(paths: Sequence[Path]) -> pd.DataFrame:
    """The published files of cluster scores at ``paths`` as a table of scores, repeats as seeds, each under its name.

    Raises:
        DataFault: every fault of a file.
    """
    tables = []
    for path in paths:
        rows = read_cluster_file(path)
        keys = [f"{path.stem} {share:g} {seed}" for share, seed in zip(rows["share"], rows["seed"], strict=True)]
        known = rows[["share", "seed", "layer", "figure", "value"]]
        tables.append(known.assign(score=path.stem, arm="", key=keys, other="", level=LEVEL, told=""))
    return pd.concat(tables).reindex(columns=list(COLUMNS)).astype(COLUMNS)


def judging(frame: pd.DataFrame) -> dict[str, Figure]:
    """The figure that layers are judged by, for each score of single layers in ``frame``; ARI where others made it."""
    present, cards = list(dict.fromkeys(frame["score"])), score_cards()
    own = {name: card.figures[0] for name, card in cards.items() if name in present and card.of == "layer"}
    return own | {name: Figure("ari", -1.0, 1.0) for name in present if name not in cards}


def judged(frame: pd.DataFrame, score: str, share: float) -> pd.DataFrame:
    """The figure that layers are judged by, a row a seed and a column a layer, input first; nan where it is missing."""
    figure = judging(frame)[score].name
    here = frame[(frame["score"] == score) & (frame["figure"] == figure) & (frame["share"] == share)]
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
        _trusted(judged(frame, score, share), findings, (family, share, score), _arms(points, family, layers))
        for share in dict.fromkeys(frame["share"])
        for family in families
        for score in judging(frame)
    )


def published_rows(frame: pd.DataFrame, score: str) -> pd.DataFrame:
    """The figures of ``score`` as ``cluster_files`` writes them; none where it lacks one that the layout has.

    A layer that lacks a figure is left out.
    """
    here = frame[(frame["score"] == score) & frame["figure"].isin(FIGURES.values())].dropna(subset="value")
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
