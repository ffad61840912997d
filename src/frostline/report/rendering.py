"""The page as HTML, from what it shows and what it says; every label in it is escaped."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from frostline.analysis.frost_line import sentence
from frostline.report.answer import answer_in_short
from frostline.report.evidence import Evidence
from frostline.report.placing import dark_colours, placed
from frostline.report.rows import columns, rows
from frostline.report.told import Told

FIXED = {"missing": "Missing or failed", "figures": "Figures", "table": "Table"}
"""The parts of every page, and what the list of its parts calls them."""


def rendered_page(evidence: Evidence, told: Told) -> str:
    """One HTML text that fetches nothing: style, script, figures and their files stand in it."""
    environment = Environment(
        loader=PackageLoader("frostline.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    terms = evidence.findings.terms
    fixed = {anchor: title for anchor, title in FIXED.items() if anchor != "figures" or evidence.pictures}
    sections = (*told.before_table, *told.after_table)
    parts = {section.anchor: section.title for section in sections}
    shown = [*evidence.pictures, *(picture for section in sections for picture in section.figures)]
    return environment.get_template("page.html.j2").render(
        told=told,
        short=answer_in_short(evidence.recommendations, terms),
        answers=[sentence(recommendation) for recommendation in evidence.recommendations],
        columns=columns(evidence.findings),
        rows=rows(evidence.findings),
        figures=[placed(picture) for picture in evidence.pictures],
        placed=placed,
        dark_colours=dark_colours(shown),
        contents=list((fixed | parts).items()),
        caption=f"Mean over seeds [{terms.level * 100:g} % interval] and the number of runs or pairs. "
        "A heading sorts by its column.",
    )
