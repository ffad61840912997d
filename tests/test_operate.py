"""A surgery gives each layer its fate, and training keeps to it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from frostline.data.planes import Items
from frostline.errors import FreezeBroken
from frostline.networks.build import build
from frostline.networks.network import READOUT, Fit, Network, above, frozen_depth, joined, state_digest
from frostline.operate import Given, Operation, Theatre, audit, operate
from frostline.randomness import torch_noise
from frostline.spec.dataset import Dataset
from frostline.spec.network import Mlp, NetworkSpec, PlainCnn, Timm
from frostline.spec.recipe import Precision, Recipe
from frostline.spec.surgery import Fate, Surgery
from frostline.spec.trial import Head, Trial, WeightsFile
from frostline.training.fit import Fitted, Lesson, fit
from frostline.training.norms import with_tuned_norms

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
    return fit(network, Lesson(items(), items(12)), recipe, 0, "best")


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


def test_tuned_norms_may_move_in_a_frozen_layer_and_nothing_else_may() -> None:
    surgery, planes = Surgery.parse("f1t1"), items().planes
    before = with_tuned_norms(normed(("norm",)))
    after = trained(before).network
    found = audit(Theatre(None, None, before, after, "tuned"), surgery, planes)
    assert found[0] == "1 layers unchanged but for the scales and offsets of their norms, so not called frozen"
    with pytest.raises(FreezeBroken, match="frozen layer norm holds other parameters"):
        audit(Theatre(None, None, before, after), surgery, planes)
    after.layers["norm"].norm.running_mean.add_(1)
    with pytest.raises(FreezeBroken, match=r"layer norm: training moved norm.running_mean, and only its norms may be"):
        audit(Theatre(None, None, before, after, "tuned"), surgery, planes)


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


VIT = Timm(name="timm", model="test_vit", patch=4, drop_path=0.2)
RESNET = Timm(name="timm", model="test_resnet", drop_path=0.2)
EFFICIENTNET = Timm(name="timm", model="test_efficientnet", drop_path=0.2)


def with_drawn_norms(network: Network) -> Network:
    """``network`` with other numbers in its readout, as after training."""
    generator = torch.Generator().manual_seed(6)
    with torch.no_grad():
        for parameter in network.readout.parameters():
            parameter.uniform_(0.5, 1.5, generator=generator)
    return network


def timm_donor(spec: Timm) -> Network:
    return with_drawn_norms(build(spec, Fit(1, 8, 3, len(spec.layer_names)), seed=1))


@settings(max_examples=6)
@given(st.data(), st.sampled_from([VIT, RESNET, EFFICIENTNET]))
def test_after_training_every_layer_of_a_timm_network_is_what_its_fate_says(data: st.DataObject, spec: Timm) -> None:
    surgery = data.draw(legal_surgeries(len(spec.layer_names)))
    donor = timm_donor(spec)
    digest = state_digest(donor)
    before = operate(donor, build(spec, Fit(1, 8, 3, surgery.kept), seed=2), Operation(surgery, "new"))
    after = trained(before).network
    audit(Theatre(donor, digest, before, after), surgery, items().planes)
    for name, fate in zip(after.layers, surgery.fates, strict=False):
        same = state_digest(after.layers[name]) == state_digest(donor.layers[name])
        assert same == (fate is Fate.FROZEN), (name, fate)
    assert state_digest(donor) == digest


@pytest.mark.parametrize("model", ["test_convnext", "mobilenetv3_small_050"])
def test_the_other_families_keep_their_fates_on_planes_large_enough_for_them(model: str) -> None:
    spec = Timm(name="timm", model=model, drop_path=0.2)
    layers = len(spec.layer_names)
    surgery = Surgery.parse(f"f{layers - 2}t1r1")
    donor = build(spec, Fit(1, 32, 3, layers), seed=1)
    digest = state_digest(donor)
    before = operate(donor, build(spec, Fit(1, 32, 3, layers), seed=2), Operation(surgery, "new"))
    small = items()
    shown = Items(F.interpolate(small.planes, size=(32, 32)), small.targets)
    recipe = Recipe(steps=2, validate_every=2, batch=8)
    after = fit(before, Lesson(shown, shown), recipe, 0, "best").network
    found = audit(Theatre(donor, digest, before, after), surgery, shown.planes[:2])
    assert found[0] == f"{layers - 2} frozen layers unchanged in parameters, buffers and outputs"
    assert state_digest(after.layers[spec.layer_names[-2]]) != state_digest(donor.layers[spec.layer_names[-2]])


@pytest.mark.parametrize(
    ("fates", "weights", "trainable"),
    [("t6f1", "donor", False), ("f6t1", "donor", True), ("f6r1", "fresh", True), ("f5x2", "fresh", True)],
)
def test_the_final_norm_shares_the_fate_of_the_topmost_layer_and_is_new_where_layers_are_removed(
    fates: str, weights: str, trainable: bool
) -> None:
    surgery = Surgery.parse(fates)
    donor, fresh = timm_donor(VIT), build(VIT, Fit(1, 8, 3, surgery.kept), seed=2)
    network = operate(donor, fresh, Operation(surgery, "new")).train()
    assert state_digest(network.readout) == state_digest({"donor": donor, "fresh": fresh}[weights].readout)
    assert {parameter.requires_grad for parameter in network.readout.parameters()} == {trainable}
    assert {module.training for module in network.readout.modules()} == {trainable}
    assert all(parameter.requires_grad for parameter in network.head.parameters())


def test_a_start_that_had_lost_the_same_layers_keeps_its_readout() -> None:
    donor = with_drawn_norms(build(VIT, Fit(1, 8, 3, 5), seed=1))
    network = operate(donor, build(VIT, Fit(1, 8, 3, 5), seed=2), Operation(Surgery.parse("f5x2"), "new"))
    assert state_digest(network.readout) == state_digest(donor.readout)
    assert READOUT in network.frozen


def test_under_frozen_layers_no_token_or_position_learns_and_no_block_is_skipped() -> None:
    network = operate(timm_donor(VIT), build(VIT, Fit(1, 8, 3, 7), seed=2), Operation(Surgery.parse("f4t3"), "new"))
    network.train()
    features = items().planes
    for name in network.layers:
        with torch_noise(1, "a"):
            one = network.layers[name](features)
        with torch_noise(2, "b"):
            other = network.layers[name](features)
        assert torch.equal(one, other) == (name in network.frozen), name
        assert one.requires_grad == (name not in network.frozen)
        features = one
    patch = network.layers["patch"]
    assert not any(tensor.requires_grad for tensor in (patch.cls_token, patch.pos_embed, *patch.parameters()))


def test_the_audit_notices_a_frozen_final_norm_that_moved() -> None:
    donor = timm_donor(VIT)
    surgery = Surgery.parse("f7")
    before = operate(donor, build(VIT, Fit(1, 8, 3, 7), seed=2), Operation(surgery, "new"))
    after = copy.deepcopy(before)
    with torch.no_grad():
        after.readout.norm.weight.mul_(2)
    with pytest.raises(
        FreezeBroken,
        match="frozen readout holds other parameters or buffers than before training; "
        "frozen readout answers otherwise in training mode",
    ):
        audit(Theatre(donor, state_digest(donor), before, after), surgery, items().planes)


def test_the_audit_notices_a_reset_readout_that_kept_its_start_but_not_one_that_is_the_same_in_every_network() -> None:
    donor = timm_donor(VIT)
    surgery = Surgery.parse("f6r1")
    untrained = build(VIT, Fit(1, 8, 3, 7), seed=3)
    kept = operate(donor, build(VIT, Fit(1, 8, 3, 7), seed=2), Operation(surgery, "new"))
    audit(Theatre(untrained, state_digest(untrained), kept, copy.deepcopy(kept)), surgery, items().planes)
    kept.readout.load_state_dict(donor.readout.state_dict())
    with pytest.raises(FreezeBroken, match="f6r1 was not carried out: reset readout began with the weights of the"):
        audit(Theatre(donor, state_digest(donor), kept, copy.deepcopy(kept)), surgery, items().planes)


def test_the_audit_leaves_every_network_in_the_mode_it_was_in() -> None:
    donor = build(RESNET, Fit(1, 8, 3, len(RESNET.layer_names)), seed=1)
    surgery = Surgery.cut(2, len(RESNET.layer_names), Fate.FROZEN, Fate.TUNED)
    before = operate(donor, build(RESNET, Fit(1, 8, 3, len(RESNET.layer_names)), seed=2), Operation(surgery, "new"))
    after = copy.deepcopy(before).eval()
    before.train()
    modes = [[module.training for module in network.modules()] for network in (donor, before, after)]
    audit(Theatre(donor, state_digest(donor), before, after), surgery, items().planes)
    assert modes == [[module.training for module in network.modules()] for network in (donor, before, after)]


class Restless(nn.Module):
    """A layer with a buffer, never saved, that every call moves."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(1), persistent=False)

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return planes


