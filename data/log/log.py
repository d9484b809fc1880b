"""Appending to the event log: a batch of events is durable, and signed, when the call returns.

A folder with two files that only grow: ``events.jsonl``, one event a line, and ``heads.jsonl``, one signed head a
batch. Events are written and synced before the head that covers them; so a writer that is killed leaves at most lines
that nobody signed, and of which nobody was told that they are in the log. The next writer cuts them off and logs that.
"""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from vivavoce.data.log.event import Action, Event
from vivavoce.data.log.head import Head
from vivavoce.data.log.merkle import Tree, leaf_hash
from vivavoce.data.log.verify import EVENTS, HEADS, NoLog, Read, read_log
from vivavoce.data.signing.key import SigningKey
from vivavoce.data.signing.trust import Role, Trust
from vivavoce.data.vault.durable import make_folder, sync_folder

LOG_ID_BYTES = 16  # random, in the first event: no two logs are the same


class LogRefused(ValueError):
    """A log that cannot be begun or written: it is there already, or the key may not sign it."""


class EventLog:
    """A log, held for writing by one process at a time until it is closed; others wait.

    Open it, append, close it: who keeps it open keeps everybody else from writing and reading.
    """

    def __init__(self, folder: Path, key: SigningKey, events: int, heads: int, found: Read) -> None:
        self.folder = folder
        self.found = found  # what was in the log when it was opened
        self.head = found.heads[-1] if found.heads else None
        self._key = key
        self._events = events  # handles; the lock is on the first
        self._heads = heads
        self._tree = found.tree

    @classmethod
    def create(cls, folder: Path, key: SigningKey, trust: Trust, *, who: str) -> Head:
        """Begin a log in a folder that has none; returns its first head.

        Raises
        ------
        LogRefused
            If there is one, or the trust file does not list the key with the role ``log``.
        """
        _may_sign(key, trust)
        make_folder(folder)
        try:
            events = os.open(folder / EVENTS, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise LogRefused(f"There is an event log in {folder} already, and a log is never begun twice.") from error
        fcntl.flock(events, fcntl.LOCK_EX)
        heads = os.open(folder / HEADS, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        sync_folder(folder)
        with cls(folder, key, events, heads, Read((), (), Tree(), b"", cut_head=False)) as log:
            return log.append([Event.now(Action.CREATE, who, details={"log": secrets.token_hex(LOG_ID_BYTES)})])

    @classmethod
    def open(cls, folder: Path, key: SigningKey, trust: Trust, *, who: str, kept: Iterable[Head] = ()) -> Self:
        """Take hold of a log, after those who have it; all of it is verified first, against kept heads too.

        What a killed writer left unsigned is cut off, and the first new event says how much that was.

        Raises
        ------
        NoLog
            If there is none.
        LogRefused
            If the trust file does not list the key with the role ``log``.
        LogAltered
            If it is not what its heads say: nothing is built on it.
        """
        _may_sign(key, trust)
        try:
            events = os.open(folder / EVENTS, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise NoLog(f"There is no event log at {folder}. Name it in VIVA_LOG, or: viva log create") from error
        try:
            fcntl.flock(events, fcntl.LOCK_EX)
            found = read_log(folder, trust, kept)
            heads = os.open(folder / HEADS, os.O_RDWR | os.O_APPEND)
        except BaseException:
            os.close(events)
            raise
        log = cls(folder, key, events, heads, found)
        if found.unsigned or found.cut_head:
            log._recover(who)
        return log

    def append(self, events: Iterable[Event]) -> Head:
        """Write a batch: all its events are durable and covered by the returned head, or none is in the log.

        One batch costs two syncs of the disk and one signature, however many events it has.

        Raises
        ------
        OSError
            If it could not be written; the log is then closed, and the next writer cuts off what was left.
        """
        lines = [event.line(number) for number, event in enumerate(events, start=self._tree.size)]
        if not lines:
            raise ValueError("A batch must have at least one event. Got none.")
        try:
            _write(self._events, b"".join(line + b"\n" for line in lines))
            for line in lines:
                self._tree.add(leaf_hash(line))
            head = Head.sign(self._tree.size, self._tree.root(), self._key, datetime.now(UTC))
            _write(self._heads, head.line() + b"\n")
        except BaseException:
            self.close()
            raise
        self.head = head
        return head

    def _recover(self, who: str) -> None:
        unsigned = self.found.unsigned
        os.ftruncate(self._events, os.fstat(self._events).st_size - len(unsigned))
        os.ftruncate(self._heads, sum(len(head.line()) + 1 for head in self.found.heads))
        details = {"bytes": len(unsigned), "lines": unsigned.count(b"\n")}
        digests = {"cut": hashlib.sha256(unsigned).hexdigest()}
        self.append([Event.now(Action.RECOVER, who, details=details, digests=digests)])

    def close(self) -> None:
        """Let go of the log."""
        for handle in (self._heads, self._events):
            if handle >= 0:
                os.close(handle)
        self._events = self._heads = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _may_sign(key: SigningKey, trust: Trust) -> None:
    found = trust.find(key.id)
    if found is None or found.revoked or Role.LOG not in found.roles:
        state = "is not in the trust file" if found is None else "was revoked" if found.revoked else "has another role"
        raise LogRefused(f"The key {key.id} {state}: a log needs a trusted key of the role {Role.LOG.value!r}.")


def _write(handle: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]
    os.fsync(handle)
