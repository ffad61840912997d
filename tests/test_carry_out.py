"""A study carried out: what it holds on to before it runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from frostline.allocation import keep_freed
from frostline.carry_out import Scope, carry_out
from frostline.errors import StoreMismatch
from frostline.spec.plan import plan
from frostline.spec.study import Narrowing, Study
from frostline.store import read_facts, read_outcomes
from tests.trials import small_study


def race(**changes: object) -> Study:
    return small_study(**({"evidence": "race", "surgeries": {"scratch": "r3", "probe": "f3"}, "seeds": 6} | changes))


def carried_out(study: Study, folder: Path) -> None:
    narrowed = study.narrowed(Narrowing(shares=(0.1,), seeds=1))
    carry_out(narrowed, Scope(plan(narrowed), plan(study)), folder, "inline", None)


def test_the_rules_of_a_race_are_held_before_its_first_trial_and_cannot_be_changed_after_it_was_looked_at(
    tmp_path: Path,
) -> None:
    carried_out(race(), tmp_path)
    assert read_facts(tmp_path)["race"] == "level 0.95; arms r3, f3; shares 0.1, 0.3; seeds 0, 1, 2, 3, 4, 5"
    before = read_outcomes(tmp_path)
    for changed in ({"level": 0.9}, {"seeds": 8}, {"shares": (0.1,)}, {"surgeries": {"scratch": "r3", "full": "t3"}}):
        with pytest.raises(StoreMismatch, match="whose rules are changed after it was looked at guarantees nothing"):
            carried_out(race(**changed), tmp_path)
    assert read_outcomes(tmp_path) == before
    carried_out(race(), tmp_path)


def test_what_is_measured_and_run_in_this_process_keeps_its_memory_as_a_worker_does(tmp_path: Path) -> None:
    keep_freed.cache_clear()
    carried_out(small_study(surgeries={"scratch": "r3"}, source=None), tmp_path)
    assert keep_freed.cache_info().currsize == 1


def test_a_resumed_run_tells_the_best_so_far_of_what_had_finished_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = small_study(surgeries={"scratch": "r3"}, source=None, shares=(0.1,))
    for seeds in (1, 2):
        narrowed = whole.narrowed(Narrowing(seeds=seeds))
        carry_out(narrowed, Scope(plan(narrowed), plan(whole)), tmp_path, "inline", None)
    said = capsys.readouterr().err
    assert re.search(r"1 done, 0 failed, 0 left; best so far at share 0.1: r3 .*, n 2\)$", said, re.M)
