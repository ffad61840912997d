"""A network of timm is the same function after it was taken apart, and each part of it has exactly one place."""

from __future__ import annotations

import copy
from collections import Counter

import pytest
import timm
import torch
from torch import Tensor, nn

from frostline.networks.build import build
from frostline.networks.network import Fit, Network, state_digest
from frostline.networks.timm_networks import disassemble, timm_model, timm_network
from frostline.randomness import torch_noise
from frostline.spec.network import LAYER_NORMED, Timm
from frostline.spec.timm_facts import architectures

MEMBERS = {
    "vit_tiny_patch16_224": 32,
    "vit_xsmall_patch16_clip_224": 32,
    "vit_small_patch14_reg4_dinov2": 28,
    "deit_tiny_distilled_patch16_224": 32,
    "test_vit2": 32,
    "test_vit3": 32,
    "resnet26": 32,
    "resnetblur18": 32,
    "tf_efficientnet_lite0": 32,
    "efficientnet_b0": 32,
    "convnext_atto": 32,
    "test_convnext3": 32,
    "mobilenetv3_small_050": 32,
}
TINY = {
    "test_vit": 32,
    "test_vit2": 32,
    "test_vit3": 32,
    "test_resnet": 32,
    "test_efficientnet": 32,
    "test_convnext": 32,
    "mobilenetv3_small_050": 32,
}


def timm_spec(model: str, drop_path: float = 0.0) -> Timm:
    return Timm(name="timm", model=model, drop_path=drop_path)


def whole(spec: Timm, size: int, outputs: int = 5) -> Fit:
    return Fit(2, size, outputs, len(spec.layer_names))


def planes(size: int) -> Tensor:
    return torch.rand(3, 2, size, size, generator=torch.Generator().manual_seed(3))


def tensors(module: nn.Module) -> list[Tensor]:
    return [*module.parameters(), *module.buffers()]


@pytest.mark.parametrize(("model", "size"), MEMBERS.items())
def test_the_composition_of_the_parts_computes_what_timm_computes_and_each_tensor_has_one_place(
    model: str, size: int
) -> None:
    spec = timm_spec(model, drop_path=0.2)
    theirs = timm_model(spec, whole(spec, size))
    ours = disassemble(copy.deepcopy(theirs))
    with torch.no_grad():
        torch.testing.assert_close(ours.eval()(planes(size)), theirs.eval()(planes(size)), atol=1e-5, rtol=0)
        answers = []
        for network in (ours.train(), theirs.train()):
            with torch_noise(0, "drop path"):
                answers.append(network(planes(size)))
    torch.testing.assert_close(*answers, atol=1e-5, rtol=0)
    for ours_then, theirs_then in zip(disassemble(theirs).buffers(), ours.buffers(), strict=True):
        assert torch.equal(ours_then, theirs_then)
    assert tuple(ours.layers) == spec.layer_names
    shared = disassemble(theirs)
    places = Counter(
        id(tensor) for part in (*shared.layers.values(), shared.readout, shared.head) for tensor in tensors(part)
    )
    assert {id(tensor) for tensor in tensors(theirs)} == set(places)
    assert set(places.values()) == {1}


@pytest.mark.parametrize("readout", ["token", "average"])
@pytest.mark.parametrize("model", ["test_vit", "vit_xsmall_patch16_clip_224"])
def test_a_transformer_reads_the_class_token_or_the_average_of_the_patches_after_its_norm(
    model: str, readout: str
) -> None:
    spec = Timm.model_validate({"name": "timm", "model": model, "readout": readout})
    network = disassemble(timm_model(spec, whole(spec, 32)).eval())
    tokens = planes(32)
    for layer in network.layers.values():
        tokens = layer(tokens)
    normed = network.readout.norm(tokens)
    expected = normed[:, 0] if readout == "token" else normed[:, 1:].mean(dim=1)
    torch.testing.assert_close(network.readout(tokens), expected)


def test_another_patch_size_is_built_and_computes_what_timm_computes() -> None:
    spec = Timm(name="timm", model="test_vit", patch=4)
    model = timm_model(spec, whole(spec, 12)).eval()
    assert model.patch_embed.num_patches == 9
    torch.testing.assert_close(disassemble(model)(planes(12)), model(planes(12)))


