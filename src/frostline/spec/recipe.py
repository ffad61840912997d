"""How one network is trained: optimiser, rate, budget, batch and stopping rule."""

from __future__ import annotations

from math import ceil
from typing import Annotated, Literal

from pydantic import Discriminator, Field, NonNegativeFloat, PositiveFloat, PositiveInt, Tag, model_validator

from frostline.spec.base import Value


def _text_or_number(raw: object) -> str:
    return "text" if isinstance(raw, str) else "number"


StepsOrPass = Annotated[
    Annotated[Literal["pass"], Tag("text")] | Annotated[PositiveInt, Tag("number")], Discriminator(_text_or_number)
]


class Recipe(Value):
    """One way of training. The budget is optimiser ``steps``; ``passes`` over the training items become steps.

    ``batch`` is capped by the number of training items. Validation happens every ``validate_every`` steps (or after
    each ``pass``); after ``patience`` validations without improvement of ``stop_on`` training ends (never early where
    ``patience`` is absent). The best weights by ``stop_on`` are always restored. ``one-cycle`` warms up from a 25th of
    ``rate`` over three tenths of the steps, then anneals by a cosine (Smith and Topin 2018).
    """

    optimizer: Literal["sgd", "adam", "adamw"] = "adam"
    rate: PositiveFloat = 1e-3
    momentum: float = Field(default=0.0, ge=0, lt=1)
    weight_decay: NonNegativeFloat = 0.0
    schedule: Literal["constant", "cosine", "one-cycle"] = "constant"
    batch: PositiveInt = 64
    steps: PositiveInt | None = None
    passes: PositiveInt | None = None
    validate_every: StepsOrPass = "pass"
    patience: PositiveInt | None = None
    stop_on: Literal["loss", "accuracy"] = "loss"

    @model_validator(mode="after")
    def _each_number_has_an_effect(self) -> Recipe:
        if (self.steps is None) == (self.passes is None):
            got = "neither" if self.steps is None else "both"
            raise ValueError(f"give the budget once: either steps or passes (got {got})")
        if "momentum" in self.model_fields_set and self.optimizer != "sgd":
            raise ValueError(f"momentum has no effect with {self.optimizer}; remove it or use optimizer: sgd")
        return self

    def resolved(self, training_items: int) -> Recipe:
        """This recipe with its budget and validations in steps and its batch capped, for ``training_items`` items."""
        batch = min(self.batch, training_items)
        a_pass = ceil(training_items / batch)
        steps = self.steps if self.steps is not None else (self.passes or 0) * a_pass
        validate_every = a_pass if self.validate_every == "pass" else self.validate_every
        changes = {"batch": batch, "steps": steps, "passes": None, "validate_every": min(validate_every, steps)}
        return self.model_copy(update=changes)
