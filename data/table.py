"""The one door for tables that people bring: columns declared, every fault of a table named at once.

CSV, sheets, Parquet, one table of a database and DataFrames come out alike (``docs/tables.md``). Names of columns match
whatever their case, spaces, underscores and hyphens; rows with too many or too few cells are refused, never shifted.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vivavoce.data.cells import (
    Fault,
    Floats,
    Words,
    has_comma,
    read_dates,
    read_flags,
    read_ids,
    read_numbers,
    read_words,
)
from vivavoce.data.column_maps import CLOSE, Maps, fold, likeness
from vivavoce.data.problem import Problem, shorten
from vivavoce.data.table_files import from_frame, read_file
from vivavoce.data.table_source import LISTED, InputRefused, Raw, Source, TableRefused

__all__ = [
    "Check", "Column", "Given", "InputRefused", "Kind", "Maps", "Source", "Table", "TableRefused", "duplicates",
    "no_days", "read_table",
]  # fmt: skip

Given = Source | str | Path | pd.DataFrame


class Kind(Enum):
    """What a column holds. In the first three only an empty cell is missing, in the others any word of ``MISSING``."""

    ID = "an id, as text"
    NAME = "a name, as text"
    TEXT = "free text"
    LABEL = "a word of few, as a group or a competency"
    NUMBER = "a number"
    INTEGER = "a whole number"
    FLAG = "1 or 0"
    DATE = "a date, as 2026-11-22"
    ANY = "whatever its reader makes of it"


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name
        As the table calls it, whatever its case, spaces, underscores and hyphens.
    kind
        What it holds.
    required
        Whether the table must have it.
    filled
        Whether each row must have a value.
    low, high
        Limits of a number, themselves allowed; None: none.
    meaning
        In words, for the documentation.
    """

    name: str
    kind: Kind
    required: bool = True
    filled: bool = True
    low: float | None = None
    high: float | None = None
    meaning: str = ""

    @property
    def optional(self) -> "Column":
        """The same, in a table that may do without it and in rows that may leave it empty."""
        return replace(self, required=False, filled=False)


@dataclass(frozen=True)
class Table:
    """A table as read.

    Parameters
    ----------
    source
        Where from.
    frame
        Its rows, counted from 0: declared columns first, under their declared names. Ids, words and dates are text and
        None where missing, numbers and yes or no are floats and ``nan`` where missing; a column that is not declared is
        as its library gives it, in CSV text and None where empty.
    sha256
        Of the file, or of the content whatever the order in which a database gave it.
    lines
        Where each row begins, and in ``unit`` what such a number is: ``line`` or ``row``.
    metadata
        What a Parquet file says of each column, by its name in ``frame``; empty for other kinds.
    reading
        How it was read: encoding, delimiter, decimal sign and sheet where there are such things.
    mapped
        Which columns were taken for which, where the user said so: ``{"Applicant No": "candidate_id"}``.
    """

    source: Source
    frame: pd.DataFrame
    sha256: str
    lines: Sequence[int] = ()
    unit: str = "row"
    metadata: Mapping[str, Mapping[bytes, bytes]] = field(default_factory=dict)
    reading: Mapping[str, str] = field(default_factory=dict)
    mapped: Mapping[str, str] = field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        """How it was read, for records: its kind, rows, digest and reading, and the map where there was one."""
        found: dict[str, Any] = {"kind": self.source.kind, "rows": len(self.frame), "sha256": self.sha256}
        return found | dict(self.reading) | ({"map": dict(self.mapped)} if self.mapped else {})

    def place(self, row: int) -> str:
        """A row in the user's words: its line, its number, or in a database the ids that it has."""
        if not self.source.is_database:
            return f"{self.unit} {self.lines[row]}"
        one = self.frame.iloc[row]
        ids = [f"{name} {one[name]}" for name in map(str, self.frame) if name.endswith("_id") and one[name] is not None]
        return f"the row of {', '.join(ids) or 'no id'}"

    def problem(self, row: int, name: str, value: object, remedy: str) -> Problem:
        """One cell's fault."""
        return Problem(f"{self.place(row)}, {name}", value if isinstance(value, str) else shorten(value), remedy)

    def refuse(self, problems: Sequence[Problem]) -> None:
        """Raise ``TableRefused`` where there is at least one problem."""
        if problems:
            raise TableRefused(self.source, problems)

    def require(self, needed: Collection[str]) -> None:
        """Refuse a table that lacks columns (``TableRefused``), naming the closest ones there."""
        names = [str(name) for name in self.frame.columns]
        self.refuse([_lacking(name, names) for name in needed if name not in names])

    def numbers(self, name: str, *, optional: bool = False) -> Floats:
        """A column as finite floats, shape (n,); where ``optional``, ``nan`` where missing (else ``TableRefused``)."""
        comma = None if self.reading.get("delimiter", "comma") != "comma" else False
        values, faults = read_numbers(self.frame[name], comma=True if "decimal" in self.reading else comma)
        seen = {fault.row for fault in faults}
        problems = [self.problem(fault.row, name, fault.shown, fault.remedy) for fault in faults]
        if not optional:
            empty = [int(row) for row in np.flatnonzero(np.isnan(values)) if row not in seen]
            problems += [self.problem(row, name, "nothing", "Write a number.") for row in empty]
        self.refuse(problems)
        return values

    def days(self, name: str) -> "pd.Series[Any]":
        """A declared column of dates (UTC where no zone is said); ``NaT`` where missing, and all where it is absent."""
        if name not in self.frame:
            return no_days(self.frame.index)
        found = pd.to_datetime(self.frame[name], errors="coerce", utc=True, format="ISO8601")
        return found.astype("datetime64[us, UTC]")


