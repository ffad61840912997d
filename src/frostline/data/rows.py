"""Rows of tensors that lie in files, read when they are asked for.

| symbol | meaning | shape, type |
|---|---|---|
| file | a tensor mapped from a file, row first | row, and the shape of a row |
| place | which file, and which row of it | 2, int64 |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from frostline.data.moving import moved


@dataclass(frozen=True, eq=False)
class StoredRows:
    """The rows at ``places`` of ``files``, as one tensor of which only what is asked for is in memory.

    ``axes`` is the order in which a row's axes lie in the files: a row of convolutions may lie there channels last, and
    is then given in that memory format. What is given is a copy: whoever changes it changes no file.
    """

    files: tuple[Tensor, ...]
    places: Int64[np.ndarray, "row 2"]
    axes: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.places)

    @property
    def device(self) -> torch.device:
        """Where rows come to: memory of the processor."""
        return torch.device("cpu")

    def __getitem__(self, chosen: Tensor | slice) -> Tensor:
        """The rows at the positions ``chosen``, in that order."""
        places = self.places[chosen.numpy() if isinstance(chosen, Tensor) else chosen]
        numbers = np.unique(places[:, 0])
        if len(numbers) == 1:
            rows: Tensor = self.files[numbers[0]][torch.from_numpy(places[:, 1])]
        else:
            rows = torch.empty((len(places), *self.files[0].shape[1:]), dtype=self.files[0].dtype)
            for number in numbers:
                here = np.flatnonzero(places[:, 0] == number)
                rows[torch.from_numpy(here)] = self.files[number][torch.from_numpy(places[here, 1])]
        ordered: Tensor = rows.permute(self.axes)
        return ordered

    def to(self, device: torch.device) -> Tensor | StoredRows:
        """The same rows on ``device``: all at once on another one, as they lie where it is the processor."""
        return self if device.type == "cpu" else moved(self, device)


class Part(Protocol):
    """Rows that can be asked for by their positions: a tensor, or what is made or read when it is asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, chosen: Tensor, /) -> Tensor: ...


@dataclass(frozen=True, eq=False)
class JoinedRows:
    """The rows of several parts, one part after the other, on the processor, made or read when they are asked for."""

    parts: tuple[Part, ...]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __getitem__(self, chosen: Tensor | slice) -> Tensor:
        """The rows at the positions ``chosen``, in that order."""
        places = torch.arange(len(self))[chosen]
        found: list[Tensor] = []
        order: list[Tensor] = []
        first = 0
        for part in self.parts:
            here = ((places >= first) & (places < first + len(part))).nonzero()[:, 0]
            if len(here):
                found.append(part[places[here] - first])
                order.append(here)
            first += len(part)
        return torch.cat(found)[torch.argsort(torch.cat(order))]

    def to(self, device: torch.device) -> JoinedRows:
        """The same rows, which stay where they lie: each batch of them is moved when it is asked for."""
        return self


Rows = StoredRows | JoinedRows
"""Rows of which only what is asked for is in memory."""
