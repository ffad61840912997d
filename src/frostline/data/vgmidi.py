"""The listing of VGMIDI: rated music of video games, the pieces of a series of games in one group."""

from __future__ import annotations

from collections import Counter
from pathlib import Path, PurePosixPath

from frostline.catalog import LeftOut, Listed, Listing
from frostline.data.listing import absent, refuse
from frostline.data.ratings import faults_of_ratings, ratings
from frostline.data.tables import read_table
from frostline.data.value_cards import FOLDS, VALENCE_AROUSAL, VALUE_CARDS
from frostline.errors import DataFault
from frostline.spec.folds import dealt

TABLE = "va.csv"
COLUMNS = ("file", "series", *VALENCE_AROUSAL)


def vgmidi_listing(folder: Path) -> Listing:
    """The pieces in ``folder``: ``audio/``, and ``va.csv`` with file, series, valence and arousal from -1 to 1.

    Folds are dealt over what the table names, whatever of it is there, and part no series.

    Raises:
        DataFault: the folder, ``audio/`` or the table is missing, a column is missing, a rating is no number from -1 to
            1, a file stands twice, or nothing that the table names is there; all faults of the table at once.
    """
    table = read_table(folder / TABLE)
    place = str((folder / TABLE).absolute())
    refuse(place, [f"column {absent(name, table.columns)}" for name in COLUMNS if name not in table.columns])
    scale = VALUE_CARDS["vgmidi_va"].scale
    assert scale is not None
    faults = faults_of_ratings(table.rows, VALENCE_AROUSAL, scale)
    faults += [f"{row.place}: the series is empty" for row in table.rows if not row.cells["series"]]
    named = Counter(row.cells["file"] for row in table.rows)
    faults += [f"{file!r} stands {count} times; expected once" for file, count in named.items() if count > 1]
    refuse(place, faults or ([] if table.rows else ["it has a header and no rows; expected a row a piece"]))
    if not (folder / "audio").is_dir():
        raise DataFault(f"{folder.absolute()}: {absent('audio', [path.name for path in folder.iterdir()])}")
    there = {path.name for path in (folder / "audio").iterdir() if not path.name.startswith(".")}
    rows = sorted(table.rows, key=lambda row: row.cells["file"])
    ids = [f"vgmidi_va/{PurePosixPath(row.cells['file']).stem}" for row in rows]
    folds = dealt([0] * len(rows), ids, [row.cells["series"] for row in rows], FOLDS, 0)
    items = [
        Listed(name, f"audio/{row.cells['file']}", 0, row.cells["series"], fold, targets=ratings(row, VALENCE_AROUSAL))
        for name, row, fold in zip(ids, rows, folds, strict=True)
        if row.cells["file"] in there
    ]
    if not items:
        raise DataFault(f"{(folder / 'audio').absolute()} holds none of the {len(rows)} pieces that {TABLE} names")
    left_out = [
        LeftOut(f"audio/{file}", f"{TABLE} names it, and it is not there") for file in sorted(named.keys() - there)
    ]
    left_out += [LeftOut(f"audio/{file}", f"{TABLE} does not name it", lost=0) for file in sorted(there - named.keys())]
    return Listing(("all",), tuple(items), tuple(left_out), VALENCE_AROUSAL)
