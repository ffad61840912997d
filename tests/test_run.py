"""One trial from spec to outcome: the order in which things happen, and what is refused on the way."""

from __future__ import annotations

import json
import os
import resource
import shutil
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import save_file

from frostline.data.planes import Items
from frostline.data.recordings import esc10_listing
from frostline.data.samples import Samples
from frostline.data.splits import SealedSamples
from frostline.errors import LeakFound, WeightsFault
from frostline.job import Job
from frostline.networks.network import Fit, Network, state_digest
from frostline.networks.timm_networks import timm_model
from frostline.networks.weights import read_weights
from frostline.outcome import Failed, Finished
from frostline.run import attempt, refuse_tested_starts, run_trial, start_of
from frostline.shelf import Shelf
from frostline.spec.augmentation import Augmentation
from frostline.spec.dataset import Dataset
from frostline.spec.network import Timm
from frostline.spec.published import Statistics
from frostline.spec.recipe import Recipe
from frostline.spec.spectrogram import Spectrogram
from frostline.spec.surgery import Surgery
from frostline.spec.trial import Trial, WeightsFile
from frostline.start import fit_of
from frostline.training.norms import with_norms
from frostline.training.row_files import read_rows, write_rows
from frostline.way import Way
from tests.trials import HIGH, QUICK, TINY_CNN, TINY_MLP, job, pretraining, transfer

