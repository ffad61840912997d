"""A table of text out of a CSV or Parquet file, each row with its place, or every reason why it cannot be read."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from frostline.data.listing import refuse
from frostline.errors import DataFault


@dataclass(frozen=True)
class Row:
    """The cells of a row by their column, without blanks around them, and its place: ``line 12`` or ``row 12``."""

    place: str
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """The columns and rows of a table, in the order of the file; a missing cell is an empty text."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(path: Path) -> Table:
    """The table in the file at ``path``: Parquet where its name ends in ``.parquet``, CSV where it ends in ``.csv``.

    A CSV is UTF-8, with or without a byte-order mark, parted by commas, with ``\\n`` or ``\\r\\n`` between its lines.

    Raises:
        DataFault: there is no such file, it cannot be opened, has another ending, cannot be read as what its name says,
            is empty, names a column twice, or has lines with more or fewer fields than its header.
    """
    try:
        return _table(path)
    except OSError as error:
        raise DataFault(
            f"{path.absolute()} cannot be opened ({error.strerror}); expected a manifest, a CSV or Parquet file that "
            "this user may read"
        ) from None


def _table(path: Path) -> Table:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise DataFault(f"{path.absolute()} {what}; expected a manifest, a CSV or Parquet file")
    readers = {".csv": _csv_rows, ".parquet": _parquet_rows}
    if path.suffix.lower() not in readers:
        raise DataFault(f"{path.absolute()} ends in {path.suffix!r}; a manifest ends in {' or '.join(readers)}")
    columns, rows = readers[path.suffix.lower()](path)
    faults = [
        f"column {name!r} stands {count} times in its header; expected once"
        for name, count in Counter(columns).items()
        if count > 1
    ]
    faults += [
        f"{place}: {len(fields)} fields, where the header has {len(columns)}{_remedy(columns, fields)}"
        for place, fields in rows
        if len(fields) != len(columns)
    ]
    refuse(str(path.absolute()), faults)
    return Table(columns, tuple(Row(place, dict(zip(columns, fields, strict=True))) for place, fields in rows))


Fields = list[str]


def _csv_rows(path: Path) -> tuple[tuple[str, ...], list[tuple[str, Fields]]]:
    """The header of a CSV file, and the fields of its other lines."""
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True, skipinitialspace=True)
    rows: list[tuple[str, Fields]] = []
    line = 1
    try:
        for fields in reader:
            if fields:
                rows.append((f"line {line}", [field.strip() for field in fields]))
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataFault(f"{path.absolute()} is no whole CSV file: line {line}: {error}") from None
    if not rows:
        raise DataFault(f"{path.absolute()} is empty; expected a header with path and label, and a line a file")
    header = rows[0][1]
    if len(header) == 1 and (other := [mark for mark in (";", "\t", "|") if mark in header[0]]):
        raise DataFault(f"{path.absolute()} is parted by {other[0]!r}; save it as CSV parted by commas")
    return tuple(header), rows[1:]


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataFault(
            f"{path.absolute()} is not UTF-8: byte {content[error.start]:#04x} at place {error.start}, in line {line}; "
            "save it as CSV in UTF-8"
        ) from None


def _parquet_rows(path: Path) -> tuple[tuple[str, ...], list[tuple[str, Fields]]]:
    """The columns of a Parquet file, and the cells of its rows as text."""
    import pyarrow
    import pyarrow.parquet

    with path.open("rb") as file:
        try:
            table = pyarrow.parquet.ParquetFile(file).read()
        except (pyarrow.ArrowException, OSError) as error:
            reason = str(error).splitlines()[0]
            raise DataFault(f"{path.absolute()} is no whole Parquet file ({reason}); write it again") from None
    columns = [[_cell(value) for value in column.to_pylist()] for column in table.columns]
    rows = [list(fields) for fields in zip(*columns, strict=True)]
    return tuple(table.column_names), [(f"row {place}", fields) for place, fields in enumerate(rows, start=1)]


def _cell(value: object) -> str:
    """``value`` as a CSV file would have it: a missing one is empty, and 3.0, which pandas makes of 3, is 3."""
    if value is None or value != value:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _remedy(columns: Sequence[str], fields: Sequence[str]) -> str:
    return "; put quotes around a field with a comma" if len(fields) > len(columns) else ""
