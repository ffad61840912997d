"""A surgery, carried out on a copy of a network, and the audit of what training left of it."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from jaxtyping import Float32
from torch import Tensor, nn

from frostline.errors import FreezeBroken
from frostline.networks.network import Network, state_digest
from frostline.spec.surgery import Fate, Surgery
from frostline.spec.trial import Head


@dataclass(frozen=True)
class Operation:
    """What a trial does to its network: one fate a layer, and what becomes of the head."""

    surgery: Surgery
    head: Head


def operate(donor: Network | None, fresh: Network, operation: Operation) -> Network:
    """A new network with each layer taken from ``donor`` (frozen, tuned) or from ``fresh`` (reset), or left out.

    ``fresh`` has the layers that stay, under a readout and a head that fit the task. Both arguments stay untouched.

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
    frozen = [name for name, fate in fates.items() if fate is Fate.FROZEN]
    return Network(layers, copy.deepcopy(fresh.readout), _head(donor, fresh, operation.head), frozen)


def _head(donor: Network | None, fresh: Network, choice: Head) -> nn.Module:
    """The head of the network: new, the donor's, or the donor's hidden dense layer under a new output."""
    if choice == "new":
        return copy.deepcopy(fresh.head)
    if donor is None:
        raise ValueError(f"head: {choice} needs a start")
    head: nn.Module = copy.deepcopy(donor.head).requires_grad_(True)
    if choice == "hidden-kept":
        assert isinstance(head, nn.Sequential) and isinstance(fresh.head, nn.Sequential)
        head[-1] = copy.deepcopy(fresh.head[-1])
    return head


@dataclass(frozen=True)
class Theatre:
    """What the audit compares: the donor and its digest when it came in, and the network before and after training."""

    donor: Network | None
    donor_digest: str | None
    before: Network
    after: Network


def audit(theatre: Theatre, surgery: Surgery, probe: Float32[Tensor, "sample channel row column"]) -> tuple[str, ...]:
    """What was found in order, in words: frozen layers are the functions they were, reset ones differ, donor untouched.

    ``probe`` is sent through each frozen layer in training and in evaluation mode, before and after, bit for bit.

    Raises:
        FreezeBroken: names every layer that is not what its fate says.
    """
    faults = []
    fates = dict(zip(theatre.after.layers, surgery.fates, strict=False))
    frozen = [name for name, fate in fates.items() if fate is Fate.FROZEN]
    reset = [name for name, fate in fates.items() if fate is Fate.RESET]
    faults += _moved(theatre, frozen, probe)
    if theatre.donor is not None:
        for name in reset:
            if state_digest(theatre.donor.layers[name]) == state_digest(theatre.before.layers[name]):
                faults.append(f"reset layer {name} began with the weights of the start")
        if state_digest(theatre.donor) != theatre.donor_digest:
            faults.append("the start was changed by the trial")
    if faults:
        raise FreezeBroken(f"{surgery} was not carried out: " + "; ".join(faults))
    found = [f"{len(frozen)} frozen layers unchanged in parameters, buffers and outputs"] if frozen else []
    if theatre.donor is not None:
        found += [f"{len(reset)} reset layers differ from the start"] if reset else []
        found.append("start untouched")
    return tuple(found)


@torch.no_grad()
def _moved(theatre: Theatre, frozen: list[str], probe: Tensor) -> list[str]:
    """A fault for each frozen layer that holds other tensors, or answers otherwise, than before."""
    faults = []
    theatre.before.eval()
    for name, before in theatre.before.layers.items():
        after = theatre.after.layers[name]
        expected = before(probe)
        if name in frozen:
            if state_digest(before) != state_digest(after):
                faults.append(f"frozen layer {name} holds other parameters or buffers than before training")
            for mode in (True, False):
                theatre.after.train(mode)
                if not torch.equal(after(probe), expected):
                    faults.append(
                        f"frozen layer {name} answers otherwise in {'training' if mode else 'evaluation'} mode"
                    )
            if state_digest(before) != state_digest(after):
                faults.append(f"frozen layer {name} moves its buffers when it is only asked")
        probe = expected
    return faults
