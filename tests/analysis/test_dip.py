"""A dip is claimed where accuracy is shown to be lower at a depth than at a shallower and at a deeper one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from frostline.analysis.dip import Dips, dip_sentence, dips
from frostline.analysis.findings import Findings, Terms
from frostline.analysis.frost_line import points
from tests.analysis.books import answered, drawn, findings_of, stopping

DEPTHS = range(1, 6)
VALLEY = {1: 0.0, 2: -0.01, 3: -0.05, 4: -0.02, 5: 0.0}
HILL = {1: -0.05, 2: -0.02, 3: 0.0, 4: -0.03, 5: -0.04}
SLOPE = {1: 0.0, 2: -0.02, 3: -0.03, 4: -0.05, 5: -0.06}


def shaped(shape: dict[int, float], seeds: int = 10, noise: float = 0.002, seed: int = 0) -> pd.DataFrame:
    """Accuracies of that shape over the depths, with luck of each seed and noise of each run."""
    draws = np.random.default_rng(seed)
    luck = draws.normal(0.8, 0.02, seeds)
    return drawn({f"f{d}r{6 - d}": list(luck + shape[d] + draws.normal(0, noise, seeds)) for d in DEPTHS})


def only(frame: pd.DataFrame) -> Dips:
    (found,) = dips(Findings(frame))
    return found


def test_a_valley_is_found_at_its_bottom_and_told_with_both_sides() -> None:
    found = only(shaped(VALLEY))
    assert "f3r3" in [contrast.arm for contrast in found.shown]
    (bottom,) = [contrast for contrast in found.shown if contrast.arm == "f3r3"]
    assert (bottom.shallower, bottom.deeper) == ("f1r5", "f5r1")
    assert (bottom.fall, bottom.rise) == (pytest.approx(0.05, abs=0.003), pytest.approx(0.05, abs=0.003))
    said = dip_sentence(found)
    told = f"f3r3: f1r5 is {points(bottom.fall)} better and f5r1 {points(bottom.rise)} (p = 0.0059, the chance of such"
    assert said.startswith("With 10 % of the target data: accuracy dips and recovers at f2r4: f1r5 is ")
    assert told in said
    assert said.endswith("(3 depths looked at, n = 10 seeds).")


@pytest.mark.parametrize("shape", [HILL, SLOPE])
def test_one_lower_side_is_no_dip(shape: dict[int, float]) -> None:
    found = only(shaped(shape))
    assert found.shown == ()
    assert "that accuracy dips at some depth and recovers is not shown; the smallest p is 1, at f2r4" in dip_sentence(
        found
    )


def test_the_p_value_is_that_of_the_weaker_side_times_the_arms_looked_at_there() -> None:
    found = only(shaped(VALLEY))
    one_sided = 2.0**-10
    by_arm = {contrast.arm: contrast for contrast in found.contrasts}
    assert by_arm["f2r4"].p == by_arm["f2r4"].smallest == pytest.approx(3 * one_sided)
    assert by_arm["f3r3"].p == by_arm["f3r3"].corrected / 3 == pytest.approx(2 * one_sided)
    assert found.smallest == pytest.approx(3 * 2 * one_sided)


def test_too_few_seeds_are_said_to_be_unable_to_show_a_dip() -> None:
    found = only(shaped(VALLEY, seeds=5))
    assert found.smallest == pytest.approx(6 / 32)
    assert found.seeds_needed == 7
    assert dip_sentence(found) == (
        "With 10 % of the target data: so few seeds cannot show that accuracy dips and recovers: no corrected p (the "
        "chance of such figures without a dip) can be below 0.19; it takes 7 seeds (3 depths looked at, n = 5 seeds)."
    )
    assert only(shaped(VALLEY, seeds=7)).smallest <= 0.05 < only(shaped(VALLEY, seeds=6)).smallest


def test_arms_that_a_race_stopped_are_counted_but_not_compared() -> None:
    whole, raced = only(shaped(VALLEY)), only(stopping(shaped(VALLEY), {"f4r2": 3}))
    assert raced.family == whole.family == 3
    assert [contrast.arm for contrast in raced.contrasts] == ["f2r4", "f3r3"]
    assert raced.contrasts[1].p == whole.contrasts[1].p
    assert raced.contrasts[1].corrected == pytest.approx(3 * raced.contrasts[1].p)


def test_the_lines_of_a_share_are_one_family_and_shares_are_apart() -> None:
    frame = shaped(VALLEY)
    both = pd.concat([frame, frame.assign(arm=frame["arm"].str.replace("r", "t"))], ignore_index=True)
    assert only(both).family == 6
    assert only(both).contrasts[0].corrected > only(frame).contrasts[0].corrected
    found = dips(Findings(pd.concat([frame, frame.assign(share=1.0)], ignore_index=True)))
    assert [(one.share, one.family) for one in found] == [(0.1, 3), (1.0, 3)]


def test_two_depths_or_one_seed_have_no_dip_to_look_for() -> None:
    frame = shaped(VALLEY)
    assert dips(Findings(frame[frame["arm"].isin(["f1r5", "f2r4"])])) == ()
    assert dips(Findings(frame[frame["seed"] == 0])) == ()


def test_missing_seeds_leave_the_common_ones() -> None:
    frame = shaped(VALLEY)
    gone = frame[~((frame["arm"] == "f2r4") & frame["seed"].isin([3, 4]))]
    assert only(gone).seeds == (0, 1, 2, 5, 6, 7, 8, 9)


def test_constant_and_equal_accuracies_dip_nowhere() -> None:
    assert only(shaped(VALLEY).assign(score=0.8)).shown == ()
    assert {contrast.p for contrast in only(shaped(VALLEY).assign(score=0.8)).contrasts} == {1.0}


def test_other_test_items_and_overlapping_folds_never_lower_a_p_value() -> None:
    frame = shaped(VALLEY)
    apart, overlapping = (dips(Findings(frame, terms=Terms(overlap=o)))[0].contrasts for o in (0.0, 2.0))
    assert all(wide.p >= narrow.p for wide, narrow in zip(overlapping, apart, strict=True))
    assert overlapping[0].p > apart[0].p
    cells = answered({f"f{d}r{6 - d}": 0.8 + s for d, s in VALLEY.items()}, (10, 40), np.random.default_rng(1))
    known = findings_of(cells)
    with_items, without = dips(known)[0].contrasts, dips(Findings(known.frame))[0].contrasts
    assert all(wide.p >= narrow.p for wide, narrow in zip(with_items, without, strict=True))
    assert any(wide.p > narrow.p for wide, narrow in zip(with_items, without, strict=True))


def shuffled(seed: int) -> pd.DataFrame:
    """A valley whose depths are relabelled at random in every seed, so that no depth has anything of its own."""
    frame, draws = shaped(VALLEY, seeds=9, noise=0.01, seed=seed), np.random.default_rng(seed)
    mixed = {k: draws.permutation(here["score"]) for k, here in frame.groupby("seed")}
    places = frame.groupby("seed").cumcount()
    return frame.assign(score=[mixed[k][place] for k, place in zip(frame["seed"], places, strict=True)])


def equal(seed: int) -> Findings:
    """Arms that are equally good, each on test items of its own."""
    return findings_of(answered({f"f{d}r{6 - d}": 0.8 for d in DEPTHS}, (9, 150), np.random.default_rng(seed)))


def false_dips(repeats: int, study: Callable[[int], Findings]) -> int:
    """In how many of ``repeats`` studies a dip is claimed."""
    return sum(bool(dips(study(seed))[0].shown) for seed in range(repeats))


FLAT = dict.fromkeys(DEPTHS, 0.0)
FALLEN = {1: 0.0, 2: -0.05, 3: -0.05, 4: -0.05, 5: -0.05}
NULLS: dict[str, Callable[[int], Findings]] = {
    "flat": lambda seed: Findings(shaped(FLAT, seeds=9, noise=0.01, seed=seed)),
    "fallen": lambda seed: Findings(shaped(FALLEN, seeds=9, noise=0.01, seed=seed)),
    "shuffled": lambda seed: Findings(shuffled(seed)),
    "answers": equal,
}


@pytest.mark.parametrize("null", ["flat", "shuffled"])
def test_a_dip_is_seldom_claimed_where_there_is_none(null: str) -> None:
    assert false_dips(12, NULLS[null]) <= 3


def test_one_arm_under_several_names_dips_nowhere() -> None:
    twin = answered({"f1r5": 0.8}, (9, 60), np.random.default_rng(0))["f1r5", 0.1]
    assert dips(findings_of({(f"f{d}r{6 - d}", 0.1): twin for d in DEPTHS}))[0].shown == ()


@pytest.mark.slow
@pytest.mark.parametrize("null", NULLS)
def test_dips_are_claimed_in_at_most_six_per_cent_of_two_thousand_studies_without_one(null: str) -> None:
    assert false_dips(2_000, NULLS[null]) <= 120
