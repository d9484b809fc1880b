"""Tables as training reads them: a CSV or Parquet file, or one table of a database. No password leaves this file."""

import csv
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vivavoce.data.errors import Exit, VivaError
from vivavoce.data.problem import nearest, shorten

Floats = npt.NDArray[np.float64]

TEXT = frozenset(
    ("interview_id", "candidate_id", "question_id", "job", "language", "asr_engine", "purposes", "site", "rater")
) | frozenset(("competency", "criterion", "date", "recorded_at", "employer"))
NOTHING = ("", "nan", "NaN", "NA", "null")  # of a number in CSV; of a text only the empty cell
SAID = 20  # columns that a message lists


class BadTraining(VivaError):
    """Inputs from which nothing can be learned; the message names the file and the remedy."""


class DatabaseRefused(BadTraining):
    """A database that is out of reach, or lets nobody read."""

    status = Exit.MACHINE


@dataclass(frozen=True)
class Source:
    """Where a table is: a file, or a database's URL and the name of one of its tables.

    Examples
    --------
    >>> Source.of("ratings.csv")
    Source(shown='ratings.csv', kind='csv')
    >>> Source.of("postgresql+psycopg://viva:secret@hr.example/people#ratings")
    Source(shown='postgresql+psycopg://hr.example/people#ratings', kind='postgresql')
    """

    shown: str
    kind: str
    place: str = field(repr=False, default="")
    table: str | None = field(repr=False, default=None)

    @staticmethod
    def of(text: "str | Path | Source") -> "Source":
        """A source from what a user writes: a path, or ``URL#table``.

        Raises
        ------
        BadTraining
            For a URL that cannot be read, one without a table, and a file of another kind. The message holds neither
            user nor password.
        """
        if isinstance(text, Source):
            return text
        if isinstance(text, Path) or "://" not in text:
            path = Path(text)
            if path.suffix.lower() not in {".csv", ".parquet"}:
                raise BadTraining(f"{path}: name a .csv or .parquet file, or a database as URL#table.")
            return Source(str(path), path.suffix.lower().removeprefix("."), str(path))
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        place, _, table = text.rpartition("#")
        if not place or not table:
            kind = text.partition("://")[0]
            raise BadTraining(
                f"A database is named with its table, as {kind}://…/database#table. The table is missing."
            )
        try:
            url = make_url(place)
        except (ArgumentError, ValueError):
            raise BadTraining("A database's URL reads postgresql+psycopg://user@host/database#table.") from None
        host = url.host or ""
        shown = f"{url.drivername}://{host}/{url.database or ''}#{table}"
        return Source(shown, url.get_backend_name(), place, table)

    def __str__(self) -> str:
        return self.shown


@dataclass(frozen=True)
class Table:
    """A table as read.

    Parameters
    ----------
    source
        Where from.
    frame
        Its rows; ids and dates are text, and None where empty.
    sha256
        Of the file, or of the table's content whatever the order in which the database gave it.
    metadata
        What a Parquet file says of each column; empty for other kinds.
    """

    source: Source
    frame: pd.DataFrame
    sha256: str
    metadata: Mapping[str, Mapping[bytes, bytes]] = field(default_factory=dict)

    def place(self, row: int) -> str:
        """A row in the user's words: its line, its number, or in a database the ids that it has."""
        if self.source.kind == "csv":
            return f"line {row + 2}"
        if self.source.kind == "parquet":
            return f"row {row + 1}"
        one = self.frame.iloc[row]
        ids = [f"{name} {one[name]}" for name in self.frame if name in TEXT and one[name] is not None]
        return f"the row of {', '.join(ids) or 'no id'}"

    def require(self, needed: Collection[str]) -> None:
        """Refuse a table that lacks columns (``BadTraining``), naming the closest one there."""
        names = [str(name) for name in self.frame.columns]
        missing = [name for name in needed if name not in names]
        if missing:
            hint = " ".join(f"{name}: {nearest(name, names[:SAID])}" for name in missing)
            raise BadTraining(f"{self.source}: the columns {', '.join(missing)} are missing. {hint}")

    def numbers(self, name: str, *, optional: bool = False) -> Floats:
        """A column as finite floats, shape (n,); where ``optional``, ``nan`` for empty cells (else ``BadTraining``)."""
        column = self.frame[name]
        found = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        wrong = ~np.isfinite(found) & (column.notna().to_numpy() if optional else True)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise BadTraining(
                f"{self.source}: {name} in {self.place(row)} is {shorten(column.iloc[row])} "
                f"({int(wrong.sum())} such rows): write a number."
            )
        return found

    def filled(self, names: Collection[str]) -> None:
        """Refuse empty cells in these columns (``BadTraining``)."""
        for name in names:
            empty = self.frame[name].isna().to_numpy()
            if empty.any():
                row = int(np.flatnonzero(empty)[0])
                raise BadTraining(f"{self.source}: {name} in {self.place(row)} is empty: fill it in, or leave it out.")

    def days(self, name: str) -> "pd.Series[Any]":
        """A column of dates (ISO 8601, UTC where no zone is said); ``NaT`` where empty."""
        column = self.frame[name]
        found = pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601").astype("datetime64[us, UTC]")
        wrong = np.flatnonzero(found.isna() & column.notna())
        if len(wrong):
            raise BadTraining(
                f"{self.source}: {name} in {self.place(int(wrong[0]))} is {shorten(column.iloc[int(wrong[0])])} "
                f"({len(wrong)} such rows): write a date as 2026-11-22."
            )
        return found


