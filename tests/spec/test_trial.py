from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from frostline.spec import base
from frostline.spec.augmentation import Augmentation
from frostline.spec.base import Value
from frostline.spec.dataset import Dataset
from frostline.spec.network import Mlp, PlainCnn, Timm
from frostline.spec.published import Statistics
from frostline.spec.recipe import Recipe
from frostline.spec.spectrogram import Spectrogram
from frostline.spec.study import Study
from frostline.spec.surgery import Surgery
from frostline.spec.synthesis import AdversarialRecipe, Forging, GeneratorSizes
from frostline.spec.trial import Matched, RandomStart, Seeds, Trial, WeightsFile
from tests.spec.examples import CNN, GOLDEN, MLP, NEW_DIGITS, OLD_DIGITS, STEPS, pretraining, transfer

HIDDEN = PlainCnn(name="plain_cnn", depth=4, channels=8, hidden=16)
FILE = WeightsFile(weights="donor.safetensors")
TRIALS = {
    "pretraining": pretraining(),
    "pretraining, seed 1": pretraining(seeds=Seeds(split=1, share=1, weights=1, batches=1)),
    "pretraining of an MLP": pretraining(network=MLP, surgery=Surgery.parse("r2")),
    "scratch at a tenth": pretraining(dataset=NEW_DIGITS, share=0.1),
    "freeze two, reset two": transfer(),
    "freeze two, tune two": transfer(surgery=Surgery.parse("f2t2")),
    "truncate at two": transfer(surgery=Surgery.parse("f2x2")),
    "probe": transfer(surgery=Surgery.parse("f4")),
    "another seed for the batches": transfer(seeds=Seeds(batches=7)),
    "a weights file": transfer(start=FILE),
    "head kept": transfer(head="kept"),
    "hidden layer kept": transfer(head="hidden-kept", network=HIDDEN, start=pretraining(network=HIDDEN)),
    "padded planes": pretraining(dataset=Dataset(name="mnist", channels=3, size=32)),
    "standardised, larger validation": transfer(normalise="standard", validation=0.2),
    "a timm network, statistics given": transfer(
        dataset=Dataset(name="esc10", channels=3, size=32),
        network=Timm(name="timm", model="resnet18"),
        surgery=Surgery.parse("f5t4"),
        normalise=Statistics(mean=(0.5,), deviation=(0.5,)),
        start=FILE,
    ),
    "sound its own way, stratified folds": pretraining(
        dataset=Dataset(
            name="fsdd",
            size=32,
            spectrogram=Spectrogram(rate_hz=8000, bands=32, segments=2),
            split="stratified",
            folds=4,
        )
    ),
    "augmented": transfer(augmentation=Augmentation(flip="horizontal")),
    "a chain of three": transfer(start=transfer(dataset=OLD_DIGITS)),
    "untrained weights": transfer(start=RandomStart(seed=0)),
    "untrained weights of another seed": transfer(start=RandomStart(seed=1)),
    "weights that match a pretraining": transfer(start=Matched(start=pretraining(), seed=0)),
    "weights that match a file": transfer(start=Matched(start=FILE, seed=0)),
}
OTHERS: dict[str, object] = {
    "dataset": OLD_DIGITS,
    "network": HIDDEN,
    "surgery": Surgery.parse("f1r3"),
    "recipe": Recipe(steps=21, validate_every=5),
    "share": 0.5,
    "validation": 0.2,
    "normalise": "standard",
    "augmentation": Augmentation(flip="horizontal"),
    "head": "kept",
    "start": FILE,
    "seeds": Seeds(weights=1),
    "synthesis": Forging(recipe=AdversarialRecipe(steps=100, look_every=5), number=30),
}


