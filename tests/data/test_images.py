"""Readers give planes, targets and lasting ids, or say which file is wrong."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from frostline import catalog
from frostline.data.cards import CARDS
from frostline.data.images import IDX_IMAGES, IDX_LABELS, read_cifar, read_digits, read_idx, read_idx_file
from frostline.data.read import read
from frostline.errors import DataFault, UnknownName
from frostline.spec.reading import Reading


def idx(path: Path, array: np.ndarray, magic: int) -> None:
    shape = b"".join(length.to_bytes(4, "big") for length in array.shape)
    path.write_bytes(gzip.compress(magic.to_bytes(4, "big") + shape + array.astype(np.uint8).tobytes()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for prefix, count in (("train", 7), ("t10k", 3)):
        idx(tmp_path / f"{prefix}-images-idx3-ubyte.gz", rng.integers(0, 256, (count, 4, 4)), IDX_IMAGES)
        idx(tmp_path / f"{prefix}-labels-idx1-ubyte.gz", np.arange(count) % 3, IDX_LABELS)
    return tmp_path


def test_idx_files_become_planes_targets_and_ids(folder: Path) -> None:
    found = read_idx(replace(CARDS["mnist"], size=4), folder)
    assert found.train.planes.shape == (7, 1, 4, 4)
    assert found.train.planes.dtype is torch.uint8
    assert found.train.targets.tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert found.train.ids.tolist()[:2] == ["mnist/train/00000", "mnist/train/00001"]
    assert found.test.ids.tolist()[-1] == "mnist/t10k/00002"
    raw = gzip.decompress((folder / "train-images-idx3-ubyte.gz").read_bytes())[16:]
    assert found.train.planes.numpy().tobytes() == raw


def test_a_wrong_idx_file_is_named_with_what_was_expected(folder: Path) -> None:
    path = folder / "train-labels-idx1-ubyte.gz"
    with pytest.raises(
        DataFault, match=r"train-images-idx3-ubyte\.gz is no idx file with magic number 2049 \(found 00000803\)"
    ):
        read_idx_file(folder / "train-images-idx3-ubyte.gz", IDX_LABELS)
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    with pytest.raises(DataFault, match=r"train-labels-idx1-ubyte\.gz cannot be unpacked"):
        read_idx_file(path, IDX_LABELS)
    path.write_bytes(b"no gzip")
    with pytest.raises(DataFault, match="cannot be unpacked"):
        read_idx_file(path, IDX_LABELS)
    path.write_bytes(gzip.compress(gzip.decompress(whole)[:-1]))
    with pytest.raises(DataFault, match=r"says \(7,\), 7 bytes, but holds 6"):
        read_idx_file(path, IDX_LABELS)
    path.write_bytes(gzip.compress(b"\x00"))
    with pytest.raises(DataFault, match="is no idx file"):
        read_idx_file(path, IDX_LABELS)


def test_images_and_labels_of_different_number_are_refused(folder: Path) -> None:
    idx(folder / "train-labels-idx1-ubyte.gz", np.arange(6), IDX_LABELS)
    with pytest.raises(DataFault, match="7 train images, but 6 labels"):
        read_idx(replace(CARDS["mnist"], size=4), folder)


def test_cifar_records_are_a_label_and_three_planes(tmp_path: Path) -> None:
    card = CARDS["cifar10_subset"]
    (tmp_path / "cifar-10-batches-bin").mkdir()
    rng = np.random.default_rng(0)
    for name, count in (("data_batch_1.bin", 5), ("test_batch.bin", 2)):
        records = rng.integers(0, 256, (count, 3073)).astype(np.uint8)
        records[:, 0] = np.arange(count) % 10
        (tmp_path / "cifar-10-batches-bin" / name).write_bytes(records.tobytes())
    found = read_cifar(card, tmp_path)
    assert found.train.planes.shape == (5, 3, 32, 32)
    assert found.train.targets.tolist() == [0, 1, 2, 3, 4]
    assert found.train.planes[4, 2, 31, 31] != found.train.planes[4, 0, 0, 0]
    last = (tmp_path / "cifar-10-batches-bin" / "data_batch_1.bin").read_bytes()[-1]
    assert int(found.train.planes[4, 2, 31, 31]) == last
    path = tmp_path / "cifar-10-batches-bin" / "test_batch.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataFault, match=r"test_batch\.bin holds 6145 bytes, not whole records of 3073"):
        read_cifar(card, tmp_path)
    path.write_bytes(bytes([77]) + bytes(3072))
    with pytest.raises(DataFault, match="label 77 is beyond its 10 classes"):
        read_cifar(card, tmp_path)


def test_the_digits_have_a_fixed_stratified_test_part() -> None:
    first, again = read_digits(CARDS["digits"], Path()), read_digits(CARDS["digits"], Path())
    assert first.digest == again.digest
    assert first.digest.startswith("abed5309"), "the split of the digits moved; outcomes would not compare"
    assert not set(first.train.ids) & set(first.test.ids)
    assert len(first.train) + len(first.test) == 1797


def test_a_dataset_is_read_once_a_process_and_holds_what_its_card_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(Reading("digits")) is read(Reading("digits"))
    wrong = replace(CARDS["digits"], train_counts=(1,) * 10)
    monkeypatch.setattr(catalog, "dataset_cards", lambda: {"wrong": replace(wrong, name="wrong")})
    with pytest.raises(
        DataFault, match=r"(?s)wrong does not hold what its card says:\n  train: expected \(1, 1, .*found \(142"
    ):
        read(Reading("wrong"))
    with pytest.raises(UnknownName, match="no dataset is called 'digit'; known: folder, manifest, wrong"):
        read(Reading("digit"))


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10_subset"])
def test_real_datasets_hold_what_their_cards_say(name: str) -> None:
    found, card = read(Reading(name)), CARDS[name]
    assert found.train.planes.shape[1:] == (card.channels, card.size, card.size)
    assert int(found.train.planes.max()) == card.full_scale


def test_images_of_another_size_than_the_card_says_are_refused(folder: Path) -> None:
    with pytest.raises(DataFault, match=r"train images of \(4, 4\), expected 28 x 28"):
        read_idx(CARDS["mnist"], folder)


def test_an_empty_cifar_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cifar-10-batches-bin").mkdir()
    for name in ("data_batch_1.bin", "test_batch.bin"):
        (tmp_path / "cifar-10-batches-bin" / name).touch()
    with pytest.raises(DataFault, match=r"data_batch_1\.bin holds 0 bytes"):
        read_cifar(CARDS["cifar10_subset"], tmp_path)
