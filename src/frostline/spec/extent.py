"""How large planes are: rows and columns, written as one number where they are the same."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, PositiveInt, Tag

Extent = int | tuple[int, int]
"""Rows and columns of a plane; one number stands for both."""


def _pair_or_number(raw: object) -> str:
    return "pair" if isinstance(raw, tuple | list) else "number"


ExtentChoice = Annotated[
    Annotated[PositiveInt, Tag("number")] | Annotated[tuple[PositiveInt, PositiveInt], Tag("pair")],
    Discriminator(_pair_or_number),
]
"""An extent as a study file may write it."""


def rows_and_columns(extent: Extent) -> tuple[int, int]:
    """Both numbers of ``extent``."""
    return (extent, extent) if isinstance(extent, int) else extent


def one_spelling(extent: Extent) -> Extent:
    """``extent`` as one number where rows and columns are the same."""
    rows, columns = rows_and_columns(extent)
    return rows if rows == columns else (rows, columns)


def in_words(extent: Extent) -> str:
    """Rows by columns."""
    rows, columns = rows_and_columns(extent)
    return f"{rows} x {columns}"
