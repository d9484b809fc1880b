"""The tables of an output folder, one function per file, written atomically in the manifest's order: scores, questions,
status, features and absent, in Parquet and, on request, the same as CSV.

What one interview came to: measured answers, scores, statuses — as it is sealed in the store.
"""

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from vivavoce.data.cells import defuse
from vivavoce.data.interview import Interview
from vivavoce.data.schema import Absent, Feature, Measures
from vivavoce.data.status import MediaStatus, RowStatus
from vivavoce.data.table_files import KNOWN_OF
from vivavoce.data.vault.durable import sync_folder
from vivavoce.features.transcript.words import UNCLEAR_BELOW
from vivavoce.models.score import Score, Standing, by_question
from vivavoce.pipelines.scoring.timeline import Timeline

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class AnswerResult:
    """One answer's place, engine and measures; ``absent`` says why a measure has no value."""

    question_id: str
    recording: int
    start: float  # seconds
    end: float  # seconds
    language: str
    asr_engine: str
    text: str  # masked
    values: dict[str, float]
    absent: dict[str, str]
    word_confidence: float | None = None  # mean of the recogniser's, 0–1; None where it gives none
    question_confidence: float | None = None  # that this question was asked, 0–1; None where the manifest says so
    timeline: Timeline | None = None  # None where there is nothing to draw
    clear_from: float = UNCLEAR_BELOW  # confidence, 0–1: below it this recogniser's words are not believed

    @property
    def unclear(self) -> bool:
        """Whether its recogniser believed too little of it: no score may rest on it."""
        return self.word_confidence is not None and self.word_confidence < self.clear_from

    @property
    def measures(self) -> Measures:
        """Values and absences in one mapping."""
        return {**self.values, **{name: Absent(reason) for name, reason in self.absent.items()}}


def split_measures(measures: Measures) -> tuple[dict[str, float], dict[str, str]]:
    """Values, and reasons of what is absent.

    Examples
    --------
    >>> split_measures({"a.b": 1.0, "a.c": Absent("too_short")})
    ({'a.b': 1.0}, {'a.c': 'too_short'})
    """
    values = {name: value for name, value in measures.items() if not isinstance(value, Absent)}
    return values, {name: value.reason for name, value in measures.items() if isinstance(value, Absent)}


@dataclass(frozen=True)
class Result:
    """The end of one manifest row."""

    interview_id: str
    status: RowStatus
    reason: str | None
    detail: str  # one sentence for the operator
    media: MediaStatus | None  # None where no file was opened
    answers: tuple[AnswerResult, ...]
    scores: tuple[Score, ...]
    model_digest: str | None  # None where nothing was scored
    seconds: dict[str, float]  # by stage
    mended: tuple[tuple[str, str, int], ...] = ()  # in reading transcripts: in which file, what, how often
    words_left_out: float | None = None  # share of a transcript's, or at guessed times, 0–1; None where none was read
    speakers: tuple[str, ...] = ()  # named in a transcript of which nobody knows who is the candidate; in no table

    def document(self) -> dict[str, Any]:
        """As JSON."""
        document: dict[str, Any] = _adapter().dump_python(self, mode="json")
        return document

    @staticmethod
    def from_document(document: Mapping[str, Any]) -> "Result":
        """From JSON; a document of another shape is a ``pydantic.ValidationError``."""
        result: Result = _adapter().validate_python(document)
        return result


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Result)


