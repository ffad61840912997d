"""Reading a study file: YAML 1.2 with the line of every key, and every fault at once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from frostline.errors import DataFault, Fault, StudyFaults, nearest
from frostline.spec.agreement import Keys, disagreements
from frostline.spec.axes import Family, Pretraining
from frostline.spec.base import Value
from frostline.spec.network import Mlp, PlainCnn
from frostline.spec.recipe import Recipe
from frostline.spec.study import Study
from frostline.spec.trial import Dataset, WeightsFile

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
}


@dataclass(frozen=True)
class Document:
    """A study file as read: plain values for the types, and the tree of marks that knows its lines."""

    path: str
    root: Node
    plain: dict[str, Any]

    def line(self, keys: Keys) -> int | None:
        """The line, from 1, of the deepest of ``keys`` that the file has."""
        node, line = self.root, None
        for key in keys:
            if isinstance(node, MappingNode):
                found = [pair for pair in node.value if pair[0].value == str(key)]
            elif isinstance(node, SequenceNode) and isinstance(key, int):
                found = [(item, item) for item in node.value[key : key + 1]]
            else:
                found = []
            if not found:
                return line
            mark, node = found[0]
            line = mark.start_mark.line + 1
        return line


def load_study(path: Path) -> Study:
    """The study that the file at ``path`` describes.

    Raises:
        StudyFaults: every fault of the file, each with its line, its key, what was got and what would be right.
        DataFault: there is no such file, or it is not text.
    """
    document = read_document(path)
    faults = _repeated_keys(document.root, ()) + [
        Fault(".".join(map(str, keys)), message, document.line(keys))
        for keys, message in (*_own_faults(document.plain), *disagreements(document.plain))
    ]
    if faults:
        raise StudyFaults(document.path, faults)
    return Study.model_validate(document.plain)


def read_document(path: Path) -> Document:
    """The file at ``path`` as YAML 1.2, with the line of every key.

    Raises:
        StudyFaults: it is not YAML, or it holds no keys.
        DataFault: there is no such file, or it is not text.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        hint = "`frostline list` names the presets, `frostline init` copies one"
        raise DataFault(f"no study file at {path}; {hint}") from None
    except UnicodeDecodeError:
        raise DataFault(f"{path} is not a study file: it is not text in UTF-8") from None
    except OSError as error:
        raise DataFault(f"{path} cannot be read as a study file: {error.strerror}") from None
    reader = YAML(typ="safe", pure=True)
    reader.allow_duplicate_keys = True  # told with the other faults, by _repeated_keys
    try:
        root, plain = reader.compose(text), _plain(reader.load(text))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise StudyFaults(str(path), [Fault("", f"not YAML: {error.problem}", line)]) from None
    except YAMLError:
        raise DataFault(f"{path} is not a study file: it holds characters that are not text") from None
    if not isinstance(plain, dict):
        raise StudyFaults(str(path), [Fault("", "holds no keys; a study starts with title, question, dataset", 1)])
    return Document(str(path), root, plain)


def _plain(node: Any) -> Any:
    """Dictionaries with text as keys, tuples and scalars, so that strict types can read them."""
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    return tuple(_plain(value) for value in node) if isinstance(node, list) else node


def _repeated_keys(node: Node, above: Keys) -> list[Fault]:
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for key, value in node.value if isinstance(node, MappingNode) else ():
        name, line = str(key.value), key.start_mark.line + 1
        keys = (*above, name)
        if name in seen:
            faults.append(Fault(".".join(map(str, keys)), f"stands twice, first in line {seen[name]}; keep one", line))
        seen.setdefault(name, line)
        faults += _repeated_keys(value, keys)
    for position, item in enumerate(node.value if isinstance(node, SequenceNode) else ()):
        faults += _repeated_keys(item, (*above, position))
    return faults


def _own_faults(plain: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
    try:
        Study.model_validate(plain)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            if detail["loc"]:  # else the study's own check of its parts, told by disagreements
                yield _shown_keys(detail, plain), message_for(detail)


def _shown_keys(detail: ErrorDetails, plain: dict[str, Any]) -> Keys:
    """The keys of the file that lead to a fault, without the names that only the types give to alternatives."""
    kept: list[int | str] = []
    node: Any = plain
    for part in detail["loc"]:
        inside = part in node if isinstance(node, Mapping) else isinstance(node, tuple) and isinstance(part, int)
        if inside:
            kept.append(part)
            node = node[part]
    return (*kept, detail["loc"][-1]) if detail["type"] == "missing" else tuple(kept)


def message_for(detail: ErrorDetails) -> str:
    """What is wrong with one value, what was got and what would be right, in plain words."""
    got, context = detail["input"], detail.get("ctx", {})
    match detail["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            known = _known_keys(detail["loc"])
            return f"unknown key{nearest(str(detail['loc'][-1]), known) or '; known: ' + ', '.join(known)}"
        case "literal_error" if " or " in context["expected"]:
            return f"{_shown(got)} is none of {context['expected'].replace(' or ', ', ')}"
        case "literal_error":
            return f"must be {context['expected']} (got {_shown(got)})"
        case "union_tag_invalid":
            known = context["expected_tags"].replace("'", "").split(", ")
            return f"no network is called {context['tag']!r}{nearest(context['tag'], known)}; known: {', '.join(known)}"
        case "union_tag_not_found" if isinstance(got, Mapping):
            return "name is missing; it says which network this is: plain_cnn, mlp"
        case "value_error":
            return str(context["error"])
        case kind:
            said = SHAPES.get(kind) or detail["msg"].replace("Input should", "must")
            return f"{said} (got {_shown(got)}{_quotes_hint(kind, got)})"


def _quotes_hint(kind: str, got: object) -> str:
    numeric = isinstance(got, str) and got.replace(".", "", 1).replace("e-", "", 1).isdecimal()
    return ", which is text; remove the quotes" if numeric and kind in ("int_type", "float_type") else ""


def _shown(got: object) -> str:
    """``got`` as a study file would have it."""
    text = repr(got) if isinstance(got, str) else json.dumps(got, default=str, ensure_ascii=False)
    text = "nothing" if got is None else text
    return text if len(text) <= 60 else text[:57] + "..."


def _known_keys(loc: Keys) -> list[str]:
    """The keys that may stand beside the last one of ``loc``."""
    owner: type[Value]
    match loc[:-1]:
        case ("dataset",) | ("source", _, "dataset"):
            owner = Dataset
        case ("source", tag):
            owner = WeightsFile if tag == "weights-file" else Pretraining
        case ("recipe", *_) | ("recipes", *_):
            owner = Recipe
        case ("surgeries", *_):
            owner = Family
        case ("network", tag):
            owner = Mlp if tag == "mlp" else PlainCnn
        case _:
            owner = Study
    return list(owner.model_fields)
