"""Trials of one shape may be trained at once, and a study ends as it does trial by trial."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean

import pytest
import torch

from frostline import probe, stacking
from frostline.attempts import attempt_stack
from frostline.errors import StoreMismatch
from frostline.execute import execute
from frostline.executors.inline import Inline
from frostline.executors.processes import Processes
from frostline.job import Job
from frostline.outcome import Failed, Finished
from frostline.probe import Setting
from frostline.run import Ready, ready
from frostline.shelf import Shelf
from frostline.spec.plan import plan
from frostline.spec.study import Study
from frostline.spec.trial import Trial
from frostline.stacking import measured, run_again, stacks
from frostline.store import Store, read_outcomes
from frostline.way import way_of
from tests.analysis.simulated import ENVIRONMENT
from tests.analysis.simulated import finished as finished_as
from tests.trials import QUICK, TINY_MLP, job, pretraining, settle, small_study, transfer

Outcomes = Mapping[str, Finished | Failed]
SIZE = 4
ALONE = Setting(1, "float32")


def study(**changes: object) -> Study:
    """A study of four seeds, so that each arm has a stack at each share, besides the pretrainings."""
    small = {"seeds": SIZE, "shares": (0.3,), "surgeries": {"scratch": "r3", "cut": "f1r2", "probe": "f3"}}
    return small_study(**small | changes)


def run_all(
    folder: Path, given: Study, executor: Inline | Processes, stacked: int = SIZE
) -> dict[str, Finished | Failed]:
    with Store(folder) as store, executor as pool:
        settle(store, stacked=stacked)
        for _ in execute(given, plan(given), store, pool):
            pass
        return store.outcomes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the study with stacks of four, run inline at one go, every network kept."""
    folder = tmp_path_factory.mktemp("stacked")
    run_all(folder, study(keep="best"), Inline())
    return folder


@pytest.fixture(scope="module")
def stacked(folder: Path) -> dict[str, Finished | Failed]:
    """The outcomes of that study."""
    return read_outcomes(folder)


def finished(outcomes: Outcomes) -> dict[str, Finished]:
    """Every outcome, each of which is finished."""
    assert not [outcome.error for outcome in outcomes.values() if isinstance(outcome, Failed)]
    return {key: outcome for key, outcome in outcomes.items() if isinstance(outcome, Finished)}


def test_a_study_in_stacks_has_the_same_trials_and_their_figures_but_for_rounding(
    tmp_path: Path, stacked: Outcomes
) -> None:
    one_by_one, at_once = finished(run_all(tmp_path, study(), Inline(), stacked=1)), finished(stacked)
    assert set(at_once) == set(one_by_one) == {trial.key for trial in plan(study()).trials}
    assert {outcome.environment.stacked for outcome in at_once.values()} == {SIZE}
    assert {outcome.environment.stacked for outcome in one_by_one.values()} == {1}
    differences = [one.metrics.accuracy - one_by_one[key].metrics.accuracy for key, one in at_once.items()]
    assert abs(mean(differences)) < 0.002
    for key, outcome in at_once.items():
        other = one_by_one[key]
        assert outcome.best_validation.loss == pytest.approx(other.best_validation.loss, rel=1e-4)
        same = {"split_digest", "data_digest", "audit", "frozen", "parameters", "start", "n_train", "steps", "stopped"}
        assert outcome.model_dump(include=same) == other.model_dump(include=same)


@pytest.mark.slow
def test_stacks_in_processes_give_the_same_bits(tmp_path: Path, stacked: Outcomes) -> None:
    assert run_all(tmp_path, study(), Processes(2)) == stacked


