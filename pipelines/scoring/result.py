"""What one interview came to: measured answers, scores, statuses — as it is sealed in the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from vivavoce.data.schema import Absent, Measures
from vivavoce.data.status import MediaStatus, RowStatus
from vivavoce.features.transcript.words import UNCLEAR_BELOW
from vivavoce.models.score import Score
from vivavoce.pipelines.scoring.timeline import Timeline


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

    @property
    def unclear(self) -> bool:
        """Whether its recogniser believed too little of it: no score may rest on it."""
        return self.word_confidence is not None and self.word_confidence < UNCLEAR_BELOW

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
