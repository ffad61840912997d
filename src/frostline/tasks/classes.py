"""One class an item: cross-entropy, and what a reader wants to know of the predictions.

| symbol | meaning | shape, unit |
|---|---|---|
| logits | outputs of the head | item class |
| targets | true class, or in a loss the weight of each class | item, or item class |
| confusion | items of class i called j | class class |
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float32, Float64, Int64
from torch import Tensor

from frostline.outcome import ClassFigures, ClassMetrics

BINS = 15
TINY = 1e-9
"""Keeps the gradient finite where an answer is certain."""


def loss(
    logits: Float32[Tensor, "item class"],
    targets: Int64[Tensor, " item"] | Float32[Tensor, "item class"],
    smoothing: float = 0.0,
) -> Float32[Tensor, ""]:
    """Mean cross-entropy in nats per item, against classes or against the weight of each class.

    ``smoothing`` is the part of each target that is spread evenly over all classes (Szegedy et al. 2016).
    """
    return F.cross_entropy(logits, targets, label_smoothing=smoothing)


def focal_loss(
    logits: Float32[Tensor, "item class"],
    targets: Int64[Tensor, " item"] | Float32[Tensor, "item class"],
    focusing: float,
    smoothing: float = 0.0,
) -> Float32[Tensor, ""]:
    """Mean cross-entropy in which each class counts (1 - its probability) ** ``focusing``.

    It is the focal loss (Lin et al. 2017, equation 4). Targets and ``smoothing`` are those of ``loss``.
    """
    classes = logits.shape[1]
    weights = F.one_hot(targets, classes).float() if targets.dim() == 1 else targets
    weights = weights * (1 - smoothing) + smoothing / classes
    likely = logits.log_softmax(dim=1)
    focused: Tensor = (1 - likely.exp()).clamp(min=TINY) ** focusing
    return -(weights * focused * likely).sum(dim=1).mean()


def of_samples(logits: Float32[Tensor, "piece class"], pieces: int) -> Float32[Tensor, "sample class"]:
    """One answer a sample: the logarithm of the mean probability of its ``pieces``."""
    likely = logits.log_softmax(dim=1).reshape(-1, pieces, logits.shape[1])
    averaged: Tensor = likely.logsumexp(dim=1) - math.log(pieces)
    return averaged


def accuracy(logits: Float32[Tensor, "item class"], targets: Int64[Tensor, " item"]) -> float:
    """The part of the items, from 0 to 1, whose largest logit is that of their class."""
    return float((logits.argmax(dim=1) == targets).double().mean())


def metrics(
    logits: Float32[Tensor, "item class"], targets: Int64[Tensor, " item"], names: Sequence[str]
) -> ClassMetrics:
    """Accuracy, macro-F1, NLL, calibration error, per-class figures and the confusion matrix of ``logits``.

    A precision, recall or F1 without any item to divide by is 0, and counts as 0 in macro-F1.
    """
    confusion = confusion_matrix(logits, targets, len(names))
    right, called, true = confusion.diagonal(), confusion.sum(dim=0), confusion.sum(dim=1)
    precision, recall, f1 = _part(right, called), _part(right, true), _part(2 * right, called + true)
    return ClassMetrics(
        accuracy=accuracy(logits, targets),
        macro_f1=float(f1.mean()),
        nll=float(F.cross_entropy(logits.double(), targets)),
        calibration_error=calibration_error(logits, targets),
        classes=tuple(
            ClassFigures(name=n, precision=float(p), recall=float(r), f1=float(f), support=int(s))
            for n, p, r, f, s in zip(names, precision, recall, f1, true, strict=True)
        ),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
    )


def confusion_matrix(
    logits: Float32[Tensor, "item class"], targets: Int64[Tensor, " item"], classes: int
) -> Int64[Tensor, "class class"]:
    """How many items of each true class (row) are called each class (column)."""
    pairs = targets * classes + logits.argmax(dim=1)
    return torch.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def calibration_error(logits: Float32[Tensor, "item class"], targets: Int64[Tensor, " item"]) -> float:
    """The expected calibration error over 15 equal-width bins of confidence (Guo et al. 2017, equation 3)."""
    confidence, called = logits.double().softmax(dim=1).max(dim=1)
    bins = (confidence * BINS).ceil().long().clamp(1, BINS) - 1
    right = (called == targets).double()
    zeros = torch.zeros(BINS, dtype=torch.float64)
    gaps = zeros.index_add(0, bins, right) - zeros.index_add(0, bins, confidence)
    return float(gaps.abs().sum() / len(targets))


def _part(some: Int64[Tensor, " class"], of: Int64[Tensor, " class"]) -> Float64[Tensor, " class"]:
    return torch.where(of > 0, some.double() / of.clamp(min=1), 0.0)
