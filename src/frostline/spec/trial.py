"""One training run, described completely and named by its content."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

from frostline.catalog import dataset_card
from frostline.errors import UnknownName
from frostline.spec.base import Value, key_of
from frostline.spec.network import NetworkSpec
from frostline.spec.recipe import Recipe
from frostline.spec.surgery import Fate, Surgery

Head = Literal["new", "kept", "hidden-kept"]
Normalisation = Literal["unit", "standard"]


class Dataset(Value):
    """A dataset of the catalogue, the classes that are used (relabelled 0, 1, ... in ascending order) and its planes.

    ``channels`` turns one channel into several equal ones, or several into their mean. ``size`` pads planes with zeros
    to ``size`` rows and columns, or, with ``resize: interpolate``, scales them bilinearly.
    """

    name: str
    classes: tuple[int, ...] | None = None
    channels: PositiveInt | None = None
    size: PositiveInt | None = None
    resize: Literal["pad", "interpolate"] = "pad"

    @field_validator("name")
    @classmethod
    def _is_in_the_catalogue(cls, name: str) -> str:
        try:
            dataset_card(name)
        except UnknownName as unknown:
            raise ValueError(str(unknown)) from None
        return name

    @model_validator(mode="after")
    def _fits_its_card(self) -> Dataset:
        card = dataset_card(self.name)
        if self.classes is not None:
            known = range(len(card.class_names))
            wrong = [c for c in self.classes if c not in known]
            if wrong:
                raise ValueError(f"classes {wrong} are not in {self.name}, which has 0 to {len(known) - 1}")
            if len(set(self.classes)) < 2 or list(self.classes) != sorted(set(self.classes)):
                raise ValueError(f"classes must be two or more, each once, ascending (got {list(self.classes)})")
            if len(self.classes) == len(known):
                raise ValueError("classes names every class; leave it out, so that one treatment has one spelling")
        if self.channels == card.channels or self.size == card.size:
            raise ValueError(
                f"{self.name} already has {card.channels} channels and size {card.size}; leave out what says the same"
            )
        if self.channels is not None and card.channels > 1 and self.channels != 1:
            raise ValueError(f"{card.channels} channels of {self.name} can become 1, not {self.channels}")
        if self.size is None and self.resize != "pad":
            raise ValueError("resize has no effect without size; remove it or give size")
        if self.size is not None and self.resize == "pad" and self.size < card.size:
            raise ValueError(f"padding cannot shrink {card.size} to {self.size}; write resize: interpolate")
        return self

    @property
    def class_indices(self) -> tuple[int, ...]:
        """The classes that are used, in the dataset's own numbering."""
        return self.classes if self.classes is not None else tuple(range(len(dataset_card(self.name).class_names)))

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes that are used, in the order of their new labels."""
        return tuple(dataset_card(self.name).class_names[c] for c in self.class_indices)

    @property
    def train_counts(self) -> tuple[int, ...]:
        """How many items of each used class the training part holds."""
        return tuple(dataset_card(self.name).train_counts[c] for c in self.class_indices)

    @property
    def plane_shape(self) -> tuple[int, int]:
        """Channels and rows (= columns) of a plane as the network sees it."""
        card = dataset_card(self.name)
        return self.channels or card.channels, self.size or card.size


class Seeds(Value):
    """The seed of each thing that chance decides in a trial."""

    split: int = 0
    share: int = 0
    weights: int = 0
    batches: int = 0


class WeightsFile(Value):
    """Weights that lie in a file (``.safetensors``, or ``.pt``/``.bin``/``.pth`` without code), as a start.

    Every tensor of the file's layers is used and every layer finds its tensors; tensors of its head are left unused
    where ``head`` is ``new``.
    """

    weights: str
    origin: str = "published"


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
    normalise: Normalisation = "unit"
    head: Head = "new"
    start: Trial | WeightsFile | None = None
    seeds: Seeds = Seeds()

    @model_validator(mode="after")
    def _is_one_spelling_of_a_treatment(self) -> Trial:
        if len(self.surgery) != len(self.network.layer_names):
            layers = len(self.network.layer_names)
            raise ValueError(f"{self.surgery} has {len(self.surgery)} fates, the network has {layers} layers")
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
    def ancestors(self) -> tuple[Trial, ...]:
        """The trials this one starts from, nearest first."""
        return (self.start, *self.start.ancestors) if isinstance(self.start, Trial) else ()
