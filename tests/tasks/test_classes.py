"""Every figure of the evaluation equals scikit-learn's, on random predictions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from frostline.tasks import classes

NAMES = ("a", "b", "c", "d")


@given(st.integers(0, 10_000), st.integers(1, 80))
def test_figures_equal_those_of_scikit_learn(seed: int, items: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(items, 4, generator=generator)
    targets = torch.randint(0, 4, (items,), generator=generator)
    found = classes.metrics(logits, targets, NAMES)
    true, called = targets.numpy(), logits.argmax(dim=1).numpy()
    labels = list(range(4))
    precision, recall, f1, support = reference.precision_recall_fscore_support(
        true, called, labels=labels, zero_division=0
    )
    assert found.accuracy == pytest.approx(reference.accuracy_score(true, called))
    assert found.macro_f1 == pytest.approx(
        reference.f1_score(true, called, labels=labels, average="macro", zero_division=0)
    )
    assert found.nll == pytest.approx(
        reference.log_loss(true, logits.double().softmax(dim=1).numpy(), labels=labels), rel=1e-5
    )
    assert np.array_equal(np.array(found.confusion), reference.confusion_matrix(true, called, labels=labels))
    for index, row in enumerate(found.classes):
        expected = (precision[index], recall[index], f1[index], support[index])
        assert (row.precision, row.recall, row.f1, row.support) == pytest.approx(expected)
        assert row.name == NAMES[index]


def test_a_sure_and_right_network_is_calibrated_and_a_sure_and_wrong_one_is_not() -> None:
    targets = torch.arange(4)
    sure = torch.eye(4) * 100
    assert classes.calibration_error(sure, targets) == pytest.approx(0)
    assert classes.calibration_error(sure, targets.flip(0)) == pytest.approx(1)


def test_calibration_error_of_a_half_sure_network_is_the_gap_of_its_bin() -> None:
    logits = torch.tensor([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.9, 0.1]]).log()
    targets = torch.tensor([0, 0, 1, 1])
    assert classes.calibration_error(logits, targets) == pytest.approx(0.4, abs=1e-6)
