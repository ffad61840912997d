"""Caltech-101 and Caltech-256: how many photographs each class holds, and the cards that a study file can name.

Counts are those of the published archives: 8,677 photographs in 101 classes and 467 of background, 29,780 in 256
classes and 827 of clutter. Neither collection has official parts, so that its five folds are dealt here, once and for
all; ``split: stratified`` deals others with each turn.
"""

from __future__ import annotations

from collections.abc import Mapping

from frostline.catalog import DatasetCard
from frostline.spec.folds import card_counts

FOLDS = 5
SUBSET_COUNT = 30
BACKGROUND, BACKGROUND_COUNT = "BACKGROUND_Google", 467
CLUTTER, CLUTTER_COUNT = "clutter", 827
CALTECH101_COUNTS: Mapping[str, int] = {
    "Faces": 435, "Faces_easy": 435, "Leopards": 200, "Motorbikes": 798, "accordion": 55, "airplanes": 800,
    "anchor": 42, "ant": 42, "barrel": 47, "bass": 54, "beaver": 46, "binocular": 33, "bonsai": 128, "brain": 98,
    "brontosaurus": 43, "buddha": 85, "butterfly": 91, "camera": 50, "cannon": 43, "car_side": 123, "ceiling_fan": 47,
    "cellphone": 59, "chair": 62, "chandelier": 107, "cougar_body": 47, "cougar_face": 69, "crab": 73, "crayfish": 70,
    "crocodile": 50, "crocodile_head": 51, "cup": 57, "dalmatian": 67, "dollar_bill": 52, "dolphin": 65,
    "dragonfly": 68, "electric_guitar": 75, "elephant": 64, "emu": 53, "euphonium": 64, "ewer": 85, "ferry": 67,
    "flamingo": 67, "flamingo_head": 45, "garfield": 34, "gerenuk": 34, "gramophone": 51, "grand_piano": 99,
    "hawksbill": 100, "headphone": 42, "hedgehog": 54, "helicopter": 88, "ibis": 80, "inline_skate": 31,
    "joshua_tree": 64, "kangaroo": 86, "ketch": 114, "lamp": 61, "laptop": 81, "llama": 78, "lobster": 41,
    "lotus": 66, "mandolin": 43, "mayfly": 40, "menorah": 87, "metronome": 32, "minaret": 76, "nautilus": 55,
    "octopus": 35, "okapi": 39, "pagoda": 47, "panda": 38, "pigeon": 45, "pizza": 53, "platypus": 34, "pyramid": 57,
    "revolver": 82, "rhino": 59, "rooster": 49, "saxophone": 40, "schooner": 63, "scissors": 39, "scorpion": 84,
    "sea_horse": 57, "snoopy": 35, "soccer_ball": 64, "stapler": 45, "starfish": 86, "stegosaurus": 59,
    "stop_sign": 64, "strawberry": 35, "sunflower": 85, "tick": 49, "trilobite": 86, "umbrella": 75, "watch": 239,
    "water_lilly": 37, "wheelchair": 59, "wild_cat": 34, "windsor_chair": 56, "wrench": 39, "yin_yang": 60,
}  # fmt: skip
CALTECH256_COUNTS: Mapping[str, int] = {
    "ak47": 98, "american-flag": 97, "backpack": 151, "baseball-bat": 127, "baseball-glove": 148,
    "basketball-hoop": 90, "bat": 106, "bathtub": 232, "bear": 102, "beer-mug": 94, "billiards": 278,
    "binoculars": 216, "birdbath": 98, "blimp": 86, "bonsai-101": 122, "boom-box": 91, "bowling-ball": 104,
    "bowling-pin": 101, "boxing-glove": 124, "brain-101": 83, "breadmaker": 142, "buddha-101": 97, "bulldozer": 110,
    "butterfly": 112, "cactus": 114, "cake": 106, "calculator": 100, "camel": 110, "cannon": 103, "canoe": 104,
    "car-tire": 90, "cartman": 101, "cd": 102, "centipede": 100, "cereal-box": 87, "chandelier-101": 106,
    "chess-board": 120, "chimp": 110, "chopsticks": 85, "cockroach": 124, "coffee-mug": 87, "coffin": 87, "coin": 124,
    "comet": 121, "computer-keyboard": 85, "computer-monitor": 133, "computer-mouse": 94, "conch": 103,
    "cormorant": 106, "covered-wagon": 97, "cowboy-hat": 114, "crab-101": 85, "desk-globe": 82, "diamond-ring": 118,
    "dice": 98, "dog": 102, "dolphin-101": 106, "doorknob": 93, "drinking-straw": 83, "duck": 87, "dumb-bell": 102,
    "eiffel-tower": 83, "electric-guitar-101": 122, "elephant-101": 131, "elk": 101, "ewer-101": 83, "eyeglasses": 83,
    "fern": 110, "fighter-jet": 99, "fire-extinguisher": 84, "fire-hydrant": 99, "fire-truck": 118, "fireworks": 100,
    "flashlight": 115, "floppy-disk": 83, "football-helmet": 84, "french-horn": 92, "fried-egg": 90, "frisbee": 99,
    "frog": 116, "frying-pan": 95, "galaxy": 81, "gas-pump": 95, "giraffe": 84, "goat": 112, "golden-gate-bridge": 80,
    "goldfish": 93, "golf-ball": 98, "goose": 110, "gorilla": 212, "grand-piano-101": 95, "grapes": 201,
    "grasshopper": 112, "guitar-pick": 104, "hamburger": 86, "hammock": 285, "harmonica": 89, "harp": 100,
    "harpsichord": 80, "hawksbill-101": 93, "head-phones": 138, "helicopter-101": 88, "hibiscus": 111,
    "homer-simpson": 97, "horse": 270, "horseshoe-crab": 87, "hot-air-balloon": 89, "hot-dog": 85, "hot-tub": 156,
    "hourglass": 85, "house-fly": 84, "human-skeleton": 84, "hummingbird": 116, "ibis-101": 120, "ice-cream-cone": 88,
    "iguana": 107, "ipod": 121, "iris": 108, "jesus-christ": 87, "joy-stick": 130, "kangaroo-101": 82, "kayak": 103,
    "ketch-101": 111, "killer-whale": 91, "knife": 101, "ladder": 242, "laptop-101": 128, "lathe": 105,
    "leopards-101": 190, "license-plate": 91, "lightbulb": 92, "light-house": 190, "lightning": 136, "llama-101": 119,
    "mailbox": 93, "mandolin": 93, "mars": 156, "mattress": 192, "megaphone": 86, "menorah-101": 89,
    "microscope": 117, "microwave": 107, "minaret": 130, "minotaur": 82, "motorbikes-101": 798, "mountain-bike": 82,
    "mushroom": 202, "mussels": 174, "necktie": 103, "octopus": 111, "ostrich": 109, "owl": 120, "palm-pilot": 93,
    "palm-tree": 103, "paperclip": 92, "paper-shredder": 96, "pci-card": 105, "penguin": 149, "people": 209,
    "pez-dispenser": 83, "photocopier": 103, "picnic-table": 91, "playing-card": 90, "porcupine": 101, "pram": 88,
    "praying-mantis": 92, "pyramid": 86, "raccoon": 140, "radio-telescope": 92, "rainbow": 102, "refrigerator": 84,
    "revolver-101": 99, "rifle": 106, "rotary-phone": 84, "roulette-wheel": 83, "saddle": 110, "saturn": 96,
    "school-bus": 98, "scorpion-101": 80, "screwdriver": 102, "segway": 100, "self-propelled-lawn-mower": 120,
    "sextant": 100, "sheet-music": 84, "skateboard": 103, "skunk": 81, "skyscraper": 95, "smokestack": 88,
    "snail": 119, "snake": 112, "sneaker": 111, "snowmobile": 112, "soccer-ball": 174, "socks": 112, "soda-can": 87,
    "spaghetti": 104, "speed-boat": 100, "spider": 108, "spoon": 105, "stained-glass": 100, "starfish-101": 81,
    "steering-wheel": 97, "stirrups": 91, "sunflower-101": 80, "superman": 87, "sushi": 98, "swan": 115,
    "swiss-army-knife": 109, "sword": 102, "syringe": 111, "tambourine": 95, "teapot": 136, "teddy-bear": 101,
    "teepee": 139, "telephone-box": 84, "tennis-ball": 98, "tennis-court": 105, "tennis-racket": 81, "theodolite": 84,
    "toaster": 94, "tomato": 103, "tombstone": 91, "top-hat": 80, "touring-bike": 110, "tower-pisa": 90,
    "traffic-light": 99, "treadmill": 147, "triceratops": 95, "tricycle": 95, "trilobite-101": 94, "tripod": 112,
    "t-shirt": 358, "tuning-fork": 100, "tweezer": 122, "umbrella-101": 114, "unicorn": 97, "vcr": 90,
    "video-projector": 97, "washing-machine": 84, "watch-101": 201, "waterfall": 95, "watermelon": 93,
    "welding-mask": 90, "wheelbarrow": 91, "windmill": 91, "wine-bottle": 101, "xylophone": 92, "yarmulke": 84,
    "yo-yo": 100, "zebra": 96, "airplanes-101": 800, "car-side-101": 116, "faces-easy-101": 435, "greyhound": 95,
    "tennis-shoes": 103, "toad": 108,
}  # fmt: skip
"""In the order of their numbers, from 1."""
SOURCE_101 = "https://data.caltech.edu/records/mzrjq-6wc02 (Fei-Fei, Fergus and Perona 2004)"
SOURCE_256 = "https://data.caltech.edu/records/nyy15-4j048 (Griffin, Holub and Perona 2007)"


