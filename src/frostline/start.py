"""What a trial starts from or a scoring is of: weights of a trial or of others, drawn for a control, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from frostline.catalog import OWN_DATA
from frostline.data.leaks import refuse_overlap
from frostline.data.splits import Splits
from frostline.networks.build import build
from frostline.networks.matched import matched
from frostline.networks.network import Fit, Network, state_digest
from frostline.networks.published import load_published, locate
from frostline.networks.weights import UNUSED_TENSORS, load_into, read_weights
from frostline.randomness import stream_seed
from frostline.shelf import Shelf
from frostline.spec.dataset import Dataset
from frostline.spec.network import NetworkSpec, Timm
from frostline.spec.scoring import Scoring
from frostline.spec.trial import Head, Matched, RandomStart, Trial, WeightsFile
from frostline.spec.trial import Start as Begin

Kind = Literal["none", "self-pretrained", "published", "random", "matched"]
OWN: Kind = "self-pretrained"


@dataclass(frozen=True)
class Start:
    """The network that a trial starts from, where its weights came from, and what was not taken as it is."""

    donor: Network | None
    kind: Kind
    told: tuple[str, ...] = ()

    @property
    def digest(self) -> str | None:
        """The digest of the donor's weights."""
        return None if self.donor is None else state_digest(self.donor)


def refuse_tested_starts(splits: Splits, trial: Trial | Scoring, shelf: Shelf) -> None:
    """Nothing, where no ancestor of ``trial`` has learned from an item, a file or a group of its test part.

    Files are told by their content, for the names of one's own data say nothing about data elsewhere; ids count where
    they mean the same everywhere, or where no contents were kept. Groups count where the names of both datasets mean
    the same; where the split of ``trial`` parts groups by choice, each of its items is a group by itself.

    Raises:
        LeakFound: names the ancestor and the first such item, file or group.
    """
    test = splits.test
    for ancestor in trial.ancestors:
        learned, told = shelf.learned(ancestor.key), f"what its start {ancestor.key} learned from"
        both_have_files = test.contents is not None and learned.contents is not None
        if not both_have_files or not (_is_own(trial.dataset) or _is_own(ancestor.dataset)):
            refuse_overlap(told, "the test part", learned.ids, test.ids, "item")
        if test.contents is not None and learned.contents is not None:
            seen = test.ids[np.isin(test.contents, learned.contents)]
            refuse_overlap(told, "the test part", seen, test.ids, "file")
        if learned.groups is not None and _name_groups_alike(trial.dataset, ancestor.dataset):
            names = _several(learned.ids, learned.groups), _several(test.ids, test.groups)
            refuse_overlap(told, "the test part", *names, "group")


def _is_own(dataset: Dataset) -> bool:
    return dataset.name in OWN_DATA


def _name_groups_alike(target: Dataset, other: Dataset) -> bool:
    """Whether a group of ``target`` and one called the same in ``other`` are the same."""
    kin = {target.name, *target.card.also_in} & {other.name, *other.card.also_in}
    return bool(kin) or (_is_own(target) and _is_own(other))


def _several(ids: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The groups that are more than an item by itself, which is called by its own id."""
    return np.asarray(groups[groups != ids])


@dataclass(frozen=True)
class _Form:
    """What a donor has to be like: its network, what that must fit, and what will become of its head."""

    network: NetworkSpec
    fit: Fit
    head: Head


def start_of(trial: Trial, shelf: Shelf) -> Start:
    """The donor of ``trial``: the best weights of the trial it starts from, published or drawn ones; none for scratch.

    Raises:
        WeightsFault: the weights are missing, damaged, unsafe to open or do not fit.
    """
    if trial.start is None:
        return Start(None, "none")
    form = _Form(trial.network, fit_of(trial, kept=len(trial.surgery)), trial.head)
    chain = (trial, *trial.ancestors)
    # A chain from scratch has learned from nothing but its target. Where a head is replaced on the way, one network was
    # the start of another.
    alone = all(link.dataset == trial.dataset and link.share == trial.share for link in chain)
    kept = alone and all(link.head == "kept" for link in chain[:-1])
    donor, told = _donor(trial.start, form, shelf)
    return Start(donor, _kind([link.start for link in chain], "none" if kept else OWN), told)


def second_state(scoring: Scoring, shelf: Shelf) -> Network:
    """The network that ``scoring`` holds its start against.

    Raises:
        WeightsFault: the weights are missing, damaged, unsafe to open or do not fit.
    """
    assert scoring.against is not None
    return _donor(scoring.against, _form_of(scoring), shelf)[0]


def start_of_scoring(scoring: Scoring, shelf: Shelf) -> Start:
    """The network whose layers ``scoring`` scores, whole and with the head that it has, as transfers start from it.

    Raises:
        WeightsFault: the weights are missing, damaged, unsafe to open or do not fit.
    """
    donor, told = _donor(scoring.start, _form_of(scoring), shelf)
    return Start(donor, _kind([scoring.start, *(link.start for link in scoring.ancestors)], OWN), told)


def _form_of(scoring: Scoring) -> _Form:
    dataset = scoring.dataset
    fit = Fit(dataset.plane_shape[0], dataset.extent, dataset.outputs, len(scoring.network.layer_names))
    return _Form(scoring.network, fit, "new")


def _donor(start: Begin, form: _Form, shelf: Shelf) -> tuple[Network, tuple[str, ...]]:
    """The network with the weights of ``start``, and what of these was not taken as it is."""
    match start:
        case RandomStart(seed=seed):
            donor = build(form.network, form.fit, stream_seed(seed, "weights", "untrained"))
            return donor, (f"untrained weights, drawn as a fresh network has them (seed {seed})",)
        case Matched(start=like, seed=seed):
            donor, told = _donor(like, form, shelf)
            drawn = (
                "fresh weights, each parameter drawn by the normal law with the mean and deviation that it has in the "
                f"start, running means and variances of norms in another order (seed {seed})"
            )
            return matched(donor, seed), (*told, drawn)
        case WeightsFile(weights=ref):
            return _published(form, ref)
        case Trial():
            path, donor = shelf.weights_path(start.key), build(start.network, fit_of(start), seed=0)
            load_into(donor, read_weights(path), path)
            return donor, ()


def fit_of(trial: Trial, kept: int | None = None) -> Fit:
    """What a network for ``trial`` must fit; ``kept`` layers instead of those that its surgery leaves."""
    dataset = trial.dataset
    return Fit(dataset.plane_shape[0], dataset.extent, dataset.outputs, trial.surgery.kept if kept is None else kept)


def _kind(starts: Sequence[Begin | None], trained: Kind) -> Kind:
    """Where the weights at the root of a chain of ``starts``, nearest first, came from; ``trained`` if from scratch."""
    if any(isinstance(start, Matched) for start in starts):
        return "matched"
    match starts[-1]:
        case RandomStart() | WeightsFile(origin="random"):
            return "random"
        case WeightsFile():
            return "published"
    return trained


def _published(form: _Form, ref: str) -> tuple[Network, tuple[str, ...]]:
    """A network of that form with the weights ``ref``; the head stays unused where it will be new."""
    if isinstance(form.network, Timm):
        # timm takes seconds to import, and plain networks do without.
        from frostline.networks.timm_networks import disassemble, timm_model

        model = timm_model(form.network, form.fit)
        told = load_published(ref, model, "kept" if form.head == "kept" else "new")
        return disassemble(model), told
    donor, path = build(form.network, form.fit, seed=0), locate(ref)
    load_into(donor, read_weights(path), path, unused=UNUSED_TENSORS[form.head])
    return donor, ()
