"""The collections of music that people rated in numbers: their facts, readable without opening a file.

DEAM has 1,802 rated songs (744 for development, 1,000 and 58 for evaluation); its parts of the years are no official
split, so that its five folds are dealt here, once and for all, and part no artist where these are known. VGMIDI's 197
rated pieces are dealt by the series of games that they come from.
"""

from __future__ import annotations

from frostline.catalog import DatasetCard
from frostline.spec.folds import card_counts

FOLDS = 5
DEAM_SONGS = 1802
VALENCE_AROUSAL = ("valence", "arousal")

VALUE_CARDS: dict[str, DatasetCard] = {
    "deam": DatasetCard(
        name="deam",
        title="DEAM, music with the valence and arousal that listeners gave it, 30 s of each song",
        class_names=("all",),
        train_counts=(),
        test_counts=(),
        fold_counts=card_counts((DEAM_SONGS,), FOLDS),
        channels=1,
        size=None,
        full_scale=1.0,
        licence="CC BY-NC",
        source="https://cvml.unige.ch/databases/DEAM/ (Aljanaki, Yang and Soleymani 2017)",
        code="frostline.data.deam:deam_listing",
        kind="sounds",
        duration_s=30.0,
        task="values",
        target_names=VALENCE_AROUSAL,
        scale=(1.0, 9.0),
    ),
    "vgmidi_va": DatasetCard(
        name="vgmidi_va",
        title="VGMIDI, 30 s of music of video games with mean valence and arousal; folds that part no series of games",
        class_names=("all",),
        train_counts=(),
        test_counts=(),
        fold_counts=((40,), (38,), (40,), (40,), (39,)),
        channels=1,
        size=None,
        full_scale=1.0,
        licence="unstated by its authors",
        source="https://github.com/lucasnfe/vgmidi (Ferreira and Whitehead 2019), rendered",
        code="frostline.data.vgmidi:vgmidi_listing",
        kind="sounds",
        duration_s=30.0,
        task="values",
        target_names=VALENCE_AROUSAL,
        scale=(-1.0, 1.0),
    ),
}
