"""A value: frozen, strict, unknown keys refused, and named by its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

NUMERICS = 2
"""Raised when a default or the mathematics of a trial changes, so that no stored outcome is taken for a new one."""


class Value(BaseModel):
    """A frozen value; two values with equal content are equal and interchangeable."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, ignored_types=(cached_property,)
    )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with ``update`` in place of the old content; nothing computed from the old content comes along."""
        copy = super().model_copy(update=update, deep=deep)
        for name in copy.__dict__.keys() - type(self).model_fields.keys():
            del copy.__dict__[name]
        return copy


def key_of(kind: str, content: dict[str, object]) -> str:
    """sha256 (first 20 hexadecimal digits) of the canonical JSON of ``content``, its kind and ``NUMERICS``.

    ``content`` holds only what differs from the defaults: a new field whose default means "as before" moves no key.
    """
    text = json.dumps({"kind": kind, "numerics": NUMERICS, **content}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:20]
