"""What an item contributes to a concordance or an area: its mean is the figure, its spread that of the figure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import special
from sklearn.metrics import roc_auc_score

from frostline.analysis.answers import read_answers
from frostline.analysis.contributions import of_area, of_concordance
from frostline.analysis.crossed import over_seeds_and_items
from frostline.shelf import Shelf

SEEDS, ITEMS, NOISE = 0.25, 0.5, 0.6
"""Standard deviations: of what a seed is off everywhere, of what all seeds are off in an item, and of the rest."""
RARE = 0.3
"""How often a simulated tag is present."""


def concordance(true: np.ndarray, predicted: np.ndarray) -> float:
    """Lin's coefficient as it is defined, with moments over the items."""
    together = np.cov(true, predicted, bias=True)
    return float(2 * together[0, 1] / (together.trace() + (true.mean() - predicted.mean()) ** 2))


def area(present: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The contributions to an area that exists."""
    found = of_area(present, scores)
    assert found is not None
    return found


def jackknifed(figure: Callable[[np.ndarray], float], items: int) -> np.ndarray:
    """The pseudo-values of ``figure``, each from the figure without that item (Tukey 1958)."""
    every = np.arange(items)
    without = np.array([figure(np.delete(every, item)) for item in every])
    return np.asarray(items * figure(every) - (items - 1) * without)


def numbers(draws: np.random.Generator, seeds: int, items: int) -> tuple[np.ndarray, np.ndarray]:
    """Normal numbers of items, and what each seed predicts of them: seed by item."""
    true = draws.normal(size=items)
    off = ITEMS * draws.normal(size=items) + NOISE * draws.normal(size=(seeds, items))
    return true, 0.8 * true + SEEDS * draws.normal(size=(seeds, 1)) + off


def tags(draws: np.random.Generator, seeds: int, items: int) -> tuple[np.ndarray, np.ndarray]:
    """Which items have a tag, and how sure each seed is of it: seed by item. Seeds tell the two apart more or less."""
    present = draws.random(items) < RARE
    gap = 1 + SEEDS * draws.normal(size=(seeds, 1))
    return present, gap * present + ITEMS * draws.normal(size=items) + NOISE * draws.normal(size=(seeds, items))


@pytest.mark.parametrize("items", [3, 40])
def test_the_mean_contribution_is_the_concordance(items: int) -> None:
    true, (predicted,) = numbers(np.random.default_rng(0), 1, items)
    assert of_concordance(true, predicted).mean() == pytest.approx(concordance(true, predicted))


def test_the_mean_contribution_is_the_area_where_some_are_equal() -> None:
    draws = np.random.default_rng(1)
    present, scores = draws.random(50) < 0.2, draws.integers(5, size=50).astype(float)
    assert area(present, scores).mean() == pytest.approx(roc_auc_score(present, scores))


def test_contributions_to_a_concordance_are_pseudo_values_but_for_the_order_of_one_item() -> None:
    true, (predicted,) = numbers(np.random.default_rng(2), 1, 200)
    brute = jackknifed(lambda kept: concordance(true[kept], predicted[kept]), 200)
    found = of_concordance(true, predicted)
    assert np.corrcoef(found, brute)[0, 1] > 0.9995
    assert found.std() == pytest.approx(brute.std(), rel=0.02)


def test_contributions_to_an_area_are_pseudo_values_but_for_the_order_of_one_item() -> None:
    present, (scores,) = tags(np.random.default_rng(3), 1, 200)
    rightly = (scores[:, None] > scores).astype(float)
    brute = jackknifed(lambda kept: float(rightly[np.ix_(kept[present[kept]], kept[~present[kept]])].mean()), 200)
    found = area(present, scores)
    assert np.corrcoef(found, brute)[0, 1] > 0.9995
    assert found.std() == pytest.approx(brute.std(), rel=0.02)


def test_the_spread_of_contributions_to_an_area_is_that_of_delong() -> None:
    present, (scores,) = tags(np.random.default_rng(4), 1, 2_000)
    rightly = (scores[present][:, None] > scores[~present]).astype(float)
    delong = rightly.mean(axis=1).var() / present.sum() + rightly.mean(axis=0).var() / (~present).sum()
    assert area(present, scores).var() / 2_000 == pytest.approx(delong)


def test_a_constant_prediction_has_no_concordance_whatever_the_item() -> None:
    assert of_concordance(np.array([1.0, 2.0, 6.0]), np.full(3, 3.0)).tolist() == [0.0, 0.0, 0.0]
    assert of_concordance(np.ones(3), np.ones(3)).tolist() == [0.0, 0.0, 0.0]


def test_a_tag_of_all_items_or_of_none_has_no_area() -> None:
    assert of_area(np.zeros(3, dtype=bool), np.arange(3.0)) is None
    assert of_area(np.ones(3, dtype=bool), np.arange(3.0)) is None


def test_kept_predictions_of_tags_give_their_mean_area_item_by_item(tmp_path: Path) -> None:
    draws = np.random.default_rng(5)
    targets = (draws.random((30, 3)) < 0.4).astype(np.float32)
    targets[:, 2] = 0
    logits = draws.normal(size=(30, 3)).astype(np.float32)
    ids = np.array([f"i{draw:02}" for draw in draws.permutation(30)])
    kept = {"test_ids": ids, "targets": targets, "logits": logits, "task": np.array("tags")}
    Shelf(tmp_path).keep_predictions("a", kept)
    found = read_answers(tmp_path, ["a"])["a"]
    assert found.ids.tolist() == sorted(ids.tolist())
    assert found.right.mean() == pytest.approx(roc_auc_score(targets[:, :2], logits[:, :2], average="macro"))
    first = np.mean([area(targets[:, tag] > 0.5, logits[:, tag].astype(float)) for tag in (0, 1)], axis=0)
    assert found.right[0] == pytest.approx(first[ids.tolist().index("i00")])


def test_kept_predictions_of_numbers_give_their_mean_concordance_and_their_own_scale(tmp_path: Path) -> None:
    true, predicted = np.array([[-1, 0], [0, 1], [1, -1]]), np.array([[-0.5, 0], [0, 0.5], [0, -1]])
    kept = {"test_ids": np.array(["c", "a", "b"]), "targets": true.astype(np.float32)}
    kept |= {"logits": predicted.astype(np.float32), "task": np.array("values"), "scale": np.array([1.0, 9.0])}
    Shelf(tmp_path).keep_predictions("a", kept)
    found = read_answers(tmp_path, ["a"])["a"]
    expected = np.mean([concordance(true[:, one], predicted[:, one]) for one in (0, 1)])
    assert found.right.mean() == pytest.approx(expected)
    assert found.numbers is not None
    assert found.numbers.true.tolist() == [[5, 9], [9, 1], [1, 5]]
    assert found.numbers.predicted.tolist() == [[5, 7], [5, 1], [3, 5]]


def of_numbers(draws: np.random.Generator, seeds: int, items: int) -> np.ndarray:
    """The contributions of simulated items to the concordance of each seed."""
    true, predicted = numbers(draws, seeds, items)
    return np.stack([of_concordance(true, one) for one in predicted])


def of_tags(draws: np.random.Generator, seeds: int, items: int) -> np.ndarray:
    """The contributions of simulated items to the area of each seed."""
    present, scores = tags(draws, seeds, items)
    return np.stack([area(present, one) for one in scores])


def truth_of_numbers() -> float:
    """The concordance of endless items, over endless seeds (Gauss-Hermite)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    whole = 1 + 0.8**2 + ITEMS**2 + NOISE**2 + (SEEDS * nodes) ** 2
    return float((2 * 0.8 / whole) @ weights / weights.sum())


def truth_of_tags() -> float:
    """The area of endless items, over endless seeds."""
    return float(special.ndtr(1 / np.sqrt(2 * (ITEMS**2 + NOISE**2) + SEEDS**2)))


SIMULATED = {"concordance": (of_numbers, truth_of_numbers()), "area": (of_tags, truth_of_tags())}


def coverage(kind: str, design: tuple[int, int], studies: int) -> float:
    """In which part of simulated studies the interval at 0.95 holds the true figure."""
    simulate, truth = SIMULATED[kind]
    held = 0
    for study in range(studies):
        found = over_seeds_and_items(simulate(np.random.default_rng([7, study]), *design)).interval(0.95)
        held += found.low <= truth <= found.high
    return held / studies


@pytest.mark.parametrize("kind", list(SIMULATED))
def test_an_interval_over_seeds_and_items_holds_the_true_figure(kind: str) -> None:
    assert 0.90 <= coverage(kind, (5, 200), 150) <= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("design", [(5, 100), (5, 400), (10, 100), (10, 400)])
@pytest.mark.parametrize("kind", list(SIMULATED))
def test_an_interval_covers_93_to_97_percent(kind: str, design: tuple[int, int]) -> None:
    assert 0.93 <= coverage(kind, design, 2_000) <= 0.97