def test_trials_keep_the_keys_under_which_their_outcomes_are_stored() -> None:
    golden = json.loads((GOLDEN / "keys.json").read_text())
    got = {"NUMERICS": base.NUMERICS, **{name: trial.key for name, trial in TRIALS.items()}}
    assert got == golden, (
        "keys moved, so that stored outcomes would not be found again. Give a new field a default that means 'as "
        "before'; if the mathematics changed, raise NUMERICS in spec/base.py and renew tests/golden/keys.json"
    )


def test_a_default_changes_only_together_with_numerics() -> None:
    kinds: tuple[type[BaseModel], ...] = (
        Recipe, Dataset, Spectrogram, PlainCnn, Mlp, Timm, Seeds, WeightsFile, Augmentation, Trial, Study,
        AdversarialRecipe, GeneratorSizes, Forging
    )  # fmt: skip
    got: dict[str, object] = {"NUMERICS": base.NUMERICS}
    for kind in kinds:
        fields = kind.model_fields.items()
        got[kind.__name__] = {
            name: repr(field.get_default(call_default_factory=True))
            for name, field in fields
            if not field.is_required()
        }
    assert got == json.loads((GOLDEN / "defaults.json").read_text()), (
        "a default changed or came: a changed default gives an old key a new meaning, so raise NUMERICS in "
        "spec/base.py; then renew tests/golden/defaults.json (a new default that means 'as before' needs only that)"
    )


def test_a_raised_numerics_moves_every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = transfer().key
    monkeypatch.setattr(base, "NUMERICS", base.NUMERICS + 1)
    assert transfer().key != before


def test_no_two_different_trials_share_a_key() -> None:
    assert len({trial.key for trial in TRIALS.values()}) == len(TRIALS)


@pytest.mark.parametrize("name", TRIALS)
def test_a_trial_reads_back_from_json_as_itself(name: str) -> None:
    trial = TRIALS[name]
    back = Trial.model_validate_json(trial.model_dump_json(exclude_defaults=True))
    assert (back, back.key) == (trial, trial.key)


@given(st.permutations(["dataset", "network", "surgery", "recipe", "share", "head", "start", "seeds"]))
def test_a_key_does_not_depend_on_the_order_of_its_fields(order: list[str]) -> None:
    trial = transfer(share=0.3, seeds=Seeds(share=4))
    assert Trial.model_validate({name: getattr(trial, name) for name in order}).key == trial.key


@pytest.mark.parametrize("field", Trial.model_fields)
def test_a_trial_that_differs_in_one_field_has_another_key(field: str) -> None:
    if field == "network":
        assert pretraining(network=HIDDEN).key != pretraining().key
    else:
        assert transfer(**{field: OTHERS[field]}).key != transfer().key


@given(st.floats(0.001, 1), st.integers(0, 99), st.integers(0, 99))
def test_equal_content_has_equal_keys_and_other_content_other_keys(share: float, seed: int, other: int) -> None:
    one, two = (transfer(share=share, seeds=Seeds(share=value)) for value in (seed, other))
    assert (one.key == two.key) == (one == two) == (seed == other)


def test_a_new_field_whose_default_means_as_before_moves_no_key() -> None:
    class Longer(Trial):
        colour: str = "none"

    content = dict(transfer())
    assert Longer(**content).key == transfer().key
    assert Longer(**content, colour="red").key != transfer().key


def test_a_default_that_is_written_out_is_no_other_trial() -> None:
    assert transfer(share=1, validation=0.1, normalise="unit", head="new").key == transfer().key


def test_a_changed_copy_has_its_own_key() -> None:
    trial = transfer()
    assert trial.key != trial.model_copy(update={"share": 0.5}).key == transfer(share=0.5).key


def test_a_trial_is_the_same_after_a_journey_to_another_process() -> None:
    trial = transfer()
    there = pickle.loads(pickle.dumps(trial))
    assert (there, there.key, hash(there)) == (trial, trial.key, hash(trial))


