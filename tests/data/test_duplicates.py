"""Samples that are as good as the same are found, and tiny pictures are not called so for being small."""

from __future__ import annotations

import os
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frostline.data.duplicates import ALONE, TOLERANCE, block_means, near_duplicates
from frostline.data.read import read
from frostline.data.samples import Corpus
from frostline.kept_files import items
from frostline.randomness import stream
from frostline.spec.reading import Reading


def noise(count: int, channels: int = 1, size: int = 12) -> np.ndarray:
    """Planes from 0 to 100 that have nothing in common, the first of which spans that range."""
    planes = stream(0, "planes").uniform(0, 100, (count, channels, size, size)).astype(np.float32)
    planes[0, 0, 0, :2] = (0, 100)
    return planes


def test_equal_planes_under_different_ids_are_one_family() -> None:
    planes = noise(6)
    planes[4] = planes[1]
    planes[5] = planes[1]
    assert near_duplicates(planes).tolist() == [ALONE, 0, ALONE, ALONE, 0, 0]


@pytest.mark.parametrize(("apart", "together"), [(0.99, True), (1.01, False)])
def test_planes_are_near_duplicates_up_to_one_part_in_a_hundred_of_the_range(apart: float, together: bool) -> None:
    planes = np.clip(noise(4), 0, 90)
    planes[0, 0, 0, :2] = (0, 100)
    planes[3] = planes[2] + apart * TOLERANCE * 100
    assert (near_duplicates(planes) != ALONE).tolist() == [False, False, together, together]


def test_a_chain_of_near_duplicates_is_one_family() -> None:
    planes = np.clip(noise(5), 0, 90)
    planes[0, 0, 0, :2] = (0, 100)
    planes[3], planes[4] = planes[2] + 0.8, planes[2] + 1.6
    assert near_duplicates(planes).tolist() == [ALONE, ALONE, 0, 0, 0]


def test_pictures_that_are_equal_in_grey_and_not_in_colour_are_no_duplicates() -> None:
    planes = noise(3, channels=3)
    planes[2] = planes[1][::-1]
    assert near_duplicates(planes).tolist() == [ALONE] * 3


def test_many_copies_of_few_planes_are_few_families() -> None:
    planes = np.repeat(noise(2), 200, axis=0)
    assert np.bincount(near_duplicates(planes)).tolist() == [200, 200]


def test_constant_planes_are_duplicates_where_they_are_equal() -> None:
    levels = np.array([0, 7, 7, 255, 0], dtype=np.uint8)
    assert near_duplicates(np.tile(levels[:, None, None, None], (1, 1, 3, 5))).tolist() == [0, 1, 1, ALONE, 0]


@settings(max_examples=20)
@given(st.integers(0, 2**16), st.integers(1, 3), st.integers(1, 19), st.floats(0.0, 2.0))
def test_no_pair_within_the_tolerance_is_missed_and_none_beyond_it_is_found(
    seed: int, channels: int, size: int, spread: float
) -> None:
    draw = stream(seed, "clouds")
    centres = draw.uniform(0, 100, (4, channels, size, size))
    planes = np.concatenate([centres, *(centres + draw.normal(0, spread, centres.shape) for _ in range(4))])
    planes = planes.astype(np.float32)
    reach = TOLERANCE * float(planes.max() - planes.min())
    apart = {pair: np.sqrt(np.square(planes[pair[0]] - planes[pair[1]]).mean()) for pair in combinations(range(20), 2)}
    family = list(range(20))
    for (one, other), distance in apart.items():
        if distance <= reach:
            family = [family[one] if name == family[other] else name for name in family]
    found = near_duplicates(planes)
    for one, other in apart:
        assert (found[one] == found[other] != ALONE) == (family[one] == family[other])


@given(st.integers(0, 2**16), st.integers(1, 3), st.integers(1, 21), st.integers(1, 21))
def test_block_means_are_never_further_apart_than_the_planes(seed: int, channels: int, rows: int, columns: int) -> None:
    planes = stream(seed, "planes").integers(0, 256, (2, channels, rows, columns)).astype(np.uint8)
    means = block_means(planes)
    difference = planes[0].astype(np.float64) - planes[1]
    assert np.linalg.norm(means[0] - means[1]) <= np.sqrt(np.square(difference).mean()) * (1 + 1e-5)


def test_no_two_of_the_tiny_digits_are_near_duplicates() -> None:
    assert (items(read(Reading("digits")))["families"] == ALONE).all()


@pytest.mark.slow
@pytest.mark.real_data
def test_two_families_of_fashion_mnist_lie_across_its_official_split() -> None:
    assert os.environ["FROSTLINE_DATA"]
    whole = read(Reading("fashion_mnist"))
    assert isinstance(whole, Corpus)
    known = items(whole)
    tested = np.isin(known["ids"], whole.test.ids)
    across = np.intersect1d(known["families"][tested], known["families"][~tested])[1:]
    assert [known["ids"][known["families"] == family].tolist() for family in across] == [
        ["fashion_mnist/train/13360", "fashion_mnist/t10k/04998"],
        ["fashion_mnist/train/58762", "fashion_mnist/t10k/09867"],
    ]
    assert known["families"].max() + 1 == 12
