"""The table of every arm against the best of the others, from which the answer was read."""

from __future__ import annotations

from frostline.analysis.frost_line import percent
from frostline.analysis.verdicts import Table
from frostline.report.evidence import Evidence
from frostline.report.section import Section


def deficits(evidence: Evidence) -> Section:
    """Where every arm stands to the best of the others, with the intervals that the answer was read from."""
    level = f"{evidence.findings.terms.level * 100:g} %"
    span = evidence.findings.terms.metric.span
    rows = tuple(
        (
            percent(found.share),
            candidate.arm,
            f"{standing.difference * 100:+.2f}",
            f"[{max(standing.low, -span) * 100:+.2f}, {min(standing.high, span) * 100:+.2f}]",
            "yes" if standing.possible else "no",
        )
        for found in evidence.recommendations
        for candidate in found.candidates
        if (standing := candidate.standing) is not None
    )
    columns = ("share", "arm", "points from the best of the others", f"{level} interval", "could still be the best")
    told = (
        f"At each share all intervals hold together with {level} confidence (multiple comparisons with the best, Hsu "
        "1984). An arm whose interval begins above minus the margin is near enough to the best to be taken; one whose "
        "interval ends at 0 is shown not to be the best."
    )
    title = "How far from the best each arm lies"
    return Section("deficits", title, [told], table=Table(columns, rows)) if rows else Section("deficits", title)
