"""A recommendation names every arm that the runs cannot tell from the best."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from frostline.analysis.comparisons import Stopped, means
from frostline.analysis.estimates import Estimate
from frostline.analysis.frost_line import percent, recommend, sentence
from frostline.analysis.table import frame_of, table
from frostline.spec.plan import plan
from tests.analysis.simulated import failing, outcomes, study, without


def drawn(accuracies: dict[str, list[float]]) -> pd.DataFrame:
    return frame_of(
        [
            {"arm": arm, "names": arm, "share": 0.1, "seed": seed, "status": "finished", "accuracy": value}
            for arm, values in accuracies.items()
            for seed, value in enumerate(values)
        ]
    )


def test_an_arm_that_is_better_in_every_seed_is_recommended_alone() -> None:
    base = [0.80, 0.82, 0.81, 0.79, 0.83]
    found = recommend(drawn({"r2": base, "f1r1": [v + 0.05 + 0.001 * i for i, v in enumerate(base)]}), 0.95)
    assert found[0].best == "f1r1"
    assert found[0].ties == ()
    assert sentence(found[0]).startswith("With 10 % of the target data: f1r1, accuracy 0.862 [")
    assert sentence(found[0]).endswith("(95 % interval, n = 5 seeds); told apart from the other arm.")


def test_arms_that_the_runs_cannot_tell_apart_are_all_named() -> None:
    base = [0.80, 0.82, 0.81, 0.79, 0.83]
    frame = drawn({"r2": base, "f1r1": [v + d for v, d in zip(base, (0.02, -0.01, 0.02, -0.01, 0.01), strict=True)]})
    found = recommend(frame, 0.95)[0]
    assert (found.best, found.ties) == ("f1r1", ("r2",))
    assert "undecided between f1r1, r2; highest mean f1r1, accuracy 0.816 [" in sentence(found)


def test_many_comparisons_need_a_larger_difference_than_one() -> None:
    best = [0.80, 0.82, 0.81, 0.79, 0.83]
    close = [v - d for v, d in zip(best, (0.01, 0.03, 0.01, 0.03, 0.005), strict=True)]
    worse = {f"f{i}t{9 - i}": [v - 0.1 - 0.001 * i * j for j, v in enumerate(best)] for i in range(1, 9)}
    assert recommend(drawn({"t9": best, "f9": close}), 0.95)[0].ties == ()
    assert recommend(drawn({"t9": best, "f9": close} | worse), 0.95)[0].ties == ("f9",)


@pytest.mark.slow
def test_the_truly_best_arm_is_recommended_or_tied_as_often_as_the_level_says() -> None:
    draws, held = np.random.default_rng(3), 0
    for _ in range(150):
        arms = {f"f{i}t{6 - i}": list(draws.normal(0.8 + 0.004 * (i == 3), 0.01, 5)) for i in range(1, 6)}
        found = recommend(drawn(arms), 0.9)[0]
        held += "f3t3" in (found.best, *found.ties)
    assert held / 150 >= 0.9


def test_one_seed_allows_nothing_to_be_said() -> None:
    found = recommend(drawn({"r2": [0.8], "f1r1": [0.9]}), 0.95)[0]
    assert sentence(found) == (
        "With 10 % of the target data: one seed: no interval, nothing can be said "
        "(its highest accuracy is 0.900, n = 1, by f1r1)."
    )


def test_nothing_finished_is_said_and_not_an_error() -> None:
    planned = plan(study())
    found = recommend(table(planned, {}), 0.95)
    assert [r.best for r in found] == [None, None]
    assert "nothing can be said; no seed has finished in the arms to be compared." in sentence(found[0])


def test_arms_are_compared_on_common_seeds_and_the_others_are_named() -> None:
    planned = plan(study())
    kept = failing(without(outcomes(planned), planned, "f4r2", {1, 3}), planned, "f4t2", "broken")
    found = recommend(table(planned, kept), 0.95)[0]
    assert found.seeds == (0, 2, 4)
    assert isinstance(found.estimate, Estimate)
    assert found.estimate.n == 3
    assert "Compared on seeds that finished in every arm (n = 3); left out: seed 1, 3." in sentence(found)
    assert "Not compared, for want of finished seeds: f4t2 (F cut 4)." in sentence(found)


def test_one_arm_has_nothing_to_be_compared_with() -> None:
    assert sentence(recommend(drawn({"r2": [0.8, 0.9]}), 0.95)[0]).endswith("no other arm to compare it with.")


def test_a_share_is_written_without_superfluous_digits() -> None:
    assert [percent(share) for share in (0.001, 0.015, 1.0)] == ["0.1 %", "1.5 %", "100 %"]


def test_the_recommended_figure_is_the_one_that_the_table_shows() -> None:
    frame = drawn({"r2": [0.80, 0.81, 0.79, 0.82, 0.78, 0.80, 0.83], "f1r1": [0.9, 0.91, 0.89, 0.92, 0.88, 0.9, 0.93]})
    found = recommend(frame, 0.95)[0]
    assert found.estimate == means(frame, 0.95)["f1r1", found.share]


def stopping(frame: pd.DataFrame, arms: dict[str, int]) -> pd.DataFrame:
    """``frame`` with those arms stopped by a race after so many seeds."""
    never = [seed >= arms.get(arm, len(frame)) for arm, seed in zip(frame["arm"], frame["seed"], strict=True)]
    return frame.assign(status=frame["status"].mask(never, "stopped"), accuracy=frame["accuracy"].mask(never))


BASE = [0.80, 0.82, 0.81, 0.79, 0.83, 0.80]
RACED = {arm: [v - loss for v in BASE] for arm, loss in {"f2t2": 0.0, "f1t3": 0.05, "r4": 0.1, "t4": 0.11}.items()}


def test_arms_that_a_race_stopped_are_named_and_shorten_no_comparison() -> None:
    found = recommend(stopping(drawn(RACED), {"r4": 4, "t4": 2}), 0.95)[0]
    assert (found.best, found.beaten, found.seeds, found.seeds_left_out) == ("f2t2", ("f1t3",), tuple(range(6)), ())
    assert found.arms_left_out == ()
    assert found.ruled_out == {"r4": Stopped(4, 6), "t4": Stopped(2, 6)}
    assert sentence(found).endswith(
        "told apart from the other arm that the race left. Ruled out by the race on validation figures: "
        "t4 (2 of 6 seeds run); r4 (4 of 6 seeds run)."
    )


def test_an_arm_that_a_race_stopped_is_not_recommended_however_high_its_few_figures() -> None:
    assert recommend(stopping(drawn(RACED), {"f2t2": 4}), 0.95)[0].best == "f1t3"


def test_the_only_arm_that_a_race_left_is_said_to_be_so() -> None:
    found = recommend(stopping(drawn(RACED), {"f1t3": 4, "r4": 4, "t4": 4}), 0.95)[0]
    assert "(95 % interval, n = 6 seeds); the only arm that the race left. Ruled out by" in sentence(found)
    assert sentence(found).endswith("validation figures: f1t3, r4, t4 (4 of 6 seeds run).")


def test_stopped_arms_still_count_in_the_correction_so_that_the_others_tie_as_in_the_whole_design() -> None:
    best = [0.80, 0.82, 0.81, 0.79, 0.83]
    close = [v - d for v, d in zip(best, (0.01, 0.03, 0.01, 0.03, 0.005), strict=True)]
    worse = {f"f{i}t{9 - i}": [v - 0.1 - 0.001 * i * j for j, v in enumerate(best)] for i in range(1, 9)}
    frame = drawn({"t9": best, "f9": close} | worse)
    found = recommend(stopping(frame, dict.fromkeys(worse, 4)), 0.95)[0]
    assert found.ties == recommend(frame, 0.95)[0].ties == ("f9",)


def test_a_race_stops_an_arm_at_its_own_share_only() -> None:
    small, large = stopping(drawn(RACED), {"r4": 4}), drawn(RACED).assign(share=1.0)
    found = recommend(pd.concat([small, large], ignore_index=True), 0.95)
    assert [list(one.ruled_out) for one in found] == [["r4"], []]
