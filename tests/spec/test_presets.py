from __future__ import annotations

from pathlib import Path

import pytest

from frostline.errors import DataFault
from frostline.presets import copy_preset, presets
from frostline.spec.study_file import load_study
from tests.data.test_own import touch


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_a_study_without_a_fault(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, *(f"my-sounds/{kind}/{number}.wav" for kind in ("cat", "dog") for number in range(5)))
    monkeypatch.chdir(tmp_path)
    assert load_study(presets()[name]).title


def test_a_target_without_a_suffix_is_a_folder_that_is_made_where_it_is_not_there(tmp_path: Path) -> None:
    for _ in ("made", "made again"):
        copy = copy_preset("digits", tmp_path / "new")
        assert copy == tmp_path / "new" / "digits.yaml"
        assert copy.read_bytes() == presets()["digits"].read_bytes()
        copy.unlink()


def test_a_target_with_a_suffix_is_the_file_itself(tmp_path: Path) -> None:
    assert copy_preset("digits", tmp_path / "new" / "mine.yaml").is_file()


def test_what_is_there_already_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(DataFault, match=r"mine is there already and stays as it is; name another file$"):
        copy_preset("digits", tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "precious"


def test_a_target_that_cannot_be_written_is_told_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFault, match=r"^cannot write .*file/mine.yaml: (File exists|Not a directory)$"):
        copy_preset("digits", tmp_path / "file" / "mine.yaml")
