"""What is told of synthetic items is what the definitions say, and copies are found out."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from frostline.augmentation.fidelity import fidelity, frechet, nearest, precision_and_recall
from frostline.errors import GeneratorFailed
from frostline.randomness import stream


def features(count: int, *purpose: str, width: int = 5) -> np.ndarray:
    return stream(0, "features", *purpose).normal(size=(count, width))


def test_the_frechet_distance_is_that_of_the_definition() -> None:
    one, other = features(60, "one"), 1.5 * features(40, "other") + 0.3
    first, second = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    root = scipy.linalg.sqrtm(first @ second).real
    apart = one.mean(axis=0) - other.mean(axis=0)
    assert frechet(one, other) == pytest.approx(apart @ apart + np.trace(first + second - 2 * root), rel=1e-9)


def test_the_frechet_distance_of_a_set_to_itself_is_nothing_even_with_fewer_items_than_features() -> None:
    few = features(6, "few", width=40)
    assert frechet(few, few) == pytest.approx(0, abs=1e-9)
    assert frechet(few, few + 2.0) == pytest.approx(4 * 40)


def test_precision_and_recall_are_those_of_the_definition() -> None:
    real, made = features(20, "real"), features(15, "made") + 0.5

    def among(points: np.ndarray, others: np.ndarray) -> float:
        inside = 0
        for point in points:
            for other in others:
                reach = sorted(np.linalg.norm(others - other, axis=1))[3]
                if np.linalg.norm(point - other) <= reach:
                    inside += 1
                    break
        return inside / len(points)

    assert precision_and_recall(real, made) == (pytest.approx(among(made, real)), pytest.approx(among(real, made)))


def test_a_generator_that_hides_half_of_the_items_is_precise_and_recalls_half() -> None:
    real = np.concatenate([features(50, "a"), features(50, "b") + 100])
    precision, recall = precision_and_recall(real, features(50, "c"))
    assert precision > 0.7 and 0.3 < recall <= 0.5


def test_copies_are_told_from_new_items() -> None:
    learned, held = features(60, "learned"), features(30, "held")
    copied = fidelity(learned[:30] + 1e-6, learned, held)
    fresh = fidelity(features(30, "fresh"), learned, held)
    assert copied.copied == 1 and copied.closeness < 1e-4
    assert fresh.copied < 0.2 and 0.7 < fresh.closeness < 1.4
    assert (fresh.n_made, fresh.n_learned, fresh.n_held) == (30, 60, 30)
    of_all = fidelity(features(60, "fresh"), learned, held).frechet_of_real
    assert of_all == pytest.approx(frechet(held, learned))
    assert fresh.frechet_of_real != pytest.approx(of_all)


def test_each_item_is_told_its_nearest_real_one() -> None:
    learned = features(8, "learned")
    found = nearest(learned[[5, 2]] + 1e-9, learned)
    assert found.places.tolist() == [5, 2] and found.distances == pytest.approx([0, 0], abs=1e-8)


def test_items_that_cannot_be_judged_are_named_all_at_once() -> None:
    broken = features(9, "broken")
    broken[0, 0] = np.nan
    with pytest.raises(GeneratorFailed, match="3 synthetic items; at least 4 are needed; features of held-out items"):
        fidelity(features(3, "few"), features(9, "learned"), broken)


def test_the_distance_of_real_items_is_that_of_all_classes_where_items_lie_class_by_class() -> None:
    learned = np.concatenate([features(200, "low"), features(200, "high") + 8])
    held = np.concatenate([features(60, "low", "held"), features(60, "high", "held") + 8])
    made = np.concatenate([features(60, "low", "made"), features(60, "high", "made") + 8])
    told = fidelity(made, learned, held)
    assert told.frechet_of_real < 3 * told.frechet < 3 < frechet(held, learned[:120])
    assert fidelity(made, learned, held) == told
