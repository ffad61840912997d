"""What a trial starts from, and what is told of it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from frostline.data.read import read
from frostline.data.samples import Samples
from frostline.data.splits import SealedSamples, Splits, split
from frostline.errors import LeakFound, WeightsFault
from frostline.networks.build import build
from frostline.networks.network import state_digest
from frostline.networks.timm_networks import timm_model
from frostline.run import run_trial
from frostline.shelf import Shelf
from frostline.spec.dataset import Dataset
from frostline.spec.network import Timm
from frostline.spec.trial import Origin, Trial, WeightsFile
from frostline.start import Start, fit_of, refuse_tested_starts, start_of
from tests.data.test_own import manifest
from tests.trials import job, pretraining, transfer


def weights(folder: Path, origin: Origin = "pretrained") -> WeightsFile:
    """Weights of the small CNN in a file."""
    network = build(pretraining().network, fit_of(pretraining()), seed=7)
    folder.mkdir(exist_ok=True)
    save_file(
        {name: tensor.contiguous() for name, tensor in network.state_dict().items()}, folder / "weights.safetensors"
    )
    return WeightsFile(weights=str(folder / "weights.safetensors"), origin=origin)


def chain(first: Trial) -> Trial:
    """All layers tuned after ``first``, its head kept."""
    return transfer("t3", start=first, head="kept")


def test_a_trial_from_scratch_starts_from_nothing(tmp_path: Path) -> None:
    assert start_of(transfer("r3"), Shelf(tmp_path)) == Start(None, "none", ())
    assert Start(None, "none").digest is None


@pytest.mark.parametrize(("origin", "kind"), [("pretrained", "published"), ("random", "random")])
def test_weights_of_others_are_told_as_their_study_calls_them(tmp_path: Path, origin: Origin, kind: str) -> None:
    first = transfer("f3", start=weights(tmp_path / "w", origin))
    assert start_of(first, Shelf(tmp_path)).kind == kind
    run_trial(job(first, tmp_path))
    second = run_trial(job(chain(first), tmp_path))
    assert second.start == start_of(chain(first), Shelf(tmp_path)).kind == kind


def test_a_chain_is_told_by_what_its_first_trial_started_from(tmp_path: Path) -> None:
    first = transfer("f3")
    for trial in (pretraining(), first):
        run_trial(job(trial, tmp_path))
    assert start_of(first, Shelf(tmp_path)).kind == "self-pretrained"
    assert start_of(chain(first), Shelf(tmp_path)).kind == "self-pretrained"


def test_the_second_of_a_chain_starts_from_what_the_first_kept_its_head_included(tmp_path: Path) -> None:
    first = transfer("f3", start=weights(tmp_path / "w"))
    ran = run_trial(job(first, tmp_path))
    second = chain(first)
    start = start_of(second, Shelf(tmp_path))
    assert start.digest == ran.weights_digest
    outcome = run_trial(job(second, tmp_path))
    assert outcome.start_digest == ran.weights_digest
    assert outcome.split_digest == ran.split_digest
    assert outcome.audit == ("splits disjoint by id and by group", "start untouched")
    assert "3 frozen layers unchanged in parameters, buffers and outputs" in ran.audit
    assert outcome.weights_digest != ran.weights_digest


def test_a_start_that_was_not_kept_is_an_error_with_its_key(tmp_path: Path) -> None:
    with pytest.raises(WeightsFault, match=pretraining().key):
        start_of(transfer("f3"), Shelf(tmp_path))


def test_a_network_keeps_the_layers_that_its_surgery_leaves() -> None:
    assert fit_of(transfer("f2x1")).kept == 2
    assert fit_of(transfer("f2x1"), kept=3).kept == 3
    assert (fit_of(transfer("r3")).channels, fit_of(transfer("r3")).size, fit_of(transfer("r3")).outputs) == (1, 8, 5)


def test_timm_weights_in_a_file_are_told_to_be_of_an_unknown_architecture(tmp_path: Path) -> None:
    network, dataset = Timm(name="timm", model="test_resnet"), Dataset(name="digits", channels=3, size=32)
    model = timm_model(network, fit_of(transfer("r5", network, dataset=dataset)))
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, tmp_path / "w.safetensors")
    found = WeightsFile(weights=str(tmp_path / "w.safetensors"), origin="random")
    start = start_of(transfer("f5", network, dataset=dataset, start=found), Shelf(tmp_path))
    assert start.kind == "random"
    assert start.told[0] == f"{found.weights} does not say which architecture and which statistics it belongs to"
    assert start.told[1:] == ("the classifier of the weights (10 outputs) is unused: the head is new",)
    assert start.donor is not None and start.digest == state_digest(start.donor)


def pictures(folder: Path, noise: int, prefix: str = "") -> Dataset:
    """A folder of six cats and six dogs of 8 x 8 points of ``noise``, their names behind ``prefix``."""
    points = np.random.default_rng(noise)
    for name in (f"{label}/{prefix}{number}.png" for label in ("cat", "dog") for number in range(6)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(points.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(folder / name)
    return Dataset(name="folder", path=str(folder), size=8, folds=3)


def refused(trial: Trial, folder: Path) -> str:
    """Why ``trial`` may not start from what was kept in ``folder``; nothing where it may."""
    try:
        refuse_tested_starts(split(read(trial.dataset.reading), trial), trial, Shelf(folder))
    except LeakFound as leak:
        return str(leak)
    return ""


@pytest.fixture
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("_own_cache")
def test_own_files_are_told_by_content_and_not_by_name(tmp_path: Path) -> None:
    first = transfer("r3", dataset=pictures(tmp_path / "a", 1), share=1.0)
    run_trial(job(first, tmp_path))
    renamed = transfer("f1r2", dataset=pictures(tmp_path / "b", 1, "copy"), share=1.0, start=first)
    others = transfer("f1r2", dataset=pictures(tmp_path / "c", 2), share=1.0, start=first, seeds={"split": 1})
    assert re.fullmatch(
        rf"\d files? stands? in what its start {first.key} learned from and in the test part, the first is "
        r"'cat/copy\d\.png'; each file may stand on one side only",
        refused(renamed, tmp_path),
    )
    assert refused(others, tmp_path) == ""
    kept = Shelf(tmp_path).predictions(first.key)
    assert "learned_groups" not in kept
    Shelf(tmp_path).keep_predictions(first.key, kept | {"learned_groups": kept["learned_ids"]})
    assert refused(others, tmp_path) == ""
    Shelf(tmp_path).keep_predictions(first.key, {"learned_ids": kept["learned_ids"]})
    assert refused(renamed, tmp_path) == ""
    assert re.match(r"\d items? stands? in what its start .* the first is 'cat/\d\.png'", refused(others, tmp_path))


@pytest.mark.usefixtures("_own_cache")
def test_a_start_that_learned_from_a_group_of_the_test_part_is_refused(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"path": f"{label}{n}.png", "label": label, "group": f"s{n}"} for label in "abcd" for n in range(6)
    ]
    path = manifest(tmp_path / "own", rows)
    for seed, row in enumerate(rows):
        points = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(points).save(path.parent / str(row["path"]))
    own = {"name": "manifest", "path": str(path), "size": 8, "folds": 3}
    low, high = (Dataset.model_validate(own | {"classes": classes}) for classes in ((0, 1), (2, 3)))
    parted = Dataset.model_validate(own | {"classes": (0, 1), "split": "stratified"})
    first = transfer("r3", dataset=low, share=1.0)
    loose = transfer("r3", dataset=parted, share=1.0, seeds={"split": 1})
    for trial in (first, loose):
        run_trial(job(trial, tmp_path))
    same, turned = (transfer("f1r2", dataset=high, share=1.0, start=first, seeds={"split": seed}) for seed in (0, 1))
    assert refused(same, tmp_path) == ""
    message = r"2 groups stand in what its start \w+ learned from and in the test part, the first is 's\d'; each group"
    assert re.match(message, refused(turned, tmp_path))
    after_loose = transfer("f1r2", dataset=high, share=1.0, start=loose)
    assert re.match(r"\d groups? stands? in what its start", refused(after_loose, tmp_path))
    by_choice = Dataset.model_validate(own | {"classes": (2, 3), "split": "stratified"})
    assert refused(transfer("f1r2", dataset=by_choice, share=1.0, start=first), tmp_path) == ""
    kept = Shelf(tmp_path).predictions(first.key)
    Shelf(tmp_path).keep_predictions(first.key, {"learned_ids": kept["learned_ids"]})
    assert refused(turned, tmp_path) == ""


def clip(dataset: str, name: str, group: str, content: str) -> Splits:
    """Splits of which only the test part matters: one clip."""
    train, validation, test = (
        Samples(torch.zeros(1, 1, 1, 1), torch.zeros(1, dtype=torch.int64), *map(np.array, ([i], [g], [c])))
        for i, g, c in (("t", "t", "t"), ("v", "v", "v"), (f"{dataset}/{name}", group, content))
    )
    return Splits(train, validation, SealedSamples(test))


@pytest.mark.parametrize(
    ("source", "name", "group", "content", "message"),
    [
        ("esc50", "1-9-A", "9", "wav", "1 item stands in"),
        ("esc50", "1-9-B", "9", "wav", "1 group stands in .* the first is '9'"),
        ("esc50", "1-8-B", "8", "ogg", "1 file stands in .* the first is 'esc/1-8-B'"),
        ("esc50", "1-8-B", "8", "wav", ""),
        ("fsdd", "1-9-B", "9", "wav", ""),
    ],
)
def test_a_collection_and_its_part_are_one_set_of_clips_and_groups(
    tmp_path: Path, source: str, name: str, group: str, content: str, message: str
) -> None:
    first = transfer("r3", dataset=Dataset(name=source, size=32))
    learned = {"learned_ids": ["esc/1-9-A"], "learned_groups": ["9"], "learned_contents": ["ogg"]}
    Shelf(tmp_path).keep_predictions(first.key, {what: np.array(told) for what, told in learned.items()})
    trial, splits = (
        transfer("f1r2", dataset=Dataset(name="esc10", size=32), start=first),
        clip("esc", name, group, content),
    )
    if message:
        with pytest.raises(LeakFound, match=message):
            refuse_tested_starts(splits, trial, Shelf(tmp_path))
    else:
        refuse_tested_starts(splits, trial, Shelf(tmp_path))
