"""What a study folder holds, for notebooks: its table as a data frame, and its page.

Both are those of the last report, which every ``frostline run`` writes when it ends: the folder of a study does not
know the study file, and so cannot make a new one. Where the store holds outcomes that the report has not seen, or where
nothing was reported yet, that is an error and not an old answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from frostline.errors import DataFault

if TYPE_CHECKING:
    import pandas as pd

TABLE = "table.parquet"
PAGE = "report.html"
FRAME = (
    '<iframe srcdoc="{page}" title="{title}" sandbox="allow-scripts allow-downloads" '
    'style="width: 100%; height: 48rem; border: 0"></iframe>'
)


@dataclass(frozen=True)
class Report:
    """The page of a study; a notebook that shows this value shows the page."""

    path: Path
    html: str = field(repr=False)

    def _repr_html_(self) -> str:
        """The page in a frame of its own, so that neither its style nor its script touches the notebook."""
        return FRAME.format(page=escape(self.html), title=escape(f"report of {self.path.parent.name}"))


def load(folder: Path | str) -> pd.DataFrame:
    """The table of the study in ``folder``: a row for each arm, share and seed, in the columns of ``analysis.table``.

    Raises:
        DataFault: nothing was reported there yet, the table is damaged, or the store holds other outcomes than it did
            for the report.
    """
    from frostline.report.freshness import fresh_table

    return fresh_table(_reported(Path(folder), TABLE))


def load_report(folder: Path | str) -> Report:
    """The page of the study in ``folder``.

    Raises:
        DataFault: nothing was reported there yet, or the store holds outcomes that the report has not seen.
    """
    load(folder)
    path = _reported(Path(folder), PAGE)
    return Report(path, path.read_text(encoding="utf-8"))


def _reported(folder: Path, name: str) -> Path:
    """The path of the file ``name`` of the report in ``folder``."""
    path = folder / name
    if not path.is_file():
        raise DataFault(
            f"{folder} has no {name}: it is no study folder, or nothing was reported there yet; expected the folder of "
            "`frostline run STUDY --to FOLDER`, which `frostline report STUDY --to FOLDER` completes"
        )
    return path
