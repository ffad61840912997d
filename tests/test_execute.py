"""A plan is run wave by wave, can be stopped anywhere, and ends the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file

from frostline.analysis.racing import stopped_by_race
from frostline.catalog import _own_card
from frostline.data.read import read
from frostline.data.samples import Corpus
from frostline.errors import StoreMismatch, WeightsFault
from frostline.execute import execute, lacking
from frostline.executors.inline import Inline
from frostline.executors.processes import Processes
from frostline.job import Job
from frostline.networks.build import build
from frostline.outcome import Failed, Finished
from frostline.run import attempt
from frostline.shelf import Shelf
from frostline.spec.plan import Plan, plan
from frostline.spec.reading import Reading
from frostline.spec.study import Study
from frostline.start import fit_of
from frostline.store import Store, read_outcomes
from tests import trials
from tests.data.test_own import manifest
from tests.trials import settle


def small_study(**changes: object) -> Study:
    """The small study with one share."""
    return trials.small_study(**({"shares": (0.3,)} | changes))


def small_plan() -> Plan:
    return plan(small_study())


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Finished | Failed]:
    """The outcomes of the small study, run inline at one go."""
    return run_all(tmp_path_factory.mktemp("inline"), Inline())


def run_all(folder: Path, executor: Inline | Processes, wanted: Plan | None = None) -> dict[str, Finished | Failed]:
    with Store(folder) as store, executor as pool:
        settle(store)
        for _ in execute(small_study(), wanted or small_plan(), store, pool):
            pass
        return store.outcomes()


def test_every_trial_of_the_plan_finishes_once(uninterrupted: dict[str, Finished | Failed]) -> None:
    assert set(uninterrupted) == {trial.key for trial in small_plan().trials}
    assert all(isinstance(outcome, Finished) for outcome in uninterrupted.values())


@pytest.mark.slow
def test_processes_give_the_same_bits_as_one_process(
    tmp_path: Path, uninterrupted: dict[str, Finished | Failed]
) -> None:
    assert run_all(tmp_path, Processes(2)) == uninterrupted


class Backwards(Inline):
    """Stacks of a wave in the opposite order."""

    def map(self, stacks: Sequence[Sequence[Job]]) -> Iterator[tuple[Finished | Failed, ...]]:
        return super().map(list(reversed(stacks)))


def test_the_order_within_a_wave_changes_nothing(tmp_path: Path, uninterrupted: dict[str, Finished | Failed]) -> None:
    assert run_all(tmp_path, Backwards()) == uninterrupted


def test_a_study_goes_on_where_it_was_stopped_and_ends_the_same(
    tmp_path: Path, uninterrupted: dict[str, Finished | Failed]
) -> None:
    ran = 0
    for stop_after in (1, 2, 3, 100):
        with Store(tmp_path) as store, Inline() as pool:
            settle(store)
            for count, _ in enumerate(execute(small_study(), small_plan(), store, pool), start=1):
                ran += 1
                if count == stop_after:
                    break
    assert read_outcomes(tmp_path) == uninterrupted
    assert ran == len(uninterrupted)


KILLED = """
import sys
from pathlib import Path
from frostline.execute import execute
from frostline.executors.processes import Processes
from frostline.spec.reading import Reading
from frostline.spec.study import Study
from frostline.start import fit_of
from frostline.store import Store
from tests.test_execute import small_plan, small_study
from tests.trials import settle
if __name__ == "__main__":
    with Store(Path(sys.argv[1])) as store, Processes(2) as pool:
        settle(store)
        for outcome in execute(small_study(), small_plan(), store, pool):
            print(outcome.key, flush=True)
