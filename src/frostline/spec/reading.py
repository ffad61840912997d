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
        """The name, and what tells it from other readings of the same dataset."""
        size = f"{self.size} x {self.size}" if self.size else None
        sound = "log-mel " + key_of("spectrogram", self.sound.model_dump(exclude_defaults=True)) if self.sound else None
        tags = self.asked.tags
        chosen = f"{tags.count} tags{', synonyms merged' if tags.merge else ''}" if tags else None
        values = ", ".join(self.asked.values)
        told = [part for part in (self.path, values, chosen, size, sound) if part]
        return f"{self.name} ({', '.join(told)})" if told else self.name
