"""The gradient of a whole batch, in as many parts as memory asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from frostline.augmentation.batch import Batch
from frostline.errors import BatchTooSmall, OutOfMemory
from frostline.networks.network import Network
from frostline.spec.recipe import Recipe
from frostline.tasks.task import Objective
from frostline.training.evaluate import is_out_of_memory, outputs_of

ALONE = "Expected more than 1 value per channel when training"
"""How torch says that a batch norm has nothing to measure."""


def with_gradient(network: Network, batch: Batch, objective: Objective) -> Tensor:
    """The mean loss over ``batch``; its gradient is added to those of the parameters, as ``backward`` does.

    The batch is worked through in as many parts as the recipe accumulates, each weighted by its items.

    Raises:
        OutOfMemory: a part does not fit in memory.
        BatchTooSmall: a batch norm has to learn from a single number.
    """
    total, recipe = torch.zeros((), device=batch.planes.device), objective.recipe
    with _told(batch, recipe):
        for part in batch.parts(recipe.accumulate):
            outputs = outputs_of(network, part.planes, recipe.computed_in)
            loss = objective.training_loss(outputs, part.targets) * (len(part) / len(batch))
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
    return total


@contextmanager
def _told(batch: Batch, recipe: Recipe) -> Iterator[None]:
    """Tells a lack of memory by the parts that would need less of it, and a batch too small for batch norm."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        if isinstance(error, RuntimeError) and is_out_of_memory(error):
            raise OutOfMemory(_remedy(recipe)) from error
        if ALONE not in str(error):
            raise
        parts = f" in {recipe.accumulate} parts" if recipe.accumulate > 1 else ""
        raise BatchTooSmall(
            f"a batch norm cannot learn from one item: a batch of {len(batch)}{parts} leaves it a single number a "
            "channel; choose a batch (and accumulate) that leaves no item alone, also at the end of a pass, or larger "
            "planes"
        ) from error


def _remedy(recipe: Recipe) -> str:
    """What did not fit, and the parts of half its size."""
    size = -(-recipe.batch // recipe.accumulate)
    parts = f"{recipe.accumulate} part{'s' if recipe.accumulate > 1 else ''}"
    said = f"batch {recipe.batch} in {parts} did not fit in memory"
    if size == 1:
        return f"{said}, though each held a single item; use a smaller network or smaller planes"
    more = min(2 * recipe.accumulate, recipe.batch)
    return f"{said}; accumulate: {more} makes parts of {-(-recipe.batch // more)}"
