"""Augmentation reaches training items, and nothing else."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from frostline.augmentation.apply import augmented, draws_of
from frostline.augmentation.batch import Batch
from frostline.networks.network import Network, state_digest
from frostline.randomness import stream
from frostline.spec.augmentation import Augmentation, Masks, Mixup, Shift, Stripes
from frostline.spec.recipe import Recipe
from frostline.training.batches import orders
from frostline.training.evaluate import logits_of
from frostline.training.fit import Fitted, Lesson, fit
from tests.training.lessons import items, network

SOME = Augmentation(
    flip="horizontal", shift=Shift(largest=0.5), masks=Masks(time=Stripes(count=1, width=3)), mixup=Mixup(alpha=0.3)
)


def trained(augmentation: Augmentation, workers: int = 0, **changes: object) -> Fitted:
    recipe = Recipe.model_validate({"steps": 6, "validate_every": 3, "batch": 16, "optimizer": "sgd"} | changes)
    return fit(network(), Lesson(items(), items(20, 1), workers, augmentation), recipe, 0, "checkpoints")


def test_an_augmentation_that_is_off_trains_bit_for_bit_as_without() -> None:
    recipe = Recipe(steps=6, validate_every=3, batch=16, optimizer="sgd")
    without = fit(network(), Lesson(items(), items(20, 1)), recipe, 0, "best")
    assert state_digest(trained(Augmentation()).network) == state_digest(without.network)
    assert state_digest(trained(SOME).network) != state_digest(without.network)


def test_an_augmented_training_is_the_plain_loop_over_augmented_batches() -> None:
    given, shown, draws = network(), items(), draws_of(0)
    optimizer = torch.optim.SGD(given.parameters(), lr=0.01)
    for chosen in orders(40, 16, 6, stream(0, "batches")):
        batch = augmented(type(shown)(shown.planes[chosen], shown.targets[chosen]), SOME, draws, 3)
        optimizer.zero_grad()
        F.cross_entropy(given(batch.planes), batch.targets, label_smoothing=0.1).backward()
        optimizer.step()
    fitted = trained(SOME, rate=0.01, label_smoothing=0.1)
    assert all(torch.equal(tensor, given.state_dict()[name]) for name, tensor in fitted.states[6].items())


def test_loader_workers_give_equal_augmented_batches() -> None:
    alone, helped = trained(SOME), trained(SOME, workers=2)
    assert state_digest(alone.network) == state_digest(helped.network)
    assert alone.history == helped.history


def test_parts_of_an_augmented_batch_take_the_steps_of_the_whole() -> None:
    whole, divided = trained(SOME), trained(SOME, accumulate=3)
    for name, tensor in whole.states[6].items():
        assert torch.allclose(tensor, divided.states[6][name], atol=1e-6)


def test_augmentation_moves_neither_the_order_of_batches_nor_what_validation_sees() -> None:
    class Witness(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[tuple[bool, Tensor]] = []

        def __deepcopy__(self, memo: object) -> Witness:
            return self

        def forward(self, planes: Tensor) -> Tensor:
            self.seen.append((self.training, planes.clone()))
            return planes

    def seen_with(augmentation: Augmentation) -> list[tuple[bool, Tensor]]:
        witness = Witness()
        given = Network({"witness": witness}, nn.Flatten(), nn.Linear(64, 3))
        recipe = Recipe(steps=6, validate_every=3, batch=16)
        fitted = fit(given, Lesson(items(), items(20, 1), 0, augmentation), recipe, 0, "best")
        logits_of(fitted.network, items(9, 2), "float32")
        return witness.seen

    off, on = seen_with(Augmentation()), seen_with(Augmentation(flip="horizontal"))
    assert [training for training, _ in off] == [training for training, _ in on]
    assert {training for training, _ in on} == {True, False}
    for (training, plain), (_, changed) in zip(off, on, strict=True):
        assert torch.equal(plain, changed) != training
        if training:
            assert all(torch.equal(a, b) or torch.equal(a.flip(2), b) for a, b in zip(plain, changed, strict=True))


@pytest.mark.parametrize(("count", "sizes"), [(1, [5]), (2, [3, 2]), (4, [2, 1, 1, 1]), (9, [1] * 5)])
def test_the_parts_of_a_batch_hold_every_item_once_in_order(count: int, sizes: list[int]) -> None:
    some = items(5)
    parts = list(Batch(some.planes, some.targets).parts(count))
    assert [len(part) for part in parts] == sizes
    assert torch.equal(torch.cat([part.planes for part in parts]), some.planes)
    assert torch.equal(torch.cat([part.targets for part in parts]), some.targets)
