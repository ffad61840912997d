"""What a page says of layer scores in words: what was scored, what is missing, and why a figure is empty."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from frostline.analysis.frost_line import percent
from frostline.outcome import Failed
from frostline.report.drawing import counted
from frostline.scored import Scored
from frostline.spec.plan import Plan
from frostline.spec.scoring import score_cards
from frostline.spec.study import Study


def scored_what(study: Study, frame: pd.DataFrame) -> list[str]:
    """What was scored, on what: of the start before training, and of the arms after it."""
    asked = study.scores
    assert asked is not None
    counts = {share: int(frame.loc[frame["share"] == share, "n"].max()) for share in dict.fromkeys(frame["share"])}
    items = "; ".join(f"{percent(share)}: {n:,}" for share, n in counts.items())
    pooled = "averaged over places" if asked.features == "pooled" else "all numbers that a layer gives"
    where = "after" if asked.nonlinearity == "after" else "before"
    whose = f"on training items of the share alone{f' (at most so many items at {items})' if items else ''}"
    read = f"Features: {pooled}, {where} the last activation of a layer. Scores: "
    told = []
    if asked.of_starts:
        told.append(
            f"Each layer of the start was scored before any training, {whose}. {read}{_titles(asked.of_starts)}."
        )
    if asked.of_states:
        told.append(
            "Each layer of an arm that keeps weights, as it was trained, was held against that layer of the start, "
            f"{whose}. {read}{_titles(asked.of_states)}."
        )
    return told


def _titles(names: Iterable[str]) -> str:
    return ", ".join(f"{name} ({score_cards()[name].title}; {score_cards()[name].source})" for name in names)


def lacking(plan: Plan, scores: Mapping[str, Scored | Failed]) -> list[str]:
    """How many scorings failed or are missing, and why."""
    failed = [found for one in plan.scorings if isinstance(found := scores.get(one.key), Failed)]
    missing = sum(one.key not in scores for one in plan.scorings)
    said = []
    if failed:
        reasons = "; ".join(dict.fromkeys(one.error for one in failed))
        said.append(f"{counted(len(failed), 'scoring')} of {len(plan.scorings)} failed: {reasons}")
    if missing:
        said.append(f"{counted(missing, 'scoring')} of {len(plan.scorings)} missing: run the study to have them.")
    return said


def of_heads(frame: pd.DataFrame) -> list[str]:
    """The scores of the source head, which tell no layers apart, at each share."""
    heads = frame[frame["layer"] == "head"].drop_duplicates(["key", "score", "figure"])
    said = []
    for score, share in dict.fromkeys(zip(heads["score"], heads["share"], strict=True)):
        values = heads.loc[(heads["score"] == score) & (heads["share"] == share), "value"].dropna()
        if len(values):
            span = (
                f"from {values.min():.3f} to {values.max():.3f} over" if len(values) > 1 else f"{values.iloc[0]:.3f},"
            )
            said.append(f"{score} of the head of the start at {percent(share)}: {span} n = {len(values)} scorings.")
    return said


def left_empty(frame: pd.DataFrame) -> Iterable[str]:
    """Why some figures are missing, each reason once with its layers."""
    lost = frame[frame["value"].isna()]
    for (score, reason), rows in lost.groupby(["score", "told"], sort=False):
        layers = ", ".join(dict.fromkeys(rows["layer"]))
        yield f"{score} of {layers} cannot be had in {counted(rows['key'].nunique(), 'scoring')}: {reason}."
