"""A fresh network of any kind."""

from __future__ import annotations

from frostline.networks.heads import with_hidden, with_output
from frostline.networks.mtt_vgg import build_mtt_vgg
from frostline.networks.network import Fit, Network
from frostline.networks.plain import build_plain
from frostline.networks.spectrogram_transformer import build_spectrogram_transformer
from frostline.spec.mtt_vgg import MttVgg
from frostline.spec.network import Mlp, NetworkSpec, PlainCnn, Timm
from frostline.spec.spectrogram_transformer import SpectrogramTransformer


def build(spec: NetworkSpec, fit: Fit, seed: int) -> Network:
    """A network of ``spec`` that fits ``fit``, its weights drawn from streams of ``seed``."""
    return with_output(_built(spec, fit, seed), spec)


def _built(spec: NetworkSpec, fit: Fit, seed: int) -> Network:
    match spec:
        case PlainCnn() | Mlp():
            return build_plain(spec, fit, seed)
        case MttVgg():
            return with_hidden(build_mtt_vgg(spec, fit, seed), spec, fit.outputs, seed)
        case SpectrogramTransformer():
            return with_hidden(build_spectrogram_transformer(spec, fit, seed), spec, fit.outputs, seed)
        case Timm():
            # timm takes seconds to import, and plain networks do without.
            from frostline.networks.timm_networks import timm_network

            return with_hidden(timm_network(spec, fit, seed), spec, fit.outputs, seed)
