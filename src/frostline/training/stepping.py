"""How the steps of a training are computed: as they are, or by a forward pass that is compiled.

What is compiled is compiled whole, or is an error: torch would otherwise compute in silence as it is what it cannot
compile, or what it has compiled for too many shapes. Noise of dropout is drawn as without compiling, by one call of
torch's own generator for each layer, so that it follows the seed of a trial alike.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from frostline.errors import NotCompiled
from frostline.networks.network import Network

Stepping = Literal["eager", "compiled"]

OPTIONS: dict[str, str | int | bool] = {"fallback_random": True, "deterministic": True}
"""Draws as torch does, and no choice between kernels that round otherwise by how fast they were on that day."""
MANY = 100_000
"""No bound on the shapes that one process compiles: beyond torch's own, 8, it would refuse the ninth."""
SWITCHES = ("TORCH_COMPILE_DISABLE", "TORCHDYNAMO_DISABLE")
"""What a person sets to 1 to keep torch from compiling anything."""

REMEDY = f"with {SWITCHES[0]}=1 a study in another folder (--to) compiles nothing"


@contextmanager
def computed(network: Network, stepping: Stepping) -> Iterator[Network]:
    """``network`` for the steps of its training: itself, or a twin that shares its modules and is compiled when called.

    A shape is compiled once a process: networks of one architecture, with the same layers frozen, share what was
    compiled for the first of them. Whatever is asked of ``network`` itself is computed as it is.

    Raises:
        NotCompiled: something cannot be compiled, or compiling is switched off.
    """
    if stepping == "eager":
        yield network
        return
    import torch._dynamo
    from torch._dynamo.exc import FailOnRecompileLimitHit, TorchDynamoException
    from torch._inductor.exc import InvalidCxxCompiler

    if off := [name for name in SWITCHES if os.environ.get(name) == "1"]:
        raise NotCompiled(f"{off[0]}=1 switches compiling off; unset it, or set it before a study begins in its folder")
    twin = copy.copy(network)
    twin.compile(fullgraph=True, dynamic=False, options=OPTIONS)
    with torch._dynamo.config.patch(recompile_limit=MANY, accumulated_recompile_limit=MANY, suppress_errors=False):
        try:
            yield twin
        except (TorchDynamoException, FailOnRecompileLimitHit, InvalidCxxCompiler) as error:
            said = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
            raise NotCompiled(f"a training step could not be compiled ({said}); {REMEDY}") from error
