"""The preset ``deam-vit-gan`` from the folder to the page and the archive: short songs, small networks."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import timm
from timm.models._hub import save_for_hf

from frostline.analysis.own_audit import own_audit
from frostline.carry_out import Scope, carry_out
from frostline.data.read import read
from frostline.outcome import Finished
from frostline.packing import pack
from frostline.presets import find_study
from frostline.randomness import torch_noise
from frostline.reporting import Reported, reported
from frostline.spec.plan import Plan, plan
from frostline.spec.study import Study
from frostline.spec.study_file import load_study
from frostline.store import read_outcomes
from tests.studies.deam import deam_of_clips

pytestmark = [pytest.mark.real_data, pytest.mark.slow]
MODEL = "vit_tiny_patch16_224"
OF_A_FOLD, SEGMENTS, SYNTHETIC = 10, 2, 30
SHARES, SEEDS = (0.5, 1.0), 2
ARM = "f7t6"
FORGED = {
    "number": SYNTHETIC,
    "sizes": {"latent": 8, "width": 4, "widest": 8, "size": (16, 16)},
    "recipe": {"steps": 12, "batch": 4},
}
STRIPES = {"count": 2, "width": 4}
ADDITIONS: dict[str, dict[str, object]] = {
    "masks": {"augmentation": {"masks": {"frequency": STRIPES, "time": STRIPES}}},
    "mixup": {"augmentation": {"mixup": {"alpha": 0.2}}},
    "gan": {"synthesis": {**FORGED, "between": (1, 9), "outside": "clipped"}},
    "gan shuffled": {"control_of": "gan", "synthesis": {**FORGED, "conditions": "shuffled"}},
    "gan undertrained": {
        "control_of": "gan",
        "synthesis": {**FORGED, "between": (1, 9), "outside": "clipped", "recipe": {"steps": 2, "batch": 4}},
    },
}


@dataclass(frozen=True)
class Ran:
    """A study that was run, what came of it, and its page as text without its figures."""

    study: Study
    plan: Plan
    folder: Path
    outcomes: dict[str, Finished]
    found: Reported
    text: str

    def outcomes_with(self, addition: str) -> list[Finished]:
        """What came of the trials of the arm with ``addition``; of the other network for its name."""
        entries = [entry for entry in self.plan.entries if addition in (entry.arm.addition, entry.arm.beside)]
        return [self.outcomes[entry.trial.key] for entry in entries]


def stand_in(preset: Study, weights: Path) -> Study:
    """``preset`` with smaller networks, planes, budgets and synthetic items, and with songs in segments."""
    assert set(preset.additions) == set(ADDITIONS)
    recipe = {**preset.recipes["squared error"].model_dump(exclude={"passes"}, exclude_defaults=True), "steps": 4}
    (beside,) = preset.beside
    small = {"name": "spectrogram_transformer", "depth": 1, "width": 16, "heads": 2}
    changed = {
        "dataset": {
            "name": "deam",
            "channels": 3,
            "size": 32,
            "spectrogram": {"duration_s": 1.5, "segments": SEGMENTS},
        },
        "source": {"weights": str(weights), "origin": "random"},
        "network": {"name": "timm", "model": MODEL, "hidden": 8},
        "beside": {beside: {"network": small, "channels": 1, "size": (32, 64), "normalise": "standard"}},
        "surgeries": {"half": ARM},
        "shares": SHARES,
        "seeds": SEEDS,
        "additions": ADDITIONS,
        "recipes": {"squared error": {**recipe, "batch": 8, "validate_every": 2}},
        "most_left_out": 0.99,
    }
    return Study.model_validate({**dict(preset), **changed})


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    folder, weights = tmp_path_factory.mktemp("study"), tmp_path_factory.mktemp("weights")
    data = deam_of_clips(tmp_path_factory.mktemp("data"), OF_A_FOLD, durations_s=(3.0, 3.0, 3.0, 1.0))
    with torch_noise(1, "weights"):
        save_for_hf(timm.create_model(MODEL), str(weights), safe_serialization=True)
    study = stand_in(load_study(find_study("deam-vit-gan")), weights)
    planned = plan(study)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FROSTLINE_DATA", str(data))
        patch.setenv("FROSTLINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        carry_out(study, Scope(planned, planned), folder, "inline", None)
        found = reported(study, planned, folder)
        page = found.page.read_text(encoding="utf-8")
        text = " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|style|svg)\b.*?</\1>", "", page)).split())
        outcomes = {key: one for key, one in read_outcomes(folder).items() if isinstance(one, Finished)}
        yield Ran(study, planned, folder, outcomes, found, text)
    read.cache_clear()


def test_every_arm_has_finished_in_equal_steps_on_the_same_real_songs(ran: Ran) -> None:
    assert len(ran.outcomes) == len(ran.plan.trials) == (len(ADDITIONS) + 2) * len(SHARES) * SEEDS
    assert {one.steps for one in ran.outcomes.values()} == {4}
    plain = [(one.n_train, one.split_digest) for one in ran.outcomes_with("") if one.n_synthetic == 0]
    for name in ADDITIONS:
        told = ran.outcomes_with(name)
        assert {one.n_synthetic for one in told} == {SYNTHETIC if name.startswith("gan") else 0}
        assert {(one.n_train, one.split_digest) for one in told} == set(plain)
    assert {one.n_train for one in ran.outcomes_with("spectrogram transformer")} == {n for n, _ in plain}


def test_what_validates_and_tests_is_real_and_a_song_has_one_answer(ran: Ran) -> None:
    findings = own_audit(ran.study, ran.plan, dict(ran.outcomes), ran.folder)
    (said,) = [one for one in findings if "synthetic" in one.subject]
    assert (said.verdict, said.subject) == ("holds", "no synthetic item validates or tests")
    for key, one in ran.outcomes.items():
        with np.load(ran.folder / "predictions" / f"{key}.npz") as kept:
            ids = kept["test_ids"].tolist()
            assert kept["logits"].shape == kept["targets"].shape == (OF_A_FOLD, 2) == (one.n_test, 2)
        assert len(set(ids)) == OF_A_FOLD and all(name.startswith(b"deam/") for name in ids)


def test_the_page_shows_of_what_every_training_set_was_composed(ran: Ran) -> None:
    composed = pd.read_csv(ran.folder / "figures" / "composition.csv")
    forged = composed["arm"].str.contains("gan")
    assert set(composed.loc[forged, "train_synthetic"]) == {SYNTHETIC}
    assert set(composed.loc[~forged, "train_synthetic"]) == {0}
    assert "Real and synthetic items of every training set; what validates and tests is real." in ran.text


def test_the_worth_of_each_addition_in_songs_has_an_interval_or_the_reason_why_not(ran: Ran) -> None:
    assert "How many real items is it worth?" in ran.text
    told = re.findall(
        r"At 50 % of the target data \(\d+ real items to train on\).*?"
        r"\(95 % interval \d+ (?:to \d+|and open above), n = 2 seeds; up to \d+ more were tried\)\.",
        ran.text,
    )
    assert len(told) == 3
    assert all(name in said for name, said in zip(("masks", "mixup", "gan"), told, strict=True))
    assert re.search(rf"Nothing is said of how many real items {ARM} with masks at 100 %.* is worth: it take", ran.text)


def test_the_page_tells_the_health_of_every_generator_and_how_near_its_items_come(ran: Ran) -> None:
    assert len(list((ran.folder / "generators").iterdir())) == 2 * len(SHARES) * SEEDS
    assert "8 generators learned, each from the training items of one share and one split and from nothing" in ran.text
    assert ran.text.count("no collapse, no dead critic") == ran.text.count("not judged: 2 of the 5 looks") == 4
    near = r"\d[\d.e+]* \(\d[\d.e+]*\) [01]\.\d\d [01]\.\d\d \d+\.\d\d \d+ % 30 / \d+"
    assert len(re.findall(near, ran.text)) == 8
    assert f"Of the {SEGMENTS} segments of each the first is shown." in ran.text


def test_conditions_that_no_song_has_are_told_on_the_page_and_at_the_command_line(ran: Ran) -> None:
    said = r"gan at 50 %, seed 0: \d+ of 30 conditions lie outside the training items, whose values go from "
    assert re.match(said, ran.found.warned[0]) and ran.found.warned[0] in ran.text
    assert ran.found.warned[-1] == "5 more warnings like these stand on the page"
    assert "(those outside the values of the training items brought to the nearest of these)" in ran.text


def test_each_number_has_its_concordance_with_its_interval_its_runs_and_its_songs(ran: Ran) -> None:
    songs = SEEDS * OF_A_FOLD
    for name in ("valence", "arousal"):
        assert re.search(rf"{name}: CCC -?\d\.\d+ \[-?\d\.\d+, \d\.\d+\], n = 2 runs, {songs} items", ran.text), name
    over = rf"CCC over all {songs} test items, .* it: valence -?\d\.\d+ \[-?\d\.\d+, \d\.\d+\]; arousal -?\d\.\d+ \["
    assert re.search(over, ran.text)
    assert "2 segments a recording, their answers averaged" in ran.text


def test_the_page_tells_what_is_missing_of_the_collection(ran: Ran) -> None:
    gone = 1802 - 5 * OF_A_FOLD
    for said in (
        f"{gone} files of deam could not be used and were left out.",
        f"Counts of items are here those of the list of deam. {gone:,} files of it could not be used",
        "Of deam: no artists are known, for metadata_2013.csv, metadata_2014.csv, metadata_2015.csv are not there",
        "recordings are shorter than the 1.5 s that are taken of each, and get silence before and behind",
    ):
        assert said in ran.text, said


def test_the_archive_holds_page_figures_generators_and_critics(ran: Ran) -> None:
    file = ran.folder / "study.yaml"
    file.write_text("title: a stand-in\n")
    with zipfile.ZipFile(pack(ran.study, ran.plan, file, ran.folder).path) as archive:
        names = [name.rpartition("/")[2] for name in archive.namelist()]
    assert names.count("generator.safetensors") == names.count("critic.safetensors") == 8
    assert {"report.html", "table.csv", "composition.svg", "plane.svg"} <= set(names)
