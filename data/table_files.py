"""Tables as files hold them: CSV in any of the usual encodings and delimiters, sheets, Parquet; and DataFrames.

The libraries read; here is what they leave open: which line a row stands on, what a sheet has lost, and that a row with
too many or too few cells is refused, never shifted.
"""

import csv
import hashlib
import io
import re
import warnings
import zipfile
from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from vivavoce.data.cells import EXACT
from vivavoce.data.problem import Problem, shorten
from vivavoce.data.table_source import NAME_ONE, Raw, Source, TableRefused

MAX_BYTES = 2**29  # 512 MiB: a table is read whole
MAX_UNPACKED = 2**31  # of a workbook, whose parts are compressed
MAX_CELL = 2**17  # characters of one cell: what Python's csv module allows by default
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
GUESSED = ("gb18030", "cp1252")  # of what is no Unicode: the rest of the world's are named
SAMPLE = 2**16  # bytes that tell an encoding
OLE = b"\xd0\xcf\x11\xe0"  # how old .xls files begin, and new ones with a password
NAMELESS = re.compile(r"(?:unnamed: \d+(?:_level_\d+)?|__index_level_\d+__)?", re.IGNORECASE)  # pandas calls it so
KNOWN_OF = "columns"  # of a DataFrame's attrs: what is known of each of its columns, as text by name


def read_file(
    source: Source, folded: Collection[str], fold: Any, encoding: str | None = None, delimiter: str | None = None
) -> Raw:
    """Read a file's cells.

    Parameters
    ----------
    source
        A file that is there or not.
    folded, fold
        Names that the header probably has, folded, and what folds a name: they tell the delimiter where several
        characters could be it.
    encoding, delimiter
        Of a CSV file, where the user names them.

    Raises
    ------
    TableRefused
        For a file that is not there or no table of its kind.
    """
    path = Path(source.place)
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no file"
        raise TableRefused(source, [Problem("file", found, f"Name a file that exists. {NAME_ONE}")])
    if path.stat().st_size > MAX_BYTES:
        raise TableRefused(source, [Problem("file", f"{path.stat().st_size} bytes", f"At most {MAX_BYTES}: split it.")])
    return read_content(source, path.read_bytes(), folded, fold, encoding, delimiter)


def read_content(
    source: Source,
    content: bytes,
    folded: Collection[str],
    fold: Any,
    encoding: str | None = None,
    delimiter: str | None = None,
    *,
    nested: bool = False,
) -> Raw:
    """Read the cells of a file's bytes, as :func:`read_file`; ``nested``: a Parquet file's as plain Python values."""
    if source.kind == "xlsx":
        return read_sheet(source, content)
    if source.kind == "parquet":
        return read_parquet(source, content, nested=nested)
    text, found = decode(source, content, encoding)
    return _from_text(source, text, folded, fold, found, delimiter, hashlib.sha256(content).hexdigest())


def decode(source: Source, content: bytes, encoding: str | None = None) -> tuple[str, str]:
    """A file's text and its encoding: the one named, a byte-order mark's, UTF-8, or else what its letters show.

    Raises
    ------
    TableRefused
        Where the bytes are not of that encoding, or of none that can be told.
    """
    bom = next((name for mark, name in BOMS.items() if content.startswith(mark)), None)
    found = encoding or bom or _without_mark(content)
    try:
        return content.decode(found).removeprefix("\ufeff"), "utf-8" if found == "utf-8-sig" else found
    except (UnicodeDecodeError, LookupError) as error:
        if encoding is None and bom is None:
            from charset_normalizer import from_bytes

            best = from_bytes(content[:SAMPLE], cp_isolation=list(GUESSED)).best()
            if best is not None and b"\0" not in content:
                try:
                    return content.decode(best.encoding), best.encoding
                except UnicodeDecodeError:
                    pass  # the sample's encoding is not the whole file's: what UTF-8 said is told
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = content.count(b"\n", 0, start) + 1
        shown = f"byte 0x{content[start]:02x} at position {start}" if start < len(content) else str(error)
        remedy = f"It is not {found.upper()}: save it as UTF-8, or name its encoding."
        raise TableRefused(source, [Problem(f"line {line}", shown, remedy)]) from error


def _without_mark(content: bytes) -> str:
    """UTF-16 where every other byte is nothing, else UTF-8."""
    sample = content[:SAMPLE]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 4 > len(sample):
        return "utf-16-le" if odd > even else "utf-16-be"
    return "utf-8"


