"""A page tells what was run, so that a reader need not open the study file."""

from __future__ import annotations

from pathlib import Path

import pytest

from frostline.analysis.table import table
from frostline.outcome import Finished
from frostline.report.setting import what_was_run
from frostline.spec.plan import plan
from frostline.spec.study import Study
from frostline.way_facts import FACT_IN_WORDS
from tests.analysis.simulated import FEW, outcomes, study
from tests.data.test_own import manifest, rows


def told(made: Study) -> str:
    planned = plan(made)
    return "\n".join(what_was_run(made, planned, table(planned, outcomes(planned))))


def test_the_page_tells_what_was_run() -> None:
    words = told(study(seeds=2, surgeries=FEW))
    for said in (
        "Network: plain_cnn, depth 6, channels 64, activation relu, kernel 3, pooling average, pool every 2, ",
        "Target: fashion_mnist, classes Sandal, Sneaker, Ankle boot; 18000 training items, planes of 1 x 28 x 28",
        "Source: pretrained by this study on fashion_mnist, classes T-shirt/top, ",
        "Shares of the target's training items: 1 %, 10 %.",
        "Seeds: 0, 1; with them vary: split, share, weights, batches, pretraining.",
        "Normalisation: planes scaled to 0 to 1, nothing more.",
        "No augmentation.",
        "Validation: 10 % of the items of each class of a share, not trained on.",
    ):
        assert said in words


def test_the_recipe_of_each_share_is_the_one_its_trials_had() -> None:
    said = told(study(seeds=2, recipe={"passes": 4, "rate": 2e-3, "batch": 500, "optimizer": "sgd", "momentum": 0.9}))
    assert (
        "Recipe at 1 % (162 items to train, 18 to validate): sgd, rate 0.002, momentum 0.9, schedule constant, "
        "batch 162, at most 4 steps, validation every 1 steps, no early stopping, best weights by the loss." in said
    )
    assert "Recipe at 10 % (1620 items to train, 180 to validate as listed; 162 and 18 could be used): sgd" in said
    assert "batch 500, at most 16 steps, validation every 4 steps" in said
    assert said.count("Recipe of the pretraining: ") == 1
    assert "patience 8 validations of the loss." in told(study(seeds=2))


def test_numbers_without_effect_are_not_told() -> None:
    network = {"name": "plain_cnn", "depth": 6, "pooling": "none"}
    assert "pooling none, readout flatten, hidden none." in told(study(seeds=2, network=network))


@pytest.mark.parametrize(
    ("spent", "said"),
    [
        (3, "3 of 52 trials stopped at the budget; their arms may not have converged."),
        (0, "None of 52 trials stopped at the budget; all were ended by their patience."),
    ],
)
def test_trials_that_ended_at_their_budget_are_counted(spent: int, said: str) -> None:
    made = study(seeds=2)
    planned = plan(made)
    kept = outcomes(planned)
    for key in list(kept)[:spent]:
        outcome = kept[key]
        assert isinstance(outcome, Finished)
        kept[key] = outcome.model_copy(update={"stopped": "budget"})
    assert said in what_was_run(made, planned, table(planned, kept))


def test_nothing_is_said_of_how_trials_ended_where_none_has() -> None:
    planned = plan(study(seeds=2))
    assert "trials stopped" not in "\n".join(what_was_run(study(seeds=2), planned, table(planned, {})))


def test_the_page_tells_how_the_trials_were_computed_where_the_store_knows() -> None:
    made = study(seeds=2)
    planned = plan(made)
    frame = table(planned, {})
    words = ["Precision: float32, as written.", "Threads: 1 a trial (there is one core)."]
    told_of = what_was_run(made, planned, frame, {FACT_IN_WORDS: "\n".join(words), "device": "cpu"})
    assert [said for said in told_of if said not in what_was_run(made, planned, frame)] == words


def sounds(**changes: object) -> Study:
    """A study of environmental sounds in official folds, with weights of a file that nobody opens."""
    dataset = {"name": "esc10", "channels": 3, "size": 64, **changes.pop("dataset", {})}  # type: ignore[dict-item]
    given = {"source": {"weights": "donor.safetensors"}, "surgeries": {"scratch": "r6", "half": "f3t3"}}
    return study(**{"dataset": dataset, **given, "shares": (1.0,), "seeds": 5, **changes})


def test_a_network_of_timm_is_told_with_its_layers() -> None:
    model = {"name": "timm", "model": "tf_efficientnet_lite0", "drop_path": 0.1}
    said = told(sounds(network=model, surgeries={"full": "t18"}))
    assert "Network: timm tf_efficientnet_lite0, 18 layers (stem, 16 blocks, top), drop path 0.1." in said


def test_a_transformer_is_told_with_its_readout_and_its_patches() -> None:
    model = {"name": "timm", "model": "vit_tiny_patch16_224", "readout": "average", "norm_epsilon": 1e-12}
    surgeries = {"full": "t13"}
    assert (
        "timm vit_tiny_patch16_224, 13 layers (patch, 12 blocks), readout average, patches of 16 x 16, no drop path, "
        "epsilon of the layer norms 1e-12." in told(sounds(network=model, surgeries=surgeries))
    )
    model = {"name": "timm", "model": "vit_tiny_patch16_224", "patch": 32}
    assert "readout token, patches of 32 x 32, no drop path." in told(sounds(network=model, surgeries=surgeries))


