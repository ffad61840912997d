from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from frostline.spec.network import Mlp, PlainCnn


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
