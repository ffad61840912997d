"""Layer scores of one start on one share of a dataset, described completely and named by their content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal, cast

from pydantic import Field, field_validator, model_validator

from frostline.catalog import load_code
from frostline.errors import UnknownName
from frostline.spec.base import Value, key_of
from frostline.spec.dataset import Dataset
from frostline.spec.network import NetworkSpec
from frostline.spec.published import Statistics
from frostline.spec.surgery import Fate
from frostline.spec.trial import Matched, Normalisation, RandomStart, Start, Trial, WeightsFile

BUILT_IN_SCORES = "frostline.scoring.cards:CARDS"
MOST_ITEMS = 2000
Of = Literal["layer", "layers", "head", "states"]
"""What a score is of: one layer, two layers of a network, its head, or one layer in two states."""


MapKind = Literal["pca", "t-sne"]
"""How the items of a layer are laid out in a plane."""


@dataclass(frozen=True)
class Figure:
    """One number that a score gives, and between what it lies; None where nothing bounds it."""

    name: str
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class ScoreCard:
    """The facts of a score, readable without computing it: the figure that a layer is judged by stands first.

    ``code`` names the function that gives as many numbers as there are ``figures``. ``most_items`` is how many items it
    is computed on where there are more, drawn so that classes keep their parts; None is all of them. ``spread`` says by
    what its interval is found: ``groups`` of items left out in turn, or ``items``, each of which is told right or not.
    """

    name: str
    title: str
    source: str
    of: Of
    figures: tuple[Figure, ...]
    code: str
    most_items: int | None = None
    spread: Literal["groups", "items"] = "groups"


class Scores(Value):
    """Which scores a study asks of the layers of its starts, and of what; ``Scoring`` says what each key means.

    ``maps`` are drawn at each share with the first seed alone. Scores of two states hold each arm that keeps weights,
    as it was trained, against what it started from.

    Raises:
        ValueError: an unknown name, a name twice, or maps where nothing is scored before training.
    """

    names: tuple[str, ...] = Field(min_length=1)
    features: Literal["pooled", "unpooled"] = "pooled"
    nonlinearity: Literal["after", "before"] = "after"
    items: int = Field(default=MOST_ITEMS, ge=2)
    maps: tuple[MapKind, ...] = ("pca", "t-sne")

    @field_validator("maps")
    @classmethod
    def _are_each_drawn_once(cls, maps: tuple[MapKind, ...]) -> tuple[MapKind, ...]:
        if len(set(maps)) < len(maps):
            raise ValueError(f"each map once (got {', '.join(maps)})")
        return tuple(sorted(maps))

    @field_validator("names")
    @classmethod
    def _are_in_one_order(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _in_order(names, score_cards())

    @model_validator(mode="after")
    def _has_what_maps_are_of(self) -> Scores:
        if "maps" in self.model_fields_set and self.maps and not self.of_starts:
            raise ValueError("maps are of layers that are scored before training; add such a score, or leave maps out")
        return self

    @property
    def of_states(self) -> tuple[str, ...]:
        """The scores that hold an arm, as it was trained, against its start."""
        return tuple(name for name in self.names if score_cards()[name].of == "states")

    @property
    def of_starts(self) -> tuple[str, ...]:
        """The scores of starts, before anything is trained."""
        return tuple(name for name in self.names if name not in self.of_states)


class ScoringSeeds(Value):
    """The seed of each thing that chance decides in a scoring; ``draws`` is for the scores themselves."""

    split: int = 0
    share: int = 0
    draws: int = 0


class Scoring(Value):
    """Scores of every layer of ``network`` as it starts from ``start``, on the training items of one share.

    ``features`` are averaged over places (``pooled``: rows and columns of planes, tokens of a transformer) or all the
    numbers that a layer gives (``unpooled``). ``nonlinearity: before`` reads what enters the last activation of a layer
    instead of what leaves the layer. Of more than ``items`` items that many are drawn, classes keeping their parts.
    ``against`` is a second state of the same network, for the scores of two states. Scores stand in the order of the
    catalogue, however they are written. ``maps`` lay the items of each layer out in a plane, for people to look at.

    Raises:
        ValueError: the start does not fit the network, or the planes, or what the scores need.
    """

    dataset: Dataset
    network: NetworkSpec
    start: Start
    scores: tuple[str, ...] = Field(min_length=1)
    share: float = Field(default=1.0, gt=0, le=1)
    validation: float = Field(default=0.1, gt=0, lt=1)
    normalise: Annotated[Normalisation | Statistics, Field(union_mode="left_to_right")] = "unit"
    features: Literal["pooled", "unpooled"] = "pooled"
    nonlinearity: Literal["after", "before"] = "after"
    items: int = Field(default=MOST_ITEMS, ge=2)
    against: Start | None = None
    maps: tuple[MapKind, ...] = ()
    seeds: ScoringSeeds = ScoringSeeds()

    @field_validator("scores")
    @classmethod
    def _is_one_spelling_of_known_names(cls, scores: tuple[str, ...]) -> tuple[str, ...]:
        return _in_order(scores, score_cards())

    @model_validator(mode="after")
    def _has_what_its_scores_need(self) -> Scoring:
        said = [*_unlike(self, "start", self.start), *_unlike(self, "against", self.against)]
        if self.dataset.task != "classes":
            said.append(f"layers are scored by classes, and {self.dataset.name} has {self.dataset.task}")
        of_head = [card.name for card in self.cards if card.of == "head"]
        if of_head and not isinstance(self.start, Trial):
            said.append(f"{', '.join(of_head)}: only a start that is a trial has a head that learned classes")
        elif of_head and isinstance(self.start, Trial) and self.start.dataset.task != "classes":
            learned = self.start.dataset.task
            said.append(
                f"{', '.join(of_head)}: the head of the start learned {learned}, and no classes; leave them out"
            )
        if self.dataset.task != "classes":
            said.append(f"every score needs one class an item, and {self.dataset.name} holds {self.dataset.task}")
        of_states = [card.name for card in self.cards if card.of == "states"]
        if of_states and self.against is None:
            said.append(f"{', '.join(of_states)}: two states are compared; against, the second one, is missing")
        if self.against is not None and not of_states:
            said.append("against has no effect without a score of two states; remove it, or add cka-states")
        if said:
            raise ValueError("; ".join(said))
        return self

    @property
    def cards(self) -> tuple[ScoreCard, ...]:
        """The cards of its scores, in the order of the catalogue."""
        known = score_cards()
        return tuple(known[name] for name in self.scores)

    @property
    def predecessor(self) -> Trial | None:
        """The trial whose layers are scored, or whose statistics they are drawn with."""
        start = self.start.start if isinstance(self.start, Matched) else self.start
        return start if isinstance(start, Trial) else None

    @property
    def needed(self) -> tuple[Trial, ...]:
        """The trials whose weights are read."""
        states = (state.start if isinstance(state, Matched) else state for state in (self.start, self.against))
        return tuple(state for state in states if isinstance(state, Trial))

    @property
    def ancestors(self) -> tuple[Trial, ...]:
        """The trials that made what is scored, the last one first."""
        before = self.predecessor
        return () if before is None else (before, *before.ancestors)

    @cached_property
    def key(self) -> str:
        """The name of this scoring: a digest of what differs from the defaults, and of the keys of its starts."""
        starts = {"start", "against"}
        content: dict[str, object] = self.model_dump(mode="json", exclude_defaults=True, exclude=starts)
        content["start"] = _content(self.start)
        if self.against is not None:
            content["against"] = _content(self.against)
        return key_of("scoring", content)


def what(spec: Trial | Scoring) -> Literal["trial", "scoring"]:
    """What ``spec`` is, as an outcome says it."""
    return "scoring" if isinstance(spec, Scoring) else "trial"


def score_cards() -> Mapping[str, ScoreCard]:
    """Every score that can be asked for, by name, in the order of the catalogue."""
    return cast("Mapping[str, ScoreCard]", load_code(BUILT_IN_SCORES))


def _in_order(names: tuple[str, ...], known: Mapping[str, ScoreCard]) -> tuple[str, ...]:
    """``names`` in the order of the catalogue.

    Raises:
        ValueError: one is unknown, or stands twice.
    """
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError("; ".join(str(UnknownName("score", name, known)) for name in unknown))
    if len(set(names)) < len(names):
        raise ValueError(f"each score once (got {', '.join(names)})")
    return tuple(name for name in known if name in names)


def _unlike(scoring: Scoring, field: str, start: Start | None) -> list[str]:
    """Why the state ``start`` does not fit the network and the planes of ``scoring``."""
    told = start.start if isinstance(start, Matched) else start
    if not isinstance(told, Trial):
        return []
    said = []
    if told.network != scoring.network:
        said.append(f"{field} has another network; layers are scored in their own")
    elif Fate.REMOVED in told.surgery.fates:
        said.append(f"{field} ({told.surgery}) has not all layers of the network; score one that removes none")
    if told.dataset.plane_shape != scoring.dataset.plane_shape:
        said.append(f"{field} saw planes of other channels or size; state the adaptation on one of the datasets")
    return said


def _content(start: Start) -> dict[str, object]:
    """What a key says of ``start``."""
    match start:
        case Trial():
            return {"trial": start.key}
        case RandomStart() | Matched():
            return {"drawn": start.key}
        case WeightsFile():
            return start.model_dump(mode="json", exclude_defaults=True)
