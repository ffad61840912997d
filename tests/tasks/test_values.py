"""Figures of values equal their definitions; the interval of the concordance covers what it says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as reference
from torch import Tensor

from frostline.tasks import values

NAMES = ("valence", "arousal")


def answered(seed: int, items: int = 50) -> tuple[Tensor, Tensor]:
    """Random answers that have something to do with what is true."""
    generator = torch.Generator().manual_seed(seed)
    true = torch.rand(items, 2, generator=generator) * 2 - 1
    return 0.6 * true + 0.3 * torch.randn(items, 2, generator=generator) + 0.1, true


def by_definition(answers: np.ndarray, true: np.ndarray) -> float:
    """Lin's concordance written out (1989, equation 4), with population moments."""
    covariance = np.mean((answers - answers.mean()) * (true - true.mean()))
    return float(2 * covariance / (answers.var() + true.var() + (answers.mean() - true.mean()) ** 2))


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.integers(3, 80))
def test_every_figure_equals_its_definition(seed: int, items: int) -> None:
    outputs, targets = answered(seed, items)
    found = values.metrics(outputs, targets, NAMES, None)
    answers, true = outputs.double().numpy(), targets.double().numpy()
    for place, one in enumerate(found.values):
        x, y = answers[:, place], true[:, place]
        assert one.ccc == pytest.approx(by_definition(x, y))
        assert one.pearson == pytest.approx(stats.pearsonr(x, y).statistic)
        assert one.r2 == pytest.approx(reference.r2_score(y, x))
        assert one.mae == pytest.approx(reference.mean_absolute_error(y, x))
        assert one.mse == pytest.approx(reference.mean_squared_error(y, x))
        assert not one.constant
    for name in ("ccc", "pearson", "r2", "mae", "mse"):
        assert getattr(found, name) == pytest.approx(np.mean([getattr(one, name) for one in found.values]))
    assert found.score == found.ccc == pytest.approx(values.score(outputs, targets))


def test_errors_are_told_on_the_scale_of_the_annotation_and_what_has_no_unit_stays() -> None:
    outputs, targets = answered(0)
    scaled, own = values.metrics(outputs, targets, NAMES, None), values.metrics(outputs, targets, NAMES, (1.0, 9.0))
    assert own.mae == pytest.approx(4 * scaled.mae) and own.mse == pytest.approx(16 * scaled.mse)
    assert (own.ccc, own.pearson, own.r2) == (scaled.ccc, scaled.pearson, scaled.r2)
    assert own.values[0].scale == (1.0, 9.0)


def test_answers_that_are_all_the_same_have_no_concordance_and_are_flagged() -> None:
    outputs, targets = answered(1)
    outputs[:, 0] = 0.1 + 1e-8 * torch.randn(50, generator=torch.Generator().manual_seed(0))
    found = values.metrics(outputs, targets, NAMES, None)
    dead, live = found.values
    assert (dead.ccc, dead.pearson, dead.constant, dead.ccc_low, dead.ccc_high) == (0.0, 0.0, True, None, None)
    assert dead.r2 < 0.01 and not live.constant
    assert found.ccc == live.ccc / 2


def test_true_values_that_are_all_the_same_leave_nothing_to_explain() -> None:
    outputs, targets = answered(2)
    targets[:, 1] = -0.5
    dead = values.metrics(outputs, targets, NAMES, None).values[1]
    assert (dead.ccc, dead.pearson, dead.r2, dead.constant) == (0.0, 0.0, 0.0, True)


def test_answers_and_truth_that_are_one_number_have_no_concordance() -> None:
    same = torch.full((5, 1), 0.3)
    assert values.score(same, same) == 0.0


def test_the_interval_is_the_jackknife_of_z_written_out() -> None:
    outputs, targets = answered(3, 20)
    x, y = outputs[:, 0].double().numpy(), targets[:, 0].double().numpy()
    whole = np.arctanh(by_definition(x, y))
    without = [np.arctanh(by_definition(np.delete(x, item), np.delete(y, item))) for item in range(20)]
    told = 20 * whole - 19 * np.array(without)
    half = stats.t.ppf(0.975, 19) * told.std(ddof=1) / np.sqrt(20)
    expected = np.tanh(told.mean() - half), np.tanh(told.mean() + half)
    assert values.concordance_interval(x, y) == pytest.approx(expected)


def test_of_too_few_items_and_of_perfect_answers_there_is_no_interval() -> None:
    outputs, targets = answered(4, 3)
    assert values.metrics(outputs, targets, NAMES, None).values[0].ccc_low is None
    _, many = answered(4, 30)
    assert values.metrics(many, many, NAMES, None).values[0].ccc_low is None


@pytest.mark.slow
@pytest.mark.parametrize(("items", "noise"), [(30, 0.6), (40, 1.5), (100, 0.8), (200, 3.0)])
def test_the_interval_covers_the_true_concordance(items: int, noise: float) -> None:
    generator = np.random.default_rng(items)
    true_variance, mean_difference = 1.0, 0.2
    expected = 2 * true_variance / (2 * true_variance + noise**2 + mean_difference**2)
    held = []
    for _ in range(4000):
        y = generator.normal(0, 1, items)
        x = y + mean_difference + generator.normal(0, noise, items)
        low, high = values.concordance_interval(x, y) or (0.0, 0.0)
        held.append(low <= expected <= high)
    assert 0.93 <= np.mean(held) <= 0.97


@pytest.mark.parametrize(
    ("mixture", "expected"),
    [
        ({"mse": 1.0}, lambda x, y: ((x - y) ** 2).mean()),
        ({"mae": 1.0}, lambda x, y: np.abs(x - y).mean()),
        ({"ccc": 1.0}, lambda x, y: 1 - np.mean([by_definition(x[:, i], y[:, i]) for i in range(2)])),
        (
            {"mse": 0.5, "ccc": 2.0},
            lambda x, y: (
                0.5 * ((x - y) ** 2).mean() + 2 * (1 - np.mean([by_definition(x[:, i], y[:, i]) for i in range(2)]))
            ),
        ),
    ],
)
def test_each_loss_equals_its_definition_and_mixtures_add_up(mixture, expected) -> None:  # type: ignore[no-untyped-def]
    outputs, targets = answered(5)
    by_hand = expected(outputs.double().numpy(), targets.double().numpy())
    assert float(values.loss(outputs, targets, mixture)) == pytest.approx(by_hand, rel=1e-5)


def test_the_gradient_of_the_concordance_is_finite_where_all_answers_are_the_same() -> None:
    outputs = torch.zeros(4, 1, requires_grad=True)
    values.loss(outputs, torch.zeros(4, 1), {"ccc": 1.0}).backward()
    assert outputs.grad is not None and outputs.grad.isfinite().all()


def test_the_answer_to_a_sample_is_the_mean_of_those_to_its_pieces() -> None:
    outputs, _ = answered(6)
    assert torch.equal(values.of_samples(outputs, 5), outputs.reshape(10, 5, 2).mean(dim=1))
