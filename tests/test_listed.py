"""What `frostline list` says of one name."""

from __future__ import annotations

import pytest

from frostline.catalog import dataset_cards
from frostline.errors import FrostlineError
from frostline.listed import layers_of, listed


def test_each_class_of_a_dataset_is_listed_with_the_number_that_a_study_calls_it_by() -> None:
    said = listed("fashion_mnist").splitlines()
    assert said[0].startswith("fashion_mnist: Fashion-MNIST articles of clothing: 60,000 + 10,000 items")
    assert said[1] == "  classes, by the numbers that a study names some by (such as classes: [0, 9]):"
    assert said[2:] == [f"    {n}  {name}" for n, name in enumerate(dataset_cards()["fashion_mnist"].class_names)]


def test_tags_and_values_of_a_dataset_are_listed_without_numbers() -> None:
    assert listed("deam").endswith("\n  values, annotated from 1 to 9:\n    valence\n    arousal")
    assert "\n  tags:\n    guitar\n    classical\n" in listed("magnatagatune")


def test_a_network_is_listed_by_its_layers_and_nothing_by_all_names() -> None:
    assert listed("mlp") == layers_of("mlp")
    assert "\n  fashion-fr " in listed(None) and "\n  fashion_mnist " in listed(None)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fashion_mnst", "no dataset and no network is called 'fashion_mnst'; did you mean 'fashion_mnist'?"),
        ("mnist-fr", "mnist-fr is a preset; `frostline plan mnist-fr` says what it would run"),
        ("manifest", "manifest is your own images or sounds: .*; `frostline show manifest:PATH` says what is in it"),
        ("timm", "timm has many networks; `frostline list MODEL`, such as resnet18, has the layers of one"),
        ("nope", "'nope' is no timm architecture .*; known besides: plain_cnn, .* and the datasets"),
    ],
)
def test_a_name_that_stands_for_nothing_listed_is_answered_with_what_is(name: str, message: str) -> None:
    with pytest.raises(FrostlineError, match=message):
        listed(name)


def test_the_layers_of_a_network_are_told_with_its_surgeries_and_its_weights() -> None:
    assert layers_of("tf_efficientnet_lite0") == (
        "tf_efficientnet_lite0: EfficientNet, made for planes of 224 x 224\n"
        "  18 layers, input first: stem, block1 to block16, top\n"
        "  surgeries such as r18 (from scratch), t18 (all tuned), f1t17 (stem frozen), f18 (only the head trained)\n"
        "  weights on the hub:\n"
        "    timm/tf_efficientnet_lite0.in1k"
    )
    assert layers_of("vit_base_patch16_224").startswith(
        "vit_base_patch16_224: ViT, DeiT and DINOv2, made for planes of 224 x 224 in patches of 16\n"
        "  13 layers, input first: patch, block1 to block12\n"
    )
    assert layers_of("aimv2_3b_patch14_224").endswith("timm/aimv2_3b_patch14_224.apple_pt")
    assert layers_of("efficientnet_b7").endswith("\n  no weights on the hub")


def test_the_layers_of_a_plain_network_are_those_of_its_own_depth() -> None:
    assert layers_of("plain_cnn").startswith(
        "plain_cnn: depth: 6, which a study may change\n  6 layers, input first: conv1 to conv6\n"
    )
    assert "  3 layers, input first: dense1 to dense3\n  surgeries such as r3 (from scratch)" in layers_of("mlp")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "vit_bas_patch16_224",
            "is no timm architecture .*; did you mean 'vit_base_patch16_224'.*; known besides: plain",
        ),
        (
            "resnet18.a1_in1k",
            "write model: resnet18 and name the weights as timm/resnet18.a1_in1k where the study says",
        ),
    ],
)
def test_a_name_of_no_network_is_answered_with_the_nearest(name: str, message: str) -> None:
    with pytest.raises(FrostlineError, match=message):
        layers_of(name)