def no_days(index: pd.Index) -> "pd.Series[Any]":
    """A column of dates without any."""
    return pd.Series(pd.NaT, index, dtype="datetime64[us, UTC]")


def read_table(source: Source | str | Path, needed: Collection[str]) -> Table:
    """Read a file, or a database's table in one query.

    Parameters
    ----------
    source
        A path to ``.csv`` (UTF-8, with header) or ``.parquet``, or ``URL#table`` for SQLAlchemy. The table's name is
        looked up in the database's catalogue and never put into a statement as text; nothing is written.
    needed
        Columns that must be there.

    Raises
    ------
    BadTraining
        For what is not there, cannot be read, or lacks a column.
    """
    given = Source.of(source)
    if given.table is not None:
        from vivavoce.training.database import read_stored

        return _checked(read_stored(given), needed)
    path = Path(given.place)
    if not path.is_file():
        raise BadTraining(f"{path}: name a .csv or .parquet file that exists, or a database as URL#table.")
    return _checked(_from_csv(given, path) if given.kind == "csv" else _from_parquet(given, path), needed)


def _checked(table: Table, needed: Collection[str]) -> Table:
    table.require(needed)
    if table.frame.empty:
        raise BadTraining(f"{table.source}: it has no row. Give at least one.")
    return table


def _from_csv(source: Source, path: Path) -> Table:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            names = next(csv.reader(stream), [])
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise BadTraining(f"{path}: the column {twice[0]} stands twice. Remove one.")
        frame = pd.read_csv(
            path,
            dtype={name: str for name in names if name in TEXT},
            keep_default_na=False,
            na_values={name: [""] if name in TEXT else list(NOTHING) for name in names},
            encoding="utf-8-sig",
            float_precision="round_trip",  # the same number as from Parquet or a database, to the bit
        )
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error) as error:
        raise BadTraining(f"{path}: it cannot be read ({error}). Save it as UTF-8 CSV with a header.") from error
    return Table(source, texts(frame), _file_digest(path))


def _from_parquet(source: Source, path: Path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        read = pyarrow.parquet.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        raise BadTraining(f"{path}: it cannot be read as Parquet ({error}).") from error
    metadata = {one.name: dict(one.metadata or {}) for one in read.schema}
    return Table(source, texts(read.to_pandas()), _file_digest(path), metadata)


def _file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Ids, dates and other words as stripped text, None where empty; exact decimals as floats."""
    found = {}
    for name in frame.columns:
        column = frame[name]
        if name in TEXT:
            text = column.astype("string").str.strip()
            found[name] = text.astype(object).where(text.notna() & (text != ""), None)
        elif column.dtype == object and column.map(lambda cell: isinstance(cell, Decimal)).any():
            found[name] = pd.to_numeric(column)
        else:
            found[name] = column
    return pd.DataFrame(found, index=pd.RangeIndex(len(frame)))
