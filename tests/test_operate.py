"""A surgery gives each layer its fate, and training keeps to it."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from frostline.data.planes import Items
from frostline.errors import FreezeBroken
from frostline.networks.network import Fit, Network, state_digest
from frostline.networks.plain import build
from frostline.operate import Operation, Theatre, audit, operate
from frostline.randomness import stream
from frostline.spec.network import Mlp, NetworkSpec, PlainCnn
from frostline.spec.recipe import Recipe
from frostline.spec.surgery import Fate, Surgery
from frostline.spec.trial import Head
from frostline.training.fit import Fitted, Lesson, fit

RECIPE = Recipe(steps=3, validate_every=1, batch=8, rate=0.05)


@st.composite
def small_networks(draw: st.DrawFn) -> NetworkSpec:
    depth = draw(st.integers(1, 4))
    if draw(st.booleans()):
        return Mlp(name="mlp", depth=depth, width=6, hidden=draw(st.sampled_from([None, 5])))
    return PlainCnn(
        name="plain_cnn",
        depth=depth,
        channels=3,
        activation=draw(st.sampled_from(["relu", "tanh", "gelu"])),
        readout=draw(st.sampled_from(["flatten", "average"])),
        hidden=draw(st.sampled_from([None, 5])),
    )


@st.composite
def legal_surgeries(draw: st.DrawFn, layers: int) -> Surgery:
    kept = draw(st.integers(1, layers))
    fates = [draw(st.sampled_from([Fate.FROZEN, Fate.TUNED, Fate.RESET])) for _ in range(kept)]
    return Surgery(fates + [Fate.REMOVED] * (layers - kept))


def items(count: int = 24) -> Items:
    generator = torch.Generator().manual_seed(5)
    targets = torch.arange(count) % 3
    planes = torch.rand(count, 1, 8, 8, generator=generator) + targets[:, None, None, None].float()
    return Items(planes, targets)


def operated(spec: NetworkSpec, surgery: Surgery) -> tuple[Network, Network]:
    layers = len(spec.layer_names)
    donor = build(spec, Fit(1, 8, 4, layers), seed=1)
    fresh = build(spec, Fit(1, 8, 3, surgery.kept), seed=2)
    return donor, operate(donor if surgery.needs_start else None, fresh, Operation(surgery, "new"))


def trained(network: Network, recipe: Recipe = RECIPE) -> Fitted:
    return fit(network, Lesson(items(), items(12)), recipe, stream(0, "batches"), "best")


@given(st.data(), small_networks())
def test_after_training_every_layer_is_what_its_fate_says(data: st.DataObject, spec: NetworkSpec) -> None:
    surgery = data.draw(legal_surgeries(len(spec.layer_names)))
    donor, before = operated(spec, surgery)
    digest = state_digest(donor)
    after = trained(before).network
    audit(Theatre(donor, digest, before, after), surgery, items().planes)
    assert state_digest(donor) == digest
    for name, fate in zip(after.layers, surgery.fates, strict=False):
        same = state_digest(after.layers[name]) == state_digest(donor.layers[name])
        assert same or fate is not Fate.FROZEN, name
        assert not same or fate is not Fate.RESET, name
    assert len(after.layers) == surgery.kept


class NormThenDropout(nn.Module):
    """A layer with a buffer that training mode moves and a draw that training mode makes."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(1)
        self.drop = nn.Dropout(0.5)

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.drop(self.norm(planes))
        return out


def normed(frozen: tuple[str, ...]) -> Network:
    layers = {"norm": NormThenDropout(), "conv": nn.Conv2d(1, 2, 3, padding=1)}
    return Network(layers, nn.Flatten(), nn.Linear(128, 3), frozen)


def with_norms(seed: int, layers: int, outputs: int) -> Network:
    """A network in which every layer has a convolution, buffers that training moves and a draw that training makes."""
    torch.manual_seed(seed)  # noqa: TID251  (torch's own layers draw from it)
    stack = {f"layer{i}": nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), NormThenDropout()) for i in range(layers)}
    return Network(stack, nn.Flatten(), nn.Sequential(nn.Linear(64, 5), nn.ReLU(), nn.Linear(5, outputs)))


