"""What one column's cells say: ids, words, numbers, dates and yes or no, from text or from a library's own types.

Each reader returns the column and every cell that it could not read; nothing is guessed. What counts as missing is one
set for all tables, :data:`MISSING`.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vivavoce.data.problem import shorten

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.object_]

MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "-", "–", "?", "unknown", "未知", "不详"))
YES_NO = {"1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0, "true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
EXACT = 10**15  # whole numbers from here on: a sheet keeps 15 digits of them, and the rest is 0

_ROUNDED = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d{2,}")  # how a sheet shows a long number, 1.23457E+11
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_COMMA = re.compile(r"(?<!\d)[+-]?\d*+,\d+(?:[eE][+-]?\d+)?")
_HAS_DOT = re.compile(r"(?<!\d)[+-]?\d*+\.\d+(?:[eE][+-]?\d+)?")


def defuse(cell: str | None) -> str | None:
    """One CSV cell that no spreadsheet runs: an apostrophe before what starts a formula (OWASP, "CSV Injection").

    Examples
    --------
    >>> defuse("=HYPERLINK(1)"), defuse("c01"), defuse(None)
    ("'=HYPERLINK(1)", 'c01', None)
    """
    return f"'{cell}" if cell is not None and cell.startswith(FORMULA_STARTS) else cell


@dataclass(frozen=True)
class Fault:
    """One cell that cannot be read: its row counted from 0, the cell as shown, and the remedy."""

    row: int
    shown: str
    remedy: str


def is_missing(cell: object) -> bool:
    """Whether a cell says nothing, in one of the documented ways.

    Examples
    --------
    >>> [is_missing(cell) for cell in (None, " N/A ", "不详", float("nan"), 0, "none of these")]
    [True, True, True, True, False, False]
    """
    return cell.strip().casefold() in MISSING if isinstance(cell, str) else is_nothing(cell)


def is_nothing(cell: object) -> bool:
    """Whether there is no cell at all: None, not a number, not a time."""
    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and math.isnan(cell))


def read_words(column: "pd.Series[Any]", *, absent: bool) -> tuple[Words, list[Fault]]:
    """Words, in Unicode's composed form (NFC), without spaces around them; None where empty.

    Parameters
    ----------
    column
        Shape (n,).
    absent
        Whether a word of :data:`MISSING` is none, as among groups; names and free text are taken as they stand.
    """
    return _each(column, lambda cell: None if absent and is_missing(cell) else _text(cell))


def read_ids(column: "pd.Series[Any]") -> tuple[Words, list[Fault]]:
    """Ids: text with its leading zeros, NFC; None where empty.

    Whole numbers become their digits. A number that a sheet has rounded and one that is not whole are faults: whose
    id it was cannot be known.

    Examples
    --------
    >>> read_ids(pd.Series(["007", 7.0, "1.23457E+11"], dtype=object))[0].tolist()
    ['007', '7', None]
    """
    return _each(column, _id)


def read_numbers(column: "pd.Series[Any]", *, comma: bool | None = False) -> tuple[Floats, list[Fault]]:
    """Finite numbers, the nearest float of each, ``nan`` where missing.

    Parameters
    ----------
    column
        Shape (n,).
    comma
        Whether the decimal sign is the comma; None: whichever the cells show. Where both are used for decimals, nobody
        knows whether 1.234 is little more than one or a thousand, and each cell with a dot is a fault.

    Examples
    --------
    >>> read_numbers(pd.Series(["3,5", "-", "4"], dtype=object), comma=None)[0].tolist()
    [3.5, nan, 4.0]
    """
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(np.float64, na_value=np.nan)
        return values, [Fault(int(row), str(values[row]), _FINITE) for row in np.flatnonzero(np.isinf(values))]
    comma = has_comma(column) if comma is None else comma
    found, faults = np.full(len(column), np.nan), []
    for row, cell in enumerate(column):
        if is_missing(cell):
            continue
        value, remedy = _number(cell, comma)
        found[row] = value
        if remedy:
            faults.append(Fault(row, shorten(cell), remedy))
    return found, faults


def has_comma(column: Iterable[object]) -> bool:
    """Whether any cell is a number with a decimal comma."""
    return any(isinstance(cell, str) and _COMMA.fullmatch(cell.strip()) for cell in column)


def read_flags(column: "pd.Series[Any]") -> tuple[Floats, list[Fault]]:
    """1 for yes, 0 for no, ``nan`` where missing."""
    found, faults = np.full(len(column), np.nan), []
    for row, cell in enumerate(column):
        if is_missing(cell):
            continue
        value = YES_NO.get(str(cell).strip().casefold())
        if value is None:
            faults.append(Fault(row, shorten(cell), "Write 1 (yes), 0 (no) or nothing."))
        else:
            found[row] = value
    return found, faults


def read_dates(column: "pd.Series[Any]") -> tuple[Words, list[Fault]]:
    """Dates and moments as ISO 8601 text, None where missing."""
    found, faults = _each(column, lambda cell: None if is_missing(cell) else _text(cell))
    days = pd.to_datetime(pd.Series(found, dtype=object), errors="coerce", format="ISO8601", utc=True)
    for row in np.flatnonzero(days.isna().to_numpy()):
        if found[row] is not None:
            faults.append(Fault(int(row), shorten(found[row]), "Write a date as 2026-11-22."))
            found[row] = None
    return found, faults


_FINITE = "Write a finite number."


def _number(cell: object, comma: bool) -> tuple[float, str]:
    """The number, or ``nan`` and why there is none."""
    if not isinstance(cell, str):
        try:
            value = float(cell)  # type: ignore[arg-type]  # whatever it is: the next line says if it is no number
        except (TypeError, ValueError):
            return math.nan, "Write a number."
        return (value, "") if math.isfinite(value) else (math.nan, _FINITE)
    text = unicodedata.normalize("NFKC", cell).strip().replace("−", "-")  # full-width digits, the minus sign
    if comma and _HAS_DOT.fullmatch(text):
        return math.nan, "Other numbers here have a decimal comma: write this one with it, too."
    if comma and _COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if not _NUMBER.fullmatch(text):
        if text.casefold().lstrip("+-") in ("inf", "infinity"):
            return math.nan, _FINITE
        return math.nan, "Write a number, as 3.5, without a thousands separator or a unit."
    value = float(text)
    return (value, "") if math.isfinite(value) else (math.nan, _FINITE)


def _each(column: "pd.Series[Any]", read: Callable[[Any], str | tuple[None, str] | None]) -> tuple[Words, list[Fault]]:
    found, faults = np.full(len(column), None, dtype=object), []
    known: dict[str, str | tuple[None, str] | None] = {}  # most columns of words say the same few again and again
    for row, cell in enumerate(column):
        if isinstance(cell, str):
            if cell not in known:
                known[cell] = read(cell)
            value = known[cell]
        else:
            value = read(cell)
        if isinstance(value, tuple):
            faults.append(Fault(row, shorten(cell), value[1]))
        else:
            found[row] = value
    return found, faults


def _text(cell: object) -> str | None:
    if is_nothing(cell):
        return None
    if isinstance(cell, str):
        return unicodedata.normalize("NFC", cell).strip() or None
    if isinstance(cell, datetime):
        whole = (cell.hour, cell.minute, cell.second, cell.microsecond, cell.tzinfo) == (0, 0, 0, 0, None)
        return cell.date().isoformat() if whole else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, (float, np.floating, Decimal)) and math.isfinite(cell) and cell == int(cell):
        return str(int(cell))
    return str(cell)


def _id(cell: object) -> str | tuple[None, str] | None:
    if isinstance(cell, (float, np.floating, Decimal)) and not is_nothing(cell):
        if not math.isfinite(cell) or cell != int(cell):
            return None, "An id is text or a whole number: write it as it was given."
        cell = int(cell)
        if abs(cell) >= EXACT:
            return None, "A sheet keeps 15 digits of a number and this id has more: export the column as text."
    elif isinstance(cell, date):
        return None, "The sheet made a date of this id: write the id, in a column of text."
    text = _text(cell)
    if text is not None and _ROUNDED.fullmatch(text):
        return None, "The sheet rounded this id to show it, and its digits are lost: export the column as text."
    return text
