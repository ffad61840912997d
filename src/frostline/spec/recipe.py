"""How one network is trained: optimiser, rate, budget, batch and stopping rule."""

from __future__ import annotations

from math import ceil
from typing import Annotated, Literal

from pydantic import (
    Discriminator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Tag,
    model_validator,
)

from frostline.spec.base import Value

LossName = Literal["usual", "focal", "mse", "mae", "ccc"]
Error = Literal["mse", "mae", "ccc"]
StopOn = Literal["loss", "accuracy", "score"]
Precision = Literal["float32", "bfloat16"]
PrecisionChoice = Literal["float32", "bfloat16", "auto"]
Norms = Literal["stored", "re-estimated", "tuned"]


def _text_or_number(raw: object) -> str:
    return "text" if isinstance(raw, str) else "number"


def _text_or_mapping(raw: object) -> str:
    return "text" if isinstance(raw, str) else "mapping"


class Mixture(Value):
    """A loss of values that is a sum: each of its errors times its weight."""

    mse: NonNegativeFloat = 0.0
    mae: NonNegativeFloat = 0.0
    ccc: NonNegativeFloat = 0.0

    @model_validator(mode="after")
    def _mixes_several(self) -> Mixture:
        if len(self.weights) < 2:
            raise ValueError("a mixture has two or more of mse, mae and ccc with weights above 0; name one by itself")
        return self

    @property
    def weights(self) -> dict[Error, float]:
        """The weight of each error that counts."""
        weights: dict[Error, float] = {"mse": self.mse, "mae": self.mae, "ccc": self.ccc}
        return {error: weight for error, weight in weights.items() if weight > 0}


LossChoice = Annotated[
    Annotated[LossName, Tag("text")] | Annotated[Mixture, Tag("mapping")], Discriminator(_text_or_mapping)
]
StepsOrPass = Annotated[
    Annotated[Literal["pass"], Tag("text")] | Annotated[PositiveInt, Tag("number")], Discriminator(_text_or_number)
]


class Recipe(Value):
    """One way of training. The budget is optimiser ``steps``; ``passes`` over the training items become steps.

    ``batch`` is capped by the number of training items. Validation happens every ``validate_every`` steps (or after
    each ``pass``); after ``patience`` validations without improvement of ``stop_on`` training ends (never early where
    ``patience`` is absent). The best weights by ``stop_on`` are always restored. ``one-cycle`` warms up from a 25th of
    ``rate`` over three tenths of the steps, then anneals by a cosine (Smith and Topin 2018).

    The head learns at ``rate``, the topmost layer and the readout at ``rate * layer_decay``, the layer below at
    ``rate * layer_decay ** 2`` and so on (Clark et al. 2020). The rate rises linearly over ``warmup_steps`` and
    reaches its full height with the last of them (Goyal et al. 2017); its schedule spans the steps that remain, and a
    budget that is shorter ends on the way up. ``clip`` bounds the norm of the whole gradient. ``label_smoothing``
    (Szegedy et al. 2016) is part of the training loss alone; validation and test losses are plain.

    ``loss`` is ``usual`` for cross-entropy of classes, binary cross-entropy of each tag and the squared error of
    values. ``focal`` (classes and tags) and ``weights: balanced`` (tags: those that have one weigh as much as those
    that have not) shape the training loss alone; ``focusing`` is the power of the focal loss (Lin et al. 2017).
    ``mse``, ``mae``, ``ccc`` (1 minus the concordance, Lin 1989, over the items of a batch) and mixtures of them, each
    with its weight, are for values, and are the validation loss too, over all its items. ``stop_on: score`` stops on
    what the task reports first: macro ROC-AUC of tags, mean concordance of values; that of classes is the accuracy.

    ``accumulate`` works through each batch in so many parts and takes one step with the gradient of the whole, so that
    less memory gives the same result, but for batch norm in tuned and reset layers, which sees the parts.
    ``bfloat16`` computes outputs in training and evaluation by automatic mixed precision over weights in float32;
    ``auto`` is bfloat16 where a training step is measured to be clearly faster so, once a study, and float32 elsewhere.

    ``norms`` decides about the normalisation in frozen layers: ``stored`` keeps it as it is, ``re-estimated`` measures
    the statistics of batch norms anew on the training items, once, before training, and ``tuned`` trains the scales
    and offsets over stored statistics.
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
    stop_on: StopOn = "loss"
    layer_decay: float = Field(default=1.0, gt=0, le=1)
    warmup_steps: NonNegativeInt = 0
    clip: PositiveFloat | None = None
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    accumulate: PositiveInt = 1
    precision: PrecisionChoice = "float32"
    norms: Norms = "stored"
    loss: LossChoice = "usual"
    focusing: PositiveFloat = 2.0
    weights: Literal["balanced"] | None = None

    @model_validator(mode="after")
    def _each_number_has_an_effect(self) -> Recipe:
        if (self.steps is None) == (self.passes is None):
            got = "neither" if self.steps is None else "both"
            raise ValueError(f"give the budget once: either steps or passes (got {got})")
        if "momentum" in self.model_fields_set and self.optimizer != "sgd":
            raise ValueError(f"momentum has no effect with {self.optimizer}; remove it or use optimizer: sgd")
        if "warmup_steps" in self.model_fields_set and self.schedule == "one-cycle":
            raise ValueError("warmup_steps has no effect with one-cycle, which warms up by itself; remove it")
        if "focusing" in self.model_fields_set and self.loss != "focal":
            raise ValueError("focusing has no effect without loss: focal; remove it")
        if "ccc" in self.errors and (self.batch == 1 or self.accumulate > 1):
            said = f"batch: {self.batch}" if self.batch == 1 else f"accumulate: {self.accumulate}"
            raise ValueError(f"{said} does not go with ccc, which compares the items of a whole batch; change one")
        if self.accumulate > self.batch:
            said = f"accumulate: a batch of {self.batch} has no {self.accumulate} parts"
            raise ValueError(f"{said}; use at most {self.batch}")
        return self

    @property
    def errors(self) -> dict[Error, float]:
        """The errors that make up the loss of values, each with its weight."""
        match self.loss:
            case Mixture():
                return self.loss.weights
            case "mae" | "ccc":
                return {self.loss: 1.0}
            case _:
                return {"mse": 1.0}

    @property
    def computed_in(self) -> Precision:
        """The precision to compute in.

        Raises:
            ValueError: it is still ``auto``, which the way of the study decides.
        """
        if self.precision == "auto":
            raise ValueError("the precision is auto; put the measured one in its place")
        return self.precision

    def resolved(self, training_items: int) -> Recipe:
        """This recipe with its budget and validations in steps and its batch capped, for ``training_items`` items."""
        batch = min(self.batch, training_items)
        a_pass = ceil(training_items / batch)
        steps = self.steps if self.steps is not None else (self.passes or 0) * a_pass
        validate_every = a_pass if self.validate_every == "pass" else self.validate_every
        changes = {
            "batch": batch,
            "steps": steps,
            "passes": None,
            "validate_every": min(validate_every, steps),
            "accumulate": min(self.accumulate, batch),
        }
        return self.model_copy(update=changes)
