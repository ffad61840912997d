"""MagnaTagATune: the card that a study file can name, and what is known of it without its files.

Counts are those of the 25,863 clips of the published annotations in their 16 folders (0 to b train, c validates, d to f
test: 18,709, 1,825 and 5,329 clips in the split of Lee, Park, Kim and Nam 2017), less the three of folders 6, 8 and 9
that the archive holds as empty files.
"""

from __future__ import annotations

from frostline.catalog import DatasetCard, TagChoice

TRAIN_FOLDERS = "0123456789ab"
PART_OF = {
    **dict.fromkeys(TRAIN_FOLDERS, "train"),
    "c": "validation",
    **dict.fromkeys("def", "test"),
}
"""The official part of each clip folder."""
EMPTY = (
    "6/norine_braun-now_and_zen-08-gently-117-146.mp3",
    "8/jacob_heringman-josquin_des_prez_lute_settings-19-gintzler__pater_noster-204-233.mp3",
    "9/american_baroque-dances_and_suites_of_rameau_and_couperin-25-le_petit_rien_xiveme_ordre_couperin-88-117.mp3",
)
"""Clips that the published archive holds as files of no bytes."""
PUBLISHED_TAGS = 188
"""So many tag columns the published annotations have."""
TOP_50 = (
    "guitar", "classical", "slow", "techno", "strings", "drums", "electronic", "rock", "fast", "piano", "ambient",
    "beat", "violin", "vocal", "synth", "female", "indian", "opera", "male", "singing", "vocals", "no vocals",
    "harpsichord", "loud", "quiet", "flute", "woman", "male vocal", "no vocal", "pop", "soft", "sitar", "solo", "man",
    "classic", "choir", "voice", "new age", "dance", "male voice", "female vocal", "beats", "harp", "cello",
    "no voice", "weird", "country", "metal", "female voice", "choral",
)  # fmt: skip
"""The most frequent tags of the published annotations, none merged, as every publication on them has them."""

TAG_CARDS: dict[str, DatasetCard] = {
    "magnatagatune": DatasetCard(
        name="magnatagatune",
        title="MagnaTagATune, 29 s of music with the tags that players of a game agreed on",
        class_names=("all",),
        train_counts=(18_706,),
        validation_counts=(1_825,),
        test_counts=(5_329,),
        channels=1,
        size=None,
        full_scale=1.0,
        licence="CC BY-NC-SA 3.0",
        source="https://mirg.city.ac.uk/codeapps/the-magnatagatune-dataset (Law, West, Mandel, Bay and Downie 2009)",
        code="frostline.data.magnatagatune:magnatagatune_listing",
        kind="sounds",
        duration_s=29.0,
        task="tags",
        target_names=TOP_50,
        tag_choice=TagChoice(),
        target_code="frostline.data.magnatagatune_tags:chosen_names",
    ),
}
