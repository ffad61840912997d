"""A fresh network of any kind."""

from __future__ import annotations

from frostline.networks.mtt_vgg import build_mtt_vgg
from frostline.networks.network import Fit, Network
from frostline.networks.plain import build_plain
from frostline.spec.mtt_vgg import MttVgg
from frostline.spec.network import Mlp, NetworkSpec, PlainCnn, Timm


def build(spec: NetworkSpec, fit: Fit, seed: int) -> Network:
    """A network of ``spec`` that fits ``fit``, its weights drawn from streams of ``seed``."""
    match spec:
        case PlainCnn() | Mlp():
            return build_plain(spec, fit, seed)
        case MttVgg():
            return build_mtt_vgg(spec, fit, seed)
        case Timm():
            # timm takes seconds to import, and plain networks do without.
            from frostline.networks.timm_networks import timm_network

            return timm_network(spec, fit, seed)
