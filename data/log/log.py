"""Appending to the event log: a batch of events is durable, and signed, when the call returns.

A folder with two files that only grow: ``events.jsonl``, one event a line, and ``heads.jsonl``, one signed head a
batch. Events are written and synced before the head that covers them; so a writer that is killed leaves at most lines
that nobody signed, and of which nobody was told that they are in the log. The next writer cuts them off and logs that.

Reading a log: every event is what a signed head says, or the log is refused with what is wrong and where.
"""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from vivavoce.data.errors import Exit, VivaError
from vivavoce.data.log.event import Action, Event, Head, HeadRefused
from vivavoce.data.log.tree import Tree, leaf_hash
from vivavoce.data.signing.key import Role, SigningKey, Trust
from vivavoce.data.signing.signature import Purpose, SignatureRefused, check, known
from vivavoce.data.vault.durable import make_folder, sync_folder

EVENTS, HEADS = "events.jsonl", "heads.jsonl"


class NoLog(VivaError):
    """There is no event log where one is looked for."""


class LogAltered(VivaError):
    """A log that is not what its heads say; ``findings`` lists what was found, in the order of the log."""

    status = Exit.FINDING

    def __init__(self, folder: Path, findings: Sequence[str]) -> None:
        self.findings = tuple(findings)
        super().__init__(
            f"The event log {folder} was altered: {'; '.join(findings)}. Keep it as it is, find out who wrote there, "
            "and go on from a copy that verifies."
        )


@dataclass(frozen=True)
class Read:
    """A log whose signed part holds.

    Parameters
    ----------
    lines
        Of the signed events, without their ends.
    heads
        All of them, the last one over all lines.
    tree
        Of the signed events.
    unsigned
        What stands after the signed events: nothing, or what a writer left that was killed before it signed.
    cut_head
        Whether the file of heads ends in the middle of a line, as that of a killed writer does.
    """

    lines: tuple[bytes, ...]
    heads: tuple[Head, ...]
    tree: Tree
    unsigned: bytes
    cut_head: bool

    def events(self, *actions: Action) -> Iterator[Event]:
        """Yield the signed events, all or those of some actions."""
        marks = [f'"action":"{action.value}"'.encode() for action in actions]
        for line in self.lines:
            if not marks or any(mark in line for mark in marks):  # spares parsing what is certainly another's
                event = Event.read(line)[1]
                if not actions or event.action in actions:
                    yield event


def verify_log(folder: Path, trust: Trust, *, kept: Iterable[Head] = ()) -> Read:
    """Read a log and check all of it.

    Found without anything else: a changed byte, a line taken out, put in or moved, lines taken from the end, lines
    added at the end, heads changed, taken or signed by an unknown key. A log that was put back whole to an earlier
    state, heads included, was true once: only a head that was kept elsewhere shows that there has been more since. The
    same goes for whoever has the log's own key and signs a history anew.

    Parameters
    ----------
    folder
        Of the log.
    trust
        Keys that count: the last head's must have the role ``log`` and must not be revoked; earlier heads may be
        signed by keys that were revoked since.
    kept
        Heads of this log from elsewhere.

    Raises
    ------
    NoLog
        If there is none.
    LogAltered
        With every finding.
    """
    with shared(folder):
        read = read_log(folder, trust, kept)
    if read.unsigned or read.cut_head:
        raise LogAltered(folder, [_tail(read)])
    return read


def read_log(folder: Path, trust: Trust, kept: Iterable[Head] = ()) -> Read:
    """As :func:`verify_log`, for who holds the lock: what stands after the last head is returned, not refused."""
    heads, findings, cut_head = _heads((folder / HEADS).read_bytes() if (folder / HEADS).exists() else b"")
    content = (folder / EVENTS).read_bytes()
    lines = content.split(b"\n")[:-1]
    findings += _signatures(heads, trust)
    size = heads[-1].size if heads else 0
    if not heads:
        findings.append("no signed head")
    if len(lines) < size:
        findings.append(f"{len(lines)} events are left of {size}: the end was cut off")
    signed = tuple(lines[:size])
    tree, found = _tree(signed, heads, tuple(kept), trust)
    findings += found
    if not findings and (not signed or Event.read(signed[0])[1].action is not Action.CREATE):
        findings.append("it does not begin with its creation")
    if findings:
        raise LogAltered(folder, findings)
    return Read(signed, tuple(heads), tree, content[sum(len(line) + 1 for line in signed) :], cut_head)


