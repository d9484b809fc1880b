"""The rows of a manifest as JSON Lines hold them, and tables, before anything is checked but their form.

A manifest keeps what is wrong with each row apart, so that the others can be run; its cells come through the same door
as every other table's (``docs/tables.md``).
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Never

from vivavoce.data.cells import Fault, is_missing, is_nothing, read_ids
from vivavoce.data.column_maps import Maps, fold
from vivavoce.data.errors import VivaError
from vivavoce.data.problem import Problem, nearest, shorten
from vivavoce.data.table_files import read_content
from vivavoce.data.table_source import Source, TableRefused

if TYPE_CHECKING:
    import pandas as pd

MAX_LINE = 2**20  # characters of one JSON line; a row with a hundred questions has some 10,000

BOOLEANS = {
    "true": True, "yes": True, "1": True, "是": True, "false": False, "no": False, "0": False, "否": False,
}  # fmt: skip
MAPPING_OR_PATH = ("media", "transcript")  # JSON where the cell begins with a brace, else a path
JSON_TEXT = ("questions", "consent")
GRANTS = ("consent_text", "consent_voice", "consent_face")
CONSENT = (*GRANTS, "consent_purpose", "consent_date", "consent_policy", "consent_withdrawn")  # of a table: plain cells
BOOLEAN = ("accommodation", *GRANTS)
IDS = ("interview_id", "candidate_id", "interviewer_id")
LABELS = ("stage", "site", "language", "recorded_at", *CONSENT[3:])  # where a word of MISSING is none
TEXTS = ("candidate_name", "candidate_speaker", "transcript")
NO_TEXT = ("nan", "NaN")  # what pandas writes for no text; Nan and NA are names
PURPOSES = re.compile(r"[\s,;，；、]+")  # between the purposes of one cell


@dataclass(frozen=True)
class RowError:
    """One thing wrong with a manifest: where, the value found there, and the remedy.

    ``line`` is 0 where it concerns the whole file; ``column`` is dotted inside nested fields (``consent.date``).
    """

    line: int
    column: str
    value: str
    remedy: str

    def __str__(self) -> str:
        where = f"line {self.line}, {self.column}" if self.line else self.column
        return f"{where}: {self.remedy} Got {self.value} instead."


class UnreadableTable(VivaError):
    """The file as a whole cannot be read; ``error`` says where and what to do."""

    def __init__(self, error: RowError) -> None:
        self.error = error
        super().__init__(str(error))


@dataclass(frozen=True)
class RawRow:
    """One row: what each column holds, absent and null ones left out, and the cells that could not be read.

    ``plain`` is whether its consent stands in plain cells (``consent_date``), which is how errors name them.
    """

    line: int
    cells: dict[str, object]
    errors: list[RowError] = field(default_factory=list)
    plain: bool = False


@dataclass(frozen=True)
class RawManifest:
    """A manifest's rows, what is wrong with its header, which required columns it lacks, and what a map renamed."""

    rows: list[RawRow]
    header: list[RowError] = field(default_factory=list)
    lacking: frozenset[str] = frozenset()
    mapped: Mapping[str, str] = field(default_factory=dict)


def read_json_lines(content: bytes) -> Iterator[RawRow]:
    """Yield one row per line that is not blank; a line that is no JSON object is that row's error."""
    for line, text in enumerate(decode_utf8(content).split("\n"), start=1):
        if not text.strip():
            continue
        if len(text) > MAX_LINE:
            remedy = f"A line has at most {MAX_LINE} characters."
            yield RawRow(line, {}, [RowError(line, "row", f"{len(text)} characters", remedy)])
            continue
        try:
            cells = parse_json(text)
            if not isinstance(cells, dict):
                raise ValueError('a row is an object: {"interview_id": …}')
        except ValueError as error:
            yield RawRow(line, {}, [RowError(line, "row", shorten(text), f"Write one JSON object per line ({error}).")])
        else:
            yield RawRow(line, {name: one for name, one in present(cells).items() if not _says_nothing(name, one)})


def _says_nothing(name: str, cell: object) -> bool:
    return (name in LABELS and is_missing(cell)) or (name in TEXTS and cell in NO_TEXT)


def read_cells(
    source: Source, content: bytes, columns: Collection[str], required: Collection[str], maps: Maps
) -> RawManifest:
    """Read CSV, a sheet or Parquet; in Parquet nested columns may be structs, lists, maps or JSON text.

    Parameters
    ----------
    source, content
        The file, and its bytes.
    columns, required
        Names that a manifest may have, and those it must have.
    maps
        What the user calls them.

    Raises
    ------
    UnreadableTable
        Where the file is no table of its kind.
    """
    wanted = {fold(theirs): ours for theirs, ours in maps.columns.items()}
    known = {fold(name): name for name in columns}
    folded = {*known, *wanted}
    try:
        raw = read_content(source, content, folded, fold, maps.encoding, maps.delimiter, nested=True)
    except TableRefused as error:
        raise UnreadableTable(_row_error(error.problems[0])) from error
    names = [known.get(fold(wanted.get(fold(name), name)), "") for name in raw.names]
    rows = [RawRow(line, {}, [RowError(line, "row", one.value, one.remedy)]) for line, one in raw.ragged]
    read = {name: _column(name, cells) for name, cells in zip(names, raw.columns, strict=True) if name}
    for place, line in enumerate(raw.lines):
        row = RawRow(line, {})
        for name, (cells, faults) in read.items():
            _put(row, name, cells[place], faults.get(place))
        rows.append(_with_consent(row))
    while rows and not rows[-1].cells and not rows[-1].errors:
        rows.pop()
    header = _header_errors(raw.names, names, columns) + [_row_error(problem) for problem in raw.problems]
    lacking = [name for name in required if name not in names]
    free = [name for name, ours in zip(raw.names, names, strict=True) if not ours]
    header += [_lacking(name, free) for name in lacking]
    mapped = {name: ours for name, ours in zip(raw.names, names, strict=True) if fold(name) in wanted}
    return RawManifest(sorted(rows, key=lambda row: row.line), header, frozenset(lacking), mapped)


