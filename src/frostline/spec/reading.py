"""What decides the samples that reading a dataset gives."""

from __future__ import annotations

from dataclasses import dataclass

from frostline.catalog import NOTHING_ASKED, Asked, DatasetCard, dataset_card
from frostline.spec.base import key_of
from frostline.spec.spectrogram import Spectrogram


@dataclass(frozen=True)
class Reading:
    """What decides the samples that reading a dataset gives; equal readings give equal samples.

    ``size`` is that of pictures in files, and None elsewhere: planes are fitted later. ``asked`` is what is wanted of
    the columns of a manifest, and which tags are chosen.
    """

    name: str
    path: str | None = None
    sound: Spectrogram | None = None
    size: int | None = None
    asked: Asked = NOTHING_ASKED

    @property
    def card(self) -> DatasetCard:
        """The facts of the dataset."""
        return dataset_card(self.name, self.path, self.asked)

    def __str__(self) -> str:
        """The name, and what tells it from every other reading of the same dataset."""
        size = f"{self.size} x {self.size}" if self.size else None
        sound = "log-mel " + key_of("spectrogram", self.sound.model_dump(exclude_defaults=True)) if self.sound else None
        told = [part for part in (self.path, *_told(self.asked), size, sound) if part]
        return f"{self.name} ({', '.join(told)})" if told else self.name


def _told(asked: Asked) -> list[str]:
    """All that is ``asked``, but for what is as ever: two that differ are told in different words."""
    told = [", ".join(asked.values)]
    if asked.scale is not None:
        told.append(f"scale {asked.scale[0]!r} to {asked.scale[1]!r}")
    told += [f"{name} called {found}" for name, found in asked.columns]
    if asked.files:
        told.append(f"files in {asked.files}")
    if asked.tags is not None:
        told.append(f"{asked.tags.count} tags{', synonyms merged' if asked.tags.merge else ''}")
    return told
