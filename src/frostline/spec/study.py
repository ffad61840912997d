"""A study: a question and its axes, and the same study narrowed to a part of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from frostline.errors import Fault, StudyFaults
from frostline.spec.additions import Addition
from frostline.spec.agreement import disagreements
from frostline.spec.augmentation import Augmentation
from frostline.spec.axes import (
    CONTROLS,
    Control,
    ControlsChoice,
    Family,
    FamilyOrSurgery,
    NormaliseChoice,
    Pretraining,
    RecipeOrName,
    SeedsOrCount,
    Source,
)
from frostline.spec.base import Value
from frostline.spec.beside import Beside, study_of
from frostline.spec.dataset import Dataset
from frostline.spec.narrowing import Narrowing, chosen_of, narrowing_faults
from frostline.spec.network import NetworkSpec
from frostline.spec.recipe import Norms, Recipe
from frostline.spec.scoring import Scores
from frostline.spec.surgery import Surgery
from frostline.spec.synthesis import Forging
from frostline.spec.trial import Head

__all__ = ["Evidence", "Family", "Keep", "Narrowing", "Pretraining", "Study", "Varying"]

Varying = Literal["split", "share", "weights", "batches", "pretraining"]
Keep = Literal["none", "best", "checkpoints"]
Evidence = Literal["all", "race"]
FamilyOf = Literal["share", "study"]


class Study(Value):
    """A question, its axes and the rules by which it is run. Every key of a study file is a field here.

    ``activations_gb`` bounds the room on disk (in GB of 10**9 bytes) for what frozen layers give, which is then
    computed once; where it is absent, 10, or a quarter of what is free if that is less. 0 computes it anew in every
    training.
    ``evidence`` is ``all`` where every seed of every arm is run, and ``race`` where seeds are added in rounds to the
    arms that could still be the best.
    ``margin`` is how far below the best a recommended arm may lie at most, as a part of 1 of what arms are judged by:
    the accuracy, of tags the mean ROC-AUC, of values the mean concordance. ``family`` is whether the comparisons at one
    share or at all shares together are corrected for their number.
    ``controls`` are the kinds of control arms that are added for every surgery that keeps weights (``spec.axes``).
    ``norms`` names several ways with the norms of frozen layers (``spec.recipe``), in place of the one of the recipe:
    each surgery that freezes a layer is then an arm in each of these ways.
    ``beside`` names other networks, each trained from scratch on the same items as one more arm.
    ``additions`` are given to training beside its own items: every surgery is run without and with each of them.
    ``scores`` are asked of the layers of the source before anything is trained (``spec.scoring``).
    """

    title: str
    question: str
    dataset: Dataset
    network: NetworkSpec
    source: Source | None = None
    beside: dict[str, Beside] = Field(default_factory=dict)
    surgeries: dict[str, FamilyOrSurgery] = Field(min_length=1)
    shares: tuple[Annotated[float, Field(gt=0, le=1)], ...] = (1.0,)
    seeds: SeedsOrCount = 10
    vary: tuple[Varying, ...] = ("split", "share", "weights", "batches", "pretraining")
    fixed_seed: int = 0
    recipe: RecipeOrName
    recipes: dict[str, Recipe] = Field(default_factory=dict)
    head: Head = "new"
    validation: float = Field(default=0.1, gt=0, lt=1)
    normalise: NormaliseChoice = "unit"
    augmentation: Augmentation = Augmentation()
    synthesis: Forging | None = None
    additions: dict[str, Addition] = Field(default_factory=dict)
    most_left_out: float = Field(default=0.01, ge=0, lt=1)
    keep: Keep = "none"
    level: float = Field(default=0.95, gt=0.5, lt=1)
    loader_workers: int = Field(default=0, ge=0)
    device: str = "auto"
    activations_gb: float | None = Field(default=None, ge=0)
    evidence: Evidence = "all"
    margin: float = Field(default=0.01, gt=0, lt=1)
    family: FamilyOf = "share"
    controls: ControlsChoice = ()
    norms: tuple[Norms, ...] = ()
    scores: Scores | None = None

    @field_validator("device")
    @classmethod
    def _is_a_device(cls, device: str) -> str:
        kind, _, number = device.partition(":")
        if device in ("auto", "cpu", "mps", "cuda") or (kind == "cuda" and number.isdecimal()):
            return device
        raise ValueError(f"{device!r} is none of 'auto', 'cpu', 'mps', 'cuda', 'cuda:0' and so on")

    @model_validator(mode="after")
    def _parts_agree(self) -> Study:
        found = disagreements(dict(self))
        if found:
            raise ValueError("; ".join(f"{'.'.join(map(str, keys))}: {message}" for keys, message in found))
        return self

    @property
    def seed_values(self) -> tuple[int, ...]:
        """The seeds: as listed, or 0, 1, ... for a count."""
        return tuple(range(self.seeds)) if isinstance(self.seeds, int) else self.seeds

    @property
    def control_kinds(self) -> tuple[Control, ...]:
        """The kinds of control arms that are added: as listed, or every one."""
        return CONTROLS if self.controls == "all" else self.controls

    def recipe_of(self, choice: Recipe | str) -> Recipe:
        """The recipe written in place, or the one of that name."""
        return choice if isinstance(choice, Recipe) else self.recipes[choice]

    def alone(self, name: str) -> Study:
        """The study of the other network ``name`` alone: its one arm, on the same items with the same recipe."""
        return Study(**study_of(dict(self), name, self.beside[name], self.dataset))

    def added(self, name: str) -> Addition:
        """What the trainings of an arm with the addition ``name`` are given; without a name what all are given."""
        given = self.additions[name] if name else Addition(synthesis=self.synthesis)
        return given.beside(self.augmentation)

    def named_surgeries(self) -> dict[Surgery, tuple[str, ...]]:
        """Each different surgery, in the order of the file, with every name that it goes by."""
        names: dict[Surgery, list[str]] = {}
        for name, entry in self.surgeries.items():
            if isinstance(entry, Surgery):
                names.setdefault(entry, []).append(name)
                continue
            for cut, surgery in entry.surgeries(len(self.network.layer_names)).items():
                names.setdefault(surgery, []).append(f"{name} cut {cut}")
        return {surgery: tuple(labels) for surgery, labels in names.items()}

    def narrowed(self, narrowing: Narrowing) -> Study:
        """This study with only what ``narrowing`` chooses; an arm that it does not name is added under its fates.

        Raises:
            StudyFaults: every choice that this study cannot follow, by the option it stands in.
        """
        faults = narrowing_faults(self, narrowing)
        if not faults:
            chosen = {**dict(self), **chosen_of(self, narrowing)}
            faults = [Fault(".".join(map(str, keys)), message) for keys, message in disagreements(chosen)]
        if faults:
            raise StudyFaults("the command line", faults)
        return Study(**chosen)
