"""From raw planes to what a network sees: scaled, fitted in channels and size, normalised.

| symbol | meaning | shape, unit |
|---|---|---|
| raw | planes as the file stores them | sample channel row column, 0 to ``full_scale`` |
| seen | planes as the network sees them | sample channel' row' column', float32 |
| mean, deviation | statistics of the training items | channel' |
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float32, Int64, Shaped
from torch import Tensor

from frostline.catalog import dataset_card
from frostline.data.samples import Samples
from frostline.spec.trial import Dataset, Normalisation


@dataclass(frozen=True, eq=False)
class Items:
    """Planes and targets as training reads them, on one device."""

    planes: Float32[Tensor, "sample channel row column"]
    targets: Int64[Tensor, " sample"]

    def __len__(self) -> int:
        return len(self.targets)

    def to(self, device: torch.device) -> Items:
        """The same items on ``device``."""
        return Items(self.planes.to(device), self.targets.to(device))


@dataclass(frozen=True, eq=False)
class Preprocessing:
    """One value that prepares planes alike for training, validation, test and prediction."""

    dataset: Dataset
    normalise: Normalisation
    mean: Float32[Tensor, " channel"]
    deviation: Float32[Tensor, " channel"]

    def __call__(self, samples: Samples) -> Items:
        """``samples`` as the network sees them."""
        planes = fitted(samples.planes, self.dataset)
        if self.normalise == "standard":
            planes = planes.sub_(self.mean[:, None, None]).div_(self.deviation[:, None, None])
        return Items(planes, samples.targets)


def preprocessing(dataset: Dataset, normalise: Normalisation, train: Samples) -> Preprocessing:
    """The preprocessing of ``dataset``; with ``standard`` its mean and deviation are those of ``train``, per channel.

    A channel that is constant in ``train`` keeps its scale.
    """
    channels = dataset.plane_shape[0]
    if normalise == "unit":
        return Preprocessing(dataset, normalise, torch.zeros(channels), torch.ones(channels))
    planes = fitted(train.planes, dataset)
    deviation = planes.std(dim=(0, 2, 3), correction=0)
    return Preprocessing(dataset, normalise, planes.mean(dim=(0, 2, 3)), torch.where(deviation > 0, deviation, 1.0))


def fitted(raw: Shaped[Tensor, "sample channel row column"], dataset: Dataset) -> Float32[Tensor, "sample c r r"]:
    """``raw`` from 0 to 1, with the channels and the size that ``dataset`` states."""
    planes = raw.to(torch.float32, copy=True).div_(dataset_card(dataset.name).full_scale)
    if dataset.channels == 1:
        planes = planes.mean(dim=1, keepdim=True)
    elif dataset.channels is not None:
        planes = planes.repeat(1, dataset.channels, 1, 1)
    if dataset.size is None:
        return planes
    if dataset.resize == "interpolate":
        size = (dataset.size, dataset.size)
        return F.interpolate(planes, size=size, mode="bilinear", antialias=True, align_corners=False)
    margin = dataset.size - planes.shape[-1]
    before, after = margin // 2, margin - margin // 2
    return F.pad(planes, (before, after, before, after))
