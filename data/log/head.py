"""A signed head: so many events under this root, vouched for by a key. Kept elsewhere, it shows a later rewriting."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vivavoce.data.log.event import canonical
from vivavoce.data.problem import shorten
from vivavoce.data.signing.key import SigningKey
from vivavoce.data.signing.signature import Purpose, Signature, SignatureRefused, sign


class HeadRefused(ValueError):
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
