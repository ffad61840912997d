"""The parts of a study that can be written in more than one shape: families, sources, controls, lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import Discriminator, Field, PositiveInt, Tag, model_validator

from frostline.spec.augmentation import Augmentation
from frostline.spec.base import Value
from frostline.spec.dataset import Dataset
from frostline.spec.published import Statistics
from frostline.spec.recipe import Recipe
from frostline.spec.surgery import FATE_NAMES, Fate, Surgery
from frostline.spec.trial import WeightsFile


def _mapping_or_text(raw: object) -> str:
    return "text" if isinstance(raw, str | Surgery) else "mapping"


def _list_or_one(raw: object) -> str:
    return "list" if isinstance(raw, list | tuple) else "one"


def _text_or_list(raw: object) -> str:
    return "text" if isinstance(raw, str) else "list"


def _kind_of_source(raw: object) -> str:
    named = isinstance(raw, Mapping) and "weights" in raw
    return "weights-file" if named or isinstance(raw, WeightsFile) else "pretraining"


Cuts = Annotated[
    Annotated[Literal["all"], Tag("text")] | Annotated[tuple[int, ...], Tag("list")], Discriminator(_text_or_list)
]


class Family(Value):
    """Surgeries that differ by the cut: one fate below it, another above. ``cuts`` counts layers below the cut."""

    below: Literal["frozen", "tuned"]
    above: Literal["tuned", "reset", "removed"]
    cuts: Cuts = "all"

    @model_validator(mode="after")
    def _each_cut_is_another_surgery(self) -> Family:
        if self.below == self.above:
            raise ValueError(f"below and above are both {self.below!r}, so that the cut has no effect")
        if self.cuts == "all":
            return self
        if not self.cuts or min(self.cuts) < 0:
            raise ValueError(f"cuts must be 'all' or a list of depths from 0 (got {list(self.cuts)})")
        if len(set(self.cuts)) < len(self.cuts):
            raise ValueError(f"cuts must name each depth once (got {list(self.cuts)})")
        return self

    @property
    def lowest_cut(self) -> int:
        """The lowest cut that is a surgery: removing every layer is none."""
        return 1 if self.above == "removed" else 0

    @property
    def needs_start(self) -> bool:
        """True where some layer keeps the weights it starts from, at one of the cuts."""
        return self.cuts == "all" or self.above == "tuned" or max(self.cuts) > 0

    def surgeries(self, layers: int) -> dict[int, Surgery]:
        """The surgery at each cut of a network of ``layers`` layers."""
        cuts = range(self.lowest_cut, layers + 1) if self.cuts == "all" else self.cuts
        return {cut: self.at(cut, layers) for cut in cuts}

    def at(self, cut: int, layers: int) -> Surgery:
        """The surgery at ``cut`` of a network of ``layers`` layers."""
        return Surgery.cut(cut, layers, FATE_NAMES[self.below], FATE_NAMES[self.above])


RecipeNames = Annotated[
    Annotated[dict[str, str], Tag("mapping")] | Annotated[str, Tag("text")], Discriminator(_mapping_or_text)
]


class Pretraining(Value):
    """A start that the study makes itself: a network trained from scratch on ``dataset`` by ``recipe``.

    ``recipe`` names one of the study's recipes, or maps the name of each recipe that a transfer may use to the name of
    the one that its pretraining uses; without it the pretraining uses the recipe of the transfers.
    """

    dataset: Dataset
    recipe: RecipeNames | None = None
    augmentation: Augmentation = Augmentation()

    def recipe_beside(self, transfer: Recipe | str) -> Recipe | str | None:
        """The choice of recipe where the transfers choose ``transfer``; None where the names have none beside it."""
        if isinstance(self.recipe, str):
            return self.recipe
        if self.recipe is None:
            return transfer
        return self.recipe.get(transfer) if isinstance(transfer, str) else None


NormaliseChoice = Annotated[
    Annotated[Literal["unit", "standard", "pretrained"], Tag("text")] | Annotated[Statistics, Tag("mapping")],
    Discriminator(_mapping_or_text),
]
"""How planes are normalised; ``pretrained`` is by the statistics of the published weights that one starts from."""
Control = Literal["random", "matched", "selffer"]
"""A kind of control arm: the same surgery from another start, which shows what of an effect is owed to pretraining.

``random``: of untrained weights. Layers that are tuned from untrained weights are trained from scratch, so that the
control is the surgery that resets them; it keeps weights only where it freezes some.
``matched``: of fresh weights that share nothing with the start but the mean and deviation of each tensor.
``selffer``: of a network that was trained from scratch on the same target share (Yosinski et al. 2014, "How
transferable are features in deep neural networks?"). Whatever it resets begins with the fresh weights that the network
from scratch began with, as in every trial of one seed.
"""
Beginning = Control | Literal["own"]
"""What an arm starts from: what its study says, or what a control does."""
CONTROLS: tuple[Control, ...] = get_args(Control)
ControlsChoice = Annotated[
    Annotated[Literal["all"], Tag("text")] | Annotated[tuple[Control, ...], Tag("list")], Discriminator(_text_or_list)
]
"""Which control arms a study adds; ``all`` for every kind."""
FamilyOrSurgery = Annotated[
    Annotated[Family, Tag("mapping")] | Annotated[Surgery, Tag("text")], Discriminator(_mapping_or_text)
]
RecipeOrName = Annotated[
    Annotated[Recipe, Tag("mapping")] | Annotated[str, Tag("text")], Discriminator(_mapping_or_text)
]
Source = Annotated[
    Annotated[Pretraining, Tag("pretraining")] | Annotated[WeightsFile, Tag("weights-file")],
    Discriminator(_kind_of_source),
]
SeedsOrCount = Annotated[
    Annotated[PositiveInt, Field(le=10_000), Tag("one")] | Annotated[tuple[int, ...], Tag("list")],
    Discriminator(_list_or_one),
]


def counterpart(surgery: Surgery, control: Control) -> tuple[Surgery, Beginning]:
    """The surgery and the start of the arm that is the ``control`` of ``surgery``; ``own`` if it keeps no weights."""
    if control != "random":
        return surgery, control
    untrained = _untrained(surgery)
    return untrained, "random" if untrained.needs_start else "own"


def from_scratch(layers: int) -> Surgery:
    """The surgery of a network of ``layers`` layers that keeps nothing."""
    return Surgery([Fate.RESET] * layers)


def _untrained(surgery: Surgery) -> Surgery:
    """``surgery`` of untrained weights in its one spelling: what it tunes of them, it resets."""
    if surgery.after is not None:
        return Surgery(surgery.fates, _untrained(surgery.after))
    return Surgery([Fate.RESET if fate is Fate.TUNED else fate for fate in surgery.fates])
