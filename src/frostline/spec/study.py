"""A study file: a question and its axes, read with every fault at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, PositiveInt, Tag, TypeAdapter, ValidationError, model_validator

from frostline.errors import Fault, nearest
from frostline.spec.base import Value
from frostline.spec.network import NetworkSpec
from frostline.spec.recipe import Recipe
from frostline.spec.surgery import FATE_NAMES, Surgery
from frostline.spec.trial import Dataset, Head, Normalisation, WeightsFile

Varying = Literal["split", "share", "weights", "batches", "pretraining"]
Keep = Literal["none", "best", "checkpoints"]


def _mapping_or_text(raw: object) -> str:
    return "text" if isinstance(raw, str | Surgery) else "mapping"


class Family(Value):
    """Surgeries that differ by the cut: one fate below it, another above. ``cuts`` counts layers below the cut."""

    below: Literal["frozen", "tuned"]
    above: Literal["tuned", "reset", "removed"]
    cuts: Literal["all"] | tuple[int, ...] = "all"

    @model_validator(mode="after")
    def _fates_differ(self) -> Family:
        if self.below == self.above:
            raise ValueError(f"below and above are both {self.below!r}, so that the cut has no effect")
        if self.cuts == () or any(cut < 0 for cut in self.cuts if isinstance(cut, int)):
            raise ValueError(f"cuts must be 'all' or a list of depths from 0 (got {list(self.cuts)})")
        return self

    def surgeries(self, layers: int) -> dict[int, Surgery]:
        """The surgery at each cut of a network of ``layers`` layers; removing every layer is not a surgery."""
        lowest = 1 if self.above == "removed" else 0
        cuts = range(lowest, layers + 1) if self.cuts == "all" else self.cuts
        return {cut: Surgery.cut(cut, layers, FATE_NAMES[self.below], FATE_NAMES[self.above]) for cut in cuts}


class Pretraining(Value):
    """A start that the study makes itself: a network trained from scratch on ``dataset`` by ``recipe``."""

    dataset: Dataset
    recipe: str | None = None


FamilyOrSurgery = Annotated[
    Annotated[Family, Tag("mapping")] | Annotated[Surgery, Tag("text")], Discriminator(_mapping_or_text)
]
RecipeOrName = Annotated[Annotated[Recipe, Tag("mapping")] | Annotated[str, Tag("text")], Discriminator(_mapping_or_text)]


def _kind_of_source(raw: object) -> str:
    named = isinstance(raw, Mapping) and "weights" in raw
    return "weights-file" if named or isinstance(raw, WeightsFile) else "pretraining"


Source = Annotated[
    Annotated[Pretraining, Tag("pretraining")] | Annotated[WeightsFile, Tag("weights-file")], Discriminator(_kind_of_source)
]


class Study(Value):
    """A question, its axes and the rules by which it is run. Every key of a study file is a field here."""

    title: str
    question: str
    dataset: Dataset
    network: NetworkSpec
    source: Source | None = None
    surgeries: dict[str, FamilyOrSurgery] = Field(min_length=1)
    shares: tuple[Annotated[float, Field(gt=0, le=1)], ...] = (1.0,)
    seeds: PositiveInt | tuple[int, ...] = 10
    vary: tuple[Varying, ...] = ("split", "share", "weights", "batches", "pretraining")
    fixed_seed: int = 0
    recipe: RecipeOrName
    recipes: dict[str, Recipe] = {}
    head: Head = "new"
    validation: float = Field(default=0.1, gt=0, lt=1)
    normalise: Normalisation = "unit"
    keep: Keep = "none"
    level: float = Field(default=0.95, gt=0.5, lt=1)
    loader_workers: int = Field(default=0, ge=0)
    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")

    @model_validator(mode="after")
    def _parts_agree(self) -> Study:
        faults = disagreements(dict(self))
        if faults:
            raise ValueError("; ".join(f"{fault.key}: {fault.message}" for fault in faults))
        return self

    @property
    def seed_values(self) -> tuple[int, ...]:
        """The seeds: as listed, or 0, 1, ... for a count."""
        return tuple(range(self.seeds)) if isinstance(self.seeds, int) else self.seeds

    def recipe_of(self, choice: Recipe | str) -> Recipe:
        """The recipe written in place, or the one of that name."""
        return choice if isinstance(choice, Recipe) else self.recipes[choice]

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


def disagreements(raw: Mapping[str, Any]) -> list[Fault]:
    """Every way in which the values under the keys of a study disagree, as far as each can be read on its own.

    ``raw`` maps keys to values or to their plain form, so that these faults are told together with those of single keys.
    """
    network = _part(NetworkSpec, raw.get("network"))
    surgeries = _parts(FamilyOrSurgery, raw.get("surgeries"))
    dataset, source = _part(Dataset, raw.get("dataset")), _part(Source, raw.get("source"))
    faults = []
    if network is not None:
        faults += _misfits(surgeries, len(network.layer_names))
        if dataset is not None and (why := network.fault_on(dataset.plane_shape[1])):
            faults.append(Fault("network", why))
        if raw.get("head", "new") == "hidden-kept" and network.hidden is None:
            faults.append(Fault("head", "hidden-kept needs a network with a hidden dense layer; add network.hidden"))
    if raw.get("source") is None:
        faults += [Fault(f"surgeries.{name}", "keeps weights, so the study needs a source") for name in _keeping(surgeries)]
    if dataset is not None and isinstance(source, Pretraining) and source.dataset.plane_shape != dataset.plane_shape:
        faults.append(Fault("source.dataset", _shape_remedy(source.dataset, dataset)))
    return faults + _unknown_recipes(raw, source) + _repeated(raw)


def _shape_remedy(source: Dataset, target: Dataset) -> str:
    ours, theirs = source.plane_shape, target.plane_shape
    return (
        f"its planes have {ours[0]} channels of {ours[1]} x {ours[1]}, those of dataset {theirs[0]} of {theirs[1]} x "
        f"{theirs[1]}; state the adaptation with channels and size on one of them"
    )


def _misfits(surgeries: Mapping[str, Family | Surgery], layers: int) -> list[Fault]:
    faults = []
    for name, entry in surgeries.items():
        if isinstance(entry, Surgery) and len(entry) != layers:
            faults.append(Fault(f"surgeries.{name}", f"{entry} has {len(entry)} fates, the network has {layers} layers"))
        if isinstance(entry, Family) and entry.cuts != "all":
            lowest = 1 if entry.above == "removed" else 0
            wrong = [cut for cut in entry.cuts if not lowest <= int(cut) <= layers]
            if wrong:
                faults.append(
                    Fault(f"surgeries.{name}.cuts", f"{wrong} must be from {lowest} to {layers}, the depth of the network")
                )
    return faults


def _keeping(surgeries: Mapping[str, Family | Surgery]) -> list[str]:
    return [name for name, entry in surgeries.items() if isinstance(entry, Family) or entry.needs_start]


def _unknown_recipes(raw: Mapping[str, Any], source: object) -> list[Fault]:
    recipes = raw.get("recipes") or {}
    chosen = {"recipe": raw.get("recipe"), "source.recipe": source.recipe if isinstance(source, Pretraining) else None}
    return [
        Fault(key, f"no recipe is called {name!r}{nearest(name, recipes)}; known: {', '.join(recipes) or 'none'}")
        for key, name in chosen.items()
        if isinstance(name, str) and name not in recipes
    ]


def _repeated(raw: Mapping[str, Any]) -> list[Fault]:
    faults = []
    for key in ("shares", "seeds", "vary"):
        values = raw.get(key)
        if isinstance(values, tuple):
            repeated = sorted({str(value) for value in values if values.count(value) > 1})
            if repeated:
                faults.append(Fault(key, f"{', '.join(repeated)} stands twice; name each once"))
            if not values and key != "vary":
                faults.append(Fault(key, "is empty; name at least one"))
    return faults


def _part(kind: Any, raw: object) -> Any:
    """``raw`` as a value of ``kind``, or None where it has faults of its own (they are told from the whole)."""
    try:
        return None if raw is None else TypeAdapter(kind).validate_python(raw)
    except ValidationError:
        return None


def _parts(kind: Any, raw: object) -> dict[str, Any]:
    items = raw.items() if isinstance(raw, Mapping) else ()
    return {name: part for name, entry in items if (part := _part(kind, entry)) is not None}
