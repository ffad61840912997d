"""What is stored is there whole, by one writer, and comes back equal."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from frostline.errors import StoreBusy, StoreMismatch
from frostline.networks.weights import read_weights
from frostline.outcome import Failed, Finished
from frostline.run import run_trial
from frostline.shelf import Shelf
from frostline.store import Store, read_outcomes
from tests.trials import job, transfer


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return run_trial(job(transfer("r3"), tmp_path_factory.mktemp("study")))


def test_an_outcome_comes_back_equal(tmp_path: Path, finished: Finished) -> None:
    failed = Failed(key=transfer("r3", share=0.3).key, error="why", traceback="where")
    with Store(tmp_path) as store:
        store.append(transfer("r3"), finished)
        store.append(transfer("r3", share=0.3), failed)
        assert store.outcomes() == {finished.key: finished, failed.key: failed}
    back = read_outcomes(tmp_path)
    assert back[finished.key].seconds == finished.seconds  # type: ignore[union-attr]
    assert back == {finished.key: finished, failed.key: failed}


def test_equality_ignores_time_and_memory_and_nothing_else(finished: Finished) -> None:
    assert finished == finished.model_copy(update={"seconds": 1e9, "peak_memory_bytes": 1})
    assert finished != finished.model_copy(update={"steps": finished.steps + 1})


def test_a_later_outcome_of_a_trial_replaces_the_earlier_one(tmp_path: Path, finished: Finished) -> None:
    trial = transfer("r3")
    with Store(tmp_path) as store:
        store.append(trial, Failed(key=trial.key, error="why", traceback=""))
        store.append(trial, finished)
        assert store.outcomes() == {trial.key: finished}


HOLD = """
import sys
from pathlib import Path
from frostline.store import Store
with Store(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_on_one_study_folder_says_so_and_stops(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(
            StoreBusy, match=rf"another process \(pid {holder.pid}\) is working on {tmp_path}; wait for it"
        ):
            Store(tmp_path)
        assert read_outcomes(tmp_path) == {}
    finally:
        holder.communicate(timeout=30)
    with Store(tmp_path):
        pass


def test_a_fact_that_changed_is_refused_with_both_values(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.hold({"data of digits": "one", "device": "cpu"}, "Remedy.")
        store.hold({"data of digits": "one", "data of mnist": "three"}, "Remedy.")
        with pytest.raises(
            StoreMismatch, match=r"(?s)nothing is mixed:\n  data of digits was one, is now two\n  Remedy\."
        ):
            store.hold({"data of digits": "two", "device": "cpu"}, "Remedy.")
        assert store.fact("data of digits") == "one"
        assert store.fact("nothing") is None


def test_a_database_of_another_layout_or_none_at_all_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "study.sqlite") as database:
        database.execute("pragma user_version = 99")
    database.close()
    for look in (Store, read_outcomes):
        with pytest.raises(StoreMismatch, match="has layout 99, this version reads 1; use another folder"):
            look(tmp_path)
    (tmp_path / "study.sqlite").write_text("this is a diary, and no database at all; it is long enough to be read")
    for look in (Store, read_outcomes):
        with pytest.raises(StoreMismatch, match="is not a study's database or is damaged"):
            look(tmp_path)


def test_a_refused_folder_is_not_left_locked(tmp_path: Path) -> None:
    (tmp_path / "study.sqlite").write_text("no database" * 20)
    with pytest.raises(StoreMismatch):
        Store(tmp_path)
    (tmp_path / "study.sqlite").unlink()
    with Store(tmp_path):
        pass


def test_nothing_was_run_where_there_is_no_folder(tmp_path: Path) -> None:
    assert read_outcomes(tmp_path / "none") == {}


def test_files_are_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.keep_weights("key", {"a": torch.arange(3.0)})
    shelf.keep_weights("key", {"a": torch.arange(2.0)}, step=20)
    shelf.keep_predictions("key", {"logits": np.arange(4)})
    assert torch.equal(read_weights(shelf.weights_path("key"))["a"], torch.arange(3.0))
    assert list(shelf.checkpoints("key")) == [20]
    assert shelf.predictions("key")["logits"].tolist() == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        shelf.keep_predictions("key", {"logits": np.array([object()])})
    assert shelf.predictions("key")["logits"].tolist() == [0, 1, 2, 3]
    assert [path.name for path in tmp_path.rglob(".partial*")] == []


def test_what_a_killed_process_left_half_written_is_removed_and_never_read(tmp_path: Path) -> None:
    (tmp_path / "weights" / "key").mkdir(parents=True)
    leftovers = [
        tmp_path / "weights" / "key" / ".partial-1.safetensors",
        tmp_path / "weights" / ".partial-2.safetensors",
    ]
    for leftover in leftovers:
        leftover.write_bytes(b"half")
    assert Shelf(tmp_path).checkpoints("key") == {}
    with Store(tmp_path):
        pass
    assert not any(leftover.exists() for leftover in leftovers)


def test_a_file_where_the_study_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a diary")
    with pytest.raises(StoreMismatch, match=r"taken cannot be a study folder \(File exists\); name another with --to"):
        Store(tmp_path / "taken")


def test_ids_of_any_alphabet_come_back(tmp_path: Path) -> None:
    ids = np.array(["vögel/0", "птицы/1"])
    Shelf(tmp_path).keep_predictions("key", {"learned_ids": ids, "logits": np.zeros(2)})
    assert Shelf(tmp_path).learned("key").ids.tolist() == ids.tolist()
    assert Shelf(tmp_path).predictions("key")["learned_ids"].tolist() == ids.tolist()


def test_what_a_trial_learned_from_comes_back_and_an_older_version_kept_ids_alone(tmp_path: Path) -> None:
    told = {f"learned_{name}": np.array([f"{name} 1", f"{name} 2"]) for name in ("ids", "groups", "contents")}
    shelf = Shelf(tmp_path)
    shelf.keep_predictions("new", told)
    shelf.keep_predictions("old", {"learned_ids": told["learned_ids"]})
    new, old = shelf.learned("new"), shelf.learned("old")
    assert new.groups is not None and new.groups.tolist() == ["groups 1", "groups 2"]
    assert new.contents is not None and new.contents.tolist() == ["contents 1", "contents 2"]
    assert old.ids.tolist() == new.ids.tolist() == ["ids 1", "ids 2"]
    assert old.groups is None and old.contents is None
