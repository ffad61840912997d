"""Each finding of the audit is made where its cause is there, and is not where the cause is taken away."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from frostline.analysis.audit import audit, audit_findings
from frostline.analysis.audit_figures import counted_twice, least_p
from frostline.analysis.audit_items import ENOUGH, ONE_RUN, items_enough, resolution
from frostline.analysis.audit_questions import Asked, questions, read_sizes
from frostline.analysis.audit_sizes import NAMED, implied, official_part, overlap
from frostline.analysis.audit_words import WIDTH, points, written
from frostline.analysis.compared import every_pair
from frostline.analysis.estimates import Estimate
from frostline.analysis.findings import Findings, Terms
from frostline.analysis.overlap import Sizes, impossible, without_overlap
from frostline.analysis.published_results import Published, read_results
from frostline.analysis.table import frame_of, table
from frostline.analysis.verdicts import Finding, worst_first
from frostline.errors import DataFault, FrostlineError
from frostline.spec.plan import plan
from tests.analysis.simulated import FEW, outcomes, study

Figures = Mapping[str, Sequence[float]]

SIZE = "How many items were the accuracies measured on?"
DESIGN = "Can this design show a difference at all?"
AGREE = "Do validation and test agree?"
TWICE = "Is one arm counted twice?"
PAIRED = "Are pairs really paired?"
SEEDS = "Are all seeds there?"


def published(test: Figures, validation: Figures | None = None, digits: int = 3) -> Published:
    """Results of one share, a figure a seed, as a file of ``digits`` digits would give them."""
    rows: list[dict[str, object]] = []
    for arm, accuracies in test.items():
        for seed, accuracy in enumerate(accuracies):
            row = {"arm": arm, "names": arm, "share": 1.0, "seed": seed, "status": "finished", "score": accuracy}
            rows.append(row | ({"validation_score": validation[arm][seed]} if validation else {}))
    return Published(("a.csv",), frame_of(rows), dict.fromkeys(("score", "train_score"), digits), (), ())


def found(results: Published, asked: Asked | None = None) -> dict[str, Finding]:
    """The findings by their subject."""
    made = audit(results, questions(asked or Asked(), results.frame))
    return {finding.subject: finding for finding in made}


def counts(right: Sequence[int], items: int, digits: int = 4) -> list[float]:
    return [round(count / items, digits) for count in right]


EIGHT = {"scratch": counts([301, 310, 322, 318, 305, 299, 311, 326], 613), "half": [0.6 + s / 1000 for s in range(8)]}


def test_findings_come_the_worst_first_and_else_as_they_were_found() -> None:
    verdicts = ("holds", "wrong", "unknown", "cannot be shown", "wrong")
    made = [Finding(verdict, str(place), "") for place, verdict in enumerate(verdicts)]
    assert [finding.subject for finding in worst_first(made)] == ["1", "4", "3", "2", "0"]


@pytest.mark.parametrize(
    ("test_size", "train_size", "verdict", "told"),
    [
        (613, 4000, "holds", "It is the size of the official test part (613)."),
        (101, 613, "wrong", "It is the size of the official training part (613), not of the official test part (101)."),
        (None, 613, "wrong", "It is the size of the official training part (613)."),
        (101, None, "wrong", "It is not the size of the official test part (101)."),
        (101, 4000, "wrong", "It is not the size of the official test part (101) nor of the training part (4,000)."),
        (None, None, "unknown", "Give the official size with --test-size to compare it."),
        (6130, None, "wrong", "It is not the size of the official test part (6,130)."),
    ],
)
def test_the_implied_size_is_compared_with_the_official_ones(
    test_size: int | None, train_size: int | None, verdict: str, told: str
) -> None:
    results = published({"a": EIGHT["scratch"]}, digits=4)
    finding = found(results, Asked(test_size=test_size, train_size=train_size))[SIZE]
    assert finding.verdict == verdict
    assert "Every accuracy is a whole number of 613 items (8 different figures of 4 digits;" in finding.text
    assert finding.text.endswith(told)


@pytest.mark.parametrize(
    ("figures", "digits", "told"),
    [
        ([0.0, 1.0], 4, "No accuracy is other than 0 or 1"),
        ([0.51, 0.57], 2, "items fit, but random figures might as well"),
        ([0.51, 0.57], 2, "Counts of the official test part (100) they can be, too."),
        ([0.123456789012, 0.314159265359, 0.271828182846], 12, "No number up to 200,000 makes every accuracy a whole"),
    ],
)
def test_a_size_that_the_figures_do_not_tell_is_unknown(figures: list[float], digits: int, told: str) -> None:
    finding = found(published({"a": figures}, digits=digits), Asked(test_size=100 if digits == 2 else None))[SIZE]
    assert finding.verdict == "unknown"
    assert told in finding.text


def test_an_arm_under_two_names_is_found_by_its_figures() -> None:
    finding = found(published({"a": [0.5, 0.6, 0.7], "b": [0.5, 0.6, 0.7], "c": [0.5, 0.6, 0.8]}))[TWICE]
    assert finding.verdict == "wrong"
    assert finding.text == "Equal in every seed that both have: a and b (3 figures). They are one arm twice."


@pytest.mark.parametrize("figures", [[0.5, 0.6], [1.0, 1.0, 1.0]])
def test_few_or_constant_equal_figures_do_not_prove_an_arm_twice(figures: list[float]) -> None:
    assert found(published({"a": figures, "b": figures}))[TWICE].verdict == "unknown"


def test_arms_of_equal_scores_and_other_losses_are_two_arms() -> None:
    frame = published({"a": [0.5, 0.6, 0.7], "b": [0.5, 0.6, 0.7]}).frame
    apart = frame.assign(validation_loss=[1.0, 1.1, 1.2, 1.0, 1.1, 1.3])
    assert counted_twice(frame).verdict == "wrong"
    assert counted_twice(apart).verdict == "holds"
    assert counted_twice(apart.assign(validation_loss=1.0)).verdict == "wrong"


def test_different_arms_are_not_taken_for_one() -> None:
    assert found(published({"a": [0.5, 0.6, 0.7], "b": [0.5, 0.6, 0.71]}))[TWICE].verdict == "holds"


def test_five_seeds_can_show_nothing_and_six_can_show_one_comparison() -> None:
    five, six = ({"scratch": [0.5] * n, "a": [0.6 + s / 100 for s in range(n)]} for n in (5, 6))
    finding = found(published(five))[DESIGN]
    assert finding.verdict == "cannot be shown"
    assert finding.text.startswith("Nothing can be significant, whatever the figures are.")
    assert finding.table is not None
    assert finding.table.rows == (("all", "5", "1", "0.0625", "0.0625", "6", "6"),)
    assert found(published(six))[DESIGN].verdict == "holds"


def test_the_family_raises_the_seeds_that_a_design_needs() -> None:
    """Six comparisons with scratch need eight pairs: 6 * 2 ** -7 is below 0.05, 6 * 2 ** -6 is not."""
    arms = {"scratch": [0.5] * 7} | {f"a{arm}": [0.6 + s / 100 + arm / 50 for s in range(7)] for arm in range(6)}
    finding = found(published(arms))[DESIGN]
    assert finding.verdict == "cannot be shown"
    assert finding.table is not None
    assert finding.table.rows[0][-2:] == ("6", "8")


def test_differences_from_the_baseline_are_corrected_for_their_family() -> None:
    arms = {
        "freeze_none": [0.50, 0.52, 0.51, 0.53, 0.49, 0.50, 0.52, 0.51],
        "more": [0.60, 0.63, 0.60, 0.64, 0.58, 0.61, 0.62, 0.60],
        "same": [0.51, 0.51, 0.52, 0.52, 0.50, 0.49, 0.53, 0.50],
    }
    finding = found(published(arms))["Is any arm shown to differ from freeze_none?"]
    assert finding.verdict == "holds"
    assert finding.text.startswith("1 of 2 differences survives: more above freeze_none.")
    assert finding.table is not None
    assert finding.table.rows[0][3:] == ("8", "0.00781", "0.0156")


def test_without_a_baseline_every_pair_is_compared() -> None:
    arms = {"a": [0.5, 0.6, 0.7], "b": [0.4, 0.6, 0.8], "c": [0.3, 0.2, 0.1]}
    finding = found(published(arms))["Are any two arms shown to differ?"]
    assert "Corrected by Holm's method for 3 comparisons." in finding.text
    assert finding.table is not None
    assert {row[0] for row in finding.table.rows} == {"a - b", "a - c", "b - c"}


def test_the_highest_mean_is_corrected_for_all_pairs_as_it_was_picked() -> None:
    arms = {"none": [0.5 + s / 100 for s in range(6)], "best": [0.6 + s / 90 for s in range(6)], "c": [0.4] * 6}
    finding = found(published(arms))["Is the highest mean, best, the best arm?"]
    assert finding.verdict == "cannot be shown"
    assert "Corrected for all 3 pairs" in finding.text


CLAIMED = {
    "scratch": [0.800, 0.821, 0.812, 0.803, 0.824, 0.815, 0.806, 0.827, 0.818, 0.809],
    "b": [0.810, 0.841, 0.842, 0.813, 0.844, 0.835, 0.794, 0.837, 0.823, 0.805],
}


@pytest.mark.parametrize(
    ("p", "verdict"),
    [
        ("=0.002", "cannot be shown"),
        ("=0.02", "holds"),
        ("=0.03", "holds"),
        ("<0.02", "cannot be shown"),
        ("<0.05", "holds"),
    ],
)
def test_a_claimed_p_is_held_against_the_p_found(p: str, verdict: str) -> None:
    """Found are 0.0293 by sign flips and 0.0219 by Student's t; a p claimed with = may be rounded, a bound may not."""
    claim = f"b > scratch p{p}"
    finding = found(published(CLAIMED), Asked(claims=(claim,)))[f"The claim {claim!r}"]
    assert finding.verdict == verdict
    assert f"Claimed p = {float(p[1:]):g}, found 0.0293 (exact sign flips; Student's t: 0.0219)." in finding.text
    assert finding.text.startswith("The claimed p-value is smaller than the figures give.") == (verdict != "holds")


