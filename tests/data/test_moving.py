"""What is moved to a device arrives bit for bit, and no more of it is under way than a machine has buffers for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from frostline.data import moving
from frostline.data.moving import BUFFERS, each, fits, moved, pinned, staged, whole
from frostline.data.planes import Items
from frostline.data.rows import StoredRows
from frostline.networks.network import state_digest
from frostline.spec.augmentation import Augmentation
from frostline.spec.recipe import Recipe
from frostline.training.evaluate import logits_of
from frostline.training.fit import Fitted, Lesson, fit
from tests.training.lessons import items, network

CPU = torch.device("cpu")
CUDA = torch.device("cuda")
GPU_PLACES = [CPU, pytest.param(CUDA, marks=pytest.mark.gpu)]
"""Everything that moves is tried without a device, by the same steps, and on one where there is one."""


def rows(count: int = 7) -> Tensor:
    return torch.rand(count, 3, 4, 4, generator=torch.Generator().manual_seed(0))


def stored(given: Tensor) -> StoredRows:
    """``given``, channels last in two files, of which the rows lie one here and one there."""
    lying = given.permute(0, 2, 3, 1).contiguous()
    places = [(number % 2, number // 2) for number in range(len(given))]
    return StoredRows(
        (lying[::2].contiguous(), lying[1::2].contiguous()), np.array(places).reshape(-1, 2), (0, 3, 1, 2)
    )


GIVEN = {
    "as they are made": rows(),
    "channels last": rows().contiguous(memory_format=torch.channels_last),
    "a part of others": rows(20)[3:10],
    "of one channel": rows()[:, :1],
    "column first": rows().transpose(0, 1).contiguous().transpose(0, 1),
    "whole numbers": torch.arange(7),
    "bytes": (rows() * 255).to(torch.uint8),
    "half": rows().bfloat16(),
    "one": rows(1),
    "none": rows(0),
}


@pytest.mark.parametrize("device", GPU_PLACES)
@pytest.mark.parametrize("part_bytes", [1, 400, 10**6])
@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN.keys())
def test_all_rows_arrive_bit_for_bit_and_in_their_order_of_memory(
    given: Tensor, part_bytes: int, device: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "PART_BYTES", part_bytes)
    arrived = whole(given, device)
    assert arrived.device.type == device.type
    assert arrived.dtype == given.dtype
    assert torch.equal(arrived.cpu(), given)
    if given is not GIVEN["column first"]:
        assert arrived.stride() == torch.empty_like(given).stride()


@pytest.mark.parametrize("device", GPU_PLACES)
def test_rows_in_files_arrive_as_those_in_memory_do(device: torch.device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "PART_BYTES", 400)
    arrived = whole(stored(rows()), device)
    assert torch.equal(arrived.cpu(), rows())
    assert arrived.is_contiguous(memory_format=torch.channels_last)


def test_what_is_moved_is_a_copy_in_parts_no_larger_than_the_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    given, sent = rows(), list[int]()
    monkeypatch.setattr(moving, "PART_BYTES", 2 * given[:1].nbytes)
    monkeypatch.setattr(moving, "pinned", lambda part: sent.append(len(part)) or part)
    arrived = whole(given, CPU)
    assert sent == [2, 2, 2, 1]
    assert arrived.data_ptr() != given.data_ptr()


def test_what_is_there_already_is_not_moved() -> None:
    given = rows()
    assert moved(given, CPU) is given
    assert next(each([(given,)], CPU))[0] is given
    lot = Items(given, torch.zeros(7, dtype=torch.int64)).to(CPU)
    assert lot.planes is given
    assert torch.equal(moved(stored(given), CPU), given)


def test_without_a_device_nothing_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    given = rows()
    assert pinned(given) is given


def test_no_more_parts_are_under_way_than_there_are_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    told, waiting = list[str](), deque[int]()

    def parts() -> Iterator[tuple[Tensor]]:
        for number in range(5):
            told.append(f"read {number}")
            yield (torch.tensor([number]),)

    def arrival(_: object) -> Callable[[], None]:
        waiting.append(len(waiting))
        number = waiting[-1]
        return lambda: told.append(f"wait for {number}")

    monkeypatch.setattr(moving, "_arrival", arrival)
    assert [int(part) for (part,) in staged(parts(), CPU)] == list(range(5))
    assert BUFFERS == 2
    assert told == ["read 0", "read 1", "read 2", "wait for 0", "read 3", "wait for 1", "read 4", "wait for 2"]


def trained(device: torch.device, train: Items) -> Fitted:
    lesson = Lesson(train, items(20, 1))
    return fit(network().to(device), lesson, Recipe(steps=6, validate_every=3, batch=16), 0, "best")


@pytest.mark.parametrize("device", GPU_PLACES)
def test_a_training_whose_items_do_not_fit_on_its_device_moves_each_batch_and_learns_the_same(
    device: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = trained(device, items())
    answers = logits_of(expected.network, items(), "float32")
    for module in ("fit", "evaluate"):
        monkeypatch.setattr(f"frostline.training.{module}.each", staged)
    monkeypatch.setattr("frostline.training.fit.fits", lambda *_: False)
    by_batches = trained(device, items())
    assert state_digest(by_batches.network) == state_digest(expected.network)
    assert by_batches.history == expected.history
    assert torch.equal(logits_of(by_batches.network, items(), "float32"), answers)


def test_mixed_tags_stay_tags_on_their_way() -> None:
    tags = Items(items().planes, F.one_hot(items().targets, 3).float(), task="tags")
    mixing = Augmentation.model_validate({"mixup": {"alpha": 0.5}})
    lesson = Lesson(tags, tags, augmentation=mixing)
    assert fit(network(), lesson, Recipe(steps=2, validate_every=2, batch=16), 0, "best").steps == 2


class Homeless(Items):
    """Items that no device has room for, as torch tells it."""

    def to(self, device: torch.device) -> Items:
        raise RuntimeError("MPS backend out of memory")


def test_items_that_turn_out_not_to_fit_are_moved_batch_by_batch() -> None:
    shown = items()
    assert trained(CPU, Homeless(shown.planes, shown.targets)).history == trained(CPU, shown).history


def test_another_error_of_a_move_stays_what_it_is() -> None:
    class Broken(Items):
        def to(self, device: torch.device) -> Items:
            raise RuntimeError("device is gone")

    shown = items()
    with pytest.raises(RuntimeError, match="device is gone"):
        trained(CPU, Broken(shown.planes, shown.targets))


@pytest.mark.parametrize(
    ("free", "idle", "fit_in"),
    [(14, 0, False), (2688, 0, True), (2687, 0, False), (2000, 688, True), (2000, 687, False)],
)
def test_all_items_are_moved_at_once_where_they_take_no_more_than_half_of_what_is_free(
    free: int, idle: int, fit_in: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free, 10**9))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 100 + idle)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 100)
    assert len(rows()) * rows()[0].nbytes == 1344
    assert fits(rows(), CUDA) is fit_in
    assert fits(stored(rows()), CUDA) is fit_in
    assert fits(rows(), CPU)


@pytest.mark.gpu
def test_a_device_is_sent_to_from_pinned_memory() -> None:
    assert pinned(rows()).is_pinned()
    assert pinned(rows().contiguous(memory_format=torch.channels_last)).is_contiguous(memory_format=torch.channels_last)
