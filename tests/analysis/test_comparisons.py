"""A gain is paired by seed, says which seeds had no partner, and claims no more than its pairs and items allow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from frostline.analysis.answers import Answers, Book
from frostline.analysis.comparisons import (
    Gain,
    attainable_sentence,
    gains,
    means,
    reference_arm,
    scratch_arm,
    variance_parts,
)
from frostline.analysis.crossed import binomial_interval, over_seeds, over_seeds_and_items
from frostline.analysis.estimates import Estimate, OneRun, bootstrap_mean
from frostline.analysis.findings import Findings, Terms
from frostline.analysis.pairs import effect_size, holm, sign_flip_p
from frostline.analysis.table import frame_of, table
from frostline.randomness import stream
from frostline.spec.plan import plan
from frostline.spec.study import Study
from tests.analysis.simulated import FEW, outcomes, study, without

ITEMS = 90


def frame_from(made: Study) -> pd.DataFrame:
    planned = plan(made)
    return table(planned, outcomes(planned))


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """The table of ten seeds of five arms at two shares."""
    return frame_from(study(seeds=10, surgeries=FEW))


@pytest.fixture(scope="module")
def book(frame: pd.DataFrame) -> Book:
    """Answers to ``ITEMS`` items of every trial of ``frame``; those at 1 % at ``r6`` are all right."""
    draws, ids = np.random.default_rng(1), np.arange(ITEMS)
    hard = draws.normal(0, 1, ITEMS)
    rows = frame[["key", "arm", "share"]].drop_duplicates("key").itertuples(index=False)
    return {
        str(key): Answers(
            ids, np.full(ITEMS, True) if (arm, share) == ("r6", 0.01) else draws.normal(1, 1, ITEMS) > hard
        )
        for key, arm, share in rows
    }


def gain_of(findings: Findings, arm: str = "f4r2", share: float = 0.01) -> Gain:
    return next(gain for gain in gains(findings) if (gain.arm, gain.share) == (arm, share))


def estimate(found: Estimate | OneRun | None) -> Estimate:
    assert isinstance(found, Estimate)
    return found


def tidy(**arms: list[float]) -> pd.DataFrame:
    """A table of one share without keys: the accuracies of each arm, one a seed."""
    cell = {"names": "", "share": 0.1, "status": "finished"}
    return frame_of(
        [cell | {"arm": arm, "seed": seed, "score": one} for arm, own in arms.items() for seed, one in enumerate(own)]
    )


def test_a_gain_is_narrower_than_its_arms_because_seeds_are_paired(frame: pd.DataFrame) -> None:
    gain, alone = gain_of(Findings(frame)), estimate(means(Findings(frame))["f4r2", 0.01])
    difference = estimate(gain.difference)
    assert difference.high - difference.low < 0.7 * (alone.high - alone.low)
    assert difference.low <= 0.006 * 16 <= difference.high


def test_a_gain_counts_only_the_seeds_finished_in_both_arms() -> None:
    planned = plan(study(surgeries=FEW))
    kept = without(without(outcomes(planned), planned, "f4r2", {1}), planned, "r6", {3})
    gain = gain_of(Findings(table(planned, kept)))
    assert gain.seeds == (0, 2, 4)
    assert gain.left_out == (1, 3)
    assert gain.pairs == estimate(gain.difference).n == 3


def test_a_gain_over_one_pair_has_neither_interval_nor_p_and_over_none_no_figure() -> None:
    planned = plan(study(surgeries=FEW))
    one = without(outcomes(planned), planned, "f4r2", {1, 2, 3, 4})
    none = without(one, planned, "f4r2", {0})
    single, empty = gain_of(Findings(table(planned, one))), gain_of(Findings(table(planned, none)))
    assert isinstance(single.difference, OneRun)
    assert (single.p, single.corrected, single.effect, single.smallest) == (None, None, None, 1.0)
    assert (empty.difference, empty.p, empty.corrected, empty.pairs) == (None, None, None, 0)


def test_scratch_is_found_under_whatever_name() -> None:
    planned = plan(study(surgeries={"FR": {"below": "frozen", "above": "reset"}}))
    assert scratch_arm(table(planned, {})) == reference_arm(table(planned, {})) == "r6"


def test_without_scratch_arms_gain_over_the_one_that_tunes_every_layer() -> None:
    found = frame_from(study(surgeries={"F": {"below": "frozen", "above": "tuned", "cuts": (0, 2)}}))
    assert scratch_arm(found) is None
    assert reference_arm(found) == "t6"
    assert {(gain.arm, gain.reference) for gain in gains(Findings(found))} == {("f2t4", "t6")}


def test_without_either_there_is_nothing_to_gain_over() -> None:
    found = frame_from(study(surgeries={"F": {"below": "frozen", "above": "tuned", "cuts": (2, 4)}}))
    assert reference_arm(found) is None
    assert gains(Findings(found)) == ()


def test_control_arms_are_not_of_the_family_of_gains(frame: pd.DataFrame) -> None:
    controlled = frame.assign(control=["random" if arm == "f2r4" else "" for arm in frame["arm"]])
    found = gains(Findings(controlled))
    assert {gain.arm for gain in found} == {"f4r2", "f2t4", "f4t2"}
    assert all(gain.family == 3 for gain in found)


@pytest.mark.parametrize("share", [0.01, 0.1])
def test_a_mean_is_over_the_finished_seeds_of_its_own_share(share: float) -> None:
    planned = plan(study(surgeries=FEW))
    found_in = table(planned, without(outcomes(planned), planned, "f4r2", {1}))
    found = means(Findings(found_in))["f4r2", share]
    here = found_in[(found_in["arm"] == "f4r2") & (found_in["share"] == share) & (found_in["seed"] != 1)]
    assert found is not None
    assert found.n == 4
    assert found.value == pytest.approx(here["score"].mean())


def test_nothing_that_has_not_finished_has_a_mean() -> None:
    assert means(Findings(table(plan(study(surgeries=FEW)), {})))["f4r2", 0.01] is None


def test_a_finished_run_without_a_number_is_not_counted() -> None:
    found = means(Findings(tidy(r2=[0.8, float("nan"), 0.9])))["r2", 0.1]
    assert found is not None
    assert (found.n, found.value) == (2, pytest.approx(0.85))


def test_an_interval_of_few_runs_ends_where_accuracies_end() -> None:
    found = estimate(means(Findings(tidy(r2=[0.2, 1.0])))["r2", 0.1])
    assert (found.low, found.high, found.items) == (0.0, 1.0, None)
    gain = estimate(gain_of(Findings(tidy(r2=[0.1, 0.9], t2=[1.0, 0.1])), "t2", 0.1).difference)
    assert (gain.low, gain.high) == (-1.0, 1.0)


def test_ten_runs_are_bootstrapped_alike_each_time(frame: pd.DataFrame) -> None:
    here = frame[(frame["arm"] == "f4r2") & (frame["share"] == 0.01)]["score"].tolist()
    expected = bootstrap_mean(here, 0.9, stream(0, "mean", "f4r2", "0.01"))
    assert means(Findings(frame, terms=Terms(level=0.9)))["f4r2", 0.01] == expected


def test_known_answers_make_a_mean_one_over_seeds_and_items(frame: pd.DataFrame, book: Book) -> None:
    findings = Findings(frame, book, Terms(level=0.9))
    right = findings.right("f4r2", 0.01, tuple(range(10)))
    assert right is not None
    found = estimate(means(findings)["f4r2", 0.01])
    assert found == over_seeds_and_items(right).accuracy_interval(0.9)
    assert (found.n, found.items) == (10, ITEMS)


def test_a_mean_of_right_answers_alone_has_the_interval_of_clopper_and_pearson(frame: pd.DataFrame, book: Book) -> None:
    found = estimate(means(Findings(frame, book))["r6", 0.01])
    assert (found.low, found.high) == pytest.approx(binomial_interval(ITEMS, ITEMS, 0.95))


def test_known_answers_make_a_gain_one_over_seeds_and_items(frame: pd.DataFrame, book: Book) -> None:
    findings = Findings(frame, book)
    ours, theirs = (findings.right(arm, 0.1, tuple(range(10))) for arm in ("f4r2", "r6"))
    assert ours is not None
    assert theirs is not None
    found = gain_of(findings, "f4r2", 0.1).difference
    assert found == over_seeds_and_items(ours.astype(float) - theirs).interval(0.95)


def test_seeds_that_test_their_own_items_are_runs_of_overlapping_folds(frame: pd.DataFrame, book: Book) -> None:
    keys = dict.fromkeys(frame["key"])
    folds: Book = {str(key): Answers(np.arange(ITEMS) + place, book[str(key)].right) for place, key in enumerate(keys)}
    findings = Findings(frame, folds, Terms(overlap=0.25))
    here = frame[frame["share"] == 0.01].set_index(["arm", "seed"])["score"]
    mean = over_seeds((here["f4r2"] - here["r6"]).tolist(), 0.25)
    gain = gain_of(findings)
    assert gain.difference == mean.interval(0.95)
    assert gain.p == max(mean.p, sign_flip_p((here["f4r2"] - here["r6"]).tolist()))
    assert means(findings)["f4r2", 0.01] == over_seeds(here["f4r2"].tolist(), 0.25).interval(0.95)


def test_p_is_that_of_the_exact_sign_flip_over_the_pairs(frame: pd.DataFrame) -> None:
    here = frame[frame["share"] == 0.1].set_index(["arm", "seed"])["score"]
    values = (here["f4r2"] - here["r6"]).tolist()
    gain = gain_of(Findings(frame), "f4r2", 0.1)
    assert gain.p == sign_flip_p(values) == 2 / 1024
    assert gain.effect == effect_size(values)


def test_p_is_never_below_that_of_an_interval_over_items(frame: pd.DataFrame, book: Book) -> None:
    findings = Findings(frame, book)
    for gain in gains(findings):
        right = findings.differences(gain.arm, "r6", gain.share, gain.seeds)
        assert right is not None
        assert gain.p is not None
        assert gain.p >= over_seeds_and_items(right).p


@pytest.mark.parametrize(("family", "size"), [("share", 4), ("study", 8)])
def test_a_family_is_corrected_together(frame: pd.DataFrame, book: Book, family: str, size: int) -> None:
    terms = Terms(family="study" if family == "study" else "share")
    found = [gain for gain in gains(Findings(frame, book, terms)) if family == "study" or gain.share == 0.1]
    assert len(found) == size
    assert [gain.corrected for gain in found] == list(holm([gain.p or 0.0 for gain in found]))
    assert all(gain.family == size and gain.smallest == 2 / 1024 * size for gain in found)


def test_an_arm_that_did_not_finish_is_a_comparison_all_the_same() -> None:
    planned = plan(study(surgeries=FEW, seeds=10))
    kept = without(outcomes(planned), planned, "f2r4", set(range(10)))
    gain = gain_of(Findings(table(planned, kept)))
    assert (gain.family, gain.corrected) == (4, pytest.approx(4 * 2 / 1024))


def test_an_arm_that_a_race_has_stopped_has_no_p_and_is_counted() -> None:
    planned = plan(study(surgeries=FEW, seeds=10))
    kept = without(outcomes(planned), planned, "f2r4", set(range(6, 10)))
    never = {entry.trial.key for entry in planned.entries if str(entry.arm.surgery) == "f2r4" and entry.seed >= 6}
    findings = Findings(table(planned, kept, never))
    gone, other = gain_of(findings, "f2r4"), gain_of(findings)
    assert (gone.p, gone.corrected, gone.arm_stopped, gone.pairs) == (None, None, True, 6)
    assert (other.family, other.corrected) == (4, pytest.approx(4 * 2 / 1024))


def test_five_pairs_cannot_show_a_gain_and_it_is_said_how_many_seeds_could() -> None:
    findings = Findings(frame_from(study(surgeries=FEW)))
    gain = gain_of(findings)
    assert gain.smallest == 0.25
    assert gain.smallest > findings.terms.alpha
    assert attainable_sentence(gain, findings.terms) == (
        "with n = 5 pairs no p can be below 0.0625, or below 0.25 after the correction for 4 comparisons: no "
        "difference, however large, can be shown by p; that takes at least 8 seeds"
    )


def test_ten_pairs_can_show_a_gain(frame: pd.DataFrame) -> None:
    gain = gain_of(Findings(frame))
    assert gain.smallest <= Terms().alpha
    assert attainable_sentence(gain, Terms()).endswith("this design can show a difference at the level of 0.05")
    assert gain.smallest > Terms(level=0.999).alpha


def test_equal_accuracies_in_every_seed_gain_nothing_and_show_nothing() -> None:
    gain = gain_of(Findings(tidy(r2=[0.8] * 4, t2=[0.8] * 4)), "t2", 0.1)
    assert (gain.p, gain.effect) == (1.0, None)
    assert estimate(gain.difference) == Estimate(0.0, -1.0, 1.0, 4, 0.95)


def test_the_variance_of_a_mean_is_told_in_parts_where_answers_are_known(frame: pd.DataFrame, book: Book) -> None:
    found = variance_parts(Findings(frame, book), "f4r2", 0.1)
    assert found is not None
    assert found.by_seed + found.by_item + found.by_both == pytest.approx(100)
    assert found.by_item > 50
    assert (found.seeds, found.items) == (10, ITEMS)


def test_no_parts_of_a_variance_are_told_where_there_are_none(frame: pd.DataFrame, book: Book) -> None:
    assert variance_parts(Findings(frame), "f4r2", 0.1) is None
    assert variance_parts(Findings(frame, book), "r6", 0.01) is None
    assert variance_parts(Findings(frame[frame["seed"] == 0], book), "f4r2", 0.1) is None


@pytest.mark.slow
def test_a_study_of_equal_arms_is_told_a_gain_in_at_most_6_percent() -> None:
    assert false_gains(60) <= 0.12


@pytest.mark.slow
def test_2000_studies_of_equal_arms_are_told_a_gain_in_at_most_6_percent() -> None:
    assert false_gains(2_000) <= 0.06


def false_gains(studies: int) -> float:
    """In which part of simulated studies of equal arms, each good on items of its own, any gain is claimed."""
    draws, ids, claimed = np.random.default_rng(5), np.arange(60), 0
    arms = ("r2", "f1r1", "t2")
    cell = {"names": "", "share": 0.1, "status": "finished"}
    empty = frame_of([cell | {"arm": arm, "seed": seed, "key": f"{arm}-{seed}"} for arm in arms for seed in range(10)])
    for _ in range(studies):
        luck, book = draws.normal(0, 0.1, 10), dict[str, Answers]()
        for arm in arms:
            middle = 1.5 + draws.normal(0, 1, len(ids))
            for seed in range(10):
                book[f"{arm}-{seed}"] = Answers(ids, middle + luck[seed] + draws.normal(0, 1, len(ids)) > 0)
        frame = empty.assign(score=[book[str(key)].right.mean() for key in empty["key"]])
        found = gains(Findings(frame, book))
        claimed += any(gain.corrected is not None and gain.corrected <= 0.05 for gain in found)
    return claimed / studies
