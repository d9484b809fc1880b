"""The list of interviews to process: read whole, checked whole, every fault named at once.

The format is described in ``docs/manifest.md``.
"""

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from vivavoce.data.column_maps import Maps
from vivavoce.data.errors import VivaError
from vivavoce.data.interview import Interview
from vivavoce.data.interview import consent_on_file as declared_consent
from vivavoce.data.manifest_row import COLUMNS, NESTED, ManifestRow
from vivavoce.data.manifest_table import (
    CONSENT,
    RawManifest,
    RawRow,
    RowError,
    UnreadableTable,
    read_cells,
    read_json_lines,
)
from vivavoce.data.problem import problems_of, shorten
from vivavoce.data.table_source import SUFFIXES, Source

JSON_LINES = ".jsonl"
MAX_BYTES = 2**29  # 512 MiB: some 500,000 rows with all fields, read whole
NAMED_LINES = 5  # other lines that an error about a repeated id lists: a constant column must not fill the screen
EASTERNMOST = timedelta(hours=14)  # UTC offset where a day begins first: no day later than this is today anywhere


@dataclass(frozen=True)
class BadRow:
    """A row that was left out, with everything wrong in it; ids are None where the row gives none that can be used."""

    line: int
    interview_id: str | None
    candidate_id: str | None
    errors: tuple[RowError, ...]


@dataclass(frozen=True)
class Manifest:
    """Validated interviews in the file's order, the rows left out, and the SHA-256 (hex) of the file's bytes.

    ``mapped`` says which columns were taken for which, where the user said so.
    """

    interviews: tuple[Interview, ...]
    bad_rows: tuple[BadRow, ...]
    digest: str
    mapped: Mapping[str, str] = field(default_factory=dict)


class ManifestError(VivaError):
    """A manifest that cannot be used as it stands; ``errors`` lists everything found, in the order of the lines.

    Its text has one error per line.
    """

    def __init__(self, path: Path, errors: list[RowError]) -> None:
        self.path = path
        self.errors = tuple(errors)
        super().__init__("\n".join(f"{path.name}, {error}" for error in errors))


def read_manifest(
    path: Path,
    *,
    consent_on_file: str | None = None,
    skip_bad_rows: bool = False,
    today: date | None = None,
    maps: Maps | None = None,
    folder: Path | None = None,
) -> Manifest:
    """Read and validate a manifest.

    Whether the files that it names exist or can be decoded is not looked at: that becomes the row's status
    (``unreadable`` for one that is missing).

    Parameters
    ----------
    path
        A ``.jsonl``, ``.csv``, ``.tsv``, ``.xlsx`` (``FILE.xlsx#sheet``) or ``.parquet`` file. Media and transcripts
        lie in its folder or below.
    consent_on_file
        The policy under which every candidate *without* a consent on the row agreed to text being scored; it never
        covers voice or face and never replaces what a row says.
    skip_bad_rows
        Return faulty rows as ``bad_rows`` and go on. A file that cannot be read as a table is an error all the same.
    today
        The day after which no consent may be dated; by default the latest day that has begun anywhere on Earth.
    maps
        What the user calls the columns of a table.
    folder
        Where media and transcripts lie; None: in the file's own folder or below.

    Raises
    ------
    ManifestError
        With every fault as line, column, value and remedy: unknown columns, types, paths that leave the folder,
        links, URLs, interview ids that stand twice, no rows at all.
    ValueError
        Where ``consent_on_file`` is blank.
    """
    declared = declared_consent(consent_on_file) if consent_on_file is not None else None
    source = _source_of(path)
    content = _bytes_of(path, Path(source.place))
    folder = (folder or path.parent).resolve()
    context = {"folder": folder, "today": today or (datetime.now(UTC) + EASTERNMOST).date()}
    try:
        raw_manifest = _rows_of(source, content, maps or Maps())
    except UnreadableTable as error:
        raise ManifestError(path, [error.error]) from error
    rows = raw_manifest.rows
    if not rows and not raw_manifest.header:
        raise ManifestError(path, [RowError(0, "file", "no rows", "Write one row per interview.")])

    interviews: list[Interview] = []
    bad_rows: list[BadRow] = []
    twice = _duplicates(rows)
    for raw in rows:
        row, errors = _validate(raw, context)
        errors = [error for error in errors if error.column not in raw_manifest.lacking]
        errors += twice.get(raw.line, [])
        if row is None or errors:
            bad_rows.append(BadRow(raw.line, _usable(raw, "interview_id"), _usable(raw, "candidate_id"), tuple(errors)))
            continue
        interview = row.interview(folder, raw.line)
        interviews.append(replace(interview, consent=interview.consent or declared))
    if raw_manifest.header or (bad_rows and not skip_bad_rows):
        raise ManifestError(path, [*raw_manifest.header, *(error for bad in bad_rows for error in bad.errors)])
    return Manifest(tuple(interviews), tuple(bad_rows), hashlib.sha256(content).hexdigest(), raw_manifest.mapped)