"""


@pytest.mark.slow
def test_kill_9_loses_at_most_the_trials_in_flight(tmp_path: Path, uninterrupted: dict[str, Finished | Failed]) -> None:
    folder = tmp_path / "study"
    (tmp_path / "killed.py").write_text(KILLED)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    child = subprocess.Popen(
        [sys.executable, str(tmp_path / "killed.py"), str(folder)], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    told = [child.stdout.readline().strip() for _ in range(4)]
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    kept = wait_until_free(folder)
    assert set(told) <= set(kept)
    assert all(kept[key] == uninterrupted[key] for key in kept)
    assert run_all(folder, Inline()) == uninterrupted


def wait_until_free(folder: Path) -> dict[str, Finished | Failed]:
    """The outcomes in ``folder`` once no process holds it."""
    for _ in range(100):
        try:
            with Store(folder) as store:
                return store.outcomes()
        except Exception:
            time.sleep(0.1)
    raise AssertionError("the folder stayed locked")


def test_a_dead_worker_costs_its_trial_not_the_pool_and_workers_end_with_it(tmp_path: Path) -> None:
    wanted = small_plan()
    jobs = [[Job(trial, tmp_path, "best")] for trial in wanted.waves[0]]
    with Processes(1) as pool:
        outcomes = []
        for (outcome,) in pool.map(jobs):
            outcomes.append(outcome)
            if len(outcomes) == 1:
                for worker in pool._workers:
                    os.kill(worker.process.pid or 0, signal.SIGKILL)
        pids = [worker.process.pid for worker in pool._workers]
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid or 0, 0)
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    assert len(outcomes) == len(jobs)
    assert len(failed) == 1
    assert failed[0].error == (
        "the worker process was ended by SIGKILL; the machine may have run out of memory: use fewer workers; "
        "run the study again to retry this trial"
    )


class FailingOnce(Inline):
    """Fails the jobs whose trial has no start, the first time."""

    def map(self, stacks: Sequence[Sequence[Job]]) -> Iterator[tuple[Finished | Failed, ...]]:
        for (job,) in stacks:
            if job.trial.start is None:
                yield (Failed(key=job.trial.key, error="broken on purpose", traceback=""),)
            else:
                yield (attempt(job),)


def test_what_starts_from_a_failed_trial_fails_with_its_reason_and_running_again_retries(
    tmp_path: Path, uninterrupted: dict[str, Finished | Failed]
) -> None:
    outcomes = run_all(tmp_path, FailingOnce())
    assert all(isinstance(outcome, Failed) for outcome in outcomes.values())
    chained = [
        outcome.error for outcome in outcomes.values() if isinstance(outcome, Failed) and "start" in outcome.error
    ]
    starts = small_plan().starts
    assert len(chained) == len(small_plan().waves[1])
    assert {error.split()[2] for error in chained} == starts
    assert all(error.endswith("failed: broken on purpose") for error in chained)
    assert run_all(tmp_path, Inline()) == uninterrupted


def test_nothing_is_run_again_but_what_lacks_its_weights(tmp_path: Path) -> None:
    wanted, shelf = small_plan(), Shelf(tmp_path)
    outcomes = run_all(tmp_path, Inline())
    assert lacking(wanted, outcomes, shelf, "none") == ()
    scratch = [trial for trial in wanted.trials if trial.start is None and trial.key not in wanted.starts]
    assert len(scratch) == 2
    assert {t.key for t in lacking(wanted, outcomes, shelf, "best")} == {t.key for t in wanted.trials} - wanted.starts
    shelf.weights_path(next(iter(wanted.starts))).unlink()
    assert {t.key for t in lacking(wanted, outcomes, shelf, "none")} <= wanted.starts
    assert len(lacking(wanted, outcomes, shelf, "none")) == 1


def test_data_that_changed_is_refused_not_mixed(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.hold({"data of digits": "0000"}, "")
    with pytest.raises(StoreMismatch, match=r"(?s)data of digits was 0000, is now .*Restore the data or weights"):
        run_all(tmp_path, Inline())


def test_the_device_is_chosen_once_and_kept(tmp_path: Path) -> None:
    run_all(tmp_path, Inline())
    with Store(tmp_path) as store:
        assert store.fact("device") in {"cpu", "cuda", "mps"}
    missing = small_study(device="cuda:7", shares=(0.5,))
    refused = "device 'cuda:7' is not on this machine; it has|device was .*, is now cuda:7"
    with Store(tmp_path) as store, Inline() as pool, pytest.raises(StoreMismatch, match=refused):
        list(execute(missing, plan(missing), store, pool))


def test_a_weights_file_that_cannot_be_used_stops_the_study_before_its_first_trial(tmp_path: Path) -> None:
    study = small_study(source={"weights": str(tmp_path / "none.safetensors")})
    with Store(tmp_path) as store, Inline() as pool, pytest.raises(WeightsFault, match="no weights file at"):
        list(execute(study, plan(study), store, pool))
    assert read_outcomes(tmp_path) == {}


class Failing(Inline):
    """Fails every job."""

    def map(self, stacks: Sequence[Sequence[Job]]) -> Iterator[tuple[Finished | Failed, ...]]:
        return ((Failed(key=job.trial.key, error="broken on purpose", traceback=""),) for (job,) in stacks)


class Lying(Inline):
    """Gives every trial other figures than it has."""

    def map(self, stacks: Sequence[Sequence[Job]]) -> Iterator[tuple[Finished | Failed, ...]]:
        for (outcome,) in super().map(stacks):
            assert isinstance(outcome, Finished)
            yield (outcome.model_copy(update=self.changes),)

    changes: ClassVar[Mapping[str, object]] = {"train_score": 0.123}


class Elsewhere(Lying):
    """Says that every trial read other data."""

    changes: ClassVar[Mapping[str, object]] = {"data_digest": "0000"}


def test_a_finished_outcome_is_never_lost_to_a_later_failure_or_replaced_by_other_figures(
    tmp_path: Path, uninterrupted: dict[str, Finished | Failed]
) -> None:
    run_all(tmp_path, Inline())
    Shelf(tmp_path).weights_path(next(iter(small_plan().starts))).unlink()
    assert run_all(tmp_path, Failing()) == uninterrupted
    with pytest.raises(StoreMismatch, match="gave other figures than when it first finished; the first ones are kept"):
        run_all(tmp_path, Lying())
    assert read_outcomes(tmp_path) == uninterrupted


def test_an_outcome_on_other_data_than_the_study_began_with_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(StoreMismatch, match="read other data than the study began with; its outcome is not kept"):
        run_all(tmp_path, Elsewhere())
    assert read_outcomes(tmp_path) == {}


def test_versions_are_not_mixed(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.hold({"version of torch": "1.0"}, "")
    with pytest.raises(StoreMismatch, match=r"(?s)version of torch was 1\.0, is now .*Go back to these versions"):
        run_all(tmp_path, Inline())


def own_study(folder: Path, folds: Sequence[int]) -> Study:
    """A study of one arm on twelve pictures in three folds, from weights in a file; the manifest is written anew."""
    rows: list[dict[str, object]] = [
        {"path": f"{n}.png", "label": "ab"[n % 2], "fold": fold} for n, fold in enumerate(folds)
    ]
    path = manifest(folder, rows)
    for n in range(len(folds)):
        points = np.random.default_rng(n).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(points).save(folder / f"{n}.png")
    for cache in (read, _own_card):
        cache.cache_clear()
    study = small_study(
        dataset={"name": "manifest", "path": str(path), "size": 8},
        source={"weights": str(folder / "w.safetensors")},
        surgeries={"FR": "f1r2"},
        shares=(1.0,),
        seeds=1,
    )
    (trial,) = plan(study).trials
    state = build(trial.network, fit_of(trial), seed=7).state_dict()
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, folder / "w.safetensors")
    return study


def test_a_finished_study_notices_that_its_manifest_changed_and_needs_its_weights_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))

    def run(folds: Sequence[int]) -> list[Finished | Failed]:
        study = own_study(tmp_path / "own", folds)
        if read_outcomes(tmp_path):
            (tmp_path / "own" / "w.safetensors").unlink()
        with Store(tmp_path) as store, Inline() as pool:
            return list(execute(study, plan(study), store, pool))

    folds = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    (outcome,) = run(folds)
    assert isinstance(outcome, Finished), outcome
    assert run(folds) == []
    with pytest.raises(StoreMismatch, match=r"(?s)data of manifest .* was \w+, is now \w+\n.*Restore the data"):
        run([0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 2, 2])


def test_a_finished_study_on_built_in_planes_reads_none_of_them_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = small_study(shares=(0.1,), seeds=1)
    run_all(tmp_path, Inline(), plan(study))

    def unread(_: Reading) -> Corpus:
        raise AssertionError("the planes were read")

    monkeypatch.setattr("frostline.data.read.read", unread)
    with Store(tmp_path) as store, Inline() as pool:
        assert list(execute(study, plan(study), store, pool)) == []


def raced(**changes: object) -> Study:
    """A race between a network that knows the low digits and one that has three steps to learn them."""
    values: dict[str, object] = {
        "dataset": {"name": "digits", "classes": (0, 1, 2, 3, 4)},
        "surgeries": {"scratch": "r3", "probe": "f3"},
        "source": {"dataset": {"name": "digits", "classes": (0, 1, 2, 3, 4)}, "recipe": "long"},
        "recipe": "short",
        "recipes": {
            "short": {"steps": 3, "validate_every": 3, "batch": 64, "rate": 0.003},
            "long": {"steps": 60, "validate_every": 20, "batch": 64, "rate": 0.003},
        },
        "head": "kept",
        "shares": (0.5,),
        "seeds": 6,
        "vary": ("split", "share", "weights", "batches"),
        "evidence": "race",
    }
    return small_study(**(values | changes))


def ran(study: Study, folder: Path, stop_after: int = 1000) -> dict[str, Finished | Failed]:
    with Store(folder) as store, Inline() as pool:
        settle(store)
        for count, _ in enumerate(execute(study, plan(study), store, pool), start=1):
            if count == stop_after:
                break
        return store.outcomes()


def test_a_race_stops_the_arm_that_cannot_be_the_best_and_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    study, wanted = raced(), plan(raced())
    outcomes = ran(study, tmp_path / "once")
    never = stopped_by_race(study, wanted, outcomes)
    scratch = {entry.trial.key for entry in wanted.entries if str(entry.arm.surgery) == "r3"}
    assert never
    assert never < scratch
    assert outcomes.keys() == {trial.key for trial in wanted.trials} - never
    for stop_after in (3, 7, 1000):
        resumed = ran(study, tmp_path / "often", stop_after)
    assert resumed == outcomes
    assert ran(study, tmp_path / "once") == outcomes


def test_without_a_race_every_seed_of_every_arm_is_run(tmp_path: Path) -> None:
    study = raced(evidence="all", seeds=2)
    outcomes = ran(study, tmp_path)
    assert outcomes.keys() == {trial.key for trial in plan(study).trials}
    assert not stopped_by_race(study, plan(study), outcomes)