def _tail(read: Read) -> str:
    what = f"{len(read.unsigned)} bytes" if read.unsigned else "half a head"
    return (
        f"{what} after the last signed head, over {read.tree.size} events, that nobody signed: added by somebody, or "
        "left by a writer that was killed (viva log recover cuts them off and logs that)"
    )


@contextmanager
def shared(folder: Path) -> Iterator[None]:
    """Wait until nobody writes, and keep writers out meanwhile."""
    try:
        handle = os.open(folder / EVENTS, os.O_RDONLY)
    except OSError as error:
        raise NoLog(f"There is no event log at {folder}. Name it in VIVA_LOG, or begin one: viva log create") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def _heads(content: bytes) -> tuple[list[Head], list[str], bool]:
    *lines, rest = content.split(b"\n")
    heads: list[Head] = []
    findings = []
    for number, line in enumerate(lines, start=1):
        try:
            head = Head.read(line)
        except HeadRefused as error:
            findings.append(f"head {number}: {error}")
            continue
        if heads and head.size <= heads[-1].size:
            findings.append(f"head {number} is over {head.size} events, and the one before over {heads[-1].size}")
        heads.append(head)
    return heads, findings, bool(rest)


def _signatures(heads: Sequence[Head], trust: Trust) -> list[str]:
    findings = []
    for number, head in enumerate(heads, start=1):
        try:
            if number == len(heads):
                check(head.signature, Purpose.HEAD, head.content(), trust, Role.LOG)
            elif Role.LOG not in (key := known(head.signature, Purpose.HEAD, head.content(), trust)).roles:
                findings.append(f"head {number} is signed by {key.name!r}, which is no key of a log")
        except SignatureRefused as error:
            findings.append(f"head {number}: {error}")
    return findings


def _tree(lines: Sequence[bytes], heads: Sequence[Head], kept: Sequence[Head], trust: Trust) -> tuple[Tree, list[str]]:
    """The tree over all lines, and which stretch between two heads is not what was signed."""
    findings: list[str] = []
    tree, begin = Tree(), 0
    roots = {head.size: "" for head in (*heads, *kept)}
    for number, line in enumerate(lines):
        if not line.startswith(b'{"n":%d,' % number):
            found = f"where event {number} should be stands {line[:40].decode(errors='backslashreplace')!r}"
            findings += [] if findings else [found]  # the first says where; all that follow are shifted with it
        tree.add(leaf_hash(line))
        if tree.size in roots:
            roots[tree.size] = tree.root().hex()
    for head in heads:
        if head.size <= len(lines) and roots[head.size] != head.root:
            findings.append(f"events {begin} to {head.size - 1} are not those that were signed")
            break
        begin = head.size
    for head in kept:
        findings += _kept(head, len(lines), roots[head.size], trust)
    return tree, findings


def _kept(head: Head, size: int, root: str, trust: Trust) -> list[str]:
    try:
        key = known(head.signature, Purpose.HEAD, head.content(), trust)
    except SignatureRefused as error:
        return [f"the head that was kept elsewhere: {error}"]
    if head.size > size:
        return [
            f"a head kept elsewhere, signed by {key.name!r} at {head.signature.time}, is over {head.size} events, and "
            f"here are {size}: an old state was put back"
        ]
    return [] if head.root == root else [f"the first {head.size} events are not those of the head kept elsewhere"]


LOG_ID_BYTES = 16  # random, in the first event: no two logs are the same


class LogRefused(VivaError):
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
