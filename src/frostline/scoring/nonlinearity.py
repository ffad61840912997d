"""What enters the last activation of a layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

ACTIVATIONS = ("torch.nn.modules.activation", "timm.layers.activations", "timm.layers.activations_me")
NO_ACTIVATIONS = (nn.MultiheadAttention, nn.Softmax, nn.Softmax2d, nn.LogSoftmax, nn.Softmin)
PASSING = (
    "torch.nn.modules.pooling", "torch.nn.modules.dropout", "torch.nn.modules.batchnorm",
    "torch.nn.modules.normalization", "torch.nn.modules.flatten", "timm.layers.drop",
)  # fmt: skip


def last_activation(layer: nn.Module, planes: Tensor) -> nn.Module | None:
    """The activation in which ``layer`` ends for ``planes``, after which only pooling, norms and dropout come.

    None where it ends in anything else, such as a sum or a convolution.
    """
    order: list[nn.Module] = []
    leaves = [module for module in layer.modules() if not list(module.children())]
    with _watched(leaves, lambda module, given: order.append(module)):
        output = layer(planes)
    tail: list[nn.Module] = []
    while order and _passes(order[-1]):
        tail.insert(0, order.pop())
    if not order or not _is_activation(order[-1]):
        return None
    found = order[-1]
    return found if torch.allclose(_through([found, *tail], entering(layer, found, planes)[1]), output) else None


def entering(layer: nn.Module, activation: nn.Module, planes: Tensor) -> tuple[Tensor, Tensor]:
    """What ``layer`` gives for ``planes``, and what enters ``activation`` in it, the last time where there are more."""
    entered: list[Tensor] = []
    # An activation may write its answer over what entered it.
    with _watched([activation], lambda module, given: entered.append(given.clone())):
        output: Tensor = layer(planes)
    return output, entered[-1]


@contextmanager
def _watched(modules: Sequence[nn.Module], seen: Callable[[nn.Module, Tensor], None]) -> Iterator[None]:
    """While it lasts, ``seen`` is told each of ``modules`` that is called, with what it is given."""
    hooks = [module.register_forward_pre_hook(lambda module, given: seen(module, given[0])) for module in modules]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _through(modules: Sequence[nn.Module], given: Tensor) -> Tensor:
    for module in modules:
        given = module(given)
    return given


def _is_activation(module: nn.Module) -> bool:
    return type(module).__module__ in ACTIVATIONS and not isinstance(module, NO_ACTIVATIONS)


def _passes(module: nn.Module) -> bool:
    return type(module).__module__ in PASSING or isinstance(module, nn.Identity)
