"""Planes are made once for a content and a key, kept whole or not at all, and shared by processes."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from torch import Tensor

from frostline.catalog import LeftOut
from frostline.data.cache import Cached, cache_folder, cached_planes
from frostline.errors import DataFault


@dataclass
class Maker:
    """Makes a plane of a file's bytes, and remembers of which files."""

    made: list[str] = field(default_factory=list)

    def __call__(self, file: Path) -> Tensor:
        self.made.append(file.name)
        content = file.read_bytes()
        if content == b"damaged":
            raise DataFault(f"{file} is damaged")
        return torch.frombuffer(bytearray(content), dtype=torch.uint8).reshape(1, 1, -1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the planes in an empty cache."""
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "planes"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in ("a", "b", "c")]
    for path in paths:
        path.write_bytes(path.name.encode() * 5)
    return paths


def kept(home: Path) -> list[Path]:
    return sorted(home.glob("*/*.npy"))


def contents(cached: Cached) -> list[bytes | None]:
    return [None if plane is None else plane.numpy().tobytes() for plane in cached.planes]


def silent(_: int) -> None:
    return None


def test_the_cache_lies_where_the_user_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROSTLINE_CACHE", "/somewhere")
    assert cache_folder() == Path("/somewhere")
    monkeypatch.delenv("FROSTLINE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/users")
    assert cache_folder() == Path("/users/frostline")


def test_a_second_call_makes_nothing_and_gives_the_same_planes(home: Path, files: list[Path]) -> None:
    first, second = Maker(), Maker()
    before = cached_planes(files, "key", first, silent)
    after = cached_planes(files, "key", second, silent)
    assert sorted(first.made) == ["a", "b", "c"] and second.made == []
    assert contents(before) == contents(after) == [b"aaaaa", b"bbbbb", b"ccccc"]
    assert after.planes[0] is not None and after.planes[0].shape == (1, 1, 5)
    assert after.left_out == ()


def test_another_key_makes_again(home: Path, files: list[Path]) -> None:
    cached_planes(files, "key", Maker(), silent)
    maker = Maker()
    cached_planes(files, "other", maker, silent)
    assert sorted(maker.made) == ["a", "b", "c"]
    assert len(kept(home)) == 6


def test_a_changed_file_is_made_again_and_a_renamed_one_is_not(home: Path, files: list[Path]) -> None:
    cached_planes(files, "key", Maker(), silent)
    files[0].write_bytes(b"xxxxx")
    renamed = files[1].rename(files[1].with_name("z"))
    maker = Maker()
    assert contents(cached_planes([files[0], renamed], "key", maker, silent)) == [b"xxxxx", b"bbbbb"]
    assert maker.made == ["a"]


def test_equal_bytes_with_another_ending_are_made_again_and_with_one_in_capitals_are_not(
    home: Path, tmp_path: Path
) -> None:
    paths = [tmp_path / name for name in ("a.wav", "b.WAV", "c.mp3")]
    for path in paths:
        path.write_bytes(b"sound")
    maker = Maker()
    for path in paths:
        cached_planes([path], "key", maker, silent)
    assert maker.made == ["a.wav", "c.mp3"]


def test_the_digest_of_each_file_that_can_be_opened_is_told(home: Path, files: list[Path]) -> None:
    files[1].write_bytes(b"damaged")
    files[2].unlink()
    expected = (hashlib.sha256(b"aaaaa").hexdigest(), hashlib.sha256(b"damaged").hexdigest(), None)
    for _ in ("made", "found"):
        assert cached_planes(files, "key", Maker(), silent).digests == expected


def test_a_damaged_file_is_left_out_with_its_reason_and_tried_again_next_time(home: Path, files: list[Path]) -> None:
    files[1].write_bytes(b"damaged")
    for _ in range(2):
        maker = Maker()
        cached = cached_planes(files, "key", maker, silent)
        assert contents(cached) == [b"aaaaa", None, b"ccccc"]
        assert cached.left_out == (LeftOut(str(files[1]), f"{files[1]} is damaged"),)
        assert "b" in maker.made


def test_a_file_that_is_gone_is_left_out(home: Path, files: list[Path]) -> None:
    files[1].unlink()
    cached = cached_planes(files, "key", Maker(), silent)
    assert cached.left_out == (LeftOut(str(files[1]), "it cannot be opened: No such file or directory"),)


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", None, b"more"])
def test_a_damaged_cache_is_noticed_and_made_again(home: Path, files: list[Path], damage: bytes | None) -> None:
    cached_planes(files[:1], "key", Maker(), silent)
    (path,) = kept(home)
    whole = path.read_bytes()
    path.write_bytes({None: whole[:-1], b"more": whole + b"more"}.get(damage, damage or b""))
    maker = Maker()
    assert contents(cached_planes(files[:1], "key", maker, silent)) == [b"aaaaa"]
    assert maker.made == ["a"]
    assert path.read_bytes() == whole


def test_a_damaged_cache_is_removed_where_nothing_can_be_made_again(home: Path, files: list[Path]) -> None:
    files[0].write_bytes(b"damaged")
    cached_planes(files[:1], "key", lambda _: torch.zeros(1), silent)
    kept(home)[0].write_bytes(b"")
    assert len(cached_planes(files[:1], "key", Maker(), silent).left_out) == 1
    assert kept(home) == []


def test_progress_is_told_after_each_file(home: Path, files: list[Path]) -> None:
    told: list[int] = []
    cached_planes(files, "key", Maker(), told.append)
    assert told == [1, 2, 3]


def test_an_interruption_waits_only_for_what_has_begun(home: Path, tmp_path: Path) -> None:
    many = [tmp_path / str(number) for number in range(200)]
    for path in many:
        path.write_bytes(path.name.encode())
    maker = Maker()

    def slow(file: Path) -> Tensor:
        time.sleep(0.01)
        return maker(file)

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_planes(many, "key", slow, interrupted)
    assert len(maker.made) < 100
    assert len(kept(home)) == len(maker.made) and list((home / "unfinished").iterdir()) == []


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two cores")
def test_files_are_made_on_several_cores_with_one_torch_thread_each(home: Path, files: list[Path]) -> None:
    both = threading.Barrier(2, timeout=10)
    threads: list[int] = []

    def make(file: Path) -> Tensor:
        both.wait()
        threads.append(torch.get_num_threads())
        return torch.zeros(1)

    torch.set_num_threads(2)
    try:
        cached_planes(files[:2], "key", make, silent)
        assert threads == [1, 1]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


def test_planes_of_floats_come_back_bit_for_bit(home: Path, files: list[Path]) -> None:
    planes = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0)).transpose(0, 2)
    cached_planes(files[:1], "key", lambda _: planes, silent)
    again = cached_planes(files[:1], "key", Maker(), silent).planes[0]
    assert again is not None and again.dtype == torch.float32 and torch.equal(again, planes)


def test_a_cache_that_cannot_be_written_is_told(home: Path, files: list[Path]) -> None:
    home.parent.mkdir()
    home.write_bytes(b"")
    with pytest.raises(
        DataFault, match=r"planes/unfinished cannot be written \(.+\); make room there, or set FROSTLINE"
    ):
        cached_planes(files, "key", Maker(), silent)


def in_another_process(task: Callable[[], object]) -> multiprocessing.process.BaseProcess:
    process = multiprocessing.get_context("fork").Process(target=task)
    process.start()
    return process


def test_two_processes_may_want_the_same_planes_at_once(home: Path, files: list[Path]) -> None:
    def slow(file: Path) -> Tensor:
        time.sleep(0.05)
        return Maker()(file)

    processes = [in_another_process(lambda: cached_planes(files, "key", slow, silent)) for _ in range(2)]
    for process in processes:
        process.join(20)
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(kept(home)) == 3 and list((home / "unfinished").iterdir()) == []
    maker = Maker()
    assert contents(cached_planes(files, "key", maker, silent)) == [b"aaaaa", b"bbbbb", b"ccccc"]
    assert maker.made == []


def big(_: Path) -> Tensor:
    return torch.zeros(1, 64, 1024)


def test_a_process_killed_while_it_writes_leaves_nothing_half_written(home: Path, files: list[Path]) -> None:
    def killed_in_the_middle_of_a_write() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        cached_planes(files[:1], "key", big, silent)

    process = in_another_process(killed_in_the_middle_of_a_write)
    process.join(20)
    assert process.exitcode == -signal.SIGXFSZ
    assert kept(home) == []
    (unfinished,) = (home / "unfinished").iterdir()
    assert 0 < unfinished.stat().st_size <= 100_000
    cached_planes(files[:1], "key", big, silent)
    assert len(kept(home)) == 1 and unfinished.exists()
    os.utime(unfinished, (0, 0))
    cached_planes(files[:1], "key", big, silent)
    assert not unfinished.exists()


def test_a_file_that_another_process_finishes_meanwhile_does_no_harm(home: Path, files: list[Path]) -> None:
    (home / "unfinished").mkdir(parents=True)
    (home / "unfinished" / "gone").symlink_to(home / "moved away")
    assert contents(cached_planes(files, "key", Maker(), silent)) == [b"aaaaa", b"bbbbb", b"ccccc"]


def test_a_full_disk_is_told_and_leaves_nothing(home: Path, files: list[Path]) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(DataFault, match=r"\.npy cannot be written \(.*written\); make room there, or set FROSTL"):
            cached_planes(files[:1], "key", big, silent)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert kept(home) == [] and list((home / "unfinished").iterdir()) == []
