"""Regret: what the arm that other seeds choose costs in a seed that had no part in it."""

from __future__ import annotations

import numpy as np
import pytest

from frostline.analysis.findings import Findings, Terms
from frostline.analysis.regret import regret_sentence, regrets
from tests.analysis.books import answered, drawn, findings_of

BASE = [0.80, 0.82, 0.81, 0.79, 0.83, 0.80]


def test_the_regret_is_what_the_choice_of_the_others_loses_in_the_seed_left_out() -> None:
    clear = [b + 0.05 + w for b, w in zip(BASE, (0, 0.001, 0.002, 0, 0.001, 0), strict=True)]
    clear[2] = BASE[2] - 0.03
    found = regrets(Findings(drawn({"f1r1": clear, "r2": BASE})))[0]
    assert found.picks == ("f1r1",) * 6
    assert found.seeds == tuple(range(6))
    assert found.estimate.value == pytest.approx(0.03 / 6)
    assert found.estimate.n == 6
    assert found.estimate.low == 0.0


def test_a_seed_has_no_part_in_the_choice_that_it_judges() -> None:
    lucky = [0.5, 0.5, 1.0]
    found = regrets(Findings(drawn({"f1r1": lucky, "r2": [0.6, 0.6, 0.6]})))[0]
    assert found.picks == ("f1r1", "f1r1", "r2")
    assert found.estimate.value == pytest.approx((0.1 + 0.1 + 0.4) / 3)


def test_seeds_that_are_one_run_are_left_out_together() -> None:
    frame = drawn({"f1r1": [0.99, 0.99, 0.8, 0.75, 0.78], "r2": [0.8, 0.8, 0.81, 0.82, 0.8]})
    keyed = frame.assign(key=[f"{a} {max(s, 1)}" for a, s in zip(frame["arm"], frame["seed"], strict=True)])
    found = regrets(Findings(keyed))[0]
    assert found.seeds == (0, 2, 3, 4)
    assert found.picks[0] == "r2"


def test_the_sentence_says_why_it_is_an_upper_bound() -> None:
    found = regrets(Findings(drawn({"f1r1": [0.9, 0.8, 0.85, 0.7], "r2": [0.8, 0.81, 0.8, 0.85]})))[0]
    said = regret_sentence(found)
    assert said.startswith("With 10 % of the target data: chosen from the other seeds alone, the arm would have been ")
    assert "7.7 points [0.0, 17.4] below the best arm of a seed in hindsight" in said
    assert "(95 % interval, n = 4 seeds, each left out once)" in said
    assert said.endswith("the best of one seed is itself lucky, so that choosing costs at most this on average.")


def test_few_seeds_that_agree_have_no_interval() -> None:
    found = regrets(Findings(drawn({"f1r1": [0.9, 0.91, 0.92], "r2": [0.8, 0.8, 0.8]})))[0]
    assert "would have been 0.0 points below" in regret_sentence(found)
    assert "(no interval, as the seeds agree and are few, n = 3 seeds" in regret_sentence(found)


def test_two_seeds_or_one_arm_leave_nothing_to_regret() -> None:
    assert regrets(Findings(drawn({"f1r1": [0.9, 0.91], "r2": [0.8, 0.8]}))) == ()
    assert regrets(Findings(drawn({"f1r1": [0.9, 0.91, 0.92]}))) == ()


def test_folds_that_overlap_widen_the_interval() -> None:
    frame = drawn({"f1r1": [0.9, 0.8, 0.85, 0.7, 0.8], "r2": [0.8, 0.81, 0.8, 0.85, 0.8]})
    apart, overlapping = (regrets(Findings(frame, terms=Terms(overlap=o)))[0].estimate for o in (0.0, 0.25))
    assert overlapping.high > apart.high


@pytest.mark.slow
def test_the_mean_regret_bounds_what_choosing_truly_costs() -> None:
    means = {f"f{i}r{6 - i}": 0.8 - 0.01 * abs(3 - i) for i in range(1, 6)}
    draws, cost, said = np.random.default_rng(2), [], []
    for _ in range(150):
        found = regrets(findings_of(answered(means, (5, 200), draws)))[0]
        cost += [0.8 - means[pick] for pick in found.picks]
        said.append(found.estimate.value)
    assert np.mean(said) > np.mean(cost)
