"""The scores of the catalogue as one kind of function: items, and a generator for what is drawn, to figures."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from frostline.scoring.clustering import Linkage, agreement, k_means_clusters, tree_clusters
from frostline.scoring.h_score import regularised_h_score
from frostline.scoring.heads import log_expected_prediction, negative_conditional_entropy
from frostline.scoring.items import Scored
from frostline.scoring.logme import log_maximum_evidence
from frostline.scoring.probes import class_silhouette, neighbour_accuracy, probe_accuracy


class Scorer(Protocol):
    """Gives the figures of a card, in its order, for ``items``; of a head, whose features are probabilities."""

    def __call__(self, items: Scored, generator: np.random.Generator) -> tuple[float, ...]:
        """The figures of the score on ``items``."""


def average_linkage(items: Scored, generator: np.random.Generator) -> tuple[float, ...]:
    """How well average-linkage clusters agree with the classes."""
    return _tree(items, "cosine-average")


def ward(items: Scored, generator: np.random.Generator) -> tuple[float, ...]:
    """How well Ward's clusters agree with the classes."""
    return _tree(items, "ward")


def _tree(items: Scored, linkage: Linkage) -> tuple[float, ...]:
    return agreement(tree_clusters(items.features, items.classes, linkage), items.targets).figures


def k_means(items: Scored, generator: np.random.Generator) -> tuple[float, ...]:
    """How well k-means clusters agree with the classes."""
    return agreement(k_means_clusters(items.features, items.classes, generator), items.targets).figures


def silhouette(items: Scored, generator: np.random.Generator) -> tuple[float, ...]:
    """The mean silhouette of the classes."""
    return (class_silhouette(items.features, items.targets),)


def neighbours(items: Scored, generator: np.random.Generator) -> tuple[float, ...]:
    """The accuracy of the nearest neighbours, one item left out at a time."""
    return (neighbour_accuracy(items.features, items.targets),)


def probe(items: Scored, generator: np.random.Generator) -> tuple[float, ...]:
    """The accuracy of a linear probe on items held out."""
    return (probe_accuracy(items.features, items.targets, items.width, generator),)


def logme(items: Scored, generator: np.random.Generator) -> tuple[float, ...]:
    """The log maximum evidence an item."""
    return (log_maximum_evidence(items.features, items.targets),)


def h_score(items: Scored, generator: np.random.Generator) -> tuple[float, ...]:
    """The regularised H-score."""
    return (regularised_h_score(items.features, items.targets, items.width),)


def nce(items: Scored, generator: np.random.Generator) -> tuple[float, ...]:
    """The negative conditional entropy given what the source head calls each item."""
    return (negative_conditional_entropy(items.features.argmax(axis=1), items.targets),)


def leep(items: Scored, generator: np.random.Generator) -> tuple[float, ...]:
    """The log expected empirical prediction from the probabilities of the source head."""
    return (log_expected_prediction(items.features, items.targets),)
