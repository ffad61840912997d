"""Every layer has every figure that was asked for, equal for equal arguments, and what cannot be had says why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor

from frostline.networks.build import build
from frostline.networks.network import Fit, Network
from frostline.randomness import stream
from frostline.scoring.cards import CARDS
from frostline.scoring.draws import part_interval
from frostline.scoring.features import head_probabilities, layer_features
from frostline.scoring.heads import log_expected_prediction
from frostline.scoring.items import ScoringFault
from frostline.scoring.probes import class_silhouette, neighbour_accuracy
from frostline.scoring.score import LayerScore, compare_states, score_layers
from frostline.scoring.similarity import linear_cka
from frostline.spec.scoring import score_cards
from tests.scoring.examples import CNN, network, planes, scoring
from tests.scoring.test_spec import DONOR

ALL = tuple(name for name, card in score_cards().items() if card.of in ("layer", "layers"))


def digits(items: int = 60) -> tuple[Tensor, Tensor]:
    data = load_digits()
    chosen = np.flatnonzero(np.isin(data.target, (5, 6, 7)))[:items]
    return torch.from_numpy(data.images[chosen] / 16).float()[:, None], torch.from_numpy(data.target[chosen])


def scores_of(net: Network, given: tuple[Tensor, Tensor], **changes: object) -> tuple[LayerScore, ...]:
    return score_layers(net, *given, scoring(**changes), stream(0, "scores"))


def the(scores: tuple[LayerScore, ...], layer: str, score: str, figure: str | None = None) -> LayerScore:
    return next(one for one in scores if (one.layer, one.score) == (layer, score) and figure in (None, one.figure))


def test_every_layer_has_every_figure_of_every_score_within_its_interval() -> None:
    scores = scores_of(network(), digits(30), scores=ALL)
    cards = [score_cards()[name] for name in ALL]
    assert len(scores) == 3 * sum(len(card.figures) for card in cards)
    assert [one.score for one in scores] == sorted((one.score for one in scores), key=ALL.index)
    for one in scores:
        assert one.value is not None and one.low is not None and one.high is not None
        assert one.low <= one.value <= one.high and one.n == 30 and one.told == ()
        figure = next(figure for figure in score_cards()[one.score].figures if figure.name == one.figure)
        assert figure.least is None or figure.least <= one.low
        assert figure.most is None or one.high <= figure.most
    assert [(one.layer, one.other) for one in scores if one.score == "cka-layers"] == [
        ("conv1", "conv2"), ("conv1", "conv3"), ("conv2", "conv3"),
    ]  # fmt: skip


def test_a_score_is_that_of_the_features_of_its_layer() -> None:
    net, given = network(), digits(30)
    features = dict(layer_features(net, given[0], scoring()))
    scores = scores_of(net, given, scores=("neighbours", "silhouette", "cka-layers"))
    labels = given[1].numpy() - 5
    assert the(scores, "conv2", "neighbours").value == neighbour_accuracy(features["conv2"], labels)
    assert the(scores, "conv3", "silhouette").value == pytest.approx(class_silhouette(features["conv3"], labels))
    assert the(scores, "conv1", "cka-layers").value == pytest.approx(linear_cka(features["conv1"], features["conv2"]))


def test_a_part_of_items_told_right_has_the_interval_of_a_part() -> None:
    one = the(scores_of(network(), digits(30)), "conv2", "neighbours")
    assert one.value is not None
    assert (one.low, one.high) == part_interval(one.value, 30, 0.95)


def test_unpooled_features_that_were_turned_score_as_they_are() -> None:
    net, given = network(), digits(30)
    features = dict(layer_features(net, given[0], scoring(features="unpooled")))["conv1"]
    assert features.shape == (30, 256)
    scores = scores_of(net, given, scores=("silhouette",), features="unpooled")
    assert the(scores, "conv1", "silhouette").value == pytest.approx(class_silhouette(features, given[1].numpy()))


def test_a_score_is_the_same_whichever_others_are_asked_for() -> None:
    given = digits(40)
    alone = scores_of(network(), given, scores=("probe",), items=30)
    among = scores_of(network(), given, scores=("ward", "probe", "logme"), items=30)
    assert alone == tuple(one for one in among if one.score == "probe")


def test_of_many_items_a_stated_number_is_drawn() -> None:
    one = scores_of(network(), digits(60), items=24)[0]
    assert one.n == 24
    assert one.told == ("on 24 of 60 items, drawn so that classes keep their parts",)


def test_a_tree_is_grown_on_no_more_items_than_its_card_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CARDS, "ward", replace(CARDS["ward"], most_items=12))
    scores = scores_of(network(), digits(30), scores=("ward", "neighbours"))
    assert the(scores, "conv1", "ward").n == 12
    assert the(scores, "conv1", "ward").told == ("on 12 of 30 items, drawn so that classes keep their parts",)
    assert the(scores, "conv1", "neighbours").n == 30


def test_a_layer_that_gives_the_same_for_every_item_has_no_value_and_the_others_have() -> None:
    net = network()
    with torch.no_grad():
        net.layers["conv2"][0].bias.fill_(-1e6)
    scores = scores_of(net, digits(30), scores=("neighbours", "cka-layers"))
    dead = the(scores, "conv2", "neighbours")
    assert (dead.value, dead.low, dead.high) == (None, None, None)
    assert dead.told == ("its features are the same for every item; nothing can be told from them",)
    assert the(scores, "conv1", "neighbours").value is not None
    assert the(scores, "conv1", "cka-layers").value is None


def test_a_class_of_a_single_item_leaves_no_interval_and_no_probe() -> None:
    given = digits(30)[0]
    alone = torch.where(torch.arange(30) == 0, 9, torch.arange(30) % 2)
    scores = scores_of(network(), (given, alone), scores=("silhouette", "probe"))
    one = the(scores, "conv1", "silhouette")
    assert one.value is not None and one.low is None
    assert one.told[0].startswith("no interval: a class has a single item, without which there would be another number")
    assert the(scores, "conv1", "probe").told == (
        "class 2 has a single item, which cannot be both fitted and held out",
    )


@pytest.mark.parametrize(
    ("count", "labels", "message"),
    [
        (6, [5] * 6, "got 6 items of 1 class; scores tell classes apart and need two or more"),
        (3, [5, 6, 7], "got 3 items of 3 classes; expected more items than classes, so use a larger share"),
        (6, [5, 6, 7, 5], "got 6 planes and 4 classes; expected 1 plane an item"),
    ],
)
def test_items_that_cannot_be_scored_are_refused(count: int, labels: list[int], message: str) -> None:
    with pytest.raises(ScoringFault, match=message):
        scores_of(network(), (planes(count), torch.tensor(labels)))


def test_the_source_head_is_scored_by_its_probabilities() -> None:
    net, given = build(CNN, Fit(1, 8, 100, 3), 0), digits(30)
    asked = scoring(start=DONOR, scores=("nce", "leep"))
    scores = score_layers(net, *given, asked, stream(0, "scores"))
    expected = log_expected_prediction(head_probabilities(net, given[0], asked), given[1].numpy() - 5)
    assert the(scores, "head", "leep").value == pytest.approx(expected)
    assert [(one.layer, one.score) for one in scores] == [("head", "nce"), ("head", "leep")]


def test_two_states_are_compared_layer_by_layer() -> None:
    before, given = network(), digits(30)
    after = network()
    with torch.no_grad():
        after.layers["conv2"][0].weight.copy_(build(CNN, Fit(1, 8, 3, 3), 7).layers["conv2"][0].weight)
    asked = scoring(scores=("cka-states",), against=DONOR)
    scores = compare_states((before, after), *given, asked, stream(0, "scores"))
    assert [one.layer for one in scores] == ["conv1", "conv2", "conv3"]
    assert scores[0].value == pytest.approx(1)
    assert scores[1].value is not None and scores[1].value < 0.99
    assert scores[1].other is None


def test_states_of_other_networks_are_refused() -> None:
    shallow = build(CNN, Fit(1, 8, 3, 2), 0)
    with pytest.raises(ValueError, match="the states have other layers"):
        compare_states((network(), shallow), *digits(30), scoring(), stream(0, "scores"))


def test_scores_read_back_from_json_as_themselves() -> None:
    one = scores_of(network(), digits(30))[0]
    assert LayerScore.model_validate_json(one.model_dump_json()) == one
