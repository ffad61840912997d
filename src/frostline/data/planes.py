"""From raw planes to what a network sees: scaled, fitted in channels and size, normalised.

| symbol | meaning | shape, unit |
|---|---|---|
| raw | planes as the file stores them: 0 to ``full_scale``, or levels of a spectrogram | sample channel row column |
| piece | one plane of a sample: a sound has one for each of its segments | piece channel row column |
| seen | planes as the network sees them | piece channel' row' column', float32 |
| mean, deviation | statistics that pieces are normalised with | channel' |
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float32, Int64, Shaped
from torch import Tensor

from frostline.catalog import Task
from frostline.data.moving import moved
from frostline.data.rows import Rows
from frostline.data.samples import Samples
from frostline.spec.dataset import Dataset
from frostline.spec.published import Statistics
from frostline.spec.trial import Normalisation

ROUNDING = 1e-5
"""Scaling moves the values of a constant plane apart by less than this part of them (measured: 8e-7)."""


@dataclass(frozen=True, eq=False)
class Items:
    """Planes and targets as training reads them, on one device; ``pieces`` planes in a row are one sample.

    Where frozen layers are computed once, ``planes`` holds what they give instead, in whatever shape that is.
    ``task`` says what the targets are.
    """

    planes: Shaped[Tensor, "piece ..."] | Rows
    targets: Int64[Tensor, " piece"] | Float32[Tensor, "piece output"]
    pieces: int = 1
    task: Task = "classes"

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def sample_targets(self) -> Int64[Tensor, " sample"] | Float32[Tensor, "sample output"]:
        """The target of each sample."""
        return self.targets[:: self.pieces]

    def to(self, device: torch.device) -> Items:
        """The same items on ``device``."""
        planes = moved(self.planes, device) if isinstance(self.planes, Tensor) else self.planes.to(device)
        return Items(planes, moved(self.targets, device), self.pieces, self.task)


def of_pieces(targets: Shaped[Tensor, "sample ..."], pieces: int) -> Shaped[Tensor, "piece ..."]:
    """The target of each piece: that of its sample, of which each has so many ``pieces`` in a row."""
    return targets.repeat_interleave(pieces, dim=0)


@dataclass(frozen=True, eq=False)
class Preprocessing:
    """One value that prepares planes alike for training, validation, test and prediction."""

    dataset: Dataset
    mean: Float32[Tensor, " channel"]
    deviation: Float32[Tensor, " channel"]

    def __call__(self, samples: Samples) -> Items:
        """``samples`` as the network sees them."""
        pieces = self.dataset.segments
        return Items(self.planes(samples), of_pieces(samples.targets, pieces), pieces, self.dataset.task)

    def planes(self, samples: Samples) -> Float32[Tensor, "piece channel row column"]:
        """The planes alone of ``samples``, as the network sees them."""
        planes = fitted(samples.planes, self.dataset)
        if bool((self.mean != 0).any() or (self.deviation != 1).any()):
            planes = planes.sub_(self.mean[:, None, None]).div_(self.deviation[:, None, None])
        return planes


def preprocessing(dataset: Dataset, normalise: Normalisation | Statistics, train: Samples) -> Preprocessing:
    """The preprocessing of ``dataset``: as it is (``unit``), by mean and deviation of ``train``, or by those given.

    A channel that is constant in ``train`` keeps its scale. Given statistics of several channels are averaged for
    planes of one.

    Raises:
        ValueError: the given statistics are of another number of channels.
    """
    channels = dataset.plane_shape[0]
    if isinstance(normalise, Statistics):
        mean, deviation = (_of_channels(values, channels) for values in (normalise.mean, normalise.deviation))
        return Preprocessing(dataset, mean, deviation)
    if normalise != "standard":
        return Preprocessing(dataset, torch.zeros(channels), torch.ones(channels))
    planes = fitted(train.planes, dataset)
    deviation = planes.std(dim=(0, 2, 3), correction=0)
    return Preprocessing(dataset, planes.mean(dim=(0, 2, 3)), torch.where(deviation > 0, deviation, 1.0))


def fitted(raw: Shaped[Tensor, "sample channel row column"], dataset: Dataset) -> Float32[Tensor, "piece c r col"]:
    """``raw`` from 0 to 1, with the channels and the size that ``dataset`` states.

    Sound is scaled to the size first, and then each piece so that its lowest level is 0 and its highest 1.
    """
    if dataset.card.kind == "sounds":
        planes = _least_to_most(_scaled(raw.to(torch.float32).flatten(0, 1)[:, None], dataset))
    else:
        planes = raw.to(torch.float32, copy=True).div_(dataset.card.full_scale)
    if dataset.channels == 1:
        planes = planes.mean(dim=1, keepdim=True)
    elif dataset.channels is not None:
        planes = planes.repeat(1, dataset.channels, 1, 1)
    if dataset.size is None or dataset.card.kind != "planes":
        return planes
    if dataset.resize == "interpolate":
        return _scaled(planes, dataset)
    margin = dataset.plane_shape[1] - planes.shape[-1]
    before, after = margin // 2, margin - margin // 2
    return F.pad(planes, (before, after, before, after))


def _scaled(planes: Tensor, dataset: Dataset) -> Tensor:
    _, rows, columns = dataset.plane_shape
    return F.interpolate(planes, size=(rows, columns), mode="bilinear", antialias=True, align_corners=False)


def _least_to_most(planes: Tensor) -> Tensor:
    """Each plane from 0 to 1; one without any difference, but for what scaling rounds, is 0 throughout."""
    low, high = planes.amin(dim=(1, 2, 3), keepdim=True), planes.amax(dim=(1, 2, 3), keepdim=True)
    span = high - low
    return (planes - low) / torch.where(span > ROUNDING * torch.maximum(low.abs(), high.abs()), span, torch.inf)


def _of_channels(values: tuple[float, ...], channels: int) -> Tensor:
    if len(values) == channels:
        return torch.tensor(values)
    if channels == 1:
        return torch.tensor([sum(values) / len(values)])
    raise ValueError(f"statistics of {len(values)} channels do not fit planes of {channels}")
