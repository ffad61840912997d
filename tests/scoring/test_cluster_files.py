"""Published cluster scores are read whole or refused with every fault, and what is written reads back the same."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd
import pytest

from frostline.errors import DataFault
from frostline.scoring.cluster_files import read_cluster_file, write_cluster_file

ENTRY: dict[str, object] = {
    "Percentage": 0.1,
    "Repeat": 0,
    "Layer": "conv0",
    "Precision": 0.5,
    "Recall": 0.75,
    "Accuracy": 0.6,
    "ARI": -0.01,
    "Dataset": "Finetune",
    "Split": "Train",
}


def written(folder: Path, *entries: object) -> Path:
    path = folder / "some_cluster.json"
    path.write_text(json.dumps(entries))
    return path


def faults_of(path: Path) -> str:
    with pytest.raises(DataFault) as caught:
        read_cluster_file(path)
    return str(caught.value)


def test_an_entry_is_one_row_a_figure(tmp_path: Path) -> None:
    rows = read_cluster_file(written(tmp_path, ENTRY))
    assert rows["figure"].tolist() == ["pair_precision", "pair_recall", "purity", "ari"]
    assert rows["value"].tolist() == [0.5, 0.75, 0.6, -0.01]
    assert set(rows["share"]) == {0.1} and set(rows["layer"]) == {"conv0"} and set(rows["split"]) == {"Train"}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("Percentage", 0, "Percentage: got 0, expected a number above 0, at most 1"),
        ("Percentage", True, "Percentage: got true, expected a number above 0, at most 1"),
        ("Repeat", 1.5, "Repeat: got 1.5, expected a whole number from 0"),
        ("Layer", "", 'Layer: got "", expected a name'),
        ("Accuracy", 1.2, "Accuracy: got 1.2, expected a number from 0 to 1"),
        ("ARI", float("nan"), "ARI: got NaN, expected a number from -1 to 1"),
        ("ARI", -1.5, "ARI: got -1.5, expected a number from -1 to 1"),
        ("Recal", 0.5, "Recal: unknown key; did you mean 'Recall'?; expected Percentage, Repeat"),
    ],
)
def test_a_value_that_cannot_be_is_told(tmp_path: Path, key: str, value: object, message: str) -> None:
    assert f"some_cluster.json has 1 fault:\n  entry 1, {message}" in faults_of(
        written(tmp_path, {**ENTRY, key: value})
    )


def test_all_faults_are_told_at_once_with_their_entries(tmp_path: Path) -> None:
    short = {key: value for key, value in ENTRY.items() if key != "ARI"}
    said = faults_of(written(tmp_path, ENTRY, *({**short, "Repeat": n, "Recall": "high"} for n in range(1, 8)), ENTRY))
    assert "has 3 faults" in said
    assert "entries 2, 3, 4, 5, 6 and 2 more, ARI: is missing, expected a number from -1 to 1" in said
    assert 'entries 2, 3, 4, 5, 6 and 2 more, Recall: got "high", expected a number from 0 to 1' in said
    assert "entry 9, the same Percentage, Repeat, Layer, Dataset, Split as entry 1; expected each once" in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "some_cluster.json is not JSON"),
        ("[]", r"got \[\], expected a list of entries by key"),
        ('{"Percentage": 1}', "expected a list of entries by key"),
    ],
)
def test_a_file_of_something_else_is_told(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "some_cluster.json"
    path.write_text(text)
    with pytest.raises(DataFault, match=message):
        read_cluster_file(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match=r"none.json cannot be read \(No such file or directory\)"):
        read_cluster_file(tmp_path / "none.json")


def test_rows_that_are_written_read_back_as_themselves(tmp_path: Path) -> None:
    rows = read_cluster_file(written(tmp_path, ENTRY, {**ENTRY, "Layer": "conv1", "Percentage": 1}))
    write_cluster_file(rows, tmp_path / "again.json")
    pd.testing.assert_frame_equal(read_cluster_file(tmp_path / "again.json"), rows)


def test_rows_that_the_layout_cannot_hold_are_refused_with_every_reason(tmp_path: Path) -> None:
    rows = read_cluster_file(written(tmp_path, ENTRY))
    nmi = rows.iloc[[0]].assign(figure="nmi")
    with pytest.raises(DataFault) as caught:
        write_cluster_file(pd.concat([rows.iloc[:3], rows.iloc[[0]], nmi]), tmp_path / "again.json")
    said = str(caught.value)
    assert "again.json cannot be written:" in said
    assert "share 0.1, seed 0, conv0: the layout has no place for nmi; leave such rows out" in said
    assert "share 0.1, seed 0, conv0: pair_precision stands there twice; expected it once" in said
    assert "share 0.1, seed 0, conv0: ari is missing" in said
    assert not (tmp_path / "again.json").exists()


@pytest.mark.real_data
def test_the_published_file_reads_whole_and_is_written_as_it_was(tmp_path: Path) -> None:
    path = Path(os.environ["FROSTLINE_DATA"], "published", "FashionMNIST__regular_classes_cluster.json")
    rows = read_cluster_file(path)
    assert len(rows) == 480 * 4
    write_cluster_file(rows, tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_text()) == json.loads(path.read_text())