def test_a_claimed_p_of_differences_that_are_all_equal_has_no_student_beside_it() -> None:
    arms = {"scratch": [0.5] * 8, "b": [0.6] * 8}
    finding = found(published(arms), Asked(claims=("b > scratch p=0.01",)))["The claim 'b > scratch p=0.01'"]
    assert "found 0.00781 (exact sign flips; Student's t: none, as all differences are equal)." in finding.text
    assert "95 % interval none (all equal)" in finding.text


def test_equal_means_bear_out_no_order() -> None:
    arms = {"scratch": [0.5, 0.6, 0.7], "b": [0.5, 0.6, 0.7]}
    finding = found(published(arms), Asked(claims=("b > scratch",)))["The claim 'b > scratch'"]
    assert (finding.verdict, finding.text[:20]) == ("cannot be shown", "The means are equal.")


def test_intervals_are_named_as_uncorrected_and_a_disagreement_with_p_is_explained() -> None:
    """Five pairs give no p below 0.0625, however narrow the interval; six do, so that both say the same."""
    gaps = [0.010, 0.012, 0.011, 0.013, 0.012]
    few = found(published({"scratch": [0.5] * 5, "b": [0.5 + gap for gap in gaps]}))
    many = found(published({"scratch": [0.5] * 6, "b": [0.5 + gap for gap in (*gaps, 0.011)]}))
    subject, alone = "Is any arm shown to differ from scratch?", "Intervals are of each difference alone, uncorrected"
    assert few[subject].text.endswith(
        f"{alone}, and take the differences over seeds for normal (Student's t); p counts all ways to give them signs "
        "and takes no such law for granted, so that it may lie above 0.05 where an interval leaves 0 out, or below it "
        "where it does not."
    )
    assert many[subject].text.endswith(f"{alone}.")
    named = many[subject].table
    assert named is not None and named.columns[2] == "95 % interval (alone)"


