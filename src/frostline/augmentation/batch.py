"""A batch on its way to the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float32, Int64, Shaped
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Batch:
    """Planes with their classes, or with a number for each output: tags, values, weights of classes that sum to 1."""

    planes: Shaped[Tensor, "sample ..."]
    targets: Int64[Tensor, " sample"] | Float32[Tensor, "sample output"]

    def __len__(self) -> int:
        return len(self.targets)

    def parts(self, count: int) -> Iterator[Batch]:
        """This batch in ``count`` parts of nearly equal size, in order; one part an item where items are fewer."""
        count = min(count, len(self))
        planes, targets = torch.tensor_split(self.planes, count), torch.tensor_split(self.targets, count)
        return (Batch(*part) for part in zip(planes, targets, strict=True))
