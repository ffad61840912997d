"""Weights from files: every tensor used on both sides, and no file that could run code."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from frostline.errors import WeightsFault
from frostline.networks.network import Network

LISTED = 6


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors in the file at ``path``, by name.

    Raises:
        WeightsFault: the file is missing or damaged, of another kind, holds something else than tensors, or is a
            pickle with code.
    """
    if not path.is_file():
        raise WeightsFault(f"no weights file at {path}")
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except SafetensorError as error:
            raise WeightsFault(f"{path} is damaged or no safetensors file: {error}") from None
    if path.suffix not in {".pt", ".pth", ".bin"}:
        raise WeightsFault(f"{path} is none of .safetensors, .pt, .pth, .bin")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsFault(
            f"{path} holds more than tensors and could run code, so it is not opened; convert it to .safetensors where "
            f"you trust it ({str(error).splitlines()[0]})"
        ) from None
    except (RuntimeError, EOFError, OSError) as error:
        raise WeightsFault(f"{path} is damaged or no weights file ({type(error).__name__}: {error})") from None
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsFault(f"{path} does not hold a table of tensors by name; save the state_dict of the network alone")
    return dict(state)


def load_into(network: Network, tensors: Mapping[str, Tensor], path: Path, unused: str | None = None) -> None:
    """Puts ``tensors`` into ``network``: each tensor of the file into one of its shape, none left on either side.

    Names that start with ``unused`` may differ on both sides and are left as they are.

    Raises:
        WeightsFault: names every tensor that is missing, left over, of another shape or of another type of number.
    """

    def counts(name: str) -> bool:
        return unused is None or not name.startswith(unused)

    own = network.state_dict()
    said = differences(
        {name: tensor for name, tensor in own.items() if counts(name)},
        {name: tensor for name, tensor in tensors.items() if counts(name)},
    )
    if said:
        raise WeightsFault("\n  ".join([f"{path} does not fit the network", *said]))
    network.load_state_dict({name: tensors[name] if counts(name) else own[name] for name in own})


def differences(own: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> list[str]:
    """What keeps ``tensors`` of a file from taking the place of a network's ``own``, a line a kind; none if they fit.

    The kinds are tensors that are missing, left over, of another shape, or of another type of number.
    """
    both = [name for name in own if name in tensors]
    missing = sorted(name for name in own if name not in tensors)
    extra = sorted(name for name in tensors if name not in own)
    shapes = [
        f"{name} is {tuple(tensors[name].shape)}, the network has {tuple(own[name].shape)}"
        for name in both
        if tensors[name].shape != own[name].shape
    ]
    types = [
        f"{name} is {type_name(tensors[name])}, the network has {type_name(own[name])}"
        for name in both
        if tensors[name].dtype != own[name].dtype
    ]
    titled = {"not in the file": missing, "not in the network": extra, "other shape": shapes, "other type": types}
    return [
        f"{title}: {', '.join(names[:LISTED])}{f' and {len(names) - LISTED} more' if len(names) > LISTED else ''}"
        for title, names in titled.items()
        if names
    ]


def type_name(tensor: Tensor) -> str:
    """The type of the numbers in ``tensor``, such as ``float32``."""
    return str(tensor.dtype).removeprefix("torch.")


def file_digest(path: Path) -> str:
    """sha256 of the file at ``path``, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
