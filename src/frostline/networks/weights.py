"""Weights from files: every tensor used on both sides, and no file that could run code."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor

from frostline.errors import WeightsFault
from frostline.networks.layouts import from_mtt_vgg, is_mtt_vgg
from frostline.networks.network import Network
from frostline.spec.trial import Head
from frostline.spec.weights_facts import shards_of

LISTED = 6
UNUSED_TENSORS: Mapping[Head, str | None] = {"new": "head.", "hidden-kept": "head.2.", "kept": None}
"""How the tensors of a plain network begin that are not taken from its start, by what becomes of the head."""
Where = Literal["cpu", "meta"]


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors in the file at ``path``, by name; where that is an index of shards, those of all shards.

    Those of the published VGG tagger are given under the names of the network ``mtt_vgg``.

    Raises:
        WeightsFault: the file or a shard is missing or damaged, of another kind, holds something else than tensors, or
            is a pickle with code; a tensor does not stand in the one shard that the index names.
    """
    return _under_own_names(_read(path, "cpu"))


def read_shapes(path: Path) -> dict[str, Tensor]:
    """The tensors in the file at ``path``, by name, without their numbers: on torch's meta device.

    Of a safetensors file, and of each shard, only the header is read.

    Raises:
        WeightsFault: as ``read_weights``.
    """
    return _under_own_names(_read(path, "meta"))


def shards_beside(path: Path) -> dict[str, tuple[str, ...]]:
    """What ``spec.weights_facts.shards_of`` says of ``path``, where every shard lies beside it.

    Raises:
        WeightsFault: as there; shards that are missing are named, all of them.
    """
    shards = shards_of(path)
    absent = [shard for shard in shards if not (path.parent / shard).is_file()]
    if absent:
        raise WeightsFault(f"{path} names shards that do not lie beside it: {', '.join(absent)}; add them")
    return shards


def _under_own_names(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return from_mtt_vgg(tensors) if is_mtt_vgg(tensors) else tensors


def _read(path: Path, where: Where) -> dict[str, Tensor]:
    if not path.is_file():
        raise WeightsFault(f"no weights file at {path}")
    shards = shards_beside(path)
    if shards:
        return _gathered(path, shards, where)
    if path.suffix == ".safetensors":
        try:
            return load_file(path) if where == "cpu" else _header(path)
        except SafetensorError as error:
            raise WeightsFault(f"{path} is damaged or no safetensors file: {error}") from None
    if path.suffix not in {".pt", ".pth", ".bin"}:
        raise WeightsFault(f"{path} is none of .safetensors, .pt, .pth, .bin")
    return _unpickled(path, where)


def _header(path: Path) -> dict[str, Tensor]:
    found = {}
    with safe_open(path, framework="pt") as file:
        for name in file.keys():  # noqa: SIM118 (it is no mapping)
            part = file.get_slice(name)
            shape = part.get_shape()
            # A slice without a row has the type of the numbers and reads none of them.
            kind = part[:0].dtype if shape else file.get_tensor(name).dtype
            found[name] = torch.empty(shape, dtype=kind, device="meta")
    return found


def _gathered(index: Path, shards: Mapping[str, tuple[str, ...]], where: Where) -> dict[str, Tensor]:
    """The tensors of all ``shards`` beside ``index``, each from the one that it names."""
    found: dict[str, Tensor] = {}
    faults = []
    for shard, names in shards.items():
        held = _read(index.parent / shard, where)
        faults += [f"{name} is not in {shard}" for name in names if name not in held]
        faults += [f"{name} is in {shard}, where the index has it not" for name in held if name not in set(names)]
        found |= {name: held[name] for name in names if name in held}
    if faults:
        more = f" and {len(faults) - LISTED} more" if len(faults) > LISTED else ""
        said = f"{index} and its shards do not fit together: {'; '.join(faults[:LISTED])}{more}"
        raise WeightsFault(f"{said}; fetch all of them again from one place")
    return found


def _unpickled(path: Path, where: Where) -> dict[str, Tensor]:
    try:
        state = torch.load(path, map_location=where, weights_only=True)
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

    own = network.state_dict()
    said = differences(without(own, unused), without(tensors, unused))
    if said:
        raise WeightsFault("\n  ".join([f"{path} does not fit the network", *said]))
    network.load_state_dict(own | without({name: tensors[name] for name in own if name in tensors}, unused))


def without(tensors: Mapping[str, Tensor], prefix: str | None) -> dict[str, Tensor]:
    """``tensors`` but those whose names start with ``prefix``; all of them where it is None."""
    return {name: tensor for name, tensor in tensors.items() if prefix is None or not name.startswith(prefix)}


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


def weights_digest(path: Path) -> str:
    """sha256, hexadecimal, of the file at ``path``; of an index, over its own digest and that of each shard.

    Raises:
        WeightsFault: as ``shards_beside``.
    """
    shards = shards_beside(path)
    if not shards:
        return file_digest(path)
    digests = [file_digest(path), *(file_digest(path.parent / shard) for shard in shards)]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of the file at ``path``, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
