"""A trial as it is handed to whoever works on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from frostline.spec.recipe import Recipe
from frostline.spec.study import Keep
from frostline.spec.trial import Trial
from frostline.way import Way


@dataclass(frozen=True)
class Job:
    """A trial, and where and how it is worked on: ``loader_workers`` moves nothing of its outcome."""

    trial: Trial
    folder: Path
    keep: Keep
    way: Way = field(default_factory=Way)
    loader_workers: int = 0

    @property
    def recipe(self) -> Recipe:
        """The recipe of the trial with the precision that the study has chosen where it leaves the choice."""
        recipe = self.trial.recipe
        return recipe.model_copy(update={"precision": self.way.precision}) if recipe.precision == "auto" else recipe
