"""What the columns of a manifest are called."""

from __future__ import annotations

from pydantic import model_validator

from frostline.catalog import Asked
from frostline.spec.base import Value


class Columns(Value):
    """What columns of a manifest are called in the file: ``path: file`` where the paths stand in a column ``file``."""

    path: str | None = None
    label: str | None = None
    labels: str | None = None
    group: str | None = None
    split: str | None = None
    fold: str | None = None

    @model_validator(mode="after")
    def _each_is_called_otherwise(self) -> Columns:
        renamed = self.model_dump(exclude_none=True)
        idle = [f"{name}: {found}" for name, found in renamed.items() if name == found]
        if idle or not renamed:
            said = f"{', '.join(idle)} has no effect" if idle else "names no column"
            raise ValueError(f"{said}; name only columns that are called otherwise, such as path: file")
        if len(set(renamed.values())) < len(renamed):
            told = ", ".join(f"{name}: {found}" for name, found in renamed.items())
            raise ValueError(f"one column cannot be two ({told}); name each column once")
        return self

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """What each column is here, and its name in the file."""
        renamed: dict[str, str] = self.model_dump(exclude_none=True)
        return tuple(renamed.items())


def asked_of(
    values: tuple[str, ...] | None, scale: tuple[float, float] | None, columns: Columns | None, files: str | None
) -> Asked:
    """What a study that writes these keys wants of a manifest."""
    return Asked(values or (), scale, () if columns is None else columns.pairs, files or "")
