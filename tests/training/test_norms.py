"""The normalisation of frozen layers: stored, re-estimated on the training items, or tuned."""

from __future__ import annotations

import pytest
import timm
import torch
import torch.nn.functional as F
from torch import nn

from frostline.networks.network import Network, state_digest
from frostline.spec.recipe import Recipe
from frostline.training.norms import re_estimated, with_norms, with_tuned_norms
from tests.training.lessons import frozen, items, normed, trained


def statistics(network: Network, layer: str) -> nn.BatchNorm2d:
    norm = network.layers[layer][1]  # type: ignore[index]
    assert isinstance(norm, nn.BatchNorm2d)
    return norm


def test_re_estimated_statistics_are_the_average_over_the_batches_of_the_training_items() -> None:
    given, shown = frozen(normed(), "low"), items(36)
    with torch.no_grad():
        statistics(given, "low").num_batches_tracked.fill_(7)  # type: ignore[union-attr]
        statistics(given, "low").running_mean.fill_(9)  # type: ignore[union-attr]
    digest = state_digest(given)
    measured = statistics(re_estimated(given, shown.planes, 12), "low")
    convolution = given.layers["low"][0]  # type: ignore[index]
    with torch.no_grad():
        seen = [convolution(planes) for planes in torch.split(shown.planes, 12)]
    mean = torch.stack([part.mean(dim=(0, 2, 3)) for part in seen]).mean(dim=0)
    variance = torch.stack([part.var(dim=(0, 2, 3), correction=1) for part in seen]).mean(dim=0)
    assert torch.allclose(measured.running_mean, mean, atol=1e-6)  # type: ignore[arg-type]
    assert torch.allclose(measured.running_var, variance, atol=1e-6)  # type: ignore[arg-type]
    assert state_digest(given) == digest


def test_re_estimation_touches_frozen_batch_norms_and_nothing_else() -> None:
    given = frozen(normed(dropout=0.5), "low", "middle").train()
    found = re_estimated(given, items().planes, 12)
    moved = {name for name, tensor in found.state_dict().items() if not torch.equal(tensor, given.state_dict()[name])}
    assert moved == {f"layers.low.1.{name}" for name in ("running_mean", "running_var", "num_batches_tracked")}
    assert statistics(found, "low").momentum == statistics(given, "low").momentum
    assert [module.training for module in found.modules()] == [module.training for module in given.modules()]
    assert [p.requires_grad for p in found.parameters()] == [p.requires_grad for p in given.parameters()]


def test_re_estimation_draws_no_noise_and_repeats_itself() -> None:
    given = frozen(normed(dropout=0.5), "low", "high")
    before = torch.get_rng_state()
    first = re_estimated(given, items().planes, 12)
    assert torch.equal(before, torch.get_rng_state())
    assert state_digest(first) == state_digest(re_estimated(given, items().planes, 12))


def test_no_batch_of_a_re_estimation_is_so_small_that_it_has_no_variance() -> None:
    pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(1))
    given = Network({"pooled": pooled}, nn.Flatten(), nn.Linear(1, 3), ["pooled"])
    found = re_estimated(given, items(13).planes, 12).layers["pooled"][1]  # type: ignore[index]
    assert torch.isfinite(found.running_var).all() and found.num_batches_tracked == 2  # type: ignore[operator]


def test_without_frozen_batch_norms_there_is_nothing_to_re_estimate() -> None:
    for given in (normed(), frozen(normed(), "middle")):
        assert state_digest(re_estimated(given, items().planes, 12)) == state_digest(given)


def test_re_estimated_layers_stay_constant_while_the_others_train() -> None:
    given = re_estimated(frozen(normed(), "low"), items().planes, 12)
    fitted = trained(Recipe(steps=4, validate_every=4, batch=16), given)
    assert state_digest(fitted.network.layers["low"]) == state_digest(given.layers["low"])
    assert state_digest(fitted.network.layers["high"]) != state_digest(given.layers["high"])


def test_tuned_norms_train_their_scales_and_offsets_over_stored_statistics() -> None:
    given = frozen(normed(dropout=0.5), "low", "middle", "high")
    digest = state_digest(given)
    tuned = with_tuned_norms(given)
    assert {p for p in tuned.state_dict() if p.startswith("layers") and needs_gradient(tuned, p)} == {
        f"layers.{place}.{name}" for place in ("low.1", "middle.1", "high.1", "high.3") for name in ("weight", "bias")
    }
    assert not any(needs_gradient(given, name) for name in given.state_dict() if name.startswith("layers"))
    fitted = trained(Recipe(steps=4, validate_every=4, batch=16), tuned)
    after = fitted.network.state_dict()
    moved = {name for name, tensor in given.state_dict().items() if not torch.equal(tensor, after[name])}
    trained_names = {name for name, _ in tuned.named_parameters() if needs_gradient(tuned, name)}
    assert moved == trained_names
    assert state_digest(given) == digest


def test_a_frozen_layer_with_tuned_norms_never_enters_training_mode() -> None:
    tuned = with_tuned_norms(frozen(normed(dropout=0.5), "low")).train()
    assert not any(module.training for module in tuned.layers["low"].modules())
    loss = F.cross_entropy(tuned(items().planes), items().targets)
    loss.backward()
    assert statistics(tuned, "low").weight.grad is not None
    assert tuned.layers["low"][0].weight.grad is None  # type: ignore[index]


def test_the_recipe_chooses_what_becomes_of_frozen_norms() -> None:
    given, shown = frozen(normed(), "low"), items()
    recipe = Recipe(steps=4, batch=12)
    assert with_norms(given, shown.planes, recipe) is given
    measured = with_norms(given, shown.planes, recipe.model_copy(update={"norms": "re-estimated"}))
    assert state_digest(measured) == state_digest(re_estimated(given, shown.planes, 12)) != state_digest(given)
    tuned = with_norms(given, shown.planes, recipe.model_copy(update={"norms": "tuned"}))
    assert state_digest(tuned) == state_digest(given)
    assert needs_gradient(tuned, "layers.low.1.weight")


def needs_gradient(network: Network, name: str) -> bool:
    return dict(network.named_parameters()).get(name, torch.zeros(1)).requires_grad


@pytest.mark.parametrize("name", ["mobilenetv3_small_050", "convnext_atto", "test_vit"])
def test_every_norm_of_a_published_architecture_is_found(name: str) -> None:
    backbone = timm.create_model(name, num_classes=0)
    tuned = with_tuned_norms(Network({"all": backbone}, nn.Identity(), nn.Identity(), ["all"]))
    norms = [module for module in tuned.layers["all"].modules() if "Norm" in type(module).__name__]
    parameters = {id(parameter) for norm in norms for parameter in norm.parameters()}
    assert parameters == {id(p) for p in tuned.parameters() if p.requires_grad} != set()
