"""What a folder or a manifest of one's own says becomes a card, before anything is decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from frostline.catalog import dataset_card
from frostline.data.own import folder_card, manifest_card
from frostline.errors import DataFault


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def manifest(folder: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """A manifest of these rows beside the files that they name."""
    touch(folder, *(str(row["path"]) for row in rows))
    lines = [",".join(map(str, row.values())) for row in rows]
    path = folder / "manifest.csv"
    path.write_text("\n".join([",".join(rows[0]), *lines, ""]))
    return path


def rows(split: Mapping[str, Mapping[str, int]], column: str = "split") -> list[dict[str, object]]:
    """So many rows of each class in each part: ``{"train": {"cat": 3, "dog": 2}}``."""
    return [
        {"path": f"{part}-{label}-{number}.wav", "label": label, column: part}
        for part, classes in split.items()
        for label, count in classes.items()
        for number in range(count)
    ]


def test_a_folder_of_images_has_three_channels_and_one_of_sounds_has_one(tmp_path: Path) -> None:
    images = folder_card(touch(tmp_path / "i", "cat/1.png", "dog/1.jpg"))
    sounds = folder_card(touch(tmp_path / "s", "cat/1.wav", "dog/1.ogg"))
    assert (images.kind, images.channels) == ("images", 3)
    assert (sounds.kind, sounds.channels) == ("sounds", 1)
    assert images.class_names == ("cat", "dog")
    assert images.size is None and images.duration_s is None


def test_a_folder_has_neither_parts_nor_folds_of_its_own(tmp_path: Path) -> None:
    card = folder_card(touch(tmp_path, "cat/1.png", "dog/1.jpg"))
    assert (card.train_counts, card.validation_counts, card.test_counts, card.fold_counts) == ((), None, (), ())


def test_the_parts_of_a_manifest_are_counted_by_class(tmp_path: Path) -> None:
    split = {"train": {"cat": 3, "dog": 2}, "test": {"cat": 1, "dog": 4}}
    card = manifest_card(manifest(tmp_path / "two", rows(split)))
    assert (card.train_counts, card.validation_counts, card.test_counts) == ((3, 2), None, (1, 4))
    card = manifest_card(manifest(tmp_path / "three", rows({**split, "validation": {"cat": 1, "dog": 2}})))
    assert (card.train_counts, card.validation_counts, card.test_counts) == ((3, 2), (1, 2), (1, 4))


def test_the_folds_of_a_manifest_are_counted_by_class(tmp_path: Path) -> None:
    folds = {"7": {"cat": 3, "dog": 2}, "8": {"cat": 1, "dog": 1}, "12": {"cat": 1, "dog": 4}}
    assert manifest_card(manifest(tmp_path, rows(folds, "fold"))).fold_counts == ((3, 2), (1, 1), (1, 4))


def test_folds_without_a_class_and_too_few_folds_are_told_at_once(tmp_path: Path) -> None:
    path = manifest(tmp_path, rows({"0": {"cat": 2}, "1": {"cat": 1, "dog": 1}}, "fold"))
    with pytest.raises(DataFault) as refused:
        manifest_card(path)
    assert str(refused.value) == (
        f"{path}: the folds cannot be used:\n"
        "  fold 1 holds no item of 'dog'\n"
        "  there are 2 folds; at least 3 are needed: to test, to validate, to train"
    )


def test_groups_that_a_cut_for_validation_would_part_are_refused(tmp_path: Path) -> None:
    split = rows({"train": {"cat": 3, "dog": 2}, "test": {"cat": 1, "dog": 4}})
    grouped = [{**row, "group": f"{row['split']} {place // 2}"} for place, row in enumerate(split)]
    path = manifest(tmp_path / "cut", grouped)
    with pytest.raises(DataFault) as refused:
        manifest_card(path)
    assert str(refused.value) == (
        f"{path}: group 'train 0' would be parted, for no row has split validation and validation is cut out of what "
        "trains; give whole groups split: validation, or use a column fold"
    )
    alone = [{**row, "group": f"{row['split']} {place}"} for place, row in enumerate(split)]
    assert manifest_card(manifest(tmp_path / "alone", alone)).train_counts == (3, 2)
    own = [*grouped, *({**row, "group": "kept"} for row in rows({"validation": {"cat": 1, "dog": 1}}))]
    assert manifest_card(manifest(tmp_path / "own", own)).validation_counts == (1, 1)


def test_own_data_is_found_by_the_name_of_its_kind_and_its_path(tmp_path: Path) -> None:
    folder = touch(tmp_path, "cat/1.png", "dog/1.jpg")
    card = dataset_card("folder", str(folder))
    assert (card.name, card.title, card.source) == ("folder", f"your own data: {folder}", str(folder))
