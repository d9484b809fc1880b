"""The rows of a manifest as JSON Lines, CSV and Parquet hold them, before anything is checked but their form."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Never

from vivavoce.data.errors import VivaError
from vivavoce.data.problem import nearest, shorten

MAX_LINE = 2**20  # characters of one JSON line; a row with a hundred questions has some 10,000
MAX_FIELD = 2**17  # characters of one cell: what Python's csv module allows by default

BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
MAPPING_OR_PATH = ("media", "transcript")  # JSON where the cell begins with a brace, else a path
JSON_TEXT = ("questions", "consent")
BOOLEAN = ("accommodation",)


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

    def __init__(self, line: int, column: str, value: str, remedy: str) -> None:
        self.error = RowError(line, column, value, remedy)
        super().__init__(str(self.error))


@dataclass(frozen=True)
class RawRow:
    """One row: what each column holds, absent and null ones left out, and the cells that could not be read."""

    line: int
    cells: dict[str, object]
    errors: list[RowError] = field(default_factory=list)


Reader = Callable[[bytes, Collection[str]], Iterator[RawRow]]


def read_json_lines(content: bytes, columns: Collection[str]) -> Iterator[RawRow]:  # noqa: ARG001 (keys are a row's own)
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
            yield RawRow(line, present(cells))


def read_csv(content: bytes, columns: Collection[str]) -> Iterator[RawRow]:
    """Yield one row per record; ``line`` is where the record begins, the header being line 1.

    Raises
    ------
    UnreadableTable
        For a header that cannot be used, and for quoting that leaves open where a record ends.
    """
    reader = csv.reader(io.StringIO(decode_utf8(content), newline=""), strict=True)
    try:
        header = next(reader, [])
        check_header(header, columns)
        line = reader.line_num + 1
        for cells in reader:
            if len(cells) == len(header):
                yield _read_text(line, dict(zip(header, cells, strict=True)))
            elif cells:
                remedy = f"A row has as many cells as the header ({len(header)}); quote cells that contain commas."
                yield RawRow(line, {}, [RowError(line, "row", f"{len(cells)} cells", remedy)])
            line = reader.line_num + 1
    except csv.Error as error:
        remedy = f"Close every quote, double those inside a cell, keep cells below {MAX_FIELD} characters."
        raise UnreadableTable(reader.line_num, "row", f"{error}", remedy) from error


def read_parquet(content: bytes, columns: Collection[str]) -> Iterator[RawRow]:
    """Yield one row per record, counted from 1; nested columns may be structs, lists, maps or JSON text.

    Raises
    ------
    UnreadableTable
        Where the file is no Parquet file, or its columns cannot be used.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(pa.BufferReader(content)).read()
        table.validate(full=True)  # text that is not UTF-8 would otherwise surface in the middle of a row
        check_header(table.column_names, columns)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UnreadableTable(0, "file", shorten(str(error)), "Write a Parquet file that pyarrow can read.") from error
    maps = [name for name in table.column_names if pa.types.is_map(table.schema.field(name).type)]
    for i, name in enumerate(table.column_names):
        kind = table.schema.field(i).type
        if pa.types.is_timestamp(kind):  # pyarrow would give nanoseconds as pandas objects
            table = table.set_column(i, name, table.column(i).cast(pa.timestamp("us", tz=kind.tz), safe=False))
    for line, cells in enumerate((row for batch in table.to_batches() for row in batch.to_pylist()), start=1):
        cells.update({name: dict(cells[name]) for name in maps if cells[name] is not None})
        texts = {name: cell for name, cell in cells.items() if isinstance(cell, str)}
        row = _read_text(line, texts)
        others = {name: cell for name, cell in cells.items() if name not in texts}
        yield RawRow(line, present({**others, **row.cells}), row.errors)


def _read_text(line: int, texts: dict[str, str]) -> RawRow:
    """Turn the text of a row's cells into values where the column holds more than text; empty cells are absent."""
    row = RawRow(line, {})
    for name, text in texts.items():
        if text == "":
            continue
        if name in JSON_TEXT or (name in MAPPING_OR_PATH and text.lstrip().startswith("{")):
            try:
                row.cells[name] = present(parse_json(text))
            except ValueError as error:
                row.errors.append(RowError(line, name, shorten(text), f"Write JSON in this cell ({error})."))
        elif name in BOOLEAN and text.lower() not in BOOLEANS:
            row.errors.append(RowError(line, name, shorten(text), f"Write one of {', '.join(BOOLEANS)}."))
        else:
            row.cells[name] = BOOLEANS[text.lower()] if name in BOOLEAN else text
    return row


def check_header(header: Sequence[str], columns: Collection[str]) -> None:
    """Raise ``UnreadableTable`` for no header at all, and for names that are unknown or stand twice."""
    if not header:
        raise UnreadableTable(1, "header", "nothing", f"Name the columns in the first line: {', '.join(columns)}.")
    for i, name in enumerate(header):
        if name not in columns:
            remedy = "Separate columns by commas." if ";" in name or "\t" in name else nearest(name, columns)
            raise UnreadableTable(1, "header", shorten(name), f"Unknown column. {remedy}")
        if name in header[:i]:
            raise UnreadableTable(1, "header", shorten(name), "This column stands twice: remove one.")


def decode_utf8(content: bytes) -> str:
    """Return the text, a byte-order mark left out; ``UnreadableTable`` names the first byte that is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02x} at position {error.start}"
        raise UnreadableTable(line, "file", found, "Save the manifest as UTF-8.") from error


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
