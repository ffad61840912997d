"""A study folder as one file: what is in it, what it says is not, and that it is whole or not there."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load

from frostline.analysis.table import OUTCOMES, table, write_table
from frostline.errors import DataFault
from frostline.outcome import Failed, Finished
from frostline.packing import Packed, pack
from frostline.presets import presets
from frostline.shelf import Shelf
from frostline.spec.plan import Plan, plan
from frostline.spec.study import Study
from frostline.spec.synthesis import AdversarialRecipe, Forging
from frostline.store import Store
from tests.analysis import simulated
from tests.analysis.simulated import finished
from tests.trials import small_study

ONE = {"shares": (0.1,), "seeds": 1, "surgeries": {"scratch": "r3"}, "source": None}
RACING = {"scratch": "r6", "half": "f3r3", "deep": "f5r1"}
FORGED = Forging(recipe=AdversarialRecipe(steps=1), number=2)


def left_in(home: Path, study: Study) -> Plan:
    """The plan of ``study``, and in ``home`` what a run of it leaves, the weights of its trials among it."""
    (home / "figures").mkdir(parents=True)
    for name in ("report.html", "cuts_FR.json", "figures/gain.svg"):
        (home / name).write_text(name)
    (home / "figures" / ".gain.svg.123").write_text("half")
    planned = plan(study)
    write_table(table(planned, {}), home)
    for number, trial in enumerate(planned.trials):
        Shelf(home).keep_weights(trial.key, {"weight": torch.tensor([float(number)])})
        Shelf(home).keep_weights(trial.key, {"weight": torch.tensor([0.0])}, step=3)
    return planned


def packed(home: Path, study: Study, planned: Plan) -> Packed:
    return pack(study, planned, presets()["digits"], home)


def test_the_file_holds_study_page_tables_figures_and_weights_and_nothing_else(tmp_path: Path) -> None:
    home, study = tmp_path / "small", small_study(**ONE, keep="checkpoints")
    (trial,) = left_in(home, study).trials
    Shelf(home).keep_weights("of-another-study", {"weight": torch.zeros(1)})
    made = packed(home, study, plan(study))
    assert made.path == tmp_path / "small.zip" and made.lacking == ()
    with zipfile.ZipFile(made.path) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == sorted(
            f"small/{name}"
            for name in (
                "digits.yaml",
                "report.html",
                "table.csv",
                "table.parquet",
                "cuts_FR.json",
                "figures/gain.svg",
                f"weights/{trial.key}.safetensors",
                f"weights/{trial.key}/step-000003.safetensors",
            )
        )
        assert archive.read("small/report.html") == (home / "report.html").read_bytes()
        assert load(archive.read(f"small/weights/{trial.key}.safetensors"))["weight"].tolist() == [0.0]
    assert "study file 1, page 1, tables 3, figures 1, weights 2" in str(made)


def test_what_is_not_there_is_told_with_a_remedy(tmp_path: Path) -> None:
    study = small_study(**ONE, synthesis=FORGED)
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "table.csv").write_text("")
    made = packed(tmp_path / "small", study, plan(study))
    again = "`frostline report` writes what is finished"
    assert made.lacking == (
        f"the page; {again}",
        f"figures; {again}",
        "weights of 1 of 1 trials; the study keeps only those that others start from; write keep: best and run it",
        "generators; none has been trained yet",
    )
    assert str(made).splitlines()[1] == f"not in it: the page; {again}"


def test_weights_of_trials_that_have_not_finished_are_counted(tmp_path: Path) -> None:
    home, study = tmp_path / "small", small_study(**ONE | {"seeds": 2}, keep="best")
    planned = left_in(home, study)
    Shelf(home).weights_path(planned.trials[0].key).unlink()
    (lacking,) = packed(home, study, planned).lacking
    assert lacking == "weights of 1 of 2 trials; these have not finished; run the study"


def kept_in(home: Path, planned: Plan, outcomes: dict[str, Finished | Failed]) -> None:
    """A store in ``home`` with ``outcomes``, and the table that a report makes of them."""
    trials = {trial.key: trial for trial in planned.trials}
    with Store(home) as store:
        store.append_all([(trials[key], outcome) for key, outcome in outcomes.items()])
    frame = table(planned, outcomes)
    frame.attrs[OUTCOMES] = len(outcomes)
    write_table(frame, home)


def test_weights_that_failed_were_lost_or_have_not_been_trained_are_told_apart(tmp_path: Path) -> None:
    study = small_study(**ONE | {"seeds": 4}, keep="best")
    planned = plan(study)
    failed, lost, _, _ = planned.trials
    kept_in(
        tmp_path / "small",
        planned,
        {failed.key: Failed(key=failed.key, error="bang", traceback=""), lost.key: finished(lost, 0.9)},
    )
    assert [told for told in packed(tmp_path / "small", study, planned).lacking if "weights" in told] == [
        "weights of 1 of 4 trials; these failed; `frostline run` tries them again",
        "weights of 1 of 4 trials; these have finished, but their weights are not there; run the study",
        "weights of 2 of 4 trials; these have not finished; run the study",
    ]


def test_weights_of_arms_that_a_race_ruled_out_are_not_called_unfinished(tmp_path: Path) -> None:
    study = simulated.study(surgeries=RACING, seeds=9, evidence="race", shares=(0.1,), keep="best")
    planned = plan(study)
    race, outcomes = simulated.raced(study, planned)
    assert race.unrun
    kept_in(tmp_path / "small", planned, outcomes)
    for key in outcomes:
        Shelf(tmp_path / "small").keep_weights(key, {"weight": torch.zeros(1)})
    many = f"weights of {len(race.unrun)} of {len(planned.trials)} trials"
    said = f"{many}; these are not run, for the race ruled out their arms"
    assert said in packed(tmp_path / "small", study, planned).lacking


def test_a_page_that_is_older_than_the_study_is_not_packed(tmp_path: Path) -> None:
    home, study = tmp_path / "small", small_study(**ONE, keep="best")
    planned = left_in(home, study)
    (trial,) = planned.trials
    with Store(home) as store:
        store.append(trial, finished(trial, 0.9))
    said = r"older than the study: 1 of its trials have ended otherwise .* write it again with `frostline report STUDY"
    with pytest.raises(DataFault, match=said):
        packed(home, study, planned)
    assert not (tmp_path / "small.zip").exists()


@pytest.mark.parametrize("given", [{"synthesis": FORGED}, {"additions": {"gan": {"synthesis": FORGED}}}])
def test_generators_are_packed_without_what_their_training_left(tmp_path: Path, given: dict[str, object]) -> None:
    home, study = tmp_path / "small", small_study(**ONE, **given)
    left_in(home, study)
    made = home / "generators" / "key"
    made.mkdir(parents=True)
    kept = ["critic.safetensors", "curves.csv", "generator.safetensors", "record.json", "samples.png"]
    for name in (*kept, "training.safetensors"):
        (made / name).write_text(name)
    with zipfile.ZipFile(packed(home, study, plan(study)).path) as archive:
        names = [name.rpartition("/")[2] for name in archive.namelist() if "generators" in name]
    assert sorted(names) == kept


def test_a_folder_of_nothing_is_refused(tmp_path: Path) -> None:
    study = small_study(**ONE)
    with pytest.raises(DataFault, match=r"there is no folder .*nowhere; run the study first, or name its folder with"):
        packed(tmp_path / "nowhere", study, plan(study))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataFault, match=r"empty holds no page, tables, figures or weights; run the study, or name"):
        packed(tmp_path / "empty", study, plan(study))
    assert not list(tmp_path.glob("*.zip"))


def test_a_file_that_cannot_be_read_leaves_the_former_archive_as_it_was(tmp_path: Path) -> None:
    home, study = tmp_path / "small", small_study(**ONE, keep="best")
    planned = left_in(home, study)
    before = packed(home, study, planned).path.read_bytes()
    with pytest.raises(DataFault, match=r"cannot write .*small\.zip: No such file or directory; nothing was written"):
        pack(study, planned, tmp_path / "gone.yaml", home)
    assert (tmp_path / "small.zip").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small", "small.zip"]
