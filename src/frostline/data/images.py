"""Readers of image datasets: the digits of scikit-learn, idx files (MNIST's), and CIFAR's binary layout."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Shaped, UInt8

from frostline.catalog import DatasetCard
from frostline.data.samples import Corpus, Samples, corpus
from frostline.errors import DataFault

TEST_FRACTION_OF_DIGITS = 0.2
IDX_IMAGES, IDX_LABELS = 2051, 2049
PARTS = {"train": "train", "test": "t10k"}


def read_digits(card: DatasetCard, folder: Path) -> Corpus:
    """scikit-learn's digits; a fifth of each class is the test part, the same items for ever.

    Which items test is decided by a digest of their id, not by chance and not by their order.
    """
    from sklearn.datasets import load_digits

    raw = load_digits()
    planes, targets = raw.images.astype(np.uint8)[:, None], raw.target
    names = _names(card, "all", len(targets))
    ranks = np.array([hashlib.sha256(name.encode()).hexdigest() for name in names])
    tests = np.zeros(len(targets), dtype=bool)
    for target in range(len(card.class_names)):
        members = np.flatnonzero(targets == target)
        members = members[np.argsort(ranks[members])]
        tests[members[: int(len(members) * TEST_FRACTION_OF_DIGITS + 0.5)]] = True
    return corpus(
        _samples(planes[~tests], targets[~tests], names[~tests]), _samples(planes[tests], targets[tests], names[tests])
    )


def read_idx(card: DatasetCard, folder: Path) -> Corpus:
    """A dataset in four gzipped idx files, as MNIST and Fashion-MNIST are distributed."""
    parts = {}
    for part, prefix in PARTS.items():
        planes = read_idx_file(folder / f"{prefix}-images-idx3-ubyte.gz", IDX_IMAGES)
        targets = read_idx_file(folder / f"{prefix}-labels-idx1-ubyte.gz", IDX_LABELS)
        if planes.shape[1:] != (card.size, card.size):
            raise DataFault(
                f"{folder}: {prefix} images of {planes.shape[1:]}, "
                f"expected {card.size} x {card.size}; get the files again"
            )
        if len(planes) != len(targets):
            raise DataFault(f"{folder}: {len(planes)} {prefix} images, but {len(targets)} labels; get the files again")
        parts[part] = _samples(planes[:, None], targets, _names(card, prefix, len(targets)))
    return corpus(parts["train"], parts["test"])


def read_idx_file(path: Path, magic: int) -> UInt8[np.ndarray, "item ..."]:
    """The array in the gzipped idx file at ``path``.

    Raises:
        DataFault: it is no gzip file, ends too early, has another magic number, or another length than it says.
    """
    try:
        with gzip.open(path) as file:
            content = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise DataFault(f"{path} cannot be unpacked ({error}); get the file again") from None
    axes = magic % 256
    head = 4 + 4 * axes
    if len(content) < head or int.from_bytes(content[:4], "big") != magic:
        raise DataFault(
            f"{path} is no idx file with magic number {magic} (found {content[:4].hex()}); get the file again"
        )
    shape = tuple(np.frombuffer(content, ">u4", count=axes, offset=4).tolist())
    if len(content) - head != np.prod(shape):
        raise DataFault(
            f"{path} says {shape}, {np.prod(shape)} bytes, but holds {len(content) - head}; get the file again"
        )
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)


def read_cifar(card: DatasetCard, folder: Path) -> Corpus:
    """CIFAR's binary layout: records of a label and three planes of 32 x 32, red, green, blue."""
    batches = sorted(file.name for file in card.files if "data_batch" in file.name)
    trains = [_cifar_records(card, folder / name) for name in batches]
    tests = [_cifar_records(card, folder / file.name) for file in card.files if "test_batch" in file.name]
    train, test = np.concatenate(trains), np.concatenate(tests)
    return corpus(_cifar_samples(card, "train", train), _cifar_samples(card, "test", test))


def _cifar_records(card: DatasetCard, path: Path) -> UInt8[np.ndarray, "item byte"]:
    assert card.size is not None
    record = 1 + card.channels * card.size * card.size
    content = np.fromfile(path, np.uint8)
    if not len(content) or len(content) % record:
        raise DataFault(f"{path} holds {len(content)} bytes, not whole records of {record}; get the file again")
    return content.reshape(-1, record)


def _cifar_samples(card: DatasetCard, part: str, records: UInt8[np.ndarray, "item byte"]) -> Samples:
    assert card.size is not None
    planes = records[:, 1:].reshape(-1, card.channels, card.size, card.size)
    targets = records[:, 0]
    if targets.max() >= len(card.class_names):
        raise DataFault(f"{card.name} {part}: label {targets.max()} is beyond its {len(card.class_names)} classes")
    return _samples(planes, targets, _names(card, part, len(targets)))


def _names(card: DatasetCard, part: str, items: int) -> Shaped[np.ndarray, " item"]:
    """``dataset/part/00042`` for each item."""
    return np.char.add(f"{card.name}/{part}/", np.char.zfill(np.arange(items).astype(str), 5))


def _samples(planes: np.ndarray, targets: np.ndarray, names: np.ndarray) -> Samples:
    return Samples(torch.from_numpy(planes.copy()), torch.from_numpy(targets.astype(np.int64)), names, names)
