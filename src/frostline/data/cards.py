"""The datasets that a study file can name: their facts, readable without opening a file."""

from __future__ import annotations

from frostline.catalog import DatasetCard
from frostline.data.caltech_cards import CALTECH_CARDS
from frostline.data.image_cards import IMAGE_CARDS
from frostline.data.magnatagatune_cards import TAG_CARDS
from frostline.data.sound_cards import DIGITS, ESC10_CLASSES, ESC50_CLASSES, GENRES, GTZAN_FOLDS, SOUND_CARDS
from frostline.data.value_cards import VALUE_CARDS

__all__ = ["CARDS", "DIGITS", "ESC10_CLASSES", "ESC50_CLASSES", "GENRES", "GTZAN_FOLDS"]

CARDS: dict[str, DatasetCard] = {**IMAGE_CARDS, **CALTECH_CARDS, **SOUND_CARDS, **TAG_CARDS, **VALUE_CARDS}
