"""Weights come whole or not at all, and never from a file that could run code."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from frostline.errors import WeightsFault
from frostline.networks.build import build
from frostline.networks.network import Fit, Network, state_digest
from frostline.networks.weights import file_digest, load_into, read_weights
from frostline.spec.network import PlainCnn


def network(seed: int = 0, outputs: int = 3) -> Network:
    return build(PlainCnn(name="plain_cnn", depth=2, channels=3), Fit(1, 8, outputs, 2), seed)


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


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    assert file_digest(tmp_path / "f") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
