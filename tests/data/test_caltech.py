"""Caltech-101 and Caltech-256 in their published folders: classes, folds that never move, and what is left out."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image

from frostline.catalog import LeftOut, Listing, dataset_cards
from frostline.data.caltech import (
    caltech101_30_listing,
    caltech101_background_listing,
    caltech101_listing,
    caltech256_clutter_listing,
    caltech256_listing,
)
from frostline.data.caltech_cards import CALTECH101_COUNTS, CALTECH256_COUNTS, CALTECH_CARDS
from frostline.data.read import read
from frostline.data.samples import Collection
from frostline.data.splits import parted
from frostline.errors import DataFault
from frostline.spec.dataset import Dataset
from frostline.spec.folds import counts_of
from frostline.spec.reading import Reading

FIRST_FOLDS = [4, 4, 3, 2, 0, 3, 2, 3, 2, 3]
"""Of the first ten faces in the subset: for ever, or studies of different days could not be compared."""


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def caltech256(folder: Path, *more: str) -> Path:
    """The first two photographs of each class of Caltech-256, and ``more``."""
    names = (
        f"{place:03d}.{name}/{place:03d}_{take:04d}.jpg"
        for place, name in enumerate(CALTECH256_COUNTS, start=1)
        for take in (1, 2)
    )
    return touch(folder, *names, *more)


def caltech101(folder: Path, *more: str) -> Path:
    """The first photograph of each class of Caltech-101, and ``more``."""
    return touch(folder, *(f"{name}/image_0001.jpg" for name in CALTECH101_COUNTS), *more)


def found(listing: Listing) -> list[LeftOut]:
    """What was left out of what is there."""
    return [out for out in listing.left_out if not out.lost]


def test_the_cards_count_the_photographs_of_the_published_archives() -> None:
    totals = {name: sum(map(sum, card.fold_counts)) for name, card in CALTECH_CARDS.items()}
    assert totals == {
        "caltech101": 8677,
        "caltech101_background": 9144,
        "caltech101_30": 3030,
        "caltech256": 29780,
        "caltech256_clutter": 30607,
    }
    assert [len(card.class_names) for card in CALTECH_CARDS.values()] == [101, 102, 101, 256, 257]


def test_all_of_them_can_be_named_in_a_study() -> None:
    assert dataset_cards().keys() >= CALTECH_CARDS.keys()


def test_a_photograph_of_caltech256_is_called_after_its_published_file(tmp_path: Path) -> None:
    listing = caltech256_listing(caltech256(tmp_path))
    assert listing.class_names[:2] == ("ak47", "american-flag") and len(listing.items) == 512
    first = listing.items[0]
    assert (first.id, first.file, first.label) == ("caltech256/001.ak47/001_0001", "001.ak47/001_0001.jpg", 0)
    assert first.group == first.id


def test_clutter_is_off_unless_it_is_asked_for(tmp_path: Path) -> None:
    folder = caltech256(tmp_path, "257.clutter/257_0001.jpg")
    without, whole = caltech256_listing(folder), caltech256_clutter_listing(folder)
    assert found(without) == [LeftOut("257.clutter", "photographs of no object; off in this dataset", lost=0)]
    assert whole.class_names[-1] == "clutter" and len(whole.items) == 513
    assert whole.items[:-1] == without.items


def test_background_is_off_unless_it_is_asked_for(tmp_path: Path) -> None:
    folder = caltech101(tmp_path, "BACKGROUND_Google/image_0001.jpg")
    without, whole = caltech101_listing(folder), caltech101_background_listing(folder)
    assert "BACKGROUND_Google" not in without.class_names and len(without.items) == 101
    assert found(without)[0].file == "BACKGROUND_Google"
    assert whole.class_names[-1] == "BACKGROUND_Google" and len(whole.items) == 102
    assert set(without.items) < set(whole.items)


def test_what_the_archives_hold_besides_is_left_out_by_name_and_not_counted_as_lost(tmp_path: Path) -> None:
    folder = caltech256(tmp_path, "198.spider/RENAME2", "056.dog/greg/vision309/x.jpg", "notes.txt", ".DS_Store")
    assert found(caltech256_listing(folder)) == [
        LeftOut("056.dog/greg", "none of the published files, 056_0001.jpg to 056_0102.jpg", lost=0),
        LeftOut("198.spider/RENAME2", "none of the published files, 198_0001.jpg to 198_0108.jpg", lost=0),
        LeftOut("notes.txt", "none of the published class folders", lost=0),
    ]


def test_missing_class_folders_are_all_named(tmp_path: Path) -> None:
    folder = caltech101(tmp_path)
    for name in ("ant", "yin_yang"):
        (folder / name / "image_0001.jpg").unlink()
        (folder / name).rmdir()
    with pytest.raises(DataFault, match=r"has 2 faults:\n  'ant' is missing; there is (.|\n)*'yin_yang' is missing"):
        caltech101_listing(folder)


def test_a_folder_that_is_not_there_is_told() -> None:
    with pytest.raises(DataFault, match=r"/nowhere is no folder; expected one with a folder a class in it$"):
        caltech256_listing(Path("/nowhere"))


def test_class_folders_without_published_files_are_told_with_what_was_expected(tmp_path: Path) -> None:
    folder = touch(tmp_path, *(f"{name}/1.png" for name in CALTECH101_COUNTS))
    with pytest.raises(DataFault, match=r"holds none of the 8677 published files, such as image_0001\.jpg$"):
        caltech101_listing(folder)


def test_classes_are_even_over_the_folds() -> None:
    for card in CALTECH_CARDS.values():
        assert all(max(counts) - min(counts) <= 1 for counts in zip(*card.fold_counts, strict=True))


def test_the_folder_of_the_unpacked_archive_is_found_in_the_datasets_own(tmp_path: Path) -> None:
    inside = caltech101_listing(caltech101(tmp_path / "101_ObjectCategories").parent)
    assert inside.items[0].file == "101_ObjectCategories/Faces/image_0001.jpg"
    assert inside.items[0].id == "caltech101/Faces/image_0001"


def test_a_published_file_that_is_not_there_is_lost_and_moves_no_other_to_another_fold(tmp_path: Path) -> None:
    folder = caltech101(tmp_path, "ant/image_0002.jpg")
    whole = caltech101_listing(folder)
    (folder / "ant" / "image_0001.jpg").unlink()
    lacking = caltech101_listing(folder)
    said = "the published collection holds it, and it is not there"
    assert LeftOut("ant/image_0001.jpg", said, lost=1) in lacking.left_out
    assert lacking.items == tuple(item for item in whole.items if item.id != "caltech101/ant/image_0001")


def test_the_split_is_fixed_and_its_seed_can_deal_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROSTLINE_DATA", str(tmp_path))
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))
    folder = caltech101(tmp_path / "caltech101")
    for number in range(1, 9):
        Image.new("RGB", (40, 30), (200, 10, number)).save(folder / "ant" / f"image_{number:04d}.jpg")
    whole = read(Reading("caltech101", size=4))
    assert isinstance(whole, Collection) and len(whole.samples) == 8

    def tests(seed: int, split: Literal["stratified"] | None = None) -> list[str]:
        return list(parted(whole, Dataset(name="caltech101", size=4, split=split), seed).test.ids)

    official = [tests(seed) for seed in range(5)]
    assert Counter(name for part in official for name in part) == Counter(whole.samples.ids.tolist())
    assert tests(5) == official[0]
    assert len({tuple(tests(seed, "stratified")) for seed in (0, 5, 10, 15)}) > 1


@pytest.mark.real_data
def test_the_subset_is_whole_and_its_folds_are_even() -> None:
    listing = caltech101_30_listing(Path(os.environ["FROSTLINE_DATA"]) / "caltech101_30")
    assert len(listing.items) == 3030 and listing.left_out == ()
    counts = counts_of([item.label for item in listing.items], [item.fold or 0 for item in listing.items], 5, 101)
    assert counts == CALTECH_CARDS["caltech101_30"].fold_counts == ((6,) * 101,) * 5
    assert [item.fold for item in listing.items[:10]] == FIRST_FOLDS