def test_the_audit_notices_a_buffer_that_moves_when_a_frozen_layer_is_only_asked_even_one_that_is_not_saved() -> None:
    before = Network({"restless": Restless()}, nn.Flatten(), nn.Linear(64, 3))
    with pytest.raises(FreezeBroken, match="frozen layer restless moves its buffers when it is only asked"):
        audit(Theatre(None, None, before, copy.deepcopy(before)), Surgery.parse("f1"), items().planes)


def test_a_layer_cannot_have_the_name_of_the_readout() -> None:
    with pytest.raises(ValueError, match="a layer cannot be called 'readout'"):
        Network({"readout": nn.Identity()}, nn.Flatten(), nn.Linear(64, 3))


def test_a_frozen_name_that_no_layer_has_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no such layers to freeze: \['norn'\]"):
        normed(("norn",))


def lowest_frozen(depth: int) -> Network:
    """A residual network, trained by nobody, whose lowest parts are frozen."""
    network = build(RESNET, Fit(1, 8, 3, len(RESNET.layer_names)), seed=1)
    return Network(dict(network.layers.items()), network.readout, network.head, list(network.parts)[:depth]).eval()


@settings(max_examples=15)
@given(st.data(), st.sampled_from([VIT, PlainCnn(name="plain_cnn", depth=4, channels=3)]))
def test_a_trial_knows_without_its_weights_how_many_parts_are_constant(data: st.DataObject, spec: NetworkSpec) -> None:
    surgery = data.draw(legal_surgeries(len(spec.layer_names)))
    start = WeightsFile(weights="start.safetensors") if surgery.needs_start else None
    dataset = Dataset(name="digits")
    trial = Trial(dataset=dataset, network=spec, surgery=surgery, recipe=RECIPE, start=start)
    _, network = operated(spec, surgery)
    assert frozen_depth(network) == trial.frozen_depth


