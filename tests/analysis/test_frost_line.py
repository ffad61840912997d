"""An arm is recommended where it is shown to be nearly as good as the best, and nowhere else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from frostline.analysis.comparisons import Stopped, means
from frostline.analysis.contest import Contest
from frostline.analysis.crossed import over_seeds_and_items
from frostline.analysis.entrants import entered
from frostline.analysis.estimates import Estimate
from frostline.analysis.findings import Findings, Terms
from frostline.analysis.frost_line import Recommendation, how_chosen, in_words, percent, recommend, sentence
from frostline.analysis.power import Wanted
from frostline.analysis.table import table
from frostline.spec.plan import plan
from tests.analysis.books import answered, drawn, findings_of, stopping
from tests.analysis.simulated import failing, outcomes, study, without

BASE = [0.80, 0.82, 0.81, 0.79, 0.83, 0.80]
WOBBLE = [0.0005, -0.0005, 0.0, 0.0004, -0.0004, 0.0002]
COSTS = {"f3r1": 10, "f2r2": 20, "f1r3": 30, "r4": 40}
LOSSES = {"f3r1": 0.05, "f2r2": 0.004, "f1r3": 0.0, "r4": 0.02}


def costed(frame: pd.DataFrame, costs: dict[str, int] = COSTS) -> pd.DataFrame:
    return frame.assign(parameters_trainable=frame["arm"].map(costs).astype("Int64"))


def falling(losses: dict[str, float] = LOSSES, scale: float = 1.0) -> pd.DataFrame:
    """Arms that lose so much to the base in every seed, give or take a wobble of their own."""
    arms = {
        arm: [b - loss + scale * w * (place + 1) for b, w in zip(BASE, np.roll(WOBBLE, place), strict=True)]
        for place, (arm, loss) in enumerate(losses.items())
    }
    return costed(drawn(arms))


def only(frame: pd.DataFrame, **terms: float) -> Recommendation:
    return recommend(Findings(frame, terms=Terms(**terms)))[0]


def test_the_cheapest_arm_that_is_shown_to_be_within_the_margin_is_chosen_and_not_the_highest() -> None:
    found = only(falling())
    assert (found.chosen, found.highest) == ("f2r2", "f1r3")
    assert [candidate.arm for candidate in found.candidates] == ["f3r1", "f2r2", "f1r3", "r4"]
    assert 0.004 < found.candidate("f2r2").standing.deficit < 0.01  # type: ignore[union-attr]
    assert found.possible == ("f1r3",)
    assert (found.wanted, found.nearest) == (None, None)


def test_a_smaller_margin_asks_for_a_better_arm() -> None:
    assert only(falling(), margin=0.003).chosen == "f1r3"
    assert only(falling(), margin=0.06).chosen == "f3r1"


def test_a_deficit_of_exactly_the_margin_is_not_below_it() -> None:
    standing = only(falling()).candidate("f2r2").standing
    assert standing is not None
    assert only(falling(), margin=standing.deficit).chosen == "f1r3"


def test_an_arm_that_cannot_be_told_from_the_best_is_not_chosen_for_that() -> None:
    found = only(falling({"f3r1": 0.002, "f2r2": 0.001, "f1r3": 0.0}, scale=40))
    assert found.chosen is None
    assert found.possible == ("f3r1", "f2r2", "f1r3")
    assert found.nearest in found.possible
    said = sentence(found)
    assert found.wanted == Wanted(268, None)
    assert "undecided: about 270 more seeds would settle it; f3r1, f2r2 or f1r3 could" in said
    assert "could still be the best; highest mean f1r3, accuracy 0.8" in said
    assert "freeze" not in said


def test_the_seeds_that_are_wanted_are_those_of_the_arm_that_takes_the_fewest() -> None:
    found = only(falling({"f3r1": 0.009, "f2r2": 0.001, "f1r3": 0.0}, scale=4), margin=0.002)
    assert found.chosen is None
    assert found.nearest == "f1r3"


def test_test_items_are_an_alternative_to_seeds_where_single_answers_are_known() -> None:
    draws = np.random.default_rng(2)
    found = recommend(findings_of(answered({"f1r1": 0.8, "r2": 0.79}, (10, 300), draws, own=0.03)))[0]
    assert found.wanted == Wanted(22, 645)
    assert "undecided: about 22 more seeds (or 650 more test items) would settle it" in sentence(found)


def test_where_neither_seeds_nor_items_alone_settle_it_both_together_are_named() -> None:
    draws = np.random.default_rng(2)
    found = recommend(findings_of(answered({"f1r1": 0.85, "r2": 0.85}, (3, 60), draws, own=0.08)))[0]
    assert (found.wanted, found.together) == (Wanted(None, None), (37, 727))
    assert "about 37 more seeds together with 730 more test items would settle it, neither alone" in sentence(found)


def test_the_sentence_tells_depth_deficit_confidence_and_figure() -> None:
    found = only(falling())
    assert found.candidate("f2r2").standing.deficit == pytest.approx(0.00615, abs=1e-5)  # type: ignore[union-attr]
    assert sentence(found).startswith(
        "With 10 % of the target data: freeze f2r2 (2 of 4 layers frozen, 2 reset): at most 0.7 points below the best "
        "arm, and shown to be so (95 % confidence in all 4 arms together); accuracy 0.804 ["
    )
    assert sentence(found).endswith("] (n = 6 seeds); f1r3 could still be the best.")


def test_an_arm_that_beats_all_others_is_shown_to_be_the_best() -> None:
    said = sentence(only(falling({"f2r2": 0.05, "r4": 0.0})))
    assert "take r4 (all 4 layers reset): shown to be the best arm (95 % confidence in all 2 arms together)" in said


def test_another_network_is_taken_and_not_frozen_whatever_letters_its_name_has() -> None:
    said = sentence(only(falling({"transformer": 0.0, "r4": 0.1})))
    assert "take transformer" in said and "freeze" not in said


def test_seconds_memory_and_names_decide_between_arms_of_equal_cost_and_what_is_not_known_comes_last() -> None:
    frame = drawn(dict.fromkeys(["f1r3", "f2r2", "f3r1", "r4", "t4"], BASE)).assign(
        seconds=[s for cost in (5.0, 5.0, 4.0, None, None) for s in [cost] * 6],
        peak_memory_bytes=pd.array([m for cost in (2, 1, 9, None, None) for m in [cost] * 6], dtype="Int64"),
    )
    assert [candidate.arm for candidate in only(frame).candidates] == ["f3r1", "f2r2", "f1r3", "r4", "t4"]


def test_equal_arms_are_never_told_apart_and_the_cheapest_of_equal_means_is_named_highest() -> None:
    found = only(costed(drawn({"f1r3": BASE, "f3r1": BASE[::-1]})))
    assert found.highest == "f3r1"
    same = only(costed(drawn({"f1r3": [0.8] * 3, "f3r1": [0.8] * 3})))
    assert same.chosen is None
    assert "about 2 more seeds would settle it" in sentence(same)
    assert only(costed(drawn({"f1r3": [0.8] * 8, "f3r1": [0.8] * 8}))).chosen == "f3r1"


def test_one_arm_under_two_names_can_be_the_best_under_both() -> None:
    cells = answered({"f1r3": 0.85, "r4": 0.7}, (5, 100), np.random.default_rng(0))
    found = recommend(findings_of(cells | {("f3r1", 0.1): cells["f1r3", 0.1]}))[0]
    assert found.possible == ("f1r3", "f3r1")


def test_pairs_of_runs_are_compared_as_the_crossed_mean_of_their_differences() -> None:
    cells = answered({"f1r1": 0.9, "r2": 0.85, "t2": 0.8}, (5, 40), np.random.default_rng(0))
    contest = contest_of(findings_of(cells))
    for (one, other), mean in contest.pairs().items():
        expected = over_seeds_and_items(cells[one, 0.1].astype(float) - cells[other, 0.1])
        assert (mean.value, mean.error, mean.freedom) == pytest.approx(
            (expected.value, expected.error, expected.freedom), rel=1e-9
        )
        assert mean.agreed is expected.agreed
    twice = contest_of(findings_of({("f1r1", 0.1): cells["r2", 0.1], ("r2", 0.1): cells["r2", 0.1]}))
    assert twice.pairs()["f1r1", "r2"].agreed


def contest_of(findings: Findings) -> Contest:
    contest = entered(findings, 0.1).contest(findings)
    assert contest is not None
    return contest


def test_folds_that_overlap_widen_every_deficit() -> None:
    apart, overlapping = only(falling()), only(falling(), overlap=0.25)
    deficits = [found.candidate("f2r2").standing.deficit for found in (apart, overlapping)]  # type: ignore[union-attr]
    assert deficits[1] - 0.004 > 1.4 * (deficits[0] - 0.004)


def test_each_different_pair_of_runs_counts_once() -> None:
    frame = falling()
    again = frame.assign(seed=frame["seed"] + 6)
    keyed = pd.concat([frame, again]).assign(key=[f"{a} {s % 6}" for a, s in zip(*_both(frame, again), strict=True)])
    assert [c.standing for c in only(keyed).candidates] == [c.standing for c in only(frame).candidates]


def _both(frame: pd.DataFrame, again: pd.DataFrame) -> tuple[list[str], list[int]]:
    whole = pd.concat([frame, again])
    return list(whole["arm"]), list(whole["seed"])


def test_one_seed_allows_nothing_to_be_said() -> None:
    found = only(drawn({"r2": [0.8], "f1r1": [0.9]}))
    assert sentence(found) == (
        "With 10 % of the target data: one seed: no interval, nothing can be said "
        "(its highest accuracy is 0.900, n = 1, by f1r1)."
    )
    assert (found.chosen, found.wanted, found.reported) == (None, None, None)
    assert found.possible == ("f1r1", "r2")


def test_nothing_finished_is_said_and_not_an_error() -> None:
    planned = plan(study())
    found = recommend(Findings(table(planned, {})))
    assert [r.highest for r in found] == [None, None]
    assert "nothing can be said; no seed has finished in all arms to be compared." in sentence(found[0])
    assert how_chosen(found[0]) == "With 1 % of the target data: there was nothing to choose from."


def test_arms_are_compared_on_common_seeds_and_the_others_are_named() -> None:
    planned = plan(study())
    kept = failing(without(outcomes(planned), planned, "f4r2", {1, 3}), planned, "f4t2", "broken")
    found = recommend(Findings(table(planned, kept)))[0]
    assert found.seeds == (0, 2, 4)
    assert "Not compared: not finished in every arm (compared on n = 3): seed 1, 3; for want of" in sentence(found)
    assert sentence(found).endswith("for want of finished seeds: f4t2 (F cut 4).")


def test_an_arm_of_so_few_seeds_that_it_would_halve_those_of_all_others_is_left_out_by_name() -> None:
    frame = falling()
    found = only(frame[(frame["arm"] != "r4") | (frame["seed"] < 3)])
    assert (found.seeds, found.arms_left_out) == ((0, 1, 2, 3, 4, 5), ("r4",))
    assert sentence(found).endswith("Not compared: for want of finished seeds: r4.")
    most = only(frame[(frame["arm"] != "r4") | (frame["seed"] < 4)])
    assert (most.seeds, most.arms_left_out) == ((0, 1, 2, 3), ())


def test_one_seed_in_common_gives_no_figure_of_several_the_name_of_one_run() -> None:
    frame = drawn({"r2": [0.8, 0.9, 0.7], "f1r1": [0.9, 0.8, 0.85]})
    found = only(frame[(frame["arm"] != "r2") | (frame["seed"] != 0)].query("arm != 'f1r1' or seed != 1"))
    assert found.seeds == (2,)
    assert "one seed has finished in all arms, so that nothing can be said of them together" in sentence(found)
    assert "f1r1, which over all its seeds reaches 0.875 [" in sentence(found)


def test_what_several_picks_reach_is_not_called_the_figure_of_one_arm() -> None:
    cells = answered({"f1r3": 0.8, "f2r2": 0.8, "r4": 0.8}, (5, 100), np.random.default_rng(4))
    found = recommend(findings_of(cells))[0]
    assert found.reported is not None and len(set(found.reported.picks)) == 2
    highest = found.candidate(found.highest or "").mean
    said = sentence(found)
    assert f"accuracy {highest.value:.3f} [" in said and "items), on the items that chose it; what is chosen by" in said
    assert f"({' or '.join(found.reported.picks)}) reaches {found.reported.estimate.value:.3f} [" in said


def test_the_best_of_several_that_tie_is_called_as_good_as_they_are() -> None:
    found = only(costed(drawn({"f1r3": [0.8] * 8, "f3r1": [0.8] * 8})))
    assert "f3r1 (3 of 4 layers frozen, 1 reset): shown to be at least as good as every other arm" in sentence(found)


def test_a_figure_that_is_not_a_number_is_no_finished_seed() -> None:
    frame = falling()
    gone = frame.assign(score=frame["score"].mask((frame["arm"] == "r4") & (frame["seed"] == 2)))
    assert only(gone).seeds_left_out == (2,)


def test_arms_that_the_seeds_do_not_change_are_named_and_not_compared() -> None:
    planned = plan(study(vary=("pretraining",)))
    found = recommend(Findings(table(planned, outcomes(planned))))[0]
    assert "r6" not in [candidate.arm for candidate in found.candidates]
    assert sentence(found).endswith("Not compared: n = 1 run, as the seeds do not change it: r6 (scratch = FR cut 0).")
    none = plan(study(vary=()))
    assert "n = 1 run: the seeds do not change any arm: no interval, nothing can be said" in sentence(
        recommend(Findings(table(none, outcomes(none))))[0]
    )


def test_control_arms_do_not_compete() -> None:
    frame = falling().assign(control="")
    frame.loc[frame["arm"] == "f1r3", "control"] = "random"
    assert [candidate.arm for candidate in only(frame).candidates] == ["f3r1", "f2r2", "r4"]


def test_one_arm_has_nothing_to_be_compared_with() -> None:
    assert sentence(only(drawn({"r2": [0.8, 0.9]}))).endswith("no other arm to compare it with.")


def test_a_share_is_written_without_superfluous_digits() -> None:
    assert [percent(share) for share in (0.001, 0.015, 1.0)] == ["0.1 %", "1.5 %", "100 %"]


def test_what_becomes_of_the_layers_of_an_arm_is_told_in_words() -> None:
    assert in_words("f4x2") == "4 of 6 layers frozen, 2 removed"
    assert in_words("f4t4f4") == "8 of 12 layers frozen, 4 tuned"
    assert in_words("f6>t6") == "first f6, then t6"
    assert in_words("freeze_half") == ""


def test_the_figure_of_an_arm_is_the_one_that_the_table_shows() -> None:
    frame = falling()
    candidate = only(frame).candidate("f2r2")
    assert isinstance(candidate.mean, Estimate)
    assert candidate.mean == means(Findings(frame))["f2r2", 0.1]


def test_arms_that_a_race_stopped_are_named_and_shorten_no_comparison() -> None:
    found = only(stopping(falling(), {"r4": 4, "f3r1": 2}))
    assert (found.chosen, found.seeds, found.seeds_left_out) == ("f2r2", tuple(range(6)), ())
    assert found.arms_left_out == ()
    assert found.ruled_out == {"r4": Stopped(4, 6), "f3r1": Stopped(2, 6)}
    assert "below the best arm that the race left, and shown to be so" in sentence(found)
    assert sentence(found).endswith(
        "Not compared: ruled out by the race on validation figures: f3r1 (2 of 6 seeds run); r4 (4 of 6 seeds run)."
    )


def test_stopped_arms_still_count_in_the_correction_and_in_what_is_wanted() -> None:
    frame = falling()
    stopped, alone = only(stopping(frame, {"r4": 4, "f3r1": 2})), only(frame[frame["arm"].isin(["f2r2", "f1r3"])])
    assert stopped.candidate("f2r2").standing.deficit > alone.candidate("f2r2").standing.deficit  # type: ignore[union-attr]
    noisy = falling(scale=40)
    stopped, alone = only(stopping(noisy, {"r4": 4, "f3r1": 2})), only(noisy[noisy["arm"].isin(["f2r2", "f1r3"])])
    assert stopped.wanted is not None
    assert alone.wanted is not None
    assert (stopped.wanted.seeds or 0) > (alone.wanted.seeds or 0)


def test_the_only_arm_that_a_race_left_is_chosen_and_said_to_be_so() -> None:
    found = only(stopping(falling(), {"f3r1": 4, "f2r2": 4, "r4": 4}))
    assert found.chosen == "f1r3"
    assert "freeze f1r3 (1 of 4 layers frozen, 3 reset): the only arm that the race left; accuracy 0.8" in sentence(
        found
    )


def test_a_race_stops_an_arm_at_its_own_share_only() -> None:
    small, large = stopping(falling(), {"r4": 4}), falling().assign(share=1.0)
    found = recommend(Findings(pd.concat([small, large], ignore_index=True)))
    assert [list(one.ruled_out) for one in found] == [["r4"], []]


def kept_promises(means: dict[str, float], repeats: int, size: tuple[int, int]) -> tuple[int, int]:
    """In how many of ``repeats`` studies every deficit was at most what was said, and in how many an arm was chosen."""
    draws, best, held, decided = np.random.default_rng(7), max(means.values()), 0, 0
    for _ in range(repeats):
        contest = contest_of(findings_of(answered(means, size, draws)))
        stands = contest.standings(contest.pairs())
        held += all(best - means[stand.arm] <= stand.deficit + 1e-12 for stand in stands)
        decided += any(stand.deficit < 0.05 for stand in stands)
    return held, decided


def test_every_deficit_is_at_most_what_is_said_as_often_as_the_level_promises() -> None:
    held, decided = kept_promises({"f3r1": 0.80, "f2r2": 0.83, "f1r3": 0.83, "r4": 0.75}, 40, (5, 200))
    assert held >= 35
    assert decided


@pytest.mark.slow
@pytest.mark.parametrize(
    "means",
    [
        {"f3r1": 0.8, "f2r2": 0.8, "f1r3": 0.8, "r4": 0.8},
        {"f3r1": 0.80, "f2r2": 0.83, "f1r3": 0.83, "r4": 0.75},
        {"f3r1": 0.79, "f2r2": 0.80},
    ],
)
def test_the_promise_holds_in_two_thousand_studies(means: dict[str, float]) -> None:
    held, _ = kept_promises(means, 2_000, (5, 300))
    assert held / 2_000 >= 0.94
