"""The published layout is read whole or refused with every fault, and what a study writes is read back the same."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from frostline.analysis.layer_cut_export import layer_cut_files, write_layer_cuts
from frostline.analysis.layer_cuts import SOFTMAX_ON_PIXELS, read_layer_cuts
from frostline.analysis.table import CutPoint, table
from frostline.errors import DataFault
from frostline.spec.plan import plan
from tests.analysis.simulated import outcomes, study, without

CONFIG: dict[str, object] = {"depth": 6, "freeze": True, "reinit": True}
ENTRY: dict[str, object] = {
    "lr": 0.001,
    "sampled_percentage": 0.01,
    "sampled_cut_point": 3,
    "repeat": 0,
    "train_acc": 0.9,
    "test_acc": 0.8,
}


def written(folder: Path, name: str, config: dict[str, object], *entries: dict[str, object]) -> Path:
    path = folder / name
    path.write_text(json.dumps([config, *entries]))
    return path


def faults_of(*paths: Path) -> str:
    with pytest.raises(DataFault) as caught:
        read_layer_cuts(paths)
    return str(caught.value)


@pytest.mark.parametrize(
    ("flags", "cut", "arm", "name"),
    [
        ({"freeze": True, "reinit": True}, 3, "f3r3", "FR cut 3"),
        ({"freeze": True, "reinit": True}, 0, "r6", "FR cut 0"),
        ({"freeze": True, "reinit": False}, 3, "f3t3", "F cut 3"),
        ({"freeze": True, "reinit": False}, 0, "t6", "F cut 0"),
        ({"freeze": True, "reinit": True, "truncate": True}, 3, "f3x3", "FT cut 3"),
        ({"freeze": True, "reinit": True, "truncate": True}, 0, SOFTMAX_ON_PIXELS, "FT cut 0"),
        ({"freeze": False, "reinit": True}, 3, "t3r3", "R cut 3"),
        ({"freeze": True, "reinit": True}, -1, "r6", "scratch"),
    ],
)
def test_the_flags_of_a_file_and_its_cut_name_the_arm(
    tmp_path: Path, flags: dict[str, object], cut: int, arm: str, name: str
) -> None:
    read = read_layer_cuts([written(tmp_path, "c.json", CONFIG | flags, ENTRY | {"sampled_cut_point": cut})])
    assert read.frame[["arm", "names"]].values.tolist() == [[arm, name]]
    assert (SOFTMAX_ON_PIXELS in " ".join(read.remarks)) == (arm == SOFTMAX_ON_PIXELS)


def test_a_treatment_in_two_files_is_one_row_under_both_names(tmp_path: Path) -> None:
    cuts = written(tmp_path, "cuts.json", CONFIG, ENTRY | {"sampled_cut_point": 0})
    baselines = written(tmp_path, "baselines.json", CONFIG, ENTRY | {"sampled_cut_point": -1})
    read = read_layer_cuts([cuts, baselines])
    assert read.frame["names"].tolist() == ["FR cut 0 = scratch"]
    assert read.points == (CutPoint("FR", 0, "r6"),)


def test_a_treatment_with_two_figures_is_refused(tmp_path: Path) -> None:
    cuts = written(tmp_path, "cuts.json", CONFIG, ENTRY | {"sampled_cut_point": 0})
    baselines = written(tmp_path, "baselines.json", CONFIG, ENTRY | {"sampled_cut_point": -1, "test_acc": 0.7})
    assert faults_of(cuts, baselines) == (
        "the layer-cut files have 1 fault:\n  baselines.json, entry 1, test_acc: got 0.7, but the same treatment (r6, "
        "0.01, repeat 0) was read before with 0.8; expected equal figures"
    )


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    lame = {key: value for key, value in ENTRY.items() if key != "lr"} | {"test_acc": 80, "accuracy": 1}
    wrong = ENTRY | {"sampled_cut_point": 7, "repeat": True}
    told = faults_of(written(tmp_path, "c.json", {"depth": 6, "freeze": "yes"}, lame, lame, ENTRY, lame, wrong))
    assert told.splitlines() == [
        "the layer-cut files have 7 faults:",
        '  c.json, configuration, freeze: got "yes", expected true or false',
        "  c.json, configuration, reinit: is missing, expected true or false",
        "  c.json, entries 1-2, 4, lr: is missing, expected a number above 0",
        "  c.json, entries 1-2, 4, test_acc: got 80, expected a number from 0 to 1",
        "  c.json, entries 1-2, 4, accuracy: unknown key; expected lr, sampled_percentage, sampled_cut_point, repeat, "
        "train_acc, test_acc",
        "  c.json, entry 5, sampled_cut_point: got 7, expected a whole number from -1 to the depth",
        "  c.json, entry 5, repeat: got true, expected a whole number from 0 of at most 18 digits",
    ]


@pytest.mark.parametrize("value", [0, 1.5, float("nan"), "0.1", None])
def test_a_share_that_is_none_is_refused(tmp_path: Path, value: object) -> None:
    told = faults_of(written(tmp_path, "c.json", CONFIG, ENTRY | {"sampled_percentage": value}))
    assert "entry 1, sampled_percentage: got " in told
    assert told.endswith("expected a number above 0, at most 1")


def test_a_repeat_that_no_table_can_hold_is_refused(tmp_path: Path) -> None:
    told = faults_of(written(tmp_path, "c.json", CONFIG, ENTRY | {"repeat": 10**25}))
    assert told.endswith("expected a whole number from 0 of at most 18 digits")


def test_what_is_no_layer_cut_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.json").write_text("no")
    (tmp_path / "object.json").write_text("{}")
    told = faults_of(tmp_path / "none.json", tmp_path / "text.json", tmp_path / "object.json")
    assert "none.json, configuration: cannot be read (No such file or directory); give the path" in told
    assert "text.json, configuration: is not JSON (" in told
    assert "object.json, configuration: got {}, expected a list of a configuration and entries by key" in told


def test_a_cut_without_effect_is_refused(tmp_path: Path) -> None:
    told = faults_of(written(tmp_path, "c.json", {"depth": 6, "freeze": False, "reinit": False}, ENTRY))
    assert "freeze: got false, as reinit and truncate, so that the cut has no effect; expected one true" in told


def test_files_of_two_studies_are_not_mixed(tmp_path: Path) -> None:
    first = written(tmp_path, "a.json", CONFIG | {"fine_tune_classes": [5]}, ENTRY)
    second = written(tmp_path, "b.json", CONFIG | {"fine_tune_classes": [6]}, ENTRY | {"lr": 0.01})
    assert faults_of(first, second).splitlines()[1:] == [
        "  b.json, configuration, fine_tune_classes: got [6], but a.json has [5]; expected files of one study",
        "  lr: got 2 values, 0.001 (a.json), 0.01 (b.json); expected one, as the table has no column for it",
    ]


def test_what_a_study_writes_is_read_back_with_the_same_figures(tmp_path: Path) -> None:
    planned = plan(study())
    frame = table(planned, without(outcomes(planned), planned, "f4r2", {1}))
    made = write_layer_cuts(study(), frame, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["baselines.json", "cuts_F.json", "cuts_FR.json"]
    read = read_layer_cuts([tmp_path / name for name in made.files]).frame
    columns = ["arm", "share", "seed", "score", "train_score", "kept", "frozen_depth"]
    ours = frame[frame["status"] == "finished"][columns].sort_values(columns, ignore_index=True)
    assert read[columns].sort_values(columns, ignore_index=True).equals(ours)


def test_a_configuration_is_written_in_the_published_keys() -> None:
    planned = plan(study())
    config = layer_cut_files(study(), table(planned, outcomes(planned))).files["cuts_F.json"][0]
    assert config["activation_function"] == "<class 'torch.nn.modules.activation.ReLU'>"
    assert config["pre_train_classes"] == [0, 1, 2, 3, 4, 6, 8]
    assert (config["freeze"], config["reinit"], config["lr_fine_tune"]) == (True, False, 2e-3)
    assert config["early_stop_patience"] == 8


def test_what_the_layout_has_no_place_for_is_told() -> None:
    changed = study(surgeries={"FR": {"below": "frozen", "above": "reset", "cuts": (3,)}, "sandwich": "f2t2f2"})
    planned = plan(changed)
    told = layer_cut_files(changed, table(planned, without(outcomes(planned), planned, "f3r3", {1}))).left_out
    assert "the budget of 400 steps has no key; num_train counts passes and is left out" in told
    assert "arm f2t2f2 is neither a cut of a family nor scratch" in told
    assert "the study has no arm from scratch, so baselines.json is not written" in told
    assert "2 cells that failed or are missing have no entry" in told


@pytest.mark.real_data
def test_the_published_files_are_read_whole_and_equal_treatments_are_one() -> None:
    published = Path(os.environ["FROSTLINE_DATA"]) / "published"
    names = ["baselines_regular_classes", *(f"cuts_regular_classes_{family}" for family in ("FR", "F", "FT"))]
    read = read_layer_cuts([published / f"FashionMNIST__{name}.json" for name in names])
    assert len(read.frame) == 80 * (1 + 7 + 7 + 7 - 3)
    means = read.frame.groupby(["arm", "share"])["score"].mean()
    assert means["f4r2", 0.01] == pytest.approx(0.8747, abs=1e-4)
    assert set(read.frame.loc[read.frame["arm"] == "f6", "names"]) == {"FR cut 6 = F cut 6 = FT cut 6"}


@pytest.mark.real_data
def test_a_file_of_layer_scores_is_refused_by_name() -> None:
    published = Path(os.environ["FROSTLINE_DATA"]) / "published"
    told = faults_of(published / "FashionMNIST__regular_classes_cluster.json")
    assert "entries 1-479, test_acc: is missing, expected a number from 0 to 1" in told
