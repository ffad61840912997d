"""Several tags an item, each on it or not: their loss, and what a reader wants to know of the predictions.

| symbol | meaning | shape, unit |
|---|---|---|
| logits | outputs of the head, log-odds that the item has the tag | item tag |
| targets | whether the item has the tag: 0 or 1, between them where items are mixed | item tag |
| balance | how much an item with the tag weighs, for one without | tag |
| told | tags that some items have and some have not: of others areas say nothing | tag |
| threshold | probability from which on an item is said to have the tag | tag |
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float32, Float64
from scipy.stats import rankdata
from torch import Tensor

from frostline.outcome import TagFigures, TagMetrics

TINY = 1e-9
"""Keeps the gradient finite where an answer is its target."""
UNTUNED = 0.5
"""The threshold of a tag that no validation item has, so that nothing can be tuned."""


def loss(logits: Float32[Tensor, "item tag"], targets: Float32[Tensor, "item tag"]) -> Float32[Tensor, ""]:
    """Mean binary cross-entropy in nats per item and tag."""
    return F.binary_cross_entropy_with_logits(logits, targets)


def training_loss(
    logits: Float32[Tensor, "item tag"],
    targets: Float32[Tensor, "item tag"],
    balance: Float32[Tensor, " tag"] | None = None,
    focusing: float = 0.0,
    smoothing: float = 0.0,
) -> Float32[Tensor, ""]:
    """Mean binary cross-entropy, weighted by ``balance`` and by how far each answer is from its target.

    Each term counts as much as its probability is away from its target, to the power of ``focusing`` (Lin et al. 2017,
    equation 4; Li et al. 2020, equation 2, where items are mixed); 0 leaves terms as they are. ``smoothing`` is the
    part of each target that is spread evenly over yes and no.
    """
    smooth = targets * (1 - smoothing) + smoothing / 2
    terms = F.binary_cross_entropy_with_logits(logits, smooth, pos_weight=balance, reduction="none")
    if focusing > 0:
        terms = terms * (targets - logits.sigmoid()).abs().clamp(min=TINY) ** focusing
    return terms.mean()


def balance_of(targets: Float32[Tensor, "item tag"]) -> Float32[Tensor, " tag"]:
    """Items without each tag, for one with it; 1 where none has it, or all have."""
    having = targets.sum(dim=0)
    lacking = len(targets) - having
    return torch.where((having > 0) & (lacking > 0), lacking / having.clamp(min=1), 1.0)


def of_samples(logits: Float32[Tensor, "piece tag"], pieces: int) -> Float32[Tensor, "sample tag"]:
    """One answer a sample: the log-odds of the mean probability of its ``pieces``."""
    apart = logits.reshape(-1, pieces, logits.shape[1])
    has, has_not = (F.logsigmoid(sign * apart).logsumexp(dim=1) for sign in (1.0, -1.0))
    return has - has_not


def score(logits: Float32[Tensor, "item tag"], targets: Float32[Tensor, "item tag"]) -> float:
    """The macro ROC-AUC: the mean over the tags that some items have and some have not; NaN where there are none."""
    areas = roc_auc(logits.double().numpy(), targets.numpy() > 0.5)
    return float(np.nanmean(areas)) if np.isfinite(areas).any() else math.nan


def metrics(
    logits: Float32[Tensor, "item tag"],
    targets: Float32[Tensor, "item tag"],
    names: Sequence[str],
    thresholds: Float64[np.ndarray, " tag"],
) -> TagMetrics:
    """Areas and F1 of each tag and their means over the tags that are told; the others are listed.

    F1 is 0 where an item neither has a tag nor is said to have it.
    """
    likely, true = logits.double().sigmoid().numpy(), targets.numpy() > 0.5
    areas, precisions = roc_auc(logits.double().numpy(), true), average_precision(logits.double().numpy(), true)
    f1s = f1(likely >= thresholds, true)
    told = np.isfinite(areas)
    figures = tuple(
        TagFigures(
            name=name,
            roc_auc=float(areas[tag]) if told[tag] else None,
            average_precision=float(precisions[tag]) if told[tag] else None,
            f1=float(f1s[tag]),
            threshold=float(thresholds[tag]),
            positives=int(true[:, tag].sum()),
        )
        for tag, name in enumerate(names)
    )
    means = (float(values[told].mean()) if told.any() else math.nan for values in (areas, precisions, f1s))
    area, precision, mean_f1 = means
    left_out = tuple(name for name, is_told in zip(names, told, strict=True) if not is_told)
    return TagMetrics(roc_auc=area, average_precision=precision, f1=mean_f1, tags=figures, left_out=left_out)


def roc_auc(scores: Float64[np.ndarray, "item tag"], true: Bool[np.ndarray, "item tag"]) -> Float64[np.ndarray, " tag"]:
    """The part of pairs of an item with the tag and one without in which the first has the higher score.

    Ties count half (Hanley and McNeil 1982). NaN where all items have the tag, or none.
    """
    ranks = rankdata(scores, axis=0)
    having = true.sum(axis=0).astype(np.float64)
    pairs = having * (len(true) - having)
    above = (ranks * true).sum(axis=0) - having * (having + 1) / 2
    return np.where(pairs > 0, above / np.maximum(pairs, 1), np.nan)


def average_precision(
    scores: Float64[np.ndarray, "item tag"], true: Bool[np.ndarray, "item tag"]
) -> Float64[np.ndarray, " tag"]:
    """Precision at each distinct score, weighted by the recall that it adds; NaN where all items have the tag, or none.

    The step-wise area under the curve of precision and recall, without interpolation.
    """
    found = np.full(scores.shape[1], np.nan)
    for tag in np.flatnonzero(true.any(axis=0) & ~true.all(axis=0)):
        steps = _Steps(scores[:, tag], true[:, tag])
        found[tag] = (np.diff(steps.right, prepend=0.0) * steps.right / steps.called).sum() / steps.right[-1]
    return found


def f1(called: Bool[np.ndarray, "item tag"], true: Bool[np.ndarray, "item tag"]) -> Float64[np.ndarray, " tag"]:
    """Twice the items rightly said to have the tag, of those said to and those that have it; 0 where there are none."""
    of = called.sum(axis=0) + true.sum(axis=0)
    part: np.ndarray = 2.0 * (called & true).sum(axis=0) / np.maximum(of, 1)
    return part


def tuned_thresholds(
    logits: Float32[Tensor, "item tag"], targets: Float32[Tensor, "item tag"]
) -> Float64[np.ndarray, " tag"]:
    """Of each tag a probability from which on F1 is highest: halfway between the items that reach it and all others.

    The highest such one. Halfway, because where items are told apart with ease, the probability of the last one above
    is close to 1, and few others reach it. A half where no item has the tag.
    """
    likely, true = logits.double().sigmoid().numpy(), targets.numpy() > 0.5
    found = np.full(likely.shape[1], UNTUNED)
    for tag in np.flatnonzero(true.any(axis=0)):
        steps = _Steps(likely[:, tag], true[:, tag])
        best = np.argmax(2 * steps.right / (steps.called + steps.right[-1]))
        found[tag] = np.append(steps.scores, 0.0)[best : best + 2].mean()
    return found


class _Steps:
    """Distinct scores from the highest down: how many items reach each, and how many of these have the tag."""

    def __init__(self, scores: Float64[np.ndarray, " item"], true: Bool[np.ndarray, " item"]) -> None:
        order = np.argsort(-scores, kind="stable")
        last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
        self.scores = scores[order][last]
        self.called = last + 1.0
        self.right = np.cumsum(true[order])[last].astype(np.float64)
