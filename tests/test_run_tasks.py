"""Studies of tags and of values, from a manifest to their outcomes, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import TypeAdapter

from frostline.attempts import attempt_stack
from frostline.data.read import read
from frostline.data.splits import split
from frostline.errors import DataFault
from frostline.job import Job
from frostline.outcome import (
    ClassFigures,
    ClassMetrics,
    Failed,
    Finished,
    Metrics,
    TagMetrics,
    Validation,
    ValueMetrics,
)
from frostline.run import attempt, run_trial
from frostline.shelf import Shelf
from frostline.spec.dataset import Dataset
from frostline.spec.plan import plan
from frostline.spec.study_file import load_study
from frostline.spec.trial import Trial
from frostline.stacking import groups
from frostline.tasks.task import Answered, metrics
from frostline.way import Way
from tests.test_prepare import Frostline, frostline, tone

__all__ = ["frostline"]

TAGS = """
title: Bright
question: How deep?
dataset: {name: manifest, path: own/m.csv, size: 8}
network: {name: plain_cnn, depth: 1, channels: 2}
surgeries: {scratch: r1}
seeds: 2
recipe: {passes: 20, batch: 16, rate: 0.01, weights: balanced, stop_on: score}
"""
VALUES = """
title: High
question: How deep?
source: {dataset: {name: digits, size: 16}, recipe: short}
dataset:
  name: manifest
  path: own/v.csv
  files: sounds
  columns: {path: file, group: song}
  values: [pitch, noise]
  scale: [1, 9]
  size: 16
  spectrogram: {rate_hz: 8000, duration_s: 0.1, segments: 2, window: 512, hop: 256, bands: 16}
network: {name: plain_cnn, depth: 1, channels: 4, hidden: 8, output: tanh}
surgeries: {scratch: r1, probe: f1}
seeds: 1
keep: best
recipe: {passes: 20, batch: 8, rate: 0.01, loss: {mse: 1, ccc: 0.5}}
recipes:
  short: {steps: 2, validate_every: 2}
