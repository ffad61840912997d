"""What became of a trial or of a scoring: its figures, or the reason why it failed. A failure is data."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Discriminator, Field, Tag

Frozen = Literal["none", "stored", "recomputed"]
"""What became of frozen layers at the bottom: there are none, they were computed once and kept, or in every step."""
MEASURED = ("seconds", "peak_memory_bytes")
"""Fields that say how long and how much it took; two outcomes that differ only in them are the same."""


class Record(BaseModel):
    """A frozen record as the store keeps it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Validation(Record):
    """What one validation during training saw: the losses, and the score of the task, of which higher is better.

    Losses are in nats per item for classes, in nats per item and tag for tags, and on the scaled range for values.
    The score is what ``score`` of the metrics is; records of old call it ``accuracy``.
    """

    step: int
    train_loss: float
    loss: float
    score: float = Field(validation_alias=AliasChoices("score", "accuracy"))


class ClassFigures(Record):
    """Precision, recall and F1 (0 where undefined) of one class, and how many test items are of it."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


class ClassMetrics(Record):
    """What the test part showed. ``confusion[i][j]`` counts items of class i called j; ``nll`` is in nats per item.

    ``calibration_error`` is the expected calibration error over 15 equal-width bins of confidence (Guo et al. 2017).
    """

    task: Literal["classes"] = "classes"
    accuracy: float
    macro_f1: float
    nll: float
    calibration_error: float
    classes: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, ...], ...]

    @property
    def score(self) -> float:
        """The accuracy, from 0 to 1."""
        return self.accuracy


class TagFigures(Record):
    """The figures of one tag, of which ``positives`` test items have it.

    The areas are None where the test part has no item with it, or none without. ``threshold`` is the probability from
    which on an item is said to have it, chosen on the validation part.
    """

    name: str
    roc_auc: float | None
    average_precision: float | None
    f1: float
    threshold: float
    positives: int


class TagMetrics(Record):
    """What the test part showed: means over the tags that some of its items have and some have not.

    ``left_out`` names the other tags, of which nothing can be told.
    """

    task: Literal["tags"] = "tags"
    roc_auc: float
    average_precision: float
    f1: float
    tags: tuple[TagFigures, ...]
    left_out: tuple[str, ...]

    @property
    def score(self) -> float:
        """The macro ROC-AUC, from 0 to 1."""
        return self.roc_auc


class ValueFigures(Record):
    """The figures of one value; errors are on the annotation's own ``scale`` where it has one.

    Where all answers, or all true values, are the same, ``constant`` is true and the concordance and both correlations
    are 0. From ``ccc_low`` to ``ccc_high`` reaches the 95 % interval over items, None where it cannot be told.
    """

    name: str
    ccc: float
    pearson: float
    r2: float
    mae: float
    mse: float
    constant: bool
    ccc_low: float | None
    ccc_high: float | None
    scale: tuple[float, float] | None


class ValueMetrics(Record):
    """What the test part showed: means over the values; errors are on the annotation's own scale where it has one."""

    task: Literal["values"] = "values"
    ccc: float
    pearson: float
    r2: float
    mae: float
    mse: float
    values: tuple[ValueFigures, ...]

    @property
    def score(self) -> float:
        """The mean concordance correlation coefficient, from -1 to 1."""
        return self.ccc


def _task_told(raw: Any) -> str:
    """The task of metrics, which records of old do not tell."""
    return str(raw.get("task", "classes") if isinstance(raw, dict) else raw.task)


Metrics = Annotated[
    Annotated[ClassMetrics, Tag("classes")]
    | Annotated[TagMetrics, Tag("tags")]
    | Annotated[ValueMetrics, Tag("values")],
    Discriminator(_task_told),
]
"""What the test part showed, as the task has it."""


class Fidelity(Record):
    """How near synthetic items come to real ones that their generator has not seen.

    ``frechet`` is from the held-out items to the synthetic ones, and ``frechet_of_real`` to as many real ones, drawn
    from those that the generator has learned from (all of them, where they are fewer): with few items both are above 0
    even where nothing differs. ``closeness`` far below 1, and a large part ``copied`` (synthetic items nearer to a
    learned one than any held-out item is), tell of a generator that repeats what it has seen. ``n_made``, ``n_learned``
    and ``n_held`` are how many items were compared.
    """

    frechet: float
    frechet_of_real: float
    precision: float
    recall: float
    closeness: float
    copied: float
    n_made: int
    n_learned: int
    n_held: int


class ParameterCounts(Record):
    """How many parameters the network has, and how many of them training may and may not move."""

    total: int
    trainable: int
    frozen: int


class Environment(Record):
    """What the numbers were computed with; ``stacked`` trials were trained at once, by steps ``compiled`` or not."""

    frostline: str
    python: str
    torch: str
    device: str
    threads: int
    cpu: str
    precision: Literal["float32", "bfloat16"] = "float32"
    stacked: int = 1
    compiled: bool = False


class Finished(Record):
    """A trial that ran to its end."""

    status: Literal["finished"] = "finished"
    key: str
    metrics: Metrics
    train_score: float = Field(validation_alias=AliasChoices("train_score", "train_accuracy"))
    best_validation: Validation
    history: tuple[Validation, ...]
    steps: int
    stopped: Literal["budget", "patience"]
    n_train: int
    n_synthetic: int = 0
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
    """What did not run to its end, with the reason for people and the traceback for their bug report."""

    status: Literal["failed"] = "failed"
    what: Literal["trial", "scoring"] = "trial"
    key: str
    error: str
    traceback: str
