"""The nouns: an interview, its media, its questions, the consent that covers it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path


class Modality(StrEnum):
    """What consent is given for, and what a feature is measured from."""

    TEXT = "text"
    VOICE = "voice"
    FACE = "face"


class Purpose(StrEnum):
    """What consent allows the measurements to be used for."""

    SCORE = "score"
    TRAIN = "train"
    AUDIT = "audit"


@dataclass(frozen=True)
class Consent:
    """What a candidate agreed to.

    ``modalities`` and ``purposes`` are what was granted; ``withdrawn`` is the day it was taken back, which
    makes it a refusal. ``on_file`` marks consent declared for the whole batch (text only).
    """

    modalities: frozenset[Modality]
    purposes: frozenset[Purpose]
    given: date | None
    policy: str | None
    withdrawn: date | None = None
    on_file: bool = False

    @property
    def refused(self) -> bool:
        """Whether the candidate refused or withdrew: such a row goes to people."""
        return self.withdrawn is not None or Modality.TEXT not in self.modalities

    def allows(self, modality: Modality, purpose: Purpose) -> bool:
        """Whether this modality may be measured for this purpose."""
        return not self.refused and modality in self.modalities and purpose in self.purposes


@dataclass(frozen=True)
class QuestionSpan:
    """Where in a recording the answer to a question lies; ``end`` is None for *to the end of the file*."""

    question_id: str
    start: float  # seconds
    end: float | None  # seconds


@dataclass(frozen=True)
class Recording:
    """One media file of an interview.

    ``question_id`` is set where there is one file per question; ``transcript`` is the meeting tool's export for it.
    """

    path: Path
    question_id: str | None = None
    transcript: Path | None = None


@dataclass(frozen=True)
class Interview:
    """One validated manifest row."""

    interview_id: str
    candidate_id: str
    job: str
    recordings: tuple[Recording, ...]
    language: str  # "en", "zh" or "auto"
    consent: Consent | None
    candidate_name: str | None = None
    interviewer_id: str | None = None
    stage: str | None = None
    questions: tuple[QuestionSpan, ...] = ()
    site: str | None = None
    recorded_at: datetime | None = None
    candidate_speaker: str | None = None
    accommodation: bool = False
    line: int = 0  # of the manifest, 1-based; the header counts in CSV
