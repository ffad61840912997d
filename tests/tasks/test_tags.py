"""Areas and thresholds of tags equal scikit-learn's; losses equal their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference
from torch import Tensor

from frostline.tasks import tags

NAMES = ("rock", "piano", "slow")


def answered(seed: int, items: int = 40, distinct: int = 9) -> tuple[Tensor, Tensor]:
    """Random logits with ties, and targets of which each tag has some and lacks some."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randint(0, distinct, (items, 3), generator=generator).float() / 2 - 2
    targets = (torch.rand(items, 3, generator=generator) < 0.3).float()
    targets[0], targets[1] = 1.0, 0.0
    return logits, targets


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.integers(2, 60))
def test_areas_equal_those_of_scikit_learn_with_ties(seed: int, items: int) -> None:
    logits, targets = answered(seed, items)
    found = tags.metrics(logits, targets, NAMES, np.full(3, 0.5))
    scores, true = logits.numpy(), targets.numpy()
    areas = reference.roc_auc_score(true, scores, average=None)
    precisions = reference.average_precision_score(true, scores, average=None)
    f1s = reference.f1_score(true, scores >= 0, average=None, zero_division=0)
    assert [one.roc_auc for one in found.tags] == pytest.approx(areas)
    assert [one.average_precision for one in found.tags] == pytest.approx(precisions)
    assert [one.f1 for one in found.tags] == pytest.approx(f1s)
    assert (found.roc_auc, found.average_precision, found.f1) == pytest.approx(
        (areas.mean(), precisions.mean(), f1s.mean())
    )
    assert found.score == found.roc_auc == pytest.approx(tags.score(logits, targets))
    assert [one.positives for one in found.tags] == true.sum(axis=0).tolist()


def test_tags_that_no_item_or_every_item_has_are_left_out_by_name_and_of_no_mean() -> None:
    logits, targets = answered(0)
    targets[:, 1], targets[:, 2] = 0.0, 1.0
    found = tags.metrics(logits, targets, NAMES, np.full(3, 0.5))
    assert found.left_out == ("piano", "slow")
    assert [one.roc_auc is None for one in found.tags] == [False, True, True]
    assert found.tags[1].average_precision is None and found.tags[2].positives == len(targets)
    alone = found.tags[0]
    assert (found.roc_auc, found.average_precision, found.f1) == (alone.roc_auc, alone.average_precision, alone.f1)
    assert tags.score(logits, targets) == alone.roc_auc


def test_without_any_tag_that_is_told_the_score_is_no_number() -> None:
    logits, _ = answered(0)
    assert math.isnan(tags.score(logits, torch.ones_like(logits)))
    assert math.isnan(tags.metrics(logits, torch.ones_like(logits), NAMES, np.full(3, 0.5)).roc_auc)


@given(st.integers(0, 10_000))
def test_no_threshold_gives_a_higher_f1_than_the_tuned_one(seed: int) -> None:
    logits, targets = answered(seed, 25)
    found = tags.tuned_thresholds(logits, targets)
    likely, true = logits.double().sigmoid().numpy(), targets.numpy() > 0.5
    tuned = tags.f1(likely >= found, true)
    for other in np.unique(likely):
        assert (tags.f1(likely >= other, true) <= tuned + 1e-12).all()


def test_a_tuned_threshold_lies_halfway_to_the_next_item_so_that_ease_costs_nothing() -> None:
    targets = torch.tensor([[1.0], [1.0], [0.0], [0.0]])
    logits = torch.tensor([[12.0], [10.0], [-10.0], [-12.0]])
    found = tags.tuned_thresholds(logits, targets)
    assert found == pytest.approx([0.5])
    less_sure = (torch.tensor([[9.0], [3.0], [-3.0], [-9.0]]).sigmoid().numpy() >= found, targets.numpy() > 0.5)
    assert tags.f1(*less_sure) == pytest.approx([1.0])


def test_where_every_item_is_best_called_the_threshold_lies_below_all_of_them() -> None:
    logits = torch.tensor([[1.0], [0.0], [-1.0]])
    found = tags.tuned_thresholds(logits, torch.tensor([[1.0], [0.0], [1.0]]))
    assert found == pytest.approx([float(logits[2].sigmoid()) / 2])


def test_the_threshold_of_a_tag_that_no_item_has_is_a_half() -> None:
    logits, targets = answered(1)
    targets[:, 1] = 0.0
    assert tags.tuned_thresholds(logits, targets)[1] == 0.5


def test_the_plain_loss_is_the_mean_binary_cross_entropy() -> None:
    logits, targets = answered(2)
    likely = logits.sigmoid()
    by_hand = -(targets * likely.log() + (1 - targets) * (1 - likely).log()).mean()
    assert float(tags.loss(logits, targets)) == pytest.approx(float(by_hand), rel=1e-5)
    assert float(tags.training_loss(logits, targets)) == pytest.approx(float(by_hand), rel=1e-5)


def test_the_focal_loss_counts_each_term_by_how_wrong_it_is() -> None:
    logits, targets = answered(3)
    true = torch.where(targets > 0.5, logits.sigmoid(), 1 - logits.sigmoid())
    by_hand = -((1 - true) ** 1.5 * true.log()).mean()
    assert float(tags.training_loss(logits, targets, focusing=1.5)) == pytest.approx(float(by_hand), rel=1e-5)


def test_the_gradient_of_the_focal_loss_is_finite_where_an_answer_is_certain() -> None:
    logits = torch.tensor([[200.0, -200.0, 0.0]], requires_grad=True)
    tags.training_loss(logits, torch.tensor([[1.0, 0.0, 1.0]]), focusing=0.5).backward()
    assert logits.grad is not None and logits.grad.isfinite().all()


def test_smoothing_moves_targets_towards_a_half() -> None:
    logits, targets = answered(4)
    expected = F.binary_cross_entropy_with_logits(logits, targets * 0.8 + 0.1)
    assert float(tags.training_loss(logits, targets, smoothing=0.2)) == pytest.approx(float(expected), rel=1e-6)


def test_balanced_weights_make_items_with_a_tag_weigh_as_much_as_those_without() -> None:
    targets = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    balance = tags.balance_of(targets)
    assert balance.tolist() == [3.0, 1.0, 1.0]
    level = torch.zeros(4, 3)
    terms = F.binary_cross_entropy_with_logits(level, targets, pos_weight=balance, reduction="none")[:, 0]
    assert float(terms[0]) == pytest.approx(float(terms[1:].sum()))
    assert float(tags.training_loss(level, targets, balance)) == pytest.approx((6 + 4 + 4) / 12 * math.log(2))


def test_the_pieces_of_a_sample_are_averaged_as_probabilities() -> None:
    logits, _ = answered(5)
    expected = logits.sigmoid().reshape(-1, 4, 3).mean(dim=1)
    assert torch.allclose(tags.of_samples(logits, 4).sigmoid(), expected, atol=1e-6)
