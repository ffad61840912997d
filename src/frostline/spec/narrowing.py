"""A part of a study, as chosen on the command line: what it asks for, and what of that a study does not have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import ValidationError

from frostline.errors import Fault, nearest
from frostline.spec.axes import Family, Pretraining
from frostline.spec.dataset import Dataset
from frostline.spec.surgery import Surgery, misfit

if TYPE_CHECKING:
    from frostline.spec.study import Study


@dataclass(frozen=True)
class Narrowing:
    """A part of a study, as chosen on the command line; None and empty leave an axis as it is.

    ``shares`` are among the study's own; ``arms`` are narrowed to together with their controls, and other networks are
    left out beside them. ``seeds`` as a number is the first so many of the study's own, as a tuple exactly those, which
    may be others. ``stand_ins`` maps the name of a dataset of the study to the one that takes its place.
    """

    shares: tuple[float, ...] | None = None
    seeds: int | tuple[int, ...] | None = None
    arms: tuple[Surgery, ...] | None = None
    recipe: str | None = None
    stand_ins: Mapping[str, str] = field(default_factory=dict)


def narrowing_faults(study: Study, narrowing: Narrowing) -> list[Fault]:
    """Everything that ``narrowing`` asks for and ``study`` does not have, or that is no legal value."""
    own = len(study.seed_values)
    declared = ", ".join(f"{share:g}" for share in study.shares)
    faults = [
        Fault("--shares", f"{share:g} is no share of the study, which has {declared}; to add it, write it in the file")
        for share in narrowing.shares or ()
        if share not in study.shares
    ]
    if isinstance(narrowing.seeds, int) and not 1 <= narrowing.seeds <= own:
        said = f"must be from 1 to {own}, the number of seeds of the study (got {narrowing.seeds})"
        faults.append(Fault("--seeds", said))
    faults += [
        Fault("--arm", misfit(arm, study.network.layer_names))
        for arm in narrowing.arms or ()
        if len(arm) != len(study.network.layer_names)
    ]
    faults += [
        Fault(
            "--arm", f"{arm} is the name of another surgery of the study, {study.surgeries[str(arm)]}; rename that one"
        )
        for arm in narrowing.arms or ()
        if study.surgeries.get(str(arm), arm) != arm
    ]
    if narrowing.arms == ():
        faults.append(Fault("--arm", "is empty; name at least one"))
    name, known = narrowing.recipe, study.recipes
    if name is not None and name not in known:
        said = f"no recipe is called {name!r}{nearest(name, known)}; known: {', '.join(known) or 'none'}"
        faults.append(Fault("--recipe", said))
    return faults + _stand_in_faults(study, narrowing.stand_ins)


def undeclared(study: Study, narrowing: Narrowing) -> list[str]:
    """The seeds and arms that ``narrowing`` adds to those of ``study``, each with what it is."""
    seeds = narrowing.seeds if isinstance(narrowing.seeds, tuple) else ()
    declared = study.named_surgeries()
    return [
        *(f"seed {seed}" for seed in seeds if seed not in study.seed_values),
        *(f"arm {arm}" for arm in narrowing.arms or () if arm not in declared),
    ]


def _stand_in_faults(study: Study, stand_ins: Mapping[str, str]) -> list[Fault]:
    datasets = [study.dataset] + ([study.source.dataset] if isinstance(study.source, Pretraining) else [])
    used = sorted({dataset.name for dataset in datasets})
    said = [
        f"the study uses no dataset {name!r}{nearest(name, used)}; it uses {', '.join(used)}"
        for name in stand_ins
        if name not in used
    ]
    for dataset in datasets:
        try:
            _replaced(dataset, stand_ins)
        except ValidationError as error:
            reasons = (str(detail["ctx"]["error"]) for detail in error.errors())
            said += [f"{dataset.name}={stand_ins[dataset.name]}: {reason}" for reason in reasons]
    return [Fault("--stand-in", message) for message in dict.fromkeys(said)]


def chosen_of(study: Study, narrowing: Narrowing) -> dict[str, object]:
    """The new value of each key of ``study`` that ``narrowing`` changes."""
    source, seeds, controls, scores = study.source, narrowing.seeds, study.controls, study.scores
    if isinstance(source, Pretraining):
        source = source.model_copy(update={"dataset": _replaced(source.dataset, narrowing.stand_ins)})
    if narrowing.arms is not None and not any(arm.needs_start for arm in narrowing.arms):
        source, controls, scores = None, (), None
    chosen = {
        "dataset": _replaced(study.dataset, narrowing.stand_ins),
        "shares": narrowing.shares,
        "seeds": study.seed_values[:seeds] if isinstance(seeds, int) else seeds,
        "surgeries": None if narrowing.arms is None else _kept_surgeries(study, narrowing.arms),
        "recipe": narrowing.recipe,
        "beside": None if narrowing.arms is None else {},
    }
    return {
        "source": source,
        "controls": controls,
        "scores": scores,
        **{key: value for key, value in chosen.items() if value is not None},
    }


def _kept_surgeries(study: Study, arms: tuple[Surgery, ...]) -> dict[str, Family | Surgery]:
    layers, known = len(study.network.layer_names), study.named_surgeries()
    kept: dict[str, Family | Surgery] = {}
    for name, entry in study.surgeries.items():
        if isinstance(entry, Surgery):
            kept |= {name: entry} if entry in arms else {}
        elif cuts := tuple(cut for cut, surgery in entry.surgeries(layers).items() if surgery in arms):
            kept[name] = entry.model_copy(update={"cuts": cuts})
    return kept | {str(arm): arm for arm in arms if arm not in known}


def _replaced(dataset: Dataset, stand_ins: Mapping[str, str]) -> Dataset:
    return Dataset(**{**dataset.model_dump(exclude_defaults=True), "name": stand_ins.get(dataset.name, dataset.name)})
