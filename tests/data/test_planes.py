"""What a network sees of a plane is what the study states."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from frostline.data.planes import fitted, preprocessing
from frostline.data.read import read
from frostline.spec.dataset import Reading
from frostline.spec.dataset import Dataset


def test_planes_are_scaled_to_one_by_the_full_scale_of_their_dataset() -> None:
    digits = read(Reading("digits")).train
    planes = preprocessing(Dataset(name="digits"), "unit", digits)(digits).planes
    assert planes.dtype is torch.float32
    assert float(planes.min()) == 0
    assert float(planes.max()) == 1


def test_standard_normalisation_takes_mean_and_deviation_from_the_training_items_alone() -> None:
    digits = read(Reading("digits"))
    some = digits.train.take(np.arange(50))
    prepare = preprocessing(Dataset(name="digits"), "standard", some)
    planes = prepare(some).planes
    assert float(planes.mean()) == pytest.approx(0, abs=1e-5)
    assert float(planes.std(correction=0)) == pytest.approx(1, abs=1e-5)
    assert float(prepare(digits.test).planes.mean()) != pytest.approx(0, abs=1e-5)


def test_a_smaller_plane_is_padded_in_the_middle_and_one_channel_becomes_several_equal_ones() -> None:
    raw = torch.full((2, 1, 8, 8), 16, dtype=torch.uint8)
    planes = fitted(raw, Dataset(name="digits", channels=3, size=11))
    assert planes.shape == (2, 3, 11, 11)
    assert torch.equal(planes[:, 0], planes[:, 2])
    assert float(planes[0, 0, 1:9, 1:9].min()) == 1
    assert float(planes.sum()) == 2 * 3 * 64


def test_interpolation_keeps_a_constant_plane_constant() -> None:
    raw = torch.full((1, 1, 8, 8), 8, dtype=torch.uint8)
    planes = fitted(raw, Dataset(name="digits", size=5, resize="interpolate"))
    assert planes.shape == (1, 1, 5, 5)
    assert torch.allclose(planes, torch.tensor(0.5))
