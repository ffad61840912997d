"""On what a trial runs: what is wrong with a dataset is told before it is read, and so are the sizes of its parts."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from frostline.spec.dataset import Dataset
from frostline.spec.spectrogram import Spectrogram
from tests.data.test_own import manifest, rows, touch

SOUND = {"size": 32, "spectrogram": {"duration_s": 0.5}}


def folder(path: Path, items: int = 5, ending: str = "wav", third: int = 0) -> str:
    """A folder of two classes of so many items, and of a third one where it has any."""
    classes = {"cat": items, "dog": items, "emu": third}
    touch(path, *(f"{name}/{number}.{ending}" for name, count in classes.items() for number in range(count)))
    return str(path)


def grouped(path: Path, groups: int, classes: int = 2) -> str:
    """A manifest of so many groups of four items of each class."""
    said = rows({f"g{group}": dict.fromkeys("abc"[:classes], 4) for group in range(groups)}, "group")
    return str(manifest(path, said))


def refused(**content: object) -> str:
    with pytest.raises(ValidationError) as caught:
        Dataset.model_validate(content)
    return "; ".join(str(error["ctx"]["error"]) for error in caught.value.errors())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"name": "digits", "path": "here"},
            "path has no effect with digits; remove it, or use name: folder or name: manifest",
        ),
        ({"name": "folder"}, "path is missing; it says where your folder lies"),
        ({"name": "manifest"}, "path is missing; it says where your manifest lies"),
        (
            {"name": "digits", "classes": (3, 10, 12)},
            "classes [10, 12] are not in digits, which has 0 to 9; `frostline list digits` says which is which",
        ),
        ({"name": "digits", "classes": (3,)}, "classes must be two or more, each once, ascending (got [3])"),
        ({"name": "digits", "classes": (3, 1)}, "classes must be two or more, each once, ascending (got [3, 1])"),
        ({"name": "digits", "classes": (3, 3)}, "classes must be two or more, each once, ascending (got [3, 3])"),
        (
            {"name": "digits", "classes": tuple(range(10))},
            "classes names every class; leave it out, so that one treatment has one spelling",
        ),
        ({"name": "digits", "channels": 1}, "digits already has 1 channel and size 8; leave out what says the same"),
        ({"name": "digits", "size": 8}, "digits already has 1 channel and size 8; leave out what says the same"),
        ({"name": "esc10", "size": 32, "channels": 1}, "esc10 already has 1 channel; leave out what says the same"),
        ({"name": "cifar10", "channels": 2}, "3 channels of cifar10 can become 1, not 2"),
        (
            {"name": "digits", "spectrogram": {"bands": 64}},
            "spectrogram has no effect, for digits holds no sounds; remove it",
        ),
        ({"name": "esc10"}, "size is missing; it says to how many rows and columns the sounds are scaled"),
        (
            {"name": "esc10", "size": 32, "resize": "interpolate"},
            "resize has no effect, for sounds in files are always scaled; remove it",
        ),
        (
            {"name": "digits", "resize": "interpolate"},
            "resize has no effect without size; remove it or give size",
        ),
        ({"name": "digits", "size": 6}, "padding cannot shrink 8 to 6; write resize: interpolate"),
        (
            {"name": "digits", "split": "stratified"},
            "split: stratified is not possible with digits; it allows official",
        ),
        (
            {"name": "esc10", "size": 32, "split": "grouped"},
            "split: grouped is not possible with esc10; it allows official, stratified",
        ),
        (
            {"name": "esc10", "size": 32, "folds": 5},
            "folds has no effect, for the split of esc10 is official; remove it",
        ),
    ],
)
def test_what_does_not_fit_a_dataset_is_told_with_the_remedy(content: dict[str, object], message: str) -> None:
    assert refused(**content) == message


def test_every_fault_of_a_dataset_is_told_at_once() -> None:
    said = refused(name="digits", classes=(3,), size=6, split="grouped")
    assert said.split("; ", 2)[0] == "classes must be two or more, each once, ascending (got [3])"
    assert "padding cannot shrink 8 to 6" in said
    assert said.endswith("split: grouped is not possible with digits; it allows official")


def test_an_unknown_dataset_is_answered_with_the_nearest() -> None:
    assert refused(name="digit").startswith("no dataset is called 'digit'; did you mean 'digits'?; known: ")


def test_fewer_than_three_folds_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"folds\n.*greater than or equal to 3"):
        Dataset.model_validate({"name": "esc10", "size": 32, "split": "stratified", "folds": 2})


def test_what_is_wrong_with_own_files_is_a_fault_of_the_dataset(tmp_path: Path) -> None:
    said = refused(name="folder", path=str(tmp_path / "gone"), **SOUND)
    assert said == f"{tmp_path}/gone does not exist; expected a folder with one folder a class in it"


def test_own_sounds_need_a_duration_and_own_images_a_size(tmp_path: Path) -> None:
    said = "spectrogram.duration_s is missing: folder has no length of its own; write the seconds"
    assert refused(name="folder", path=folder(tmp_path / "s"), size=32) == said
    said = "size is missing; it says to how many rows and columns the images are scaled"
    assert refused(name="folder", path=folder(tmp_path / "i", ending="png")) == said


def test_a_class_with_fewer_items_than_folds_is_refused_and_one_that_is_not_used_is_no_matter(tmp_path: Path) -> None:
    path = folder(tmp_path, third=3)
    said = "the smallest class, 'emu', has 3 items, too few for 5 folds; use 3 folds, or add items of it, or leave it"
    assert refused(name="folder", path=path, **SOUND) == f"{said} out"
    assert Dataset.model_validate({"name": "folder", "path": path, "folds": 3, **SOUND}).fold_count == 3
    used = Dataset.model_validate({"name": "folder", "path": path, "classes": (0, 1), **SOUND})
    assert used.pools(0).test == (1, 1)


@pytest.mark.parametrize(
    ("third", "remedy"),
    [
        (4, "has 4 items, too few for 5 folds; use 3 to 4 folds, or add items of it, or leave it out"),
        (2, "has 2 items, too few for 5 folds; no split has fewer than 3: add items of it, or leave it out"),
        (1, "has 1 item, too few for 5 folds; no split has fewer than 3: add items of it, or leave it out"),
    ],
)
def test_only_folds_that_the_smallest_class_can_fill_are_advised(tmp_path: Path, third: int, remedy: str) -> None:
    assert refused(name="folder", path=folder(tmp_path, third=third), **SOUND) == f"the smallest class, 'emu', {remedy}"


def test_fewer_folds_than_three_are_never_advised(tmp_path: Path) -> None:
    said = refused(name="manifest", path=grouped(tmp_path, groups=2), folds=3, **SOUND)
    assert "too few groups; use more groups, or split: stratified, which parts groups" in said


def test_groups_too_few_for_the_folds_are_refused_with_the_remedy(tmp_path: Path) -> None:
    path = grouped(tmp_path, groups=4)
    assert refused(name="manifest", path=path, **SOUND) == (
        "fold 5 of 5 would hold no item of 'a', for its items come from too few groups; use fewer folds, more groups, "
        "or split: stratified, which parts groups"
    )
    for remedy in ({"folds": 4}, {"split": "stratified"}):
        assert min(Dataset.model_validate({"name": "manifest", "path": path, **SOUND, **remedy}).pools(0).test) >= 1


@pytest.mark.parametrize("classes", [(0, 7), ()])
def test_classes_that_are_not_there_are_told_whatever_the_split(tmp_path: Path, classes: tuple[int, ...]) -> None:
    for content in (
        {"name": "folder", "path": folder(tmp_path / "f")},
        {"name": "manifest", "path": grouped(tmp_path, 5)},
    ):
        assert refused(**content, **SOUND, classes=classes).startswith("classes ")


def test_the_usual_split_is_the_first_that_the_data_allows(tmp_path: Path) -> None:
    parts = manifest(tmp_path / "parts", rows({"train": {"a": 3, "b": 3}, "test": {"a": 1, "b": 1}}))
    folds = manifest(tmp_path / "folds", rows({fold: {"a": 2, "b": 2} for fold in "123"}, "fold"))
    own = {
        "official": {"name": "manifest", "path": str(parts)},
        "grouped": {"name": "manifest", "path": grouped(tmp_path / "groups", 5)},
        "stratified": {"name": "folder", "path": folder(tmp_path / "alone")},
    }
    for splitting, content in own.items():
        assert Dataset.model_validate({**content, **SOUND}).splitting == splitting
    official = Dataset.model_validate({"name": "manifest", "path": str(folds), **SOUND})
    assert (official.splitting, official.has_folds, official.fold_count) == ("official", True, 3)
    assert not Dataset.model_validate({**own["official"], **SOUND}).has_folds
    assert not Dataset(name="digits").has_folds


def test_the_pools_hold_only_the_classes_that_are_used() -> None:
    pools = Dataset(name="gtzan", size=32, classes=(0, 8)).pools(4)
    assert (pools.test, pools.validation, pools.train) == ((22, 15), (15, 36), (63, 49))


def test_official_folds_turn_again_where_own_ones_are_dealt_anew(tmp_path: Path) -> None:
    official, own = (
        Dataset(name="gtzan", size=32),
        Dataset.model_validate({"name": "manifest", "path": uneven(tmp_path), "folds": 3, **SOUND}),
    )
    assert all(official.pools(seed) == official.pools(seed + 5) for seed in range(5))
    assert any(own.pools(seed) != own.pools(seed + 3 * deal) for seed in range(3) for deal in (1, 2, 3))


def uneven(path: Path) -> str:
    """A manifest of groups whose sizes let deals differ in their counts."""
    said = [
        {"path": f"{g}-{label}-{i}.wav", "label": label, "group": f"g{g}"}
        for g in range(8)
        for label in "ab"
        for i in range(1 + (g % 2 if label == "a" else (g + 1) % 3))
    ]
    return str(manifest(path, said))


def test_a_reading_is_told_by_what_tells_it_from_others() -> None:
    assert str(Dataset(name="digits", size=12).reading) == "digits"
    short = Dataset(name="esc10", size=32, spectrogram=Spectrogram(duration_s=1.0)).reading
    assert str(short).startswith("esc10 (log-mel ")
    assert str(short) != str(Dataset(name="esc10", size=32).reading)
    assert Dataset(name="esc10", size=64).reading == Dataset(name="esc10", size=32).reading


def test_segments_are_planes_of_a_sound_and_other_items_have_one() -> None:
    pieces = Spectrogram(segments=3, duration_s=1.0)
    assert Dataset(name="esc10", size=32, spectrogram=pieces).segments == 3
    assert Dataset(name="digits").segments == 1
    assert Dataset(name="esc10", size=32).sound.duration_s == 5.0


def test_the_usual_split_and_number_of_folds_have_one_spelling() -> None:
    bare = Dataset(name="esc10", size=32)
    assert Dataset(name="esc10", size=32, split="official") == bare
    dealt = Dataset(name="esc10", size=32, split="stratified")
    assert Dataset(name="esc10", size=32, split="stratified", folds=5) == dealt != bare
    with pytest.raises(ValidationError, match="folds has no effect, for the split of esc10 is official; remove it"):
        Dataset(name="esc10", size=32, folds=5)
