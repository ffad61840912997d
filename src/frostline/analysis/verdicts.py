"""What an audit says of one subject: a verdict, sentences, and where they help the figures as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Verdict = Literal["wrong", "cannot be shown", "unknown", "holds"]
"""From the worst to the best: false; more than the figures carry; not to be told from them; as it should be."""


@dataclass(frozen=True)
class Table:
    """Figures in words: the title of each column, and the cells of each row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Finding:
    """One thing that an audit found: how it stands with ``subject``, in sentences, with figures where there are many.

    Names in it are those of users' files: whoever draws a page escapes them.
    """

    verdict: Verdict
    subject: str
    text: str
    table: Table | None = None


def visible(text: str) -> str:
    """``text`` with every character that a terminal would obey rather than show as an escape: ``\\x1b[31m``."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def worst_first(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in the order of their verdicts, those of equal verdict in the order given."""
    return tuple(sorted(found, key=lambda finding: get_args(Verdict).index(finding.verdict)))
