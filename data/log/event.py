"""One event: who did what, when, to which files; as one canonical line of JSON.

A signed head: so many events under this root, vouched for by a key. Kept elsewhere, it shows a later rewriting.
"""

import hashlib
import hmac
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from vivavoce.data.errors import VivaError
from vivavoce.data.problem import shorten
from vivavoce.data.signing.key import SigningKey
from vivavoce.data.signing.signature import Purpose, Signature, SignatureRefused, sign
from vivavoce.data.vault.keys import derive

MAX_LINE = 64 * 2**10  # bytes
PEOPLE = 1000  # that one event names at most: 35,000 bytes, which leaves room for the rest
PSEUDONYM_DIGITS = 32  # hex, 128 bits
DIGEST = re.compile(r"[0-9a-f]{64}")
PSEUDONYM = re.compile(rf"[0-9a-f]{{{PSEUDONYM_DIGITS}}}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
OPERATOR = re.compile(r"[^\s\x00-\x1f](?:[^\x00-\x1f]{0,78}[^\s\x00-\x1f])?")
Value = str | int | float | bool | None


class EventRefused(VivaError):
    """An event that is not well formed, or a line that is none."""


class Action(StrEnum):
    """What can be done."""

    CREATE = "create"  # the log itself: always the first event, and only that
    RECOVER = "recover"  # what a killed writer left unsigned was cut off
    TRAIN = "train"
    AUDIT = "audit"
    SIGN = "sign"  # an audit and its papers
    WAIVE = "waive"
    REGISTER = "register"
    PROMOTE = "promote"  # an alias of the registry to a version
    ROLL_BACK = "roll_back"  # the alias to the version before
    PUBLISH = "publish"
    SCORE = "score"
    REVIEW = "review"
    MONITOR = "monitor"
    ERASE = "erase"
    KEY = "key"  # a signing key was made or revoked


@dataclass(frozen=True)
class Event:
    """What is logged.

    Parameters
    ----------
    action
        What was done.
    who
        Id of the operator: staff, never a candidate; 1–80 characters.
    time
        UTC, ISO 8601, seconds.
    digests
        SHA-256 (hex) of what it was done to or came of it, by name.
    details
        A few plain values by name: a model's name, a version, a reason, counts. No id of a candidate belongs here.
    people
        Whom it concerns, by :func:`pseudonym` only.
    signature
        Of the person who did it, where the action needs one; beside the signature of the log's head.

    Raises
    ------
    EventRefused
        Naming the field, its value and what it must be.
    """

    action: Action
    who: str
    time: str
    digests: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Value] = field(default_factory=dict)
    people: tuple[str, ...] = ()
    signature: Signature | None = None

    def __post_init__(self) -> None:
        """Refuse what is not well formed."""
        if not TIME.fullmatch(self.time):
            raise EventRefused(
                f"The time must be UTC, like 2026-11-22T12:00:00+00:00. Got {shorten(self.time)} instead."
            )
        if not OPERATOR.fullmatch(self.who):
            raise EventRefused(f"The operator must be 1 to 80 printable characters. Got {shorten(self.who)} instead.")
        for name, digest in self.digests.items():
            if not DIGEST.fullmatch(digest):
                raise EventRefused(f"The digest of {name!r} must be 64 hexadecimal digits. Got {shorten(digest)}.")
        for one in self.people:
            if not PSEUDONYM.fullmatch(one):
                raise EventRefused(f"People must be named by their pseudonym in the log. Got {shorten(one)} instead.")
        for name, value in self.details.items():
            if not isinstance(value, Value) or (isinstance(value, float) and not math.isfinite(value)):
                raise EventRefused(
                    f"The detail {name!r} must be text, a finite number or a bool. Got {shorten(value)}."
                )

    @staticmethod
    def now(action: Action, who: str, **fields: Any) -> "Event":
        """Return an event of this moment."""
        return Event(action, who, datetime.now(UTC).isoformat(timespec="seconds"), **fields)

    def naming(self, people: Sequence[str]) -> list["Event"]:
        """Return the event once for each thousand people whom it concerns, by their pseudonyms."""
        portions = range(0, len(people), PEOPLE)
        return [replace(self, people=tuple(people[begin : begin + PEOPLE])) for begin in portions]

    def signed(self, key: SigningKey) -> "Event":
        """Return the event signed over all that it says, at its own time."""
        signature = sign(key, Purpose.EVENT, self.content(), datetime.fromisoformat(self.time))
        return replace(self, signature=signature)

    def content(self) -> bytes:
        """Return what a signature of the event covers."""
        return canonical({name: value for name, value in self._document().items() if name != "signature"})

    def line(self, number: int) -> bytes:
        """Return the line of the log, without its end: canonical JSON that begins with the event's number.

        Raises
        ------
        EventRefused
            If it is longer than 64 KiB.
        """
        found = canonical({"n": number, **self._document()})
        if len(found) > MAX_LINE:
            raise EventRefused(f"An event must have at most {MAX_LINE} bytes. Got {len(found)}: write several.")
        return found

    def _document(self) -> dict[str, Any]:
        document = {
            "action": self.action.value,
            "who": self.who,
            "time": self.time,
            "digests": dict(sorted(self.digests.items())),
            "details": dict(sorted(self.details.items())),
            "people": list(self.people),
            "signature": self.signature.document() if self.signature else None,
        }
        return {name: value for name, value in document.items() if value not in ({}, [], None)}

    @staticmethod
    def read(line: bytes) -> tuple[int, "Event"]:
        """Return the number and the event of a line.

        Raises
        ------
        EventRefused
            If the line is no event, or not in its canonical form.
        """
        try:
            document = json.loads(line)
            number = document.pop("n")
            signature = document.pop("signature", None)
            event = Event(
                Action(document.pop("action")),
                people=tuple(document.pop("people", ())),
                signature=Signature.of(signature) if signature is not None else None,
                **document,
            )
        except (ValueError, KeyError, TypeError, AttributeError, EventRefused, SignatureRefused) as error:
            raise EventRefused(f"This is no event: {shorten(line)} ({error}).") from error
        if type(number) is not int or event.line(number) != line:
            raise EventRefused(f"This event is not in its canonical form: {shorten(line)}.")
        return number, event


