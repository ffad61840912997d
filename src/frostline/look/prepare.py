"""Everything that a plan reads, read once before it runs: datasets decoded into the cache, weights found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from frostline.data.read import refuse_many_left_out
from frostline.data.samples import Collection
from frostline.errors import FrostlineError, WeightsFault
from frostline.look.annotation_files import write_annotations
from frostline.look.extents import told_short
from frostline.look.gather import gather, told
from frostline.networks.network import Fit
from frostline.networks.published import locate, refuse_unfit
from frostline.spec.network import NetworkSpec
from frostline.spec.plan import Plan
from frostline.spec.reading import Reading
from frostline.spec.trial import Head, Trial
from frostline.start import fit_of


def prepare(plan: Plan, most_left_out: float, console: Console, folder: Path | None = None) -> Iterator[str]:
    """What there is to say of each dataset and of all weights that ``plan`` reads, each as soon as it is ready.

    Datasets in files are decoded into the cache, others and the weights are fetched where they are not at hand. Weights
    must fit the network that starts from them; of safetensors files only the headers are read for that. Where there is
    a ``folder``, the annotations of tags and values are written into it, and recordings shorter than what is taken of
    each are told.

    Raises:
        FrostlineError: after everything else is ready: what is missing or does not fit, and where more than the part
            ``most_left_out`` of the files had to be left out; all of it at once.
    """
    faults: list[FrostlineError] = []
    for reading in dict.fromkeys(trial.dataset.reading for trial in plan.trials):
        try:
            gathered = gather(reading, console)
            yield told(gathered)
            if isinstance(gathered.whole, Collection):
                if folder is not None:
                    yield from _besides(reading, gathered.whole, folder)
                refuse_many_left_out(str(reading), gathered.whole, most_left_out)
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


def refuse_idle_folder(plan: Plan, folder: Path | None) -> None:
    """Nothing, where there is no ``folder`` or ``plan`` has something to write into it.

    Raises:
        FrostlineError: no dataset of the plan has tags or values.
    """
    if folder is not None and all(trial.dataset.card.task == "classes" for trial in plan.trials):
        raise FrostlineError("--to has no effect, for the study reads no tags and no values to be written; remove it")


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


def _besides(reading: Reading, whole: Collection, folder: Path) -> Iterator[str]:
    """What is told and written of a dataset in files when its user asks for it."""
    if short := told_short(reading, whole):
        yield short
    if reading.card.task != "classes":
        yield "\n  ".join(["annotations:", *map(str, write_annotations(reading, whole, folder))])
