"""Whether the page and the tables in a study folder are of the study as its store has it now."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from frostline.analysis.table import OUTCOMES
from frostline.errors import DataFault
from frostline.store import read_outcomes

AGAIN = "write it again with `frostline report STUDY --to {folder}`"


def fresh_table(path: Path) -> pd.DataFrame:
    """The table at ``path``, which the last report wrote together with the page beside it.

    Raises:
        DataFault: it is damaged, or the store beside it holds other outcomes than it did for the report.
    """
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise DataFault(f"{path} cannot be read ({error}); {AGAIN.format(folder=path.parent)}") from None
    _refuse_old(frame, path)
    return frame


def _refuse_old(frame: pd.DataFrame, path: Path) -> None:
    """Raises where the store beside ``path`` has outcomes that ``frame`` does not tell as they are now."""
    known = read_outcomes(path.parent)
    told = zip(frame["key"], frame["status"], strict=True)
    changed = {key for key, status in told if key in known and known[key].status != status}
    if changed:
        raise DataFault(
            f"{path} is older than the study: {len(changed)} of its trials have ended otherwise since it was written; "
            f"{AGAIN.format(folder=path.parent)}"
        )
    seen = frame.attrs.get(OUTCOMES, len(known))
    if seen != len(known):
        raise DataFault(
            f"{path} is not of the study as it is now: the store held {seen} outcomes when it was written and holds "
            f"{len(known)}; {AGAIN.format(folder=path.parent)}"
        )
