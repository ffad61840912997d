"""Weights come whole or not at all, and never from a file that could run code."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from frostline.errors import WeightsFault
from frostline.networks.build import build
from frostline.networks.network import Fit, Network, state_digest
from frostline.networks.weights import file_digest, load_into, read_shapes, read_weights, weights_digest
from frostline.spec.network import PlainCnn


def network(seed: int = 0, outputs: int = 3) -> Network:
    return build(PlainCnn(name="plain_cnn", depth=2, channels=3), Fit(1, 8, outputs, 2), seed).to(
        memory_format=torch.contiguous_format
    )


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".bin", ".pth"])
def test_every_tensor_arrives(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    state = network(1).state_dict()
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    receiver = network(2)
    load_into(receiver, read_weights(path), path)
    assert state_digest(receiver) == state_digest(network(1))


def test_what_is_missing_left_over_or_of_another_shape_is_named_at_once(tmp_path: Path) -> None:
    tensors = dict(network(1, outputs=4).state_dict())
    tensors["layers.conv9.0.weight"] = tensors.pop("layers.conv2.0.weight")
    receiver = network(2)
    digest = state_digest(receiver)
    with pytest.raises(WeightsFault) as caught:
        load_into(receiver, tensors, Path("w.safetensors"))
    assert str(caught.value) == (
        "w.safetensors does not fit the network\n"
        "  not in the file: layers.conv2.0.weight\n"
        "  not in the network: layers.conv9.0.weight\n"
        "  other shape: head.0.weight is (4, 48), the network has (3, 48), head.0.bias is (4,), the network has (3,)"
    )
    assert state_digest(receiver) == digest


def test_numbers_of_another_precision_are_refused_and_not_rounded() -> None:
    tensors = dict(network(1).state_dict())
    tensors["layers.conv1.0.weight"] = tensors["layers.conv1.0.weight"].half()
    receiver = network(2)
    with pytest.raises(WeightsFault, match=r"other type: layers.conv1.0.weight is float16, the network has float32"):
        load_into(receiver, tensors, Path("w.pt"))
    assert state_digest(receiver) == state_digest(network(2))


def test_an_unused_head_may_differ_and_keeps_its_own_weights() -> None:
    receiver = network(2)
    load_into(receiver, network(1, outputs=4).state_dict(), Path("w.pt"), unused="head.")
    assert state_digest(receiver.layers) == state_digest(network(1).layers)
    assert state_digest(receiver.head) == state_digest(network(2).head)


class Code:
    """A pickle that would create a file when it is opened."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.witness), "w")


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path: Path) -> None:
    path, witness = tmp_path / "weights.pt", tmp_path / "ran"
    torch.save({"weight": Code(witness)}, path)
    with pytest.raises(WeightsFault, match=r"could run code, so it is not opened; convert it to \.safetensors"):
        read_weights(path)
    path.write_bytes(pickle.dumps(Code(witness), protocol=2))
    with pytest.raises(WeightsFault, match=r"could run code|damaged"):
        read_weights(path)
    assert not witness.exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.safetensors", None, "no weights file at"),
        ("short.safetensors", b"\x10\x00", "is damaged or no safetensors file"),
        ("short.pt", b"", "is damaged or no weights file"),
        ("other.h5", b"x", r"is none of \.safetensors, \.pt, \.pth, \.bin"),
    ],
)
def test_a_file_that_holds_no_weights_is_refused(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsFault, match=message):
        read_weights(tmp_path / name)


