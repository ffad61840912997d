"""Networks of one shape as one, whose steps are each one batched computation, and the items that they learn from.

| symbol | meaning | shape |
|---|---|---|
| moving | the trained parameters of the networks, by name | row, shape of the parameter |
| still | their frozen tensors that differ, by name; equal ones are not stacked | row, shape of the tensor |

Optimisers work number by number, so that one over ``moving`` does what one for each network does.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Tensor
from torch.func import functional_call, vmap

from frostline.data.planes import Items
from frostline.data.rows import Rows, StoredRows
from frostline.networks.network import Network
from frostline.spec.recipe import Recipe
from frostline.tasks import classes
from frostline.training.fit import State
from frostline.training.optimizers import optimizer_of, schedule_of


class Pool:
    """The planes and targets of lots of equally many items; tensors that several lots have are held once."""

    def __init__(self, lots: Sequence[Items], device: torch.device) -> None:
        distinct = {(id(lot.planes), id(lot.targets)): lot for lot in lots}
        place = {key: index * len(lots[0]) for index, key in enumerate(distinct)}
        self.first = torch.tensor([place[id(lot.planes), id(lot.targets)] for lot in lots])
        targets = torch.cat([lot.targets for lot in distinct.values()])
        held = Items(_joined([lot.planes for lot in distinct.values()]), targets).to(device)
        self.planes, self.targets = held.planes, held.targets

    def at(self, lots: Sequence[int], chosen: Int64[Tensor, "row item"]) -> tuple[Tensor, Tensor]:
        """Planes and targets of the ``chosen`` items of ``lots``, a row for each lot."""
        places = (chosen + self.first[list(lots), None]).to(self.targets.device)
        planes = self.planes[places.flatten()]
        return planes.reshape(*places.shape, *planes.shape[1:]), self.targets[places]


def _joined(several: Sequence[Tensor | Rows]) -> Tensor | StoredRows:
    """The rows of ``several``, one after the other: a copy of tensors in memory, none of what lies in files."""
    tensors = [rows for rows in several if isinstance(rows, Tensor)]
    stored = [rows for rows in several if isinstance(rows, StoredRows)]
    if tensors:
        return tensors[0] if len(tensors) == 1 else torch.cat(tensors)
    firsts = np.cumsum([0, *(len(rows.files) for rows in stored)])
    places = [rows.places + np.array([first, 0]) for first, rows in zip(firsts, stored, strict=False)]
    return StoredRows(tuple(file for rows in stored for file in rows.files), np.concatenate(places), stored[0].axes)


class Stack:
    """Networks of one shape as one, and the optimiser of all of them."""

    def __init__(self, networks: Sequence[Network], recipe: Recipe) -> None:
        assert recipe.steps is not None
        self.network, self.recipe = copy.deepcopy(networks[0]).train(), recipe
        tensors = [dict(network.named_parameters()) | dict(network.named_buffers()) for network in networks]
        self.moving = {name: p for name, p in self.network.named_parameters() if p.requires_grad}
        differ = [n for n, t in tensors[0].items() if n not in self.moving and any(not t.equal(o[n]) for o in tensors)]
        self.still = {name: torch.stack([some[name] for some in tensors]) for name in differ}
        for name, parameter in self.moving.items():
            parameter.data = torch.stack([some[name].detach() for some in tensors])
        self.optimizer = optimizer_of(recipe, self.network)
        self.schedule = schedule_of(recipe, self.optimizer, recipe.steps)

    def learn(self, planes: Tensor, targets: Tensor) -> Float32[Tensor, " row"]:
        """The mean loss of each network over its batch; afterwards each has taken a step."""
        self.optimizer.zero_grad(set_to_none=True)
        losses: Tensor = vmap(self._loss)(self.moving, self.still, planes, targets)
        losses.sum().backward()  # type: ignore[no-untyped-call]
        if self.recipe.clip is not None:
            _clip([p.grad for p in self.moving.values() if p.grad is not None], self.recipe.clip)
        self.optimizer.step()
        self.schedule.step()
        return losses.detach()

    def _loss(self, moving: State, still: State, planes: Tensor, targets: Tensor) -> Tensor:
        return classes.loss(self._answer(moving, still, planes), targets, self.recipe.label_smoothing)

    def _answer(self, moving: State, still: State, planes: Tensor) -> Tensor:
        answer: Tensor = functional_call(self.network, {**moving, **still}, (planes,))
        return answer

    @torch.no_grad()
    def answers(self, planes: Tensor) -> Float32[Tensor, "row item output"]:
        """The logits of each network for its row of ``planes``; what can be stacked answers alike in every mode."""
        answers: Tensor = vmap(self._answer)(self.moving, self.still, planes)
        return answers

    def narrow(self, rows: list[int]) -> None:
        """Leaves only the networks in ``rows``."""
        for parameter in self.moving.values():
            parameter.grad, parameter.data = None, parameter.data[rows]
        self.still = {name: tensor[rows] for name, tensor in self.still.items()}
        for state in self.optimizer.state.values():
            stacked = {name: value for name, value in state.items() if isinstance(value, Tensor) and value.dim()}
            state.update({name: value[rows] for name, value in stacked.items()})


def _clip(gradients: Sequence[Tensor], most: float) -> None:
    """Bounds the norm of each row of ``gradients`` in place, as ``clip_grad_norm_`` does for one network."""
    norms = torch.stack([torch.linalg.vector_norm(gradient.flatten(1), dim=1) for gradient in gradients])
    factors = (most / (torch.linalg.vector_norm(norms, dim=0) + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(factors.reshape(-1, *[1] * (gradient.dim() - 1)))
