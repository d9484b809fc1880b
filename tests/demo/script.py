"""What each demo candidate says, how it sounds and looks, and what is wrong with the recording: the planted truth."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from tests.demo.portrait import Look

ASIDE = re.compile(r"\{([^|{}]*)\|([^{}]*)\}")  # {what a transcript writes|what is pronounced}, without a comma
SENTENCE = re.compile(r"(?<=[.?!])\s+|(?<=[。？！])\s*")
CLAUSE = re.compile(r"(?<=[,;:，；：、])\s*")
CHINESE = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])\s+|\s+(?=[\u3000-\u9fff\uff00-\uffef])")


@dataclass(frozen=True)
class Voice:
    """An espeak-ng voice: ``variant`` as after ``-v``, ``pitch`` 0–99 as after ``-p``."""

    variant: str
    words_per_minute: int
    pitch: int


@dataclass(frozen=True)
class Reply:
    """One question's part of a recording: what the interviewer says first, if anything, and the answer."""

    question: str
    text: str
    asked: str | None = None


@dataclass(frozen=True)
class Script:
    """One demo interview. ``row`` holds what the manifest takes over as it stands."""

    interview_id: str
    name: str
    language: str
    voice: Voice
    look: Look
    answers: tuple[Reply, ...]
    transcript: str | None  # "zoom", "teams", "srt" or "whisper"
    defect: str | None  # "no_sound", "no_face", "cut_off"
    container: str  # "mp4" or "webm"
    one_file_per_question: bool
    interviewer: str | None  # the interviewer's name in the transcript of a dialogue
    row: dict[str, Any]

    @property
    def seed(self) -> int:
        """What decides pauses, nods and blinks: the number in the interview's id."""
        return int(self.interview_id.lstrip("c"))


def read_script(path: Path) -> Script:
    """Read one script; a missing or misspelt key is a ``KeyError`` or ``TypeError`` that names it."""
    text = yaml.safe_load(path.read_text(encoding="utf-8"))
    look: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in text["look"].items()
    }
    answers = tuple(
        Reply(part["question"], join(part["text"]), join(part["asked"]) if "asked" in part else None)
        for part in text["answers"]
    )
    kept = ("interview_id", "candidate_id", "candidate_name", "job", "interviewer_id", "language", "site")
    row = {key: text[key] for key in kept}
    row["stage"] = text.get("stage", "first")
    recorded_at = text["recorded_at"]
    row["recorded_at"] = recorded_at.isoformat() if isinstance(recorded_at, datetime) else recorded_at
    row["consent"] = consent_of(text)
    row["accommodation"] = text.get("accommodation", False)
    return Script(
        interview_id=text["interview_id"],
        name=text["candidate_name"],
        language=text["language"],
        voice=Voice(**text["voice"]),
        look=Look(**look),
        answers=answers,
        transcript=text.get("transcript"),
        defect=text.get("defect"),
        container=text.get("container", "mp4"),
        one_file_per_question=text.get("one_file_per_question", False),
        interviewer=text.get("interviewer"),
        row=row,
    )


def consent_of(text: dict[str, Any]) -> dict[str, Any] | None:
    """Consent as on the manifest's row: to all three modalities unless the script says otherwise."""
    given = text.get("consent", ["text", "voice", "face"])
    if given is None:
        return None
    return {
        **{modality: modality in given for modality in ("text", "voice", "face")},
        "purpose": ["score", "train", "audit"],
        "date": text["recorded_at"].date().isoformat(),
        "policy": "demo-1",
        "withdrawn": None,
    }


def join(text: str) -> str:
    r"""Undo the line breaks of a folded YAML text: none between Chinese characters.

    Examples
    --------
    >>> join("前 后\n用 API 来"), join("one\ntwo")
    ('前后用API来', 'one two')
    """
    return CHINESE.sub("", " ".join(text.split()))


def sentences(text: str) -> list[str]:
    """Split an answer into sentences.

    Examples
    --------
    >>> sentences("I wrote to a.b@example.com. Um, it was full! 然后呢？好了。")
    ['I wrote to a.b@example.com.', 'Um, it was full!', '然后呢？', '好了。']
    """
    return [part.strip() for part in SENTENCE.split(text) if part.strip()]


def clauses(sentence: str) -> list[str]:
    """Split a sentence where a speaker would pause.

    Examples
    --------
    >>> clauses("Um, it was full, again.")
    ['Um,', 'it was full,', 'again.']
    """
    return [part for part in CLAUSE.split(sentence) if part.strip()]


def written(text: str) -> str:
    """What a transcript shows.

    Examples
    --------
    >>> written("Call {555 0142|five five five}."), pronounced("Call {555 0142|five five five}.")
    ('Call 555 0142.', 'Call five five five.')
    """
    return ASIDE.sub(r"\1", text)


def pronounced(text: str) -> str:
    """What is read aloud."""
    return ASIDE.sub(r"\2", text)
