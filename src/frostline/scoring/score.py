"""From a network and items to the scores of its layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import cast

import numpy as np
from jaxtyping import Int64, Shaped
from torch import Tensor

from frostline.catalog import load_code
from frostline.networks.network import Network
from frostline.randomness import stream
from frostline.scored import LayerScore
from frostline.scoring.draws import groups_of, interval, part_interval, stratified
from frostline.scoring.features import head_probabilities, layer_features
from frostline.scoring.items import Scored, ScoringFault, check_classes, numbered, scored
from frostline.scoring.scorers import Scorer
from frostline.spec.scoring import ScoreCard, Scoring

LEVEL = 0.95
HEAD = "head"
Known = Scored | ScoringFault
"""The features of a layer, or why it has none that can be scored."""


@dataclass(frozen=True, eq=False)
class _Drawn:
    """What chance decides for all scores alike, from one seed."""

    seed: int
    targets: Int64[np.ndarray, " item"]
    available: int

    def rows(self, most: int | None) -> np.ndarray:
        count = len(self.targets) if most is None else most
        return stratified(self.targets, count, stream(self.seed, "items", str(most)))

    def generator(self, *purpose: str) -> np.random.Generator:
        return stream(self.seed, *purpose)


def score_layers(
    network: Network,
    planes: Shaped[Tensor, "piece ..."],
    targets: Shaped[Tensor, " item"],
    scoring: Scoring,
    generator: np.random.Generator,
) -> tuple[LayerScore, ...]:
    """Every figure of every score of ``scoring``, by score and by layer, input first; no score of two states.

    ``planes`` are as the network sees them, the segments of an item in a row. A layer of which nothing can be told, as
    all its features are the same, has scores without a value. Intervals are at 0.95 (see ``draws``): they
    speak of other items of the same kind, not of other starts. Equal arguments give equal scores,
    whichever others are asked for.

    Raises:
        ScoringFault: a single class, no more items than classes, or features that cannot be read as asked.
    """
    drawn, planes = _chosen(planes, targets, scoring, generator)
    layers: dict[str, Known] = {}
    if any(card.of in ("layer", "layers") for card in scoring.cards):
        layers = _known(network, planes, drawn.targets, scoring)
    scores: list[LayerScore] = []
    for card in scoring.cards:
        match card.of:
            case "layer":
                scores += [one for name, known in layers.items() for one in _of_layer(card, name, known, drawn)]
            case "head":
                probabilities = head_probabilities(network, planes, scoring)
                scores += _of_layer(card, HEAD, _checked(probabilities, drawn.targets), drawn)
            case "layers":
                pairs = combinations(layers, 2)
                scores += [one for a, b in pairs for one in _of_two(card, (a, b), (layers[a], layers[b]), drawn)]
    return tuple(scores)


def compare_states(
    states: tuple[Network, Network],
    planes: Shaped[Tensor, "piece ..."],
    targets: Shaped[Tensor, " item"],
    scoring: Scoring,
    generator: np.random.Generator,
) -> tuple[LayerScore, ...]:
    """Every score of two states in ``scoring``, by layer, input first, as ``score_layers`` gives those of one state.

    Raises:
        ScoringFault: a single class, no more items than classes, or features that cannot be read as asked.
        ValueError: the states have other layers.
    """
    if list(states[0].layers) != list(states[1].layers):
        raise ValueError(f"the states have other layers: {list(states[0].layers)} and {list(states[1].layers)}")
    drawn, planes = _chosen(planes, targets, scoring, generator)
    before, after = (_known(state, planes, drawn.targets, scoring) for state in states)
    return tuple(
        one
        for card in scoring.cards
        if card.of == "states"
        for name in before
        for one in _of_two(card, (name, None), (before[name], after[name]), drawn)
    )


def _chosen(planes: Tensor, targets: Tensor, scoring: Scoring, generator: np.random.Generator) -> tuple[_Drawn, Tensor]:
    """What chance decides, and the planes of the items that are scored.

    Raises:
        ScoringFault: planes do not fit the targets, or these cannot be scored.
    """
    labels, pieces = targets.cpu().numpy(), scoring.dataset.segments
    if len(planes) != len(labels) * pieces:
        raise ScoringFault(
            f"got {len(planes)} planes and {len(labels)} classes; expected {pieces} "
            f"{'plane' if pieces == 1 else 'planes'} an item"
        )
    check_classes(labels)
    seed = int(generator.integers(2**62))
    rows = stratified(numbered(labels), scoring.items, stream(seed, "items"))
    places = (rows[:, None] * pieces + np.arange(pieces)).ravel()
    return _Drawn(seed, numbered(labels[rows]), len(labels)), planes[places]


def _known(network: Network, planes: Tensor, targets: np.ndarray, scoring: Scoring) -> dict[str, Known]:
    return {name: _checked(features, targets, scored) for name, features in layer_features(network, planes, scoring)}


def _as_they_are(features: np.ndarray, targets: np.ndarray) -> Scored:
    """Probabilities keep their axes, which are the source classes."""
    return Scored(features, targets, features.shape[1])


def _checked(
    features: np.ndarray, targets: np.ndarray, make: Callable[[np.ndarray, np.ndarray], Scored] = _as_they_are
) -> Known:
    try:
        return make(features, targets)
    except ScoringFault as fault:
        return fault


def _of_layer(card: ScoreCard, layer: str, known: Known, drawn: _Drawn) -> Iterator[LayerScore]:
    scorer = cast("Scorer", load_code(card.code))

    def figures(rows: np.ndarray) -> tuple[float, ...]:
        if isinstance(known, ScoringFault):
            raise known
        return scorer(known.take(rows), drawn.generator(card.name, layer))

    yield from _measured(card, (layer, None), figures, drawn)


def _of_two(
    card: ScoreCard, names: tuple[str, str | None], known: tuple[Known, Known], drawn: _Drawn
) -> Iterator[LayerScore]:
    similarity = cast("Callable[[np.ndarray, np.ndarray], float]", load_code(card.code))

    def figures(rows: np.ndarray) -> tuple[float, ...]:
        features = []
        for one in known:
            if isinstance(one, ScoringFault):
                raise one
            features.append(one.take(rows).features)
        return (similarity(features[0], features[1]),)

    yield from _measured(card, names, figures, drawn)


def _measured(
    card: ScoreCard,
    names: tuple[str, str | None],
    figures: Callable[[np.ndarray], tuple[float, ...]],
    drawn: _Drawn,
) -> Iterator[LayerScore]:
    """One score a figure of ``card``: its value on the items, and its interval, or why there is none."""
    rows = drawn.rows(card.most_items)
    told = []
    if len(rows) < drawn.available:
        told.append(f"on {len(rows):,} of {drawn.available:,} items, drawn so that classes keep their parts")
    values: tuple[float | None, ...] = (None,) * len(card.figures)
    spans: Sequence[tuple[float, float] | None] = [None] * len(card.figures)
    try:
        values = whole = figures(rows)
        if card.spread == "items":
            spans = [part_interval(part, len(rows), LEVEL) for part in whole]
        else:
            spans = _spans(whole, rows, figures, drawn)
    except ScoringFault as fault:
        told.append(str(fault) if None in values else f"no interval: {fault}")
    for figure, value, span in zip(card.figures, values, spans, strict=True):
        low, high = (None, None) if span is None else span
        yield LayerScore(
            layer=names[0],
            score=card.name,
            figure=figure.name,
            value=value,
            low=low if low is None or figure.least is None else max(low, figure.least),
            high=high if high is None or figure.most is None else min(high, figure.most),
            level=LEVEL,
            n=len(rows),
            other=names[1],
            told=tuple(told),
        )


def _spans(
    whole: tuple[float, ...], rows: np.ndarray, figures: Callable[[np.ndarray], tuple[float, ...]], drawn: _Drawn
) -> list[tuple[float, float] | None]:
    """The interval of each figure, by what it is without each group of ``rows``.

    Raises:
        ScoringFault: a class has a single item, or the score cannot be had without some group.
    """
    groups = groups_of(numbered(drawn.targets[rows]), drawn.generator("groups"))
    if groups is None:
        raise ScoringFault("a class has a single item, without which there would be another number of classes")
    without = np.array([figures(rows[groups != group]) for group in range(int(groups.max()) + 1)])
    return [interval(value, column, LEVEL) for value, column in zip(whole, without.T, strict=True)]
