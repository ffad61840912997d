from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostline.randomness import stream, stream_seed, torch_stream
from tests.spec.examples import GOLDEN

PURPOSES = st.lists(st.sampled_from(["share", "weights", "batches", "conv1", "conv2"]), min_size=1, max_size=3)


@given(st.integers(), PURPOSES, st.integers(), PURPOSES)
def test_streams_are_equal_only_for_equal_seed_and_purpose(
    seed: int, purpose: list[str], other_seed: int, other_purpose: list[str]
) -> None:
    same = (seed, purpose) == (other_seed, other_purpose)
    assert (stream_seed(seed, *purpose) == stream_seed(other_seed, *other_purpose)) == same


def test_two_words_are_another_purpose_than_one_of_both() -> None:
    assert stream_seed(0, "weights", "conv1") != stream_seed(0, "weightsconv1")


def test_a_stream_starts_at_its_start_each_time_it_is_asked_for() -> None:
    assert stream(3, "share").integers(1 << 40) == stream(3, "share").integers(1 << 40)
    assert torch_stream(3, "batches").initial_seed() == torch_stream(3, "batches").initial_seed()


def test_streams_are_the_same_on_every_machine_and_in_every_version() -> None:
    expected = json.loads((GOLDEN / "streams.json").read_text())
    got = {name: stream_seed(int(name.split()[0]), *name.split()[1:]) for name in expected}
    assert got == expected
    assert int(stream(0, "share").integers(1 << 40)) == 670500499603


def test_a_stream_without_a_purpose_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^a stream needs a purpose, for example stream\(seed, 'batches'\)$"):
        stream(1)
