"""The list of interviews to process: read whole, checked whole, every fault named at once.

The format is described in ``docs/manifest.md``.

One manifest row: which columns there are, what each may hold, and the interview that it becomes.
"""

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import InitErrorDetails

from vivavoce.data.column_maps import Maps
from vivavoce.data.errors import VivaError
from vivavoce.data.interview import ConsentEntry, Interview, QuestionSpan, Recording, spoken_language
from vivavoce.data.interview import consent_on_file as declared_consent
from vivavoce.data.manifest_table import RawManifest, RawRow, RowError, UnreadableTable, read_cells, read_json_lines
from vivavoce.data.problem import detail, problems_of, refuse, shorten
from vivavoce.data.table_source import SUFFIXES, Source

TRANSCRIPTS = tuple(
    f".{name}"
    for name in ["vtt", "srt", "json", "sbv", "ass", "ssa", "ttml", "dfxp", "xml", "tsv", "txt", "md", "docx"]
)
EARLIEST_YEAR, LATEST_YEAR = 1990, 2100  # of a recording: outside it a time stamp is a mistake, not a date
MOST = 100  # questions of one interview
LONGEST = 86_400.0  # s, one day: a span beyond it was written in another unit

_CONTROL = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = {"\u200c", "\u200d"}  # format characters that some scripts need inside words
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:")


def _plain(text: str) -> str:
    for character in text:
        if unicodedata.category(character) in _CONTROL and character not in _JOINERS:
            raise ValueError(f"Remove the control character U+{ord(character):04X}.")
    if text != text.strip():
        raise ValueError("Remove the spaces around the text.")
    return text


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)  # an id written in two ways is one; a path is what the disk calls it


def _inside(text: str, info: ValidationInfo) -> PurePosixPath:
    """Refuse a path that could name something outside the manifest's folder; what is missing is left to decoding."""
    if _SCHEME.match(text):
        raise ValueError("URLs and drives are not read: copy the file below the manifest's folder and name it there.")
    if "\\" in text:
        raise ValueError("Separate folders by '/'.")
    path = PurePosixPath(text)
    if path.is_absolute():
        raise ValueError("Write the path relative to the manifest's folder.")
    if ".." in path.parts:
        raise ValueError("The path leaves the manifest's folder ('..'): place the file below it.")
    if not path.parts:
        raise ValueError("Name a file.")
    here: Path = (info.context or {})["folder"]
    for part in path.parts:
        here = here / part
        try:
            link = here.is_symlink()
        except OSError:  # cannot be looked at, so cannot be opened either: decoding says 'unreadable'
            break
        if link:
            raise ValueError(f"{part!r} is a link: put the file itself there.")
    return path


def _by_question(value: object) -> object:
    if isinstance(value, str):
        return {None: value}
    if isinstance(value, dict) and value:
        return value
    raise ValueError('Write a path, or a path for each question: {"q1": "a.mp4", "q2": "b.mp4"}.')


def _transcript(path: PurePosixPath) -> PurePosixPath:
    if path.suffix.lower() not in TRANSCRIPTS:
        raise ValueError(f"A transcript ends in {', '.join(TRANSCRIPTS)}.")
    return path


def _moment(value: object) -> datetime:
    """Read ISO 8601; a time without an offset is taken as UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError("Write the time as 2026-11-22T09:30:00+01:00 (ISO 8601).") from error
    if not isinstance(value, datetime):
        raise ValueError("Write the time as 2026-11-22T09:30:00+01:00 (ISO 8601).")
    if not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
        raise ValueError(f"The year must lie in {EARLIEST_YEAR} to {LATEST_YEAR}.")
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


Label = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_plain), AfterValidator(_composed)]
PersonName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain)]
QuestionId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=64)]
FilePath = Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_plain), AfterValidator(_inside)]
TranscriptPath = Annotated[FilePath, AfterValidator(_transcript)]
Seconds = Annotated[float, Field(strict=True, ge=0, le=LONGEST, allow_inf_nan=False)]


class SpanEntry(BaseModel):
    """Where the answer to a question lies; without ``end`` it runs to the end of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: QuestionId
    start: Seconds
    end: Seconds | None = None

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.end is not None and not self.start < self.end:
            refuse("span", [detail(("end",), self.end, f"The end must lie after the start ({self.start:g} s).")])
        return self


