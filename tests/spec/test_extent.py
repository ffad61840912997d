"""Planes that are not square: who may have them, and what networks make of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from frostline.data.planes import fitted
from frostline.errors import StudyFaults
from frostline.networks.build import build
from frostline.networks.network import Fit
from frostline.spec.dataset import Dataset
from frostline.spec.mtt_vgg import MttVgg
from frostline.spec.network import Mlp, NetworkSpec, PlainCnn, Timm
from frostline.spec.study_file import load_study

SOUNDS = Dataset(name="esc10", size=(12, 20))
STUDY = """\
title: Oblong
question: Do planes that are not square reach the network?
dataset: {{name: esc10, size: {size}}}
network: {network}
surgeries: {{scratch: {surgery}}}
recipe: {{steps: 1}}
"""


def test_rows_and_columns_of_the_same_length_are_one_number() -> None:
    square = Dataset(name="esc10", size=(12, 12))
    assert square == Dataset(name="esc10", size=12) and square.plane_shape == (1, 12, 12)
    assert SOUNDS.plane_shape == (1, 12, 20)


def test_a_spectrogram_is_scaled_to_the_rows_and_columns_that_are_asked_for() -> None:
    planes = fitted(torch.rand(2, 3, 16, 25, generator=torch.Generator().manual_seed(0)), SOUNDS)
    assert planes.shape == (6, 1, 12, 20)


@pytest.mark.parametrize("name", ["digits", "caltech101"])
def test_planes_and_pictures_stay_square(name: str) -> None:
    with pytest.raises(
        ValidationError,
        match=r"size must be one number \(got \[12, 20\]\): only sounds have planes that are not square",
    ):
        Dataset(name=name, size=(12, 20))


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ("[12]", r"dataset\.size: holds too few values \(got \[12\]\)"),
        ("[12, 0]", r"dataset\.size\.1: must be greater than 0 \(got 0\)"),
        ("[12, 20, 3]", r"dataset\.size: holds too many values \(got \[12, 20, 3\]\)"),
        ("0", r"dataset\.size: must be greater than 0 \(got 0\)"),
    ],
)
def test_an_extent_is_one_or_two_positive_numbers(size: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(STUDY.format(size=size, network="{name: mlp}", surgery="r3"))
    with pytest.raises(StudyFaults, match=rf"line 3 +{said}"):
        load_study(path)


@pytest.mark.parametrize(
    ("spec", "size"),
    [
        (PlainCnn(name="plain_cnn", depth=2, channels=2), (12, 20)),
        (Mlp(name="mlp", depth=1, width=3), (12, 20)),
        (MttVgg(name="mtt_vgg", channels=2), (66, 140)),
        (Timm(name="timm", model="test_vit"), (32, 48)),
    ],
)
def test_every_network_takes_planes_that_are_not_square(spec: NetworkSpec, size: tuple[int, int]) -> None:
    assert spec.fault_on(size) is None
    network = build(spec, Fit(3, size, 2, len(spec.layer_names)), seed=0)
    assert network.eval()(torch.rand(1, 3, *size)).shape == (1, 2)


@pytest.mark.parametrize(
    ("spec", "size", "said"),
    [
        (PlainCnn(name="plain_cnn", depth=4, pool_every=1), (20, 8), "pooling leaves nothing of 20 x 8 planes at"),
        (MttVgg(name="mtt_vgg"), (140, 40), "the poolings of mtt_vgg leave nothing of 140 x 40 planes"),
        (Timm(name="timm", model="test_vit"), (32, 50), "50 columns do not divide into patches of 16"),
        (Timm(name="timm", model="resnet18"), (64, 20), "resnet18 needs planes of at least 32 rows, not 20"),
    ],
)
def test_the_shorter_side_is_told_where_it_is_too_short(spec: NetworkSpec, size: tuple[int, int], said: str) -> None:
    assert str(spec.fault_on(size)).startswith(said)


def test_a_study_of_planes_that_are_not_square_is_read(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    network = "{name: spectrogram_transformer, depth: 1, width: 6, heads: 2, patch: 4}"
    path.write_text(STUDY.format(size="[12, 20]", network=network, surgery="r2"))
    assert load_study(path).dataset == SOUNDS
