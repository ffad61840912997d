"""What is wrong with one value of a study file, in plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from frostline.catalog import dataset_cards
from frostline.errors import nearest
from frostline.spec.axes import Pretraining
from frostline.spec.mtt_vgg import MttVgg
from frostline.spec.network import Mlp, PlainCnn, Timm
from frostline.spec.parts import Keys
from frostline.spec.spectrogram_transformer import SpectrogramTransformer
from frostline.spec.study import Study
from frostline.spec.trial import WeightsFile

TAGGED: dict[str, type[BaseModel]] = {
    "weights-file": WeightsFile,
    "pretraining": Pretraining,
    "plain_cnn": PlainCnn,
    "mlp": Mlp,
    "mtt_vgg": MttVgg,
    "spectrogram_transformer": SpectrogramTransformer,
    "timm": Timm,
}
"""The names that the types give to alternatives where a file writes a group of keys."""
NETWORKS = ("plain_cnn", "mlp", "mtt_vgg", "spectrogram_transformer", "timm")
SHAPES = {
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "dict_type": "must be a group of keys",
    "model_type": "must be a group of keys",
    "model_attributes_type": "must be a group of keys",
    "too_short": "must name at least one",
    "too_long": "holds too many values",
}


OTHERWISE = {
    "controls": " or a list of kinds, such as [random, matched]",
    "cuts": " or a list of depths, such as [0, 2]",
    "validate_every": " or a number of steps",
}
"""What else than its one word may stand under a key."""


def message_for(detail: ErrorDetails) -> str:
    """What is wrong with one value, what was got and what would be right, in plain words."""
    got, context = detail["input"], detail.get("ctx", {})
    match detail["type"]:
        case "missing" if isinstance(detail["loc"][-1], int):
            return f"holds too few values (got {_shown(got)})"
        case "missing":
            return "is missing"
        case "extra_forbidden":
            known = _known_keys(detail["loc"])
            return f"unknown key{nearest(str(detail['loc'][-1]), known) or '; known: ' + ', '.join(known)}"
        case "literal_error" if " or " in context["expected"]:
            return f"{_shown(got)} is none of {context['expected'].replace(' or ', ', ')}"
        case "literal_error":
            return f"must be {context['expected']}{_otherwise(detail['loc'])} (got {_shown(got)})"
        case "union_tag_invalid":
            known = context["expected_tags"].replace("'", "").split(", ")
            return f"no network is called {context['tag']!r}{nearest(context['tag'], known)}; known: {', '.join(known)}"
        case "union_tag_not_found" if isinstance(got, Mapping):
            return f"name is missing; it says which network this is: {', '.join(NETWORKS)}"
        case "value_error":
            return str(context["error"])
        case kind:
            said = SHAPES.get(kind) or detail["msg"].replace("Input should", "must")
            if kind.startswith("model_") and detail["loc"][0] == "surgeries":
                said = "must be a surgery such as f3r3 or a group of keys"
            return f"{said} (got {_shown(got)}{_number_hint(kind, got)}){_group_hint(detail)}"


def _number_hint(kind: str, got: object) -> str:
    if not isinstance(got, str) or kind not in ("int_type", "float_type"):
        return ""
    if kind == "float_type" and got.endswith("%") and got[:-1].strip().replace(".", "", 1).isdecimal():
        return f", which is text; write {float(got[:-1]) / 100:g}"
    numeric = got.replace(".", "", 1).replace("e-", "", 1).isdecimal()
    return ", which is text; remove the quotes" if numeric else ""


def _otherwise(loc: Keys) -> str:
    return next((OTHERWISE[str(key)] for key in reversed(loc) if str(key) in OTHERWISE), "")


def _group_hint(detail: ErrorDetails) -> str:
    """How a network or a dataset is written that stands there by its name alone; the keys of any other group."""
    got, loc = detail["input"], detail["loc"]
    if detail["type"] == "model_type" and loc[0] != "surgeries" and str(loc[-1]) not in ("network", "dataset"):
        return f"; its keys: {', '.join(_known_keys((*loc, '')))}"
    known = {"network": NETWORKS, "dataset": tuple(dataset_cards())}
    named = isinstance(got, str) and got in known.get(str(loc[-1]), ())
    return f"; write {{name: {got}}}" if named else ""


def _shown(got: object) -> str:
    """``got`` as a study file would have it."""
    text = repr(got) if isinstance(got, str) else json.dumps(got, default=str, ensure_ascii=False)
    text = "nothing" if got is None else text
    return text if len(text) <= 60 else text[:57] + "..."


def _known_keys(loc: Keys) -> list[str]:
    """The keys that may stand beside the last one of ``loc``."""
    owner: type[BaseModel] = Study
    for key in loc[:-1]:
        owner = _below(owner, str(key))
    return list(owner.model_fields)


def _below(owner: type[BaseModel], key: str) -> type[BaseModel]:
    """The type of the values under ``key`` of ``owner``; where there is a choice, a later key chooses."""
    if key in TAGGED:
        return TAGGED[key]
    field = owner.model_fields.get(key)
    return owner if field is None else next(_types_in(field.annotation), owner)


def _types_in(annotation: object) -> Iterator[type[BaseModel]]:
    """The types of group that ``annotation`` allows, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _types_in(part)
