"""Rows that lie in files are those of one tensor in memory, for whoever asks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from frostline.data.rows import StoredRows

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
LAYOUTS = {3: ((0, 1, 2),), 4: ((0, 1, 2, 3), (0, 3, 1, 2))}


@st.composite
def stored(draw: st.DrawFn) -> tuple[StoredRows, Tensor]:
    """Rows dealt over files in any order, and the plain tensor that they are."""
    axes = draw(st.sampled_from(LAYOUTS[draw(st.sampled_from([3, 4]))]))
    shape = tuple(draw(st.integers(1, 3)) for _ in axes[1:])
    lengths = draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    everything = torch.arange(sum(lengths) * int(np.prod(shape))).reshape(-1, *shape).to(draw(st.sampled_from(DTYPES)))
    files = everything.split(lengths)
    beginnings = np.cumsum([0, *lengths])
    wanted = draw(st.lists(st.integers(0, sum(lengths) - 1), min_size=1, max_size=9))
    number = np.searchsorted(beginnings, wanted, side="right") - 1
    places = np.stack([number, np.array(wanted) - beginnings[number]], axis=1)
    return StoredRows(files, places, axes), everything[torch.tensor(wanted)].permute(axes)


def same(rows: Tensor, expected: Tensor) -> bool:
    return rows.dtype is expected.dtype and torch.equal(rows, expected)


@given(st.data(), stored())
def test_any_positions_in_any_order_over_any_files_give_the_rows_of_a_plain_tensor(
    data: st.DataObject, both: tuple[StoredRows, Tensor]
) -> None:
    rows, plain = both
    chosen = torch.tensor(data.draw(st.lists(st.integers(0, len(plain) - 1), min_size=1)))
    begin, end = sorted((data.draw(st.integers(0, len(plain) - 1)), data.draw(st.integers(1, len(plain)))))
    assert len(rows) == len(plain)
    assert same(rows[chosen], plain[chosen])
    assert same(rows[:], plain)
    if begin < end:
        assert same(rows[begin:end], plain[begin:end])


def two_files() -> StoredRows:
    """Four rows of two planes of 3 x 3 in two files, in which they lie channels last."""
    files = (torch.rand(2, 3, 3, 2), torch.rand(2, 3, 3, 2))
    return StoredRows(files, np.array([[0, 0], [1, 1], [0, 1], [1, 0]]), (0, 3, 1, 2))


@pytest.mark.parametrize("chosen", [slice(None), torch.tensor([0, 2]), torch.tensor([3])])
def test_rows_that_lie_channels_last_are_given_so(chosen: slice | Tensor) -> None:
    given = two_files()[chosen]
    assert given.shape[1:] == (2, 3, 3)
    assert given.is_contiguous(memory_format=torch.channels_last) and not given.is_contiguous()


@pytest.mark.parametrize("chosen", [slice(None), slice(0, 1), torch.tensor([0, 2]), torch.tensor([1, 0])])
def test_work_in_place_on_rows_that_were_given_changes_no_file_and_no_later_row(chosen: slice | Tensor) -> None:
    rows = two_files()
    files, before = [file.clone() for file in rows.files], rows[:].clone()
    rows[chosen].zero_()
    assert all(torch.equal(file, kept) for file, kept in zip(rows.files, files, strict=True))
    assert torch.equal(rows[:], before)


def test_rows_stay_where_they_lie_for_the_processor_and_all_go_to_another_device() -> None:
    rows = two_files()
    assert rows.device == torch.device("cpu")
    assert rows.to(rows.device) is rows
    moved = rows.to(torch.device("meta"))
    assert isinstance(moved, Tensor)
    assert moved.device == torch.device("meta") and moved.shape == (4, 2, 3, 3)
