"""A part of the page: a heading, and what stands under it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from frostline.analysis.verdicts import Finding, Table, worst_first
from frostline.report.drawing import Picture


@dataclass(frozen=True)
class Heard:
    """What there is to hear of an item: a sound at ``address``, called ``label``, and words below it.

    Without an address the words say why there is none.
    """

    label: str
    said: str
    address: str


@dataclass(frozen=True)
class Section:
    """A part of the page under ``title``, to be reached by ``anchor``.

    ``items`` are folded away under ``summary`` where it is given and they are many. ``copied`` parts have a button that
    copies their text. What is ``heard`` stands in the first cell of each row of the table.
    """

    anchor: str
    title: str
    paragraphs: Sequence[str] = ()
    items: Sequence[str] = ()
    summary: str = ""
    copied: bool = False
    judged: Sequence[Finding] = ()
    table: Table | None = None
    figures: Sequence[Picture] = ()
    heard: Sequence[Heard] = ()

    @property
    def empty(self) -> bool:
        """True where nothing would stand under the heading."""
        return not (self.paragraphs or self.items or self.judged or self.table or self.figures)


def filled(sections: Iterable[Section]) -> list[Section]:
    """The ``sections`` under whose heading something stands."""
    return [section for section in sections if not section.empty]


def audit(found: Sequence[Finding]) -> Section:
    """What the audit of a study found, the worst first, with a count of the verdicts."""
    counts = {
        finding.verdict: sum(other.verdict == finding.verdict for other in found) for finding in worst_first(found)
    }
    counted = ", ".join(f"{verdict} ({count})" for verdict, count in counts.items())
    told = [f"Checked before this page was written: {counted}."] if found else []
    return Section("audit", "The audit", told, judged=worst_first(found))
