"""Other networks beside that of a study: each is trained from scratch on the same items, as one more arm."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, PositiveInt, Tag, ValidationError

from frostline.spec.axes import NormaliseChoice, from_scratch
from frostline.spec.base import Value
from frostline.spec.dataset import Dataset
from frostline.spec.extent import ExtentChoice, one_spelling
from frostline.spec.network import NetworkSpec
from frostline.spec.parts import Disagreement, part, parts
from frostline.spec.published import Statistics
from frostline.spec.surgery import Surgery
from frostline.spec.trial import Normalisation

NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9+-]*( [A-Za-z0-9+-]+)*")
WITHIN = re.compile(r"\b(from|with|norms|cut)\b")
"""Words that the name of an arm has where it says more than a name."""
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

    def idle_beside(self, dataset: Dataset, normalise: object) -> list[str]:
        """The keys that say what the study has anyway: its ``dataset`` and how it normalises."""
        channels, *_ = dataset.plane_shape
        theirs = {"channels": channels, "size": dataset.extent, "normalise": normalise}
        ours = {**self._planes, "normalise": self.normalise}
        return [key for key, value in ours.items() if value is not None and value == theirs[key]]

    @property
    def _planes(self) -> dict[str, object]:
        return {"channels": self.channels, "size": None if self.size is None else one_spelling(self.size)}


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
    for name, one in others.items() if dataset is not None else ():
        faults += [(("beside", name), why) for why in _same(name, others, part(NetworkSpec, raw.get("network")))]
        said = "is so in the study; leave it out"
        normalise = part(NormaliseChoice, raw.get("normalise", "unit"))
        faults += [(("beside", name, key), said) for key in one.idle_beside(dataset, normalise)]
        try:
            found[name] = study_of(raw, name, one, dataset)
        except ValidationError as error:
            told = error.errors()[0]
            key = "size" if one.size is not None else "channels"
            faults.append((("beside", name, key), str(told.get("ctx", {}).get("error", told["msg"]))))
    return found, faults


def _same(name: str, others: Mapping[str, Beside], own: object) -> list[str]:
    """Why the network called ``name`` would be one that is there already."""
    one = others[name]
    first = next(other for other, two in others.items() if two == one)
    if first != name:
        return [f"is what {first} is; remove one of them"]
    if one == Beside(network=one.network) and one.network == own:
        return ["is the network of the study; name its training from scratch under surgeries"]
    return []


def _is_a_surgery(name: str) -> bool:
    try:
        Surgery.parse(name)
    except ValueError:
        return False
    return True
