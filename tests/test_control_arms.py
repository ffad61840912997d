"""Control arms run like any other: what they start from is what they say, and their frozen layers stay so."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from frostline.analysis.control_words import transfer_sentences
from frostline.analysis.controls import transfer_effect
from frostline.analysis.findings import Findings
from frostline.analysis.table import table
from frostline.execute import execute
from frostline.executors.inline import Inline
from frostline.networks.build import build
from frostline.networks.matched import matched
from frostline.networks.network import Network
from frostline.networks.weights import load_into, read_weights
from frostline.outcome import Finished
from frostline.randomness import stream_seed
from frostline.run import run_trial
from frostline.shelf import Shelf
from frostline.spec.network import Timm
from frostline.spec.plan import Plan, plan
from frostline.spec.trial import Matched, RandomStart, Trial
from frostline.start import fit_of, start_of
from frostline.store import Store
from tests.test_start import weights
from tests.trials import job, pretraining, settle, small_study, transfer

STUDY = small_study(surgeries={"cut": "f2r1"}, controls="all", shares=(0.2,), seeds=1)
OWN, SCRATCH, RANDOM, MATCHED, SELFFER = (
    "f2r1", "r3", "f2r1 from random", "f2r1 from matched", "f2r1 from selffer"
)  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Path, dict[str, Finished]]:
    """A small study with every control, carried out; the outcome of each arm."""
    folder, planned = tmp_path_factory.mktemp("study"), plan(STUDY)
    with Store(folder) as store, Inline() as executor:
        settle(store)
        found = {
            outcome.key: outcome
            for outcome in execute(STUDY.model_copy(update={"keep": "best"}), planned, store, executor)
        }
    return planned, folder, {e.arm.written: found[e.trial.key] for e in planned.entries}  # type: ignore[misc]


def network_of(trial: Trial, folder: Path) -> Network:
    network, path = build(trial.network, fit_of(trial), 0), Shelf(folder).weights_path(trial.key)
    load_into(network, read_weights(path), path)
    return network


def trial_of(planned: Plan, arm: str) -> Trial:
    return next(entry.trial for entry in planned.entries if entry.arm.written == arm)


def test_every_control_of_a_study_runs_and_passes_the_freeze_audit(ran: tuple[Plan, Path, dict[str, Finished]]) -> None:
    _, _, found = ran
    kinds = {arm: outcome.start for arm, outcome in found.items()}
    assert kinds == {
        OWN: "self-pretrained", SCRATCH: "none", RANDOM: "random", MATCHED: "matched", SELFFER: "self-pretrained"
    }  # fmt: skip
    for arm in (RANDOM, MATCHED, SELFFER):
        assert "2 frozen layers unchanged in parameters, buffers and outputs" in found[arm].audit
        assert "1 reset layers differ from the start" in found[arm].audit
        assert "start untouched" in found[arm].audit


def test_arms_and_controls_of_a_seed_see_the_same_items(ran: tuple[Plan, Path, dict[str, Finished]]) -> None:
    assert len({outcome.split_digest for outcome in ran[2].values()}) == 1


def test_frozen_random_layers_are_those_of_an_untrained_network(ran: tuple[Plan, Path, dict[str, Finished]]) -> None:
    planned, folder, _ = ran
    kept, trial = network_of(trial_of(planned, RANDOM), folder), trial_of(planned, RANDOM)
    fresh = build(trial.network, fit_of(trial), stream_seed(0, "weights", "untrained"))
    first = build(trial.network, fit_of(trial), trial.seeds.weights)
    for name in ("conv1", "conv2"):
        assert torch.equal(kept.layers[name][0].weight, fresh.layers[name][0].weight)
        assert not torch.equal(kept.layers[name][0].weight, first.layers[name][0].weight)


def test_frozen_matched_layers_are_drawn_from_the_pretraining_of_their_seed(
    ran: tuple[Plan, Path, dict[str, Finished]],
) -> None:
    planned, folder, _ = ran
    kept, trial = network_of(trial_of(planned, MATCHED), folder), trial_of(planned, MATCHED)
    assert trial.predecessor is not None
    drawn = matched(network_of(trial.predecessor, folder), seed=0)
    for name in ("conv1", "conv2"):
        assert torch.equal(kept.layers[name][0].weight, drawn.layers[name][0].weight)


def test_frozen_selffer_layers_are_those_that_scratch_has_learned(ran: tuple[Plan, Path, dict[str, Finished]]) -> None:
    planned, folder, found = ran
    kept, scratch = (network_of(trial_of(planned, arm), folder) for arm in (SELFFER, SCRATCH))
    assert torch.equal(kept.layers["conv2"][0].weight, scratch.layers["conv2"][0].weight)
    assert not torch.equal(kept.layers["conv3"][0].weight, scratch.layers["conv3"][0].weight)
    assert found[SELFFER].start_digest == found[SCRATCH].weights_digest


def test_a_table_keeps_treatment_and_control_apart_and_the_effect_reads_them(
    ran: tuple[Plan, Path, dict[str, Finished]],
) -> None:
    planned, _, found = ran
    frame = table(planned, {outcome.key: outcome for outcome in found.values()})
    assert dict(zip(frame["arm"], zip(frame["treatment"], frame["control"], strict=True), strict=True)) == {
        OWN: ("f2r1", ""),
        SCRATCH: ("r3", ""),
        RANDOM: ("f2r1", "random"),
        MATCHED: ("f2r1", "matched"),
        SELFFER: ("f2r1", "selffer"),
    }
    said = transfer_sentences(transfer_effect(Findings(frame)), Findings(frame).terms)
    assert len(said) == 3
    assert all("in the only pair of runs, which has no interval" in sentence for sentence in said)


def test_how_a_start_was_drawn_is_told(tmp_path: Path) -> None:
    (untrained,) = start_of(transfer("f3", start=RandomStart(seed=4)), Shelf(tmp_path)).told
    assert untrained == "untrained weights, drawn as a fresh network has them (seed 4)"
    like = Matched(start=weights(tmp_path / "w"), seed=5)
    (drawn,) = start_of(transfer("f3", start=like), Shelf(tmp_path)).told
    assert drawn == (
        "fresh weights, each parameter drawn by the normal law with the mean and deviation that it has in the start, "
        "running means and variances of norms in another order (seed 5)"
    )


@pytest.mark.parametrize("surgery", ["t3", "f1x2", "f2t1", "t1r2"])
def test_every_surgery_runs_from_matched_weights_of_others(tmp_path: Path, surgery: str) -> None:
    trial = transfer(surgery, start=Matched(start=weights(tmp_path / "w"), seed=0))
    outcome = run_trial(job(trial, tmp_path))
    assert outcome.start == "matched"
    assert outcome.audit[-1] == "start untouched"


def test_a_chain_is_told_by_the_drawn_start_of_its_first_training(tmp_path: Path) -> None:
    run_trial(job(pretraining(), tmp_path))
    for start, kind in ((RandomStart(seed=0), "random"), (Matched(start=pretraining(), seed=0), "matched")):
        first = transfer("f3", start=start)
        run_trial(job(first, tmp_path))
        assert start_of(transfer("t3", start=first, head="kept"), Shelf(tmp_path)).kind == kind


def test_a_chain_on_a_selffer_has_a_start_and_one_from_scratch_has_none(tmp_path: Path) -> None:
    scratch = transfer("r3")
    selffer = transfer("f3", start=scratch)
    for trial in (scratch, selffer):
        run_trial(job(trial, tmp_path))
    assert start_of(transfer("t3", start=selffer, head="kept"), Shelf(tmp_path)).kind == "self-pretrained"
    assert start_of(transfer("t3", start=scratch, head="kept"), Shelf(tmp_path)).kind == "none"


@pytest.mark.parametrize("start", ["random", "matched"])
def test_networks_of_timm_are_drawn_norms_included_and_stay_frozen(tmp_path: Path, start: str) -> None:
    network = Timm(name="timm", model="test_resnet")
    layers = len(network.layer_names)
    adapted = {"name": "digits", "channels": 3, "size": 32}
    low, high = ({**adapted, "classes": classes} for classes in ((0, 1, 2, 3, 4), (5, 6, 7, 8, 9)))
    before = Trial.model_validate({**dict(pretraining()), "network": network, "dataset": low, "surgery": f"r{layers}"})
    run_trial(job(before, tmp_path))
    own = RandomStart(seed=0) if start == "random" else Matched(start=before, seed=0)
    trial = transfer(f"f{layers - 1}r1", network, dataset=high, start=own)
    outcome = run_trial(job(trial, tmp_path))
    assert outcome.start == start
    assert f"{layers - 1} frozen layers unchanged in parameters, buffers and outputs" in outcome.audit
