"""How an audit writes shares, arms and figures, and how its findings read in a terminal."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import get_args

import pandas as pd

from frostline.analysis.compared import Compared, shares_of
from frostline.analysis.crossed import CONSTANT
from frostline.analysis.estimates import Estimate
from frostline.analysis.frost_line import percent
from frostline.analysis.published_results import Published
from frostline.analysis.verdicts import Finding, Table, Verdict, visible

WIDTH = 100
WIDEST_CELL = 24
NARROWEST_NAME = 12


def at(share: float, frame: pd.DataFrame) -> str:
    """`` with 10 % of the data``, and nothing where ``frame`` has one share only."""
    return f" with {percent(share)} of the data" if len(shares_of(frame)) > 1 else ""


def share_cell(share: float, frame: pd.DataFrame) -> str:
    """``10 %``, and ``all`` where ``frame`` has one share only, which may not be told."""
    return percent(share) if len(shares_of(frame)) > 1 else "all"


def with_shares(shares: Sequence[float], frame: pd.DataFrame) -> str:
    """``With 50 and 100 % of the data: ``, and nothing where ``frame`` has one share only."""
    if len(shares_of(frame)) < 2:
        return ""
    return f"With {listed([percent(share).removesuffix(' %') for share in shares])} % of the data: "


def titles(frame: pd.DataFrame) -> dict[str, str]:
    """Each arm of ``frame`` with the names that it goes by: ``f3r3 (FR cut 3)``."""
    rows = frame.drop_duplicates("arm")
    return {
        str(arm): str(arm) if pd.isna(names) or names in ("", arm) else f"{arm} ({names})"
        for arm, names in zip(rows["arm"], rows["names"], strict=True)
    }


def listed(parts: Sequence[str]) -> str:
    """``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else "none"


def some(parts: Sequence[str], most: int = 6) -> str:
    """The first ``most`` of ``parts``, and how many more there are."""
    more = len(parts) - most
    return listed([*parts[:most], f"{more} more"] if more > 0 else parts)


def points(difference: float) -> str:
    """``+1.60``: a difference of scores in points, a hundredth each; ``0.00`` is 0, and ``-0.003`` is not."""
    if abs(difference) < CONSTANT:
        return "0.00"
    return f"{difference * 100:{'+.2f' if abs(difference) >= 0.00005 else '+.1g'}}"


def p_value(p: float) -> str:
    """``0.0625``: three digits that count, and no smaller ones than 0.0001."""
    return f"{p:.3g}" if p >= 0.0001 else "< 0.0001"


def p_told(p: float) -> str:
    """``p = 0.0625``, or ``p < 0.0001``."""
    return f"p = {p_value(p)}" if p >= 0.0001 else "p < 0.0001"


def interval(found: Compared) -> str:
    """``[-1.36, +4.56]`` in points; none for a single pair, or where all differences are one number."""
    match found.difference:
        case Estimate(low=low, high=high) if high - low < CONSTANT:
            return "none (all equal)"
        case Estimate(low=low, high=high):
            return f"[{points(low)}, {points(high)}]"
        case _:
            return "none (1 pair)"


def counted(count: int, noun: str) -> str:
    """``1 arm``, ``2 arms``, ``4,861 arms``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def written(results: Published, findings: Sequence[Finding]) -> str:
    """The whole audit for a terminal: what was read, how many findings of each verdict, and each of them."""
    frame = results.frame
    done = int((frame["status"] == "finished").sum())
    read = (
        f"{counted(done, 'run')}, {counted(frame['arm'].nunique(), 'arm')}, {counted(len(shares_of(frame)), 'share')}"
    )
    counts = Counter(finding.verdict for finding in findings)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in get_args(Verdict) if counts[verdict])
    head = [*_wrapped(f"Audit of {', '.join(results.files)}"), f"{read}. Findings: {told}.", *_remarks(results.remarks)]
    return "\n".join([*head, *(line for finding in findings for line in _finding(finding))])


def _remarks(remarks: Iterable[str]) -> list[str]:
    return [line for remark in remarks for line in _wrapped(remark, "  ")]


def _finding(finding: Finding) -> list[str]:
    heading = _wrapped(f"{finding.verdict.upper()}: {finding.subject}")
    table = [] if finding.table is None else ["", *_drawn(finding.table)]
    return ["", *heading, *_wrapped(finding.text, "  "), *table]


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(visible(text), WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _drawn(table: Table) -> list[str]:
    """The rows of ``table`` under its titles, in columns; the first to the left and cut to fit, the others right."""
    rows = [
        [visible(row[0]), *(_cut(visible(cell), WIDEST_CELL) for cell in row[1:])]
        for row in (table.columns, *table.rows)
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.columns))]
    widths[0] = min(widths[0], max(WIDTH - 2 - sum(width + 2 for width in widths[1:]), NARROWEST_NAME))
    lines = [
        "  ".join(
            _cut(cell, width).ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return [f"  {line}".rstrip() for line in (lines[0], "  ".join("-" * width for width in widths), *lines[1:])]


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else f"{cell[: width - 3]}..."
