"""An audit's tables as files: each as CSV and all in one workbook; the same audit, the same bytes.

A column is called as in ``audit.json``, what lies deeper by its path (``evidence_group_n``). What is null there is an
empty cell; the column ``undefined`` says why.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vivavoce.data.cells import defuse
from vivavoce.data.vault.durable import make_folder, write_durably

Json = Mapping[str, Any]
Cell = str | int | float | bool | None

ENDS: Mapping[str, tuple[str, ...]] = {
    "interval": ("interval_low", "interval_high"),
    "difference": ("difference", "difference_low", "difference_high"),
}
WORKBOOK = "tables.xlsx"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a ZIP file can hold
CORE = "docProps/core.xml"


def tables_of(audit: Json) -> dict[str, list[dict[str, Cell]]]:
    """Every table of ``audit.json`` by name, row by row with one cell a column; those without rows are empty lists.

    Parameters
    ----------
    audit
        The content of ``audit.json``, or of the copy that may be passed on.
    """
    parts: dict[str, Sequence[Json]] = {"findings": audit["findings"], "open": audit["open"]}
    for family in ("primary", "exploratory"):
        parts[family] = list(_rows(one for one in audit["tables"] if one["family"] == family))
    parts |= {"stratified": audit["stratified"], "not_scored": list(_rows(audit["not_scored"]))}
    parts["since"] = (audit.get("since") or {}).get("rows", [])
    parts["published"] = [
        {"pack": pack["name"], **row} for pack in audit["rules"] for row in _rows(pack.get("tables", ()))
    ]
    parts["checks"] = [{name: part for name, part in one.items() if name != "evidence"} for one in audit["checks"]]
    parts["evidence"] = [
        {name: check[name] for name in ("pack", "check", "clause")} | seen
        for check in audit["checks"]
        for seen in check["evidence"]
    ]
    return {name: [dict(_cells(row)) for row in rows] for name, rows in parts.items()}


def _rows(tables: Any) -> Iterator[Json]:
    """The rows of tables, each with what its table says of itself; who declared nothing comes last, as unknown."""
    for table in tables:
        about = {name: part for name, part in table.items() if name not in ("rows", "unknown")}
        for row in table["rows"]:
            yield {**about, **row}
        unknown = table.get("unknown")
        if unknown is not None:
            yield {**about, **(unknown if isinstance(unknown, Mapping) else {"n": unknown}), "unknown": True}


def _cells(part: Json, path: str = "") -> Iterator[tuple[str, Cell]]:
    """One row's cells: what is nested by its path, the ends of an interval one by one, words and reasons joined."""
    for name, value in part.items():
        if name in ENDS and (value is None or isinstance(value, list)):
            yield from zip(ENDS[name], value or [None] * len(ENDS[name]), strict=True)
        elif name == "undefined" and isinstance(value, Mapping):
            yield name, "; ".join(f"{what}: {why}" for what, why in value.items())
        elif isinstance(value, Mapping):
            yield from _cells(value, "" if name == "where" else f"{path}{name}_")
        elif isinstance(value, list):
            yield f"{path}{name}", "; ".join(map(str, value))
        else:
            yield f"{path}{name}", value


def write_tables(folder: Path, audit: Json) -> None:
    """Write every table that has rows as UTF-8 CSV (with the mark that Excel wants), and all as ``tables.xlsx``.

    No text runs as a formula: in CSV it gets an apostrophe in front, in the workbook it is marked as text.

    Parameters
    ----------
    folder
        Made where it is not there; a table of ours in it that has no rows any more is removed.
    audit
        As :func:`tables_of` wants it.
    """
    make_folder(folder)
    tables = tables_of(audit)
    for name, rows in tables.items():
        path = folder / f"{name}.csv"
        if rows:
            write_durably(path, _csv(rows))
        else:
            path.unlink(missing_ok=True)
    write_durably(folder / WORKBOOK, _workbook(tables, datetime.fromisoformat(audit["made"])))


def _columns(rows: Sequence[Mapping[str, Cell]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _csv(rows: Sequence[Mapping[str, Cell]]) -> bytes:
    """Text is quoted throughout: where a sheet splits at semicolons, none can start a cell within a name."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    columns = _columns(rows)
    writer.writerow(columns)
    for row in rows:
        cells = [row.get(name) for name in columns]
        writer.writerow([str(one).lower() if isinstance(one, bool) else
                         defuse(one) if isinstance(one, str) else one for one in cells])  # fmt: skip
    return text.getvalue().encode("utf-8-sig")


def _workbook(tables: Mapping[str, Sequence[Mapping[str, Cell]]], made: datetime) -> bytes:
    """One sheet a table, its header fixed; times within are the audit's."""
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)

    def text(sheet: Any, words: str, *, title: bool = False) -> Any:
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\ufffd", words.replace("\r", "\ufffd")))
        cell.data_type = "s"  # whatever it starts with
        cell.quotePrefix = defuse(words) != words
        if title:
            cell.font = Font(bold=True)
        return cell

    for name, rows in tables.items():
        if not rows:
            continue
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        columns = _columns(rows)
        sheet.append([text(sheet, column, title=True) for column in columns])
        for row in rows:
            cells = [row.get(column) for column in columns]
            sheet.append([text(sheet, one) if isinstance(one, str) else one for one in cells])
    if not book.sheetnames:
        book.create_sheet("none")
    book.properties.creator = "vivavoce"
    book.properties.created = made.astimezone(UTC).replace(tzinfo=None)
    written = io.BytesIO()
    book.save(written)
    return _timeless(written, book.properties, made)


def _timeless(written: io.BytesIO, properties: Any, made: datetime) -> bytes:
    """A workbook that does not tell when its file was written, only when its audit was made."""
    from openpyxl.xml.functions import tostring

    properties.modified = made.astimezone(UTC).replace(tzinfo=None)  # saving put its own time there
    plain = io.BytesIO()
    with zipfile.ZipFile(written) as old, zipfile.ZipFile(plain, "w") as new:
        for name in old.namelist():
            content = tostring(properties.to_tree()) if name == CORE else old.read(name)
            new.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)
    return plain.getvalue()