def _row_error(problem: Problem) -> RowError:
    """A table's fault, with its line as a number."""
    word, _, rest = problem.where.partition(" ")
    if word == "line" and rest.isdigit():
        return RowError(int(rest), "row" if "quote" in problem.remedy else "file", problem.value, problem.remedy)
    return RowError(1 if problem.where == "header" else 0, problem.where, problem.value, problem.remedy)


def _column(name: str, cells: "pd.Series[Any]") -> tuple[Sequence[Any], dict[int, Fault]]:
    """Ids as text whatever a sheet made of them, and labels without what is missing; others as they are."""
    if name in IDS:
        ids, faults = read_ids(cells)
        shown = [cell if isinstance(cell, str) else found for cell, found in zip(cells, ids, strict=True)]
        return shown, {fault.row: fault for fault in faults}
    if name in LABELS or name in BOOLEAN:
        return [None if is_missing(cell) else cell for cell in cells], {}
    return [None if is_nothing(cell) or (name in TEXTS and cell in NO_TEXT) else cell for cell in cells], {}


def _with_consent(row: RawRow) -> RawRow:
    """Plain cells of a consent as the one field that they are; without a purpose they are for scoring, no more."""
    plain = {name.removeprefix("consent_"): row.cells.pop(name) for name in CONSENT if name in row.cells}
    if not plain:
        return row
    if "consent" in row.cells:
        remedy = "Write consent as one cell of JSON, or as plain cells: not both."
        row.errors.append(RowError(row.line, "consent", shorten(plain), remedy))
        return row
    purpose = plain.get("purpose", "score")
    row.cells["consent"] = {**plain, "purpose": PURPOSES.split(purpose) if isinstance(purpose, str) else purpose}
    return replace(row, plain=True)


def _put(row: RawRow, name: str, cell: object, fault: Fault | None) -> None:
    """One cell into its row, text turned into values where the column holds more than text."""
    if fault is not None:
        row.errors.append(RowError(row.line, name, fault.shown, fault.remedy))
    elif isinstance(cell, str):
        _read_text(row, name, cell)
    elif cell is not None:
        number = isinstance(cell, (int, float)) and not isinstance(cell, bool)
        words = f"{cell:g}" if number and name in (*LABELS, *BOOLEAN, "job") else None
        _read_text(row, name, words) if words is not None else row.cells.update(present({name: cell}))


def _header_errors(given: Sequence[str], names: Sequence[str], columns: Collection[str]) -> list[RowError]:
    """Names that are unknown, and columns that stand twice."""
    found = []
    for place, (name, ours) in enumerate(zip(given, names, strict=True)):
        if not ours:
            remedy = f'Unknown column. {nearest(name, columns)} Remove it, or say what it is: --map "{name}=…".'
            found.append(RowError(1, "header", shorten(name), remedy))
        elif ours in names[:place]:
            found.append(RowError(1, "header", shorten(name), "This column stands twice: remove one."))
    return found


def _lacking(name: str, free: Sequence[str]) -> RowError:
    example = f'--map "{free[0] if free else "your name"}={name}"'
    shown = ", ".join(free) or "no other column"
    return RowError(1, "header", shown, f"Add the column {name!r}, or say which one it is: {example}.")


def _read_text(row: RawRow, name: str, text: str) -> None:
    """Turn a cell's text into a value where the column holds more than text; an empty one is absent."""
    if text == "":
        return
    if name in JSON_TEXT or (name in MAPPING_OR_PATH and text.lstrip().startswith("{")):
        try:
            row.cells[name] = present(parse_json(text))
        except ValueError as error:
            row.errors.append(RowError(row.line, name, shorten(text), f"Write JSON in this cell ({error})."))
    elif name in BOOLEAN and text.lower() not in BOOLEANS:
        row.errors.append(RowError(row.line, name, shorten(text), f"Write one of {', '.join(BOOLEANS)}."))
    else:
        row.cells[name] = BOOLEANS[text.lower()] if name in BOOLEAN else text


def decode_utf8(content: bytes) -> str:
    """Return the text, a byte-order mark left out; ``UnreadableTable`` names the first byte that is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02x} at position {error.start}"
        raise UnreadableTable(RowError(line, "file", found, "Save the manifest as UTF-8.")) from error


def parse_json(text: str) -> Any:
    """Parse JSON strictly: no key twice, no NaN or Infinity, no nesting beyond reason; raises ``ValueError``.

    Examples
    --------
    >>> parse_json('{"text": true, "text": false}')
    Traceback (most recent call last):
    ...
    ValueError: the key 'text' stands twice
    """
    if len(text) > MAX_LINE:
        raise ValueError(f"{len(text)} characters, at most {MAX_LINE}")
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {shorten(twice)} stands twice")
    return mapping


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON number")


def present(value: Any) -> Any:
    """Leave nulls out of a mapping, of the mappings in it and of those in its lists: null means absent.

    Examples
    --------
    >>> present({"stage": None, "consent": {"text": True, "withdrawn": None}})
    {'consent': {'text': True}}
    """
    if isinstance(value, list):
        return [_filled(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: [_filled(entry) for entry in item] if isinstance(item, list) else _filled(item)
        for name, item in value.items()
        if item is not None
    }


def _filled(value: Any) -> Any:
    return {name: item for name, item in value.items() if item is not None} if isinstance(value, dict) else value
