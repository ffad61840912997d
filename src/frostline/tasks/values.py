"""Numbers an item, such as valence and arousal: their losses, and what a reader wants to know of the predictions.

| symbol | meaning | shape, unit |
|---|---|---|
| outputs | what the head answers, on the scaled range | item value |
| targets | true numbers, on the scaled range (-1 to 1 where the annotation has a scale) | item value |
| ccc | concordance correlation coefficient over all items | value |
| z | ccc on Fisher's scale, artanh | value |
| span | how much of the annotation's own scale 1 of the scaled range is | number |

Moments are population moments: divided by the number of items.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64
from scipy.stats import t as student
from torch import Tensor

from frostline.outcome import ValueFigures, ValueMetrics

LEVEL = 0.95
FEWEST_ITEMS = 4
"""Of fewer items there is no interval."""
SAME = 1e-6
"""Numbers that differ by less than this part of the largest are the same: float32 rounds to a tenth of it."""
TINY = 1e-12
"""Keeps the gradient of the concordance finite where all answers and all true values of a batch are the same."""

Kind = Literal["mse", "mae", "ccc"]


def loss(
    outputs: Float32[Tensor, "item value"],
    targets: Float32[Tensor, "item value"],
    mixture: Mapping[Kind, float],
) -> Float32[Tensor, ""]:
    """The sum of the losses in ``mixture``, each times its weight; each is a mean over items and values.

    ``mse`` is the squared error, ``mae`` the absolute one, ``ccc`` 1 minus the concordance over the items given.
    """
    kinds: Mapping[Kind, Callable[[Tensor, Tensor], Tensor]] = {"mse": _squared, "mae": _absolute, "ccc": _discordance}
    total = torch.zeros((), dtype=outputs.dtype, device=outputs.device)
    for kind, weight in mixture.items():
        total = total + weight * kinds[kind](outputs, targets)
    return total


def of_samples(outputs: Float32[Tensor, "piece value"], pieces: int) -> Float32[Tensor, "sample value"]:
    """One answer a sample: the mean of those of its ``pieces``."""
    return outputs.reshape(-1, pieces, outputs.shape[1]).mean(dim=1)


def score(outputs: Float32[Tensor, "item value"], targets: Float32[Tensor, "item value"]) -> float:
    """The mean over the values of the concordance correlation coefficient over all items, from -1 to 1."""
    return float(concordance(outputs.double().numpy(), targets.double().numpy()).mean())


def metrics(
    outputs: Float32[Tensor, "item value"],
    targets: Float32[Tensor, "item value"],
    names: Sequence[str],
    scale: tuple[float, float] | None,
) -> ValueMetrics:
    """Concordance with its interval, correlation, R2 and errors of each value, and their means.

    Errors are on the annotation's own ``scale``. Where all answers or all true values are the same, concordance and
    correlation are 0, and so is R2 where it is the true ones.
    """
    answers, true = outputs.double().numpy(), targets.double().numpy()
    span = 1.0 if scale is None else (scale[1] - scale[0]) / 2
    errors = (answers - true) * span
    cccs, pearsons, r2s = concordance(answers, true), correlation(answers, true), determination(answers, true)
    maes, mses = np.abs(errors).mean(axis=0), (errors**2).mean(axis=0)
    constant = same(answers) | same(true)
    figures = []
    for value, name in enumerate(names):
        low, high = concordance_interval(answers[:, value], true[:, value]) or (None, None)
        figures.append(
            ValueFigures(
                name=name,
                ccc=float(cccs[value]),
                pearson=float(pearsons[value]),
                r2=float(r2s[value]),
                mae=float(maes[value]),
                mse=float(mses[value]),
                constant=bool(constant[value]),
                ccc_low=low,
                ccc_high=high,
                scale=scale,
            )
        )
    ccc, pearson, r2, mae, mse = (float(each.mean()) for each in (cccs, pearsons, r2s, maes, mses))
    return ValueMetrics(ccc=ccc, pearson=pearson, r2=r2, mae=mae, mse=mse, values=tuple(figures))


def concordance(
    answers: Float64[np.ndarray, "item value"], true: Float64[np.ndarray, "item value"]
) -> Float64[np.ndarray, " value"]:
    """The concordance correlation coefficient of each value (Lin 1989): 2 cov / (var + var + squared mean difference).

    0 where all answers or all true values are the same.
    """
    apart = answers.mean(axis=0) - true.mean(axis=0)
    below = answers.var(axis=0) + true.var(axis=0) + apart**2
    told = ~(same(answers) | same(true))
    return np.where(told, 2 * _covariance(answers, true) / np.where(told, below, 1.0), 0.0)


def correlation(
    answers: Float64[np.ndarray, "item value"], true: Float64[np.ndarray, "item value"]
) -> Float64[np.ndarray, " value"]:
    """Pearson's correlation of each value; 0 where all answers or all true values are the same."""
    told = ~(same(answers) | same(true))
    deviations = np.sqrt(answers.var(axis=0) * true.var(axis=0))
    return np.where(told, _covariance(answers, true) / np.where(told, deviations, 1.0), 0.0)


