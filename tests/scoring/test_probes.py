"""Silhouettes, neighbours and probes tell classes as their definitions say, each item by others alone."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier

from frostline.randomness import stream
from frostline.scoring import probes
from frostline.scoring.items import ScoringFault
from frostline.scoring.probes import class_silhouette, neighbour_accuracy, probe_accuracy


def clouds(classes: int = 3, items: int = 40, width: int = 6) -> tuple[np.ndarray, np.ndarray]:
    generator = stream(0, "clouds", str(classes), str(width))
    targets = np.arange(items) % classes
    centres = generator.normal(size=(classes, width))
    return (centres[targets] + generator.normal(size=(items, width))).astype(np.float32), targets


def test_the_silhouette_is_the_mean_of_what_rousseeuw_defines() -> None:
    features, targets = clouds()
    distances = np.linalg.norm(features[:, None].astype(np.float64) - features[None], axis=2)
    said = []
    for item, label in enumerate(targets):
        own = distances[item][(targets == label) & (np.arange(len(targets)) != item)].mean()
        nearest = min(distances[item][targets == other].mean() for other in set(targets) - {label})
        said.append((nearest - own) / max(own, nearest))
    assert class_silhouette(features, targets) == pytest.approx(np.mean(said))


@pytest.mark.parametrize(("classes", "k"), [(2, 5), (3, 1)])
def test_neighbours_vote_as_a_classifier_fitted_without_the_item(classes: int, k: int) -> None:
    features, targets = clouds(classes)
    right = 0
    for item in range(len(targets)):
        others = np.arange(len(targets)) != item
        model = KNeighborsClassifier(k).fit(features[others], targets[others])
        right += int(model.predict(features[[item]])[0] == targets[item])
    assert neighbour_accuracy(features, targets, k) == right / len(targets)


def test_a_tie_of_votes_goes_to_the_nearest() -> None:
    features = np.array([[0.0], [1.0], [-3.0], [10.0]])
    assert neighbour_accuracy(features, np.array([1, 1, 0, 0]), k=2) == 0.5


def test_few_items_have_fewer_votes() -> None:
    assert neighbour_accuracy(np.array([[0.0], [0.1], [5.0]]), np.array([0, 0, 1])) == pytest.approx(2 / 3)


@pytest.mark.parametrize("width", [6, 60])
def test_a_probe_is_logistic_regression_that_has_not_seen_what_it_tells(width: int) -> None:
    features, targets = clouds(width=width)
    seed = int(stream(0, "probe").integers(2**32))
    right = 0
    for fitted, held in StratifiedKFold(5, shuffle=True, random_state=seed).split(features, targets):
        mean, scale = features[fitted].mean(axis=0), np.sqrt(features[fitted].var(axis=0).mean())
        model = LogisticRegression(max_iter=1000).fit((features[fitted] - mean) / scale, targets[fitted])
        right += int((model.predict((features[held] - mean) / scale) == targets[held]).sum())
    assert probe_accuracy(features, targets, width, stream(0, "probe")) == right / len(targets)


def test_a_probe_of_noise_is_no_better_than_chance() -> None:
    features = stream(1, "noise").normal(size=(40, 60))
    assert probe_accuracy(features, np.arange(40) % 2, 60, stream(0, "probe")) < 0.75


def test_a_probe_does_not_see_the_scale_or_the_place_of_features() -> None:
    features, targets = clouds()
    moved = features.astype(np.float64) * 1e-3 + 7
    same = [probe_accuracy(values, targets, 6, stream(0, "probe")) for values in (features, moved)]
    assert same[0] == same[1]


def test_a_class_with_a_single_item_cannot_be_probed() -> None:
    with pytest.raises(ScoringFault, match="class 1 has a single item, which cannot be both fitted and held out"):
        probe_accuracy(np.arange(5.0)[:, None], np.array([0, 0, 0, 0, 1]), 1, stream(0, "probe"))


def test_features_that_are_the_same_wherever_the_probe_is_fitted_are_told() -> None:
    features, targets = np.zeros((4, 1)), np.array([0, 1, 0, 1])
    seed = int(stream(0, "probe").integers(2**32))
    _, held = next(StratifiedKFold(2, shuffle=True, random_state=seed).split(features, targets))
    features[held] = [[1.0], [2.0]]
    with pytest.raises(ScoringFault, match="the features of all fitted items are the same"):
        probe_accuracy(features, targets, 1, stream(0, "probe"))


def test_a_probe_that_does_not_settle_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "STEPS", 1)
    features, targets = clouds(width=400)
    with pytest.raises(ScoringFault, match="the linear probe did not settle within 1 steps"):
        probe_accuracy(features, targets, 400, stream(0, "probe"))
