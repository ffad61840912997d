from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from frostline.spec.network import Mlp, PlainCnn, Timm


def test_the_published_network_halves_28_rows_at_every_second_layer() -> None:
    assert PlainCnn(name="plain_cnn").sizes(28) == (28, 14, 14, 7, 7, 3)


def test_layers_are_named_from_the_input_up() -> None:
    assert PlainCnn(name="plain_cnn", depth=3).layer_names == ("conv1", "conv2", "conv3")
    assert Mlp(name="mlp", depth=2).layer_names == ("dense1", "dense2")


def test_without_pooling_every_layer_keeps_the_size() -> None:
    assert PlainCnn(name="plain_cnn", pooling="none").sizes(5) == (5,) * 6


def test_pooling_that_leaves_nothing_is_told_with_the_depth_that_would_do() -> None:
    assert PlainCnn(name="plain_cnn", depth=4, pool_every=1).fault_on(8) == (
        "pooling leaves nothing of 8 x 8 planes at layer conv4; use a depth of at most 3, a larger pool_every, "
        "pool_stride: 1 or pooling: none"
    )


@given(st.integers(1, 12), st.integers(1, 4), st.integers(1, 3), st.integers(1, 40))
def test_the_depth_that_a_fault_names_does_fit(depth: int, every: int, stride: int, size: int) -> None:
    network = PlainCnn(name="plain_cnn", depth=depth, pool_every=every, pool_stride=stride)
    if network.fault_on(size) is not None:
        fitting = network.sizes(size).index(0)
        assert fitting == 0 or network.model_copy(update={"depth": fitting}).fault_on(size) is None


def test_planes_of_every_size_pass_through_dense_layers() -> None:
    assert Mlp(name="mlp", depth=9).fault_on(1) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"kernel": 4}, r"kernel must be odd, so that a convolution keeps the size \(got 4\)"),
        ({"pooling": "none", "pool_every": 3}, "pool_every would have no effect with pooling: none; remove it"),
        (
            {"pooling": "none", "pool_every": 3, "pool_stride": 1},
            "pool_every and pool_stride would have no effect with pooling: none; remove it",
        ),
        ({"depth": 0}, "greater than 0"),
    ],
)
def test_a_network_that_cannot_be_built_as_written_is_refused(content: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        PlainCnn.model_validate({"name": "plain_cnn", **content})


def timm(model: str, **content: object) -> Timm:
    return Timm.model_validate({"name": "timm", "model": model, **content})


def test_a_transformer_has_patch_and_blocks_and_a_convolutional_network_stem_blocks_and_top() -> None:
    vit = timm("vit_base_patch16_224")
    assert vit.layer_names == ("patch", *(f"block{i}" for i in range(1, 13)))
    assert timm("resnet50").layer_names == ("stem", *(f"block{i}" for i in range(1, 17)))
    assert timm("tf_efficientnet_lite0").layer_names == ("stem", *(f"block{i}" for i in range(1, 17)), "top")
    assert (vit.native_size, vit.hidden) == (224, None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"model": "swin_tiny"},
            "'swin_tiny' is no timm architecture of the families ViT, DeiT and DINOv2, ResNet, EfficientNet, ConvNeXt, "
            "MobileNetV3",
        ),
        ({"model": "vit_base_patch16_225"}, "; did you mean 'vit_base_patch16_224'?"),
        (
            {"model": "vit_base_patch16_224.augreg_in21k"},
            "write model: vit_base_patch16_224 and name the weights as timm/vit_base_patch16_224.augreg_in21k",
        ),
        ({"model": "resnet50", "readout": "token"}, "token is not possible for resnet50; use own"),
        ({"model": "vit_base_patch16_siglip_224", "readout": "token"}, "use own or average"),
        ({"model": "deit_tiny_distilled_patch16_224", "readout": "average"}, "use own"),
        ({"model": "resnet50", "patch": 8}, "would have no effect: resnet50 has no patches; remove it"),
        *(
            ({"model": model, "norm_epsilon": 1e-6}, f"is for networks of layer norms, which {model} is not; remove it")
            for model in (
                "resnet18",
                "tf_efficientnet_lite0",
                "mobilenetv3_small_050",
                "convnext_atto_rms",
                "test_vit4",
            )
        ),
        ({"model": "resnet50", "drop_path": 1.0}, "less than 1"),
        ({"model": "resnet50", "drop_path": -0.1}, "greater than or equal to 0"),
    ],
)
def test_a_timm_network_that_cannot_be_built_as_written_is_refused(content: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        Timm.model_validate({"name": "timm", **content})


def test_what_the_architecture_does_anyway_is_the_same_network() -> None:
    plain = timm("vit_base_patch16_224")
    assert timm("vit_base_patch16_224", readout="token", patch=16) == plain
    assert plain != timm("vit_base_patch16_224", readout="average", patch=32)


def test_planes_that_do_not_divide_into_patches_are_told_with_a_size_that_does() -> None:
    assert timm("vit_base_patch16_224").fault_on(128) is None
    assert timm("vit_base_patch16_224").fault_on(28) == (
        "28 rows do not divide into patches of 16; set the dataset's size to a multiple of 16, for example 32, "
        "or set network.patch"
    )
    assert timm("vit_base_patch16_224", patch=7).fault_on(28) is None


def test_convolutional_networks_need_32_rows() -> None:
    assert timm("resnet50").fault_on(28) == (
        "resnet50 needs planes of at least 32 rows, not 28; set the dataset's size"
    )
    assert timm("resnet50").fault_on(32) is None


def test_facts_of_timm_are_read_without_timm_and_torch() -> None:
    code = (
        "import sys; from frostline.spec.network import Timm; Timm(name='timm', model='resnet50').layer_names; "
        "print([name for name in ('timm', 'torch', 'numpy') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"


@pytest.mark.parametrize("model", ["test_vit", "convnext_atto", "vit_dlittle_patch16_reg1_gap_256"])
def test_networks_of_layer_norms_have_an_epsilon(model: str) -> None:
    assert timm(model, norm_epsilon=1e-12).norm_epsilon == 1e-12
    assert timm(model).has_layer_norms and not timm("resnet18").has_layer_norms