def pseudonym(person_key: bytes) -> str:
    """Return what the log calls a person, 32 hexadecimal digits: an HMAC under the person's own key.

    Whoever has the key can find the person's events. Once it is destroyed, nobody can tell whose they are, and not one
    byte of the log has changed.

    Examples
    --------
    >>> pseudonym(bytes(32))
    '590bfca5164f63a23d630ab49468b365'
    """
    return hmac.digest(derive(person_key, "event log"), b"person", hashlib.sha256).hex()[:PSEUDONYM_DIGITS]


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return JSON with one form only: no spaces, the fields' fixed order, no nan, UTF-8."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


class HeadRefused(VivaError):
    """A line that is no signed head."""


@dataclass(frozen=True)
class Head:
    """The first ``size`` events have this root (hex)."""

    size: int
    root: str
    signature: Signature

    @staticmethod
    def sign(size: int, root: bytes, key: SigningKey, now: datetime) -> "Head":
        """Return a new head."""
        return Head(size, root.hex(), sign(key, Purpose.HEAD, _content(size, root.hex()), now))

    def content(self) -> bytes:
        """Return what the signature covers."""
        return _content(self.size, self.root)

    def line(self) -> bytes:
        """Return the head as a line of JSON, without its end."""
        return canonical({"size": self.size, "root": self.root, "signature": self.signature.document()})

    @staticmethod
    def read(line: bytes) -> "Head":
        """Return the head that a line holds.

        Raises
        ------
        HeadRefused
            If it holds none.
        """
        try:
            document: dict[str, Any] = json.loads(line)
            head = Head(document["size"], document["root"], Signature.of(document["signature"]))
        except (ValueError, KeyError, TypeError, SignatureRefused) as error:
            raise HeadRefused(f"This is no head of a log: {shorten(line)}.") from error
        if type(head.size) is not int or head.line() != line:
            raise HeadRefused(f"This head is not in its canonical form: {shorten(line)}.")
        return head


def _content(size: int, root: str) -> bytes:
    return f"{size} {root}".encode()
