"""What a specification says of the head: a hidden layer, and answers between -1 and 1."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from frostline.networks.build import build
from frostline.networks.network import Fit, Network
from frostline.operate import Operation, operate
from frostline.spec.mtt_vgg import MttVgg
from frostline.spec.network import Mlp, NetworkSpec, PlainCnn, Timm
from frostline.spec.surgery import Surgery

VGG = MttVgg(name="mtt_vgg", channels=2)
VIT = Timm(name="timm", model="test_vit")


def built(spec: NetworkSpec, size: int, outputs: int = 2, seed: int = 0) -> Network:
    return build(spec, Fit(1, size, outputs, len(spec.layer_names)), seed)


def dense(network: Network) -> list[tuple[int, int]]:
    return [(part.in_features, part.out_features) for part in network.head.modules() if isinstance(part, nn.Linear)]


@pytest.mark.parametrize(("spec", "size", "width"), [(VGG, 66, 2), (VIT, 160, 64)])
def test_a_hidden_layer_stands_before_the_layer_to_the_outputs(spec: NetworkSpec, size: int, width: int) -> None:
    network = built(spec.model_copy(update={"hidden": 5}), size)
    assert dense(network) == [(width, 5), (5, 2)]
    assert dense(built(spec, size)) == [(width, 2)]
    assert network(torch.rand(3, 1, size, size)).shape == (3, 2)


def test_the_hidden_layer_depends_on_the_seed_and_not_on_the_outputs_and_the_layers_on_neither() -> None:
    spec = VGG.model_copy(update={"hidden": 5})
    two, three, other = built(spec, 66), built(spec, 66, outputs=3), built(spec, 66, seed=1)
    assert torch.equal(two.head[0].weight, three.head[0].weight)  # type: ignore[index, union-attr]
    assert not torch.equal(two.head[0].weight, other.head[0].weight)  # type: ignore[index, union-attr]
    plain = built(VGG, 66)
    assert all(torch.equal(t, two.layers.state_dict()[name]) for name, t in plain.layers.state_dict().items())


@pytest.mark.parametrize(
    ("spec", "size"),
    [(Mlp(name="mlp", depth=1, width=4), 4), (PlainCnn(name="plain_cnn", depth=1, channels=2), 4), (VGG, 66)],
)
def test_tanh_bounds_the_answers_and_changes_nothing_else(spec: NetworkSpec, size: int) -> None:
    bounded, free = built(spec.model_copy(update={"output": "tanh"}), size), built(spec, size)
    planes = torch.rand(3, 1, size, size)
    assert torch.equal(bounded.eval()(planes), free.eval()(planes).tanh())


def test_a_hidden_layer_is_kept_under_a_new_output_and_its_tanh() -> None:
    spec = Mlp(name="mlp", depth=1, width=4, hidden=3, output="tanh")
    donor, fresh = built(spec, 4, seed=1), built(spec, 4, outputs=5)
    network = operate(donor, fresh, Operation(Surgery.parse("t1"), "hidden-kept"))
    assert isinstance(network.head, nn.Sequential) and isinstance(network.head[-1], nn.Tanh)
    assert torch.equal(network.head[0].weight, donor.head[0].weight)  # type: ignore[index, union-attr]
    assert torch.equal(network.head[2].weight, fresh.head[2].weight)  # type: ignore[index, union-attr]
