"""Whether a way with the norms of frozen layers changes anything in what a surgery freezes."""

from __future__ import annotations

import re

from frostline.spec.network import LAYER_NORMED, Mlp, NetworkSpec, PlainCnn, Timm
from frostline.spec.recipe import Norms
from frostline.spec.spectrogram_transformer import SpectrogramTransformer
from frostline.spec.surgery import Fate, Surgery

NORMED_PATCHES = re.compile(r".*clip.*")
"""The vision transformers of timm that have a layer norm below the first block."""


def norms_on(network: NetworkSpec, surgery: Surgery, norms: Norms) -> Norms:
    """``norms``, or ``stored`` where ``norms`` would change nothing in the frozen layers of ``surgery``.

    What a network is made of is known as far as its spec tells: a plain network has no norms, and a vision transformer
    none below its first block unless it is called as one that has. Norms that divide by the root mean square stay as
    they are in every way. Of all other layers it is taken that they have norms of the kind that the network has.
    """
    freezes = _freezes_a_norm(network, surgery.last)
    before = "stored" if surgery.after is None else norms_on(network, surgery.after, norms)
    return norms if freezes or before == norms else "stored"


def _freezes_a_norm(network: NetworkSpec, surgery: Surgery) -> bool:
    """Whether some layer of ``surgery`` is frozen and may have a norm that can be tuned or re-estimated."""
    if isinstance(network, PlainCnn | Mlp) or (isinstance(network, Timm) and _divides_by_root_mean_square(network)):
        return False
    frozen = [index for index, fate in enumerate(surgery.fates) if fate is Fate.FROZEN]
    return bool(frozen) and not (_begins_without_norm(network) and frozen == [0])


def _divides_by_root_mean_square(network: Timm) -> bool:
    return network.architecture.family in LAYER_NORMED and not network.has_layer_norms


def _begins_without_norm(network: NetworkSpec) -> bool:
    """Whether the lowest layer of ``network`` is known to have no norm."""
    if isinstance(network, Timm):
        return network.architecture.family == "vit" and NORMED_PATCHES.fullmatch(network.model) is None
    return isinstance(network, SpectrogramTransformer)
