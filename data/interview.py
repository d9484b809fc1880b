"""The nouns: an interview, its media, its questions, the consent that covers it.

Consent on record: reading it strictly, and what follows from it for an interview.

A row's own consent always counts; a policy declared for the whole batch covers text and scoring only, and only rows
that say nothing themselves.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import InitErrorDetails

from vivavoce.data.problem import detail, refuse
from vivavoce.data.status import Reason


class Modality(StrEnum):
    """What consent is given for, and what a feature is measured from."""

    TEXT = "text"
    VOICE = "voice"
    FACE = "face"


class Profile(StrEnum):
    """Which modalities a run measures, where consent allows them too."""

    LANGUAGE = "language"
    VOICE = "voice"
    FACE = "face"
    ALL = "all"

    @property
    def modalities(self) -> frozenset[Modality]:
        """The modalities that this profile asks for; text is always among them."""
        return _ASKED[self]


_ASKED = {
    Profile.LANGUAGE: frozenset({Modality.TEXT}),
    Profile.VOICE: frozenset({Modality.TEXT, Modality.VOICE}),
    Profile.FACE: frozenset({Modality.TEXT, Modality.FACE}),
    Profile.ALL: frozenset(Modality),
}


class Purpose(StrEnum):
    """What consent allows the measurements to be used for."""

    SCORE = "score"
    TRAIN = "train"
    AUDIT = "audit"
    EXTERNAL_READER = "external_reader"  # masked words may go to a language model outside


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
    language: str  # "en", "zh", "yue" (Cantonese: goes to people) or "auto"
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


YEAR_FIRST = re.compile(r"(\d{4})(?:[-/.]|年)(\d{1,2})(?:[-/.]|月)(\d{1,2})日?(?!\d)")


def year_first(text: str) -> str:
    """A day that begins with its year as ISO 8601 writes it, and what follows; text without one as it is.

    Examples
    --------
    >>> year_first("2026/3/1"), year_first("2026年11月2日 09:30"), year_first("1.3.2026")
    ('2026-03-01', '2026-11-02 09:30', '1.3.2026')
    """
    return YEAR_FIRST.sub(lambda day: "{}-{:0>2}-{:0>2}".format(*day.groups()), text, count=1)


def _iso_date(value: object) -> object:
    """A day; of a time, which is what sheets and pandas make of days, where it is midnight."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(year_first(value))
        except ValueError as error:
            raise ValueError("Write the day as 2026-11-22 (ISO 8601).") from error
    if isinstance(value, datetime) and value.time() == time():
        return value.date()
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError("Write the day as 2026-11-22 (ISO 8601).")
    return value


Day = Annotated[date, BeforeValidator(_iso_date)]
Granted = Annotated[bool, Field(strict=True)]


