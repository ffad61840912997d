"""What training sees: of the data, and of the network, whose frozen parts may be computed apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from frostline.augmentation.judging import fidelity_path, judged, keep_fidelity
from frostline.augmentation.shown import beside
from frostline.augmentation.synthesize import synthesized
from frostline.data.ground import ground_of
from frostline.data.planes import Items, Preprocessing
from frostline.data.samples import Collection, Corpus, Samples
from frostline.data.splits import Splits
from frostline.environment import machine
from frostline.job import Job
from frostline.networks.network import Network, above, frozen_depth
from frostline.operate import Given
from frostline.outcome import Frozen
from frostline.spec.augmentation import NOTHING
from frostline.spec.recipe import Precision
from frostline.spec.trial import Trial, WeightsFile
from frostline.training.permafrost import Permafrost, digests_of
from frostline.training.site import Site
from frostline.training.views import in_views, planes_in_view

ACTIVATIONS = "activations"
"""The folder, in that of the study, for what frozen layers give."""


@dataclass(frozen=True)
class Material:
    """The data of a trial: all of it, how it is split, and how samples become planes."""

    whole: Corpus | Collection
    splits: Splits
    prepare: Preprocessing


@dataclass(frozen=True)
class Seen:
    """What training sees of a network: its part above ``depth`` parts that are computed apart, and what it reads.

    ``shown`` is what it learns from, in several views where the trial asks for them.
    """

    network: Network
    depth: int
    items: Callable[[Samples], Items]
    shown: Callable[[Samples], Items]
    frozen: Frozen


def seen_by(job: Job, material: Material, network: Network) -> Seen:
    """The whole of ``network`` over planes, or its upper part over what its frozen parts give, where that is kept."""
    trial, prepare = job.trial, material.prepare
    depth, views = min(frozen_depth(network), trial.frozen_depth), trial.augmentation.views
    ground = ground_of(material.whole, trial.dataset.class_indices)
    name = machine(job.way.device)
    site = Site(job.folder / ACTIVATIONS, ground, prepare, job.recipe.computed_in, trial.augmentation, machine=name)
    unlike = (trial.augmentation != NOTHING and views is None) or trial.made is not None
    if depth not in job.way.stored or unlike:
        drawn = prepare if views is None else partial(in_views, site, items_of=planes_in_view)
        return Seen(network, 0, prepare, drawn, "recomputed" if depth else "none")

    digests = digests_of(network, depth)

    def given(site: Site, samples: Samples) -> Items:
        return Permafrost(site, network, depth, trial.network, digests).items(samples)

    items = partial(given, site)
    shown = items if views is None else partial(in_views, site, items_of=given)
    return Seen(above(network, depth), depth, items, shown, "stored")


def shown_to(job: Job, material: Material, real: Items, donor: Network | None) -> Items:
    """What training is shown: the ``real`` items, and the synthetic ones of its share where the trial has such.

    Whoever comes first with a ``donor`` that has not learned from the target measures with it how near they come to
    real ones, once for all trials.
    """
    synthesis, splits, device = job.trial.made, material.splits, torch.device(job.way.device)
    if synthesis is None:
        return real
    made = synthesized(synthesis, splits, job.folder, device)
    judges = isinstance(job.trial.start, WeightsFile) or _learned_elsewhere(job.trial)
    if donor is not None and judges and not fidelity_path(job.folder, synthesis).exists():
        found = judged(made, splits, material.prepare, donor, device)
        if found is not None:
            keep_fidelity(job.folder, synthesis, found)
    return beside(real, made, material.prepare)


def _learned_elsewhere(trial: Trial) -> bool:
    """Whether ``trial`` starts from a training on another dataset."""
    return isinstance(trial.start, Trial) and trial.start.dataset != trial.dataset


def given_in_place_of(seen: Seen, probe: Samples, precision: Precision) -> Given | None:
    """What training was given in place of ``probe``, where frozen parts are computed apart."""
    return Given(seen.depth, seen.items(probe).planes[:], precision) if seen.depth else None
