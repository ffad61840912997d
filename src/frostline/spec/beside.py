"""Other networks beside that of a study: each is trained from scratch on the same items, as one more arm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Discriminator, PositiveInt, Tag, ValidationError, field_validator

from frostline.spec.axes import NormaliseChoice, from_scratch
from frostline.spec.base import Value
from frostline.spec.dataset import Dataset
from frostline.spec.extent import Extent, ExtentChoice, one_spelling
from frostline.spec.network import NetworkSpec
from frostline.spec.parts import Disagreement, part, parts
from frostline.spec.published import Statistics
from frostline.spec.surgery import Surgery
from frostline.spec.trial import Normalisation

NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9+-]*( [A-Za-z0-9+-]+)*")
WITHIN = re.compile(r"\b(from|with|norms|cut)\b")
"""Words that the name of an arm has where it says more than a name."""
ONE_NETWORK = (
    "every arm would have synthetic items, and each network a generator of its own for its planes; name them in "
    "additions, which are of the study's own network"
)
"""Why a study with other networks has no synthesis for all."""
OF_THE_SURGERIES = ("source", "head", "controls", "norms", "additions", "scores", "beside")
"""The keys of a study that say something of its own network alone."""


def _text_or_mapping(raw: object) -> str:
    return "text" if isinstance(raw, str) else "mapping"


class Beside(Value):
    """Another network, trained from scratch on the items of the study with its shares, seeds and recipe.

    It competes as every other arm. ``channels`` and ``size`` are those of its planes, and ``normalise`` how they are
    normalised; what is absent is as in the study.
    """

    network: NetworkSpec
    channels: PositiveInt | None = None
    size: ExtentChoice | None = None
    normalise: (
        Annotated[
            Annotated[Normalisation, Tag("text")] | Annotated[Statistics, Tag("mapping")],
            Discriminator(_text_or_mapping),
        ]
        | None
    ) = None

    @field_validator("size")
    @classmethod
    def _is_one_number_where_square(cls, size: Extent | None) -> Extent | None:
        return None if size is None else one_spelling(size)

    def planes_of(self, dataset: Dataset) -> Dataset:
        """``dataset`` with the planes that this network sees, in its one spelling.

        Raises:
            ValueError: the dataset cannot give such planes.
        """
        own = {"channels": dataset.card.channels, "size": dataset.card.size}
        asked = {key: value for key, value in self._planes.items() if value is not None}
        content = dataset.model_dump(exclude_defaults=True) | asked
        for key in own.keys() & content.keys():
            if content[key] == own[key]:
                del content[key]
        if "size" not in content:
            content.pop("resize", None)
        return Dataset(**content)

    def said_anyway(self, dataset: Dataset, normalise: object) -> list[str]:
        """The keys that say what the study has anyway: its ``dataset`` and how it normalises."""
        channels, *_ = dataset.plane_shape
        theirs = {"channels": channels, "size": dataset.extent, "normalise": normalise}
        ours = {**self._planes, "normalise": self.normalise}
        return [key for key, value in ours.items() if value is not None and value == theirs[key]]

    @property
    def _planes(self) -> dict[str, object]:
        return {"channels": self.channels, "size": self.size}


def study_of(plain: Mapping[str, Any], name: str, one: Beside, dataset: Dataset) -> dict[str, Any]:
    """The keys of the study that trains ``one`` alone, under its ``name``, where ``plain`` has those of the whole.

    ``dataset`` is that of the whole study.

    Raises:
        ValueError: the dataset cannot give the planes of ``one``.
    """
    scratch = from_scratch(len(one.network.layer_names))
    kept = {key: value for key, value in plain.items() if key not in OF_THE_SURGERIES}
    own = {"network": one.network, "dataset": one.planes_of(dataset), "surgeries": {name: scratch}}
    return kept | own | ({} if one.normalise is None else {"normalise": one.normalise})


def name_faults(raw: Mapping[str, Any]) -> list[Disagreement]:
    """The names of other networks that an arm cannot have."""
    besides, surgeries = raw.get("beside"), raw.get("surgeries")
    known = surgeries if isinstance(surgeries, Mapping) else {}
    found: list[Disagreement] = []
    for name in besides if isinstance(besides, Mapping) else ():
        if name in known:
            found.append((("beside", name), "is the name of a surgery as well; call it otherwise"))
        elif not NAMED.fullmatch(str(name)) or WITHIN.search(str(name)):
            said = "a network is called by letters, digits, single spaces, + and -, without from, with, norms and cut"
            found.append((("beside", name), f"{said}; call it otherwise"))
        elif _is_a_surgery(str(name)):
            found.append((("beside", name), "is how a surgery is written; call it otherwise"))
    return found


def plain_beside(raw: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], list[Disagreement]]:
    """The keys of the study of each other network in ``raw``, and why some have none."""
    dataset, found = part(Dataset, raw.get("dataset")), dict[str, dict[str, Any]]()
    faults: list[Disagreement] = []
    others = parts(Beside, raw.get("beside"))
    there = {"": (part(NetworkSpec, raw.get("network")), dataset, _normalise(raw))}
    for name, one in others.items() if dataset is not None else ():
        try:
            found[name] = plain = study_of(raw, name, one, dataset)
        except ValidationError as error:
            told = error.errors()[0]
            key = "size" if one.size is not None else "channels"
            faults.append((("beside", name, key), str(told.get("ctx", {}).get("error", told["msg"]))))
        else:
            mine = (one.network, plain["dataset"], _normalise(plain))
            faults += [(("beside", name), _same(other)) for other, theirs in there.items() if theirs == mine][:1]
            there[name] = mine
    return found, faults


def idle_beside(plain: Mapping[str, Any]) -> Iterator[Disagreement]:
    """The keys of other networks that say what the study says anyway."""
    dataset = part(Dataset, plain.get("dataset"))
    for name, one in parts(Beside, plain.get("beside")).items() if dataset is not None else ():
        for key in one.said_anyway(dataset, _normalise(plain)):
            yield ("beside", name, key), "is so in the study; leave it out"


def _normalise(plain: Mapping[str, Any]) -> object:
    return part(NormaliseChoice, plain.get("normalise", "unit"))


def _same(other: str) -> str:
    """Why a network is refused that the one called ``other``, or without a name that of the study, is already."""
    if other:
        return f"is what {other} is; remove one of them"
    return "is the network of the study; name its training from scratch under surgeries"


def _is_a_surgery(name: str) -> bool:
    try:
        Surgery.parse(name)
    except ValueError:
        return False
    return True