@pytest.mark.parametrize(
    ("difference", "told"), [(0.016, "+1.60"), (-1e-17, "0.00"), (-0.00003, "-0.003"), (0.0, "0.00"), (-0.1, "-10.00")]
)
def test_points_never_round_a_difference_to_nothing_nor_give_nothing_a_sign(difference: float, told: str) -> None:
    assert points(difference) == told


@pytest.mark.parametrize(("name", "verdict"), [("test_size", SIZE), ("n_test", NAMED)])
def test_a_size_of_which_the_accuracies_cannot_be_counts_is_refused_and_not_used(name: str, verdict: str) -> None:
    arms = {"scratch": [0.875, 0.863, 0.864], "b": [0.895, 0.851, 0.853]}
    results = published(arms)
    asked = Asked()
    if name == "n_test":
        results = replace(results, frame=results.frame.assign(n_test=100))
    else:
        asked = Asked(test_size=100)
    made = found(results, asked)
    assert made[verdict].verdict == "wrong"
    assert "They cannot be" in made[verdict].text
    assert "The smallest size that fits is " in made[verdict].text
    assert made[verdict].text.endswith("The number is not used any further.")
    assert made[ENOUGH].text.startswith("The number of test items is not known")
    assert "published" not in made[ENOUGH].text


def test_a_size_that_the_files_name_and_the_figures_bear_out_is_used() -> None:
    results = published({"scratch": [0.5, 0.51, 0.49], "b": [0.9, 0.91, 0.89]})
    made = found(replace(results, frame=results.frame.assign(n_test=100)))
    assert made[NAMED].verdict == made[ONE_RUN].verdict == "holds"
    assert made[ONE_RUN].table is not None and made[ONE_RUN].table.rows[0][2] == "40.0 of 100"


def test_a_size_that_the_files_name_must_be_the_official_one() -> None:
    results = published({"scratch": [0.5, 0.51, 0.49], "b": [0.9, 0.91, 0.89]})
    finding = found(replace(results, frame=results.frame.assign(n_test=100)), Asked(test_size=200))[NAMED]
    assert (finding.verdict, finding.text) == ("wrong", "The files name 100 items, and --test-size 200.")


def test_figures_of_few_digits_are_counts_of_any_large_number() -> None:
    results = published({"scratch": [0.5, 0.51, 0.49]}, digits=2)
    finding = found(replace(results, frame=results.frame.assign(n_test=10_000)))[NAMED]
    assert finding.verdict == "unknown"
    assert "The accuracies print 2 digits, too few to tell counts of 10,000 items" in finding.text


def test_accuracies_may_fit_the_training_part_where_they_cannot_fit_the_test_part() -> None:
    results = published({"a": EIGHT["scratch"][:2]}, digits=4)
    text = found(results, Asked(test_size=100, train_size=613))[SIZE].text
    assert "Counts of the training part (613) they can be." in text


@pytest.mark.parametrize(
    ("claim", "verdict", "told"),
    [
        ("b > scratch", "holds", "It survives the correction for all comparisons made."),
        ("scratch > b", "wrong", "The means lie the other way round."),
        ("b > scratch p=0.001", "wrong", "The claimed p-value lies below 0.00781, the smallest that so many pairs"),
        ("c > scratch", "cannot be shown", "It does not survive the correction for all comparisons made."),
    ],
)
def test_a_claim_is_judged_by_its_direction_its_p_and_its_family(claim: str, verdict: str, told: str) -> None:
    arms = {
        "scratch": [0.50, 0.52, 0.51, 0.53, 0.49, 0.50, 0.52, 0.51],
        "b": [0.60, 0.63, 0.60, 0.64, 0.58, 0.61, 0.62, 0.60],
        "c": [0.52, 0.51, 0.53, 0.52, 0.50, 0.49, 0.53, 0.52],
    }
    finding = found(published(arms), Asked(claims=(claim,)))[f"The claim {claim!r}"]
    assert finding.verdict == verdict
    assert finding.text.startswith(told)


def test_a_claim_that_so_few_seeds_can_never_carry_is_told_so() -> None:
    results = published({"scratch": [0.5, 0.51, 0.5], "b": [0.9, 0.92, 0.93]})
    finding = found(results, Asked(claims=("b > scratch",)))["The claim 'b > scratch'"]
    assert finding.verdict == "cannot be shown"
    assert finding.text.startswith("So few seeds cannot show it: no corrected p-value is below 0.25.")


def test_a_claim_that_is_reversed_on_validation_says_so() -> None:
    test = {"scratch": [0.50, 0.52, 0.51], "b": [0.60, 0.63, 0.60]}
    validation = {"scratch": [0.60, 0.63, 0.60], "b": [0.50, 0.52, 0.51]}
    finding = found(published(test, validation), Asked(claims=("b > scratch",)))["The claim 'b > scratch'"]
    assert finding.text.endswith("Reversed on validation items: -10.00 points, p = 0.25.")


