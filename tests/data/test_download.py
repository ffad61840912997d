"""Data files are found, or fetched whole or not at all, and never taken for something else."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import tarfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from frostline.catalog import DataFile, DatasetCard
from frostline.data.cards import CARDS
from frostline.data.download import check, locate
from frostline.errors import DataFault


@dataclass
class Server:
    """A file server on loopback that counts what is asked for, and can break off in the middle of a file."""

    folder: Path
    url: str = ""
    asked: list[str] = field(default_factory=list)
    broken: bool = False


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder for ``Server``."""

    served: Server

    def __init__(self, *arguments: object, served: Server) -> None:
        self.served = served
        super().__init__(*arguments, directory=str(served.folder))  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.served.asked.append(self.path)
        if not self.served.broken:
            return super().do_GET()
        content = (self.served.folder / self.path.lstrip("/")).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        return None

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "a.bin").write_bytes(b"a" * 100_000)
    (folder / "b.bin").write_bytes(b"b" * 10)
    served = Server(folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, served=served)) as running:
        served.url = f"http://127.0.0.1:{running.server_port}/"
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield served
        running.shutdown()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("FROSTLINE_DATA", raising=False)
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def card(url: str, archive: DataFile | None = None) -> DatasetCard:
    fetched = "" if archive else url
    files = (
        DataFile("a.bin", (sha(b"other edition"), sha(b"a" * 100_000)), fetched and fetched + "a.bin"),
        DataFile("b.bin", (sha(b"other b"), sha(b"b" * 10)), fetched and fetched + "b.bin"),
    )
    return DatasetCard("toy", "Toy", ("x",), (1,), (1,), 1, 1, 1.0, "", "", "none:none", files, archive)


def leftovers(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir()) if cache.exists() else []


def test_files_are_fetched_once_and_then_found(server: Server, cache: Path) -> None:
    folder = locate(card(server.url))
    assert folder == cache / "toy"
    assert (folder / "a.bin").read_bytes() == b"a" * 100_000
    assert locate(card(server.url)) == folder
    assert sorted(server.asked) == ["/a.bin", "/b.bin"]
    assert leftovers(cache) == ["toy", "toy.lock"]


def test_the_users_own_folder_comes_first(
    server: Server, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROSTLINE_DATA", str(tmp_path / "mine"))
    (tmp_path / "mine").mkdir()
    server.folder.rename(tmp_path / "mine" / "toy")
    assert locate(card(server.url)) == tmp_path / "mine" / "toy"
    assert server.asked == []


def test_an_archive_is_unpacked_and_not_kept(server: Server, cache: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("a.bin", "b.bin"):
            archive.add(server.folder / name, name)
        archive.add(server.folder / "a.bin", "../out.bin")
    (server.folder / "toy.tar.gz").write_bytes(packed.getvalue())
    whole = DataFile("toy.tar.gz", (sha(packed.getvalue()),), server.url + "toy.tar.gz")
    folder = locate(card(server.url, whole))
    assert leftovers(folder) == ["a.bin", "b.bin"]
    assert not (folder.parent / "out.bin").exists()


def test_a_damaged_download_leaves_nothing_behind(server: Server, cache: Path) -> None:
    (server.folder / "b.bin").write_bytes(b"c" * 10)
    with pytest.raises(DataFault) as caught:
        locate(card(server.url))
    assert str(caught.value) == (
        f"{server.url}b.bin gave something else than the data of toy:\n"
        f"  b.bin is truncated, damaged or another edition: expected sha256 {sha(b'other b')} or {sha(b'b' * 10)}, "
        f"found {sha(b'c' * 10)} (10 bytes)\n"
        "  Nothing was kept."
    )
    assert leftovers(cache) == ["toy.lock"]


def test_a_server_that_breaks_off_leaves_nothing_behind(server: Server, cache: Path) -> None:
    server.broken = True
    with pytest.raises(DataFault, match=r"a\.bin could not be fetched \(the transfer broke off\)"):
        locate(card(server.url))
    assert leftovers(cache) == ["toy.lock"]
    server.broken = False
    assert locate(card(server.url)).is_dir()


def test_offline_is_said_with_what_to_put_where(cache: Path) -> None:
    with pytest.raises(DataFault) as caught:
        locate(card("http://127.0.0.1:9/"))
    said = str(caught.value)
    assert f"toy is not in {cache / 'toy'}, and http://127.0.0.1:9/a.bin could not be fetched (" in said
    assert "(ConnectionError; is this machine offline?).\n  Put a.bin, b.bin into the first of these folders" in said
    assert leftovers(cache) == ["toy.lock"]


def test_a_dataset_that_cannot_be_fetched_says_where_it_is_looked_for(cache: Path) -> None:
    with pytest.raises(DataFault, match=r"toy is not in .*toy and cannot be fetched\.\n  Put a\.bin, b\.bin into"):
        locate(card(""))


def test_every_missing_or_damaged_file_of_a_folder_is_named_at_once(cache: Path) -> None:
    folder = cache / "toy"
    folder.mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"a" * 99_999)
    with pytest.raises(DataFault) as caught:
        locate(card("http://127.0.0.1:9/"))
    said = str(caught.value)
    assert f"the data of toy in {folder} cannot be used:" in said
    assert f"expected sha256 {sha(b'other edition')} or {sha(b'a' * 100_000)}, found {sha(b'a' * 99_999)}" in said
    assert "(99,999 bytes)" in said
    assert "b.bin is missing" in said
    assert f"or move {folder} away to have them fetched again." in said


def test_several_at_once_get_one_whole_folder(server: Server, cache: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(locate, [card(server.url)] * 4))
    assert folders == {cache / "toy"}
    assert sorted(server.asked) == ["/a.bin", "/b.bin"]
    check(card(server.url), cache / "toy")
    assert leftovers(cache) == ["toy", "toy.lock"]


def test_files_of_two_editions_are_refused_because_their_orders_may_differ(cache: Path) -> None:
    folder = cache / "toy"
    folder.mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"other edition")
    (folder / "b.bin").write_bytes(b"b" * 10)
    with pytest.raises(DataFault, match=r"of different editions, .*: a\.bin of edition 1, b\.bin of edition 2"):
        locate(card("http://127.0.0.1:9/"))


def test_a_data_folder_that_does_not_exist_is_refused_before_anything_is_fetched(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROSTLINE_DATA", str(cache / "typo"))
    with pytest.raises(DataFault, match=r"FROSTLINE_DATA names .*typo, which is no folder; set it to the folder that"):
        locate(card(server.url))
    assert server.asked == []


def test_a_file_that_the_server_lacks_is_not_taken_for_being_offline(server: Server, cache: Path) -> None:
    (server.folder / "b.bin").unlink()
    with pytest.raises(DataFault, match=r"b\.bin could not be fetched \(the server answered 404 File not found\)"):
        locate(card(server.url))
    assert leftovers(cache) == ["toy.lock"]


def test_what_a_killed_process_left_is_cleared_by_the_next(server: Server, cache: Path) -> None:
    (cache / ".toy-killed").mkdir(parents=True)
    locate(card(server.url))
    assert leftovers(cache) == ["toy", "toy.lock"]


def test_fetching_writes_nothing_where_nobody_watches(
    server: Server, cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    locate(card(server.url))
    assert capfd.readouterr() == ("", "")


def test_every_card_of_a_fetchable_dataset_names_where_and_what() -> None:
    for built_in in CARDS.values():
        for file in (*built_in.files, *([built_in.archive] if built_in.archive else [])):
            assert all(len(digest) == 64 for digest in file.sha256)
            assert file.url == "" or file.url.endswith(file.name)
