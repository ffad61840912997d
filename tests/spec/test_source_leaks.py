"""A pretraining that learns from what tests its target is refused by the plan, where lists and folds tell it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from frostline.errors import PlanRefused
from frostline.spec.plan import plan
from frostline.spec.source_leaks import leaking_sources
from frostline.spec.study import Study
from tests.data.test_own import manifest, rows
from tests.spec.examples import study
from tests.spec.test_dataset import SOUND, folder

ALL = ("split", "share", "weights", "batches", "pretraining")
TARGET_ALONE = ("split", "share", "weights", "batches")
ESC10 = {"name": "esc10", "size": 32}


def made(target: dict[str, object], source: dict[str, object], vary: tuple[str, ...] = TARGET_ALONE) -> Study:
    return study(dataset=target, source={"dataset": source}, vary=vary, shares=(1.0,), seeds=6)


def test_folds_of_one_dataset_that_test_at_some_seeds_and_are_learned_from_are_refused_by_the_plan() -> None:
    said = (
        "at seed 1 the pretraining learns from the items of fold 2 of esc10, on which the target is tested, and so at "
        "3 more of 6 seeds; let `vary` name both split and pretraining, or neither, so that both leave out the same "
        "fold"
    )
    assert leaking_sources(made(ESC10, ESC10)) == [said]
    with pytest.raises(PlanRefused, match="at seed 1 the pretraining learns from the items of fold 2 of esc10"):
        plan(made(ESC10, ESC10))


@pytest.mark.parametrize("vary", [ALL, ("share",)])
def test_a_pretraining_that_leaves_out_the_fold_that_tests_is_none_of_these(vary: tuple[str, ...]) -> None:
    assert leaking_sources(made(ESC10, ESC10, vary)) == []
    assert plan(made(ESC10, ESC10, vary)).trials


def test_a_collection_and_its_part_are_one_set_of_clips() -> None:
    assert "fold 2 of esc10" in leaking_sources(made(ESC10, {"name": "esc50", "size": 32}))[0]
    assert leaking_sources(made(ESC10, {"name": "fsdd", "size": 32})) == []


def test_other_classes_of_a_dataset_are_other_items_and_official_parts_test_apart() -> None:
    low, high = ({**ESC10, "classes": classes} for classes in ((0, 1, 2), (3, 4)))
    assert leaking_sources(made(low, high)) == []
    assert leaking_sources(made({"name": "digits"}, {"name": "digits"})) == []
    assert leaking_sources(study(source={"weights": "mine.safetensors"})) == leaking_sources(study()) == []


def test_another_deal_of_known_data_is_not_judged_before_it_is_read() -> None:
    dealt = {**ESC10, "split": "stratified"}
    assert "at seed 1 the pretraining learns from the items of fold 2" in leaking_sources(made(dealt, dealt))[0]
    later = study(dataset=dealt, source={"dataset": dealt}, vary=("split",), shares=(1.0,), seeds=(0, 5))
    assert leaking_sources(later) == []
    assert leaking_sources(made(dealt, ESC10)) == []


def test_own_files_are_told_item_by_item_in_whatever_way_they_are_split(tmp_path: Path) -> None:
    own = {"name": "folder", "path": folder(tmp_path, third=5), **SOUND}
    (said,) = leaking_sources(made(own, {**own, "folds": 3}, ALL))
    assert re.match(rf"at seed 0 the pretraining learns from \d items? of {own['path']}, the first is '", said)
    assert said.endswith("; pretrain on other classes or other items")
    assert leaking_sources(made(own, {**own, "classes": (0, 1)}, ALL)) == []
    assert leaking_sources(made({**own, "classes": (0, 1)}, {**own, "classes": (1, 2)}, TARGET_ALONE)) != []
    assert leaking_sources(made(own, {**own, "path": folder(tmp_path / "other")})) == []


def test_own_groups_are_told_too_unless_the_split_parts_them(tmp_path: Path) -> None:
    path = str(manifest(tmp_path, rows({f"g{group}": dict.fromkeys("abcd", 4) for group in range(6)}, "group")))
    own = {"name": "manifest", "path": path, "folds": 3, **SOUND}
    low, high = ({**own, "classes": classes} for classes in ((0, 1), (2, 3)))
    assert " groups of " in leaking_sources(made(low, high))[0]
    assert leaking_sources(made(low, high, ALL)) == []
    assert leaking_sources(made({**low, "split": "stratified"}, high)) == []