@given(st.data(), st.integers(1, 4), st.sampled_from(["new", "kept", "hidden-kept"]))
def test_layers_with_batch_norm_and_dropout_keep_to_their_fates_under_any_head(
    data: st.DataObject, layers: int, head: Head
) -> None:
    surgery = data.draw(legal_surgeries(layers))
    donor, fresh = with_norms(1, layers, 3), with_norms(2, surgery.kept, 3)
    digest = state_digest(donor)
    before = operate(donor, fresh, Operation(surgery, head))
    after = trained(before).network
    audit(Theatre(donor, digest, before, after), surgery, items().planes)
    for name, fate in zip(after.layers, surgery.fates, strict=False):
        same = state_digest(after.layers[name]) == state_digest(donor.layers[name])
        assert same == (fate is Fate.FROZEN), (name, fate)
    assert state_digest(donor) == digest


def test_a_frozen_layer_is_the_same_function_after_training_whatever_mode_is_asked_for() -> None:
    network = normed(("norm",))
    network.train()
    planes = items().planes
    before = copy.deepcopy(network)
    after = trained(network).network
    for mode in (True, False):
        after.train(mode)
        assert torch.equal(after.layers["norm"](planes), before.eval().layers["norm"](planes))
    assert state_digest(after.layers["norm"]) == state_digest(before.layers["norm"])


def test_the_audit_notices_batch_norm_statistics_that_moved_in_a_frozen_layer() -> None:
    before = normed(())
    after = trained(before).network
    after.layers["norm"].norm.weight.data.copy_(before.layers["norm"].norm.weight.data)
    after.layers["norm"].norm.bias.data.copy_(before.layers["norm"].norm.bias.data)
    with pytest.raises(FreezeBroken, match="frozen layer norm holds other parameters or buffers than before training"):
        audit(Theatre(None, None, before, after), Surgery.parse("f1t1"), items().planes)


def test_the_audit_notices_a_frozen_layer_that_answers_otherwise_in_training_mode() -> None:
    before = normed(())
    with pytest.raises(FreezeBroken, match="frozen layer norm answers otherwise in training mode"):
        audit(Theatre(None, None, before, copy.deepcopy(before)), Surgery.parse("f1t1"), items().planes)


def test_the_audit_notices_a_reset_layer_that_kept_its_start_and_a_start_that_was_changed() -> None:
    spec = PlainCnn(name="plain_cnn", depth=2, channels=3)
    donor = build(spec, Fit(1, 8, 3, 2), seed=1)
    digest = state_digest(donor)
    kept = operate(donor, build(spec, Fit(1, 8, 3, 2), seed=1), Operation(Surgery.parse("f1r1"), "new"))
    with torch.no_grad():
        donor.head[0].weight.add_(1)
    with pytest.raises(
        FreezeBroken, match="reset layer conv2 began with the weights of the start; the start was changed"
    ):
        audit(Theatre(donor, digest, kept, copy.deepcopy(kept)), Surgery.parse("f1r1"), items().planes)


def test_the_head_is_new_or_kept_or_keeps_its_hidden_layer() -> None:
    spec = PlainCnn(name="plain_cnn", depth=2, channels=3, hidden=5)
    donor = build(spec, Fit(1, 8, 3, 2), seed=1)
    fresh = build(spec, Fit(1, 8, 3, 2), seed=2)
    surgery = Surgery.parse("f2")
    heads = {head: operate(donor, fresh, Operation(surgery, head)).head for head in ("new", "kept", "hidden-kept")}
    assert state_digest(heads["new"]) == state_digest(fresh.head)
    assert state_digest(heads["kept"]) == state_digest(donor.head)
    assert state_digest(heads["hidden-kept"][0]) == state_digest(donor.head[0])
    assert state_digest(heads["hidden-kept"][-1]) == state_digest(fresh.head[-1])
    assert all(parameter.requires_grad for head in heads.values() for parameter in head.parameters())


def test_an_operation_needs_a_start_for_layers_that_keep_weights_and_a_fate_for_each() -> None:
    spec = PlainCnn(name="plain_cnn", depth=2, channels=3)
    fresh = build(spec, Fit(1, 8, 3, 2), seed=2)
    with pytest.raises(ValueError, match="keeps the weights of conv1, but there is no start"):
        operate(None, fresh, Operation(Surgery.parse("f1r1"), "new"))
    with pytest.raises(ValueError, match="keeps 3 layers, the network has 2"):
        operate(None, fresh, Operation(Surgery.parse("r3"), "new"))


def test_a_frozen_name_that_no_layer_has_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no such layers to freeze: \['norn'\]"):
        normed(("norn",))
