"""The collections of sounds that a study file can name: their facts, readable without opening a file."""

from __future__ import annotations

from frostline.catalog import DatasetCard

DIGITS = tuple(str(digit) for digit in range(10))
GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
GTZAN_FOLDS = (
    (15, 20, 20, 20, 20, 17, 20, 19, 36, 19),
    (23, 20, 20, 20, 20, 28, 20, 19, 18, 19),
    (23, 20, 20, 20, 20, 16, 20, 24, 15, 20),
    (17, 20, 20, 20, 20, 19, 20, 19, 16, 20),
    (22, 20, 20, 20, 20, 19, 20, 19, 15, 22),
)
ESC50_CLASSES = (
    "dog", "rooster", "pig", "cow", "frog", "cat", "hen", "insects", "sheep", "crow",
    "rain", "sea_waves", "crackling_fire", "crickets", "chirping_birds", "water_drops", "wind", "pouring_water",
    "toilet_flush", "thunderstorm", "crying_baby", "sneezing", "clapping", "breathing", "coughing", "footsteps",
    "laughing", "brushing_teeth", "snoring", "drinking_sipping", "door_wood_knock", "mouse_click", "keyboard_typing",
    "door_wood_creaks", "can_opening", "washing_machine", "vacuum_cleaner", "clock_alarm", "clock_tick",
    "glass_breaking", "helicopter", "chainsaw", "siren", "car_horn", "engine", "train", "church_bells", "airplane",
    "fireworks", "hand_saw",
)  # fmt: skip
ESC10_CLASSES = (
    "dog", "rooster", "rain", "sea_waves", "crackling_fire", "crying_baby", "sneezing", "clock_tick", "helicopter",
    "chainsaw",
)  # fmt: skip

SOUND_CARDS: dict[str, DatasetCard] = {
    "esc10": DatasetCard(
        name="esc10",
        title="ESC-10, environmental sounds of 5 s in ten classes",
        class_names=ESC10_CLASSES,
        train_counts=(),
        test_counts=(),
        fold_counts=((8,) * 10,) * 5,
        channels=1,
        size=None,
        full_scale=1.0,
        licence="CC BY 3.0, a licence a clip",
        source="https://github.com/karolpiczak/ESC-50 (Piczak 2015)",
        code="frostline.data.recordings:esc10_listing",
        kind="sounds",
        duration_s=5.0,
        also_in=("esc50",),
    ),
    "esc50": DatasetCard(
        name="esc50",
        title="ESC-50, environmental sounds of 5 s in fifty classes",
        class_names=ESC50_CLASSES,
        train_counts=(),
        test_counts=(),
        fold_counts=((8,) * 50,) * 5,
        channels=1,
        size=None,
        full_scale=1.0,
        licence="CC BY-NC 3.0",
        source="https://github.com/karolpiczak/ESC-50 (Piczak 2015)",
        code="frostline.data.recordings:esc50_listing",
        kind="sounds",
        duration_s=5.0,
    ),
    "fsdd": DatasetCard(
        name="fsdd",
        title="Free Spoken Digit Dataset: ten digits, six speakers, a fold a speaker",
        class_names=DIGITS,
        train_counts=(),
        test_counts=(),
        fold_counts=((50,) * 10,) * 6,
        channels=1,
        size=None,
        full_scale=1.0,
        licence="CC BY-SA 4.0",
        source="https://github.com/Jakobovski/free-spoken-digit-dataset",
        code="frostline.data.recordings:fsdd_listing",
        kind="sounds",
        duration_s=0.6,
    ),
    "gtzan": DatasetCard(
        name="gtzan",
        title="GTZAN, 30 s of music in ten genres; folds that part no artist",
        class_names=GENRES,
        train_counts=(),
        test_counts=(),
        fold_counts=GTZAN_FOLDS,
        channels=1,
        size=None,
        full_scale=1.0,
        licence="unstated by its author",
        source="Tzanetakis and Cook 2002; artists: Sturm 2012",
        code="frostline.data.recordings:gtzan_listing",
        kind="sounds",
        duration_s=30.0,
    ),
}
