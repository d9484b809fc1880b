"""One manifest row: which columns there are, what each may hold, and the interview that it becomes."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import InitErrorDetails

from vivavoce.data.interview import ConsentEntry, Interview, QuestionSpan, Recording, spoken_language, year_first
from vivavoce.data.problem import detail, refuse

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
    """Refuse a path that could name something outside the media's folder; what is missing is left to decoding."""
    if _SCHEME.match(text):
        raise ValueError("URLs and drives are not read: copy the file below the folder of the media and name it there.")
    if "\\" in text:
        raise ValueError("Separate folders by '/'.")
    path = PurePosixPath(text)
    if path.is_absolute():
        raise ValueError("Write the path relative to the folder of the media: the manifest's, or --media-root.")
    if ".." in path.parts:
        raise ValueError("The path leaves the folder of the media ('..'): put the file below it, or name --media-root.")
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
    """Read ISO 8601, or a day; a time without an offset is taken as UTC."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(year_first(value))
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