def _from_text(
    source: Source,
    text: str,
    folded: Collection[str],
    fold: Any,
    encoding: str,
    delimiter: str | None,
    sha256: str,
) -> Raw:
    told = text[:6].lower()
    skipped = 0
    if told.startswith("sep=") and len(told) > 4:  # what Excel writes and reads in a first line
        first, _, text = text.partition("\n")
        delimiter, skipped = delimiter or first[4], 1
    delimiter = delimiter or _delimiter(text, folded, fold)
    header: list[str] = []
    rows: list[tuple[int, list[str]]] = []
    ragged: list[tuple[int, Problem]] = []
    for line, cells in read_records(source, text, delimiter, skipped):
        if not header:
            header = [cell.strip() for cell in cells]
        elif len(cells) == len(header) or not any(cell.strip() for cell in cells):
            rows.append((line, cells if len(cells) == len(header) else [""] * len(header)))
        else:
            remedy = (
                f"A row has as many cells as the header ({len(header)}); quote cells that contain a "
                f"{DELIMITERS.get(delimiter, delimiter)}."
            )
            ragged.append((line, Problem(f"line {line}", f"{len(cells)} cells", remedy)))
    while rows and not any(cell.strip() for cell in rows[-1][1]):
        rows.pop()
    if not header:
        raise TableRefused(source, [Problem("header", "nothing", "Name the columns in the first line.")])
    columns = list(zip(*(cells for _, cells in rows), strict=True)) or [()] * len(header)
    return Raw(
        *_named(header, [pd.Series(cells, dtype=object) for cells in columns]),
        [line for line, _ in rows],
        "line",
        sha256,
        reading={"encoding": encoding, "delimiter": DELIMITERS.get(delimiter, delimiter)},
        ragged=ragged,
    )


def read_records(source: Source, text: str, delimiter: str, skipped: int = 0) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not blank, with the physical line where it begins; the first is the header.

    Raises
    ------
    TableRefused
        For quoting that leaves open where a record ends, and a cell beyond the limit.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    line = 1 + skipped
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1 + skipped
    except csv.Error as error:
        remedy = f"Close every quote, double those inside a cell, keep cells below {MAX_CELL} characters."
        raise TableRefused(source, [Problem(f"line {reader.line_num + skipped}", str(error), remedy)]) from error


def _delimiter(text: str, folded: Collection[str], fold: Any) -> str:
    """The one under which the header has most known names, then most names."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    best = ","
    counted = (-1, -1)
    for delimiter in DELIMITERS:
        try:
            names = next(csv.reader([first], delimiter=delimiter), [])
        except csv.Error:
            continue
        found = (sum(fold(name) in folded for name in names), len(names))
        if found > counted:
            best, counted = delimiter, found
    return best


def _named(header: Sequence[str], columns: Sequence["pd.Series[Any]"]) -> tuple[list[str], list["pd.Series[Any]"]]:
    """Without the columns that have no name, as sheets and pandas (its row numbers) leave them: nobody can mean one."""
    kept = [place for place, name in enumerate(header) if not NAMELESS.fullmatch(name)]
    return [header[place] for place in kept], [columns[place] for place in kept]


def read_sheet(source: Source, content: bytes) -> Raw:
    """Read one sheet of a workbook.

    Raises
    ------
    TableRefused
        For a file that is no workbook or has a password, several sheets of which none was named, merged cells, and
        formulas whose values the file does not hold.
    """
    from openpyxl import load_workbook

    if content.startswith(OLE):
        remedy = "It has a password, or is an old .xls: save it as .xlsx without a password."
        raise TableRefused(source, [Problem("file", "a protected or old workbook", remedy)])
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
        if unpacked > MAX_UNPACKED:
            raise TableRefused(source, [Problem("file", f"{unpacked} bytes unpacked", f"At most {MAX_UNPACKED}.")])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and drop-down lists that openpyxl does not know
            book = load_workbook(io.BytesIO(content))
            values = load_workbook(io.BytesIO(content), data_only=True) if _has_formula(book) else book
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError) as error:
        remedy = "Save it again as an Excel workbook (.xlsx), or as CSV."
        raise TableRefused(source, [Problem("file", shorten(str(error)), remedy)]) from error
    name = _sheet_name(source, book)
    return _from_sheet(source, book[name], values[name], hashlib.sha256(content).hexdigest())


def _has_formula(book: Any) -> bool:
    return any(cell.data_type == "f" for sheet in book.worksheets for row in sheet.iter_rows() for cell in row)


def _sheet_name(source: Source, book: Any) -> str:
    """The sheet that was named, or the only one with anything in it."""
    filled = [sheet.title for sheet in book.worksheets if any(any(row) for row in sheet.iter_rows(values_only=True))]
    names = [sheet.title for sheet in book.worksheets]
    if source.table is not None:
        if source.table not in names:
            remedy = f"Name a sheet that is there: {', '.join(names)}."
            raise TableRefused(source, [Problem("sheet", shorten(source.table), remedy)])
        return source.table
    if len(filled) != 1:
        remedy = f"Name one as {Path(source.place).name}#sheet." if filled else "Fill one in."
        raise TableRefused(source, [Problem("sheets", ", ".join(filled) or "none with a cell", remedy)])
    return str(filled[0])


def _from_sheet(source: Source, sheet: Any, values: Any, sha256: str) -> Raw:
    problems = [
        Problem(f"cells {one}", "merged cells", "Unmerge them and fill in each: only the first one holds the value.")
        for one in sheet.merged_cells.ranges
    ]
    rows: list[tuple[int, list[Any]]] = []
    for line, (cells, held) in enumerate(zip(sheet.iter_rows(), values.iter_rows(), strict=True), start=1):
        for cell, value in zip(cells, held, strict=True):
            if cell.data_type == "f" and value.value is None:
                remedy = "The file holds no value of this formula: open and save it in Excel, or paste the values."
                problems.append(Problem(f"cell {cell.coordinate}", shorten(str(cell.value)), remedy))
            elif value.data_type == "e":
                problems.append(Problem(f"cell {cell.coordinate}", str(value.value), "Its formula fails: mend it."))
        rows.append((line, [_plain(one.value) for one in held]))
    while rows and not any(cell is not None for cell in rows[-1][1]):
        rows.pop()
    while rows and not any(cell is not None for cell in rows[0][1]):
        rows.pop(0)
    rows = [one for one in rows if any(cell is not None for cell in one[1])]  # a blank line, as in CSV
    if not rows:
        raise TableRefused(source, [Problem("header", "nothing", "Name the columns in the first row.")])
    header = ["" if cell is None else str(cell).strip() for cell in rows[0][1]]
    columns = list(zip(*(cells for _, cells in rows[1:]), strict=True)) or [()] * len(header)
    named = _named(header, [pd.Series(cells, dtype=object) for cells in columns])
    return Raw(*named, [line for line, _ in rows[1:]], "row", sha256, reading={"sheet": sheet.title}, problems=problems)


def _plain(cell: object) -> object:
    """None for blanks; a number beyond a sheet's 15 digits as the float that it is there."""
    if isinstance(cell, int) and abs(cell) >= EXACT:
        return float(cell)
    return None if isinstance(cell, str) and not cell.strip() else cell


