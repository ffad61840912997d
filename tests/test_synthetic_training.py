"""Synthetic items train, and neither validate nor test; whoever needs a dead generator fails with its reason."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from frostline.augmentation.shown import PreparedRows
from frostline.augmentation.synthesize import synthesized
from frostline.data.planes import preprocessing
from frostline.data.read import read
from frostline.data.rows import JoinedRows
from frostline.data.splits import SealedSamples, Splits, split
from frostline.errors import LeakFound, PlanRefused
from frostline.outcome import Failed, Finished
from frostline.run import attempt, ready
from frostline.spec.plan import plan
from frostline.spec.synthesis import AdversarialRecipe, Forging, GeneratorSizes
from tests.trials import HIGH, job, small_study, transfer

SIZES = GeneratorSizes(latent=4, width=4, widest=8)
FORGING = Forging(recipe=AdversarialRecipe(steps=3, batch=8).resolved(60), sizes=SIZES, number=20)
DEAD = AdversarialRecipe(
    steps=60, batch=8, look_every=2, patience=2, distortions=(), generator_rate=1e-12, critic_rate=5e-3
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("study")


def test_a_trial_trains_on_real_and_synthetic_items_and_answers_for_real_ones_alone(folder: Path) -> None:
    trial = transfer("r3", synthesis=FORGING)
    one = ready(job(trial, folder))
    real = len(one.material.splits.train)
    assert len(one.lesson.train) == real + 20 and len(one.lesson.validation) == len(one.material.splits.validation)
    planes = one.lesson.train.planes
    assert isinstance(planes, JoinedRows) and planes[:].shape == (real + 20, 1, 8, 8)
    made = synthesized(trial.made, one.material.splits, folder, torch.device("cpu"))
    assert torch.equal(planes[torch.tensor([real + 3, 0, real])][[0, 2]], made.planes[:][[3, 0]] / 16)
    assert torch.equal(one.lesson.train.targets[real:], made.targets)
    finished = attempt(job(trial, folder))
    assert isinstance(finished, Finished) and (finished.n_train, finished.n_synthetic) == (real, 20)
    plain = attempt(job(transfer("r3"), folder))
    assert isinstance(plain, Finished) and plain.n_synthetic == 0 and plain.steps == finished.steps
    assert plain.split_digest == finished.split_digest and plain.weights_digest != finished.weights_digest


def test_trials_of_one_share_and_split_have_one_generator(folder: Path) -> None:
    one, other = transfer("r3", synthesis=FORGING).made, transfer("f1r2", synthesis=FORGING).made
    assert one is not None and other is not None and one.key == other.key
    more = transfer("r3", synthesis=FORGING, share=0.3).made
    assert more is not None and more.generator_key != one.generator_key
    assert transfer("r3").made is None and transfer("r3").key != transfer("r3", synthesis=FORGING).key


def test_a_trial_that_needs_a_dead_generator_fails_with_its_reason(tmp_path: Path) -> None:
    dead = FORGING.model_copy(update={"recipe": DEAD})
    outcome = attempt(job(transfer("r3", share=0.1, synthesis=dead), tmp_path))
    assert isinstance(outcome, Failed)
    assert "of these synthetic items has failed: in 2 looks in a row" in outcome.error


@pytest.mark.parametrize("part", ["validation", "test"])
def test_a_synthetic_item_may_neither_validate_nor_test(part: str) -> None:
    splits = split(read(HIGH.reading), transfer("r3"))
    held = {"validation": splits.validation, "test": splits.test.open()}
    ids = held[part].ids.astype(object)
    ids[2] = transfer("r3", synthesis=FORGING).made.id_of(7)  # type: ignore[union-attr]
    held[part] = replace(held[part], ids=ids.astype(str), groups=ids.astype(str))
    with pytest.raises(LeakFound, match=f"1 synthetic item stands in {part}, the first is 'synthetic/.*/7'; synthetic"):
        Splits(splits.train, held["validation"], SealedSamples(held["test"]))


def test_prepared_planes_are_those_of_the_preprocessing_of_the_trial(folder: Path) -> None:
    trial = transfer("r3", synthesis=FORGING)
    splits = split(read(HIGH.reading), trial)
    made = synthesized(trial.made, splits, folder, torch.device("cpu"))
    prepare = preprocessing(HIGH, "standard", splits.train)
    rows = PreparedRows(made.planes, prepare)
    as_samples = splits.train.take(np.arange(20))
    expected = prepare.planes(replace(as_samples, planes=made.planes[:]))
    assert len(rows) == 20 and torch.equal(rows[torch.tensor([4, 19])], expected[[4, 19]])


def test_a_plan_states_the_budget_of_a_generator_in_steps() -> None:
    study = small_study(synthesis=FORGING.model_copy(update={"recipe": AdversarialRecipe(passes=2, batch=8)}))
    for trial in plan(study).trials:
        if trial.dataset == study.dataset:
            assert trial.synthesis is not None and trial.synthesis.recipe.steps is not None
        else:
            assert trial.synthesis is None


def test_a_share_that_does_not_fill_a_batch_is_refused_in_the_plan() -> None:
    study = small_study(synthesis=FORGING.model_copy(update={"recipe": AdversarialRecipe(passes=2, batch=100)}))
    said = r"synthesis.recipe.batch: 100 is more than the \d+ training items at share 0.1, of which a generator would"
    with pytest.raises(PlanRefused, match=said):
        plan(study)


LONG = "so that nobody would find a dead generator out at share 0.1; lower it, or raise the budget"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"look_every": 100}, "look_every: 100 is more than the 10 steps of the generator at share 0.1; lower it, or"),
        ({"look_every": 4}, f"look_every: 4 leaves 3 looks where patience takes 5, {LONG}"),
        ({"patience": 11}, f"patience: 11 looks in a row never come of 10, {LONG}"),
        ({"penalty_every": 11}, "penalty_every: 11 is more than the 10 steps of the generator at share 0.1; lower it"),
        ({"look_every": 2}, None),
        ({"patience": 10, "penalty_every": 10}, None),
    ],
)
def test_keys_that_the_budget_of_a_generator_never_reaches_are_refused(given: dict[str, int], said: str | None) -> None:
    forging = FORGING.model_copy(update={"recipe": AdversarialRecipe.model_validate({"steps": 10, **given})})
    assert forging.recipe.batch == 16
    for place, changes in {
        "synthesis": {"synthesis": forging},
        "additions.gan.synthesis": {"additions": {"gan": {"synthesis": forging}}},
    }.items():
        if said is None:
            plan(small_study(**changes))
        else:
            with pytest.raises(PlanRefused, match=re.escape(f"{place}.recipe.{said}")):
                plan(small_study(**changes))


def test_a_control_that_is_undertrained_keeps_the_keys_of_what_it_controls() -> None:
    forging = Forging(recipe=AdversarialRecipe(steps=10, batch=8, patience=4), sizes=SIZES, number=20)
    brief = forging.model_copy(update={"recipe": AdversarialRecipe(steps=2, batch=8, patience=4)})
    plan(small_study(additions={"gan": {"synthesis": forging}, "few": {"synthesis": brief, "control_of": "gan"}}))


def test_views_and_unresolved_budgets_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"synthetic items have no views; remove augmentation.views, or synth"):
        transfer("r3", synthesis=FORGING, augmentation={"flip": "horizontal", "views": 2})
    with pytest.raises(ValidationError, match="a trial's generator has its budget in steps; resolve its recipe first"):
        transfer("r3", synthesis=FORGING.model_copy(update={"recipe": AdversarialRecipe(passes=2)}))
