"""``reviews.jsonl``: one line for each second look at a score. It only grows.

Each line names the digest of the line before it, and what it says is sealed with the candidate's key. Erasing a person
therefore erases what was said of them, and changes no byte.
"""

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from vivavoce.data.errors import Exit, VivaError
from vivavoce.data.log.event import Action, Event, canonical, pseudonym
from vivavoce.data.vault.durable import sync_folder
from vivavoce.data.vault.keys import derive, seal, unseal

REVIEWS = "reviews.jsonl"
FIRST = "0" * 64  # what the first line names as the digest before it
PURPOSE = "reviews"  # of the key that seals them


class ReviewsAltered(VivaError):
    """A line of ``reviews.jsonl`` is not what was written there, or one is missing, put in, or elsewhere."""

    status = Exit.FINDING


@dataclass(frozen=True)
class Review:
    """One second look.

    Parameters
    ----------
    candidate_id, interview_id, job, competency, model_digest
        Which score, and by which version.
    before, after
        Points, 0–100: what stood before (the machine's score, or the last review's) and what the person says.
    reviewer, date, reason
        Who, when (UTC, ISO 8601), why.
    """

    candidate_id: str
    interview_id: str
    job: str
    competency: str
    model_digest: str | None
    before: float
    after: float
    reviewer: str
    date: str
    reason: str


@dataclass(frozen=True)
class Kept:
    """The reviews of a folder; ``erased`` lines are of people of whom nothing can be read any more."""

    reviews: tuple[Review, ...]
    erased: int


def make_line(lines: list[bytes], review: Review, key: bytes) -> bytes:
    """The line that follows these, without its end."""
    number, previous = len(lines), digest_of(lines[-1]) if lines else FIRST
    sealed = seal(derive(key, PURPOSE), canonical(asdict(review)), _address(number))
    document = {
        "n": number,
        "previous": previous,
        "person": pseudonym(key),
        "sealed": base64.b64encode(sealed).decode(),
    }
    return canonical(document)


def open_line(line: bytes, key: bytes) -> Review:
    """The review in a line. Raises :class:`vivavoce.data.vault.keys.Tampered`, :class:`ReviewsAltered`."""
    document = json.loads(line)
    try:
        sealed = base64.b64decode(document["sealed"], validate=True)
    except binascii.Error as error:
        raise ReviewsAltered(f"Line {document['n'] + 1} of {REVIEWS} was changed: {error}. Restore it.") from error
    content = unseal(derive(key, PURPOSE), sealed, _address(document["n"]))
    return Review(**json.loads(content))


def _address(number: int) -> str:
    return f"review/{number}"


def person_of(line: bytes) -> str:
    """Whose score it is about, by the event log's pseudonym."""
    person: str = json.loads(line)["person"]
    return person


def digest_of(line: bytes) -> str:
    """SHA-256 of a line, hexadecimal: what the next line and the event log call it."""
    return hashlib.sha256(line).hexdigest()


def read_lines(path: Path) -> list[bytes]:
    """Every whole line, checked against the one before it; what a killed writer left of one never counted."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    previous = FIRST
    for number, line in enumerate(lines):
        try:
            document = json.loads(line)
            good = (document["n"], document["previous"]) == (number, previous) and {"person", "sealed"} < set(document)
        except (ValueError, KeyError, TypeError):
            good = False
        if not good:
            raise ReviewsAltered(
                f"{path}, line {number + 1}: it does not follow the line before it, so one of them was changed, put in "
                "or taken out. Restore the file from your backup."
            )
        previous = digest_of(line)
    return lines


def event_of(lines: list[bytes], line: bytes, review: Review, who: str) -> Event:
    """What the event log says of a line that follows these; ``file`` is the file's first line, by which it is known."""
    digests = {"review": digest_of(line), "file": digest_of((lines or [line])[0])}
    digests |= {"model": review.model_digest} if review.model_digest else {}
    details = {"reviewer": review.reviewer, "line": len(lines)}
    return Event.now(Action.REVIEW, who, digests=digests, details=details, people=(person_of(line),))


def late_events(lines: list[bytes], events: Iterable[Event], who: str) -> list[Event]:
    """What the event log lacks of these lines: their writer was killed before the event, or there was no log yet."""
    entered = {
        event.details.get("line") for event in events if lines and event.digests.get("file") == digest_of(lines[0])
    }
    return [
        Event.now(
            Action.REVIEW,
            who,
            digests={"review": digest_of(line), "file": digest_of(lines[0])},
            details={"line": number, "entered": "by a later review"},
            people=(person_of(line),),
        )
        for number, line in enumerate(lines)
        if number not in entered
    ]


def check_logged(path: Path, lines: list[bytes], events: Iterable[Event]) -> None:
    """Refuse a file from which lines that the log knows are gone, or that has others in their place.

    Raises
    ------
    ReviewsAltered
        Naming the line.
    """
    if not lines:
        return
    for event in events:
        number = event.details.get("line")
        if event.digests.get("file") != digest_of(lines[0]) or not isinstance(number, int):
            continue
        if number >= len(lines) or digest_of(lines[number]) != event.digests["review"]:
            whose = event.details.get("reviewer", "somebody")
            raise ReviewsAltered(
                f"{path}, line {number + 1}: it is not the review that {whose} gave on {event.time[:10]} by "
                "the event log. Restore the file from your backup."
            )


def append_line(path: Path, lines: list[bytes], line: bytes) -> None:
    """Write a line after these; it is durable when this returns."""
    size = sum(len(one) + 1 for one in lines)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.truncate(size)
        stream.seek(size)
        stream.write(line + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder(path.parent)
