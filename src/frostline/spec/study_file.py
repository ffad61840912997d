"""Reading a study file: YAML 1.2 with the line of every key, and every fault at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError

from frostline.errors import DataFault, Fault, StudyFaults, nearest
from frostline.spec.base import Value
from frostline.spec.network import Mlp, PlainCnn
from frostline.spec.recipe import Recipe
from frostline.spec.study import Family, Pretraining, Study, disagreements
from frostline.spec.trial import Dataset, WeightsFile

Keys = tuple[int | str, ...]

UNION_TAGS = {"mapping", "text", "pretraining", "weights-file", "int", "constrained-int", "plain_cnn", "mlp"}
TYPES_BY_KEY: dict[int | str, type[Value]] = {
    "dataset": Dataset,
    "pretraining": Pretraining,
    "weights-file": WeightsFile,
    "recipe": Recipe,
    "recipes": Recipe,
    "surgeries": Family,
    "plain_cnn": PlainCnn,
    "mlp": Mlp,
}


@dataclass(frozen=True)
class Document:
    """A study file as read: plain values for the types, and the marked tree that knows its lines."""

    path: str
    marked: CommentedMap
    plain: dict[str, Any]

    def line(self, keys: Keys) -> int | None:
        """The line, from 1, of the deepest of ``keys`` that the file has."""
        node: Any = self.marked
        line = None
        for key in keys:
            if isinstance(node, CommentedMap) and key in node:
                line = node.lc.key(key)[0] + 1
            elif isinstance(node, CommentedSeq) and isinstance(key, int) and key < len(node):
                line = node.lc.item(key)[0] + 1
            else:
                return line
            node = node[key]
        return line


def load_study(path: Path) -> Study:
    """The study that the file at ``path`` describes.

    Raises:
        StudyFaults: every fault of the file, each with its line, its key, what was got and what would be right.
        DataFault: there is no such file, or it is not text.
    """
    document = read_document(path)
    faults = [
        Fault(".".join(map(str, keys)), message, document.line(keys))
        for keys, message in (*_own_faults(document.plain), *_cross_faults(document.plain))
    ]
    if faults:
        raise StudyFaults(document.path, faults)
    return Study.model_validate(document.plain)


def read_document(path: Path) -> Document:
    """The file at ``path`` as YAML 1.2, with the line of every key.

    Raises:
        StudyFaults: it is not YAML, or a key stands twice, or it holds no keys.
        DataFault: there is no such file, or it is not text.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataFault(f"no study file at {path}; `frostline list` names the presets, `frostline init` copies one") from None
    except (UnicodeDecodeError, IsADirectoryError, PermissionError) as error:
        raise DataFault(f"{path} cannot be read as a study file: {error}") from None
    try:
        marked = YAML(typ="rt").load(text)
    except DuplicateKeyError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        repeated = re.search(r'duplicate key "([^"]+)"', str(error))
        raise StudyFaults(str(path), [Fault(repeated[1] if repeated else "", "stands twice; keep one", line)]) from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise StudyFaults(str(path), [Fault("", f"not YAML: {error.problem}", line)]) from None
    if not isinstance(marked, CommentedMap):
        raise StudyFaults(str(path), [Fault("", "holds no keys; a study starts with title, question, dataset", 1)])
    return Document(str(path), marked, _plain(marked))


def _plain(node: Any) -> Any:
    """Dictionaries, tuples and scalars without marks, so that strict types can read them."""
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return tuple(_plain(value) for value in node)
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _own_faults(plain: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
    try:
        Study.model_validate(plain)
    except ValidationError as error:
        told: dict[Keys, list[str]] = {}
        for detail in error.errors(include_url=False):
            if not detail["loc"]:
                continue  # the study's own check of its parts, told by _cross_faults
            messages = told.setdefault(_clean(detail["loc"], plain), [])
            if (message := message_for(detail)) not in messages:
                messages.append(message)
        yield from ((keys, ", or ".join(messages)) for keys, messages in told.items())


def _clean(loc: Keys, plain: dict[str, Any]) -> Keys:
    """``loc`` without the tags of unions, which no study file shows."""
    kept: list[int | str] = []
    node: Any = plain
    for position, part in enumerate(loc):
        inside = part in node if isinstance(node, Mapping) else isinstance(part, int)
        last = position == len(loc) - 1
        if not inside and not (last and isinstance(node, Mapping) and part not in UNION_TAGS):
            continue
        kept.append(part)
        node = node[part] if inside and (not isinstance(part, int) or part < len(node)) else None
    return tuple(kept)


def _cross_faults(plain: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
    for fault in disagreements(plain):
        yield tuple(int(part) if part.isdigit() else part for part in fault.key.split(".")), fault.message


def message_for(detail: ErrorDetails) -> str:
    """What is wrong with one value, what was got and what would be right, in plain words."""
    got, context = detail["input"], detail.get("ctx", {})
    match detail["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return f"unknown key{nearest(str(detail['loc'][-1]), _known_keys(detail['loc']))}"
        case "literal_error":
            return f"{got!r} is none of {context['expected'].replace(' or ', ', ')}"
        case "union_tag_invalid":
            known = context["expected_tags"].replace("'", "").split(", ")
            return f"no network is called {context['tag']!r}{nearest(context['tag'], known)}; known: {', '.join(known)}"
        case "union_tag_not_found":
            return "name is missing; it says which network this is: plain_cnn, mlp"
        case "value_error":
            return str(context["error"])
        case _:
            said = detail["msg"][0].lower() + detail["msg"][1:]
            return f"{said.replace('input should', 'must')} (got {_short(got)})"


def _short(got: object) -> str:
    text = repr(list(got)) if isinstance(got, tuple) else repr(got)
    return text if len(text) <= 60 else text[:57] + "..."


def _known_keys(loc: Keys) -> list[str]:
    """The keys that stand beside the last one of ``loc``, in the type that the nearest key above it names."""
    for part in reversed(loc[:-1]):
        if part in TYPES_BY_KEY:
            return list(TYPES_BY_KEY[part].model_fields)
    return list(Study.model_fields)
