"""Weights of matched statistics: the mean and deviation of each tensor, and nothing else of it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from frostline.networks.matched import matched
from frostline.networks.network import Network, state_digest


@pytest.fixture
def donor() -> Network:
    """A network whose tensors have very different means and deviations, with running statistics."""
    generator = torch.Generator().manual_seed(3)
    layers = {"first": nn.Sequential(nn.Conv2d(3, 64, 5), nn.BatchNorm2d(64)), "second": nn.Conv2d(64, 32, 3)}
    network = Network(layers, nn.Flatten(), nn.Linear(32, 4))
    with torch.no_grad():
        for number, tensor in enumerate(network.parameters()):
            tensor.copy_(torch.rand(tensor.shape, generator=generator) * (number + 1) + number)
        norm = network.layers["first"][1]
        norm.running_mean.uniform_(-2, 2, generator=generator)
        norm.running_var.uniform_(0.1, 9, generator=generator)
        norm.num_batches_tracked.fill_(11)
    network.register_buffer("mask", torch.tensor([0.0, -100.0]))
    return network


def test_each_parameter_has_the_mean_and_deviation_of_the_start_within_sampling_error(donor: Network) -> None:
    for (name, ours), theirs in zip(matched(donor, 0).named_parameters(), donor.parameters(), strict=True):
        n, sigma = theirs.numel(), theirs.std(correction=0)
        assert not torch.equal(ours, theirs), name
        assert abs(ours.mean() - theirs.mean()) < 4.5 * sigma / n**0.5, name
        if n > 30:
            assert abs(ours.std(correction=0) / sigma - 1) < 4.5 / (2 * n) ** 0.5, name


def test_what_is_drawn_is_normal_and_has_nothing_else_in_common_with_the_start(donor: Network) -> None:
    ours, theirs = (network.layers["second"].weight.detach().flatten() for network in (matched(donor, 0), donor))
    standard = (ours - ours.mean()) / ours.std()
    assert float((standard**4).mean()) == pytest.approx(3, abs=0.2)
    assert abs(float(torch.corrcoef(torch.stack([ours, theirs]))[0, 1])) < 4.5 / len(ours) ** 0.5


def test_running_statistics_are_those_of_the_start_in_another_order(donor: Network) -> None:
    ours, theirs = (network.layers["first"][1] for network in (matched(donor, 0), donor))
    for name in ("running_mean", "running_var"):
        assert not torch.equal(getattr(ours, name), getattr(theirs, name))
        assert torch.equal(getattr(ours, name).sort().values, getattr(theirs, name).sort().values)
    assert ours.num_batches_tracked == 11


def test_a_buffer_that_belongs_to_the_architecture_stays_as_it_is(donor: Network) -> None:
    assert torch.equal(matched(donor, 0).mask, donor.mask)


def test_a_tensor_whose_numbers_agree_stays_as_it_is(donor: Network) -> None:
    nn.init.ones_(donor.layers["first"][1].weight)
    assert torch.equal(matched(donor, 0).layers["first"][1].weight, torch.ones(64))


def test_the_start_is_untouched_and_equal_seeds_draw_equal_weights(donor: Network) -> None:
    before = state_digest(donor)
    first, again, other = (state_digest(matched(donor, seed)) for seed in (0, 0, 1))
    assert state_digest(donor) == before
    assert first == again != other
    assert all(parameter.requires_grad for parameter in matched(donor, 0).parameters())


def test_tensors_of_one_shape_are_drawn_from_streams_of_their_own() -> None:
    twin = Network({"one": nn.Conv2d(2, 2, 3), "two": nn.Conv2d(2, 2, 3)}, nn.Flatten(), nn.Linear(2, 2))
    twin.layers["two"].load_state_dict(twin.layers["one"].state_dict())
    drawn = matched(twin, 0)
    assert not torch.equal(drawn.layers["one"].weight, drawn.layers["two"].weight)