def test_a_study_in_stacks_goes_on_where_it_was_stopped_and_ends_the_same(tmp_path: Path, stacked: Outcomes) -> None:
    for stop_after in (1, 2, 6):
        with Store(tmp_path) as store, Inline() as pool:
            settle(store, stacked=SIZE)
            for count, _ in enumerate(execute(study(), plan(study()), store, pool), start=1):
                if count == stop_after:
                    break
        assert len(read_outcomes(tmp_path)) % SIZE == 0
    assert run_all(tmp_path, study(), Inline()) == stacked


def test_a_trial_that_lost_its_weights_is_run_again_with_its_stack_and_nothing_else_is(
    folder: Path, tmp_path: Path, stacked: Outcomes
) -> None:
    given = study(keep="best")
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    shelf, (lost, *others) = Shelf(tmp_path), plan(given).waves[0][:SIZE]
    before = shelf.weights_path(lost.key).read_bytes()
    shelf.weights_path(lost.key).unlink()
    with Store(tmp_path) as store, Inline() as pool:
        again = list(execute(given, plan(given), store, pool))
    assert again == [stacked[lost.key]]
    assert shelf.weights_path(lost.key).read_bytes() == before
    kept = stacked[others[0].key]
    assert isinstance(kept, Finished)
    shelf.weights_path(lost.key).unlink()
    with Store(tmp_path) as store, Inline() as pool:
        store.append(others[0], kept.model_copy(update={"train_score": 0.123}))
        with pytest.raises(
            StoreMismatch, match=f"trial {others[0].key} gave other figures than when it first finished"
        ):
            list(execute(given, plan(given), store, pool))
    assert not shelf.weights_path(lost.key).exists() or read_outcomes(tmp_path)[lost.key] == stacked[lost.key]


def jobs(folder: Path, count: int = 3, **changes: object) -> list[Job]:
    return [job(transfer("r3", TINY_MLP, **{"seeds": {"batches": seed}} | changes), folder) for seed in range(count)]


def ended(given: Sequence[Job]) -> list[str]:
    """Of each job how many were trained at once with it, or its error."""
    found = attempt_stack(given)
    assert [outcome.key for outcome in found] == [one.trial.key for one in given]
    return [str(outcome.environment.stacked) if isinstance(outcome, Finished) else outcome.error for outcome in found]


def test_a_trial_that_cannot_begin_leaves_the_others_of_its_stack_finished(tmp_path: Path) -> None:
    attempt_stack([job(pretraining(TINY_MLP, seed), tmp_path) for seed in (0, 1)])
    given = [job(transfer("f1r2", TINY_MLP, start=pretraining(TINY_MLP, seed)), tmp_path) for seed in (0, 1, 2)]
    first, second, third = ended(given)
    assert (first, second) == ("2", "2")
    assert f"{pretraining(TINY_MLP, 2).key}" in third


def test_a_trial_that_diverges_leaves_the_others_of_its_stack_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = jobs(tmp_path)

    def with_one_broken(one: Job) -> Ready:
        made = ready(one)
        if one is given[1]:
            for parameter in made.seen.network.head.parameters():
                parameter.data.fill_(float("nan"))
        return made

    monkeypatch.setattr("frostline.attempts.ready", with_one_broken)
    first, second, third = ended(given)
    assert (first, third) == ("3", "3")
    assert second.startswith("at step 3 of 6 the training loss is nan and the validation loss nan")


def test_a_stack_without_memory_fails_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr("frostline.training.stack.vmap", full)
    assert ended(jobs(tmp_path)) == 3 * [
        "3 trainings at once with batches of 16 did not fit in memory; stack fewer: run the study again, which trains "
        "one at a time what has failed"
    ]


def test_what_turns_out_not_to_be_stackable_is_trained_one_by_one(tmp_path: Path) -> None:
    recipe = QUICK.model_copy(update={"accumulate": 2})
    assert ended(jobs(tmp_path, recipe=recipe)) == ["1", "1", "1"]


class Dying(Job):
    """A job whose process ends when it begins."""

    def __getattribute__(self, name: str) -> object:
        if name == "way" and os.environ.get("FROSTLINE_TEST_HOME") != str(os.getpid()):
            os._exit(3)
        return super().__getattribute__(name)


