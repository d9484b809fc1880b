"""The list of interviews to process: read whole, checked whole, every fault named at once.

The format is described in ``docs/manifest.md``.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from vivavoce.data.consent import consent_on_file as declared_consent
from vivavoce.data.interview import Interview
from vivavoce.data.manifest_row import COLUMNS, NESTED, ManifestRow
from vivavoce.data.manifest_table import (
    RawRow,
    Reader,
    RowError,
    UnreadableTable,
    read_csv,
    read_json_lines,
    read_parquet,
)
from vivavoce.data.problem import problems_of, shorten

if TYPE_CHECKING:
    from rich.table import Table

READERS: dict[str, Reader] = {".jsonl": read_json_lines, ".csv": read_csv, ".parquet": read_parquet}
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
    """Validated interviews in the file's order, the rows left out, and the SHA-256 (hex) of the file's bytes."""

    interviews: tuple[Interview, ...]
    bad_rows: tuple[BadRow, ...]
    digest: str


class ManifestError(ValueError):
    """A manifest that cannot be used as it stands; ``errors`` lists everything found, in the order of the lines.

    Its text has one error per line; ``rich`` prints it as a table.
    """

    def __init__(self, path: Path, errors: list[RowError]) -> None:
        self.path = path
        self.errors = tuple(errors)
        super().__init__("\n".join(f"{path.name}, {error}" for error in errors))

    def __rich__(self) -> "Table":
        from rich.table import Table
        from rich.text import Text

        table = Table("line", "column", "value", "remedy", title=Text(f"{self.path}: nothing was run"))
        for error in self.errors:
            table.add_row(str(error.line), Text(error.column), Text(error.value), Text(error.remedy))
        return table


def read_manifest(
    path: Path, *, consent_on_file: str | None = None, skip_bad_rows: bool = False, today: date | None = None
) -> Manifest:
    """Read and validate a manifest.

    Whether the files that it names exist or can be decoded is not looked at: that becomes the row's status
    (``unreadable`` for one that is missing).

    Parameters
    ----------
    path
        A ``.jsonl``, ``.csv`` or ``.parquet`` file. Media and transcripts lie in its folder or below.
    consent_on_file
        The policy under which every candidate *without* a consent on the row agreed to text being scored; it never
        covers voice or face and never replaces what a row says.
    skip_bad_rows
        Return faulty rows as ``bad_rows`` and go on. A file that cannot be read as a table is an error all the same.
    today
        The day after which no consent may be dated; by default the latest day that has begun anywhere on Earth.

    Raises
    ------
    ManifestError
        With every fault as line, column, value and remedy: unknown columns, types, paths that leave the folder,
        links, URLs, interview ids that stand twice, no rows at all.
    ValueError
        Where ``consent_on_file`` is blank.
    """
    declared = declared_consent(consent_on_file) if consent_on_file is not None else None
    content = _bytes_of(path)
    folder = path.parent.resolve()
    context = {"folder": folder, "today": today or (datetime.now(UTC) + EASTERNMOST).date()}
    try:
        rows = list(READERS[path.suffix.lower()](content, COLUMNS))
    except UnreadableTable as error:
        raise ManifestError(path, [error.error]) from error
    if not rows:
        raise ManifestError(path, [RowError(0, "file", "no rows", "Write one row per interview.")])

    interviews: list[Interview] = []
    bad_rows: list[BadRow] = []
    twice = _duplicates(rows)
    for raw in rows:
        row, errors = _validate(raw, context)
        errors += twice.get(raw.line, [])
        if row is None or errors:
            bad_rows.append(BadRow(raw.line, _usable(raw, "interview_id"), _usable(raw, "candidate_id"), tuple(errors)))
            continue
        interview = row.interview(folder, raw.line)
        interviews.append(replace(interview, consent=interview.consent or declared))
    if bad_rows and not skip_bad_rows:
        raise ManifestError(path, [error for bad in bad_rows for error in bad.errors])
    return Manifest(tuple(interviews), tuple(bad_rows), hashlib.sha256(content).hexdigest())


def _bytes_of(path: Path) -> bytes:
    """Read the file once, so that what was checked is what the digest covers."""
    if path.suffix.lower() not in READERS:
        remedy = "A manifest is JSON Lines (.jsonl), CSV (.csv) or Parquet (.parquet)."
        raise ManifestError(path, [RowError(0, "file", shorten(path.suffix), remedy)])
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no file"
        raise ManifestError(path, [RowError(0, "file", found, f"Name a file that exists ({path}).")])
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ManifestError(path, [RowError(0, "file", f"{size} bytes", f"Split it: at most {MAX_BYTES} bytes.")])
    return path.read_bytes()


def _validate(raw: RawRow, context: dict[str, object]) -> tuple[ManifestRow | None, list[RowError]]:
    try:
        return ManifestRow.model_validate(raw.cells, context=context), list(raw.errors)
    except ValidationError as error:
        unread = {problem.column for problem in raw.errors}  # their columns are not also missing
        found = [RowError(raw.line, p.where, p.value, p.remedy) for p in problems_of(error, raw.cells, NESTED)]
        whole = "row" in unread
        return None, raw.errors + [problem for problem in found if not whole and problem.column not in unread]


def _duplicates(rows: list[RawRow]) -> dict[int, list[RowError]]:
    """Return an error for every line whose interview id stands elsewhere too: nothing tells which one is meant."""
    lines: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        name = row.cells.get("interview_id")
        if isinstance(name, str):
            lines[name].append(row.line)
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
