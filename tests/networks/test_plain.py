"""Fresh networks have the shape that is asked for, and weights that only the seed and the layer's name decide."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from frostline.networks.build import build
from frostline.networks.network import Fit, state_digest
from frostline.spec.network import Mlp, NetworkSpec, PlainCnn

CNN = PlainCnn(name="plain_cnn", depth=4, channels=5)


@pytest.mark.parametrize(
    "spec",
    [
        CNN,
        PlainCnn(name="plain_cnn", depth=3, channels=2, kernel=5, activation="elu", pool_every=1, pool_stride=1),
        PlainCnn(name="plain_cnn", depth=2, channels=2, pooling="none", readout="average", hidden=7),
        Mlp(name="mlp", depth=2, width=9, hidden=4),
    ],
)
@pytest.mark.parametrize("kept", [1, 2])
def test_a_network_takes_planes_to_its_outputs_at_every_depth(spec: NetworkSpec, kept: int) -> None:
    network = build(spec, Fit(3, 12, 6, kept), seed=0)
    assert tuple(network.layers) == spec.layer_names[:kept]
    assert network(torch.rand(2, 3, 12, 12)).shape == (2, 6)


def test_a_layer_ends_with_the_pooling_that_follows_its_convolution() -> None:
    network = build(CNN, Fit(1, 8, 3, 4), seed=0)
    kinds = [[type(part).__name__ for part in layer] for layer in network.layers.values()]
    plain, pooled = ["Conv2d", "ReLU"], ["Conv2d", "ReLU", "AvgPool2d"]
    assert kinds == [plain, pooled, plain, pooled]


def test_sizes_foretell_what_the_layers_give() -> None:
    spec = PlainCnn(name="plain_cnn", depth=5, channels=2, pool_stride=3)
    planes = torch.rand(1, 1, 28, 28)
    for expected, layer in zip(spec.sizes(28), build(spec, Fit(1, 28, 2, 5), seed=0).layers.values(), strict=True):
        planes = layer(planes)
        assert planes.shape[-1] == expected


def test_the_weights_of_a_layer_do_not_depend_on_the_layers_beside_it() -> None:
    deep, cut = build(CNN, Fit(1, 8, 3, 4), seed=1), build(CNN, Fit(1, 8, 9, 2), seed=1)
    for name in cut.layers:
        assert state_digest(cut.layers[name]) == state_digest(deep.layers[name])
    other = build(CNN, Fit(1, 8, 3, 4), seed=2)
    assert all(state_digest(other.layers[name]) != state_digest(deep.layers[name]) for name in deep.layers)


def test_building_touches_no_global_random_state() -> None:
    before = torch.get_rng_state()
    build(CNN, Fit(1, 8, 3, 4), seed=1)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("spec", "kind"), [(PlainCnn(name="plain_cnn", depth=2), nn.Conv2d), (Mlp(name="mlp"), nn.Linear)]
)
def test_fresh_weights_have_the_spread_of_torchs_own_initialisation(spec: NetworkSpec, kind: type[nn.Module]) -> None:
    network = build(spec, Fit(16, 16, 10, 2), seed=0)
    modules = [module for module in network.modules() if isinstance(module, kind)]
    assert len(modules) >= 2
    for module in modules:
        own = nn.Conv2d(module.in_channels, module.out_channels, module.kernel_size) if kind is nn.Conv2d else (
            nn.Linear(module.in_features, module.out_features)
        )  # fmt: skip
        found, expected = module.weight.detach(), own.weight.detach()
        assert float(found.std()) == pytest.approx(float(expected.std()), rel=0.05)
        assert float(found.abs().max()) <= float(expected.abs().max()) * 1.02
        assert float(module.bias.detach().abs().max()) <= found[0].numel() ** -0.5