SCORES = pa.schema(
    [
        ("interview_id", pa.string()),
        ("candidate_id", pa.string()),
        ("job", pa.string()),
        ("competency", pa.string()),
        ("score", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("model_digest", pa.string()),
        ("standing", pa.string()),
        ("recorded_at", pa.timestamp("us", tz="UTC")),
        ("purposes", pa.string()),
    ]
)
QUESTIONS = pa.schema(
    [
        *((name, pa.string()) for name in ("interview_id", "candidate_id", "job", "question_id")),
        ("score", pa.float64()),
        ("model_digest", pa.string()),
    ]
)
STATUS = pa.schema(
    [
        ("interview_id", pa.string()),
        ("candidate_id", pa.string()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("media", pa.string()),
        ("detail", pa.string()),
        ("mended", pa.string()),  # what reading transcripts had to mend, by file; null where nothing
        ("words_left_out", pa.float64()),  # share, or at guessed times, 0–1; null where no transcript was read
        ("seconds", pa.float64()),
    ]
)
ABSENT = pa.schema([(name, pa.string()) for name in ("interview_id", "question_id", "feature", "reason")])
ANSWER = [
    ("interview_id", pa.string()),
    ("candidate_id", pa.string()),
    ("question_id", pa.string()),
    ("job", pa.string()),
    ("language", pa.string()),
    ("asr_engine", pa.string()),
    ("start_s", pa.float64()),
    ("end_s", pa.float64()),
    ("purposes", pa.string()),
    ("site", pa.string()),
    ("recorded_at", pa.timestamp("us", tz="UTC")),
    ("unclear", pa.bool_()),  # its recogniser hardly believed it: measured, and in no score
    ("word_confidence", pa.float64()),  # mean of the recogniser's, 0–1; null where it gives none
]


@dataclass(frozen=True)
class Row:
    """One manifest row with its end; ``interview`` is None for a row that could not be read."""

    interview: Interview | None
    result: Result
    seconds: float  # of the first, complete pass over this row


@dataclass(frozen=True)
class Column:
    """One column of ``features.parquet``: its name, its declaration, its fingerprint."""

    name: str
    feature: Feature
    fingerprint: str


def scores_table(rows: Sequence[Row], standing: Callable[[str], Standing], models: Mapping[str, str]) -> pa.Table:
    """One row per interview and competency, ``overall`` last; rows that were not scored say why.

    ``standing`` and ``models`` tell, by job, how far its model has come, and the digest of the trained one.
    """
    records = [
        {
            **_identity(row),
            "job": row.interview.job,
            "competency": score.competency,
            "score": score.value,
            "low": score.low,
            "high": score.high,
            "status": score.status.value,
            "reason": score.reason,
            "model_digest": row.result.model_digest or models.get(row.interview.job),
            "standing": standing(row.interview.job).value,
            "recorded_at": row.interview.recorded_at,
            "purposes": _purposes(row.interview),
        }
        for row in rows
        if row.interview is not None
        for score in row.result.scores
    ]
    return pa.Table.from_pylist(records, schema=SCORES)


def questions_table(rows: Sequence[Row]) -> pa.Table:
    """One row per scored answer: the mean of what it alone would score on the competencies that it shows.

    For audits (``viva audit --questions``) and the question bank (``viva fair questions``); nobody is scored by it.
    """
    records = []
    for row in rows:
        found: dict[str, list[float]] = {}
        for score in row.result.scores:
            for question, value in by_question(score).items():
                found.setdefault(question, []).append(value)
        records += [
            {
                **_identity(row),
                "job": row.interview.job if row.interview else None,
                "question_id": question,
                "score": math.fsum(values) / len(values),
                "model_digest": row.result.model_digest,
            }
            for question, values in found.items()
        ]
    return pa.Table.from_pylist(records, schema=QUESTIONS)


def status_table(rows: Sequence[Row]) -> pa.Table:
    """One row per manifest row, in its order: the single status in which it ended."""
    records = [
        {
            **_identity(row),
            "status": row.result.status.value,
            "reason": row.result.reason,
            "media": row.result.media.value if row.result.media else None,
            "detail": row.result.detail,
            "mended": mended_words(row.result.mended),
            "words_left_out": row.result.words_left_out,
            "seconds": row.seconds,
        }
        for row in rows
    ]
    return pa.Table.from_pylist(records, schema=STATUS)


def mended_words(mended: Sequence[tuple[str, str, int]]) -> str | None:
    """What was mended, in words; None where nothing was.

    Examples
    --------
    >>> mended_words([("a.vtt", "captions that rolled", 2), ("a.vtt", "lines left out", 1)])
    'a.vtt: 2 captions that rolled, 1 lines left out'
    """
    files = dict.fromkeys(file for file, _, _ in mended)
    said = {file: ", ".join(f"{count} {kind}" for one, kind, count in mended if one == file) for file in files}
    return "; ".join(f"{file}: {what}" for file, what in said.items()) or None


def features_table(rows: Sequence[Row], columns: Sequence[Column]) -> pa.Table:
    """One row per answer; unit, meaning, modality and fingerprint travel in each column's metadata."""
    fields = [pa.field(name, kind) for name, kind in ANSWER]
    for column in columns:
        metadata = {
            "unit": column.feature.unit,
            "modality": column.feature.modality.value,
            "meaning": column.feature.meaning,
            "fingerprint": column.fingerprint,
            "impairment_sensitive": str(column.feature.impairment_sensitive).lower(),
            "quality": str(column.feature.quality).lower(),
            "proxy_of": ",".join(column.feature.proxy_of),
        }
        fields.append(pa.field(column.name, pa.float64(), metadata=metadata))
    records = [
        {
            **_identity(row),
            "question_id": answer.question_id,
            "job": row.interview.job,
            "language": answer.language,
            "asr_engine": answer.asr_engine,
            "start_s": answer.start,
            "end_s": answer.end,
            "purposes": _purposes(row.interview),
            "site": row.interview.site,
            "recorded_at": row.interview.recorded_at,
            "unclear": answer.unclear,
            "word_confidence": answer.word_confidence,
            **{column.name: answer.values.get(column.name, float("nan")) for column in columns},
        }
        for row in rows
        if row.interview is not None
        for answer in row.result.answers
    ]
    return pa.Table.from_pylist(records, schema=pa.schema(fields))


def absent_table(rows: Sequence[Row], columns: Sequence[Column]) -> pa.Table:
    """Why a value of ``features.parquet`` is ``nan``: one row per answer and column without a value."""
    records = [
        {
            "interview_id": row.result.interview_id,
            "question_id": answer.question_id,
            "feature": column.name,
            "reason": answer.absent.get(column.name) or unmeasured(column.feature),
        }
        for row in rows
        for answer in row.result.answers
        for column in columns
        if column.name not in answer.values
    ]
    return pa.Table.from_pylist(records, schema=ABSENT)


def unmeasured(feature: Feature) -> str:
    """Why an answer has no such measure where others of the batch do: its question shows other competencies, or
    consent does not cover the modality.
    """
    return "other_competency" if feature.per_competency else "no_consent"


def _identity(row: Row) -> dict[str, str | None]:
    return {
        "interview_id": row.result.interview_id,
        "candidate_id": row.interview.candidate_id if row.interview else None,
    }


def _purposes(interview: Interview | None) -> str | None:
    if interview is None or interview.consent is None:
        return None
    return ",".join(sorted(purpose.value for purpose in interview.consent.purposes))


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write a table so that a reader sees the old file or the whole new one."""
    write_whole(path, lambda temporary: pyarrow.parquet.write_table(table, temporary))


def read_frame(path: Path) -> "pd.DataFrame":
    """A table as a DataFrame; what is known of each column is in its ``attrs``, under :data:`KNOWN_OF`."""
    table = pyarrow.parquet.read_table(path)
    known = {one.name: one.metadata for one in table.schema if one.metadata}
    frame: pd.DataFrame = table.to_pandas()
    frame.attrs[KNOWN_OF] = {
        name: {key.decode(): said.decode() for key, said in of.items()} for name, of in known.items()
    }
    return frame


def write_csv(table: pa.Table, path: Path) -> None:
    """Write a table as UTF-8 CSV whose text cells no spreadsheet runs as formulas.

    A text cell that starts as a formula does gets an apostrophe in front (:func:`vivavoce.data.cells.defuse`).
    """
    defused = table
    for i, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            cells = [defuse(cell) for cell in table.column(i).to_pylist()]
            defused = defused.set_column(i, field.name, pa.array(cells, pa.string()))
    write_whole(path, lambda temporary: pyarrow.csv.write_csv(defused, temporary))


def write_whole(path: Path, write: Callable[[str], Any]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then put it in place in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(str(temporary))
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def columns_used(rows: Iterable[Row]) -> list[str]:
    """Every feature column that some answer measured or found absent, in order of first appearance."""
    names: dict[str, None] = {}
    for row in rows:
        for answer in row.result.answers:
            names.update(dict.fromkeys((*answer.values, *answer.absent)))
    return list(names)
