"""How the trials of a study are computed: measured once, kept in the store, and never chosen again."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from frostline.spec.augmentation import Augmentation
from frostline.spec.plan import Plan
from frostline.spec.portion import portion
from frostline.spec.recipe import Precision
from frostline.spec.study import Study
from frostline.spec.trial import Trial, WeightsFile
from frostline.store import Store

if TYPE_CHECKING:
    from torch import Tensor

    from frostline.networks.network import Network
    from frostline.probe import Cost, Disk

FACT = "way"
FACT_IN_WORDS = "way in words"
MOST_GB = 10.0
PART_OF_FREE = 0.25
READS = 3
"""How often a trial reads an item at least: in training, in validation and in its last evaluation."""
OVERHEAD_S = 0.02
"""What a trial takes to find what is kept (measured: 5 to 20 ms)."""
CLEARLY = 1.25
"""A choice that moves bits has to be so much faster than what is done without it."""


@dataclass(frozen=True)
class Way:
    """On which device the trials of a study run, by how many threads each, and in which precision where it is ``auto``.

    ``stored`` holds the depths whose activations are kept on disk; frozen layers of other depths are recomputed.
    """

    device: str = "cpu"
    threads: int = 1
    precision: Precision = "float32"
    stored: frozenset[int] = frozenset()


WAY = TypeAdapter(Way)


def way_of(study: Study, plan: Plan, store: Store, device: str) -> Way:
    """The way of ``study`` on ``device``: the one its store keeps, or measured now and kept there with its reasons."""
    kept = store.fact(FACT)
    if kept is not None:
        return WAY.validate_json(kept)
    way, told = _measured(study, plan, store, device)
    facts = {FACT: WAY.dump_json(way).decode(), FACT_IN_WORDS: "\n".join(told)}
    store.hold(facts, "A study is computed in one way: go on as before, or name another folder with --to.")
    return way


def in_words(store: Store) -> str:
    """What was measured and chosen for the study of ``store``."""
    return store.fact(FACT_IN_WORDS) or ""


def _measured(study: Study, plan: Plan, store: Store, device: str) -> tuple[Way, list[str]]:
    """The way that costs the least on this machine, and in words what was measured."""
    from frostline.probe import cores

    sample = _Sample(plan, device)
    auto = any(trial.recipe.precision == "auto" for trial in plan.trials)
    precision, told = _precision(sample) if auto else ("float32", list[str]())
    threads = 1
    if device == "cpu" and cores() > 1:
        threads, said = _threads(sample, plan, precision)
        told += said
    way = Way(device, threads, precision)
    storable = _storable(plan)
    if not storable:
        return way, told
    if study.activations_gb == 0:
        return way, [*told, "Frozen layers: recomputed in every training, as activations_gb: 0 asks."]
    stored, said = _stored(sample, storable, store, way, study.activations_gb)
    return replace(way, stored=stored), told + said


@dataclass(frozen=True)
class _Sample:
    """A network as the trials of ``plan`` train it, and a batch for it; both hold noise, for only time is measured."""

    plan: Plan
    device: str

    @cached_property
    def network(self) -> Network:
        from frostline.networks.build import build
        from frostline.start import fit_of

        trial = self.plan.entries[0].trial
        return build(trial.network, fit_of(trial, kept=len(trial.surgery)), seed=0).to(self.device)

    def planes(self, count: int) -> Tensor:
        import torch

        from frostline.randomness import torch_stream

        channels, size = self.plan.entries[0].trial.dataset.plane_shape
        planes = torch.rand((count, channels, size, size), generator=torch_stream(0, "probe"))
        return planes.to(self.device)

    def step_seconds(self, threads: int, precision: Precision) -> float:
        """Seconds of a training step of the whole network."""
        from frostline.probe import step_seconds

        return step_seconds(self.network, self.planes(self.plan.entries[0].trial.recipe.batch), threads, precision)


def _precision(sample: _Sample) -> tuple[Precision, list[str]]:
    whole, half = sample.step_seconds(1, "float32"), sample.step_seconds(1, "bfloat16")
    chosen: Precision = "bfloat16" if whole > CLEARLY * half else "float32"
    said = f"a training step takes {_ms(whole)} in float32 and {_ms(half)} in bfloat16"
    return chosen, [f"Precision: {chosen} ({said})."]


def _threads(sample: _Sample, plan: Plan, precision: Precision) -> tuple[int, list[str]]:
    """One thread a trial and a trial a core, or every core for one trial at a time: whichever does more trials."""
    from frostline.probe import cores

    alone, together = sample.step_seconds(1, precision), sample.step_seconds(cores(), precision)
    abreast = min(cores(), max(len(wave) for wave in plan.waves))
    threads = cores() if alone / abreast > CLEARLY * together else 1
    said = f"a training step takes {_ms(alone)} on one thread and {_ms(together)} on {cores()}"
    return threads, [f"Threads: {threads} a trial ({said}; {abreast} trials can run side by side on one each)."]


def _storable(plan: Plan) -> dict[int, list[Trial]]:
    """The trials whose frozen layers always see the same, by how many parts are frozen."""
    found: dict[int, list[Trial]] = defaultdict(list)
    for trial in plan.trials:
        if trial.frozen_depth and trial.augmentation == Augmentation():
            found[trial.frozen_depth].append(trial)
    return dict(sorted(found.items()))


def _stored(
    sample: _Sample, storable: Mapping[int, Sequence[Trial]], store: Store, way: Way, most_gb: float | None
) -> tuple[frozenset[int], list[str]]:
    """The depths whose activations are kept, those first that save the most time a byte, and the reason for each."""
    from frostline.probe import depth_costs, disk_seconds
    from frostline.training.permafrost import CHUNK

    costs = depth_costs(sample.network, sample.planes(CHUNK), max(storable), way.threads, way.precision)
    free = shutil.disk_usage(store.folder).free
    room = most_gb * 1e9 if most_gb is not None else min(MOST_GB * 1e9, PART_OF_FREE * free)
    wanted = []
    for depth, trials in storable.items():
        cost = costs[depth - 1]
        kept = _Kept(depth, cost, disk_seconds(store.folder, cost.size_bytes), _needed(trials, CHUNK))
        wanted.append(kept)
    stored, words, left = set[int](), dict[int, str](), room
    for kept in sorted(wanted, key=lambda kept: kept.saved / kept.size, reverse=True):
        if kept.saved <= 0:
            words[kept.depth] = f"recomputed, for reading takes as long ({kept.said})"
        elif kept.size > left:
            words[kept.depth] = f"recomputed, for {kept.size / 1e9:.3g} GB are not left ({kept.said})"
        else:
            stored.add(kept.depth)
            left -= kept.size
            words[kept.depth] = f"kept on disk ({kept.said})"
    bound = f"at most {room / 1e9:.3g} GB may be used"
    if any("not left" in word for word in words.values()):
        bound += "; activations_gb in the study, or more free room, would change that"
    said = [f"Frozen layers up to depth {depth}: {words[depth]}." for depth in storable]
    return frozenset(stored), [*said, f"What frozen layers give: {bound}."]


@dataclass(frozen=True)
class _Needed:
    """How many pieces are computed at a depth, over all different frozen networks, and how often each is read."""

    pieces: int
    reads: int
    trials: int


@dataclass(frozen=True)
class _Kept:
    """What keeping the activations of a depth costs and saves."""

    depth: int
    cost: Cost
    disk: Disk
    needed: _Needed

    @property
    def size(self) -> float:
        """Bytes on disk."""
        return float(self.needed.pieces * self.cost.size_bytes)

    @property
    def saved(self) -> float:
        """Seconds saved, by a careful count; below 0 where recomputing is no slower."""
        reads, size = self.needed.reads, self.cost.size_bytes
        kept = self.cost.seconds + size * (self.disk.write_s + reads * self.disk.read_s)
        files = OVERHEAD_S * self.needed.trials
        return self.needed.pieces * (reads * self.cost.seconds - CLEARLY * kept) - files

    @property
    def said(self) -> str:
        computing, reading = _ms(self.cost.seconds), _ms(self.cost.size_bytes * self.disk.read_s)
        return f"{computing} an item to compute, {reading} to read, {self.size / 1e9:.3g} GB in all"


def _needed(trials: Sequence[Trial], chunk: int) -> _Needed:
    """What ``trials`` of one depth need, by an upper bound: of each chunk that may hold an item of theirs, all."""
    networks: dict[object, list[Trial]] = defaultdict(list)
    for trial in trials:
        networks[_network(trial)].append(trial)
    pieces = 0
    for alike in networks.values():
        touched = tested = 0
        pools = alike[0].dataset.pools(alike[0].seeds.split)
        whole = sum(pools.train) + sum(pools.validation or ()) + sum(pools.test)
        for trial in {(trial.seeds.split, trial.seeds.share, trial.share): trial for trial in alike}.values():
            held = portion(trial.dataset.pools(trial.seeds.split), trial.share, trial.validation)
            touched += chunk * (sum(held.train) + sum(held.validation))
            tested = sum(pools.test) * len({other.seeds.split for other in alike})
        pieces += min(whole, touched + tested) * alike[0].dataset.segments
    return _Needed(pieces, READS * max(1, len(trials) // len(networks)), len(trials))


def _network(trial: Trial) -> object:
    """What decides the frozen layers of ``trial`` and what they see, as far as trials of one depth differ in it."""
    assert trial.start is not None
    start = trial.start.weights if isinstance(trial.start, WeightsFile) else trial.start.key
    fitted = trial.normalise == "standard" or trial.recipe.norms == "re-estimated"
    return (start, trial.dataset, (trial.seeds.split, trial.seeds.share, trial.share) if fitted else None)


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms"