def _in_turn(spans: tuple[SpanEntry, ...]) -> tuple[SpanEntry, ...]:
    ordered = sorted(spans, key=lambda span: span.start)
    for before, after in pairwise(ordered):
        if before.end is None:
            raise ValueError(f"Give {before.id!r} an end: {after.id!r} follows it.")
        if before.end > after.start:
            raise ValueError(f"{before.id!r} ({before.start:g}–{before.end:g} s) overlaps {after.id!r}: separate them.")
    ids = [span.id for span in ordered]
    for name in ids:
        if ids.count(name) > 1:
            raise ValueError(f"The id {name!r} stands twice: join its spans or rename one.")
    return tuple(ordered)


class ManifestRow(BaseModel):
    """The columns of a manifest and what they may hold (``docs/manifest.md``).

    Validation takes ``context={"folder": Path, "today": date}``: paths are resolved in the folder, and nothing in a
    consent may be dated after today.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    interview_id: Label
    candidate_id: Label
    candidate_name: PersonName | None = None
    job: Label
    interviewer_id: Label | None = None
    stage: Label | None = None
    media: Annotated[Mapping[QuestionId | None, FilePath], Field(max_length=MOST), BeforeValidator(_by_question)]
    questions: Annotated[tuple[SpanEntry, ...], Field(max_length=MOST), AfterValidator(_in_turn)] = ()
    language: Annotated[Literal["en", "zh", "yue", "auto"], BeforeValidator(spoken_language)] = "auto"
    site: Label | None = None
    recorded_at: Annotated[datetime, BeforeValidator(_moment)] | None = None
    transcript: Annotated[Mapping[QuestionId | None, TranscriptPath], BeforeValidator(_by_question)] | None = None
    candidate_speaker: PersonName | None = None
    consent: ConsentEntry | None = None
    accommodation: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _files_and_questions(self) -> Self:
        found: list[InitErrorDetails] = []
        if self.questions and None not in self.media:
            remedy = "Leave out the spans, or name one file: with a file per question each file is one answer."
            found.append(detail(("questions",), [span.id for span in self.questions], remedy))
        files = list(self.media.values())
        for question, path in self.media.items():
            if files.count(path) > 1:
                remedy = "Two questions name this file: write it once and give 'questions' with start and end."
                found.append(detail(("media", str(question)), str(path), remedy))
        for question, path in (self.transcript or {}).items():
            if question not in self.media:
                remedy = "Give 'transcript' the same form and the same question ids as 'media'."
                where = ("transcript",) if question is None else ("transcript", question)
                found.append(detail(where, str(path), remedy))
        refuse("row", found)
        return self

    def interview(self, folder: Path, line: int) -> Interview:
        """Return the interview that this row describes, its files below ``folder``."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in _AS_IT_STANDS}
        transcripts = self.transcript or {}
        return Interview(
            **plain,
            recordings=tuple(
                Recording(folder / path, question, folder / transcripts[question] if question in transcripts else None)
                for question, path in self.media.items()
            ),
            questions=tuple(QuestionSpan(span.id, span.start, span.end) for span in self.questions),
            consent=self.consent.recorded() if self.consent else None,
            line=line,
        )


COLUMNS = tuple(ManifestRow.model_fields)
NESTED = {
    "": COLUMNS,
    "consent": tuple(ConsentEntry.model_fields),
    "questions": tuple(SpanEntry.model_fields),
}
_AS_IT_STANDS = tuple(name for name in COLUMNS if name not in ("media", "transcript", "questions", "consent"))


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
    return read_cells(source, content, COLUMNS, REQUIRED, maps)


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
        found = [RowError(raw.line, p.where, p.value, p.remedy) for p in problems_of(error, raw.cells, NESTED)]
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
