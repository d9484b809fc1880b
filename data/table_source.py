"""Where a table is, what refuses it, and its cells as a file, a database or a DataFrame holds them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from vivavoce.data.errors import Exit, VivaError
from vivavoce.data.problem import Problem

ALIKE = 3  # problems of one kind, where there are many
LISTED = 20  # problems that a message lists; the others are counted
SUFFIXES = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".xlsx": "xlsx"}
NAME_ONE = "Name a .csv, .tsv, .xlsx or .parquet file, or a database as URL#table."

_SHEET = re.compile(r"^(.+\.xlsx)(?:#(.+))?", re.IGNORECASE | re.DOTALL)


class InputRefused(VivaError):
    """What was given cannot be used as it stands; ``problems`` lists everything that is wrong with it.

    Parameters
    ----------
    place
        What it is about: a file (named without its folders), or a table's source in words.
    problems
        All of them; the message lists 20, of those that are alike the first three, and counts the others.
    """

    def __init__(self, place: object, problems: Sequence[Problem]) -> None:
        self.place = place
        shown = _first(problems)
        more = len(problems) - len(shown)
        said = place.name or str(place) if isinstance(place, Path) else str(place)
        super().__init__(said, remedy=f"And {more} more." if more else "", problems=shown)
        self.problems = tuple(problems)


def _first(problems: Sequence[Problem]) -> list[Problem]:
    """All where they are few; else three of each kind, so that one bad column does not hide the others."""
    if len(problems) <= LISTED:
        return list(problems)
    kinds: dict[tuple[str, str], int] = {}
    shown = []
    for problem in problems:
        kind = (problem.where.partition(", ")[2], problem.remedy.partition(":")[0])
        kinds[kind] = kinds.get(kind, 0) + 1
        if kinds[kind] <= ALIKE:
            shown.append(problem)
    return shown[:LISTED]


class TableRefused(InputRefused):
    """A table that cannot be read as it stands: every fault of its header and of its cells."""


class DatabaseRefused(TableRefused):
    """A database that is out of reach, or lets nobody read."""

    status = Exit.MACHINE


@dataclass(frozen=True)
class Source:
    """Where a table is: a file, a database's URL and the name of one of its tables, or a DataFrame.

    Examples
    --------
    >>> Source.of("ratings.csv")
    Source(shown='ratings.csv', kind='csv')
    >>> Source.of("people.xlsx#Ratings")
    Source(shown='people.xlsx#Ratings', kind='xlsx')
    >>> Source.of("postgresql+psycopg://viva:secret@hr.example/people#ratings")
    Source(shown='postgresql+psycopg://hr.example/people#ratings', kind='postgresql')
    """

    shown: str
    kind: str
    place: str = field(repr=False, default="")
    table: str | None = field(repr=False, default=None)  # of a database; the sheet of a workbook
    frame: pd.DataFrame | None = field(repr=False, default=None, compare=False)

    @staticmethod
    def of(given: "str | Path | pd.DataFrame | Source", called: str = "") -> "Source":
        """A source from what a user writes: a path, ``FILE.xlsx#sheet``, ``URL#table``, or a DataFrame.

        Parameters
        ----------
        given
            What was written.
        called
            What messages call a DataFrame, by what it is for: ``ratings``.

        Raises
        ------
        TableRefused
            For a URL that cannot be read, one without a table, and a file of another kind. The message holds neither
            user nor password.
        """
        if isinstance(given, Source):
            return given
        if isinstance(given, pd.DataFrame):
            return Source(f"the DataFrame for {called}" if called else "the DataFrame", "dataframe", frame=given)
        text = str(given)
        if isinstance(given, str) and "://" in text:
            return _database(text)
        sheet = _SHEET.fullmatch(text)
        if sheet and not (sheet[2] and Path(text).is_file()):
            return Source(text, "xlsx", sheet[1], sheet[2])
        kind = SUFFIXES.get(Path(text).suffix.lower())
        if kind is None:
            raise TableRefused(text, [Problem("file", repr(Path(text).suffix), NAME_ONE)])
        return Source(text, kind, text)

    @property
    def name(self) -> str:
        """Without its folders, if it is a file."""
        return Path(self.place).name if self.is_file else self.shown

    @property
    def is_file(self) -> bool:
        """Whether it is a file."""
        return self.frame is None and not self.is_database

    @property
    def is_database(self) -> bool:
        """Whether it is a table of a database."""
        return self.table is not None and self.kind != "xlsx"

    def __str__(self) -> str:
        return self.shown


def _database(text: str) -> Source:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    place, _, table = text.rpartition("#")
    if not place or not table:
        kind = text.partition("://")[0]
        remedy = f"A database is named with its table, as {kind}://…/database#table."
        raise TableRefused(kind, [Problem("table", "nothing", remedy)])
    try:
        url = make_url(place)
    except (ArgumentError, ValueError):
        remedy = "A database's URL reads postgresql+psycopg://user@host/database#table."
        raise TableRefused("the database", [Problem("URL", "another form", remedy)]) from None
    shown = f"{url.drivername}://{url.host or ''}/{url.database or ''}#{table}"
    return Source(shown, url.get_backend_name(), place, table)


@dataclass(frozen=True)
class Raw:
    """A table before anything is known of its columns.

    Parameters
    ----------
    names
        Of its columns, in their order, as written.
    columns
        Their cells: text in CSV, the library's own types elsewhere.
    lines
        Where each row begins: its physical line, or its number.
    place
        What such a number is: ``line`` or ``row``.
    sha256
        Of the file, or of the content whatever the order in which a database gave it.
    metadata
        What a Parquet file says of each column; empty for other kinds.
    reading
        How it was read, in the user's words: encoding, delimiter, sheet.
    problems
        Cells that hold no value although there is one.
    ragged
        Rows that are left out because they have too many or too few cells, each with its line.
    """

    names: Sequence[str]
    columns: Sequence["pd.Series[Any]"]
    lines: Sequence[int]
    place: str
    sha256: str
    metadata: Mapping[str, Mapping[bytes, bytes]] = field(default_factory=dict)
    reading: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    ragged: Sequence[tuple[int, Problem]] = ()
