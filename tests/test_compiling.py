"""Steps are compiled where that pays, by a count from the plan and a measurement; what goes wrong is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from frostline import compiling
from frostline.compiling import LEAST_S, Taken, Work, measured, pays, work_of
from frostline.errors import FrostlineError, NotCompiled, OutOfMemory
from frostline.job import Job
from frostline.probe import Sample
from frostline.run import run_trial
from frostline.spec.plan import Plan, plan
from frostline.way import Way
from tests.trials import QUICK, TINY_CNN, pretraining, small_study, transfer

TAKEN = Taken(eager=4e-3, compiled=1e-3, once=10.0)
"""Of each step 3 ms are saved, and of the margin a fourth of 1 ms is lost."""


@pytest.mark.parametrize(
    ("taken", "work", "pay"),
    [
        (TAKEN, Work(9_100, 2), True),
        (TAKEN, Work(9_000, 2), False),
        (TAKEN, Work(9_100, 3), False),
        (replace(TAKEN, once=20.0), Work(9_100, 2), False),
        (replace(TAKEN, compiled=3.3e-3), Work(1e9, 1), False),
        (replace(TAKEN, compiled=3.1e-3), Work(1e9, 1), True),
        (replace(TAKEN, compiled=5e-3), Work(1e9, 1), False),
        (TAKEN, Work(0, 0), False),
    ],
)
def test_compiling_pays_where_the_steps_that_are_planned_clearly_gain_more_than_it_takes(
    taken: Taken, work: Work, pay: bool
) -> None:
    assert pays(taken, work) is pay


def a_plan(**changes: object) -> Plan:
    """Trainings from scratch on 30 items of 5 digits, at one share and for one seed."""
    given = {"surgeries": {"scratch": "r3"}, "source": None, "shares": (0.05,), "seeds": 1}
    return plan(small_study(**(given | changes)))


def work(planned: Plan) -> Work:
    return work_of(planned, max(planned.trials, key=lambda trial: trial.recipe.batch))


def test_a_shape_is_a_network_with_what_is_frozen_in_it_and_a_size_of_batch_whatever_the_seed() -> None:
    small = {"steps": 6, "validate_every": 3}
    assert work(a_plan(recipe=small | {"batch": 1000})).shapes == 1
    assert work(a_plan(recipe=small | {"batch": 1000}, seeds=3)).shapes == 1
    assert work(a_plan(recipe=small | {"batch": 16})).shapes == 2
    assert work(a_plan(recipe=small | {"batch": 16, "accumulate": 3})).shapes == 3
    assert work(a_plan(recipe=small | {"batch": 1000}, shares=(0.05, 0.1))).shapes == 2


def test_the_last_batch_of_a_pass_holds_what_real_and_synthetic_items_leave() -> None:
    small, generator = {"steps": 6, "validate_every": 3, "batch": 16}, {"steps": 6, "batch": 8}
    assert work(a_plan(recipe=small)).shapes == 2
    assert work(a_plan(recipe=small, synthesis={"recipe": generator, "number": 18})).shapes == 1
    assert work(a_plan(recipe=small, synthesis={"recipe": generator, "number": 16})).shapes == 2


def test_networks_are_shapes_of_their_own_where_they_are_frozen_or_cut_to_other_depths() -> None:
    tuned, reset, frozen, cut = (transfer(surgery) for surgery in ("t3", "t1r2", "f1r2", "t2x1"))
    sizes = len(compiling._shapes(tuned))
    together = compiling._shapes(tuned) | compiling._shapes(reset)
    assert len(together) == sizes
    assert len(together | compiling._shapes(frozen)) == 2 * sizes
    assert len(together | compiling._shapes(frozen) | compiling._shapes(cut)) == 3 * sizes


def test_steps_are_counted_until_patience_can_end_and_less_where_layers_are_frozen_or_batches_small() -> None:
    recipe = {"steps": 100, "validate_every": 10, "batch": 8}
    assert work(a_plan(recipe=recipe)).steps == 100
    assert work(a_plan(recipe=recipe, seeds=3)).steps == 300
    assert work(a_plan(recipe=recipe | {"patience": 2})).steps == 30
    small = plan(small_study(surgeries={"F": "f2t1"}, shares=(0.1,), seeds=1, recipe=recipe))
    (start,), (frozen,) = ([trial for trial in small.trials if bool(trial.start) is kept] for kept in (False, True))
    assert work_of(small, start).steps == 100 + 100 * 2 / 4
    larger = start.model_copy(update={"recipe": start.recipe.model_copy(update={"batch": 16})})
    assert work_of(small, larger).steps == (100 + 100 * 2 / 4) / 2
    assert frozen.frozen_depth == 2


SAMPLE = Sample(pretraining(), torch.device("cpu"))
LONG = {"steps": 100_000, "validate_every": 1000, "batch": 16}


def chosen(monkeypatch: pytest.MonkeyPatch, taken: Taken | FrostlineError, **recipe: object) -> tuple[bool, list[str]]:
    monkeypatch.setattr(compiling, "_seconds", lambda *_: TAKEN.eager)
    monkeypatch.setattr(compiling, "tried", lambda *_: taken)
    return measured(a_plan(recipe=LONG | recipe), SAMPLE, "float32")


def test_what_was_measured_is_told_with_what_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    said = (
        "a step of 16 planes takes 4 ms as it is and {} ms compiled; compiling takes 10 s a shape, and at least "
        "100000 such steps of 2 shapes are planned"
    )
    assert chosen(monkeypatch, TAKEN) == (True, [f"Training steps: compiled ({said.format(1)})."])
    slow = replace(TAKEN, compiled=3.9e-3)
    assert chosen(monkeypatch, slow) == (False, [f"Training steps: not compiled ({said.format(3.9)})."])


def test_where_too_few_steps_are_planned_nothing_is_compiled_to_find_out(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = int(2 * LEAST_S * 1.25 / TAKEN.eager)
    never = NotCompiled("tried")
    said = f"a step of 16 planes takes 4 ms, and at least {steps} such steps of 2 shapes are planned"
    few = {"steps": steps, "validate_every": steps}
    assert chosen(monkeypatch, never, **few) == (False, [f"Training steps: not compiled ({said})."])
    more = {"steps": steps + 1, "validate_every": steps + 1}
    assert chosen(monkeypatch, never, **more) == (False, ["Training steps: not compiled (tried)."])


@pytest.mark.parametrize("error", [NotCompiled("there is no compiler"), OutOfMemory("there is no compiler")])
def test_where_compiling_fails_the_study_runs_without_it_and_says_so(
    monkeypatch: pytest.MonkeyPatch, error: FrostlineError
) -> None:
    assert chosen(monkeypatch, error) == (False, ["Training steps: not compiled (there is no compiler)."])


def test_a_machine_on_which_compiling_is_switched_off_measures_no_compiled_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TORCH_COMPILE_DISABLE", "1")
    compiled, (said,) = measured(a_plan(recipe=LONG | {"steps": 10**9}), SAMPLE, "float32")
    assert not compiled
    assert said.startswith("Training steps: not compiled (TORCH_COMPILE_DISABLE=1 switches compiling off")


def test_a_sample_that_does_not_fit_in_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OutOfMemory("batch 16 did not fit")

    monkeypatch.setattr("frostline.training.gradient.with_gradient", full)
    said = "Training steps: not compiled (batch 16 did not fit)."
    assert measured(a_plan(recipe=LONG), SAMPLE, "float32") == (False, [said])


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked")
def test_a_measurement_compiles_a_real_step_and_a_compiled_trial_says_that_it_was(tmp_path: Path) -> None:
    taken = compiling.tried(SAMPLE, "float32")
    assert isinstance(taken, Taken)
    assert 0 < taken.compiled < taken.once
    assert 0 < taken.eager < taken.once
    trial = pretraining(TINY_CNN)
    plain, compiled = (run_trial(Job(trial, tmp_path, "none", Way(compiled=way))) for way in (False, True))
    assert (plain.environment.compiled, compiled.environment.compiled) == (False, True)
    assert compiled.best_validation.loss == pytest.approx(plain.best_validation.loss, rel=1e-4)
    assert compiled.steps == plain.steps == QUICK.steps
