"""A scoring is named by its content, is read without numpy, and is refused where it cannot be carried out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from frostline.catalog import load_code
from frostline.spec import base
from frostline.spec.dataset import Dataset
from frostline.spec.scoring import Scoring, ScoringSeeds, score_cards
from frostline.spec.surgery import Surgery
from frostline.spec.trial import Matched, RandomStart, WeightsFile
from tests.data.test_own import manifest
from tests.scoring.examples import CNN, DIGITS, SOUNDS, scoring
from tests.spec.examples import CNN as OTHER_CNN
from tests.spec.examples import pretraining
from tests.trials import small_study

GOLDEN = Path(__file__).with_name("keys.json")
FILE = WeightsFile(weights="donor.safetensors")
DONOR = pretraining(network=CNN, surgery=Surgery.parse("r3"))
SCORINGS = {
    "of an untrained network": scoring(),
    "of another one": scoring(start=RandomStart(seed=1)),
    "of a trial": scoring(start=DONOR),
    "of a trial, its head": scoring(start=DONOR, scores=("nce", "leep")),
    "of weights": scoring(start=FILE),
    "of matched weights": scoring(start=Matched(start=FILE, seed=0)),
    "more scores": scoring(scores=("ward", "neighbours", "cka-layers")),
    "unpooled": scoring(features="unpooled"),
    "before the nonlinearity": scoring(nonlinearity="before"),
    "two states": scoring(scores=("cka-states",), start=FILE, against=DONOR),
    "a tenth": scoring(share=0.1, seeds=ScoringSeeds(share=1)),
    "few items": scoring(items=100),
    "sounds": scoring(dataset=SOUNDS, normalise="standard", validation=0.2),
}


def test_scorings_keep_the_keys_under_which_their_scores_are_stored() -> None:
    got = {"NUMERICS": base.NUMERICS, **{name: one.key for name, one in SCORINGS.items()}}
    assert got == json.loads(GOLDEN.read_text()), (
        "keys moved, so that stored scores would not be found again. Give a new field a default that means 'as "
        "before'; if the mathematics changed, raise NUMERICS in spec/base.py and renew tests/scoring/keys.json"
    )


def test_no_two_different_scorings_share_a_key() -> None:
    assert len({one.key for one in SCORINGS.values()} | {DONOR.key}) == len(SCORINGS) + 1


@pytest.mark.parametrize("name", SCORINGS)
def test_a_scoring_reads_back_from_json_as_itself(name: str) -> None:
    one = SCORINGS[name]
    back = Scoring.model_validate_json(one.model_dump_json(exclude_defaults=True))
    assert (back, back.key) == (one, one.key)


def test_scores_in_another_order_are_the_same_scoring() -> None:
    one, other = scoring(scores=("logme", "ward")), scoring(scores=("ward", "logme"))
    assert (one, one.key) == (other, other.key)
    assert [card.name for card in one.cards] == ["ward", "logme"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scores": ("wart", "neighbour")}, "no score is called 'wart'; did you mean 'ward'?; known: average-linkage"),
        ({"scores": ("wart", "neighbour")}, "no score is called 'neighbour'; did you mean 'neighbours'?"),
        ({"scores": ("ward", "ward")}, "each score once (got ward, ward)"),
        ({"scores": ()}, "at least 1 item"),
        ({"scores": ("nce", "leep")}, "nce, leep: only a start that is a trial has a head that learned classes"),
        ({"scores": ("cka-states",)}, "cka-states: two states are compared; against, the second one, is missing"),
        ({"against": FILE}, "against has no effect without a score of two states; remove it, or add cka-states"),
        ({"network": OTHER_CNN, "start": DONOR}, "start has another network; layers are scored in their own"),
        ({"dataset": SOUNDS, "start": DONOR}, "start saw planes of other channels or size"),
        (
            {"start": pretraining(network=CNN, surgery=Surgery.parse("r2x1"))},
            "start (r2x1) has not all layers of the network; score one that removes none",
        ),
        (
            {"scores": ("cka-states",), "against": pretraining()},
            "against has another network; layers are scored in their own",
        ),
        ({"items": 1}, "greater than or equal to 2"),
        ({"share": 0.0}, "greater than 0"),
    ],
)
def test_a_scoring_that_cannot_be_carried_out_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        scoring(**changes)
    assert message in str(caught.value)


def test_a_card_names_code_that_exists() -> None:
    for name, card in score_cards().items():
        assert card.name == name and callable(load_code(card.code)) and card.figures


def test_scorings_and_cards_are_read_without_numpy_torch_and_scikit_learn() -> None:
    code = (
        "import sys; from frostline.spec.scoring import score_cards; score_cards(); "
        "print(sorted({'numpy', 'torch', 'scipy', 'sklearn', 'pandas'} & sys.modules.keys()))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_the_dataset_of_a_scoring_says_its_classes() -> None:
    assert scoring().dataset.class_names == DIGITS.class_names == ("5", "6", "7")


def tags(folder: Path) -> Dataset:
    """A dataset of images that have tags instead of a class."""
    rows = [
        {"path": f"{part}-{number}.png", "labels": ("loud", "soft loud")[number % 2], "split": part}
        for part in ("train", "test")
        for number in range(4)
    ]
    return Dataset(name="manifest", path=str(manifest(folder, rows)), channels=1, size=8)


def test_what_has_no_classes_cannot_be_scored_and_a_head_of_tags_knows_none(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="every score needs one class an item, and manifest holds tags"):
        scoring(dataset=tags(tmp_path))
    tagger = pretraining(network=CNN, dataset=tags(tmp_path), surgery=Surgery.parse("r3"))
    with pytest.raises(ValidationError, match="leep: the head of the start learned tags, and no classes"):
        scoring(start=tagger, scores=("leep",))
    assert scoring(start=tagger).scores == ("neighbours",)
    with pytest.raises(ValidationError, match="scores: every score needs one class an item, and manifest holds tags"):
        small_study(dataset=tags(tmp_path), scores={"names": ("ward",)})