def determination(
    answers: Float64[np.ndarray, "item value"], true: Float64[np.ndarray, "item value"]
) -> Float64[np.ndarray, " value"]:
    """The part of the variance of each value that the answers explain (R2), below 0 where the mean would be better.

    0 where all true values are the same.
    """
    told = ~same(true)
    unexplained = ((answers - true) ** 2).mean(axis=0)
    return np.where(told, 1 - unexplained / np.where(told, true.var(axis=0), 1.0), 0.0)


def same(numbers: Float[np.ndarray, "item value"]) -> np.ndarray:
    """Of each value whether all its ``numbers`` are the same, but for what rounding moves."""
    held: np.ndarray = np.ptp(numbers, axis=0) <= SAME * np.abs(numbers).max(axis=0)
    return held


def concordance_interval(
    answers: Float64[np.ndarray, " item"], true: Float64[np.ndarray, " item"]
) -> tuple[float, float] | None:
    """The 95 % interval of the concordance over items, None where answers or items do not allow one.

    By the jackknife of its z, with Student's law of one item less (Feng, Baumgartner and Svetnik 2014). Items count as
    independent of each other.
    """
    items = len(true)
    if items < FEWEST_ITEMS or same(answers[:, None])[0] or same(true[:, None])[0]:
        return None
    whole, without = _without_each(answers, true)
    if max(abs(whole), np.abs(without).max()) >= 1:
        return None
    values = items * np.arctanh(whole) - (items - 1) * np.arctanh(without)
    half = student.ppf((1 + LEVEL) / 2, items - 1) * values.std(ddof=1) / np.sqrt(items)
    low, high = np.tanh(values.mean() - half), np.tanh(values.mean() + half)
    return float(low), float(high)


def _without_each(
    answers: Float64[np.ndarray, " item"], true: Float64[np.ndarray, " item"]
) -> tuple[float, Float64[np.ndarray, " item"]]:
    """The concordance of all items, and that without each of them, from the moments alone."""
    x, y, items = answers - true.mean(), true - true.mean(), len(true)
    sums = np.array([x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum()])
    parts = np.stack([x, y, x * x, y * y, x * y])
    whole = _of_moments(sums[:, None] / items)
    return float(whole[0]), _of_moments((sums[:, None] - parts) / (items - 1))


def _of_moments(moments: Float64[np.ndarray, "moment place"]) -> Float64[np.ndarray, " place"]:
    x, y, xx, yy, xy = moments
    below = (xx - x**2) + (yy - y**2) + (x - y) ** 2
    return np.where(below > 0, 2 * (xy - x * y) / np.where(below > 0, below, 1.0), 0.0)


def _covariance(
    answers: Float64[np.ndarray, "item value"], true: Float64[np.ndarray, "item value"]
) -> Float64[np.ndarray, " value"]:
    together: np.ndarray = ((answers - answers.mean(axis=0)) * (true - true.mean(axis=0))).mean(axis=0)
    return together


def _squared(outputs: Tensor, targets: Tensor) -> Tensor:
    return ((outputs - targets) ** 2).mean()


def _absolute(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs - targets).abs().mean()


def _discordance(outputs: Tensor, targets: Tensor) -> Tensor:
    """1 minus the mean concordance of the values over the items given."""
    x, y = outputs - outputs.mean(dim=0), targets - targets.mean(dim=0)
    apart = outputs.mean(dim=0) - targets.mean(dim=0)
    below = (x * x).mean(dim=0) + (y * y).mean(dim=0) + apart**2 + TINY
    return 1 - (2 * (x * y).mean(dim=0) / below).mean()
