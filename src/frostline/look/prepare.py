"""Everything that a plan reads, read once before it runs: datasets decoded into the cache, weights found."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console

from frostline.data.read import refuse_many_left_out
from frostline.data.samples import Collection
from frostline.errors import FrostlineError
from frostline.look.gather import gather, told
from frostline.networks.published import locate
from frostline.networks.weights import read_weights
from frostline.spec.plan import Plan
from frostline.spec.reading import Reading
from frostline.spec.trial import WeightsFile


def prepare(plan: Plan, most_left_out: float, console: Console) -> Iterator[str]:
    """What there is to say of each dataset and of all weights that ``plan`` reads, each as soon as it is ready.

    Datasets in files are decoded into the cache, others and the weights are fetched where they are not at hand.

    Raises:
        FrostlineError: after everything else is ready: what is missing, and where more than the part ``most_left_out``
            of the files had to be left out; all of it at once.
    """
    faults: list[FrostlineError] = []
    for reading in dict.fromkeys(trial.dataset.reading for trial in plan.trials):
        try:
            yield from _dataset(reading, most_left_out, console)
        except FrostlineError as fault:
            faults.append(fault)
    starts = (trial.start for trial in plan.trials)
    for ref in dict.fromkeys(start.weights for start in starts if isinstance(start, WeightsFile)):
        try:
            path = locate(ref)
            read_weights(path)
            yield f"weights {ref}\n  in {path}"
        except FrostlineError as fault:
            faults.append(fault)
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise FrostlineError("\n".join(map(str, faults)))


def _dataset(reading: Reading, most_left_out: float, console: Console) -> Iterator[str]:
    gathered = gather(reading, console)
    yield told(gathered)
    if isinstance(gathered.whole, Collection):
        refuse_many_left_out(str(reading), gathered.whole, most_left_out)
