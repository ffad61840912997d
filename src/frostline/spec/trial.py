"""One training run, described completely and named by its content."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from frostline.errors import UnknownName
from frostline.spec.augmentation import Augmentation
from frostline.spec.base import Value, key_of
from frostline.spec.dataset import Dataset
from frostline.spec.network import Mlp, NetworkSpec, PlainCnn
from frostline.spec.published import Statistics, package_of, reference_kind
from frostline.spec.recipe import Recipe
from frostline.spec.surgery import Fate, Surgery, misfit
from frostline.spec.synthesis import Forging, Synthesis
from frostline.spec.task_recipes import for_task, head_faults, recipe_faults

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


class RandomStart(Value):
    """Untrained weights as a start, drawn as the architecture draws its own, from a stream of ``seed`` of their own.

    It tells what frozen layers give that have learned from no data.
    """

    seed: int

    @property
    def key(self) -> str:
        """The name of these weights for whatever network and planes they are drawn."""
        return f"random {self.seed}"


class Matched(Value):
    """Fresh weights as a start: of each tensor of ``start`` nothing is left but the statistics of its numbers.

    Each parameter is drawn, from a stream of ``seed``, by the normal law with the mean and the deviation that it has
    in ``start``; running means and variances of norms are those of ``start`` in another order.
    """

    start: Trial | WeightsFile
    seed: int

    @property
    def key(self) -> str:
        """The name of these weights: that of the start and the seed."""
        start = self.start.weights if isinstance(self.start, WeightsFile) else self.start.key
        return f"matched {start} {self.seed}"


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
    synthesis: Forging | None = None
    head: Head = "new"
    start: Trial | WeightsFile | RandomStart | Matched | None = None
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
        if self.predecessor is not None:
            _refuse_unlike(self, self.predecessor)
        if isinstance(self.start, RandomStart) and (self.head != "new" or Fate.TUNED in self.surgery.fates):
            raise ValueError("what is tuned or kept of an untrained start is as good as new; write r, and head: new")
        if self.head == "hidden-kept" and self.network.hidden is None:
            raise ValueError("head: hidden-kept needs a network with a hidden dense layer")
        if self.recipe.steps is None or self.recipe.validate_every == "pass":
            raise ValueError("a trial's budget and validations are in steps; resolve the recipe first")
        own_head = self.network.output != "linear" or (
            self.network.hidden is not None and not isinstance(self.network, PlainCnn | Mlp)
        )
        if own_head and self.head != "new" and self.published is not None:
            raise ValueError(f"head: {self.head} needs a network whose head is that of the weights; use head: new")
        faults = [*recipe_faults(self.recipe, self.dataset.task), *head_faults(self.network, self.dataset)]
        if faults:
            raise ValueError("; ".join(f"{key}: {why}" for key, why in faults))
        return self

    @model_validator(mode="after")
    def _is_shown_items_that_can_be_made(self) -> Trial:
        if self.synthesis is not None and self.augmentation.views is not None:
            raise ValueError("synthesis: synthetic items have no views; remove augmentation.views, or synthesis")
        if self.synthesis is not None and self.synthesis.recipe.steps is None:
            raise ValueError("synthesis: a trial's generator has its budget in steps; resolve its recipe first")
        return self

    @property
    def made(self) -> Synthesis | None:
        """The synthetic items that are shown beside the real ones: those of its own training share and split."""
        if self.synthesis is None:
            return None
        return Synthesis(
            dataset=self.dataset,
            forging=self.synthesis,
            share=self.share,
            validation=self.validation,
            split_seed=self.seeds.split,
            share_seed=self.seeds.share,
        )

    @cached_property
    def key(self) -> str:
        """The name of this trial: a digest of what differs from the defaults, and of the key of its start."""
        content: dict[str, object] = self.model_dump(mode="json", exclude_defaults=True, exclude={"start"})
        if self.start is not None:
            content["start"] = _content(self.start)
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
    def predecessor(self) -> Trial | None:
        """The trial whose weights this one starts from, or whose statistics its start is drawn with."""
        start = self.start.start if isinstance(self.start, Matched) else self.start
        return start if isinstance(start, Trial) else None

    @property
    def published(self) -> WeightsFile | None:
        """The weights of others that this trial starts from, or whose statistics its start is drawn with."""
        start = self.start.start if isinstance(self.start, Matched) else self.start
        return start if isinstance(start, WeightsFile) else None

    @property
    def ancestors(self) -> tuple[Trial, ...]:
        """The trials this one starts from, nearest first."""
        before = self.predecessor
        return () if before is None else (before, *before.ancestors)


Start = Trial | WeightsFile | RandomStart | Matched
"""What a trial may start from."""


def _refuse_unlike(trial: Trial, before: Trial) -> None:
    """Nothing, where ``trial`` can start from ``before``.

    Raises:
        ValueError: they have other networks or planes, or a head is kept that has other outputs.
    """
    ours, theirs = trial.dataset.outputs, before.dataset.outputs
    if trial.head == "kept" and trial.dataset.task != before.dataset.task:
        told = f"head: kept needs a start that predicts the same: its dataset has {before.dataset.task}"
        raise ValueError(f"{told}, this one has {trial.dataset.task}; use head: new")
    if trial.head == "kept" and ours != theirs:
        raise ValueError(f"head: kept needs as many classes as the start has ({theirs}, not {ours}); use head: new")
    unlike = before.network != trial.network
    if unlike and (trial.head == "kept" or before.network != for_task(trial.network, before.dataset.task)):
        raise ValueError("the start has another network; a trial starts from weights of its own network")
    if before.dataset.plane_shape != trial.dataset.plane_shape:
        raise ValueError("the start saw planes of other channels or size; state the adaptation on one of the datasets")


def _content(start: Start) -> dict[str, object]:
    """What a key says of ``start``."""
    match start:
        case Trial():
            return {"trial": start.key}
        case RandomStart():
            return {"random": start.seed}
        case Matched():
            return {"matched": _content(start.start), "seed": start.seed}
        case _:
            return start.model_dump(mode="json", exclude_defaults=True)
