"""LogME, the H-score, NCE, LEEP and CKA are their published formulas, written out here another way."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from sklearn.covariance import LedoitWolf, ledoit_wolf_shrinkage

from frostline.randomness import stream
from frostline.scoring.h_score import regularised_h_score, shrinkage
from frostline.scoring.heads import log_expected_prediction, negative_conditional_entropy
from frostline.scoring.items import scored
from frostline.scoring.logme import log_maximum_evidence
from frostline.scoring.similarity import linear_cka


def problem(items: int, width: int, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    generator = stream(0, "problem", str(items), str(width))
    targets = np.arange(items) % classes
    centres = generator.normal(size=(classes, width))
    return (centres[targets] + generator.normal(size=(items, width))).astype(np.float32), targets


def largest_log_density(features: np.ndarray, label: np.ndarray) -> float:
    """The largest density of ``label`` under N(0, I / beta + F F' / alpha), found from several places."""
    gram = features.astype(np.float64) @ features.T.astype(np.float64)

    def lost(logarithms: np.ndarray) -> float:
        alpha, beta = np.exp(logarithms)
        return -float(multivariate_normal.logpdf(label, cov=np.eye(len(label)) / beta + gram / alpha))

    return -min(minimize(lost, start, method="Nelder-Mead").fun for start in ((0.0, 0.0), (3.0, 1.0)))


@pytest.mark.parametrize(("items", "width"), [(24, 4), (12, 8)])
def test_logme_is_the_largest_density_of_the_labels_an_item(items: int, width: int) -> None:
    features, targets = problem(items, width)
    largest = [largest_log_density(features, (targets == label).astype(float)) for label in range(3)]
    assert log_maximum_evidence(features, targets) == pytest.approx(np.mean(largest) / items, abs=1e-5)


def test_logme_is_where_the_published_fixed_point_settles() -> None:
    features, targets = problem(50, 5, classes=2)
    values = features.astype(np.float64)
    hessian, said = values.T @ values, []
    for label in ((targets == c).astype(float) for c in range(2)):
        alpha = beta = 1.0
        for _ in range(500):
            weights = beta * np.linalg.solve(alpha * np.eye(5) + beta * hessian, values.T @ label)
            gamma = np.trace(beta * np.linalg.solve(alpha * np.eye(5) + beta * hessian, hessian))
            left = ((label - values @ weights) ** 2).sum()
            alpha, beta = gamma / (weights @ weights), (50 - gamma) / left
        total = 50 / 2 * np.log(beta / (2 * np.pi)) + 5 / 2 * np.log(alpha) - beta / 2 * left
        said.append(
            total - alpha / 2 * weights @ weights - np.linalg.slogdet(alpha * np.eye(5) + beta * hessian)[1] / 2
        )
    assert log_maximum_evidence(features, targets) == pytest.approx(np.mean(said) / 50, abs=1e-6)


def test_logme_of_labels_that_features_tell_is_above_that_of_labels_they_do_not() -> None:
    features, targets = problem(60, 4)
    shuffled = stream(0, "shuffled").permutation(targets)
    assert log_maximum_evidence(features, targets) > log_maximum_evidence(features, shuffled)


@pytest.mark.parametrize(("items", "width"), [(40, 5), (20, 30)])
def test_the_h_score_is_the_trace_over_the_covariance_of_ledoit_and_wolf(items: int, width: int) -> None:
    features, targets = problem(items, width)
    values = features.astype(np.float64)
    fitted = LedoitWolf().fit(values)
    means = np.array([values[targets == label].mean(axis=0) for label in targets])
    between = np.cov(means, rowvar=False, ddof=0)
    expected = np.trace(np.linalg.solve(fitted.covariance_, (1 - fitted.shrinkage_) * between))
    assert regularised_h_score(features, targets, width) == pytest.approx(expected)


@pytest.mark.parametrize(("items", "width"), [(40, 5), (20, 30)])
def test_the_shrinkage_is_that_of_scikit_learn(items: int, width: int) -> None:
    features = problem(items, width)[0].astype(np.float64)
    assert shrinkage(features - features.mean(axis=0), width) == pytest.approx(ledoit_wolf_shrinkage(features))


def test_the_h_score_of_turned_features_is_that_of_all_of_them() -> None:
    features, targets = problem(20, 300)
    turned = scored(features, targets)
    assert turned.features.shape[1] == 20
    expected = regularised_h_score(features, targets, 300)
    assert regularised_h_score(turned.features, targets, turned.width) == pytest.approx(expected, rel=1e-4)


def test_nce_is_minus_the_conditional_entropy_of_the_classes() -> None:
    source, targets = stream(0, "source").integers(4, size=80), stream(0, "targets").integers(3, size=80)
    entropy = 0.0
    for z in range(4):
        parts = np.bincount(targets[source == z], minlength=3) / (source == z).sum()
        entropy -= (source == z).mean() * (parts[parts > 0] * np.log(parts[parts > 0])).sum()
    assert negative_conditional_entropy(source, targets) == pytest.approx(-entropy)


def test_nce_is_zero_where_the_source_class_tells_the_class() -> None:
    assert negative_conditional_entropy(np.array([0, 1, 4, 4]), np.array([1, 1, 0, 0])) == 0


def test_leep_is_the_likelihood_of_the_empirical_predictor() -> None:
    probabilities = stream(0, "head").dirichlet(np.ones(5), size=30)
    targets = np.arange(30) % 3
    said = []
    for item in range(30):
        expected = 0.0
        for z in range(5):
            joint = [probabilities[targets == y, z].sum() for y in range(3)]
            expected += probabilities[item, z] * joint[targets[item]] / sum(joint)
        said.append(np.log(expected))
    assert log_expected_prediction(probabilities, targets) == pytest.approx(np.mean(said))


def test_leep_of_a_sure_head_is_nce() -> None:
    source, targets = stream(0, "source").integers(4, size=80), stream(0, "targets").integers(3, size=80)
    sure = np.eye(6)[source]
    assert log_expected_prediction(sure, targets) == pytest.approx(negative_conditional_entropy(source, targets))


def test_cka_is_the_centred_hsic_of_linear_kernels() -> None:
    one, other = stream(0, "one").normal(size=(30, 4)), stream(0, "other").normal(size=(30, 50)) + 3
    centring = np.eye(30) - 1 / 30
    left, right = (centring @ values @ values.T @ centring for values in (one, other))
    expected = np.trace(left @ right) / np.sqrt(np.trace(left @ left) * np.trace(right @ right))
    assert linear_cka(one, other) == pytest.approx(expected)


def test_cka_does_not_see_a_rotation_a_shift_or_a_scale() -> None:
    one = stream(0, "one").normal(size=(30, 4))
    rotation = np.linalg.qr(stream(0, "turn").normal(size=(4, 4)))[0]
    assert linear_cka(one, 3 * one @ rotation + 5) == pytest.approx(1)
    assert linear_cka(one, stream(0, "other").normal(size=(30, 4))) < 0.5