HALF = Statistics(mean=(0.5, 0.5, 0.5), deviation=(0.5, 0.5, 0.5))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study folder in which the small CNN and the small MLP are pretrained."""
    folder = tmp_path_factory.mktemp("study")
    for network in (TINY_CNN, TINY_MLP):
        run_trial(job(pretraining(network), folder))
    return folder


@pytest.mark.parametrize("network", [TINY_CNN, TINY_MLP])
@pytest.mark.parametrize("surgery", ["r3", "t3", "f3", "f1r2", "f2t1", "t1r2", "f1t1f1", "f2x1", "t1x2", "r1f1t1"])
def test_every_surgery_runs_and_is_audited(folder: Path, surgery: str, network: object) -> None:
    outcome = run_trial(job(transfer(surgery, network), folder))  # type: ignore[arg-type]
    assert outcome.audit[0] == "splits disjoint by id and by group"
    assert outcome.start == ("none" if surgery == "r3" else "self-pretrained")
    assert (outcome.start_digest is None) == (surgery == "r3")
    assert outcome.n_test == sum((36, 36, 36, 35, 36))
    assert outcome.parameters.total == outcome.parameters.trainable + outcome.parameters.frozen
    assert (outcome.parameters.frozen > 0) == ("f" in surgery)


def test_the_same_trial_gives_the_same_bits_twice(folder: Path) -> None:
    first, second = (run_trial(job(transfer("f1r2"), folder)) for _ in range(2))
    assert first == second
    assert first.weights_digest == second.weights_digest
    assert first != run_trial(job(transfer("f1r2", seeds={"weights": 1}), folder))


def test_trials_of_one_seed_differ_only_by_the_surgery(folder: Path) -> None:
    scratch, cut = transfer("r3"), transfer("f1r2")
    build_of = {t.key: run_trial(Job(t, folder, "checkpoints")) for t in (scratch, cut)}
    one, other = build_of[scratch.key], build_of[cut.key]
    assert one.split_digest == other.split_digest
    assert one.data_digest == other.data_digest
    learned = [set(Shelf(folder).predictions(key)["learned_ids"].tolist()) for key in build_of]
    assert learned[0] == learned[1]


def test_a_trial_keeps_its_predictions_so_that_every_figure_can_be_computed_again(folder: Path) -> None:
    outcome = run_trial(job(transfer("f1r2"), folder))
    kept = Shelf(folder).predictions(outcome.key)
    assert float((kept["logits"].argmax(axis=1) == kept["targets"]).mean()) == outcome.metrics.accuracy
    assert len(kept["test_ids"]) == outcome.n_test
    assert len(kept["learned_ids"]) == outcome.n_train + outcome.n_validation


def test_weights_are_kept_by_choice(tmp_path: Path) -> None:
    trial = transfer("r3")
    run_trial(Job(trial, tmp_path, "none"))
    assert not Shelf(tmp_path).weights_path(trial.key).exists()
    run_trial(Job(trial, tmp_path, "best"))
    assert Shelf(tmp_path).weights_path(trial.key).exists()
    assert Shelf(tmp_path).checkpoints(trial.key) == {}
    outcome = run_trial(Job(trial, tmp_path, "checkpoints"))
    assert list(Shelf(tmp_path).checkpoints(trial.key)) == [seen.step for seen in outcome.history]


def test_the_test_part_is_opened_once_and_after_training(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []
    opened, fitted = SealedSamples.open, __import__("frostline.run", fromlist=["fit"]).fit

    def witness_open(self: SealedSamples) -> Samples:
        happened.append("test part opened")
        return opened(self)

    def witness_fit(*arguments: object) -> object:
        happened.append("training began")
        found = fitted(*arguments)
        happened.append("training ended")
        return found

    monkeypatch.setattr(SealedSamples, "open", witness_open)
    monkeypatch.setattr("frostline.run.fit", witness_fit)
    run_trial(job(transfer("f1r2"), folder))
    assert happened == ["training began", "training ended", "test part opened"]


def test_test_labels_move_nothing_but_the_test_figures(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = run_trial(job(transfer("f1r2"), folder))
    opened = SealedSamples.open

    def shuffled(self: SealedSamples) -> Samples:
        samples = opened(self)
        return Samples(samples.planes, samples.targets.roll(1), samples.ids, samples.groups)

    monkeypatch.setattr(SealedSamples, "open", shuffled)
    other = run_trial(job(transfer("f1r2"), folder))
    assert other.weights_digest == honest.weights_digest
    assert other.history == honest.history
    assert other.metrics != honest.metrics


def test_a_start_that_was_trained_on_an_item_of_the_test_part_is_refused(folder: Path, tmp_path: Path) -> None:
    trial = transfer("f1r2")
    shelf, start = Shelf(tmp_path), pretraining()
    stored = Shelf(folder).predictions(start.key)
    leaked = Shelf(folder).predictions(run_trial(job(transfer("r3"), folder)).key)["test_ids"][:1]
    shelf.keep_predictions(start.key, stored | {"learned_ids": np.concatenate([stored["learned_ids"], leaked])})
    shelf.keep_weights(start.key, start_of(trial, Shelf(folder)).donor.state_dict())  # type: ignore[union-attr]
    outcome = attempt(job(trial, tmp_path))
    assert isinstance(outcome, Failed)
    assert outcome.error == (
        f"1 item stands in what its start {start.key} learned from and in the test part, "
        f"the first is {str(leaked[0])!r}; each item may stand on one side only"
    )


def test_a_chain_is_refused_for_any_of_its_ancestors(folder: Path, tmp_path: Path) -> None:
    middle = transfer("f1r2")
    last = transfer("t3", start=middle)
    assert last.ancestors == (middle, pretraining())
    shelf = Shelf(tmp_path)
    clean = {"learned_ids": np.array(["digits/9990"])}
    shelf.keep_predictions(middle.key, clean)
    shelf.keep_predictions(pretraining().key, {"learned_ids": np.array(["digits/0005"])})
    with pytest.raises(LeakFound, match=f"what its start {pretraining().key} learned from"):
        refuse_tested_starts(Leaky(), last, shelf)  # type: ignore[arg-type]


class Leaky:
    """Splits whose test part holds one known item."""

    test = SealedSamples(
        Samples(torch.zeros(1, 1, 1, 1), torch.zeros(1, dtype=torch.int64), np.array(["digits/0005"]), np.array(["g"]))
    )


def test_a_real_chain_of_three_runs(folder: Path, tmp_path: Path) -> None:
    middle = transfer("f1r2")
    for trial in (pretraining(), middle, transfer("t3", start=middle, head="kept")):
        outcome = attempt(job(trial, tmp_path))
        assert isinstance(outcome, Finished), outcome
    donor = start_of(transfer("t3", start=middle), Shelf(tmp_path)).donor
    assert donor is not None
    assert outcome.start_digest == state_digest(donor)


def test_published_weights_of_the_right_shape_are_a_start_and_others_are_refused(folder: Path, tmp_path: Path) -> None:
    source = Shelf(folder).weights_path(pretraining().key)
    outcome = run_trial(job(transfer("f2t1", start=WeightsFile(weights=str(source))), tmp_path))
    assert outcome.start == "published"
    with pytest.raises(WeightsFault, match="does not fit the network"):
        run_trial(job(transfer("f2t1", TINY_MLP, start=WeightsFile(weights=str(source))), tmp_path))


def test_an_error_of_a_trial_is_its_outcome_with_reason_and_traceback(tmp_path: Path) -> None:
    outcome = attempt(job(transfer("f1r2"), tmp_path))
    assert isinstance(outcome, Failed)
    assert outcome.key == transfer("f1r2").key
    assert "Traceback" in outcome.traceback
    assert pretraining().key in outcome.error


def test_a_network_of_another_size_is_fed_by_a_stated_adaptation(tmp_path: Path) -> None:
    wide = Dataset(name="digits", classes=HIGH.classes, channels=3, size=12)
    trial = Trial.model_validate(dict(transfer("r3")) | {"dataset": wide})
    assert isinstance(attempt(job(trial, tmp_path)), Finished)


def clips(folder: Path) -> Dataset:
    """Nine real clips of rain and nine of a dog, in the official folds 1 to 3, as a manifest in ``folder``."""
    home = Path(os.environ["FROSTLINE_DATA"]) / "esc10"
    wanted = [item for item in esc10_listing(home).items if item.label in (0, 2) and item.fold in (0, 1, 2)]
    lines = ["path,label,fold,group"]
    for fold, label in product((0, 1, 2), (0, 2)):
        some = [item for item in wanted if (item.fold, item.label) == (fold, label)][:3]
        lines += [f"{home / item.file},{label},{fold},{item.group}" for item in some]
    (folder / "clips.csv").write_text("\n".join([*lines, ""]))
    sound = Spectrogram(rate_hz=8000, duration_s=5.0, window=512, hop=256, bands=20)
    return Dataset(name="manifest", path=str(folder / "clips.csv"), size=32, channels=3, spectrogram=sound)


@pytest.mark.real_data
def test_a_timm_network_learns_real_sounds_and_its_frozen_batch_norms_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))
    network, recipe = Timm(name="timm", model="test_resnet"), Recipe(steps=2, validate_every=1, batch=4)
    sounds = {"dataset": clips(tmp_path), "recipe": recipe, "share": 1.0, "normalise": HALF}
    first = transfer("r5", network, **sounds)
    scratch = run_trial(job(first, tmp_path))
    assert (scratch.start, scratch.start_told, scratch.n_train, scratch.n_test) == ("none", (), 6, 6)
    model = timm_model(network, fit_of(first))
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, tmp_path / "w.safetensors")
    start = WeightsFile(weights=str(tmp_path / "w.safetensors"), origin="random")
    tuned = transfer("f3t2", network, **sounds, start=start)
    outcome = run_trial(job(tuned, tmp_path))
    assert (outcome.start, outcome.split_digest) == ("random", scratch.split_digest)
    assert outcome.start_told == (
        f"{start.weights} does not say which architecture and which statistics it belongs to",
        "the classifier of the weights (2 outputs) is unused: the head is new",
    )
    assert "3 frozen layers unchanged in parameters, buffers and outputs" in outcome.audit
    donor, kept = start_of(tuned, Shelf(tmp_path)).donor, read_weights(Shelf(tmp_path).weights_path(tuned.key))
    assert donor is not None
    moved = {name for name, tensor in donor.state_dict().items() if not torch.equal(tensor, kept[name])}
    assert {name.split(".")[1] for name in moved if name.startswith("layers.")} == {"block3", "block4"}
    assert any(name.endswith("running_mean") for name in moved)
    assert isinstance(attempt(job(transfer("t5", network, **sounds, start=tuned, head="kept"), tmp_path)), Finished)


def timm_trial(**changes: object) -> Trial:
    """A small residual network of timm on the digits, frozen but for its last layer, with random weights loaded."""
    network = Timm(name="timm", model="test_resnet")
    values: dict[str, object] = {
        "dataset": Dataset(name="digits", classes=(5, 6, 7, 8, 9), channels=3, size=32),
        "network": network,
        "surgery": Surgery.parse("f4t1"),
        "share": 0.2,
        "recipe": Recipe(steps=4, validate_every=4, batch=16),
    }
    return Trial.model_validate(values | changes)


def test_what_a_study_says_of_augmentation_norms_and_precision_reaches_the_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    donor = timm_model(Timm(name="timm", model="test_resnet"), Fit(3, 32, 5, 5))
    save_file({name: part.contiguous() for name, part in donor.state_dict().items()}, tmp_path / "donor.safetensors")
    start = WeightsFile(weights=str(tmp_path / "donor.safetensors"), origin="random")
    plainly = run_trial(job(timm_trial(start=start), tmp_path))
    augmented = run_trial(job(timm_trial(start=start, augmentation=Augmentation(flip="horizontal")), tmp_path))
    assert augmented.weights_digest != plainly.weights_digest
    assert augmented.split_digest == plainly.split_digest
    coarse = timm_trial(start=start, recipe=Recipe(steps=4, validate_every=4, batch=16, precision="bfloat16"))
    run_trial(job(coarse, tmp_path))
    rounded = Shelf(tmp_path).predictions(coarse.key)["logits"]
    assert np.array_equal(rounded, torch.from_numpy(rounded).bfloat16().float().numpy())

    seen: list[int] = []

    def noted(network: Network, items: Items, recipe: Recipe) -> Network:
        seen.append(len(items))
        return with_norms(network, items, recipe)

    monkeypatch.setattr("frostline.run.with_norms", noted)
    recipe = Recipe(steps=4, validate_every=4, batch=16, norms="re-estimated")
    measured = run_trial(job(timm_trial(start=start, recipe=recipe), tmp_path))
    assert seen == [measured.n_train]
    assert measured.weights_digest != plainly.weights_digest


STORED = Way(stored=frozenset(range(1, 50)))
"""The way of a study that keeps what frozen layers give at every depth."""
FEW = Recipe(steps=6, validate_every=3, batch=16)
MEASURED_NORMS = Recipe(steps=6, validate_every=3, batch=16, norms="re-estimated")


def logits(folder: Path, outcome: Finished) -> np.ndarray:
    return Shelf(folder).predictions(outcome.key)["logits"]


def both_ways(trial: Trial, folder: Path) -> tuple[Finished, np.ndarray, Finished, np.ndarray]:
    """The outcome and the predictions of ``trial``, its frozen layers recomputed, and kept."""
    plainly = run_trial(job(trial, folder))
    first = logits(folder, plainly)
    stored = run_trial(Job(trial, folder, "best", STORED))
    assert (plainly.frozen, stored.frozen) == ("recomputed", "stored")
    return plainly, first, stored, logits(folder, stored)


def without_way(outcome: Finished) -> dict[str, object]:
    """All that ``outcome`` says but how frozen layers were computed, and time and memory."""
    return outcome.model_dump(exclude={"frozen", "audit", "seconds", "peak_memory_bytes"})


def random_start(model: str, folder: Path) -> dict[str, object]:
    """A small network of timm, and drawn weights for it in ``folder`` as a start."""
    network = Timm(name="timm", model=model)
    path = folder / f"{model}.safetensors"
    if not path.exists():
        tensors = timm_model(network, Fit(3, 32, 5, len(network.layer_names))).state_dict()
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    return {"network": network, "start": WeightsFile(weights=str(path), origin="random")}


@pytest.mark.parametrize(
    ("model", "surgery", "recipe"),
    [
        pytest.param("test_vit", "f4t3", FEW, marks=pytest.mark.slow),
        ("test_vit", "f7", FEW),
        pytest.param("test_vit", "f4x3", FEW, marks=pytest.mark.slow),
        ("test_resnet", "f3t2", MEASURED_NORMS),
        pytest.param("test_resnet", "f5", FEW, marks=pytest.mark.slow),
        ("test_resnet", "f3x2", FEW),
        ("test_efficientnet", "f4t3", MEASURED_NORMS),
        pytest.param("test_efficientnet", "f7", FEW, marks=pytest.mark.slow),
        pytest.param("test_efficientnet", "f5x2", FEW, marks=pytest.mark.slow),
    ],
)
def test_a_trial_has_the_same_bits_whether_its_frozen_layers_are_kept_or_recomputed(
    tmp_path: Path, model: str, surgery: str, recipe: Recipe
) -> None:
    trial = timm_trial(**random_start(model, tmp_path), surgery=Surgery.parse(surgery), recipe=recipe, share=0.3)
    plainly, one, stored, other = both_ways(trial, tmp_path)
    assert stored.weights_digest == plainly.weights_digest
    assert np.array_equal(one, other)
    assert without_way(stored) == without_way(plainly)
    said = [found for found in stored.audit if found not in plainly.audit]
    assert len(said) == 1 and said[0].startswith("kept activations are those of the lowest ")


@pytest.mark.parametrize("surgery", ["f1r2", "f2t1", "f1t1f1", "f3", "f2x1"])
def test_a_plain_network_has_the_same_bits_either_way(folder: Path, tmp_path: Path, surgery: str) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    plainly, one, stored, other = both_ways(transfer(surgery, share=0.3), tmp_path)
    assert np.array_equal(one, other)
    assert without_way(stored) == without_way(plainly)
    assert run_trial(Job(transfer(surgery, share=0.3), tmp_path, "best", STORED)) == stored


@pytest.mark.parametrize(
    ("model", "surgery"),
    [
        ("test_resnet", "f5"),
        pytest.param("test_efficientnet", "f7", marks=pytest.mark.slow),
        pytest.param("test_vit", "f7", marks=pytest.mark.slow),
    ],
)
def test_where_a_pass_ends_in_a_batch_of_one_predictions_agree_within_a_hundred_thousandth(
    tmp_path: Path, model: str, surgery: str
) -> None:
    trial = timm_trial(
        **random_start(model, tmp_path),
        surgery=Surgery.parse(surgery),
        recipe=Recipe(steps=20, validate_every=10, batch=16),
    )
    plainly, one, _, other = both_ways(trial, tmp_path)
    assert plainly.n_train % 16 == 1
    assert float(np.abs(one - other).max()) <= 1e-5 * float(np.abs(one).max())


def test_other_weights_get_activations_of_their_own(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    run_trial(job(pretraining(seed=1), tmp_path))
    other = transfer("f1r2", share=0.3, start=pretraining(seed=1))
    run_trial(Job(transfer("f1r2", share=0.3), tmp_path, "best", STORED))
    plainly, one, stored, two = both_ways(other, tmp_path)
    assert np.array_equal(one, two) and without_way(stored) == without_way(plainly)
    assert len(list((tmp_path / "activations").iterdir())) == 2


def test_trials_of_other_seeds_shares_recipes_heads_and_arms_share_what_frozen_layers_give(
    folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    kept = tmp_path / "activations"
    run_trial(Job(transfer("f1r2", share=0.02), tmp_path, "best", STORED))
    (key,) = kept.iterdir()
    files = set(kept.rglob("*.safetensors"))
    alike: list[dict[str, object]] = [
        {"share": 0.5},
        {"seeds": {"split": 1, "share": 1, "weights": 1, "batches": 1}},
        {"recipe": Recipe(steps=4, validate_every=2, batch=8, rate=0.5)},
        {"head": "kept"},
    ]
    for change in alike:
        run_trial(Job(transfer("f1r2", **change), tmp_path, "best", STORED))
    run_trial(Job(transfer("f1t2", share=0.5), tmp_path, "best", STORED))
    assert list(kept.iterdir()) == [key]
    files_now = set(kept.rglob("*.safetensors"))
    assert files < files_now
    found = [read_rows(path) for path in files_now]
    chunks = Counter(chunk for file in found if file is not None for chunk in json.loads(file.told["chunks"]))
    assert set(chunks.values()) == {1}


@pytest.mark.parametrize("damage", [b"", b"garbage" * 999, None], ids=["empty", "garbage", "cut short"])
def test_damaged_activations_are_made_again_with_the_same_outcome(
    folder: Path, tmp_path: Path, damage: bytes | None
) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    trial = Job(transfer("f1r2", share=0.1), tmp_path, "best", STORED)
    before, one = run_trial(trial), logits(tmp_path, run_trial(trial))
    for path in (tmp_path / "activations").rglob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:-4] if damage is None else damage)
    assert run_trial(trial) == before
    assert np.array_equal(logits(tmp_path, before), one)


def test_activations_that_are_not_those_of_the_frozen_layers_are_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    trial = Job(transfer("f1r2", share=0.1), tmp_path, "best", STORED)
    run_trial(trial)
    for path in (tmp_path / "activations").rglob("*.safetensors"):
        file = read_rows(path)
        assert file is not None
        write_rows(path, [file.rows.clone() + 0.1], len(file.rows), file.told)
    outcome = attempt(trial)
    assert isinstance(outcome, Failed)
    assert "the kept activations at depth 1 are not those of the frozen layers; delete them and run" in outcome.error


def test_a_disk_that_takes_no_activations_fails_the_trial_with_the_reason_and_its_remedy(
    folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        outcome = attempt(Job(transfer("f1r2"), tmp_path, "best", STORED))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert isinstance(outcome, Failed)
    assert outcome.error.startswith(str(tmp_path / "activations"))
    assert (
        "cannot be written (File too large); make room there and run the study again, or bound what is kept by"
        in outcome.error
    )
    assert list(tmp_path.rglob(".partial-*")) == []


def test_with_augmentation_nothing_is_kept_and_without_frozen_layers_there_is_nothing_to_keep(
    folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    augmented = transfer("f1r2", augmentation=Augmentation(flip="horizontal"))
    assert run_trial(Job(augmented, tmp_path, "best", STORED)).frozen == "recomputed"
    assert run_trial(Job(transfer("t3"), tmp_path, "best", STORED)).frozen == "none"
    assert run_trial(Job(transfer("t1f2"), tmp_path, "best", STORED)).frozen == "none"
    assert run_trial(Job(transfer("f2r1"), tmp_path, "best", Way(stored=frozenset({1, 3})))).frozen == "recomputed"
    assert not (tmp_path / "activations").exists()


def recordings(folder: Path, segments: int) -> Dataset:
    """Thirty-six short rising tones of two classes in three folds, each cut into ``segments``."""
    lines, seconds = ["path,label,fold"], np.arange(1600) / 4000
    for number, (fold, label) in enumerate(product(range(3), ("low", "high") * 6)):
        name = f"{number}.wav"
        pitch_hz = (200 if label == "low" else 900) + 10 * number + 500 * seconds
        soundfile.write(folder / name, 0.5 * np.sin(2 * np.pi * pitch_hz * seconds), 4000)
        lines.append(f"{name},{label},{fold + 1}")
    (folder / "tones.csv").write_text("\n".join([*lines, ""]))
    sound = Spectrogram(rate_hz=4000, duration_s=0.1, segments=segments, window=256, hop=128, bands=8)
    return Dataset(name="manifest", path=str(folder / "tones.csv"), size=16, spectrogram=sound)


@pytest.mark.parametrize("segments", [1, 3])
def test_recordings_in_folds_and_in_segments_have_the_same_outcome_either_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, segments: int
) -> None:
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))
    sounds: dict[str, object] = {"dataset": recordings(tmp_path, segments), "share": 1.0, "recipe": QUICK}
    first = transfer("r3", **sounds)
    run_trial(job(first, tmp_path))
    trial = transfer("f2r1", **sounds, start=WeightsFile(weights=str(Shelf(tmp_path).weights_path(first.key))))
    plainly, one, stored, other = both_ways(trial, tmp_path)
    assert one.shape == (12, 2)
    assert np.allclose(one, other, rtol=0, atol=1e-5 * float(np.abs(one).max()))
    assert stored.split_digest == plainly.split_digest and stored.n_test == 12
    files = [read_rows(path) for path in (tmp_path / "activations").rglob("*.safetensors")]
    assert sum(len(file.rows) for file in files if file is not None) == 36 * segments
