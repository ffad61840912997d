"""Rank correlations are those of scipy, the ceiling is where a perfect score stands, regret is what a pick costs."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from frostline.analysis.layer_cuts import read_layer_cuts
from frostline.randomness import stream
from frostline.scoring.cluster_files import read_cluster_file
from frostline.scoring.items import ScoringFault
from frostline.scoring.trust import Trust, kendall, regret, spearman, trust

LAYERS = tuple("abcdef")


def told(scores: np.ndarray, accuracies: np.ndarray) -> Trust:
    return trust(LAYERS, scores, accuracies, 0.95, stream(0, "trust"))


@pytest.mark.parametrize("levels", [1000, 3])
def test_rank_correlations_are_those_of_scipy_with_and_without_ties(levels: int) -> None:
    left, right = (stream(0, side).integers(levels, size=(20, 6)).astype(float) for side in ("left", "right"))
    kept = [row for row in range(20) if np.ptp(left[row]) and np.ptp(right[row])]
    for mine, theirs in ((spearman, stats.spearmanr), (kendall, stats.kendalltau)):
        expected = [theirs(left[row], right[row]).statistic for row in kept]
        assert mine(left, right)[kept] == pytest.approx(expected)


def test_regret_is_the_best_accuracy_less_that_of_the_highest_score() -> None:
    scores = np.array([[3.0, 1, 2], [1, 3, 3]])
    accuracies = np.array([[0.5, 0.9, 0.7], [0.5, 0.9, 0.7]])
    assert regret(scores, accuracies) == pytest.approx([0.4, 0.1])


def test_a_score_that_orders_layers_as_accuracy_does_has_no_regret() -> None:
    accuracies = np.linspace(0.5, 0.9, 6) + 0.001 * stream(0, "runs").normal(size=(8, 6))
    found = told(accuracies * 3, accuracies)
    assert (found.spearman.value, found.kendall.value, found.regret.value) == (1, 1, 0)
    assert (found.picked, found.best, found.spearman.low, found.regret.high) == ("f", "f", 1, 0)
    assert (found.reliability, found.ceiling) == (1, 1)


def test_the_ceiling_is_what_the_true_accuracies_themselves_reach() -> None:
    generator, ceilings, reached = stream(0, "studies"), [], []
    for _ in range(60):
        true = generator.normal(size=6)
        runs = true + generator.normal(size=(10, 6))
        ceilings.append(told(true[None], runs).ceiling or 0.0)
        reached.append(stats.spearmanr(true, runs.mean(axis=0)).statistic)
    assert np.mean(reached) < 0.9
    assert np.mean(ceilings) == pytest.approx(np.mean(reached), abs=0.03)


def test_intervals_hold_what_endless_seeds_would_show() -> None:
    generator, held = stream(0, "coverage"), []
    true, score = np.linspace(0.7, 0.9, 6), np.array([2.0, 1, 3, 4, 6, 5])
    for _ in range(40):
        found = told(score[None], true + 0.1 * generator.normal(size=(10, 6)))
        low, high = found.spearman.low or 0.0, found.spearman.high or 0.0
        held.append(low - 1e-9 <= stats.spearmanr(score, true).statistic <= high + 1e-9)
    assert np.mean(held) >= 0.9


def test_layers_tie_though_their_seeds_come_in_another_order() -> None:
    runs = np.array([0.1, 0.2, 0.3, 0.7])
    scores = np.stack([runs, runs[[3, 1, 0, 2]], runs + 1], axis=1)
    accuracies = np.stack([runs, runs + 1, runs + 2], axis=1)
    found = trust(("a", "b", "c"), scores, accuracies, 0.95, stream(0, "trust"))
    assert found.spearman.value == pytest.approx(stats.spearmanr([0, 0, 1], [0, 1, 2]).statistic)


def test_scores_and_accuracies_of_a_seed_are_drawn_together() -> None:
    luck = stream(0, "luck").normal(size=(12, 1)) * np.arange(6)
    found = told(luck, luck)
    assert found.spearman.low == 1


def test_a_score_that_does_not_depend_on_the_seed_has_one_row() -> None:
    accuracies = stream(0, "runs").normal(size=(6, 6))
    score = stream(0, "score").normal(size=(1, 6))
    assert told(score, accuracies) == told(np.repeat(score, 6, axis=0), accuracies)


def test_one_seed_has_no_interval_and_few_have_no_ceiling() -> None:
    accuracies = stream(0, "runs").normal(size=(3, 6))
    assert told(accuracies[:1], accuracies[:1]).spearman.low is None
    assert told(accuracies, accuracies).ceiling is None


@pytest.mark.parametrize(
    ("scores", "accuracies", "message"),
    [
        (np.ones((2, 6)), np.eye(2, 6), "the mean scores are the same at every layer; they have no order"),
        (np.eye(2, 6), np.ones((2, 6)), "the mean accuracies are the same at every layer; they have no order"),
        (np.full((2, 6), np.nan), np.eye(2, 6), "12 scores are not finite; leave out seeds that lack a layer"),
        (np.eye(3, 6), np.eye(2, 6), r"got scores of shape \(3, 6\) and accuracies of shape \(2, 6\) for 6 layers"),
    ],
)
def test_tables_that_say_nothing_are_refused(scores: np.ndarray, accuracies: np.ndarray, message: str) -> None:
    with pytest.raises(ScoringFault, match=message):
        told(scores, accuracies)


def test_two_layers_have_no_ranks_to_speak_of() -> None:
    with pytest.raises(ScoringFault, match="got 2 layers; ranks need three or more"):
        trust(("a", "b"), np.eye(2), np.eye(2), 0.95, stream(0, "trust"))


@pytest.mark.real_data
def test_the_published_clustering_score_does_not_find_the_layers_that_transfer() -> None:
    folder = Path(os.environ["FROSTLINE_DATA"], "published")
    rows = read_cluster_file(folder / "FashionMNIST__regular_classes_cluster.json")
    cuts = read_layer_cuts([folder / "FashionMNIST__cuts_regular_classes_FR.json"])
    cut_of = {point.arm: point.cut for point in cuts.points}
    frame = cuts.frame.assign(cut=cuts.frame["arm"].map(cut_of))
    found = {}
    for share, ari in rows[rows["figure"] == "ari"].groupby("share"):
        scores = ari.pivot(index="seed", columns="layer", values="value")
        reached = frame[(frame["share"] == share) & (frame["cut"] > 0)].pivot(
            index="seed", columns="cut", values="accuracy"
        )
        found[share] = trust(tuple(scores.columns), scores.to_numpy(), reached.to_numpy(), 0.95, stream(0, "trust"))
    rho = [round(one.spearman.value, 2) for one in found.values()]
    lost = [round(100 * one.regret.value, 1) for one in found.values()]
    assert rho == [-0.49, -0.31, -0.71, -0.26, -0.77]
    assert lost == [2.6, 3.4, 5.0, 5.9, 0.7]
    assert all(one.picked == "conv1" for one in found.values())