"""


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def pictures(folder: Path, rare: int = 5) -> Path:
    """A study of thirty pictures, bright above or bright below or both or neither; every fifth, or so, is rare."""
    draws, rows = np.random.default_rng(0), ["path,labels"]
    (folder / "own").mkdir()
    for number in range(30):
        levels = draws.integers(0, 60, (8, 8)).astype(np.uint8)
        bright = {"above": number % 2, "below": number // 2 % 2, "rare": int(number % rare == 0), "always": 1}
        levels[:4] += 150 * bright["above"]
        levels[4:] += 150 * bright["below"]
        Image.fromarray(levels).save(folder / "own" / f"{number:02d}.png")
        rows.append(f"{number:02d}.png,{';'.join(tag for tag, is_on in bright.items() if is_on)}")
    (folder / "own" / "m.csv").write_text("\n".join([*rows, ""]))
    (folder / "tags.yaml").write_text(TAGS.replace("own/", f"{folder}/own/"))
    return folder / "tags.yaml"


def sounds(folder: Path) -> Path:
    """A study of twenty tones in ten songs whose pitch tells a value, beside a value that nothing tells."""
    rows = ["file,song,pitch,noise"]
    for number in range(20):
        tone(folder / "own" / "sounds" / f"{number:02d}.wav", 200 + 150 * number)
        rows.append(f"{number:02d}.wav,song {number // 2},{1 + 8 * number / 19:.3f},{1 + number * 7 % 20 / 3:.3f}")
    (folder / "own" / "v.csv").write_text("\n".join([*rows, ""]))
    (folder / "values.yaml").write_text(VALUES.replace("own/", f"{folder}/own/"))
    return folder / "values.yaml"


def trials(path: Path) -> tuple[Trial, ...]:
    return plan(load_study(path)).trials


def test_a_trial_of_tags_runs_from_a_manifest_and_lists_what_says_nothing(tmp_path: Path) -> None:
    outcomes = [attempt(Job(one, tmp_path / "out", "none")) for one in trials(pictures(tmp_path))]
    for outcome in outcomes:
        assert isinstance(outcome, Finished) and isinstance(outcome.metrics, TagMetrics)
        assert outcome.metrics.left_out == ("always",)
        assert [one.name for one in outcome.metrics.tags] == ["above", "always", "below", "rare"]
        assert outcome.metrics.tags[1].positives == outcome.n_test == 6
        assert outcome.best_validation.score == max(seen.score for seen in outcome.history)
    assert max(outcome.metrics.score for outcome in outcomes if isinstance(outcome, Finished)) > 0.6


@pytest.mark.slow
@pytest.mark.parametrize(("study", "words"), [("tags", "macro ROC-AUC"), ("values", "CCC")])
def test_a_study_comes_to_a_page_that_says_its_score(
    tmp_path: Path, frostline: Frostline, study: str, words: str
) -> None:
    path = str(pictures(tmp_path) if study == "tags" else sounds(tmp_path))
    status, said, _ = frostline("run", path, "--to", "out")
    assert status == 0, said
    assert words in (tmp_path / "out" / "report.html").read_text()


def test_a_trial_of_values_runs_from_a_manifest_and_keeps_raw_answers(tmp_path: Path) -> None:
    scratch = next(one for one in trials(sounds(tmp_path)) if one.dataset.task == "values" and one.start is None)
    outcome = attempt(Job(scratch, tmp_path / "out", "none"))
    assert isinstance(outcome, Finished) and isinstance(outcome.metrics, ValueMetrics)
    pitch, noise = outcome.metrics.values
    assert (pitch.name, noise.name) == ("pitch", "noise") and pitch.ccc > 0.5
    assert (outcome.n_train, outcome.n_validation, outcome.n_test) == (12, 4, 4)
    kept = Shelf(tmp_path / "out").tested(scratch.key)
    assert str(kept["task"]) == "values" and kept["scale"].tolist() == [1.0, 9.0]
    assert kept["logits"].shape == kept["targets"].shape == (4, 2) and kept["logits"].dtype == np.float32
    assert np.abs(kept["logits"]).max() <= 1 and np.abs(kept["targets"]).max() <= 1
    errors = 4 * np.abs(kept["logits"] - kept["targets"]).mean(axis=0)
    assert [pitch.mae, noise.mae] == pytest.approx(errors, rel=1e-5)


def test_a_transformer_learns_values_from_spectrograms_that_are_not_square(tmp_path: Path) -> None:
    path = sounds(tmp_path)
    network = "{name: spectrogram_transformer, depth: 1, width: 12, heads: 2, patch: 4, hidden: 8, output: tanh}"
    plain = "{name: plain_cnn, depth: 1, channels: 4, hidden: 8, output: tanh}"
    text = path.read_text().replace("  size: 16\n", "  size: [16, 5]\n").replace(plain, network)
    source, arms = "source: {dataset: {name: digits, size: 16}, recipe: short}", "{scratch: r1, probe: f1}"
    path.write_text(text.replace(source, "normalise: standard").replace(arms, "{scratch: r2}"))
    (scratch,) = trials(path)
    assert scratch.dataset.plane_shape == (1, 16, 5)
    outcome = attempt(Job(scratch, tmp_path / "out", "none"))
    assert isinstance(outcome, Finished) and isinstance(outcome.metrics, ValueMetrics)
    assert outcome.metrics.values[0].ccc > 0.5


def test_frozen_layers_that_are_computed_once_give_the_outcome_of_those_that_are_not(tmp_path: Path) -> None:
    probe = next(one for one in trials(sounds(tmp_path)) if str(one.surgery) == "f1")
    folder = tmp_path / "out"
    for before in probe.ancestors:
        run_trial(Job(before, folder, "best"))
    once = run_trial(Job(probe, folder, "none", Way(stored=frozenset({2}))))
    anew = run_trial(Job(probe, folder, "none"))
    assert (once.frozen, anew.frozen) == ("stored", "recomputed")
    assert once.metrics.score == pytest.approx(anew.metrics.score, abs=1e-4)


def test_trials_of_tags_are_trained_each_by_itself(tmp_path: Path) -> None:
    plain = {"weights": None}
    made = trials(pictures(tmp_path))
    both = tuple(one.model_copy(update={"recipe": one.recipe.model_copy(update=plain)}) for one in made)
    assert groups(both) == tuple((one,) for one in both)
    ended = attempt_stack([Job(one, tmp_path / "out", "none") for one in both])
    assert [one.environment.stacked for one in ended if isinstance(one, Finished)] == [1, 1]


@pytest.mark.parametrize("study", ["tags", "values"])
def test_prepare_and_show_and_plan_tell_of_tags_and_values(tmp_path: Path, frostline: Frostline, study: str) -> None:
    path = str(pictures(tmp_path) if study == "tags" else sounds(tmp_path))
    assert frostline("plan", path)[0] == 0
    status, said, _ = frostline("prepare", path)
    assert status == 0 and f"{30 if study == 'tags' else 20} of" in said
    status, said, told = frostline("show", path, "--to", "pages")
    assert status == 0, told
    (page,) = (tmp_path / "pages").glob("*.html")
    text = page.read_text()
    if study == "tags":
        assert "30 items with 4 tags can be used: above (15), always (30), below (14), rare (6); nothing" in text
    else:
        assert "20 items with 2 values can be used: pitch (1 to 9), noise (1 to 7.33); nothing was left out" in text


def test_a_part_without_any_tag_that_tells_items_apart_is_refused(tmp_path: Path) -> None:
    path = pictures(tmp_path)
    rows = [f"{number:02d}.png,always" for number in range(30)]
    (tmp_path / "own" / "m.csv").write_text("\n".join(["path,labels", *rows]))
    trial = trials(path)[0]
    words = (
        "manifest cannot be split: no tag is on some items and not on others in training (18 items, all with a tag), "
        "validation (6 items, all with a tag), test (6 items, all with a tag). Use a larger share, other folds, or "
        "fewer or more common tags"
    )
    with pytest.raises(DataFault) as caught:
        split(read(trial.dataset.reading), trial)
    assert str(caught.value) == words
    failed = attempt(Job(trial, tmp_path / "out", "none"))
    assert isinstance(failed, Failed) and failed.error == words


def test_thresholds_are_tuned_on_what_validates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def noted(tested: Answered, validated: Answered, dataset: Dataset) -> Metrics:
        seen.append(len(validated.targets))
        return metrics(tested, validated, dataset)

    monkeypatch.setattr("frostline.run.metrics", noted)
    outcome = run_trial(Job(trials(pictures(tmp_path))[0], tmp_path / "out", "none"))
    assert seen == [outcome.n_validation] != [outcome.n_train]


def test_a_score_that_is_undefined_is_no_outcome(tmp_path: Path) -> None:
    dataset = trials(pictures(tmp_path))[0].dataset
    every, some = torch.ones(5, 4), torch.eye(5, 4)
    with pytest.raises(DataFault, match="the score of manifest on the test part is undefined: no tag is on some of it"):
        metrics(Answered(every, every), Answered(some, some), dataset)


def test_records_of_old_are_read_as_those_of_classes() -> None:
    seen = Validation.model_validate({"step": 1, "train_loss": 0.5, "loss": 0.4, "accuracy": 0.75})
    assert seen.score == 0.75
    figures = ClassFigures(name="a", precision=1, recall=1, f1=1, support=2)
    new = ClassMetrics(
        accuracy=0.9, macro_f1=0.8, nll=0.3, calibration_error=0.1, classes=(figures,), confusion=((2,),)
    )
    old = json.loads(new.model_dump_json(exclude={"task"}))
    assert TypeAdapter[Metrics](Metrics).validate_python(old) == new and new.score == 0.9