def no_days(index: pd.Index) -> "pd.Series[Any]":
    """A column of dates without any."""
    return pd.Series(pd.NaT, index, dtype="datetime64[us, UTC]")


Check = Callable[[Table], Iterable[Problem]]


def read_table(
    given: Given,
    columns: Sequence[Column] = (),
    *,
    key: Sequence[str] = (),
    checks: Sequence[Check] = (),
    others: Kind = Kind.ANY,
    maps: Maps | None = None,
    called: str = "",
    empty: bool = False,
) -> Table:
    """Read a table, check it against its declaration, and name everything that is wrong with it at once.

    Parameters
    ----------
    given
        A path to ``.csv``, ``.tsv``, ``.txt``, ``.xlsx`` (``FILE.xlsx#sheet``) or ``.parquet``; ``URL#table`` for
        SQLAlchemy, whose table's name is looked up in the database's catalogue and never put into a statement as text;
        or a DataFrame. Nothing is written.
    columns
        What is read. The table may have other columns: they are kept under their own names.
    key
        Columns that name a row: those of them that the table has, together, stand once.
    checks
        What must hold beyond single cells; each is asked only where every required column is there, with cells that
        could not be read as missing, and gives its problems.
    others
        The kind of the columns that are not declared.
    maps
        What the user calls these columns, and how the file is encoded where that cannot be told.
    called
        What messages call a DataFrame: ``ratings``.
    empty
        Whether a table without rows will do.

    Raises
    ------
    TableRefused
        With every fault of the header and of the cells. The message holds neither user nor password of a database.
    """
    source = Source.of(given, called)
    raw = _read(source, columns, maps or Maps())
    names, mapped, problems = _named(raw, columns, maps or Maps())
    frame, reading, faults = _typed(raw, names, columns, others)
    table = Table(
        source, frame, raw.sha256, raw.lines, raw.place,
        {new: raw.metadata[old] for old, new in zip(raw.names, names, strict=True) if old in raw.metadata},
        {**raw.reading, **reading}, mapped,
    )  # fmt: skip
    header = bool(problems)
    problems += [*raw.problems, *(problem for _, problem in raw.ragged)]
    if frame.empty and not raw.ragged and not empty:
        problems.append(Problem("file", "no row", "Give at least one row under the header."))
    problems += [table.problem(fault.row, name, fault.shown, fault.remedy) for name, fault in faults]
    if not header:
        named = [name for name in key if name in frame]
        problems += duplicates(table, named, [one.name for one in columns if one.filled and one.name in named])
        for check in checks:
            problems += check(table)
    table.refuse(_in_order(problems))
    return table