def test_a_clear_difference_that_turns_round_on_validation_is_found() -> None:
    up, down = [0.60 + s / 100 for s in range(6)], [0.50 + s / 100 for s in range(6)]
    turned = found(published({"scratch": down, "b": up}, {"scratch": up, "b": down}))[AGREE]
    assert turned.verdict == "cannot be shown"
    assert turned.text.startswith("1 of 1 difference is reversed, clear on one side at least")
    assert turned.text.endswith("The highest mean is b on test items and scratch on validation items.")
    assert turned.table is not None
    assert turned.table.rows == (("b > scratch", "+10.00", "0.0312", "-10.00", "0.0312"),)
    assert found(published({"scratch": down, "b": up}, {"scratch": down, "b": up}))[AGREE].verdict == "holds"


def test_without_validation_figures_nothing_is_said_of_them() -> None:
    assert AGREE not in found(published(EIGHT))


@pytest.mark.parametrize(("gap", "verdict"), [(0.05, "cannot be shown"), (0.08, "unknown"), (0.20, "holds")])
def test_a_gap_is_held_against_what_the_items_resolve(gap: float, verdict: str) -> None:
    """A hundred items near one half show 6 points in single runs at best, and 13.9 at worst."""
    results = published({"scratch": [0.5, 0.51, 0.49], "b": [0.5 + gap, 0.51 + gap, 0.49 + gap]}, digits=2)
    assert found(results, Asked(test_size=100))[ONE_RUN].verdict == verdict


def test_items_resolve_what_the_sign_test_and_the_normal_law_say() -> None:
    best, worst = resolution(100, 1, 0.5, 0.05)
    assert best == pytest.approx(0.06)
    assert worst == pytest.approx(1.959964 * np.sqrt(2 * 0.25 / 100))


def test_seeds_help_at_best_as_more_answers_do_and_at_worst_not_at_all() -> None:
    one, ten = resolution(100, 1, 0.5, 0.05), resolution(100, 10, 0.5, 0.05)
    assert (ten[0], ten[1]) == (pytest.approx(one[0] / 10), one[1])


def test_near_certainty_no_fewer_items_are_enough_than_the_sign_test_needs() -> None:
    assert resolution(100, 1, 0.9999, 0.05)[1] == pytest.approx(0.06)


GAP = {
    "scratch": [0.70, 0.71, 0.72, 0.70, 0.71, 0.72, 0.70, 0.71, 0.72, 0.70],
    "b": [0.72, 0.73, 0.74, 0.72, 0.73, 0.74, 0.71, 0.72, 0.73, 0.71],
}
"""+1.6 points in the mean over ten seeds: 16 answers of a thousand on a hundred items."""


def test_a_mean_gap_that_a_single_run_could_not_show_is_not_said_to_be_beyond_its_items() -> None:
    made = found(published(GAP, digits=2), Asked(test_size=100))
    mean, single = made[ENOUGH], made[ONE_RUN]
    assert mean.table is not None and single.table is not None
    assert mean.table.rows == (("b - scratch", "+1.60", "10", "100", "+0.60", "+12.49", "6,100", "unknown"),)
    assert single.table.rows == (("b - scratch", "+1.60", "1.6 of 100", "+6.00", "+12.49", "cannot be shown"),)
    assert (mean.verdict, single.verdict) == ("unknown", "cannot be shown")
    assert single.text.endswith("Nothing is said here of means over seeds.")


def test_a_mean_gap_of_less_than_six_answers_in_all_cannot_speak_of_other_items() -> None:
    figures = {"scratch": [0.50, 0.51, 0.52], "b": [0.51, 0.52, 0.53]}
    assert found(published(figures, digits=2), Asked(test_size=100))[ENOUGH].verdict == "cannot be shown"


def test_one_seed_is_judged_as_a_single_run_alone() -> None:
    made = found(published({"scratch": [0.5], "b": [0.8]}, digits=1), Asked(test_size=100))
    assert made[ONE_RUN].verdict == "holds"
    assert ENOUGH not in made


def test_where_answers_are_known_the_interval_over_seeds_and_items_decides_and_is_shown() -> None:
    made = plan(study(seeds=6, surgeries=FEW))
    frame = table(made, outcomes(made))
    some = every_pair(Findings(frame))[0]
    clear = replace(some, difference=Estimate(0.02, 0.01, 0.03, 6, 0.95, 100))
    finding = items_enough([clear], {}, Terms(), frame)[0]
    assert finding.verdict == "holds"
    assert finding.table is not None
    assert finding.table.columns == ("gap", "points", "95 % interval (alone)", "seeds", "items", "verdict")
    assert finding.table.rows[0][2] == "[+1.00, +3.00]"
    unclear = replace(some, difference=Estimate(0.02, -0.01, 0.05, 6, 0.95, 100))
    assert items_enough([clear, unclear], {}, Terms(), frame)[0].verdict == "cannot be shown"


def test_an_unknown_number_of_items_is_asked_for() -> None:
    finding = found(published({"scratch": [0.5, 0.51], "b": [0.6, 0.7]}, digits=2))[ENOUGH]
    assert finding.verdict == "unknown"
    assert finding.text == (
        "The number of test items is not known, or is not the one that was given; give it with --test-size."
    )


