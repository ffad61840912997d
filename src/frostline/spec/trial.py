"""One training run, described completely and named by its content."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from frostline.errors import UnknownName
from frostline.spec.augmentation import Augmentation
from frostline.spec.base import Value, key_of
from frostline.spec.dataset import Dataset
from frostline.spec.network import NetworkSpec
from frostline.spec.published import Statistics, package_of, reference_kind
from frostline.spec.recipe import Recipe
from frostline.spec.surgery import Fate, Surgery, misfit

Head = Literal["new", "kept", "hidden-kept"]
Normalisation = Literal["unit", "standard"]
Origin = Literal["pretrained", "random"]


class Seeds(Value):
    """The seed of each thing that chance decides in a trial."""

    split: int = 0
    share: int = 0
    weights: int = 0
    batches: int = 0


class WeightsFile(Value):
    """Weights that others made, as a start: a repository on the hub, a package, a file or a folder.

    Every tensor of the layers is used and every layer finds its tensors; tensors of a head are left unused where
    ``head`` is ``new``. ``origin`` is what a report calls them.
    """

    weights: str
    origin: Origin = "pretrained"

    @field_validator("weights")
    @classmethod
    def _is_a_known_reference(cls, weights: str) -> str:
        try:
            if reference_kind(weights) == "package":
                package_of(weights)
        except UnknownName as unknown:
            raise ValueError(str(unknown)) from None
        return weights


class Trial(Value):
    """One training run. A pretraining is a trial without a start; a transfer starts from a trial or from weights.

    Raises:
        ValueError: the surgery does not fit the network, or the start, or the head.
    """

    dataset: Dataset
    network: NetworkSpec
    surgery: Surgery
    recipe: Recipe
    share: float = Field(default=1.0, gt=0, le=1)
    validation: float = Field(default=0.1, gt=0, lt=1)
    normalise: Annotated[Normalisation | Statistics, Field(union_mode="left_to_right")] = "unit"
    augmentation: Augmentation = Augmentation()
    head: Head = "new"
    start: Trial | WeightsFile | None = None
    seeds: Seeds = Seeds()

    @model_validator(mode="after")
    def _is_one_spelling_of_a_treatment(self) -> Trial:
        if self.surgery.after is not None:
            raise ValueError(f"{self.surgery} is two trials, the second of which starts from the first")
        if len(self.surgery) != len(self.network.layer_names):
            raise ValueError(misfit(self.surgery, self.network.layer_names))
        if self.surgery.needs_start != (self.start is not None):
            raise ValueError("a surgery that keeps weights needs a start, and one that keeps none has no start")
        if self.head != "new" and (self.start is None or Fate.REMOVED in self.surgery.fates):
            raise ValueError(f"head: {self.head} needs a start and a surgery that removes no layer")
        if self.head == "kept" and isinstance(self.start, Trial):
            ours, theirs = len(self.dataset.class_indices), len(self.start.dataset.class_indices)
            if ours != theirs:
                raise ValueError(
                    f"head: kept needs as many classes as the start has ({theirs}, not {ours}); use head: new"
                )
        if isinstance(self.start, Trial) and self.start.network != self.network:
            raise ValueError("the start has another network; a trial starts from weights of its own network")
        if isinstance(self.start, Trial) and self.start.dataset.plane_shape != self.dataset.plane_shape:
            raise ValueError(
                "the start saw planes of other channels or size; state the adaptation on one of the datasets"
            )
        if self.head == "hidden-kept" and self.network.hidden is None:
            raise ValueError("head: hidden-kept needs a network with a hidden dense layer")
        if self.recipe.steps is None or self.recipe.validate_every == "pass":
            raise ValueError("a trial's budget and validations are in steps; resolve the recipe first")
        return self

    @cached_property
    def key(self) -> str:
        """The name of this trial: a digest of what differs from the defaults, and of the key of its start."""
        content: dict[str, object] = self.model_dump(mode="json", exclude_defaults=True, exclude={"start"})
        if isinstance(self.start, Trial):
            content["start"] = {"trial": self.start.key}
        elif self.start is not None:
            content["start"] = self.start.model_dump(mode="json", exclude_defaults=True)
        return key_of("trial", content)

    @property
    def frozen_depth(self) -> int:
        """How many parts of the network, input first, are constant: the lowest frozen layers, and with all of them the
        readout.

        None is where norms are tuned.
        """
        if self.recipe.norms == "tuned":
            return 0
        fates = self.surgery.fates
        depth = next((index for index, fate in enumerate(fates) if fate is not Fate.FROZEN), len(fates))
        return depth + 1 if depth == len(fates) else depth

    @property
    def ancestors(self) -> tuple[Trial, ...]:
        """The trials this one starts from, nearest first."""
        return (self.start, *self.start.ancestors) if isinstance(self.start, Trial) else ()
