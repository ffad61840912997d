"""The head of a network as a value."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveInt

from frostline.spec.base import Value


class Headed(Value):
    """A network whose head is a dense layer to the outputs, after another one of width ``hidden`` where it has that.

    ``output: tanh`` keeps the answers between -1 and 1, for values that are scaled to that.
    """

    hidden: PositiveInt | None = None
    output: Literal["linear", "tanh"] = "linear"