def test_a_layer_whose_norm_is_tuned_is_not_constant_and_nothing_above_it_counts() -> None:
    assert frozen_depth(lowest_frozen(4)) == 4
    assert frozen_depth(with_tuned_norms(lowest_frozen(4))) == 0
    assert frozen_depth(normed(())) == 0
    assert frozen_depth(normed(("conv",))) == 0


@pytest.mark.parametrize("depth", range(len(RESNET.layer_names) + 2))
def test_the_lower_parts_and_what_is_above_them_give_what_the_whole_gives(depth: int) -> None:
    network, planes = lowest_frozen(depth), items().planes
    upper, below = above(network, depth), planes
    with torch.no_grad():
        for part in list(network.parts.values())[:depth]:
            below = part(below)
        assert torch.equal(upper(below), network(planes))
        again = joined(network, depth, copy.deepcopy(upper))
        assert torch.equal(again(planes), network(planes))
    assert list(upper.layers) == list(network.layers)[depth:] and upper.frozen == frozenset()
    assert list(again.parts) == list(network.parts) and again.frozen == network.frozen
    assert state_digest(again) == state_digest(network)


def test_a_part_that_is_frozen_above_one_that_learns_stays_frozen_in_the_upper_network() -> None:
    network = Network(dict(lowest_frozen(0).layers.items()), nn.Flatten(), nn.Linear(1, 1), ["stem", "block2"])
    upper = above(network, 1)
    assert upper.frozen == {"block2"} and frozen_depth(upper) == 0


