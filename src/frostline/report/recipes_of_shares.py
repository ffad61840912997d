"""The recipe of each share in words, with how many items trained and validated by it."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from frostline.analysis.frost_line import percent
from frostline.report.recipes import recipe_in_words
from frostline.spec.plan import Plan
from frostline.spec.portion import portion
from frostline.spec.recipe import Recipe
from frostline.spec.study import Study


def recipes_of_shares(study: Study, plan: Plan, frame: pd.DataFrame) -> list[str]:
    """The recipe of each share, then that of the pretrainings, with the number of items that they train on.

    Where fewer items were there than are listed, both numbers are told.
    """
    said = []
    for share in study.shares:
        trials = [entry.trial for entry in plan.entries if entry.share == share]
        seeds = dict.fromkeys(trial.seeds.split for trial in trials)
        held = [portion(study.dataset.pools(seed), share, study.validation) for seed in seeds]
        train, validation = (
            _span([sum(part) for part in parts])
            for parts in ([one.train for one in held], [one.validation for one in held])
        )
        items = f"{train} items to train, {validation} to validate{_there(frame, share, (train, validation))}"
        recipes = _once(trial.recipe for trial in trials)
        said += [f"Recipe at {percent(share)} ({items}): {recipe_in_words(recipe)}." for recipe in recipes]
    starts = (entry.trial.predecessor for entry in plan.entries if entry.arm.start != "selffer")
    recipes = _once(start.recipe for start in starts if start is not None)
    return said + [f"Recipe of the pretraining: {recipe_in_words(recipe)}." for recipe in recipes]


def _there(frame: pd.DataFrame, share: float, planned: tuple[str, str]) -> str:
    """How many items did train and validate at ``share``, where that is not what was ``planned``."""
    rows = frame.loc[(frame["share"] == share) & (frame["status"] == "finished")]
    if rows.empty:
        return ""
    found = tuple(_span(rows[column].astype(int).tolist()) for column in ("n_train", "n_validation"))
    return "" if found == planned else f" as listed; {found[0]} and {found[1]} could be used"


def _span(counts: list[int]) -> str:
    """``counts`` as one number where they are equal, else from the smallest to the largest."""
    return str(counts[0]) if len(set(counts)) == 1 else f"{min(counts)} to {max(counts)}"


def _once(recipes: Iterable[Recipe]) -> list[Recipe]:
    return list(dict.fromkeys(recipes))
