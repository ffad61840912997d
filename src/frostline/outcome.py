"""What became of a trial: finished with its figures, or failed with its reason. A failure is data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Frozen = Literal["none", "stored", "recomputed"]
"""What became of frozen layers at the bottom: there are none, they were computed once and kept, or in every step."""
MEASURED = ("seconds", "peak_memory_bytes")
"""Fields that say how long and how much it took; two outcomes that differ only in them are the same."""


class Record(BaseModel):
    """A frozen record as the store keeps it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Validation(Record):
    """What one validation during training saw: losses in nats per item, accuracy from 0 to 1."""

    step: int
    train_loss: float
    loss: float
    accuracy: float


class ClassFigures(Record):
    """Precision, recall and F1 (0 where undefined) of one class, and how many test items are of it."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


class Metrics(Record):
    """What the test part showed. ``confusion[i][j]`` counts items of class i called j; ``nll`` is in nats per item.

    ``calibration_error`` is the expected calibration error over 15 equal-width bins of confidence (Guo et al. 2017).
    """

    accuracy: float
    macro_f1: float
    nll: float
    calibration_error: float
    classes: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, ...], ...]


class ParameterCounts(Record):
    """How many parameters the network has, and how many of them training may and may not move."""

    total: int
    trainable: int
    frozen: int


class Environment(Record):
    """What the numbers were computed with; ``stacked`` trials were trained at once."""

    frostline: str
    python: str
    torch: str
    device: str
    threads: int
    cpu: str
    precision: Literal["float32", "bfloat16"] = "float32"
    stacked: int = 1


class Finished(Record):
    """A trial that ran to its end."""

    status: Literal["finished"] = "finished"
    key: str
    metrics: Metrics
    train_accuracy: float
    best_validation: Validation
    history: tuple[Validation, ...]
    steps: int
    stopped: Literal["budget", "patience"]
    n_train: int
    n_validation: int
    n_test: int
    parameters: ParameterCounts
    start: Literal["none", "self-pretrained", "published", "random", "matched"]
    start_told: tuple[str, ...] = ()
    start_digest: str | None
    split_digest: str
    data_digest: str
    weights_digest: str
    audit: tuple[str, ...]
    frozen: Frozen = "none"
    environment: Environment
    seconds: float
    peak_memory_bytes: int

    def __eq__(self, other: object) -> bool:
        """Equal in everything but what was measured of time and memory."""
        left = self.model_dump(exclude=set(MEASURED))
        return isinstance(other, Finished) and left == other.model_dump(exclude=set(MEASURED))

    __hash__ = None  # type: ignore[assignment]


class Failed(Record):
    """A trial that did not run to its end, with the reason for people and the traceback for their bug report."""

    status: Literal["failed"] = "failed"
    key: str
    error: str
    traceback: str


Outcome = Annotated[Finished | Failed, Field(discriminator="status")]
