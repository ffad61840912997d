"""What a trial starts from, and what is told of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import save_file

from frostline.errors import WeightsFault
from frostline.networks.build import build
from frostline.networks.network import state_digest
from frostline.networks.timm_networks import timm_model
from frostline.run import run_trial
from frostline.spec.dataset import Dataset
from frostline.spec.network import Timm
from frostline.spec.trial import Origin, Trial, WeightsFile
from frostline.start import Start, fit_of, start_of
from frostline.store import Shelf
from tests.trials import job, pretraining, transfer


def weights(folder: Path, origin: Origin = "pretrained") -> WeightsFile:
    """Weights of the small CNN in a file."""
    network = build(pretraining().network, fit_of(pretraining()), seed=7)
    folder.mkdir(exist_ok=True)
    save_file(network.state_dict(), folder / "weights.safetensors")
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
