"""How the trials of a study are computed: measured once, kept in the store, and never chosen again.

What is guaranteed: every trial of a study folder is computed on one device, by one number of threads, in one
precision where its recipe leaves it ``auto``, by steps that are compiled in all of them or in none, and frozen layers
of one depth are either kept for all trials or for none, whatever executes them and however often the study is
stopped. Another folder, on this machine or another one, measures anew, and chooses otherwise where a measurement lies
close to its margin; both say in words what they chose. The key of a trial is the same in both.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from frostline import compiling, stacking
from frostline.errors import ActivationsFault
from frostline.keeping import CLEARLY, Kept, Need, needs, parts_in_words
from frostline.spec.plan import Plan
from frostline.spec.recipe import Precision
from frostline.spec.study import Study
from frostline.spec.trial import Trial
from frostline.store import Store
from frostline.way_facts import FACT, FACT_FIRST, FACT_IN_WORDS, FACT_ROOM, kind_of, subject_of

if TYPE_CHECKING:
    from frostline.probe import Cost, Disk, Sample, Setting

MOST_GB = 10.0
PART_OF_FREE = 0.25
LEFT_FREE = 0.1
"""The part of what is free that activations never take, for outcomes and weights need room too."""


@dataclass(frozen=True)
class Way:
    """On which device the trials of a study run, by how many threads each, and in which precision where it is ``auto``.

    ``stored`` holds the depths whose activations are kept on disk; frozen layers of other depths are recomputed. At
    most so many trials of one shape are ``stacked``, trained at once. ``compiled`` are the steps of all or of none.
    """

    device: str = "cpu"
    threads: int = 1
    precision: Precision = "float32"
    stored: frozenset[int] = frozenset()
    stacked: int = 1
    compiled: bool = False


WAY = TypeAdapter(Way)


def way_of(study: Study, plan: Plan, store: Store, device: str) -> Way:
    """The way of ``study`` on ``device``: the one its store keeps, or measured now and kept there with its reasons.

    ``plan`` should be that of the whole study even where only a part of it is run first, for room and threads are
    chosen by it. A depth that it lacks is recomputed when it is run later.

    Raises:
        StoreMismatch: ``activations_gb`` is not what it was when the way was chosen.
    """
    kind = kind_of(study, store.fact(FACT_FIRST))
    asked = {FACT_ROOM + kind: "absent" if study.activations_gb is None else f"{study.activations_gb:g}"}
    remedy = "What is kept on disk is chosen once: write it as before, or name another folder with --to."
    kept = store.fact(FACT + kind)
    if kept is not None:
        store.hold(asked, remedy)
        return WAY.validate_json(kept)
    way, told = _measured(study, plan, store, device)
    found = {FACT + kind: WAY.dump_json(way).decode(), FACT_IN_WORDS + kind: "\n".join(told)}
    store.hold(asked | found | ({} if kind else {FACT_FIRST: subject_of(study)}), remedy)
    return way


def _measured(study: Study, plan: Plan, store: Store, device: str) -> tuple[Way, list[str]]:
    """The way that costs the least on this machine, and in words what was measured."""
    import torch

    from frostline.probe import Sample, Setting, let_go

    trial = plan.heaviest
    sample = Sample(trial, torch.device(device))
    precision, of_precision = _precision(sample, study, plan)
    threads, of_threads = _threads(sample, plan, precision)
    setting = Setting(threads, precision)
    # On a processor stacks gain little (measured: 1.0 to 1.5) and move rounding, so that folders would differ for it.
    stacked, of_stacks = (1, list[str]()) if device == "cpu" else stacking.measured(study, plan, device, setting)
    # For the same reason nothing is compiled there; and a stack would be compiled anew whenever a trial leaves it.
    plain, chosen = device == "cpu" or stacked > 1, _computed_in(trial, precision)
    compiled, of_compiling = (False, list[str]()) if plain else compiling.measured(plan, sample, chosen)
    way = Way(device, threads, precision, stacked=stacked, compiled=compiled)
    needed, frozen, of_layers = needs(plan), [trial for trial in plan.trials if trial.frozen_depth], list[str]()
    if needed and study.activations_gb != 0:
        setting = Setting(threads, _computed_in(frozen[0], precision))
        way, of_layers = _with_stored(way, sample, setting, needed, _room(study, store))
    elif frozen:
        why = "as activations_gb: 0 asks" if needed else "for augmentation shows them something else each time"
        of_layers = [f"Frozen layers recomputed in every training, {why}."]
    let_go(sample.device)
    return way, [of_precision, of_threads, *of_stacks, *of_compiling, *of_layers]


def _precision(sample: Sample, study: Study, plan: Plan) -> tuple[Precision, str]:
    """What ``auto`` is, measured wherever a recipe of the study leaves the choice, even one that is not run yet."""
    from frostline.probe import Setting, step_seconds

    wanted = sorted({recipe.precision for recipe in [*(t.recipe for t in plan.trials), *study.recipes.values()]})
    if "auto" not in wanted:
        return "float32", f"Precision: {' and '.join(wanted)}, as written."
    whole, half = step_seconds(sample, [Setting(1, "float32"), Setting(1, "bfloat16")])
    chosen: Precision = "bfloat16" if whole > CLEARLY * half else "float32"
    batch = sample.trial.recipe.batch
    said = f"a training step of {batch} planes takes {_time(whole)} in float32 and {_time(half)} in bfloat16"
    return chosen, f"Precision: auto is {chosen} ({said})."


def _threads(sample: Sample, plan: Plan, precision: Precision) -> tuple[int, str]:
    """One thread a trial and a trial a core, or every core for one trial at a time: whichever does more trials."""
    from frostline.probe import Setting, cores, step_seconds

    if sample.device.type != "cpu" or cores() == 1:
        why = "there is one core" if cores() == 1 else f"the work is done by {sample.device}"
        return 1, f"Threads: 1 a trial ({why})."
    chosen = _computed_in(sample.trial, precision)
    alone, together = step_seconds(sample, [Setting(1, chosen), Setting(cores(), chosen)])
    abreast = min(cores(), max(len(wave) for wave in plan.waves))
    threads = cores() if alone > CLEARLY * together * abreast else 1
    batch = sample.trial.recipe.batch
    said = f"a training step of {batch} planes takes {_time(alone)} on one thread and {_time(together)} on {cores()}"
    return threads, f"Threads: {threads} a trial ({said}; {abreast} trials can run side by side)."


def _computed_in(trial: Trial, auto: Precision) -> Precision:
    """The precision of ``trial`` where ``auto`` is what it leaves to the study."""
    return auto if trial.recipe.precision == "auto" else trial.recipe.precision


@dataclass(frozen=True)
class _Room:
    """Where activations are kept, how many bytes they may take there, and what sets that bound."""

    folder: Path
    size_bytes: float
    why: str


def _room(study: Study, store: Store) -> _Room:
    free = shutil.disk_usage(store.folder).free
    if study.activations_gb is None:
        bounds = (
            (MOST_GB * 1e9, "unless activations_gb allows more"),
            (PART_OF_FREE * free, "a quarter of what is free"),
        )
    else:
        bounds = (
            (study.activations_gb * 1e9, "by activations_gb"),
            ((1 - LEFT_FREE) * free, "nine tenths of what is free"),
        )
    return _Room(store.folder, *min(bounds))


def _with_stored(
    way: Way, sample: Sample, setting: Setting, needed: Mapping[int, Need], room: _Room
) -> tuple[Way, list[str]]:
    """``way`` with the depths that are kept, those first that save the most time a byte, and the reason for each."""
    from frostline.probe import depth_costs
    from frostline.training.site import CHUNK

    costs = depth_costs(sample, CHUNK, max(needed), setting)
    disks: dict[int, Disk | None] = {}
    candidates = []
    for depth, need in needed.items():
        if depth <= len(costs):
            cost = costs[depth - 1]
            disks[cost.size_bytes] = disk = disks.get(cost.size_bytes) or _disk(room, cost, way.threads)
            candidates.append(Kept(depth, cost, disk, need))
    stored, left = list[Kept](), room.size_bytes
    for kept in sorted((kept for kept in candidates if kept.saved > 0), key=lambda kept: kept.size / kept.saved):
        if kept.size <= left:
            stored.append(kept)
            left -= kept.size
    layers = sample.trial.network.layer_names
    told = [*_told(candidates, stored, room, layers), *_too_large(needed, len(costs), layers)]
    return replace(way, stored=frozenset(kept.depth for kept in stored)), told


def _disk(room: _Room, cost: Cost, threads: int) -> Disk | None:
    """What the disk costs, or None where it has no room for a measurement."""
    from frostline.probe import disk_seconds

    try:
        return disk_seconds(room.folder, cost.size_bytes, threads)
    except ActivationsFault:
        return None


def _told(candidates: Sequence[Kept], stored: Sequence[Kept], room: _Room, layers: Sequence[str]) -> list[str]:
    """What became of each of ``candidates``, in a network of ``layers``, and why, and what would change that."""
    crowded = [kept for kept in candidates if kept not in stored and (kept.saved > 0 or kept.disk is None)]
    idle = [kept for kept in candidates if kept not in stored and kept not in crowded]
    slow = [kept for kept in idle if kept.cost.seconds <= CLEARLY * kept.reading]
    seldom = [kept for kept in idle if kept not in slow]
    recomputed = "Frozen layers recomputed in every training, for"
    groups = {
        "Frozen layers computed once and kept on disk": sorted(stored, key=lambda kept: kept.depth),
        f"{recomputed} reading takes about as long": slow,
        f"{recomputed} too few readings would pay for keeping them": seldom,
        f"{recomputed} lack of room": crowded,
    }
    told = [f"{said}: {', '.join(_figures(one, layers) for one in group)}." for said, group in groups.items() if group]
    if crowded:
        wanted = sum(kept.size for kept in [*stored, *crowded])
        told.append(
            f"To keep all of that takes {_size(wanted)}, and {_size(room.size_bytes)} may be used ({room.why}): write "
            f"activations_gb: {math.ceil(wanted / 1e7) / 100:g}, have the room, and start in another folder."
        )
    return told


def _too_large(needed: Mapping[int, Need], fitting: int, layers: Sequence[str]) -> list[str]:
    parts = ", ".join(parts_in_words(depth, layers) for depth in needed if depth > fitting)
    why = "what they give does not fit in memory for as many items as are computed at once"
    return [f"Frozen layers recomputed in every training, for {why}: {parts}."] if parts else []


def _figures(kept: Kept, layers: Sequence[str]) -> str:
    reading, parts = _time(kept.reading) if kept.disk else "unknown", parts_in_words(kept.depth, layers)
    return f"{parts} ({_time(kept.cost.seconds)} an item to compute, {reading} to read, {_size(kept.size)})"


def _size(size_bytes: float) -> str:
    unit, bytes_of_it = next(
        ((unit, of_it) for unit, of_it in (("GB", 1e9), ("MB", 1e6)) if size_bytes >= of_it), ("kB", 1e3)
    )
    return f"{size_bytes / bytes_of_it:.3g} {unit}"


def _time(seconds: float) -> str:
    if seconds == math.inf:
        return "more memory than there is"
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"