@pytest.mark.slow
def test_a_dead_worker_fails_every_trial_of_its_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROSTLINE_TEST_HOME", str(os.getpid()))
    healthy = jobs(tmp_path, 4)
    dying = [Dying(one.trial, one.folder, one.keep) for one in healthy[:2]]
    with Processes(1) as pool:
        first, second = pool.map([dying, healthy[2:]])
    assert [outcome.key for outcome in first] == [one.trial.key for one in dying]
    said = "the worker process ended with status 3; run the study again to retry this trial"
    assert {outcome.error for outcome in first if isinstance(outcome, Failed)} == {said}
    assert all(isinstance(outcome, Finished) for outcome in second)


def test_stacks_hold_trials_of_one_shape_and_nearly_as_many_each() -> None:
    given = plan(study(seeds=10, shares=(0.1, 0.3)))
    for wave in given.waves:
        cut = stacks(wave, SIZE)
        assert sorted(trial.key for stack in cut for trial in stack) == sorted(trial.key for trial in wave)
        assert {len(stack) for stack in cut} == {3, 4}
        for stack in cut:
            assert len({(trial.surgery, trial.share, trial.start is None) for trial in stack}) == 1
    assert {len(stack) for wave in given.waves for stack in stacks(wave, 1)} == {1}


QUICKLY = {"steps": 6, "validate_every": 3, "batch": 16}
SIZED = {"size": 32, "channels": 3}
UNSTACKABLE: dict[str, dict[str, object]] = {
    "accumulate": {"recipe": QUICKLY | {"accumulate": 2}},
    "bfloat16": {"recipe": QUICKLY | {"precision": "bfloat16"}},
    "augmentation": {"augmentation": {"flip": "horizontal"}, "source": None, "surgeries": {"scratch": "r3"}},
    "timm": {
        "network": {"name": "timm", "model": "resnet18"},
        "surgeries": {"scratch": "r9"},
        "source": None,
        "dataset": {"name": "digits", "classes": (5, 6, 7, 8, 9), **SIZED},
    },
}


@pytest.mark.parametrize("changes", UNSTACKABLE.values(), ids=UNSTACKABLE.keys())
def test_what_cannot_be_trained_at_once_is_a_stack_by_itself_and_nothing_is_measured(
    changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "cores", lambda: 1)
    given = study(seeds=4, **changes)
    wanted = plan(given)
    assert {len(stack) for wave in wanted.waves for stack in stacks(wave, SIZE)} == {1}
    assert measured(given, wanted, "cpu", ALONE) == (1, [])


def chosen(monkeypatch: pytest.MonkeyPatch, taken: dict[int, float], cores: int = 2, **changes: object) -> object:
    """What is chosen and said where a machine takes so many seconds a trial in stacks of each size."""
    monkeypatch.setattr(probe, "cores", lambda: cores)
    monkeypatch.setattr(
        stacking, "_step_seconds", lambda _, sizes, __: {size: taken[size] for size in [1, *sizes] if size in taken}
    )
    given = study(**{"seeds": 20} | changes)
    return measured(given, plan(given), "cpu", ALONE)


