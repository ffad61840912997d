"""A file of rows is whole or not there, and read as it was written or not at all."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from frostline.errors import ActivationsFault
from frostline.store import Store
from frostline.training.row_files import read_rows, write_rows
from frostline.whole_files import PARTIAL

FORK = multiprocessing.get_context("fork")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def written(folder: Path, rows: Tensor | None = None) -> Path:
    """A file of nine rows, written in parts of four."""
    rows = torch.arange(54.0).reshape(9, 2, 3) if rows is None else rows
    path = folder / "rows.safetensors"
    write_rows(path, rows.split(4), len(rows), {"chunks": "[1, 2]"})
    return path


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_rows_are_read_bit_for_bit_as_they_were_written(tmp_path: Path, dtype: torch.dtype) -> None:
    rows = torch.tensor([[0.1, -0.0], [float("nan"), float("inf")], [1e-7, 3.0]]).to(dtype)
    file = read_rows(written(tmp_path, rows))
    assert file is not None
    whole = torch.int32 if dtype is torch.float32 else torch.int16
    assert file.rows.dtype is dtype
    assert torch.equal(file.rows.view(whole), rows.view(whole))
    assert file.told == {"chunks": "[1, 2]"}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_the_safetensors_library_reads_the_same(tmp_path: Path, dtype: torch.dtype) -> None:
    rows = torch.rand(9, 2, 3).to(dtype)
    with safe_open(written(tmp_path, rows), "pt") as file:
        assert list(file.keys()) == ["rows"]
        assert torch.equal(file.get_tensor("rows"), rows)
        assert file.metadata() == {"chunks": "[1, 2]"}


def test_rows_that_do_not_lie_in_order_in_memory_are_written_in_the_order_of_their_axes(tmp_path: Path) -> None:
    rows = torch.rand(9, 3, 2).transpose(1, 2)
    file = read_rows(written(tmp_path, rows))
    assert file is not None
    assert torch.equal(file.rows, rows)


def header(text: str) -> bytes:
    return len(text).to_bytes(8, "little") + text.encode()


ENTRY = {"dtype": "F32", "shape": [9, 2, 3], "data_offsets": [0, 216]}
DAMAGES = {
    "empty": b"",
    "half a header": b"\x60\x00\x00",
    "garbage": bytes(range(256)) * 2,
    "zeros": bytes(400),
    "no tensor": header("{}") + bytes(216),
    "a list": header("[1, 2]") + bytes(216),
    "another name": header(json.dumps({"__metadata__": {}, "weights": ENTRY})) + bytes(216),
    "another type": header(json.dumps({"__metadata__": {}, "rows": ENTRY | {"dtype": "I64"}})) + bytes(216),
    "too few rows": header(json.dumps({"__metadata__": {}, "rows": ENTRY | {"shape": [99, 2, 3]}})) + bytes(216),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_what_is_no_file_of_rows_is_not_read(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "rows.safetensors"
    path.write_bytes(damage)
    assert read_rows(path) is None


@pytest.mark.parametrize("lost", [1, 100, 216, 230])
def test_a_file_that_was_cut_short_is_not_read(tmp_path: Path, lost: int) -> None:
    path = written(tmp_path)
    os.truncate(path, path.stat().st_size - lost)
    assert read_rows(path) is None


def test_a_file_that_is_too_long_or_gone_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path)
    with path.open("ab") as file:
        file.write(b"\0")
    assert read_rows(path) is None
    path.unlink()
    assert read_rows(path) is None


def test_a_file_that_is_written_again_leaves_what_was_read_of_the_first_as_it_was(tmp_path: Path) -> None:
    first = read_rows(written(tmp_path))
    written(tmp_path, torch.zeros(9, 2, 3))
    assert first is not None
    assert torch.equal(first.rows, torch.arange(54.0).reshape(9, 2, 3))


def test_work_in_place_on_rows_that_were_read_does_not_reach_the_file(tmp_path: Path) -> None:
    path = written(tmp_path)
    first = read_rows(path)
    assert first is not None
    first.rows.zero_()
    again = read_rows(path)
    assert again is not None
    assert torch.equal(again.rows, torch.arange(54.0).reshape(9, 2, 3))


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read from /proc")
def test_of_a_large_file_only_the_rows_that_are_asked_for_come_into_memory(tmp_path: Path) -> None:
    rows, wide = 1000, 250_000
    entry = {"dtype": "F32", "shape": [rows, wide], "data_offsets": [0, rows * wide * 4]}
    text = header(json.dumps({"__metadata__": {}, "rows": entry}).ljust(120))
    path = tmp_path / "rows.safetensors"
    path.write_bytes(text)
    os.truncate(path, len(text) + rows * wide * 4)
    before = resident_bytes()
    file = read_rows(path)
    assert file is not None
    assert file.rows[torch.tensor([1, 500, 998])].shape == (3, wide)
    assert resident_bytes() - before < rows * wide // 10


@contextmanager
def room_for(size_bytes: int) -> Iterator[None]:
    """A system that refuses to let any file grow beyond ``size_bytes``, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_takes_no_more_is_told_with_its_remedies_and_keeps_no_half_file(tmp_path: Path) -> None:
    said = (
        rf"{tmp_path}/rows.safetensors cannot be written \(File too large\); make room there and "
        r"run the study again, or bound what is kept by activations_gb in the study \(0 keeps nothing\), in another"
    )
    with room_for(200_000), pytest.raises(ActivationsFault, match=said):
        written(tmp_path, torch.zeros(9, 10_000))
    assert list(tmp_path.iterdir()) == []


def test_parts_that_fail_half_way_leave_nothing_and_the_earlier_file_as_it_was(tmp_path: Path) -> None:
    def failing() -> Iterator[Tensor]:
        yield torch.zeros(4, 2, 3)
        raise RuntimeError("no more")

    path = written(tmp_path)
    with pytest.raises(RuntimeError, match="no more"):
        write_rows(path, failing(), 9, {})
    assert list(tmp_path.iterdir()) == [path]
    assert read_rows(path) is not None


def write_slowly(path: Path) -> None:
    def slowly() -> Iterator[Tensor]:
        for _ in range(1000):
            yield torch.zeros(4, 10_000)
            time.sleep(0.01)

    write_rows(path, slowly(), 10**6, {})


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_kill_9_while_rows_are_written_leaves_nothing_that_is_read_and_the_store_sweeps_up(tmp_path: Path) -> None:
    path = tmp_path / "activations" / "key" / "00" / "rows.safetensors"
    writer = FORK.Process(target=write_slowly, args=(path,))
    writer.start()
    while not any(half.stat().st_size > 100_000 for half in path.parent.glob(f"{PARTIAL}*")):
        assert writer.is_alive()
        time.sleep(0.005)
    writer.kill()
    writer.join()
    (half,) = path.parent.iterdir()
    assert half.name.startswith(PARTIAL) and half.stat().st_size > 100_000
    assert read_rows(path) is None
    with Store(tmp_path):
        assert list(path.parent.iterdir()) == []


def test_a_mapped_file_stays_not_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    files = [written(tmp_path / str(number), torch.zeros(2, 3)) for number in range(20)]
    mapped = [read_rows(path) for path in files]
    assert len(os.listdir("/proc/self/fd")) == before
    assert all(file is not None and float(file.rows.sum()) == 0 for file in mapped)


def test_a_file_that_cannot_be_opened_is_no_damaged_one(tmp_path: Path) -> None:
    path = written(tmp_path, torch.zeros(2, 3))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(ActivationsFault, match=r"cannot be read \(Too many open files\); run the study again"):
            read_rows(path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert read_rows(path) is not None
