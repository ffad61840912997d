"""The stored facts of timm's architectures are what timm says."""

from __future__ import annotations

import pytest

from frostline.errors import UnknownName, WeightsFault
from frostline.networks.timm_facts_table import architecture_of, names, table
from frostline.spec.timm_facts import FACTS, architectures, pretrained

SAMPLE = (
    "convnextv2_pico",
    "deit_tiny_distilled_patch16_224",
    "flexivit_small",
    "mobilenetv4_conv_small",
    "seresnet50",
    "tf_efficientnet_lite0",
    "vit_base_patch16_224",
    "vit_base_patch16_siglip_224",
)


def test_the_stored_facts_of_a_spread_of_architectures_are_what_timm_builds() -> None:
    for name in SAMPLE:
        assert architectures()[name] == architecture_of(name), name


def test_every_family_member_that_timm_lists_is_stored() -> None:
    assert architectures().keys() == set(names())


@pytest.mark.slow
def test_the_stored_table_is_the_one_that_timm_gives_now() -> None:
    assert FACTS.read_text(encoding="utf-8") == table()


def test_what_weights_expect_of_planes_is_known_by_their_tag() -> None:
    half = pretrained("vit_base_patch16_224", "augreg_in21k")
    assert (half.mean, half.deviation, half.size) == ((0.5,) * 3, (0.5,) * 3, 224)
    larger = pretrained("resnet50", "a1_in1k")
    assert larger.mean == (0.485, 0.456, 0.406)
    assert pretrained("vit_large_patch14_dinov2", "lvd142m").size == 518


def test_weights_that_an_architecture_does_not_have_are_named_with_those_it_has() -> None:
    with pytest.raises(
        UnknownName,
        match=r"no set of pretrained weights of vit_base_patch16_224 is called 'augreg_in22k'; "
        r"did you mean 'augreg_in21k'\?; known: augreg2_in21k_ft_in1k, ",
    ):
        pretrained("vit_base_patch16_224", "augreg_in22k")
    with pytest.raises(WeightsFault, match="'swin_tiny' is no timm architecture of the families"):
        pretrained("swin_tiny", "ms_in1k")


def test_an_architecture_of_another_family_has_no_facts() -> None:
    assert architecture_of("test_nfnet") is None
