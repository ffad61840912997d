"""Whether a layer more frozen is worth more or less the more data there are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from frostline.analysis.depth_lines import lines_of
from frostline.analysis.findings import Findings, Terms
from frostline.analysis.table import CutPoint
from frostline.analysis.trend import slopes, trend_sentence, trends
from tests.analysis.books import answered, drawn, findings_of, stopping

ARMS = {f"f{depth}r{6 - depth}": depth for depth in range(1, 5)}
SHARES = (0.01, 0.1, 1.0)


def moving(per_tenfold: float, seeds: int = 8, noise: float = 0.003, seed: int = 0) -> pd.DataFrame:
    """Accuracies in which a layer more frozen is worth ``per_tenfold`` more with ten times the data."""
    draws, tables = np.random.default_rng(seed), []
    for share in SHARES:
        worth = per_tenfold * np.log10(share)
        luck = draws.normal(0.7, 0.02, seeds)
        tables.append(
            drawn(
                {a: list(luck + worth * d + draws.normal(0, noise / share**0.2, seeds)) for a, d in ARMS.items()}, share
            )
        )
    return pd.concat(tables, ignore_index=True)


def test_the_trend_is_the_slope_over_the_shares_of_the_slope_over_the_depths() -> None:
    frame = moving(-0.01)
    found = trends(Findings(frame))[0]
    per_seed = [
        stats.linregress(
            np.log10(SHARES),
            [
                stats.linregress(list(ARMS.values()), here.set_index("arm").loc[list(ARMS), "score"]).slope
                for share in SHARES
                for here in [frame[(frame["share"] == share) & (frame["seed"] == seed)]]
            ],
        ).slope
        for seed in range(8)
    ]
    assert found.estimate.value == pytest.approx(np.mean(per_seed))
    interval = stats.t.interval(0.95, 7, np.mean(per_seed), stats.sem(per_seed))
    assert (found.estimate.low, found.estimate.high) == pytest.approx(interval)
    exact = stats.permutation_test((per_seed,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert found.p == pytest.approx(exact.pvalue)
    assert (found.depths, found.shares, found.estimate.n) == ((1, 2, 3, 4), SHARES, 8)


def test_a_trend_is_told_with_its_direction() -> None:
    said = trend_sentence(trends(Findings(moving(-0.01)))[0], 0.05)
    assert said.startswith(
        "Reset above: with ten times the data a layer more frozen gains 1.11 points less [1.00, 1.21] (95 % interval; "
    )
    assert said.endswith("shares 1 % to 100 %): the more data, the more speaks for fewer frozen layers.")
    up = trend_sentence(trends(Findings(moving(0.01)))[0], 0.05)
    assert "points more [" in up
    assert up.endswith("the more data, the more speaks for more frozen layers.")


def test_a_trend_that_is_not_shown_is_not_claimed() -> None:
    said = trend_sentence(trends(Findings(moving(0.0)))[0], 0.05)
    assert said.endswith("that the answer moves with the amount of data is not shown.")


def test_too_few_seeds_are_said_to_be_unable_to_show_a_trend() -> None:
    found = trends(Findings(moving(-0.01, seeds=5)))[0]
    assert found.smallest == 0.0625
    assert trend_sentence(found, 0.05).endswith("so few seeds cannot show a trend; it takes 6.")


def test_single_answers_are_used_where_they_are_known() -> None:
    draws = np.random.default_rng(0)
    cells = {
        (arm, share): right
        for share in (0.1, 1.0)
        for (arm, _), right in answered(dict.fromkeys(ARMS, 0.8), (4, 50), draws).items()
    }
    found = trends(findings_of(cells))[0]
    assert found.estimate.items == 50
    weights = np.outer(slopes([-1, 0]), slopes([1, 2, 3, 4])).ravel()
    assert found.estimate.value == pytest.approx(
        sum(w * r.mean() for w, r in zip(weights, cells.values(), strict=True))
    )


def test_every_line_is_a_comparison_of_the_family() -> None:
    frame = moving(-0.01)
    both = pd.concat([frame, frame.assign(arm=frame["arm"].str.replace("r", "t"))], ignore_index=True)
    alone, together = trends(Findings(frame))[0], trends(Findings(both))
    assert [trend.line for trend in together] == ["tuned above", "reset above"]
    assert together[1].corrected == 2 * alone.corrected
    assert together[1].smallest == 2 * alone.smallest


def test_arms_and_seeds_that_are_missing_somewhere_are_left_out_and_named() -> None:
    frame = moving(-0.01)
    whole = frame[~((frame["share"] == 0.1) & (frame["arm"] == "f2r4"))]
    whole = whole[~((whole["share"] == 1.0) & (whole["arm"] == "f3r3") & (whole["seed"] == 5))]
    found = trends(Findings(whole))[0]
    assert found.depths == (1, 3, 4)
    assert found.arms_left_out == ("f2r4",)
    assert found.seeds == (0, 1, 2, 3, 4, 6, 7)
    assert trend_sentence(found, 0.05).endswith("frozen layers (without f2r4).")


def test_an_arm_that_a_race_stopped_at_one_share_is_left_out() -> None:
    frame = moving(-0.01)
    first = stopping(frame[frame["share"] == 0.01], {"f1r5": 3})
    found = trends(Findings(pd.concat([first, frame[frame["share"] != 0.01]], ignore_index=True)))[0]
    assert (found.depths, found.arms_left_out) == ((2, 3, 4), ("f1r5",))


def test_there_is_no_trend_over_one_share_one_depth_or_one_seed() -> None:
    frame = moving(-0.01)
    for part in (frame[frame["share"] == 0.1], frame[frame["arm"] == "f1r5"], frame[frame["seed"] == 0]):
        assert trends(Findings(part)) == ()


def test_constant_accuracies_have_no_trend() -> None:
    found = trends(Findings(moving(0.0).assign(score=0.8)))[0]
    assert (found.estimate.value, found.p) == (pytest.approx(0.0), 1.0)


def test_folds_that_overlap_raise_the_p_value_and_widen_the_interval() -> None:
    frame = moving(-0.01)
    apart, overlapping = (trends(Findings(frame, terms=Terms(overlap=o)))[0] for o in (0.0, 20.0))
    assert overlapping.p > apart.p
    assert overlapping.estimate.low < apart.estimate.low


def test_a_line_is_of_arms_frozen_up_to_a_depth_and_of_one_fate_above() -> None:
    frame = drawn({arm: [0.5] for arm in ("r4", "f1r3", "f3r1", "f4", "t4", "f2t1f1", "f1r3 from random")})
    points = [CutPoint("FR", cut, arm) for cut, arm in ((0, "r4"), (1, "f1r3"), (3, "f3r1"), (4, "f4"))]
    (line,) = lines_of(frame, points)
    assert (line.name, dict(line.arms)) == ("FR (reset above)", {0: "r4", 1: "f1r3", 3: "f3r1", 4: "f4"})
    assert lines_of(frame)[0].name == "reset above"


def shuffled(seed: int) -> Findings:
    """A study with a trend whose shares are relabelled at random in every seed."""
    frame, draws = moving(-0.01, seeds=7, seed=seed), np.random.default_rng(seed)
    order = {k: dict(zip(SHARES, draws.permutation(SHARES), strict=True)) for k in range(7)}
    return Findings(frame.assign(share=[order[k][h] for k, h in zip(frame["seed"], frame["share"], strict=True)]))


def still(seed: int) -> Findings:
    """A study in which a layer is worth the same at every share."""
    return Findings(moving(0.0, seeds=7, noise=0.02, seed=seed))


def steady(seed: int) -> Findings:
    """Answers in which a layer is worth one point at both shares, each arm on test items of its own."""
    draws = np.random.default_rng(seed)
    true = {arm: 0.75 + 0.01 * depth for arm, depth in ARMS.items()}
    return findings_of({(a, h): right for h in (0.1, 1.0) for (a, _), right in answered(true, (7, 100), draws).items()})


def false_trends(repeats: int, study: Callable[[int], Findings]) -> int:
    """In how many of ``repeats`` studies a trend is claimed."""
    return sum(trends(study(seed))[0].corrected <= 0.05 for seed in range(repeats))


@pytest.mark.parametrize("study", [still, shuffled])
def test_a_trend_is_seldom_claimed_where_there_is_none(study: Callable[[int], Findings]) -> None:
    assert false_trends(10, study) <= 3


@pytest.mark.slow
@pytest.mark.parametrize("study", [still, shuffled, steady])
def test_trends_are_claimed_in_at_most_six_per_cent_of_two_thousand_studies_without_one(
    study: Callable[[int], Findings],
) -> None:
    assert false_trends(2_000, study) <= 120