@pytest.mark.parametrize(("model", "size"), TINY.items())
def test_a_network_without_its_topmost_layers_answers_at_every_depth_and_shares_the_layers_that_stay(
    model: str, size: int
) -> None:
    spec = timm_spec(model)
    full = timm_network(spec, whole(spec, size), seed=1)
    for kept in range(1, len(spec.layer_names)):
        part = timm_network(spec, Fit(2, size, 3, kept), seed=1)
        assert tuple(part.layers) == spec.layer_names[:kept]
        for name, layer in part.layers.items():
            assert state_digest(layer) == state_digest(full.layers[name]), name
        answers = part(planes(size))
        assert answers.shape == (3, 3) and answers.isfinite().all()


@pytest.mark.parametrize("model", ["test_vit", "test_convnext"])
def test_a_network_without_its_topmost_layers_norms_what_it_reads_where_the_architecture_does(model: str) -> None:
    part = timm_network(timm_spec(model), Fit(2, 32, 3, 2), seed=1).eval()
    features = planes(32)
    for layer in part.layers.values():
        features = layer(features)
    torch.testing.assert_close(part.readout(features * 10), part.readout(features), atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize("model", TINY)
def test_fresh_layers_depend_on_the_seed_alone_and_not_on_the_outputs(model: str) -> None:
    spec = timm_spec(model)
    network, more, other = (
        timm_network(spec, whole(spec, 32, outputs), seed) for outputs, seed in ((3, 1), (7, 1), (3, 2))
    )
    assert state_digest(network.layers) == state_digest(more.layers)
    assert state_digest(network) == state_digest(timm_network(spec, whole(spec, 32, 3), seed=1))
    for name in spec.layer_names:
        assert state_digest(network.layers[name]) != state_digest(other.layers[name]), name
    assert state_digest(network.head) != state_digest(other.head)


def named_deviations(network: Network) -> dict[str, tuple[int, float, float]]:
    return {
        name: (tensor.numel(), float(tensor.detach().std(correction=0)), float(tensor.detach().mean()))
        for name, tensor in network.named_parameters()
    }


@pytest.mark.parametrize(
    "model",
    [
        "vit_tiny_patch16_224",
        "deit_tiny_distilled_patch16_224",
        "test_vit3",
        "resnet18",
        "tf_efficientnet_lite0",
        "convnext_atto",
        "mobilenetv3_small_050",
    ],
)
def test_a_fresh_network_is_drawn_as_the_architecture_draws_itself_parameter_by_parameter(model: str) -> None:
    spec = timm_spec(model)
    fit = whole(spec, 32, outputs=1000)
    with torch_noise(8, "theirs"):
        theirs = named_deviations(disassemble(with_new_head(model, 1000, in_chans=2)))
    ours = named_deviations(timm_network(spec, fit, seed=9))
    assert ours.keys() == theirs.keys()
    for name, (count, deviation, mean) in ours.items():
        _, expected, their_mean = theirs[name]
        if expected == 0:
            assert deviation == 0 and mean == their_mean, name
        else:
            assert deviation == pytest.approx(expected, rel=max(0.05, 5 / count**0.5)), name


def with_new_head(model: str, outputs: int, **channels: int) -> nn.Module:
    """A fresh timm model; for EfficientNet's kin with the head that timm itself gives when outputs change."""
    made = timm.create_model(model, num_classes=outputs, **channels, **sizes(timm_spec(model)))
    if timm_spec(model).architecture.family in ("efficientnet", "mobilenetv3"):
        made.reset_classifier(outputs)
    return made


def sizes(spec: Timm) -> dict[str, int]:
    return {"img_size": 32, "dynamic_img_size": 0} if spec.architecture.family == "vit" else {}


@pytest.mark.parametrize("model", ["test_vit", "test_resnet", "test_efficientnet", "test_convnext"])
def test_the_head_of_a_network_without_its_topmost_layers_is_drawn_like_the_whole_one(model: str) -> None:
    spec = timm_spec(model)
    for kept in (2, len(spec.layer_names)):
        head = timm_network(spec, Fit(2, 32, 2000, kept), seed=4).head.fc
        with torch_noise(8, "theirs"):
            theirs = disassemble(with_new_head(model, 2000)).head.fc
        fans = (head.in_features / theirs.in_features) ** 0.5 if model in ("test_resnet", "test_efficientnet") else 1
        assert float(head.weight.detach().std()) * fans == pytest.approx(float(theirs.weight.detach().std()), rel=0.05)


def test_drawing_a_network_leaves_torchs_own_generator_where_it_was() -> None:
    spec = timm_spec("test_vit")
    before = torch.get_rng_state()
    build(spec, whole(spec, 32), seed=1)
    timm_model(spec, whole(spec, 32))
    assert torch.equal(torch.get_rng_state(), before)


def test_noise_of_one_purpose_is_repeatable_and_differs_from_that_of_another() -> None:
    draws = []
    for seed, purpose in ((1, "dropout"), (1, "dropout"), (1, "mixing"), (2, "dropout")):
        with torch_noise(seed, purpose):
            draws.append(torch.rand(4).tolist())
    assert draws[0] == draws[1]
    assert draws[0] not in draws[2:]


def test_noise_that_ends_in_an_error_leaves_torchs_own_generator_where_it_was() -> None:
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="shape"), torch_noise(1, "dropout"):
        torch.rand(2).reshape(3)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_model_of_no_family_is_refused_with_the_families() -> None:
    with torch.device("meta"):
        model = timm.create_model("test_nfnet", num_classes=0)
    with pytest.raises(
        ValueError,
        match="a NormFreeNet cannot be taken apart into layers; it is of none of the families ViT, DeiT and DINOv2, "
        "ResNet, EfficientNet, ConvNeXt, MobileNetV3",
    ):
        disassemble(model)


