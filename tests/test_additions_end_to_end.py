"""A whole study of spoken digits with additions: carried out, compared, measured in real items, and reported."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from frostline.carry_out import Scope, carry_out
from frostline.outcome import Finished
from frostline.reporting import reported
from frostline.spec.plan import plan
from frostline.spec.study import Study
from frostline.store import read_outcomes

pytestmark = [pytest.mark.slow, pytest.mark.real_data]
SYNTHESIS = {
    "recipe": {"steps": 20, "batch": 8, "look_every": 4},
    "sizes": {"latent": 8, "width": 4, "widest": 8, "size": (16, 16)},
    "ratio": 1.0,
    "conditions": "resampled",
}
ADDITIONS = {
    "specaugment": {"augmentation": {"masks": {"time": {"count": 1, "width": 4}}}},
    "gan": {"synthesis": SYNTHESIS},
    "shuffled": {"synthesis": {**SYNTHESIS, "conditions": "shuffled"}, "control_of": "gan"},
}
CONTENT: dict[str, object] = {
    "title": "Spoken digits, real and synthetic",
    "question": "Do synthetic spectrograms help?",
    "dataset": {"name": "fsdd", "size": 16, "spectrogram": {"rate_hz": 8000, "window": 512, "hop": 128, "bands": 32}},
    "source": {"dataset": {"name": "digits", "size": 16}},
    "network": {"name": "plain_cnn", "depth": 2, "channels": 4},
    "surgeries": {"scratch": "r2", "half": "f1t1"},
    "shares": (0.02, 0.05),
    "seeds": 2,
    "recipe": {"steps": 8, "validate_every": 4, "batch": 8},
    "additions": ADDITIONS,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study")
    study = Study.model_validate(CONTENT)
    planned = plan(study)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FROSTLINE_CACHE", str(path / "cache"))
        carry_out(study, Scope(planned, planned), path, "inline", None)
    reported(study, planned, path)
    return path


def test_every_arm_has_run_at_every_share_and_seed_with_equal_steps(folder: Path) -> None:
    planned, outcomes = plan(Study.model_validate(CONTENT)), read_outcomes(folder)
    assert len(planned.entries) == 2 * 4 * 2 * 2
    found = [(entry, outcomes[entry.trial.key]) for entry in planned.entries]
    for entry, outcome in found:
        assert isinstance(outcome, Finished), outcome
        expected = outcome.n_train if entry.arm.addition in ("gan", "shuffled") else 0
        assert (outcome.steps, outcome.n_synthetic) == (8, expected)
    for share in (0.02, 0.05):
        digests = {(entry.seed, one.split_digest) for entry, one in found if entry.share == share}  # type: ignore[union-attr]
        assert len(digests) == 2


def test_one_generator_is_made_for_a_share_and_a_split_and_serves_the_control_too(folder: Path) -> None:
    assert len(list((folder / "generators").iterdir())) == 2 * 2
    assert len(list((folder / "synthetic").glob("*.npy"))) == 2 * 2 * 2
    assert len(list((folder / "synthetic").glob("*.json"))) == 2 * 2 * 2


def test_the_table_names_arm_addition_and_control(folder: Path) -> None:
    frame = pd.read_csv(folder / "table.csv", keep_default_na=False)
    assert set(frame["arm"]) == {
        f"{arm}{added}" for arm in ("r2", "f1t1") for added in ("", " with specaugment", " with gan", " with shuffled")
    }
    assert set(frame.loc[frame["control"] != "", "addition"]) == {"shuffled"}


def test_the_page_tells_what_additions_did_what_they_are_worth_and_what_trained(folder: Path) -> None:
    text = (folder / "report.html").read_text()
    for said in (
        "Do additions to training help?",
        "How many real items is it worth?",
        "f1t1 with gan",
        "Real and synthetic items of every training set; what validates and tests is real",
        "How the synthetic items were made",
        "Real (left) beside synthetic planes (right) of equal conditions: gan, shuffled at 5 %, seed 0",
        "shuffled is a control of gan, which is never recommended",
        "Frechet distance (of real)",
    ):
        assert said in text, said
    made = {path.name for path in (folder / "figures").iterdir()}
    assert {"composition.csv", "generator-curves.svg", "generator-samples-0.png"} <= made
    composed = pd.read_csv(folder / "figures" / "composition.csv")
    assert set(composed.loc[composed["arm"].str.contains("gan"), "train_synthetic"]) == set(composed["train_real"])
