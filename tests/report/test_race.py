"""A report says what a race guarantees, whom it stopped and why, and how stopped arms are to be read."""

from __future__ import annotations

from dataclasses import replace

from frostline.analysis.metric import ACCURACY
from frostline.analysis.racing import Race, race
from frostline.report.race import BIASED, course, guarantee, method, saved
from frostline.spec.plan import Plan
from tests.analysis.test_racing import ended, planned, run_whole, validated


def told(made: Plan) -> tuple[Race, str]:
    found = run_whole(made)[0]
    return found, " ".join(course(found, ACCURACY))


def test_the_guarantee_is_said_with_its_level_and_its_limits() -> None:
    said = guarantee(run_whole(planned())[0], ACCURACY)
    assert (
        "At each share, with a probability of at least 95 %, no arm that is the best or ties with the best" in said[0]
    )
    assert "Best means the highest expected validation accuracy." in said[0]
    assert said[1].startswith("Every decision read validation figures only, never a figure of the test part")
    assert "normal and independent from seed to seed" in said[2]
    assert "folds are not independent, and it does not cover them." in said[2]


def test_the_method_names_its_sources() -> None:
    said = method(race(planned(), {}, 0.9))
    assert all(source in said for source in ("Lan and DeMets 1983", "Maurer and Bretz 2013", "Holm 1979"))
    assert "after 4 seeds and then every 2" in said
    assert said.endswith("with 0.1 for each share.")


def test_saved_trials_are_counted() -> None:
    made = planned()
    assert saved(made, run_whole(made)[0]) == "The race saved 10 of the 36 trials of the whole design, starts included."


def test_a_race_under_way_may_save_more() -> None:
    made = planned()
    assert saved(made, race(made, {}, 0.95)).endswith("It has not ended at 10 %, so that it may save more.")


def test_a_stopped_arm_is_told_with_its_seeds_its_opponent_and_its_evidence() -> None:
    found, said = told(planned())
    stop = found.shares[0].stops[0]
    assert (
        f"With 10 % of the target data: {stop.arm} was stopped after 4 of 9 seeds. On 4 common seeds f3r3 (half) was "
        f"better by {stop.difference:.3f} in validation accuracy (corrected p = {stop.p:.2g}, which had to be at most "
        f"{stop.bound:.2g} at this look)."
    ) in said


def test_figures_of_stopped_arms_are_said_to_be_biased_low() -> None:
    assert told(planned())[1].endswith(BIASED)
    assert "biased low" in BIASED


def test_an_arm_that_was_ruled_out_at_its_last_seed_was_not_stopped() -> None:
    found = run_whole(planned())[0]
    last = replace(found.shares[0], stops=tuple(replace(stop, seeds=9) for stop in found.shares[0].stops))
    said = " ".join(course(replace(found, shares=(last,)), ACCURACY))
    assert "ran all 9 seeds and was ruled out at the last look" in said
    assert BIASED not in said


def test_a_share_that_lost_no_arm_is_told_too() -> None:
    made = planned()
    same = {entry.trial.key: validated(entry, 0.9) for entry in made.entries}
    assert course(race(made, same, 0.95), ACCURACY) == ["With 10 % of the target data: no arm was ruled out."]
    assert course(race(made, {}, 0.95), ACCURACY) == ["With 10 % of the target data: no arm was ruled out yet."]


def test_a_race_of_too_few_seeds_says_so() -> None:
    said = course(race(planned(seeds=3), ended(planned(seeds=3)), 0.95), ACCURACY)
    assert said[-1] == (
        "With 10 % of the target data a race of 3 seeds can save nothing: its first look is after 4. Every trial is "
        "run."
    )
    few = " ".join(course(race(planned(seeds=5), {}, 0.95), ACCURACY))
    assert "a race of 5 seeds can save next to nothing: before the last seed it stops a first arm only where" in few


def test_one_arm_alone_is_not_blamed_for_saving_nothing() -> None:
    assert len(course(race(planned(surgeries={"half": "f3r3"}, seeds=3), {}, 0.95), ACCURACY)) == 1