def test_the_ancestors_of_a_chain_stand_nearest_first() -> None:
    first, second = pretraining(), transfer(dataset=OLD_DIGITS)
    assert transfer(start=second).ancestors == (second, first)
    assert transfer(start=FILE).ancestors == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"surgery": Surgery.parse("f2r3")}, "f2r3 has 5 fates, the network has 4 layers"),
        ({"start": None}, "a surgery that keeps weights needs a start, and one that keeps none has no start"),
        (
            {"surgery": Surgery.parse("r4")},
            "a surgery that keeps weights needs a start, and one that keeps none has no",
        ),
        (
            {"head": "kept", "surgery": Surgery.parse("f3x1")},
            "head: kept needs a start and a surgery that removes no layer",
        ),
        ({"head": "hidden-kept"}, "head: hidden-kept needs a network with a hidden dense layer"),
        ({"recipe": Recipe(passes=3)}, "a trial's budget and validations are in steps; resolve the recipe first"),
        ({"recipe": Recipe(steps=3)}, "a trial's budget and validations are in steps; resolve the recipe first"),
        ({"share": 0.0}, "greater than 0"),
        ({"share": float("nan")}, "finite number"),
    ],
)
def test_a_trial_that_cannot_be_carried_out_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        transfer(**changes)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"name": "digits", "classes": (3, 12)}, r"classes \[12\] are not in digits, which has 0 to 9"),
        ({"name": "digits", "classes": (3,)}, r"classes must be two or more, each once, ascending \(got \[3\]\)"),
        ({"name": "digits", "classes": (3, 3, 4)}, r"each once, ascending \(got \[3, 3, 4\]\)"),
        ({"name": "digits", "classes": (4, 3)}, r"each once, ascending \(got \[4, 3\]\)"),
        ({"name": "digits", "classes": tuple(range(10))}, "classes names every class; leave it out, so that one treat"),
        ({"name": "digits", "size": 8}, "digits already has 1 channel and size 8; leave out what says the same"),
        ({"name": "digits", "resize": "interpolate"}, "resize has no effect without size; remove it or give size"),
        ({"name": "mnist", "size": 8}, "padding cannot shrink 28 to 8; write resize: interpolate"),
        ({"name": "nist"}, "no dataset is called 'nist'; did you mean 'mnist'"),
    ],
)
def test_a_dataset_that_is_not_as_written_is_refused(content: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Dataset.model_validate(content)


def test_a_dataset_says_what_the_network_will_see() -> None:
    dataset = Dataset(name="mnist", classes=(5, 7), channels=3, size=32)
    assert dataset.plane_shape == (3, 32, 32)
    assert dataset.class_names == ("5", "7")
    assert dataset.pools(0).train == (5421, 6265)
    assert Dataset(name="mnist").plane_shape == (1, 28, 28)


def test_a_value_is_frozen_and_knows_all_its_keys() -> None:
    with pytest.raises(ValidationError, match="Instance is frozen"):
        STEPS.steps = 3
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Seeds.model_validate({"split": 1, "shares": 2})
    assert issubclass(type(CNN), Value)


def test_a_kept_head_needs_as_many_classes_as_the_start_has() -> None:
    three = Dataset(name="digits", classes=(5, 6, 7))
    with pytest.raises(
        ValidationError, match=r"head: kept needs as many classes as the start has \(5, not 3\); use head: new"
    ):
        transfer(head="kept", dataset=three)
    assert transfer(head="kept").head == "kept"


def test_a_trial_starts_from_its_own_network_on_planes_of_its_own_shape() -> None:
    other = PlainCnn(name="plain_cnn", depth=4, channels=9)
    with pytest.raises(ValidationError, match="the start has another network"):
        transfer(start=pretraining(network=other))
    wide = Dataset(name="digits", classes=(0, 1, 2, 3, 4), channels=3)
    with pytest.raises(ValidationError, match="the start saw planes of other channels or size"):
        transfer(start=pretraining(dataset=wide))
