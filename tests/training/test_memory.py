"""A batch that does not fit in memory is told by the parts that would."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from frostline.errors import BatchTooSmall, OutOfMemory
from frostline.networks.network import Network
from frostline.spec.recipe import Recipe
from frostline.training.evaluate import logits_of
from tests.training.lessons import items, trained


class Hungry(nn.Module):
    """A layer that fails on more items than fit, as torch does."""

    def __init__(self, most: int, error: type[Exception], words: str) -> None:
        super().__init__()
        self.most, self.error, self.words = most, error, words

    def forward(self, planes: Tensor) -> Tensor:
        if len(planes) > self.most:
            raise self.error(self.words)
        return planes


def hungry(most: int, error: type[Exception] = torch.OutOfMemoryError, words: str = "CUDA out of memory.") -> Network:
    return Network({"hungry": Hungry(most, error, words)}, nn.Flatten(), nn.Linear(64, 3))


def recipe(**changes: object) -> Recipe:
    return Recipe.model_validate({"steps": 2, "validate_every": 2, "batch": 32} | changes)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (torch.OutOfMemoryError, "CUDA out of memory. Tried to allocate 20.00 GiB."),
        (RuntimeError, "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory"),
        (RuntimeError, "DefaultCPUAllocator: not enough memory: you tried to allocate 80000000000 bytes."),
        (RuntimeError, "MPS backend out of memory"),
    ],
)
def test_a_batch_that_does_not_fit_names_the_parts_that_would(error: type[Exception], words: str) -> None:
    with pytest.raises(
        OutOfMemory, match=r"^batch 32 in 1 part did not fit in memory; accumulate: 2 makes parts of 16$"
    ):
        trained(recipe(), hungry(20, error, words))


def test_the_remedy_is_told_until_it_fits() -> None:
    with pytest.raises(
        OutOfMemory, match=r"batch 32 in 2 parts did not fit in memory; accumulate: 4 makes parts of 8$"
    ):
        trained(recipe(accumulate=2), hungry(10))
    with pytest.raises(OutOfMemory, match=r"batch 9 in 5 parts did not fit in memory; accumulate: 9 makes parts of 1$"):
        trained(recipe(batch=9, accumulate=5), hungry(1))


def test_a_single_item_that_does_not_fit_needs_another_network() -> None:
    said = "batch 4 in 4 parts did not fit in memory, though each held a single item; use a smaller network"
    with pytest.raises(OutOfMemory, match=said):
        trained(recipe(batch=4, accumulate=4), hungry(0))


def test_a_real_request_for_too_much_memory_is_told_alike() -> None:
    class Enormous(nn.Module):
        def forward(self, planes: Tensor) -> Tensor:
            return planes + torch.empty(2**60)

    given = Network({"enormous": Enormous()}, nn.Flatten(), nn.Linear(64, 3))
    with pytest.raises(OutOfMemory, match=r"batch 32 in 1 part did not fit in memory"):
        trained(recipe(), given)


def test_another_error_of_torch_stays_what_it_is() -> None:
    with pytest.raises(RuntimeError, match=r"mat1 and mat2"):
        trained(recipe(), hungry(2, RuntimeError, "mat1 and mat2 shapes cannot be multiplied"))


def test_an_evaluation_that_does_not_fit_is_done_in_smaller_batches_with_the_same_answers() -> None:
    network, shown = hungry(7), items(40)
    expected = network.head(network.readout(shown.planes))
    assert torch.allclose(logits_of(network, shown, "float32"), expected, atol=1e-6)
    with pytest.raises(OutOfMemory, match=r"^a single item did not fit in memory for its evaluation; use a smaller"):
        logits_of(hungry(0), shown, "float32")


@pytest.mark.parametrize(
    ("changes", "said"), [({"batch": 39}, "of 1 leaves"), ({"accumulate": 32}, "of 32 in 32 parts")]
)
def test_a_batch_norm_with_a_single_item_is_told_with_the_remedy(changes: dict[str, object], said: str) -> None:
    pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(1))
    network = Network({"pooled": pooled}, nn.Flatten(), nn.Linear(1, 3))
    with pytest.raises(BatchTooSmall, match=rf"cannot learn from one item: a batch {said}.*choose a batch"):
        trained(recipe(**changes), network)
