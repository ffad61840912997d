"""Tensors on their way to a device: to a CUDA device through pinned memory, without waiting, two parts at a time.

| symbol | meaning | shape, unit |
|---|---|---|
| part | rows that travel together, in memory of the processor | row, and the shape of a row |
| pinned | memory that a device reads by itself, while the processor prepares the next part | |
| under way | parts that the device may not have read yet | part |
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import torch
from torch import Tensor

BUFFERS = 2
"""How many parts are under way at most: one that the device reads, and one that the processor prepares."""
PART_BYTES = 32_000_000
"""How large the parts are of what is moved as a whole; what is pinned can be no more than twice that."""
ROOM = 0.5
"""The part of a device's free memory that what is moved as a whole may take: the rest is for training."""


class Rows(Protocol):
    """A tensor, or rows that lie in files."""

    def __len__(self) -> int: ...

    def __getitem__(self, chosen: slice) -> Tensor: ...


def fits(rows: Rows, device: torch.device) -> bool:
    """Whether ``device`` has room for all of ``rows`` beside a training; only a CUDA device says how much it has."""
    if device.type != "cuda" or _is_there(rows):
        return True
    idle = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # left by the training before
    return len(rows) * rows[:1].nbytes <= ROOM * (torch.cuda.mem_get_info(device)[0] + idle)


def moved(rows: Rows, device: torch.device) -> Tensor:
    """All of ``rows`` on ``device``, bit for bit and in the same order of memory; as they are where they are there."""
    if device.type == "cuda" and not _is_there(rows):
        return whole(rows, device)
    return (rows if isinstance(rows, Tensor) else rows[: len(rows)]).to(device)


def whole(rows: Rows, device: torch.device) -> Tensor:
    """A copy of ``rows`` on ``device``, moved part by part."""
    made = _room_for(rows, device)
    count = max(1, PART_BYTES // max(1, rows[:1].nbytes))
    starts = range(0, len(rows), count)
    for start, (part,) in zip(starts, staged(((rows[s : s + count],) for s in starts), device), strict=True):
        made[start : start + len(part)] = part
    return made


def each(parts: Iterable[tuple[Tensor, ...]], device: torch.device) -> Iterator[tuple[Tensor, ...]]:
    """Every one of ``parts`` on ``device``, in order; as it is where it is there."""
    if device.type == "cuda":
        return staged(parts, device)
    return (tuple(one.to(device) for one in part) for part in parts)


def staged(parts: Iterable[tuple[Tensor, ...]], device: torch.device) -> Iterator[tuple[Tensor, ...]]:
    """Every one of ``parts`` on ``device``, in order, of which no more than ``BUFFERS`` are under way at a time.

    Pinned memory is torch's own, which is used again once the device has read it. Without a CUDA device nothing is
    pinned and there is nothing to wait for; all else is the same.
    """
    under_way: deque[Callable[[], None]] = deque()
    for part in parts:
        if any(one.is_cuda for one in part):
            yield tuple(one.to(device) for one in part)
            continue
        if len(under_way) == BUFFERS:
            under_way.popleft()()
        sent = tuple(pinned(one).to(device, non_blocking=True) for one in part)
        under_way.append(_arrival(device))
        yield sent


def pinned(part: Tensor) -> Tensor:
    """``part`` in pinned memory, in the same order of memory; as it is where there is no CUDA device to read it."""
    return part.pin_memory() if torch.cuda.is_available() else part


def _arrival(device: torch.device) -> Callable[[], None]:
    """What waits until ``device`` has read all that was sent to it so far."""
    if device.type != "cuda":
        return lambda: None
    event: torch.cuda.Event = torch.cuda.current_stream(device).record_event()
    return lambda: event.synchronize()


def _is_there(rows: Rows) -> bool:
    return isinstance(rows, Tensor) and rows.is_cuda


def _room_for(rows: Rows, device: torch.device) -> Tensor:
    """An empty tensor on ``device`` for all of ``rows``, in their order of memory where row lies after row."""
    few = rows[:2]
    strides, shape = torch.empty_like(few).stride(), (len(rows), *few.shape[1:])
    if strides[0] != few.shape[1:].numel():
        return torch.empty(shape, dtype=few.dtype, device=device)
    return torch.empty_strided(shape, strides, dtype=few.dtype, device=device)
