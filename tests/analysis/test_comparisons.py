"""A gain is paired by seed, and says which seeds had no partner."""

from __future__ import annotations

import pytest

from frostline.analysis.comparisons import gains, means, scratch_arm
from frostline.analysis.estimates import Estimate, OneRun
from frostline.analysis.table import table
from frostline.spec.plan import plan
from tests.analysis.simulated import outcomes, study, without


def test_a_gain_is_narrower_than_its_arms_because_seeds_are_paired() -> None:
    planned = plan(study(seeds=10))
    frame = table(planned, outcomes(planned))
    gain = next(gain for gain in gains(frame, 0.95) if (gain.arm, gain.share) == ("f4r2", 0.01))
    alone = means(frame, 0.95)["f4r2", 0.01]
    assert isinstance(gain.difference, Estimate)
    assert isinstance(alone, Estimate)
    assert gain.difference.high - gain.difference.low < 0.7 * (alone.high - alone.low)
    assert gain.difference.low <= 0.006 * 16 <= gain.difference.high


def test_a_gain_counts_only_the_seeds_finished_in_both_arms() -> None:
    planned = plan(study())
    kept = without(without(outcomes(planned), planned, "f4r2", {1}), planned, "r6", {3})
    gain = next(gain for gain in gains(table(planned, kept), 0.95) if gain.arm == "f4r2")
    assert gain.seeds == (0, 2, 4)
    assert gain.left_out == (1, 3)
    assert gain.difference is not None
    assert gain.difference.n == 3


def test_a_gain_over_one_pair_has_no_interval_and_over_none_no_figure() -> None:
    planned = plan(study())
    one = without(outcomes(planned), planned, "f4r2", {1, 2, 3, 4})
    none = without(one, planned, "f4r2", {0})
    assert isinstance(next(g for g in gains(table(planned, one), 0.95) if g.arm == "f4r2").difference, OneRun)
    assert next(g for g in gains(table(planned, none), 0.95) if g.arm == "f4r2").difference is None


def test_a_study_without_scratch_has_no_gains() -> None:
    planned = plan(study(surgeries={"F": {"below": "frozen", "above": "tuned"}}))
    frame = table(planned, outcomes(planned))
    assert scratch_arm(frame) is None
    assert gains(frame, 0.95) == ()


def test_scratch_is_found_under_whatever_name() -> None:
    planned = plan(study(surgeries={"FR": {"below": "frozen", "above": "reset"}}))
    assert scratch_arm(table(planned, {})) == "r6"


@pytest.mark.parametrize("share", [0.01, 0.1])
def test_a_mean_is_over_the_finished_seeds_of_its_own_share(share: float) -> None:
    planned = plan(study())
    frame = table(planned, without(outcomes(planned), planned, "f4r2", {1}))
    found = means(frame, 0.95)["f4r2", share]
    here = frame[(frame["arm"] == "f4r2") & (frame["share"] == share) & (frame["seed"] != 1)]
    assert found is not None
    assert found.n == 4
    assert found.value == pytest.approx(here["accuracy"].mean())
