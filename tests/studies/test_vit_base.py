"""One real optimiser step of ViT-B/16 at 224, with random weights in the hub's layout through the real loading code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import timm
from PIL import Image
from timm.models._hub import save_for_hf

from frostline.analysis.findings import Findings
from frostline.analysis.table import table
from frostline.execute import execute
from frostline.executors.inline import Inline
from frostline.networks.weights import file_digest
from frostline.outcome import Finished
from frostline.randomness import torch_noise
from frostline.report.page import page
from frostline.spec.plan import plan
from frostline.spec.study import Study
from frostline.store import Store

pytestmark = pytest.mark.slow
MODEL = "vit_base_patch16_224"


@dataclass(frozen=True)
class Step:
    """What came of one step of half a ViT-B/16, the report, and what the store holds of the weights."""

    outcome: Finished
    report: str
    weights: Path
    digest: str | None


def images(folder: Path) -> Path:
    """``folder`` with two classes of three images: grey noise, darker and lighter."""
    for place, name in enumerate(("dark", "light")):
        (folder / name).mkdir(parents=True)
        for number in range(3):
            noise = np.random.default_rng(number).integers(0, 128, (240, 230, 3), dtype=np.uint8)
            Image.fromarray(noise + np.uint8(127 * place)).save(folder / name / f"{number}.png")
    return folder


def random_weights(folder: Path) -> Path:
    """``folder`` with a ViT-B/16 as timm draws it, as it would lie on the hub."""
    with torch_noise(1, "weights"):
        model = timm.create_model(MODEL)
    save_for_hf(model, str(folder), safe_serialization=True)
    return folder


@pytest.fixture(scope="module")
def step(tmp_path_factory: pytest.TempPathFactory) -> Step:
    weights = random_weights(tmp_path_factory.mktemp("weights"))
    study = Study.model_validate(
        {
            "title": "One step",
            "question": "Does a whole ViT-B/16 pass through?",
            "dataset": {
                "name": "folder",
                "path": str(images(tmp_path_factory.mktemp("images"))),
                "size": 224,
                "folds": 3,
            },
            "source": {"weights": str(weights), "origin": "random"},
            "network": {"name": "timm", "model": MODEL},
            "surgeries": {"half": "f7t6"},
            "seeds": 1,
            "normalise": "pretrained",
            "recipe": {"optimizer": "sgd", "momentum": 0.9, "batch": 2, "steps": 1},
            "device": "cpu",
        }
    )
    planned, folder = plan(study), tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch, Store(folder) as store, Inline() as executor:
        patch.setenv("FROSTLINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        (outcome,) = execute(study, planned, store, executor)
        assert isinstance(outcome, Finished), outcome
        report = page(study, planned, Findings(table(planned, store.outcomes())))
        return Step(outcome, report, weights, store.fact(f"weights {weights}"))


def test_a_whole_vit_base_takes_one_step_over_its_frozen_half(step: Step) -> None:
    assert (step.outcome.steps, step.outcome.stopped, step.outcome.n_train) == (1, "budget", 2)
    assert "7 frozen layers unchanged in parameters, buffers and outputs" in step.outcome.audit
    block, head = 12 * 768 * 768 + 13 * 768, 2 * (768 + 1)
    assert step.outcome.parameters.trainable == 6 * block + 2 * 768 + head


def test_weights_in_the_layout_of_the_hub_are_taken_whole_and_named_by_their_digest(step: Step) -> None:
    assert step.digest == file_digest(step.weights / "model.safetensors")
    assert step.outcome.start_told == ("the classifier of the weights (1000 outputs) is unused: the head is new",)
    assert json.loads((step.weights / "config.json").read_text())["architecture"] == MODEL


def test_random_weights_are_called_random_in_the_outcome_and_in_the_report(step: Step) -> None:
    assert step.outcome.start == "random"
    assert "(origin: random)" in step.report
    assert "Finished trials: 1 from random weights" in step.report
    assert "from published weights" not in step.report