def test_arms_that_follow_their_seeds_are_paired_and_shuffled_ones_are_not_shown_to_be() -> None:
    seeds = np.random.default_rng(0).normal(0, 0.05, 12)
    noise = np.random.default_rng(1).normal(0, 0.005, (3, 12))
    order = np.random.default_rng(2).permutation(12)
    paired = {f"a{arm}": (0.5 + seeds + noise[arm]).tolist() for arm in range(3)}
    shuffled = paired | {"a1": np.array(paired["a1"])[order].tolist(), "a2": paired["a2"][::-1]}
    assert found(published(paired))[PAIRED].verdict == "holds"
    assert found(published(shuffled))[PAIRED].verdict == "unknown"


def test_too_few_common_seeds_say_nothing_of_pairing() -> None:
    finding = found(published({"a": [0.5, 0.6], "b": [0.6, 0.7]}))[PAIRED]
    assert (finding.verdict, finding.text[:20]) == ("unknown", "It takes three seeds")


def test_missing_seeds_are_named() -> None:
    finding = found(published({"a": [0.5, 0.6, 0.7], "b": [0.5, 0.65]}))[SEEDS]
    assert finding.verdict == "unknown"
    assert finding.text.endswith("Missing: b: seed 2.")
    assert found(published(EIGHT))[SEEDS].verdict == "holds"


def test_arms_without_a_common_seed_are_unknown_in_every_respect() -> None:
    rows = [
        {"arm": arm, "names": arm, "share": 1.0, "seed": seed + 10 * (arm == "b"), "status": "finished", "score": a}
        for arm in ("scratch", "b")
        for seed, a in enumerate((0.5, 0.6, 0.7))
    ]
    made = found(Published(("a.csv",), frame_of(rows), {"score": 1, "train_score": 1}, (), ()))
    assert {finding.verdict for finding in made.values()} == {"unknown"}
    assert made[TWICE].text == "No two arms have figures of a common seed, so that there is none to compare."
    assert made[DESIGN].text == "No two arms have figures of a common seed."


def test_runs_without_any_figure_hold_nothing() -> None:
    rows: list[dict[str, object]] = [
        {"arm": arm, "names": arm, "share": 1.0, "seed": 0, "status": "failed"} for arm in "ab"
    ]
    made = found(Published(("a.csv",), frame_of(rows), {"score": 1, "train_score": 1}, (), ()))
    assert {finding.verdict for finding in made.values()} == {"unknown"}
    assert made[SEEDS].text.endswith("Missing: a: seed 0 and b: seed 0.")


def test_a_single_arm_has_no_seeds_to_lack() -> None:
    finding = found(published({"a": [0.5, 0.6]}))[SEEDS]
    assert (finding.verdict, finding.text[:22]) == ("unknown", "No share has two arms,")


def test_one_seed_does_not_show_that_validation_and_test_agree() -> None:
    figures = {"scratch": [0.5], "b": [0.6]}
    finding = found(published(figures, figures))[AGREE]
    assert (finding.verdict, finding.text[:8]) == ("unknown", "One seed")


def test_where_no_difference_is_clear_none_can_be_seen_to_be_reversed() -> None:
    figures = {"scratch": [0.5, 0.6, 0.7], "b": [0.6, 0.65, 0.71]}
    finding = found(published(figures, figures))[AGREE]
    assert finding.verdict == "unknown"
    assert finding.text.startswith("No difference is clear on either side, so that none can be seen to be reversed")


UNEVEN = {
    "scratch": [0.80 + s / 100 for s in range(10)],
    "b": [0.90, 0.92, 0.91, 0.93, 0.90],
    "c": [0.85 + s / 90 for s in range(10)],
}


def test_a_design_says_which_pairs_can_show_a_difference_and_which_cannot() -> None:
    results = published(UNEVEN)
    cannot, can = [
        finding for finding in audit(results, questions(Asked(), results.frame)) if finding.subject == DESIGN
    ]
    assert (cannot.verdict, can.verdict) == ("cannot be shown", "holds")
    assert cannot.text.startswith("Not b - scratch (5 seeds), whatever the figures are.")
    assert can.text.startswith("c - scratch (10 seeds): the smallest p-value that can come out")


def test_the_least_p_of_a_pair_counts_that_others_may_fall_before_it() -> None:
    """Holm's second p-value is not doubled: six seeds beside ten can reach 0.03125."""
    results = published(UNEVEN | {"b": [0.90, 0.92, 0.91, 0.93, 0.90, 0.91]})
    pairs = [pair for pair in every_pair(Findings(results.frame)) if "scratch" in (pair.one, pair.other)]
    assert list(least_p(pairs, Terms()).values()) == [2**-5, 2 * 2**-9]


def test_the_best_arm_must_have_been_compared_with_all_others() -> None:
    rows = [
        {"arm": arm, "names": arm, "share": 1.0, "seed": seed + shift, "status": "finished", "score": a + seed / 100}
        for arm, a, shift in (("scratch", 0.5, 0), ("b", 0.8, 0), ("far", 0.7, 100))
        for seed in range(8)
    ]
    results = Published(("a.csv",), frame_of(rows), {"score": 2, "train_score": 2}, (), ())
    finding = found(results)["Is the highest mean, b, the best arm?"]
    assert finding.verdict == "unknown"
    assert finding.text.startswith("Told apart from scratch. Not compared with far, for want of a common seed.")


def test_the_highest_mean_that_lies_lower_on_common_seeds_is_not_the_best() -> None:
    easy = [0.99] * 20
    arms = {"scratch": [0.60 + s / 1000 for s in range(8)], "b": [0.55 + s / 900 for s in range(8)] + easy}
    finding = found(published(arms))["Is the highest mean, b, the best arm?"]
    assert finding.verdict == "cannot be shown"
    assert finding.text.startswith("On common seeds it lies below scratch.")