REQUIRED = tuple(name for name, declared in ManifestRow.model_fields.items() if declared.is_required())


def _source_of(path: Path) -> Source:
    if path.suffix.lower() == JSON_LINES:
        return Source(str(path), "jsonl", str(path))
    try:
        return Source.of(path)
    except VivaError as error:
        known = ", ".join((JSON_LINES, *SUFFIXES))
        raise ManifestError(path, [RowError(0, "file", shorten(path.suffix), f"A manifest is {known}.")]) from error


def _rows_of(source: Source, content: bytes, maps: Maps) -> RawManifest:
    if source.kind == "jsonl":
        return RawManifest(list(read_json_lines(content)))
    return read_cells(source, content, (*COLUMNS, *CONSENT), REQUIRED, maps)


def _bytes_of(given: Path, path: Path) -> bytes:
    """Read the file once, so that what was checked is what the digest covers."""
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no file"
        raise ManifestError(given, [RowError(0, "file", found, f"Name a file that exists ({path}).")])
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ManifestError(given, [RowError(0, "file", f"{size} bytes", f"Split it: at most {MAX_BYTES} bytes.")])
    return path.read_bytes()


def _validate(raw: RawRow, context: dict[str, object]) -> tuple[ManifestRow | None, list[RowError]]:
    try:
        return ManifestRow.model_validate(raw.cells, context=context), list(raw.errors)
    except ValidationError as error:
        unread = {problem.column for problem in raw.errors}  # their columns are not also missing
        found = [
            RowError(raw.line, p.where.replace("consent.", "consent_") if raw.plain else p.where, p.value, p.remedy)
            for p in problems_of(error, raw.cells, NESTED)
        ]
        whole = "row" in unread
        return None, raw.errors + [problem for problem in found if not whole and problem.column not in unread]


def _duplicates(rows: list[RawRow]) -> dict[int, list[RowError]]:
    """Return an error for every line whose interview id stands elsewhere too: nothing tells which one is meant."""
    lines: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        name = row.cells.get("interview_id")
        if isinstance(name, str):
            lines[unicodedata.normalize("NFC", name)].append(row.line)
    return {
        line: [
            RowError(line, "interview_id", shorten(name), f"{_elsewhere(line, where)}: give each interview its own id.")
        ]
        for name, where in lines.items()
        if len(where) > 1
        for line in where
    }


def _elsewhere(line: int, where: list[int]) -> str:
    others = [str(other) for other in where[: NAMED_LINES + 1] if other != line][:NAMED_LINES]
    more = len(where) - 1 - len(others)
    return f"It also stands on line {', '.join(others)}" + (f" and {more} more" if more else "")


def _usable(raw: RawRow, column: str) -> str | None:
    name = raw.cells.get(column)
    return name if isinstance(name, str) and name.isprintable() and 0 < len(name) <= 128 else None