def _read(source: Source, columns: Sequence[Column], maps: Maps) -> Raw:
    if source.frame is not None:
        return from_frame(source.frame)
    if source.is_database:
        from vivavoce.data.database import read_stored

        return read_stored(source)
    folded = {fold(one.name) for one in columns} | {fold(name) for name in maps.columns}
    return read_file(source, folded, fold, maps.encoding, maps.delimiter)


def _named(raw: Raw, columns: Sequence[Column], maps: Maps) -> tuple[list[str], dict[str, str], list[Problem]]:
    """What each column is called from here on, which names the user's map gave, and what is wrong with the header."""
    declared = {fold(one.name): one.name for one in columns}
    wanted = {fold(name): target for name, target in maps.columns.items()}
    names, mapped = [], {}
    for name in raw.names:
        target = wanted.get(fold(name))
        if target is not None:
            mapped[name] = target
        names.append(declared.get(fold(target or name), target or name))
    problems, seen = [], dict[str, str]()
    for old, new in zip(raw.names, names, strict=True):
        if fold(new) in seen:
            first = seen[fold(new)]
            both = f"{shorten(old)} and {shorten(first)}" if old != first else shorten(old)
            problems.append(Problem("header", both, f"The column {new!r} stands twice: remove or rename one."))
        seen.setdefault(fold(new), old)
    there = set(names)
    free = [name for name in raw.names if fold(name) not in declared and name not in mapped]
    lacking = [one.name for one in columns if one.required and one.name not in there]
    turned = {target: name for name, target in maps.columns.items()}
    problems += [_lacking(name, free, turned.get(name)) for name in lacking]
    return names, mapped, problems


def _lacking(name: str, free: Sequence[str], mapped: str | None = None) -> Problem:
    """A column that is not there, with the closest of those that are taken for nothing."""
    close = sorted(free, key=lambda one: -likeness(one, mapped or name))
    shown = ", ".join(repr(one) for one in close[:LISTED]) or "no other column"
    meant = f" Did you mean {close[0]!r}?" if close and likeness(close[0], mapped or name) >= CLOSE else ""
    if mapped is not None:
        return Problem("header", shown, f"The map takes {mapped!r} for {name!r}, which is not there.{meant}")
    example = f'--map "{close[0] if close else "your name"}={name}"'
    return Problem("header", shown, f"Add the column {name!r}, or say which one it is: {example}.{meant}")


def _typed(
    raw: Raw, names: Sequence[str], columns: Sequence[Column], others: Kind
) -> tuple[pd.DataFrame, dict[str, str], list[tuple[str, Fault]]]:
    """Declared columns first, each as its kind says, and every cell that is at fault."""
    cells = dict(zip(names[::-1], raw.columns[::-1], strict=True))  # of two alike, a fault by now, the first
    cells = {name: cells[name] for name in names}
    commas = raw.reading.get("delimiter", "comma") != "comma" and any(
        one.name in cells and one.kind in (Kind.NUMBER, Kind.INTEGER) and has_comma(cells[one.name]) for one in columns
    )
    found: dict[str, Any] = {}
    faults: list[tuple[str, Fault]] = []
    declared = {one.name: one for one in columns}
    for name in [*(one.name for one in columns if one.name in cells), *(one for one in cells if one not in declared)]:
        column = declared.get(name, Column(name, others, required=False, filled=False))
        found[name], wrong = _read_column(cells[name], column, comma=commas)
        faults += [(name, fault) for fault in wrong]
    frame = pd.DataFrame(found, index=pd.RangeIndex(len(raw.lines)))
    return frame, {"decimal": "comma"} if commas else {}, faults


