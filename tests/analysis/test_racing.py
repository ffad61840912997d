"""A race runs the seeds that can still matter, and decides the same whenever it is asked again."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from frostline.analysis.racing import Race, race
from frostline.outcome import Failed, Finished
from frostline.randomness import stream
from frostline.spec.plan import Entry, Plan, plan
from tests.analysis.simulated import finished, study

LEVEL = 0.95
ARMS = {"scratch": "r6", "half": "f3r3", "deep": "f5r1"}
Outcomes = Mapping[str, Finished | Failed]


def planned(**changes: object) -> Plan:
    return plan(study(**{"surgeries": ARMS, "shares": (0.1,), "seeds": 9, **changes}))


def validated(entry: Entry, accuracy: float) -> Finished:
    made = finished(entry.trial, 0.5)
    return made.model_copy(
        update={"best_validation": made.best_validation.model_copy(update={"score": accuracy})},
    )


def ended(made: Plan, entries: tuple[Entry, ...] | None = None) -> dict[str, Finished | Failed]:
    """Outcomes of a study in which half frozen is far better than the others, its starts included."""
    draws = dict(zip((id(e) for e in made.entries), stream(0, "race").normal(0, 0.005, len(made.entries)), strict=True))
    means = {"r6": 0.6, "f3r3": 0.9, "f5r1": 0.75}
    kept: dict[str, Finished | Failed] = {
        trial.key: finished(trial, 0.9) for entry in entries or made.entries for trial in entry.trial.ancestors
    }
    for entry in entries or made.entries:
        mean = means.get(str(entry.arm.surgery), 0.9)
        kept.setdefault(entry.trial.key, validated(entry, mean + draws[id(entry)]))
    return kept


def run_whole(made: Plan) -> tuple[Race, dict[str, Finished | Failed], list[tuple[Entry, ...]]]:
    """The race run to its end, what it ran, and the rounds in which it did."""
    every, kept, rounds = ended(made), dict[str, Finished | Failed](), list[tuple[Entry, ...]]()
    while (found := race(made, kept, LEVEL)).cells:
        rounds.append(found.cells)
        kept |= {key: every[key] for key in found.needed}
    return found, kept, rounds


def names(found: Race) -> list[str]:
    return [str(stop.arm.surgery) for share in found.shares for stop in share.stops]


def test_a_race_begins_with_the_first_seeds_of_every_arm() -> None:
    made = planned()
    found = race(made, {}, LEVEL)
    assert [(str(e.arm.surgery), e.seed) for e in found.cells] == [(a, s) for a in ARMS.values() for s in range(4)]
    assert (found.stopped, found.saved, found.shares[0].looks) == ((), 0, ())


def test_losers_stop_and_the_others_run_all_their_seeds() -> None:
    found, kept, rounds = run_whole(planned())
    assert sorted(names(found)) == ["f5r1", "r6"]
    assert [str(arm.surgery) for arm in found.shares[0].survivors] == ["f3r3"]
    assert [{str(e.arm.surgery) for e in cells} for cells in rounds[1:]] == [{"f3r3"}] * 3
    assert found.shares[0].looks == (4, 6, 8, 9)
    assert found.shares[0].ended
    assert {(str(e.arm.surgery), e.seed) for e in found.stopped} == {
        (a, s) for a in ("r6", "f5r1") for s in range(4, 9)
    }
    assert found.saved == len(planned().trials) - len(kept) == 10


def test_a_stop_says_against_whom_and_on_what_it_rests() -> None:
    stop = run_whole(planned())[0].shares[0].stops[0]
    assert (str(stop.against.surgery), stop.seeds, stop.pairs) == ("f3r3", 4, 4)
    assert 0.1 < stop.difference < 0.35
    assert stop.p <= stop.bound < 1 - LEVEL


def test_no_figure_of_the_test_part_moves_a_race() -> None:
    made = planned()
    kept = ended(made)
    other = {
        key: o.model_copy(update={"metrics": o.metrics.model_copy(update={"accuracy": k / 100, "nll": 9.0 - k / 10})})
        for k, (key, o) in enumerate(kept.items())
        if isinstance(o, Finished)
    }
    assert race(made, other, LEVEL) == race(made, kept, LEVEL)


def test_validation_accuracies_decide_a_race() -> None:
    made = planned()
    same = {entry.trial.key: validated(entry, 0.9) for entry in made.entries}
    assert names(race(made, same, LEVEL)) == []


def test_a_race_that_was_interrupted_anywhere_goes_on_to_the_same_end() -> None:
    made = planned()
    found, kept, _ = run_whole(made)
    every, order = ended(made), list(kept)
    for cut in stream(0, "cuts").integers(0, len(order), 6):
        part = {key: kept[key] for key in stream(0, "part", str(cut)).permutation(order)[:cut].tolist()}
        while (now := race(made, part, LEVEL)).cells:
            part |= {key: every[key] for key in now.needed}
        assert now == found


def test_a_race_over_the_outcomes_of_a_whole_design_decides_as_it_would_have_alone() -> None:
    made = planned()
    found, _, _ = run_whole(made)
    whole = race(made, ended(made), LEVEL)
    assert whole.shares == found.shares
    assert (whole.cells, whole.stopped, whole.saved) == ((), (), 0)


def test_within_a_round_only_what_has_not_ended_is_asked_for() -> None:
    made = planned()
    first = race(made, {}, LEVEL)
    kept = ended(made, first.cells[:5])
    assert race(made, kept, LEVEL).cells == first.cells[5:]
    assert race(made, kept, LEVEL).opened == first.cells


def test_shares_race_apart() -> None:
    made = planned(shares=(0.1, 1.0))
    kept = ended(made, tuple(e for e in made.entries if e.share == 0.1))
    found = race(made, kept, LEVEL)
    assert [share.looks for share in found.shares] == [(4, 6, 8, 9), ()]
    assert {(e.share, e.seed) for e in found.cells} == {(1.0, seed) for seed in range(4)}


def test_what_is_needed_includes_the_starts_of_what_runs_and_no_others() -> None:
    made = planned()
    found = race(made, {}, LEVEL)
    starts = {trial.key for e in made.entries if e.seed < 4 for trial in e.trial.ancestors}
    assert len(starts) == 4
    assert found.needed == starts | {e.trial.key for e in found.cells}


def test_earlier_steps_of_a_stopped_chain_are_saved_and_starts_that_others_need_are_not() -> None:
    made = planned(surgeries={"chain": "f1r5>t6", "half": "f3r3"})
    four = tuple(entry for entry in made.entries if entry.seed < 4)
    means = {"f1r5>t6": 0.5, "f3r3": 0.95}
    kept = {e.trial.key: validated(e, means[str(e.arm.surgery)] ** (1 + 0.001 * e.seed)) for e in four}
    found = race(made, kept, LEVEL)
    assert names(found) == ["f1r5>t6"]
    assert found.saved == 5 * 2


def test_a_trial_that_another_seed_needs_is_not_stopped() -> None:
    """Nothing that scratch depends on follows the seed: its nine cells are one trial, which has run."""
    made = planned(vary=("pretraining",))
    means = {"r6": 0.5, "f3r3": 0.9, "f5r1": 0.6}
    draws = stream(0, "needed").normal(0, 0.005, 9)
    kept = {e.trial.key: validated(e, means[str(e.arm.surgery)] + draws[e.seed]) for e in made.entries if e.seed < 4}
    found = race(made, kept, LEVEL)
    assert len({e.trial.key for e in made.entries if str(e.arm.surgery) == "r6"}) == 1
    assert "r6" in names(found)
    assert "r6" not in {str(e.arm.surgery) for e in found.stopped}


def test_a_failed_trial_has_ended_and_its_pair_is_missing() -> None:
    made = planned()
    kept = ended(made)
    broken = next(e.trial.key for e in made.entries if str(e.arm.surgery) == "r6" and e.seed == 1)
    kept[broken] = Failed(key=broken, error="no memory", traceback="")
    stop = next(s for s in race(made, kept, LEVEL).shares[0].stops if str(s.arm.surgery) == "r6")
    assert stop.pairs == stop.seeds - 1
    del kept[broken]
    assert [e.trial.key for e in race(made, kept, LEVEL).cells] == [broken]


def test_seeds_are_added_in_the_order_of_the_study() -> None:
    made = planned(seeds=(7, 3, 9, 1, 5))
    assert [e.seed for e in race(made, {}, LEVEL).cells[:4]] == [7, 3, 9, 1]


@pytest.mark.parametrize(("seeds", "margin"), [(2, False), (4, False), (9, True)])
def test_a_race_says_whether_its_seeds_can_ever_stop_an_arm(seeds: int, margin: bool) -> None:
    found = race(planned(seeds=seeds), {}, LEVEL)
    assert (found.shares[0].margin is not None) == margin
    assert len(found.cells) == 3 * min(seeds, 4)


def test_equal_outcomes_give_an_equal_race() -> None:
    made = planned()
    kept = ended(made)
    turned = {key: kept[key] for key in np.array(list(kept))[::-1].tolist()}
    assert race(made, turned, LEVEL) == race(planned(), kept, LEVEL)


def test_controls_stop_nobody_and_run_the_seeds_of_the_arms_that_they_control() -> None:
    plain, controlled = planned(), planned(controls=("random", "matched"))
    (without, *_), (found, kept, _) = run_whole(plain), run_whole(controlled)
    assert [str(stop) for stop in found.shares[0].stops] == [str(stop) for stop in without.shares[0].stops]
    assert names(found)
    assert "f5r1" in names(found)
    ran = {arm.written: [e.seed for e in found.opened if e.arm == arm] for arm in controlled.arms}
    assert all(e.trial.key in kept for e in found.opened)
    for arm in ("f3r3", "f5r1"):
        assert ran[f"{arm} from random"] == ran[f"{arm} from matched"] == ran[arm]
    assert len(ran["f5r1"]) < len(ran["f3r3"]) == 9
    assert {e.arm.written for e in found.stopped} >= {"f5r1 from random", "f5r1 from matched"}
    assert all(arm.start == "own" for arm in found.shares[0].survivors)


def test_a_control_of_two_arms_runs_as_long_as_the_longer_of_them() -> None:
    made = planned(surgeries={"scratch": "r6", "reset": "f5r1", "tuned": "f5t1"}, controls=("random",))
    found, _, _ = run_whole(made)
    ran = {arm.written: sum(e.arm == arm for e in found.opened) for arm in made.arms}
    assert ran["f5r1"] < ran["f5t1"] == ran["f5r1 from random"] == 9
