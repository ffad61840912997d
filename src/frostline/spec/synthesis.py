"""Synthetic training items: the generator that makes them, what it learns from, and how many of them there are."""

from __future__ import annotations

from functools import cached_property
from math import ceil
from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from frostline.spec.base import Value, key_of
from frostline.spec.dataset import Dataset
from frostline.spec.recipe import PrecisionChoice

Distortion = Literal["level", "shift", "cutout"]
"""What befalls real and synthetic planes alike before the critic sees them (Zhao et al. 2020)."""
ConditionKind = Literal["classes", "values"]
LOOKS = 20
"""So often a training is looked at where a recipe does not say how often."""
SYNTHETIC = "synthetic"
"""How the ids of synthetic items begin, ``synthetic/KEY/number``; no real item has such an id."""


class GeneratorSizes(Value):
    """How large generator and critic are.

    ``latent`` numbers and the condition decide a plane. ``width`` is how many channels the finest planes have; each
    halving of the planes doubles them, up to ``widest``. ``size`` (rows, columns) is what is generated, which is then
    scaled to the planes of the dataset; where it is absent, their own size.
    """

    latent: PositiveInt = 100
    width: PositiveInt = 32
    widest: PositiveInt = 256
    size: tuple[PositiveInt, PositiveInt] | None = None

    @model_validator(mode="after")
    def _widest_is_no_narrower(self) -> GeneratorSizes:
        if self.widest < self.width:
            raise ValueError(f"widest ({self.widest}) must be at least width ({self.width})")
        return self


