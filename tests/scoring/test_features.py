"""Features are what the layers of a network give, read where and how they are asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from frostline.networks.build import build
from frostline.networks.network import Fit, Network, state_digest
from frostline.randomness import torch_stream
from frostline.scoring import features as module
from frostline.scoring.features import head_probabilities, layer_features
from frostline.scoring.items import ScoringFault
from frostline.spec.spectrogram import Spectrogram
from tests.scoring.examples import CNN, SOUNDS, network, planes, scoring


def read(net: Network, given: Tensor, **changes: object) -> dict[str, np.ndarray]:
    return dict(layer_features(net, given, scoring(**changes)))


def test_pooled_features_are_means_over_places_and_unpooled_ones_are_all_numbers() -> None:
    net, given = network(), planes(6)
    with torch.no_grad():
        first = net.layers["conv1"](given)
        second = net.layers["conv2"](first)
    pooled, unpooled = read(net, given), read(net, given, features="unpooled")
    np.testing.assert_allclose(pooled["conv2"], second.mean(dim=(2, 3)).numpy(), rtol=1e-5)
    np.testing.assert_allclose(unpooled["conv2"], second.flatten(1).numpy(), rtol=1e-5)
    assert list(pooled) == list(unpooled) == ["conv1", "conv2", "conv3"]


def test_features_before_the_nonlinearity_are_what_enters_it() -> None:
    net, given = network(), planes(6)
    convolution, activation, pooling = net.layers["conv2"]
    assert isinstance(activation, nn.ReLU) and isinstance(pooling, nn.AvgPool2d)
    with torch.no_grad():
        entering = convolution(net.layers["conv1"](given))
    before = read(net, given, features="unpooled", nonlinearity="before")["conv2"]
    np.testing.assert_allclose(before, entering.flatten(1).numpy(), rtol=1e-5)
    assert (before < 0).any()


class Residual(nn.Module):
    """A sum that an activation follows which writes over it, or a sum at the end."""

    def __init__(self, ends_in_sum: str = "no") -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 1, 3, padding=1)
        self.activation = nn.ReLU(inplace=True)
        self.norm = nn.BatchNorm2d(1)
        self.ends_in_sum = ends_in_sum

    def forward(self, given: Tensor) -> Tensor:
        if self.ends_in_sum == "yes":
            return given + self.activation(self.convolution(given))
        out: Tensor = self.norm(self.activation(given + self.convolution(given)))
        return out


def residual(**blocks: Residual) -> Network:
    net = Network(blocks, nn.Flatten(), nn.Linear(64, 3))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=torch_stream(0, "residual")))
    return net


def test_what_enters_an_activation_that_writes_over_it_is_read_before() -> None:
    net, given = residual(one=Residual()), planes(4) - 0.5
    with torch.no_grad():
        entering = given + net.layers["one"].convolution(given)
    assert (entering < 0).any()
    before = read(net, given, features="unpooled", nonlinearity="before")["one"]
    np.testing.assert_allclose(before, entering.flatten(1).numpy(), rtol=1e-5)


def test_layers_that_do_not_end_in_an_activation_are_all_named() -> None:
    net = residual(one=Residual("yes"), two=Residual(), three=Residual("yes"))
    with pytest.raises(ScoringFault, match="nonlinearity: before: one, three of 3 layers end in no activation"):
        read(net, planes(4), nonlinearity="before")


def test_reading_leaves_the_network_as_it_was_and_in_evaluation_while_it_lasts() -> None:
    net, given = residual(one=Residual()), planes(4)
    net.train()
    digest = state_digest(net)
    first, again = read(net, given)["one"], read(net, given[[3, 2, 1, 0]])["one"]
    np.testing.assert_array_equal(first, again[::-1])
    assert net.training and state_digest(net) == digest
    read(net, given, nonlinearity="before")
    assert not any(part._forward_pre_hooks for part in net.modules())


def test_features_do_not_depend_on_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    net, given = network(), planes(7)
    whole = read(net, given)
    monkeypatch.setattr(module, "BATCH", 3)
    for name, features in read(net, given).items():
        np.testing.assert_allclose(features, whole[name], rtol=1e-5, atol=1e-7)


def test_segments_of_an_item_are_averaged() -> None:
    net = build(CNN, Fit(1, 32, 10, 3), 0)
    sounds = SOUNDS.model_copy(update={"spectrogram": Spectrogram(segments=2)})
    given = torch.rand((6, 1, 32, 32), generator=torch_stream(0, "segments"))
    pieces = read(net, given, dataset=SOUNDS)["conv3"]
    items = read(net, given, dataset=sounds)["conv3"]
    np.testing.assert_allclose(items, pieces.reshape(3, 2, -1).mean(axis=1), rtol=1e-5)
    assert head_probabilities(net, given, scoring(dataset=sounds)).shape == (3, 10)


def test_tokens_are_places() -> None:
    net = Network({"tokens": nn.Flatten(2)}, nn.Flatten(), nn.Linear(64, 3))
    given = planes(4)
    np.testing.assert_allclose(read(net, given)["tokens"], given.flatten(2).mean(dim=1).numpy(), rtol=1e-6)


def test_the_head_answers_in_probabilities() -> None:
    net, given = network(), planes(5)
    with torch.no_grad():
        expected = net(given).softmax(dim=1).numpy()
    np.testing.assert_allclose(head_probabilities(net, given, scoring()), expected, rtol=1e-5)


def test_unpooled_features_that_do_not_fit_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 5000)
    said = (
        r"features: unpooled: conv1 gives 256 numbers an item, 0.0 GiB for 6; expected at most 4.65661e-06 GiB a layer:"
    )
    with pytest.raises(ScoringFault, match=said):
        read(network(), planes(6), features="unpooled")
    assert "conv1" in read(network(), planes(6))
