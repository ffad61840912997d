"""Everything that a plan reads, read once before it runs: datasets decoded into the cache, weights found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console

from frostline.data.read import refuse_many_left_out
from frostline.data.samples import Collection
from frostline.errors import FrostlineError, WeightsFault
from frostline.look.gather import gather, told
from frostline.networks.network import Fit
from frostline.networks.published import locate, refuse_unfit
from frostline.spec.network import NetworkSpec
from frostline.spec.plan import Plan
from frostline.spec.reading import Reading
from frostline.spec.trial import Head, Trial
from frostline.start import fit_of


def prepare(plan: Plan, most_left_out: float, console: Console) -> Iterator[str]:
    """What there is to say of each dataset and of all weights that ``plan`` reads, each as soon as it is ready.

    Datasets in files are decoded into the cache, others and the weights are fetched where they are not at hand. Weights
    must fit the network that starts from them; of safetensors files only the headers are read for that.

    Raises:
        FrostlineError: after everything else is ready: what is missing or does not fit, and where more than the part
            ``most_left_out`` of the files had to be left out; all of it at once.
    """
    faults: list[FrostlineError] = []
    for reading in dict.fromkeys(trial.dataset.reading for trial in plan.trials):
        try:
            yield from _dataset(reading, most_left_out, console)
        except FrostlineError as fault:
            faults.append(fault)
    for wanted in dict.fromkeys(wanted for trial in plan.trials if (wanted := _wanted(trial)) is not None):
        try:
            refuse_unfit(wanted.weights, wanted.network, wanted.fit, wanted.head)
            yield f"weights {wanted.weights}\n  in {locate(wanted.weights)}"
        except FrostlineError as fault:
            faults.append(WeightsFault(f"source.weights: {fault}"))
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise FrostlineError("\n".join(map(str, faults)))


@dataclass(frozen=True)
class _Wanted:
    """Published weights, and the network that is to start from them."""

    weights: str
    network: NetworkSpec
    fit: Fit
    head: Head


def _wanted(trial: Trial) -> _Wanted | None:
    """What ``trial`` wants of published weights; None where it does not start from such."""
    if trial.published is None:
        return None
    return _Wanted(trial.published.weights, trial.network, fit_of(trial, kept=len(trial.surgery)), trial.head)


def _dataset(reading: Reading, most_left_out: float, console: Console) -> Iterator[str]:
    gathered = gather(reading, console)
    yield told(gathered)
    if isinstance(gathered.whole, Collection):
        refuse_many_left_out(str(reading), gathered.whole, most_left_out)
