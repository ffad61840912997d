"""The gradient of a whole batch, in as many parts as memory asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from frostline.augmentation.batch import Batch
from frostline.errors import OutOfMemory
from frostline.networks.network import Network
from frostline.spec.recipe import Recipe
from frostline.tasks import classes
from frostline.training.evaluate import outputs_of

FULL = ("out of memory", "not enough memory", "can't allocate memory")


def with_gradient(network: Network, batch: Batch, recipe: Recipe) -> Tensor:
    """The mean loss over ``batch``; its gradient is added to those of the parameters, as ``backward`` does.

    The batch is worked through in ``recipe.accumulate`` parts, each weighted by its items.

    Raises:
        OutOfMemory: a part does not fit in memory.
    """
    total = torch.zeros((), device=batch.planes.device)
    with _memory_told(batch, recipe):
        for part in batch.parts(recipe.accumulate):
            outputs = outputs_of(network, part.planes, recipe.precision)
            loss = classes.loss(outputs, part.targets, recipe.label_smoothing) * (len(part) / len(batch))
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
    return total


@contextmanager
def _memory_told(batch: Batch, recipe: Recipe) -> Iterator[None]:
    """Tells a lack of memory by the parts that would need less of it."""
    try:
        yield
    except RuntimeError as error:
        if not (isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in FULL)):
            raise
        raise OutOfMemory(_remedy(recipe)) from error


def _remedy(recipe: Recipe) -> str:
    """What did not fit, and the parts of half its size."""
    size = -(-recipe.batch // recipe.accumulate)
    parts = f"{recipe.accumulate} part{'s' if recipe.accumulate > 1 else ''}"
    said = f"batch {recipe.batch} in {parts} did not fit in memory"
    if size == 1:
        return f"{said}, though each held a single item; use a smaller network or smaller planes"
    more = min(2 * recipe.accumulate, recipe.batch)
    return f"{said}; accumulate: {more} makes parts of {-(-recipe.batch // more)}"
