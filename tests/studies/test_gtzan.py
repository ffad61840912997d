"""The preset ``gtzan-vit-freezing`` from the folder to the report: GTZAN's shape, short clips, a small transformer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from frostline.analysis.table import table
from frostline.data.read import read
from frostline.data.splits import split
from frostline.errors import DataFault
from frostline.execute import execute
from frostline.executors.inline import Inline
from frostline.outcome import Failed, Finished
from frostline.presets import find_study
from frostline.report.page import write_report
from frostline.reporting import findings_in
from frostline.shelf import Shelf
from frostline.spec.plan import Plan, plan
from frostline.spec.spectrogram import Spectrogram
from frostline.spec.study import Study
from frostline.spec.study_file import load_study
from frostline.store import Store
from tests.studies.gtzan import BROKEN, KNOWN_BROKEN, artist_of, gtzan_of_clips

pytestmark = [pytest.mark.real_data, pytest.mark.slow]
DURATION_S = 1.5
SIZE = 32


@dataclass(frozen=True)
class Ran:
    """A study that was run: what was planned, where it lies, what came of it, what the store holds and the report."""

    study: Study
    plan: Plan
    folder: Path
    outcomes: dict[str, Finished | Failed]
    left_out: str
    report: str


def stand_in(preset: Study) -> Study:
    """``preset`` with a small transformer that it trains itself on digits, short clips, two seeds and one step."""
    spectrogram = Spectrogram(duration_s=DURATION_S)
    recipe = {**preset.recipes["as-published"].model_dump(exclude={"passes"}, exclude_defaults=True), "steps": 1}
    digits = {"name": "digits", "classes": (0, 1), "channels": 3, "size": SIZE, "resize": "interpolate"}
    changed = {
        "dataset": {"name": preset.dataset.name, "channels": 3, "size": SIZE, "spectrogram": spectrogram},
        "source": {"dataset": digits},
        "network": {"name": "timm", "model": "vit_tiny_patch16_224"},
        "seeds": 2,
        "normalise": "unit",
        "recipes": {"as-published": recipe},
        "most_left_out": 0.95,
    }
    return Study.model_validate({**dict(preset), **changed})


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    folder = tmp_path_factory.mktemp("study")
    data = gtzan_of_clips(tmp_path_factory.mktemp("data"), DURATION_S)
    study = stand_in(load_study(find_study("gtzan-vit-freezing")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FROSTLINE_DATA", str(data))
        patch.setenv("FROSTLINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        planned = plan(study)
        with Store(folder) as store, Inline() as executor:
            list(execute(study, planned, store, executor))
            outcomes, left_out = store.outcomes(), store.fact(f"left out of {study.dataset.reading}")
        path = write_report(study, planned, findings_in(folder, study, table(planned, outcomes)), folder)
        yield Ran(study, planned, folder, outcomes, left_out or "", path.read_text(encoding="utf-8"))
    read.cache_clear()


def test_all_five_modes_of_the_published_design_finish_with_each_seed(ran: Ran) -> None:
    failed = [outcome.error for outcome in ran.outcomes.values() if isinstance(outcome, Failed)]
    assert not failed
    assert [str(arm.surgery) for arm in ran.plan.arms] == ["t13", "f1t12", "f4t9", "f7t6", "f13"]
    assert len(ran.plan.entries) == 10
    assert all(entry.trial.key in ran.outcomes for entry in ran.plan.entries)


def test_a_file_of_random_bytes_is_left_out_by_name_and_reason(ran: Ran) -> None:
    said = [line for line in ran.left_out.splitlines() if line.startswith(f"{BROKEN}: ")]
    assert len(said) == 1
    assert "reggae.00000.wav: cannot be decoded as .wav: it is damaged" in said[0]
    learned = [Shelf(ran.folder).predictions(entry.trial.key) for entry in ran.plan.entries]
    used = {item for kept in learned for ids in ("test_ids", "learned_ids") for item in kept[ids].tolist()}
    assert len(used) == 100
    assert "gtzan/reggae.00000" not in used


def test_the_recording_that_is_known_to_be_broken_is_left_out_by_name_and_reason(ran: Ran) -> None:
    assert f"{KNOWN_BROKEN}: known to be broken in the published collection" in ran.left_out


def test_what_a_copy_of_the_collection_lacks_is_told_fold_by_fold(ran: Ran) -> None:
    assert "blues, fold 1: 2 of 15 files are there" in ran.left_out


def test_by_its_own_rule_the_preset_refuses_so_small_a_copy_and_says_what_to_allow(ran: Ran, tmp_path: Path) -> None:
    preset = load_study(find_study("gtzan-vit-freezing"))
    strict = ran.study.model_copy(update={"most_left_out": preset.most_left_out})
    with Store(tmp_path) as store, Inline() as executor, pytest.raises(DataFault) as refused:
        list(execute(strict, ran.plan, store, executor))
    assert "899 of 999 files of gtzan" in str(refused.value)
    assert "more than most_left_out: 0.01 allows" in str(refused.value)
    assert str(refused.value).endswith("or set most_left_out to at least 0.900.")


def test_no_artist_stands_in_two_parts_of_a_split(ran: Ran) -> None:
    for entry in ran.plan.entries:
        parts = split(read(entry.trial.dataset.reading), entry.trial)
        train, validation, test = (
            {artist_of(item) for item in part.ids.tolist()} for part in (parts.train, parts.validation, parts.test)
        )
        assert not train & validation
        assert not (train | validation) & test
        outcome = ran.outcomes[entry.trial.key]
        assert isinstance(outcome, Finished)
        assert (parts.digest, len(parts.test)) == (outcome.split_digest, outcome.n_test)


def test_each_seed_tests_another_fold_of_all_ten_genres(ran: Ran) -> None:
    tested = {entry.seed: Shelf(ran.folder).predictions(entry.trial.key) for entry in ran.plan.entries}
    assert not set(tested[0]["test_ids"].tolist()) & set(tested[1]["test_ids"].tolist())
    assert all(set(kept["targets"].tolist()) == set(range(10)) for kept in tested.values())


def test_every_frozen_layer_is_audited_and_none_of_its_weights_is_tuned(ran: Ran) -> None:
    """The layer ``patch`` holds class token and position embedding: one of them tuned would be counted here."""
    for entry in ran.plan.entries:
        outcome, frozen = ran.outcomes[entry.trial.key], int(str(entry.arm.surgery).partition("t")[0][1:] or 0)
        assert isinstance(outcome, Finished)
        if str(entry.arm.surgery).startswith("t"):
            assert outcome.parameters.frozen == 0
            continue
        assert f"{frozen} frozen layers unchanged in parameters, buffers and outputs" in outcome.audit
        assert outcome.parameters.frozen == frozen_parameters(frozen)


def frozen_parameters(layers: int) -> int:
    """How many numbers the lowest ``layers`` of a ViT-Ti/16 at 32 x 32 hold (Dosovitskiy et al. 2021)."""
    width = 192
    patch = 3 * 16 * 16 * width + width + width + (4 + 1) * width
    block = 12 * width * width + 13 * width
    norm = 2 * width
    return patch + (layers - 1) * block + (norm if layers == 13 else 0)


def test_the_report_says_that_the_weights_are_the_study_s_own(ran: Ran) -> None:
    assert "Self-pretrained: the study trained the network from random weights on digits" in ran.report
    assert {outcome.start for outcome in ran.outcomes.values() if isinstance(outcome, Finished)} == {
        "none",
        "self-pretrained",
    }
    assert "Nothing: all 10 trials of the study have finished" in ran.report
