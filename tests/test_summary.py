"""What the command line says of a plan and of its state."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from frostline.progress import Progress
from frostline.spec.plan import plan
from frostline.summary import plan_summary, status_summary
from tests.analysis.simulated import finished, study

ARMS = {"scratch": "r6", "half": "f3r3", "both": "f1r5>t6"}


def test_the_plan_of_a_race_says_when_it_looks_and_how_many_trials_it_may_take() -> None:
    """Two shares of nine seeds: scratch and half are a trial each, the chain two, and each seed has a pretraining.

    At best scratch is left alone after four seeds: 2 x 4 x 4 trials and 4 pretrainings, then 2 x 5 trials.
    """
    made = study(surgeries=ARMS, seeds=9, evidence="race")
    told = plan_summary(made, plan(made))
    assert told.endswith(
        "\na race at each of 2 shares, first look after 4 seeds, then every 2: at most 81 trials, at best 46"
    )
    one = study(surgeries=ARMS, seeds=9, evidence="race", shares=(0.1,))
    assert "\na race, first look after 4 seeds, then" in plan_summary(one, plan(one))
    assert "race" not in plan_summary(study(surgeries=ARMS), plan(study(surgeries=ARMS)))


@pytest.mark.parametrize("changes", [{"seeds": 4}, {"seeds": 9, "surgeries": {"half": "f3r3"}}])
def test_the_plan_of_a_race_that_can_save_nothing_says_so(changes: dict[str, object]) -> None:
    made = study(**{"surgeries": ARMS, "evidence": "race", **changes})
    assert plan_summary(made, plan(made)).endswith("\na race that can save nothing: its first look is after 4 seeds")


def test_the_state_of_a_race_tells_what_is_never_run_apart_from_what_is_missing() -> None:
    planned = plan(study(surgeries=ARMS, seeds=2, shares=(0.1,)))
    kept = {trial.key: finished(trial, 0.9) for trial in planned.trials}
    chain = [e.trial for e in planned.entries if str(e.arm.surgery) == "f1r5>t6"]
    half = [e.trial for e in planned.entries if str(e.arm.surgery) == "f3r3"]
    lost = {chain[1].key, chain[1].ancestors[0].key, half[0].key}
    left = {key: outcome for key, outcome in kept.items() if key not in lost}
    assert status_summary(planned, left, Path("here"), {chain[1].key}) == (
        "here: 7 finished, 0 failed, 1 missing, 2 not run (their arms were ruled out by the race)"
    )
    assert status_summary(planned, left, Path("here")) == "here: 7 finished, 0 failed, 3 missing"


def test_the_trials_that_are_left_follow_what_a_race_still_expects() -> None:
    planned = plan(study(surgeries=ARMS, seeds=2, shares=(0.1,)))
    progress = Progress(planned, 12, Console(file=StringIO()))
    progress.note(finished(planned.entries[0].trial, 0.9))
    assert progress.line().startswith("1 done, 0 failed, 11 left")
    progress.expect(4)
    assert progress.line().startswith("1 done, 0 failed, 3 left")
    progress.expect(1)
    assert progress.line().startswith("1 done, 0 failed, 0 left; best so far")


def test_a_plan_lists_its_controls_apart() -> None:
    controlled = study(surgeries={"cut": "f3r3", "more": "f3t3"}, controls=("random", "matched"))
    told = plan_summary(controlled, plan(controlled)).splitlines()
    assert told[3:12] == [
        "6 arms (7 names; equal treatments are run once):",
        "  f3r3               cut",
        "  f3t3               more",
        "  r6                 r6",
        "3 of them are controls, which are never recommended:",
        "  f3r3 from random   cut from random = more from random",
        "  f3r3 from matched  cut from matched",
        "  f3t3 from matched  more from matched",
        "shares 0.01, 0.1",
    ]


def test_a_race_saves_an_arm_together_with_its_controls() -> None:
    arms = {"half": "f3r3", "deep": "f5r1"}
    raced = study(surgeries=arms, controls=("matched",), shares=(0.1,), seeds=9, evidence="race")
    assert "at most 45 trials, at best 35" in plan_summary(raced, plan(raced))


def test_a_control_is_never_the_best_so_far() -> None:
    planned = plan(study(surgeries={"cut": "f3r3"}, shares=(0.1,), controls=("random",)))
    with Progress(planned, 3, Console(file=StringIO())) as progress:
        for arm, accuracy in (("f3r3", 0.7), ("f3r3 from random", 0.9)):
            trial = next(entry.trial for entry in planned.entries if entry.arm.written == arm)
            progress.note(finished(trial, 0.5, accuracy))
        assert "best so far at share 0.1: f3r3 (validation accuracy 0.700, n 1)" in progress.line()


def test_the_best_so_far_of_a_resumed_run_is_that_of_all_its_seeds() -> None:
    planned = plan(study(surgeries={"scratch": "r6"}, seeds=2, shares=(0.1,), source=None))
    first, second = (
        next(entry.trial for entry in planned.entries if entry.arm.written == "r6" and entry.seed == seed)
        for seed in (0, 1)
    )
    progress = Progress(planned, 1, Console(file=StringIO()))
    progress.resume([finished(first, 0.5, 0.9)])
    progress.note(finished(second, 0.5, 0.7))
    assert progress.line() == "1 done, 0 failed, 0 left; best so far at share 0.1: r6 (validation accuracy 0.800, n 2)"


def test_a_plan_tells_how_many_synthetic_items_stand_beside_how_many_real_ones() -> None:
    made = study(surgeries=ARMS, additions={"gan": {"synthesis": {"recipe": {"steps": 9}, "ratio": 2.0}}})
    assert "\nwith gan at share 0.1: 3,240 synthetic items beside 1,620 real ones\n" in plan_summary(made, plan(made))
    every = study(surgeries=ARMS, synthesis={"recipe": {"steps": 9}, "number": 7})
    assert "\nall arms at share 0.01: 7 synthetic items beside 162 real ones\n" in plan_summary(every, plan(every))
    assert "synthetic" not in plan_summary(study(surgeries=ARMS), plan(study(surgeries=ARMS)))


def test_one_of_a_kind_is_told_as_one() -> None:
    made = study(surgeries={"scratch": "r6"}, source=None, seeds=1, shares=(0.1,), vary=())
    told = plan_summary(made, plan(made))
    assert "\n1 arm (1 name; equal treatments are run once):\n" in told
    assert "\n1 cell, 1 trial in 1 wave (1)" in told
