"""CSV and Parquet tables as an audit reads them: whole or not at all, every bad row named."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from vivavoce.data.errors import VivaError
from vivavoce.data.problem import Problem, nearest, shorten

FIRST_LINE = 2  # of a CSV file's rows: line 1 is the header


class BadInput(VivaError):
    """A table cannot be audited; ``problems`` lists everything wrong with it."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        self.path = path
        super().__init__(path.name, problems=problems)


def read_records(path: Path, required: Sequence[str]) -> pd.DataFrame:
    """Read a table; CSV cells stay text, empty ones become None; the index is the line or row number.

    Parameters
    ----------
    path
        ``.csv`` (UTF-8, header in line 1, fields without line breaks) or ``.parquet``.
    required
        Columns that must be there.

    Raises
    ------
    BadInput
        For a file that cannot be read, columns that are missing or stand twice, and every row with too few or too
        many cells.
    """
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise BadInput(path, [Problem("file", shorten(path.suffix), "Give a .csv or .parquet file.")])
    is_csv = path.suffix.lower() == ".csv"
    try:
        table = _read_csv(path) if is_csv else pyarrow.parquet.read_table(path)
    except (pa.ArrowException, OSError) as error:
        remedy = "Give a file that can be read: UTF-8 CSV with a header, or Parquet."
        raise BadInput(path, [Problem("file", shorten(str(error)), remedy)]) from error
    names = table.column_names
    problems = [
        Problem("header", shorten(name), "This column stands twice: remove one.")
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    problems += [
        Problem("header", shorten(", ".join(names)), f"Add the column {name!r}. {_hint(name, names)}")
        for name in required
        if name not in names
    ]
    if problems:
        raise BadInput(path, problems)
    frame: pd.DataFrame = table.to_pandas()
    frame.index = pd.RangeIndex(FIRST_LINE if is_csv else 1, len(frame) + (FIRST_LINE if is_csv else 1))
    return frame


def _hint(name: str, names: Sequence[str]) -> str:
    hint = nearest(name, names)
    return f"Is it {hint.removeprefix('Did you mean ')}" if hint.startswith("Did") else "It is not there."


def _read_csv(path: Path) -> pa.Table:
    problems: list[Problem] = []

    def refuse(row: pyarrow.csv.InvalidRow) -> str:
        line = "row" if row.number is None else f"line {row.number}"
        remedy = f"A row has as many cells as the header ({row.expected_columns}); quote cells that contain commas."
        problems.append(Problem(line, f"{row.actual_columns} cells", remedy))
        return "skip"

    with path.open("rb") as stream:
        header = stream.readline()
    names = pyarrow.csv.read_csv(pa.BufferReader(header.rstrip(b"\r\n") + b"\n")).column_names
    table = pyarrow.csv.read_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(use_threads=False),  # row numbers need one thread
        parse_options=pyarrow.csv.ParseOptions(invalid_row_handler=refuse, ignore_empty_lines=False),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        ),
    )
    if problems:
        raise BadInput(path, problems)
    return table


def numbers(column: "pd.Series[Any]", path: Path, name: str) -> "pd.Series[Any]":
    """A column as floats, ``nan`` where it is empty; ``BadInput`` lists every cell that is no finite number."""
    values = pd.to_numeric(column, errors="coerce").astype("float64")
    wrong = column.notna() & ~values.abs().lt(float("inf"))
    if bool(wrong.any()):
        raise BadInput(
            path,
            [
                Problem(f"line {line}, {name}", shorten(cell), "Write a finite number.")
                for line, cell in column[wrong].items()
            ],
        )
    return values


def texts(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """A column as stripped text, None where it is empty."""
    stripped = column.astype("string").str.strip()
    return stripped.mask(stripped == "")


def duplicates(frame: pd.DataFrame, columns: Sequence[str]) -> list[Problem]:
    """One problem per row that repeats another's key."""
    again = frame[frame.duplicated(list(columns), keep="first")]
    if again.empty:
        return []
    first = frame.drop_duplicates(list(columns))
    lines = {
        tuple(key): line for key, line in zip(first[list(columns)].itertuples(index=False), first.index, strict=True)
    }
    return [
        Problem(
            f"line {line}, {' and '.join(columns)}",
            shorten(" and ".join(str(cell) for cell in key)),
            f"One row each: this stands in line {lines[tuple(key)]} already.",
        )
        for line, key in zip(again.index, again[list(columns)].itertuples(index=False), strict=True)
    ]