def test_a_single_seed_has_no_interval_and_a_design_that_shows_nothing() -> None:
    made = found(published({"scratch": [0.5], "b": [0.9]}))
    table = made["Is any arm shown to differ from scratch?"].table
    assert table is not None
    assert table.rows == (("b", "+40.00", "none (1 pair)", "1", "1", "1"),)
    assert made[DESIGN].verdict == "cannot be shown"


def test_a_single_arm_and_no_finished_run_are_audited_without_a_word_too_many() -> None:
    assert found(published({"a": [0.5, 0.6]}))[ENOUGH].verdict == "unknown"
    nothing = audit_findings(Findings(table(plan(study()), {})))
    assert {finding.verdict for finding in nothing} == {"unknown"}


def with_training(test_right: int, train_right: int) -> Published:
    row = {"arm": "a", "names": "a", "share": 0.5, "seed": 0, "status": "finished"}
    frame = frame_of([row | {"score": test_right / 50, "train_score": train_right / 20}])
    return Published(("a.csv",), frame, {"score": 12, "train_score": 12}, (), ())


def test_unseen_items_are_what_is_left_of_nested_counts() -> None:
    """Of 50 items 41 are right; of the 20 trained on, 19; so of the 30 unseen, 22."""
    results = with_training(41, 19)
    before = results.frame.copy()
    assert without_overlap(results.frame, Sizes(50, {0.5: 20}))["score"].tolist() == [22 / 30]
    assert results.frame.equals(before)


@pytest.mark.parametrize(
    ("evaluated", "train", "told"),
    [
        (50, 23, "share 0.5: the training accuracies are no counts of 23 items"),
        (49, 20, "share 0.5: the accuracies are no counts of 49 items"),
        (50, 60, "share 0.5: 60 training items cannot lie among 50 evaluated items and leave some of them unseen"),
        (10, 4, "share 0.5: the training accuracies are no counts of 4 items"),
    ],
)
def test_sizes_that_cannot_be_are_refused(tmp_path: Path, evaluated: int, train: int, told: str) -> None:
    (tmp_path / "s.yaml").write_text(f"0.5: {train}\n")
    made = found(with_training(41, 19), Asked(sizes=tmp_path / "s.yaml", evaluated_size=evaluated))
    finding = made["Are the given sizes those of these runs?"]
    assert finding.verdict == "wrong"
    assert told in finding.text


def test_more_right_answers_in_training_than_in_all_are_impossible(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("0.5: 20\n")
    made = found(with_training(10, 19), Asked(sizes=tmp_path / "s.yaml", evaluated_size=50))
    text = made["Are the given sizes those of these runs?"].text
    assert "fewer right answers among all 50 items than among the 20 trained on, or fewer wrong ones" in text


def test_counts_are_not_removed_where_the_printed_digits_do_not_tell_them() -> None:
    results = with_training(41, 19)
    reasons = impossible(results.frame, Sizes(50, {0.5: 20}), {"score": 1, "train_score": 2})
    assert reasons == ["share 0.5: the accuracies print 1 digits, too few to count 50 items"]


def test_without_sizes_the_audit_says_what_it_needs_and_guesses_none() -> None:
    text = found(with_training(41, 19))["Are training items among the test items?"].text
    assert text.endswith("training items at each share (--sizes); no size is guessed.")


@pytest.mark.parametrize("name", ["s.csv", "s.yaml"])
def test_sizes_are_read_from_a_table_or_from_lines(tmp_path: Path, name: str) -> None:
    (tmp_path / "s.csv").write_text("share,train_items\n0.1,260\n1.0,2600\n")
    (tmp_path / "s.yaml").write_text("0.1: 260\n1.0: 2600\n")
    assert read_sizes(tmp_path / name) == {0.1: 260, 1.0: 2600}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "s.yaml",
            "2: 260\n0.1: many\n",
            "s.yaml: share: got '2', expected a number above 0, at most 1; share 0.1: got ",
        ),
        ("s.yaml", "- 260\n", "s.yaml: expected a line 'share: items' for each share, such as '0.1: 2645'"),
        ("s.yaml", "{", "s.yaml is no YAML"),
        ("s.csv", "share,items\n0.1,20\n", "s.csv has no column train_items; expected share, train_items"),
        ("s.csv", "share,train_items\n0.1,20\n0.10,30\n", "s.csv: share 0.10: stands twice, expected once"),
    ],
)
def test_a_faulty_file_of_sizes_is_told_in_words(tmp_path: Path, name: str, text: str, told: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataFault) as caught:
        read_sizes(tmp_path / name)
    assert told in str(caught.value)


def test_all_that_is_asked_wrongly_is_told_at_once(tmp_path: Path) -> None:
    claims = ("a", "a > scratch p=2", "a > scrach", "a > a")
    with pytest.raises(FrostlineError) as caught:
        questions(Asked("non", claims, evaluated_size=7), published({"scratch": [0.5], "a": [0.6]}).frame)
    assert str(caught.value).splitlines() == [
        "the audit cannot be made as asked for 6 reasons:",
        "  --against: no arm is called 'non'; known: scratch, a",
        "  --claim 'a': expected 'ARM > ARM' or 'ARM > ARM p=0.03'",
        "  --claim 'a > scratch p=2': p: got '2', expected a number above 0, at most 1",
        "  --claim 'a > scrach': no arm is called 'scrach'; did you mean 'scratch'?; known: scratch, a",
        "  --claim 'a > a': a and a are one arm; expected two",
        "  --evaluated-size: has no effect without --sizes; give both, as no size is guessed",
    ]