def _card(name: str, title: str, counts: Mapping[str, int], source: str, also_in: tuple[str, ...] = ()) -> DatasetCard:
    return DatasetCard(
        name=name,
        title=title,
        class_names=tuple(counts),
        train_counts=(),
        test_counts=(),
        fold_counts=card_counts(tuple(counts.values()), FOLDS),
        channels=3,
        size=None,
        full_scale=255.0,
        licence="unstated by its authors" if name == "caltech101_30" else "CC BY 4.0",
        source=source,
        code=f"frostline.data.caltech:{name}_listing",
        kind="images",
        also_in=also_in,
    )


CALTECH_CARDS: dict[str, DatasetCard] = {
    "caltech101": _card(
        "caltech101", "Caltech-101 photographs of objects, without the background class", CALTECH101_COUNTS, SOURCE_101
    ),
    "caltech101_background": _card(
        "caltech101_background",
        "Caltech-101 photographs of objects, and the background class",
        {**CALTECH101_COUNTS, BACKGROUND: BACKGROUND_COUNT},
        SOURCE_101,
        ("caltech101",),
    ),
    "caltech101_30": _card(
        "caltech101_30",
        "30 photographs of each class of Caltech-101, for trying things out",
        dict.fromkeys(CALTECH101_COUNTS, SUBSET_COUNT),
        "after Fei-Fei, Fergus and Perona 2004, scaled down to 160 pixels",
    ),
    "caltech256": _card(
        "caltech256", "Caltech-256 photographs of objects, without the clutter class", CALTECH256_COUNTS, SOURCE_256
    ),
    "caltech256_clutter": _card(
        "caltech256_clutter",
        "Caltech-256 photographs of objects, and the clutter class",
        {**CALTECH256_COUNTS, CLUTTER: CLUTTER_COUNT},
        SOURCE_256,
        ("caltech256",),
    ),
}
