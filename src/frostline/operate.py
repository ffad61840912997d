"""A surgery, carried out on a copy of a network, and the audit of what training left of it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float32
from torch import Tensor, nn

from frostline.errors import FreezeBroken
from frostline.networks.heads import OUTPUT
from frostline.networks.network import NORMS, READOUT, Network, state_digest
from frostline.spec.recipe import Norms, Precision
from frostline.spec.surgery import Fate, Surgery
from frostline.spec.trial import Head

TOLERANCE: dict[Precision, float] = {"float32": 1e-2, "bfloat16": 1e-1}
"""How far activations of one precision, computed in other batches, may lie apart, as a part of the largest.

Measured on a CPU: 6e-5 in float32, and nothing in bfloat16. Accelerators may multiply with ten bits of the fraction in
float32, which is 1e-3 a layer.
"""


@dataclass(frozen=True)
class Operation:
    """What a trial does to its network: one fate a layer, and what becomes of the head."""

    surgery: Surgery
    head: Head


def operate(donor: Network | None, fresh: Network, operation: Operation) -> Network:
    """A new network with each layer taken from ``donor`` (frozen, tuned) or from ``fresh`` (reset), or left out.

    ``fresh`` has the layers that stay, under a readout and a head that fit the task. The readout, which may hold the
    final norm, shares the fate of the topmost layer; where that is not the topmost layer of the donor, it is new. Both
    arguments stay untouched.

    Raises:
        ValueError: a layer has no fate, or keeps weights where there is no donor.
    """
    layers: dict[str, nn.Module] = {}
    fates = dict(zip(fresh.layers, operation.surgery.fates, strict=False))
    if len(fates) != operation.surgery.kept:
        raise ValueError(f"{operation.surgery} keeps {operation.surgery.kept} layers, the network has {len(fates)}")
    for name, fate in fates.items():
        if fate is Fate.RESET:
            layers[name] = copy.deepcopy(fresh.layers[name])
        elif donor is None:
            raise ValueError(f"{operation.surgery} keeps the weights of {name}, but there is no start")
        else:
            layers[name] = copy.deepcopy(donor.layers[name]).requires_grad_(True)
    fates[READOUT] = _readout_fate(donor, fresh, operation.surgery)
    kept = fresh if donor is None or fates[READOUT] is Fate.RESET else donor
    readout = copy.deepcopy(kept.readout).requires_grad_(True)
    frozen = [name for name, fate in fates.items() if fate is Fate.FROZEN]
    return Network(layers, readout, _head(donor, fresh, operation.head), frozen)


def _readout_fate(donor: Network | None, network: Network, surgery: Surgery) -> Fate:
    """The fate of the topmost layer of ``network``; reset where there is no donor, or one with other layers on top."""
    if donor is None or list(donor.layers) != list(network.layers):
        return Fate.RESET
    return surgery.fates[surgery.kept - 1]


def _head(donor: Network | None, fresh: Network, choice: Head) -> nn.Module:
    """The head of the network: new, the donor's, or the donor's hidden dense layer under a new output."""
    if choice == "new":
        return copy.deepcopy(fresh.head)
    if donor is None:
        raise ValueError(f"head: {choice} needs a start")
    head: nn.Module = copy.deepcopy(donor.head).requires_grad_(True)
    if choice == "hidden-kept":
        assert isinstance(head, nn.Sequential) and isinstance(fresh.head, nn.Sequential)
        return nn.Sequential(*head[:OUTPUT], *copy.deepcopy(fresh.head)[OUTPUT:])
    return head


@dataclass(frozen=True, eq=False)
class Given:
    """What training was given in place of the probe: what the lowest ``depth`` parts had been computed to give."""

    depth: int
    activations: Tensor
    precision: Precision


@dataclass(frozen=True)
class Theatre:
    """What the audit compares: the donor and its digest when it came in, and the network before and after training.

    With ``norms: tuned`` training may move the scales and offsets of the norms in frozen layers, and nothing else.
    Where frozen parts were computed apart, ``given`` is what they had given for the probe.
    """

    donor: Network | None
    donor_digest: str | None
    before: Network
    after: Network
    norms: Norms = "stored"
    given: Given | None = None


def audit(theatre: Theatre, surgery: Surgery, probe: Float32[Tensor, "sample channel row column"]) -> tuple[str, ...]:
    """What was found in order, in words: frozen layers are the functions they were, reset ones differ, donor untouched.

    The readout is judged by its own fate. ``probe`` is sent through each frozen layer in training and in evaluation
    mode, before and after, bit for bit; afterwards every network is in the modes it was in.

    Raises:
        FreezeBroken: names every layer that is not what its fate says.
    """
    fates = dict(zip(theatre.after.layers, surgery.fates, strict=False))
    frozen = [name for name, fate in fates.items() if fate is Fate.FROZEN]
    reset = [name for name, fate in fates.items() if fate is Fate.RESET]
    readout = _readout_fate(theatre.donor, theatre.after, surgery)
    with _modes_restored(theatre.before, theatre.after):
        faults = _moved(theatre, [*frozen, READOUT] if readout is Fate.FROZEN else frozen, probe)
        faults += _other_than_given(theatre, probe)
    faults += _began_as_donor(theatre, [*reset, READOUT] if readout is Fate.RESET else reset)
    if theatre.donor is not None and state_digest(theatre.donor) != theatre.donor_digest:
        faults.append("the start was changed by the trial")
    if faults:
        raise FreezeBroken(f"{surgery} was not carried out: " + "; ".join(faults))
    kept = "frozen layers unchanged in parameters, buffers and outputs"
    if theatre.norms == "tuned":
        kept = "layers unchanged but for the scales and offsets of their norms, so not called frozen"
    found = [f"{len(frozen)} {kept}"] if frozen else []
    if theatre.given is not None:
        found.append(f"kept activations are those of the lowest {theatre.given.depth} parts")
    if theatre.donor is not None:
        found += [f"{len(reset)} reset layers differ from the start"] if reset else []
        found.append("start untouched")
    return tuple(found)


@torch.no_grad()
def _other_than_given(theatre: Theatre, probe: Tensor) -> list[str]:
    """A fault where training was given other activations than the frozen parts give for ``probe``."""
    given = theatre.given
    if given is None:
        return []
    # In the precision that they were computed in: a few layers of half precision may lie as far from whole precision
    # as activations of other weights do.
    with torch.autocast(probe.device.type, torch.bfloat16, enabled=given.precision == "bfloat16"):
        for part in list(theatre.after.parts.values())[: given.depth]:
            probe = part(probe)
    probe, activations = probe.float(), given.activations.to(probe.device, torch.float32)
    if activations.shape == probe.shape:
        furthest = float((activations - probe).abs().max() / probe.abs().max().clamp(min=1e-12))
        if furthest <= TOLERANCE[given.precision]:
            return []
    return [
        f"the kept activations at depth {given.depth} are not those of the frozen layers; delete them and run again"
    ]


def _began_as_donor(theatre: Theatre, reset: list[str]) -> list[str]:
    """A fault for each part in ``reset`` that began with the weights of the donor, where it has any that are drawn."""
    if theatre.donor is None:
        return []
    donor, before = theatre.donor.parts, theatre.before.parts
    return [
        f"reset {_said(name)} began with the weights of the start"
        for name in reset
        if _is_drawn(before[name]) and state_digest(donor[name]) == state_digest(before[name])
    ]


def _is_drawn(part: nn.Module) -> bool:
    """True where some tensor holds different numbers: a fresh norm (ones and zeros) is the same in every network."""
    return any(bool((tensor != tensor.flatten()[0]).any()) for tensor in part.parameters())


def _said(name: str) -> str:
    return name if name == READOUT else f"layer {name}"


@contextmanager
def _modes_restored(*networks: Network) -> Iterator[None]:
    """Afterwards every module of ``networks`` is in training or evaluation mode as it was before."""
    modes = [(module, module.training) for network in networks for module in network.modules()]
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@torch.no_grad()
def _moved(theatre: Theatre, frozen: list[str], probe: Tensor) -> list[str]:
    """A fault for each frozen part that holds other tensors, or answers otherwise, than before."""
    faults = []
    theatre.before.eval()
    for name, before in theatre.before.parts.items():
        expected = before(probe)
        if name in frozen and theatre.norms == "tuned":
            faults += _beyond_norms(name, theatre)
        elif name in frozen:
            faults += _differences(name, theatre, probe, expected)
        probe = expected
    return faults


def _beyond_norms(name: str, theatre: Theatre) -> list[str]:
    """What of the part ``name`` training has moved, the scales and offsets of its norms aside."""
    before, after = theatre.before.parts[name].state_dict(), theatre.after.parts[name].state_dict()
    norms = {
        f"{place}.{parameter}".removeprefix(".")
        for place, module in theatre.before.parts[name].named_modules()
        if isinstance(module, NORMS)
        for parameter, _ in module.named_parameters(recurse=False)
    }
    moved = [key for key in before if key not in norms and not torch.equal(before[key], after[key])]
    return [f"{_said(name)}: training moved {', '.join(moved)}, and only its norms may be tuned"] if moved else []


def _differences(name: str, theatre: Theatre, probe: Tensor, expected: Tensor) -> list[str]:
    """What tells the frozen part ``name`` after training from the one before, which answers ``probe`` as expected."""
    before, after = theatre.before.parts[name], theatre.after.parts[name]
    faults = []
    kept = state_digest(before)
    asked = state_digest(after)
    if kept != asked:
        faults.append(f"frozen {_said(name)} holds other parameters or buffers than before training")
    for mode in (True, False):
        theatre.after.train(mode)
        if not torch.equal(after(probe), expected):
            faults.append(f"frozen {_said(name)} answers otherwise in {'training' if mode else 'evaluation'} mode")
    if state_digest(after) != asked:
        faults.append(f"frozen {_said(name)} moves its buffers when it is only asked")
    return faults