def test_sizes_need_training_accuracies_and_every_share(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("0.1: 20\n")
    asked = Asked(sizes=tmp_path / "s.yaml", evaluated_size=50)
    with pytest.raises(FrostlineError, match="the files have no training accuracy, without which no overlap can"):
        questions(asked, published(EIGHT).frame)
    with pytest.raises(FrostlineError, match=r"s.yaml has no number of training items for share 0.5; give every one"):
        questions(asked, with_training(41, 19).frame)


def test_a_study_of_ones_own_passes_through_the_same_questions() -> None:
    made = plan(study(seeds=6, surgeries=FEW))
    subjects = {finding.subject for finding in audit_findings(Findings(table(made, outcomes(made))))}
    assert {TWICE, DESIGN, PAIRED, ENOUGH} <= subjects
    assert "Do validation and test agree with 10 % of the data?" in subjects


def test_a_comparison_turned_round_has_its_interval_turned() -> None:
    pair = every_pair(Findings(published({"a": [0.5, 0.6, 0.55], "b": [0.7, 0.75, 0.8]}).frame))[0]
    turned = pair.against("a")
    assert (turned.one, turned.other) == ("b", "a")
    assert isinstance(pair.difference, Estimate) and isinstance(turned.difference, Estimate)
    assert turned.difference.value == pytest.approx(-pair.difference.value)
    assert (turned.difference.low, turned.difference.high) == (-pair.difference.high, -pair.difference.low)
    assert turned.against("b") == pair


def test_the_text_fits_a_terminal_and_keeps_every_verdict() -> None:
    arms = {f"an arm of a very long name indeed, number {n}, that goes on": [0.5 + n / 50, 0.6, 0.7] for n in range(3)}
    results = published(arms)
    made = audit(results, questions(Asked(), results.frame))
    text = written(results, made)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert [line.split(":")[0].lower() for line in text.splitlines() if line.split(":")[0].isupper()] == [
        finding.verdict for finding in made
    ]


def test_no_character_that_a_terminal_obeys_reaches_it_raw() -> None:
    arms = {"\x1b[31mred\x1b[0m": [0.5, 0.6, 0.7], "a\u202eb": [0.6, 0.65, 0.7], "c\nd": [0.5, 0.5, 0.5]}
    results = replace(published(arms), files=("\x07.csv",), remarks=("\x1b]0;title\x07",))
    text = written(results, audit(results, questions(Asked(claims=("a\u202eb > c\nd",)), results.frame)))
    assert all(one.isprintable() or one == "\n" for one in text)
    assert "\\x1b[31mred\\x1b[0m" in text


def test_an_unknown_arm_is_told_without_the_escapes_of_the_known() -> None:
    with pytest.raises(FrostlineError) as caught:
        questions(Asked("b"), published({"\x1b[31mred": [0.5]}).frame)
    assert str(caught.value).endswith("known: \\x1b[31mred")


def leaking(unseen: Mapping[str, Sequence[int]]) -> Published:
    """Runs tested on 50 items of which 20 were trained on; ``unseen`` is how many of the other 30 each got right.

    The arm ``rote`` got all right that it was trained on, the others 8 of them, so that it looks better than it is.
    """
    rows = [
        {
            "arm": arm,
            "names": arm,
            "share": 0.5,
            "seed": seed,
            "status": "finished",
            "score": (right + (20 if arm == "rote" else 8)) / 50,
            "train_score": (20 if arm == "rote" else 8) / 20,
        }
        for arm, counts in unseen.items()
        for seed, right in enumerate(counts)
    ]
    return Published(("a.csv",), frame_of(rows), {"score": 12, "train_score": 12}, (), ())


LEAKING = {"none": [10, 11, 12, 10, 11, 12, 10], "rote": [9, 8, 9, 8, 9, 8, 7], "real": [15, 17, 16, 18, 15, 16, 18]}


def test_all_comparisons_are_of_unseen_items_once_training_items_can_be_removed(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("0.5: 20\n")
    asked = Asked(sizes=tmp_path / "s.yaml", evaluated_size=50, claims=("real > rote",))
    made = found(leaking(LEAKING), asked)
    assert "Is the highest mean, rote, the best arm?" in found(leaking(LEAKING))
    best = made["Is the highest mean, real, the best arm?"]
    assert best.verdict == "holds"
    assert made["The claim 'real > rote'"].verdict == "holds"
    single = made[ONE_RUN].table
    assert single is not None and single.rows[0][2].endswith("of 30")
    remark = "On unseen items, without those trained on."
    assert all(made[subject].text.endswith(remark) for subject in (best.subject, ENOUGH, PAIRED))


def test_figures_that_cannot_be_corrected_are_compared_as_published_and_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("0.5: 21\n")
    made = found(leaking(LEAKING), Asked(sizes=tmp_path / "s.yaml", evaluated_size=50))
    text = made["Is the highest mean, rote, the best arm?"].text
    assert text.endswith("From the figures as published: the sizes given to correct them are not theirs.")


def test_figures_of_the_training_part_are_said_to_be_of_items_not_known_to_be_unseen() -> None:
    results = published({"a": EIGHT["scratch"], "b": [a + 2 / 613 for a in EIGHT["scratch"]]}, digits=4)
    made = found(results, Asked(test_size=101, train_size=613))
    text = made["Is the highest mean, b, the best arm?"].text
    assert text.endswith("From the figures as published, on items that are not known to be unseen.")
    assert "published" not in found(results, Asked(test_size=613))["Is the highest mean, b, the best arm?"].text


def real(*names: str) -> Published:
    folder = Path(os.environ["FROSTLINE_DATA"]) / "published"
    return read_results([folder / name for name in names])


MNIST_SIZES = "0.001: 25\n0.01: 260\n0.1: 2645\n0.5: 13230\n1.0: 26038\n"
FASHION_SIZES = "0.001: 15\n0.01: 162\n0.1: 1620\n0.5: 8100\n1.0: 16196\n"


def of_items(results: Published, asked: Asked) -> dict[str, Finding]:
    """What is found about the items of ``results``, by subject."""
    told = questions(asked, results.frame)
    size = official_part(results, implied(results), told)
    return {finding.subject: finding for finding in (size, *overlap(results, size, told.sizes))}


@pytest.mark.real_data
def test_the_published_mnist_figures_are_on_the_training_part_and_their_best_cuts_stay(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(MNIST_SIZES)
    results = real("MNIST__cuts_regular_classes_FR.json", "MNIST__baselines_regular_classes.json")
    made = of_items(results, Asked(None, (), 4861, 29_404, tmp_path / "s.yaml", 29_404))
    assert made[SIZE].verdict == "wrong"
    assert "training part (29,404), not of the official test part (4,861)" in made[SIZE].text
    best = made["Training items are among the test items"].table
    assert best is not None
    assert [row[4] for row in best.rows] == [f"f{cut}r{6 - cut} (FR cut {cut})" for cut in (4, 4, 4, 3, 1)]
    assert [row[5] for row in best.rows] == ["+0.02", "+0.03", "+0.03", "+0.11", "+0.28"]


@pytest.mark.real_data
def test_the_published_mnist_arms_are_compared_on_unseen_items_once_these_are_known(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(MNIST_SIZES)
    results = real("MNIST__cuts_regular_classes_FR.json", "MNIST__baselines_regular_classes.json")
    made = found(results, Asked(None, (), 4861, 29_404, tmp_path / "s.yaml", 29_404))
    best = made["Is the highest mean, f1r5 (FR cut 1), the best arm with 100 % of the data?"]
    assert best.text.endswith("On unseen items, without those trained on.")
    assert best.table is not None
    assert best.table.rows[0][:2] == ("r6 (FR cut 0 = scratch)", "-0.07")
    mean = made[ENOUGH].table
    assert mean is not None
    assert [row[3] for row in mean.rows] == ["29,379", "29,144", "26,759", "16,174", "3,366"]


@pytest.mark.real_data
def test_at_50_and_100_per_cent_the_published_mnist_figures_can_show_nothing() -> None:
    results = real("MNIST__cuts_regular_classes_FR.json", "MNIST__baselines_regular_classes.json")
    large = results.frame[results.frame["share"] >= 0.5]
    made = {one.subject: one for one in audit(replace(results, frame=large), questions(Asked(), large))}
    assert made[DESIGN].verdict == "cannot be shown"
    assert made[DESIGN].text.startswith("With 50 and 100 % of the data: Nothing can be significant")
    assert "r6 is FR cut 0 = scratch" in made["Does each arm go by one name?"].text


@pytest.mark.real_data
@pytest.mark.parametrize(("family", "cuts"), [("FR", (4, 4, 4, 4, 3)), ("F", (3, 2, 2, 1, 0)), ("FT", (5, 5, 5, 5, 5))])
def test_the_published_fashion_figures_are_on_the_training_part(
    tmp_path: Path, family: str, cuts: tuple[int, ...]
) -> None:
    (tmp_path / "s.yaml").write_text(FASHION_SIZES)
    results = real(f"FashionMNIST__cuts_regular_classes_{family}.json")
    made = of_items(results, Asked(None, (), 3000, 18_000, tmp_path / "s.yaml", 18_000))
    assert made[SIZE].verdict == "wrong"
    best = made["Training items are among the test items"].table
    assert best is not None
    assert [row[4].split("cut ")[1].rstrip(")") for row in best.rows] == [str(cut) for cut in cuts]


@pytest.mark.real_data
def test_on_gtzan_half_against_none_is_not_shown_and_the_dip_is_reversed_on_validation() -> None:
    half, dip = "freeze_patch_0_5 > freeze_none", "freeze_none > freeze_patch"
    made = found(real("gtzan_vit_b16_freezing.csv"), Asked(claims=(half, dip)))
    assert "Every accuracy is a whole number of 100 items" in made[SIZE].text
    assert made[f"The claim {half!r}"].verdict == made[f"The claim {dip!r}"].verdict == "cannot be shown"
    assert "+1.60 points, 95 % interval [-1.36, +4.56], n = 10 seeds, p = 0.277" in made[f"The claim {half!r}"].text
    assert "p = 0.0586, by Holm's method for 4 comparisons p = 0.176" in made[f"The claim {dip!r}"].text
    assert made[f"The claim {dip!r}"].text.endswith("Reversed on validation items: -2.60 points, p = 0.0156.")
    assert made[ONE_RUN].verdict == "cannot be shown"
    assert made[ENOUGH].verdict == "unknown"
    order = made["Is any arm shown to differ from freeze_none?"].text
    assert "p counts all ways to give them signs and takes no such law for granted" in order


@pytest.mark.real_data
def test_on_gtzan_a_claimed_p_of_a_hundredth_is_held_against_the_p_found() -> None:
    claim = "freeze_patch_0_5 > freeze_none p=0.01"
    finding = found(real("gtzan_vit_b16_freezing.csv"), Asked(claims=(claim,)))[f"The claim {claim!r}"]
    assert finding.verdict == "cannot be shown"
    assert "Claimed p = 0.01, found 0.277 (exact sign flips; Student's t: 0.253)." in finding.text
