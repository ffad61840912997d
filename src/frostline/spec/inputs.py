"""What a study leaves to its published weights, in numbers: the epsilon of norms and the statistics of inputs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from frostline.errors import UnknownName, WeightsFault
from frostline.spec.network import NetworkSpec, Timm
from frostline.spec.published import (
    DATA_PREFIX,
    Statistics,
    facts_of,
    reference_kind,
    refuse_other_architecture,
    statistics_of,
)
from frostline.spec.study import Study
from frostline.spec.trial import Normalisation, WeightsFile


@dataclass(frozen=True)
class Inputs:
    """The network of every trial of a study, and how its planes are normalised, both without anything left open."""

    network: NetworkSpec
    normalise: Normalisation | Statistics


def inputs_of(study: Study) -> Inputs:
    """The network with the epsilon that the published weights were trained with, and the statistics they expect.

    Raises:
        UnknownName, WeightsFault: as ``spec.published.facts_of`` and ``statistics_of``.
    """
    normalise = _statistics(study) if study.normalise == "pretrained" else study.normalise
    assert normalise is not None, "refused by unfit_statistics"
    network = study.network
    if isinstance(study.source, WeightsFile) and isinstance(network, Timm) and network.has_layer_norms:
        epsilon = facts_of(study.source.weights).norm_epsilon
        network = network.model_copy(update={"norm_epsilon": epsilon}) if epsilon is not None else network
    return Inputs(network, normalise)


def unfit_inputs(study: Study) -> list[str]:
    """Every reason why the published weights, or what the study says of its inputs, cannot be used together.

    Told from names and, where a plan needs the folder of the weights anyway, from its JSON files. A file of weights is
    looked for where it is to say how planes are normalised: a study that has been run can be planned without it.
    """
    unknown = _unknown_weights(study)
    return [unknown] if unknown else [*_missing_file(study), *unfit_statistics(study), *unfit_epsilon(study)]


def _unknown_weights(study: Study) -> str | None:
    """Why nothing is known of the published weights, or that they are those of another network."""
    source, network = study.source, study.network
    if not isinstance(source, WeightsFile):
        return None
    needed = isinstance(network, Timm) and (study.normalise == "pretrained" or network.has_layer_norms)
    own = network.model if isinstance(network, Timm) else network.name
    if reference_kind(source.weights) == "folder" and not needed:
        return None
    try:
        refuse_other_architecture(source.weights, facts_of(source.weights), own)
    except (UnknownName, WeightsFault) as fault:
        return f"source.weights: {fault}"
    return None


def _missing_file(study: Study) -> list[str]:
    source = study.source
    if study.normalise != "pretrained" or not isinstance(source, WeightsFile):
        return []
    path = Path(source.weights)
    lies_with_data = source.weights.startswith(DATA_PREFIX)
    if reference_kind(source.weights) != "file" or lies_with_data or path.is_file():
        return []
    where = "" if path.is_absolute() else f" below {Path.cwd()}"
    return [f"source.weights: {path}: there is no such file{where}; name one that is there"]


def unfit_epsilon(study: Study) -> list[str]:
    """A reason where the norms of layers that are kept would have another epsilon than those of fresh layers.

    Raises:
        UnknownName, WeightsFault: as ``spec.published.facts_of``.
    """
    network = study.network
    if not isinstance(study.source, WeightsFile) or not isinstance(network, Timm) or network.norm_epsilon is None:
        return []
    trained = facts_of(study.source.weights).norm_epsilon
    if trained in (None, network.norm_epsilon):
        return []
    said = f"network.norm_epsilon: is {network.norm_epsilon:g}, and the weights of {study.source.weights} were trained"
    return [f"{said} with epsilon {trained:g}; remove network.norm_epsilon"]


def unfit_statistics(study: Study) -> list[str]:
    """A reason where the numbers that normalise are unknown, or those of another number of channels."""
    given = _statistics(study) if study.normalise == "pretrained" else study.normalise
    if isinstance(given, Statistics):
        found, channels = len(given.mean), study.dataset.plane_shape[0]
        said = f"normalise: statistics of {found} channels do not fit planes of {channels}; set the dataset's channels"
        return [] if channels in (1, found) else [said]
    if given is not None:
        return []
    return [
        "normalise: pretrained needs to know what the weights expect of their inputs, and nothing says it of these; "
        "write normalise: {mean: [...], deviation: [...]}, a number a channel, for inputs from 0 to 1"
    ]


def _statistics(study: Study) -> Statistics | None:
    if isinstance(study.source, WeightsFile) and isinstance(study.network, Timm):
        return statistics_of(study.source.weights, study.network.model)
    return None