class AdversarialRecipe(Value):
    """How generator and critic are trained against one another, one step each in turn.

    The budget is ``steps``; ``passes`` over the training items become steps. ``rates`` of Adam differ (two time-scale
    rule, Heusel et al. 2017). ``loss`` is the hinge loss (Lim and Ye 2017) or the logistic one (``bce``, Goodfellow et
    al. 2014). ``penalty`` times half the squared gradient of the critic at real planes is added every
    ``penalty_every``-th step, times so many (R1, Mescheder et al. 2018; lazily as Karras et al. 2020); 0 adds none.
    ``averaging`` is the part that the running mean of the generator's weights keeps in each step: that mean is what
    renders. ``distortions`` befall real and synthetic planes before the critic sees them, so that few items suffice.

    A look is taken every ``look_every`` steps (a 20th of the budget where absent), and after ``patience`` looks in a
    row at a critic that tells all apart, or at planes that hardly differ, the generator has failed. ``precision``:
    ``auto`` is bfloat16 on an accelerator and float32 elsewhere.
    """

    steps: PositiveInt | None = None
    passes: PositiveInt | None = None
    batch: int = Field(default=16, ge=2)
    generator_rate: PositiveFloat = 2e-4
    critic_rate: PositiveFloat = 4e-4
    loss: Literal["hinge", "bce"] = "hinge"
    penalty: NonNegativeFloat = 0.1
    penalty_every: PositiveInt = 16
    averaging: float = Field(default=0.999, ge=0, lt=1)
    distortions: tuple[Distortion, ...] = ("level", "shift", "cutout")
    look_every: PositiveInt | None = None
    patience: PositiveInt = 5
    precision: PrecisionChoice = "auto"

    @model_validator(mode="after")
    def _each_number_has_an_effect(self) -> AdversarialRecipe:
        said = []
        if (self.steps is None) == (self.passes is None):
            got = "neither" if self.steps is None else "both"
            said.append(f"give the budget once: either steps or passes (got {got})")
        if self.penalty == 0 and "penalty_every" in self.model_fields_set:
            said.append("penalty_every has no effect with penalty: 0; remove it")
        if len(set(self.distortions)) < len(self.distortions):
            said.append(f"distortions: each once (got {', '.join(self.distortions)})")
        if said:
            raise ValueError("; ".join(said))
        return self

    def resolved(self, training_items: int) -> AdversarialRecipe:
        """This recipe with its budget and its looks in steps, for ``training_items`` items."""
        steps = self.steps if self.steps is not None else (self.passes or 0) * ceil(training_items / self.batch)
        look_every = min(self.look_every or max(1, steps // LOOKS), steps)
        return self.model_copy(update={"steps": steps, "passes": None, "look_every": look_every})

    def idle(self, training_items: int) -> list[tuple[str, str]]:
        """The keys given here that the budget for ``training_items`` items leaves without effect, and why."""
        resolved, given, found = self.resolved(training_items), self.model_fields_set, []
        assert resolved.steps is not None and resolved.look_every is not None
        steps, looks = resolved.steps, ceil(resolved.steps / resolved.look_every)
        dead = "so that nobody would find a dead generator out"
        if self.look_every is not None and self.look_every > steps:
            found.append(("look_every", f"{self.look_every} is more than the {steps} steps of the generator"))
        if looks < self.patience and "patience" in given:
            found.append(("patience", f"{self.patience} looks in a row never come of {looks}, {dead}"))
        elif looks < self.patience and self.look_every is not None and self.look_every <= steps:
            found.append(
                ("look_every", f"{self.look_every} leaves {looks} looks where patience takes {self.patience}, {dead}")
            )
        if "penalty_every" in given and self.penalty_every > steps:
            found.append(("penalty_every", f"{self.penalty_every} is more than the {steps} steps of the generator"))
        return found


class Forging(Value):
    """How a training is given synthetic items beside its real ones: by which generator, how many, of what condition.

    ``number`` items, or ``ratio`` times as many as there are real ones. ``conditions`` of classes or values are drawn
    ``uniform`` (classes equally often, values between the lowest and the highest of the training items, or ``between``
    the two numbers given, on the annotation's own scale where it has one), ``resampled`` from those of the training
    items, or ``shuffled``: resampled, and then dealt anew to the finished planes, so that a condition says nothing of
    its plane any longer (a control; of k equally large classes, about one plane in k is dealt its own by chance). What
    lies ``outside`` the values that the generator has learned from is ``kept``, or ``clipped`` to them; both are told
    on the page. ``seed`` decides what the generator begins with, learns in which order, and renders.

    ``passes``, of the generator and of the training beside it, count real items alone: synthetic ones add no step, so
    that a training with ``number`` n beside r real items sees each item r / (r + n) times as often.
    """

    recipe: AdversarialRecipe
    sizes: GeneratorSizes = GeneratorSizes()
    number: PositiveInt | None = None
    ratio: PositiveFloat | None = None
    conditions: Literal["uniform", "resampled", "shuffled"] = "uniform"
    between: tuple[float, float] | None = None
    outside: Literal["kept", "clipped"] = "kept"
    seed: NonNegativeInt = 0

    @model_validator(mode="after")
    def _each_key_has_an_effect(self) -> Forging:
        said = []
        if (self.number is None) == (self.ratio is None):
            got = "neither" if self.number is None else "both"
            said.append(f"say once how many items there are: either number or ratio (got {got})")
        if self.between is not None and self.conditions != "uniform":
            said.append(f"between has no effect with conditions: {self.conditions}; remove it")
        if self.between is not None and self.between[0] >= self.between[1]:
            said.append(f"between must rise (got {self.between[0]:g} and {self.between[1]:g})")
        if self.between is None and "outside" in self.model_fields_set:
            said.append("outside has no effect without between: all conditions lie inside; remove it")
        if said:
            raise ValueError("; ".join(said))
        return self

    def count(self, real: int) -> int:
        """How many synthetic items stand beside ``real`` ones; of a ratio at least one."""
        return self.number if self.number is not None else max(1, int((self.ratio or 0) * real + 0.5))


class Synthesis(Value):
    """The synthetic items of one training share of one split, described completely and named by their content.

    Raises:
        ValueError: the budget is still in passes.
    """

    dataset: Dataset
    forging: Forging
    share: float = Field(default=1.0, gt=0, le=1)
    validation: float = Field(default=0.1, gt=0, lt=1)
    split_seed: int = 0
    share_seed: int = 0

    @model_validator(mode="after")
    def _is_in_steps(self) -> Synthesis:
        if self.forging.recipe.steps is None or self.forging.recipe.look_every is None:
            raise ValueError("a synthesis has its budget and its looks in steps; resolve its recipe first")
        return self

    @cached_property
    def key(self) -> str:
        """The name of these items: a digest of what differs from the defaults."""
        return key_of("synthesis", self.model_dump(mode="json", exclude_defaults=True))

    @cached_property
    def generator_key(self) -> str:
        """The name of the generator alone: syntheses that differ in what is asked of it share it."""
        asked = {"number", "ratio", "conditions", "between", "outside"}
        content = self.model_dump(mode="json", exclude_defaults=True, exclude={"forging": asked})
        return key_of("generator", content)

    def id_of(self, number: int) -> str:
        """The id of the item ``number``, which tells that it is synthetic."""
        return f"{SYNTHETIC}/{self.key}/{number}"


def is_synthetic(name: str) -> bool:
    """Whether ``name`` is the id of a synthetic item."""
    return name.startswith(f"{SYNTHETIC}/")