def test_as_many_are_stacked_as_are_clearly_fastest_and_no_core_idles(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "a training step of 16 planes takes 2 ms alone, and a trial's share of a stack's is 1 ms in stacks of 4"
    fast = {1: 2e-3, 4: 1e-3, 8: 5e-4, 16: 1e-4, 32: 1e-5}
    assert chosen(monkeypatch, fast) == (8, [f"Trials trained at once: 8 ({said}, 0.5 ms in stacks of 8)."])
    assert chosen(monkeypatch, fast, cores=5) == (4, [f"Trials trained at once: 4 ({said})."])
    assert chosen(monkeypatch, fast | {8: 2e-3}) == (4, [f"Trials trained at once: 4 ({said}, 2 ms in stacks of 8)."])
    assert chosen(monkeypatch, fast, cores=7) == (1, [])


def test_a_gain_that_is_not_clear_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "a training step of 16 planes takes 1.2 ms alone, and a trial's share of a stack's is 1 ms in stacks of 4"
    assert chosen(monkeypatch, {1: 1.2e-3, 4: 1e-3}) == (1, [f"Trials trained at once: 1 ({said})."])


def test_a_step_that_takes_long_is_not_measured_in_stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "a training step of 16 planes takes 900 ms alone; that of a stack would take too long to gain from it"
    assert chosen(monkeypatch, {1: 0.9}) == (1, [f"Trials trained at once: 1 ({said})."])


@pytest.mark.parametrize(
    ("changes", "setting", "reason"),
    [
        ({"loader_workers": 2}, ALONE, "loader_workers: 2 serve one training at a time"),
        ({"evidence": "race"}, ALONE, "a race runs trials seed by seed"),
        ({}, Setting(2, "float32"), "each uses 2 threads"),
        (
            {"recipe": QUICKLY | {"precision": "auto"}},
            Setting(1, "bfloat16"),
            "precision: bfloat16 rounds too coarsely for figures to agree",
        ),
    ],
)
def test_what_speaks_against_stacks_is_told_and_nothing_is_measured(
    changes: dict[str, object], setting: Setting, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "cores", lambda: 1)
    given = study(**changes)
    assert measured(given, plan(given), "cpu", setting) == (1, [f"Trials trained at once: 1 ({reason})."])


def test_a_measurement_takes_a_step_alone_and_one_of_each_stack_that_is_not_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sample = probe.Sample(pretraining(), torch.device("cpu"))
    assert set(stacking._step_seconds(sample, (4, 8), 1)) == {1, 4, 8}
    monkeypatch.setattr(stacking, "LONG_STEP_S", 0.0)
    assert set(stacking._step_seconds(sample, (4, 8), 1)) == {1}
    assert all(seconds > 0 for seconds in stacking._step_seconds(sample, (), 1).values())


def as_ended(trial: Trial, trained_at_once: int) -> Finished | Failed:
    """An outcome of ``trial``: failed where none were trained at once."""
    if not trained_at_once:
        return Failed(key=trial.key, error="broken", traceback="")
    made = finished_as(trial, 0.9)
    return made.model_copy(update={"environment": ENVIRONMENT.model_copy(update={"stacked": trained_at_once})})


@pytest.mark.parametrize(
    ("before", "lacking", "again"),
    [
        ("----", "0123", ["0123"]),
        ("4444", "", []),
        ("4444", "2", ["0123"]),
        ("4040", "13", ["1", "3"]),
        ("4044", "12", ["0123"]),
        ("4414", "2", ["2"]),
        ("4414", "12", ["013", "2"]),
        ("--44", "01", ["01"]),
        ("0---", "0123", ["123", "0"]),
    ],
)
def test_a_stack_is_run_again_whole_but_what_failed_alone(before: str, lacking: str, again: list[str]) -> None:
    """A digit of ``before`` is how many were trained at once, 0 for a failure, - where nothing is known."""
    trials = [transfer("r3", seeds={"batches": seed}) for seed in range(len(before))]
    known = {t.key: as_ended(t, int(was)) for t, was in zip(trials, before, strict=True) if was != "-"}
    found = run_again(trials, {trials[int(number)].key for number in lacking}, known)
    assert ["".join(str(trials.index(trial)) for trial in stack) for stack in found] == again


def test_on_a_processor_nothing_is_stacked_for_folders_would_differ_in_rounding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacking, "measured", lambda *_: (SIZE, ["stacks"]))
    given = study(seeds=4)
    with Store(tmp_path) as store:
        assert way_of(given, plan(given), store, "cpu").stacked == 1