def test_what_was_trained_above_kept_activations_is_what_lies_on_top_afterwards() -> None:
    network = lowest_frozen(2)
    upper = above(network, 2)
    trained_above = copy.deepcopy(upper)
    with torch.no_grad():
        for parameter in trained_above.parameters():
            parameter.add_(1)
    whole = joined(network, 2, trained_above)
    assert state_digest(whole.head) == state_digest(trained_above.head)
    assert whole.layers["stem"] is network.layers["stem"]
    assert whole.layers["block2"] is trained_above.layers["block2"]


def given_for(network: Network, depth: int, planes: torch.Tensor, precision: Precision = "float32") -> Given:
    """What the lowest parts of ``network`` give for ``planes``."""
    with torch.no_grad():
        for part in list(network.parts.values())[:depth]:
            planes = part(planes)
    return Given(depth, planes.bfloat16() if precision == "bfloat16" else planes, precision)


def audited_as_given(given: Given, depth: int = 3) -> tuple[str, ...]:
    """What the audit finds of a probe that was given to training as ``given``, over three frozen parts."""
    network = lowest_frozen(depth)
    surgery = Surgery.cut(depth, len(RESNET.layer_names), Fate.FROZEN, Fate.TUNED)
    theatre = Theatre(None, None, network, copy.deepcopy(network), given=given)
    return audit(theatre, surgery, items().planes)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_audit_says_that_kept_activations_are_those_of_the_frozen_parts(precision: Precision) -> None:
    found = audited_as_given(given_for(lowest_frozen(3), 3, items().planes, precision))
    assert found[1] == "kept activations are those of the lowest 3 parts"


class Apart(nn.Module):
    """What rounding to half precision makes of 1.001 less 1: another number altogether."""

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        weights = torch.tensor([[1.0, -1.0]], device=planes.device)
        near = torch.stack([planes * 0 + 1.001, planes * 0 + 1], -1)
        return F.linear(near, weights).squeeze(-1) + planes * 0


def test_the_audit_holds_activations_in_half_precision_against_half_precision() -> None:
    parts = {"apart": Apart()}
    network = Network(parts, nn.Flatten(), nn.Linear(4, 2), ["apart"])
    probe = torch.rand(3, 1, 2, 2)
    half = torch.zeros(3, 1, 2, 2)
    theatre = Theatre(None, None, network, copy.deepcopy(network), given=Given(1, half, "bfloat16"))
    assert "kept activations are those of the lowest 1 parts" in audit(theatre, Surgery.parse("f1"), probe)
    with pytest.raises(FreezeBroken, match="the kept activations at depth 1 are not those"):
        audit(replace(theatre, given=Given(1, half, "float32")), Surgery.parse("f1"), probe)


NOT_GIVEN = {
    "of other items": lambda rows: rows.roll(1, 0),
    "of too few items": lambda rows: rows[:-1],
    "a little larger": lambda rows: rows * 1.01,
    "nothing": lambda rows: rows * 0,
    "no numbers": lambda rows: rows * float("nan"),
}


@pytest.mark.parametrize("change", NOT_GIVEN.values(), ids=NOT_GIVEN.keys())
def test_the_audit_refuses_kept_activations_that_the_frozen_parts_do_not_give(
    change: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    given = given_for(lowest_frozen(3), 3, items().planes)
    said = "the kept activations at depth 3 are not those of the frozen layers; delete them and run again"
    with pytest.raises(FreezeBroken, match=said):
        audited_as_given(replace(given, activations=change(given.activations)))


def test_the_audit_refuses_kept_activations_of_another_depth() -> None:
    given = given_for(lowest_frozen(3), 2, items().planes)
    with pytest.raises(FreezeBroken, match="the kept activations at depth 3 are not those of the frozen layers"):
        audited_as_given(replace(given, depth=3))