def test_a_tensor_that_would_be_lost_or_stand_twice_is_refused_by_name() -> None:
    spec = timm_spec("test_vit")
    model = timm_model(spec, whole(spec, 32))
    model.register_buffer("rope", torch.zeros(2), persistent=False)
    model.head.bias = model.patch_embed.proj.bias
    with pytest.raises(
        ValueError,
        match=r"VisionTransformer cannot be taken apart; lost: \['rope'\], in two parts: "
        r"\['patch_embed.proj.bias', 'head.bias'\]",
    ):
        disassemble(model)


def test_positions_that_are_resampled_at_every_call_are_refused() -> None:
    with pytest.raises(ValueError, match="a ViT with dynamic_img_size resamples its positions at every call"):
        disassemble(timm.create_model("test_vit", img_size=32, dynamic_img_size=True))


def test_dropout_before_the_classifier_belongs_to_the_head() -> None:
    for model in ("test_vit", "test_resnet", "test_convnext"):
        network = disassemble(timm.create_model(model, drop_rate=0.3, **sizes(timm_spec(model))))
        assert [type(part) for part in network.head] == [nn.Dropout, nn.Linear]
        assert network.head.drop.p == 0.3


@pytest.mark.parametrize("model", ["test_vit", "test_convnext"])
def test_every_layer_norm_has_the_epsilon_of_the_spec_at_every_depth(model: str) -> None:
    spec = Timm(name="timm", model=model, norm_epsilon=0.25)
    for kept in (2, len(spec.layer_names)):
        network = timm_network(spec, Fit(2, 32, 3, kept), seed=1)
        assert {part.eps for part in network.modules() if isinstance(part, nn.LayerNorm)} == {0.25}
    network = timm_network(spec, whole(spec, 32), seed=1).eval()
    plain = timm_network(timm_spec(model), whole(spec, 32), seed=1).eval()
    assert not torch.allclose(network(planes(32)), plain(planes(32)))


@pytest.mark.slow
def test_the_networks_that_take_an_epsilon_are_those_with_layer_norms() -> None:
    with torch.device("meta"):
        for name, known in architectures().items():
            if known.family in LAYER_NORMED:
                model = timm.create_model(name, num_classes=0)
                assert timm_spec(name).has_layer_norms == any(isinstance(p, nn.LayerNorm) for p in model.modules())
