"""What became of a scoring: what each layer of a start scores. What may become of a trial stands in ``outcome``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from frostline.outcome import Environment, Failed, Finished, Record


class LayerScore(Record):
    """One figure of one score of one layer on ``n`` items, None where it cannot be had.

    ``low`` to ``high`` is where it lies for other items of the same kind at ``level``, None where that cannot be told.
    ``other`` is the second layer that it is of, where it is of two. ``told`` says why something is None, and which
    items it was computed on where not on all.
    """

    layer: str
    score: str
    figure: str
    value: float | None
    low: float | None
    high: float | None
    level: float
    n: int
    other: str | None = None
    told: tuple[str, ...] = ()


class LayerMap(Record):
    """Items of one layer in a plane, the farthest of them at 1, each with the number of its class.

    ``told`` is how much of the variance the axes hold, or the perplexity, or why there are no points.
    """

    layer: str
    kind: Literal["pca", "t-sne"]
    points: tuple[tuple[float, float], ...] = ()
    classes: tuple[int, ...] = ()
    told: str = ""


class Scored(Record):
    """What the layers of a start score on the ``n_train`` training items of one share, before any training."""

    status: Literal["scored"] = "scored"
    key: str
    scores: tuple[LayerScore, ...]
    maps: tuple[LayerMap, ...] = ()
    n_train: int
    start: Literal["none", "self-pretrained", "published", "random", "matched"]
    start_told: tuple[str, ...] = ()
    start_digest: str | None
    split_digest: str
    data_digest: str
    environment: Environment
    seconds: float

    def __eq__(self, other: object) -> bool:
        """Equal in everything but how long it took."""
        return isinstance(other, Scored) and self.model_copy(update={"seconds": other.seconds}).model_dump() == (
            other.model_dump()
        )

    __hash__ = None  # type: ignore[assignment]


Ended = Finished | Scored | Failed
"""What may become of a trial or of a scoring."""
Outcome = Annotated[Ended, Field(discriminator="status")]