class ConsentEntry(BaseModel):
    """The ``consent`` field of a manifest row, as written.

    ``text`` must be stated; ``voice`` and ``face`` are granted only where they are. A refusal needs no more than
    ``{"text": false}``; a grant states its purposes, its day and the policy that the candidate was shown.
    Validation takes ``context={"today": date}``: nothing may be dated later.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Granted
    voice: Granted = False
    face: Granted = False
    purpose: tuple[Purpose, ...] | None = None
    date: Day | None = None
    policy: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    withdrawn: Day | None = None

    @model_validator(mode="after")
    def _coherent(self, info: ValidationInfo) -> Self:
        found: list[InitErrorDetails] = [
            detail((field,), None, f"Consent that grants text must state its {field}.")
            for field in ("purpose", "date", "policy")
            if self.text and getattr(self, field) is None
        ]
        today: date = info.context["today"] if info.context else date.max
        for field, day in (("date", self.date), ("withdrawn", self.withdrawn)):
            if day is not None and day > today:
                found.append(detail((field,), day.isoformat(), f"This lies after today ({today}): correct the day."))
        if self.date and self.withdrawn and self.date > self.withdrawn:
            remedy = f"Consent was given on {self.date}, after this: record the later decision only."
            found.append(detail(("withdrawn",), self.withdrawn.isoformat(), remedy))
        refuse("consent", found)
        return self

    def recorded(self) -> Consent:
        """Return what the candidate granted."""
        granted = {Modality.TEXT: self.text, Modality.VOICE: self.voice, Modality.FACE: self.face}
        return Consent(
            modalities=frozenset(modality for modality, yes in granted.items() if yes),
            purposes=frozenset(self.purpose or ()),
            given=self.date,
            policy=self.policy,
            withdrawn=self.withdrawn,
        )


def consent_on_file(policy: str) -> Consent:
    """Return the consent that an operator declares for a batch: text only, scoring only, under a named policy.

    Raises
    ------
    ValueError
        Where the policy has no name.

    Examples
    --------
    >>> sorted(consent_on_file("privacy-2026").modalities)
    [<Modality.TEXT: 'text'>]
    """
    if not policy.strip():
        raise ValueError(
            "The 'policy' parameter of consent_on_file must name the policy that candidates agreed to. "
            f"Got {policy!r} instead."
        )
    return Consent(frozenset({Modality.TEXT}), frozenset({Purpose.SCORE}), given=None, policy=policy, on_file=True)


CANTONESE = "yue"  # ISO 639-3
MEASURED = ("en", "zh")  # what is recognised and measured
SPOKEN = {  # by their usual tags (BCP 47) and names; the first that matches whole
    CANTONESE: re.compile(
        r"(?:(?:zh-)?yue|zh(?:-hant|-hans)?-(?:hk|mo))(?:-[a-z0-9]+)*|cantonese|粤语|粵語|广东话|廣東話"
    ),
    "zh": re.compile(r"(?:zh|cmn)(?:-[a-z0-9]+)*|chinese|mandarin|中文|汉语|漢語|普通话|普通話|国语|國語|华语|華語"),
    "en": re.compile(r"en(?:-[a-z0-9]+)*|english|英语|英語|英文"),
}


def spoken_language(value: object) -> object:
    """A language by any of its usual tags and names; what Hong Kong and Macau call Chinese is spoken as Cantonese.

    Examples
    --------
    >>> [spoken_language(one) for one in ("zh-HK", "zh_TW", "en-GB", "普通话", "fr")]
    ['yue', 'zh', 'en', 'zh', 'fr']
    """
    if not isinstance(value, str):
        return value
    tag = value.strip().replace("_", "-").casefold()
    return next((language for language, names in SPOKEN.items() if names.fullmatch(tag)), value)


def route(interview: Interview, purpose: Purpose, languages: Collection[str] = MEASURED) -> Reason | None:
    """Say why an interview may not be processed for a purpose, or None where it may.

    In this order: an accommodation goes to people, whatever else the row says (``human_route``); no consent on
    record is ``no_consent``; a refusal (``text`` false) or a withdrawal goes to people (``human_route``); consent
    that names other purposes only is ``no_consent`` for this one; spoken Cantonese goes to people, since nobody has
    measured how it is recognised and scored (``unmeasured_language``); a language that is said and is none of
    ``languages``, those of the job's framework, is ``framework_language``.

    Examples
    --------
    >>> row = Interview("i1", "c1", "software_engineer", (), "en", consent=None)
    >>> route(row, Purpose.SCORE)
    <Reason.NO_CONSENT: 'no_consent'>
    """
    if interview.accommodation:
        return Reason.HUMAN_ROUTE
    if interview.consent is None:
        return Reason.NO_CONSENT
    if interview.consent.refused:
        return Reason.HUMAN_ROUTE
    if purpose not in interview.consent.purposes:
        return Reason.NO_CONSENT
    if interview.language == CANTONESE:
        return Reason.UNMEASURED_LANGUAGE
    return None if interview.language in ("auto", *languages) else Reason.FRAMEWORK_LANGUAGE


def permitted(consent: Consent | None, purpose: Purpose) -> frozenset[Modality]:
    """Return the modalities that consent allows to be measured for a purpose; none where there is no consent.

    What is measured is this and what the profile asks for: ``permitted(consent, purpose) & profile``.

    Examples
    --------
    >>> permitted(consent_on_file("privacy-2026"), Purpose.TRAIN)
    frozenset()
    """
    return frozenset(modality for modality in Modality if consent is not None and consent.allows(modality, purpose))