def test_sounds_are_told_with_every_number_of_their_spectrogram() -> None:
    assert (
        "400 items in all folds, planes of 3 x 64 x 64 (channels, rows, columns), one channel repeated, scaled to that "
        "size; log-mel of 5 s at 22050 Hz: window 2048 and hop 512 samples, 128 bands from 0 to 11025 Hz, mel scale "
        "slaney, norm slaney, decibel over the maximum, range 80 dB." in told(sounds())
    )
    spectrogram = {"rate_hz": 16000, "duration_s": 2.0, "segments": 3, "window": 1024, "hop": 256, "bands": 40}
    spectrogram |= {"lowest_hz": 50.0, "highest_hz": 7000.0, "scale": "htk", "norm": "none", "level": "log"}
    assert (
        "3 segments a recording, their answers averaged; log-mel of 2 s at 16000 Hz: window 1024 and hop 256 samples, "
        "40 bands from 50 to 7000 Hz, mel scale htk, norm none, natural logarithm."
        in told(sounds(dataset={"spectrogram": spectrogram}))
    )


def test_folds_are_told_with_what_the_seed_chooses() -> None:
    said = told(sounds())
    assert "Split: the 5 folds that belong to esc10, which part no group (an artist, a speaker, a recording)." in said
    assert "The seed chooses the fold that tests; the next one validates and the other 3 train." in said
    fixed = told(sounds(vary=("weights",), fixed_seed=4))
    assert "In every run fold 5 tests, fold 1 validates and the other 3 train." in fixed


def test_folds_that_part_what_belongs_together_are_called_leaky() -> None:
    said = told(sounds(dataset={"split": "stratified", "folds": 3}))
    assert "Split: 3 folds dealt item by item." in said
    assert "validates and the other fold trains. Once all folds have tested, the items are dealt anew." in said
    assert "This split is leaky where items belong together" in said
    assert "dealt anew" not in told(sounds(dataset={"split": "stratified", "folds": 5}))
    assert "leaky" not in told(sounds())


def test_augmentation_of_the_pretraining_is_told_where_it_is_another() -> None:
    source = {"dataset": {"name": "fashion_mnist", "classes": (0, 1, 2)}, "augmentation": {"flip": "horizontal"}}
    said = told(study(seeds=1, source=source))
    assert "No augmentation." in said
    assert "In the pretraining: augmentation of training items only: left and right change places" in said


def test_pretrainings_vary_only_where_there_are_some() -> None:
    assert "Seeds: 0, 1, 2, 3, 4; with them vary: split, share, weights, batches." in told(sounds())


def test_folds_of_ones_own_part_no_group_only_where_something_says_the_groups(tmp_path: Path) -> None:
    parted = {str(fold): {"a": 4, "b": 4} for fold in (1, 2, 3)}
    alone = rows(parted, "fold")
    grouped = [{**row, "group": f"g{row['fold']}{row['label']}"} for row in alone]
    sizes = {"name": "manifest", "channels": 3, "size": 64, "spectrogram": {"duration_s": 0.5}}
    said = [
        told(sounds(dataset={**sizes, "path": str(manifest(tmp_path / name, listed))}, seeds=3))
        for name, listed in (("alone", alone), ("grouped", grouped))
    ]
    known = "Split: the 3 folds that belong to manifest"
    assert f"{known}; nothing says which items belong together. The seed chooses" in said[0]
    assert f"{known}, which part no group (an artist, a speaker, a recording). The seed chooses" in said[1]


def test_synthetic_items_are_told_with_their_generator_and_their_number_at_each_share() -> None:
    said = told(study(surgeries=FEW, synthesis={"recipe": {"steps": 9}, "ratio": 0.5, "conditions": "resampled"}))
    assert (
        ", conditions resampled, of a generator (latent 100, width 32 to 256) trained for 9 steps of 16 items" in said
    )
    assert (
        "Synthetic items only train: every arm at 1 %, 81 synthetic items beside 162 real ones; every arm at 10 %, "
        "810 synthetic items beside 1,620 real ones. Each generator learned from the real training items of its share "
        "and split alone." in said
    )
    assert "ynthetic" not in told(study(surgeries=FEW))


def test_shuffled_conditions_are_not_said_to_fit_no_plane() -> None:
    said = told(study(surgeries=FEW, synthesis={"recipe": {"steps": 9}, "number": 7, "conditions": "shuffled"}))
    assert (
        "conditions shuffled (dealt anew, so that they say nothing of a plane; of classes some fit by chance)" in said
    )


RATED: dict[str, object] = {"dataset": {"name": "deam", "size": 32}, "source": None, "surgeries": {"scratch": "r6"}}


def known(made: Study, facts: dict[str, str]) -> list[str]:
    planned = plan(made)
    reading = made.dataset.reading
    kept = {f"{what} {reading}": said for what, said in facts.items()}
    return what_was_run(made, planned, table(planned, outcomes(planned)), kept)


def test_what_the_listing_of_a_dataset_says_of_itself_is_told() -> None:
    said = known(study(**RATED, seeds=2), {"notes of": "no artists are known; each song is its own group\nand more"})
    assert "Of deam: no artists are known; each song is its own group." in said
    assert "Of deam: and more." in said
    short = {"short in": "deam: 2 of 9 recordings are shorter than the 30 s that are taken of each"}
    assert f"Of {short['short in']}." in known(study(**RATED, seeds=2), short)
    assert not [one for one in known(study(**RATED, seeds=2), {"short in": ""}) if one.startswith("Of ")]


@pytest.mark.parametrize(
    ("files", "told"), [("10.mp3: gone", "1 file of it could"), ("a: x\nb: y", "2 files of it could"), ("", None)]
)
def test_where_files_could_not_be_used_counts_are_said_to_be_those_of_the_list(files: str, told: str | None) -> None:
    said = [one for one in known(study(**RATED, seeds=2), {"left out of": files}) if "Counts of items" in one]
    assert len(said) == (0 if told is None else 1)
    if told is not None:
        assert said[0].startswith(f"Counts of items are here those of the list of deam. {told} not be used, so that")