def _read_column(cells: "pd.Series[Any]", column: Column, *, comma: bool) -> tuple[Any, list[Fault]]:
    values: Words | Floats
    match column.kind:
        case Kind.ANY:
            return _as_it_stands(cells), []
        case Kind.ID:
            values, faults = read_ids(cells)
        case Kind.NAME | Kind.TEXT:
            values, faults = read_words(cells, absent=False)
        case Kind.LABEL:
            values, faults = read_words(cells, absent=True)
        case Kind.DATE:
            values, faults = read_dates(cells)
        case Kind.FLAG:
            values, faults = read_flags(cells)
        case Kind.NUMBER | Kind.INTEGER:
            values, faults = read_numbers(cells, comma=comma)
            faults = faults + _outside(values, column)
    if column.filled:
        seen = {fault.row for fault in faults}
        empty = np.flatnonzero(pd.isna(values))
        faults += [Fault(int(row), "nothing", _fill(column)) for row in empty if int(row) not in seen]
    return (pd.Series(values, dtype=object) if values.dtype == object else values), faults


def _as_it_stands(cells: "pd.Series[Any]") -> "pd.Series[Any]":
    """Text without spaces around it, None where empty; other types as they are."""
    if cells.dtype != object and not isinstance(cells.dtype, pd.StringDtype):
        return cells
    stripped = [(one.strip() or None) if isinstance(one, str) else one for one in cells]
    return pd.Series([None if one is pd.NA else one for one in stripped], dtype=object)


def _outside(values: Floats, column: Column) -> list[Fault]:
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    said = [f"at least {low:g}"] if np.isfinite(low) else []
    said += [f"at most {high:g}"] if np.isfinite(high) else []
    with np.errstate(invalid="ignore"):
        wrong = (values < low) | (values > high)
        broken = (values % 1 != 0) & ~np.isnan(values) if column.kind is Kind.INTEGER else np.zeros(len(values), bool)
    return [
        Fault(
            int(row),
            f"{values[row]:g}",
            f"Write {'a whole number' if broken[row] else 'a number of ' + ' and '.join(said)}.",
        )
        for row in np.flatnonzero(wrong | broken)
    ]


def _fill(column: Column) -> str:
    return "Every row needs an id." if column.kind is Kind.ID else "Fill in this cell, or leave the row out."


def duplicates(table: Table, key: Sequence[str], filled: Sequence[str] = ()) -> list[Problem]:
    """One problem per row that repeats another's key.

    Rows without the first column of the key, or one of ``filled``, are left out: that is another fault.
    """
    if not key:
        return []
    rows = table.frame.loc[table.frame[[key[0], *filled]].notna().all(axis=1), list(key)]
    again = rows[rows.duplicated(keep="first")]
    first: dict[tuple[Any, ...], int] = {}
    if len(again):
        cells = rows.astype(object).where(rows.notna(), None)
        for row, one in zip(rows.index, cells.itertuples(index=False), strict=True):
            first.setdefault(tuple(one), int(row))
    found = []
    for row, one in zip(again.index, again.itertuples(index=False), strict=True):
        what = tuple(None if pd.isna(cell) else cell for cell in one)
        said = shorten(" and ".join(str(cell) for cell in what if cell is not None))
        remedy = f"One row each: this stands in {table.place(first[what])} already."
        found.append(Problem(f"{table.place(int(row))}, {' and '.join(key)}", said, remedy))
    return found


def _in_order(problems: Sequence[Problem]) -> list[Problem]:
    """The header's first, then row by row; of several about one cell the first."""

    def line(problem: Problem) -> int:
        word, _, rest = problem.where.partition(",")[0].partition(" ")
        return int(rest) if word in ("line", "row") and rest.isdigit() else 0

    cells = {problem.where: problem for problem in reversed(problems) if "," in problem.where}
    return sorted((one for one in problems if cells.get(one.where, one) is one), key=line)
