"""What it costs and what it saves to keep on disk what frozen layers give, counted from a plan.

======  ================================================================================  =====
symbol  meaning                                                                           unit
======  ================================================================================  =====
depth   how many parts of a network, input first, are frozen                              1
piece   one plane of an item; what is kept of it is a row                                 1
chunk   items in a row of the dataset, which are computed and kept together               1
need    pieces and chunks to be kept, by an upper bound; readings of a piece, by a lower  1
======  ================================================================================  =====
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from frostline.spec.augmentation import NOTHING
from frostline.spec.dataset import Dataset
from frostline.spec.plan import Plan
from frostline.spec.portion import Portion, portion
from frostline.spec.recipe import Recipe
from frostline.spec.trial import Trial, WeightsFile

if TYPE_CHECKING:
    from frostline.probe import Cost, Disk

CHUNK_BYTES = 512
"""What a chunk takes on disk beside its rows, at most: the head of a file of its own."""
OVERHEAD_S = 0.02
"""What a trial takes to find what is kept (measured: 5 to 20 ms)."""
CLEARLY = 1.25
"""A choice that moves bits has to be so much faster than what is done without it."""


@lru_cache(maxsize=1024)
def items_held(dataset: Dataset, split_seed: int, share: float, validation: float) -> tuple[int, int]:
    """How many items of a share train and validate."""
    found = portion(dataset.pools(split_seed), share, validation)
    return sum(found.train), sum(found.validation)


def steps_at_least(recipe: Recipe) -> int:
    """How many steps a training takes at least: until its patience can end."""
    assert recipe.steps is not None and isinstance(recipe.validate_every, int)
    if recipe.patience is None:
        return recipe.steps
    return min(recipe.steps, (recipe.patience + 1) * recipe.validate_every)


@dataclass(frozen=True)
class Need:
    """What ``trials`` of one depth need: ``pieces`` in ``chunks`` to keep, at most, and ``reads`` of one, at least."""

    pieces: int
    chunks: int
    reads: float
    trials: int


def needs(plan: Plan) -> dict[int, Need]:
    """What the trials need whose frozen layers always see the same, by how many parts are frozen."""
    found: dict[int, list[Trial]] = defaultdict(list)
    for trial in plan.trials:
        alike = trial.augmentation == NOTHING or trial.augmentation.views is not None
        if trial.frozen_depth and trial.made is None and alike:
            found[trial.frozen_depth].append(trial)
    return {depth: _need(trials) for depth, trials in sorted(found.items())}


def _need(trials: Sequence[Trial]) -> Need:
    from frostline.training.site import CHUNK

    networks: dict[object, list[Trial]] = defaultdict(list)
    portions: dict[tuple[int, float], tuple[Portion, int]] = {}
    for trial in trials:
        networks[_network(trial)].append(trial)
        asked = (trial.seeds.split, trial.share)
        if asked not in portions:
            pools = trial.dataset.pools(trial.seeds.split)
            portions[asked] = portion(pools, trial.share, trial.validation), sum(pools.test)
    items = [part for alike in networks.values() for part in _kept_items(alike, portions, CHUNK)]
    reads = sum(_reads(trial, *portions[trial.seeds.split, trial.share]) for trial in trials)
    segments = trials[0].dataset.segments
    return Need(sum(items) * segments, sum(-(-part // CHUNK) for part in items), reads, len(trials))


def _kept_items(
    alike: Sequence[Trial], portions: Mapping[tuple[int, float], tuple[Portion, int]], chunk: int
) -> list[int]:
    """How many items are kept at most for trials of one frozen network: as they are, and in each view.

    An item is kept with all of its chunk, and test items that are no fold lie in a row. Shares are nested.
    """
    first = alike[0]
    pools = first.dataset.pools(first.seeds.split)
    whole = sum(pools.train) + sum(pools.validation or ()) + sum(pools.test)
    largest: dict[tuple[int, int], float] = {}
    for trial in alike:
        seeds = (trial.seeds.split, trial.seeds.share)
        largest[seeds] = max(trial.share, largest.get(seeds, 0.0))
    held = [portions[split, share][0] for (split, _), share in largest.items()]
    train = chunk * sum(sum(one.train) for one in held)
    validation = chunk * sum(sum(one.validation) for one in held)
    tested = {split: portions[split, share][1] for (split, _), share in largest.items()}
    scattered = first.dataset.has_folds or first.dataset.card.kind != "planes"
    test = chunk * sum(tested.values()) if scattered else max(tested.values()) + chunk
    views = first.augmentation.views or 0
    return [min(whole, train + validation + test), *[min(whole, train)] * views]


def _reads(trial: Trial, held: Portion, tested: int) -> float:
    """How many pieces a trial reads at least: until its patience can end, in its validations and at its end."""
    recipe = trial.recipe
    assert isinstance(recipe.validate_every, int)
    train, steps = sum(held.train) * trial.dataset.segments, steps_at_least(recipe)
    passes = steps / -(-train // recipe.batch)
    validations = -(-steps // recipe.validate_every) * sum(held.validation)
    return (passes + 1) * train + (validations + tested) * trial.dataset.segments


def _network(trial: Trial) -> object:
    """What decides the frozen layers of ``trial`` and what they see, as far as trials of one depth differ in it."""
    assert trial.start is not None
    start = trial.start.weights if isinstance(trial.start, WeightsFile) else trial.start.key
    fitted = trial.normalise == "standard" or trial.recipe.norms == "re-estimated"
    return (start, trial.dataset, (trial.seeds.split, trial.seeds.share, trial.share) if fitted else None)


def parts_in_words(depth: int, layers: Sequence[str]) -> str:
    """The lowest ``depth`` parts of a network of ``layers``, by name: layers alone, or all of them with the readout."""
    if depth > len(layers):
        return f"all {len(layers)} layers with the readout" if len(layers) > 1 else f"{layers[0]} with the readout"
    match layers[:depth]:
        case (one,):
            return one
        case (one, two):
            return f"{one} and {two}"
        case several:
            return f"{several[0]} to {several[-1]}"


@dataclass(frozen=True)
class Kept:
    """What keeping the activations of a depth costs and saves; ``disk`` is None where nothing can be written."""

    depth: int
    cost: Cost
    disk: Disk | None
    need: Need

    @property
    def size(self) -> float:
        """Bytes on disk, at most."""
        return float(self.need.pieces * self.cost.size_bytes + self.need.chunks * CHUNK_BYTES)

    @property
    def reading(self) -> float:
        """Seconds a piece takes to be read."""
        return self.cost.size_bytes * self.disk.read_s if self.disk else math.inf

    @property
    def saved(self) -> float:
        """Seconds saved, by a careful count; below 0 where recomputing is hardly slower."""
        if self.disk is None:
            return -math.inf
        writing = self.cost.seconds + self.cost.size_bytes * self.disk.write_s
        kept = self.need.pieces * writing + self.need.reads * self.reading
        return self.need.reads * self.cost.seconds - CLEARLY * kept - OVERHEAD_S * self.need.trials