def read_parquet(source: Source, content: bytes, *, nested: bool = False) -> Raw:
    """Read a Parquet file (``TableRefused`` where it is none); ``nested``: structs, lists and maps as Python's."""
    import pyarrow as pa
    import pyarrow.parquet

    try:
        read = pyarrow.parquet.ParquetFile(pa.BufferReader(content)).read()
        read.validate(full=True)  # text that is not UTF-8 would otherwise surface in the middle of a row
        frame = _nested(read) if nested else read.to_pandas()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        remedy = "Write a Parquet file that pyarrow can read."
        raise TableRefused(source, [Problem("file", shorten(str(error)), remedy)]) from error
    metadata = {one.name: dict(one.metadata or {}) for one in read.schema}
    return from_frame(frame, hashlib.sha256(content).hexdigest(), metadata)


def _nested(table: Any) -> pd.DataFrame:
    import pyarrow as pa

    columns: list[pd.Series[Any]] = []
    for field, cells in zip(table.schema, table.columns, strict=True):
        if pa.types.is_timestamp(field.type):  # pyarrow would give nanoseconds as pandas objects
            cells = cells.cast(pa.timestamp("us", tz=field.type.tz), safe=False)
        found = cells.to_pylist()
        if pa.types.is_map(field.type):
            found = [None if one is None else dict(one) for one in found]
        columns.append(pd.Series(found, dtype=object))
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame()
    frame.columns = pd.Index(table.column_names)
    return frame


def from_frame(frame: pd.DataFrame, sha256: str | None = None, metadata: Any = None) -> Raw:
    """A DataFrame's cells; an index that has a name is a column like the others, and one without is left out.

    Parameters
    ----------
    frame
        Its rows are numbered from 1.
    sha256
        Of its file; None: that of its content as CSV.
    metadata
        What a Parquet file says of each column; None: what the DataFrame's ``attrs`` say under :data:`KNOWN_OF`.
    """
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    empty = frame.isna().all(axis=1).to_numpy()
    frame = frame.iloc[: len(frame) - int(empty[::-1].cumprod().sum())]  # without the empty rows at its end
    columns = [_untyped(frame.iloc[:, place].reset_index(drop=True)) for place in range(frame.shape[1])]
    digest = sha256 or hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()
    if metadata is None:
        told = frame.attrs.get(KNOWN_OF, {})
        metadata = {name: {key.encode(): said.encode() for key, said in of.items()} for name, of in told.items()}
    names, columns = _named([str(name).strip() for name in frame.columns], columns)
    return Raw(names, columns, range(1, len(frame) + 1), "row", digest, metadata or {})


def _untyped(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Exact decimals as floats, categories as what they stand for."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.astype(object)
    if column.dtype == object and column.map(lambda cell: isinstance(cell, Decimal)).any():
        return pd.to_numeric(column)
    return column
