"""A network in words: its name, and every number of it that has an effect."""

from __future__ import annotations

from frostline.spec.network import NetworkSpec, PlainCnn, Timm


def network_in_words(network: NetworkSpec) -> str:
    """The name of ``network`` and every number that has an effect."""
    if isinstance(network, Timm):
        return _timm(network)
    idle = {"pool_every", "pool_stride"} if isinstance(network, PlainCnn) and network.pooling == "none" else set()
    head = network.model_dump(include={"hidden"} if network.output == "linear" else {"hidden", "output"})
    numbers = network.model_dump(exclude={"name", "hidden", "output", *idle}) | head
    told = (f"{name.replace('_', ' ')} {'none' if value is None else value}" for name, value in numbers.items())
    return f"{network.name}, {', '.join(told)}"


def _timm(network: Timm) -> str:
    """A network of timm with its layers, input first, and what was chosen of it."""
    known = network.architecture
    layers = [network.layer_names[0], f"{known.blocks} blocks", *(["top"] if known.top else [])]
    told = [f"timm {network.model}", f"{len(network.layer_names)} layers ({', '.join(layers)})"]
    if known.reads is not None:
        told.append(f"readout {known.reads if network.readout == 'own' else network.readout}")
    patch = network.patch or known.patch
    if patch is not None:
        told.append(f"patches of {patch} x {patch}")
    told.append(f"drop path {network.drop_path:g}" if network.drop_path else "no drop path")
    if network.norm_epsilon is not None:
        told.append(f"epsilon of the layer norms {network.norm_epsilon:g}")
    return ", ".join(told)