def test_a_file_with_more_than_tensors_is_refused(tmp_path: Path) -> None:
    torch.save({"state_dict": {"a": torch.zeros(1)}, "epoch": 3}, tmp_path / "w.pt")
    with pytest.raises(WeightsFault, match="does not hold a table of tensors by name; save the state_dict"):
        read_weights(tmp_path / "w.pt")


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_shapes_are_read_without_numbers(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    state = {"a": torch.zeros(2, 3), "b": torch.zeros((), dtype=torch.int64), "c": torch.zeros(0, 2).bfloat16()}
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    shapes = read_shapes(path)
    assert {name: (t.shape, t.dtype, t.is_meta) for name, t in shapes.items()} == {
        name: (tensor.shape, tensor.dtype, True) for name, tensor in state.items()
    }


def test_half_a_file_is_refused_from_its_header(tmp_path: Path) -> None:
    save_file(network().state_dict(), tmp_path / "w.safetensors")
    whole = (tmp_path / "w.safetensors").read_bytes()
    (tmp_path / "w.safetensors").write_bytes(whole[:-1])
    with pytest.raises(WeightsFault, match=r"w\.safetensors is damaged or no safetensors file"):
        read_shapes(tmp_path / "w.safetensors")


# Shards


def sharded(folder: Path, **shard_of: str) -> Path:
    """An index that puts each tensor (a, b, c) into a file, where they stand as 0, 1 and 2."""
    save_file({"a": torch.tensor([0.0]), "b": torch.tensor([1.0])}, folder / "1.safetensors")
    save_file({"c": torch.tensor([2.0])}, folder / "2.safetensors")
    index = folder / "model.safetensors.index.json"
    given = {"a": "1.safetensors", "b": "1.safetensors", "c": "2.safetensors"} | shard_of
    index.write_text(json.dumps({"metadata": {}, "weight_map": given}))
    return index


def test_shards_give_each_tensor_once(tmp_path: Path) -> None:
    index = sharded(tmp_path)
    assert {name: tensor.item() for name, tensor in read_weights(index).items()} == {"a": 0, "b": 1, "c": 2}
    assert {name: tensor.is_meta for name, tensor in read_shapes(index).items()} == dict.fromkeys("abc", True)


def test_shards_that_are_missing_are_all_named(tmp_path: Path) -> None:
    index = sharded(tmp_path, c="3.safetensors", d="4.safetensors")
    with pytest.raises(WeightsFault) as caught:
        read_weights(index)
    assert str(caught.value) == (
        f"{index} names shards that do not lie beside it: 3.safetensors, 4.safetensors; add them"
    )


def test_a_tensor_that_stands_elsewhere_than_the_index_says_is_named(tmp_path: Path) -> None:
    index = sharded(tmp_path, b="2.safetensors", d="2.safetensors")
    for read in (read_weights, read_shapes):
        with pytest.raises(WeightsFault) as caught:
            read(index)
        assert str(caught.value) == (
            f"{index} and its shards do not fit together: b is in 1.safetensors, where the index has it not; "
            "b is not in 2.safetensors; d is not in 2.safetensors; fetch all of them again from one place"
        )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is damaged or no description of weights: the file: Invalid JSON"),
        ('{"weight_map": {}}', "names no tensor; expected names of .safetensors files that lie beside it"),
        ('{"weight_map": {"a": "../w.safetensors"}}', r"names '../w.safetensors' as shards; expected names of .safet"),
        ('{"weight_map": {"a": "w.bin"}}', r"names 'w.bin' as shards; expected names of .safetensors files"),
    ],
)
def test_an_index_that_cannot_be_understood_is_refused(tmp_path: Path, content: str, message: str) -> None:
    index = tmp_path / "model.safetensors.index.json"
    with pytest.raises(WeightsFault, match=f"no weights file at {index}"):
        weights_digest(index)
    index.write_text(content)
    with pytest.raises(WeightsFault, match=message):
        read_weights(index)


def test_the_digest_of_shards_follows_each_of_them_and_the_index(tmp_path: Path) -> None:
    index = sharded(tmp_path)
    digests = [weights_digest(index)]
    for name in ("1.safetensors", "2.safetensors", index.name):
        with (tmp_path / name).open("ab") as file:
            file.write(b" ")
        digests.append(weights_digest(index))
    assert len(set(digests)) == 4
    assert weights_digest(tmp_path / "1.safetensors") == file_digest(tmp_path / "1.safetensors")


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    assert file_digest(tmp_path / "f") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
