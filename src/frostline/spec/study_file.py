"""Reading a study file: YAML 1.2 with the line of every key, and every fault at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from frostline.errors import DataFault, Fault, StudyFaults
from frostline.spec.agreement import disagreements
from frostline.spec.idle import idle_keys
from frostline.spec.messages import message_for
from frostline.spec.parts import Keys
from frostline.spec.study import Study

MOST_VALUES = 100_000
"""More than any study file needs; what repeats itself by its anchors grows beyond it."""
MOST_BITS = 4096
NAME_TAGS = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "merge"))


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
    plain = document.plain
    faults = _key_faults(document.root, ()) + [
        Fault(".".join(map(str, keys)), message, document.line(keys))
        for keys, message in (*_own_faults(plain), *disagreements(plain), *idle_keys(plain))
    ]
    if faults:
        raise StudyFaults(document.path, faults)
    return Study.model_validate(document.plain)


def read_document(path: Path) -> Document:
    """The file at ``path`` as YAML 1.2, with the line of every key.

    Raises:
        StudyFaults: it is not YAML, a value of it cannot be read, or it holds no keys.
        DataFault: there is no such file, or it is not text.
    """
    root, plain = _parsed(_text(path), path)
    if not isinstance(plain, dict):
        raise StudyFaults(str(path), [Fault("", "holds no keys; a study starts with title, question, dataset", 1)])
    return Document(str(path), root, plain)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        hint = "`frostline list` names the presets, `frostline init` copies one"
        raise DataFault(f"no study file at {path}; {hint}") from None
    except UnicodeDecodeError:
        raise DataFault(f"{path} is not a study file: it is not text in UTF-8") from None
    except OSError as error:
        raise DataFault(f"{path} cannot be read as a study file: {error.strerror}") from None


def _parsed(text: str, path: Path) -> tuple[Node, Any]:
    """The tree of marks and the plain values of ``text``."""
    reader = YAML(typ="safe", pure=True)
    reader.allow_duplicate_keys = True  # told with the other faults, by _key_faults
    try:
        return reader.compose(text), _plain(reader.load(text), iter(range(MOST_VALUES, 0, -1)))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise StudyFaults(str(path), [Fault("", f"not YAML: {error.problem}", line)]) from None
    except YAMLError:
        raise DataFault(f"{path} is not a study file: it holds characters that are not text") from None
    except RecursionError:
        raise StudyFaults(str(path), [Fault("", "a value is nested too deeply, or stands within itself")]) from None
    except (ValueError, OverflowError, KeyError) as error:  # a date, a number or a tagged scalar that is none
        raise StudyFaults(str(path), [Fault("", f"a value cannot be read: {error}")]) from None


def _plain(node: Any, left: Iterator[int]) -> Any:
    """Dictionaries with text as keys, tuples and scalars, so that strict types can read them.

    Keys that are no names are left out; ``_key_faults`` tells them. ``left`` counts the values that may still come.
    """
    if not next(left, 0):
        raise ValueError(f"the file holds more than {MOST_VALUES:,} values, each use of an anchor counted")
    if isinstance(node, Mapping):
        named = {key: value for key, value in node.items() if isinstance(key, str | int | float)}
        return {str(key): _plain(value, left) for key, value in named.items() if not isinstance(key, bool)}
    if isinstance(node, int) and node.bit_length() > MOST_BITS:
        raise OverflowError(f"a whole number of more than {MOST_BITS:,} bits")
    return tuple(_plain(value, left) for value in node) if isinstance(node, list) else node


def _key_faults(node: Node, above: Keys) -> list[Fault]:
    """The keys that stand twice in one group, and those that are no names."""
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for key, value in node.value if isinstance(node, MappingNode) else ():
        line = key.start_mark.line + 1
        if not isinstance(key, ScalarNode) or key.tag not in NAME_TAGS:
            shown = f" (got {key.value})" if isinstance(key, ScalarNode) and key.value else ""
            faults.append(Fault(".".join(map(str, above)), f"a key must be text{shown}", line))
            continue
        name = str(key.value)
        keys = (*above, name)
        if name in seen:
            faults.append(Fault(".".join(map(str, keys)), f"stands twice, first in line {seen[name]}; keep one", line))
        seen.setdefault(name, line)
        faults += _key_faults(value, keys)
    for position, item in enumerate(node.value if isinstance(node, SequenceNode) else ()):
        faults += _key_faults(item, (*above, position))
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
        inside = part in (node if isinstance(node, Mapping) else range(len(node)) if isinstance(node, tuple) else ())
        if inside:
            kept.append(part)
            node = node[part]
    lacks_a_key = detail["type"] == "missing" and not isinstance(node, tuple)
    return (*kept, detail["loc"][-1]) if lacks_a_key else tuple(kept)
