"""The ledger of an output folder: which row of the manifest ended how, so that a run can be killed and gone on with."""

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from vivavoce.data.errors import Exit, VivaError
from vivavoce.data.identity import Digest, Identity, digest_file
from vivavoce.data.run_owner import ConfigurationDiffers, Owner, differences, take_folder
from vivavoce.data.status import COMPLETE, MediaStatus, RowStatus

FORMAT = 1
CRASHES_ALLOWED = 2  # once may be bad luck (memory taken by a neighbour); twice is the recording
SHOWN = 20  # differences in a message; the rest is counted


class LedgerBroken(VivaError):
    """The ledger cannot be read, or its counts do not add up."""

    status = Exit.MACHINE


@dataclass(frozen=True)
class Pending:
    """A row that has not ended; ``crashes`` is how often it has taken its worker down."""

    interview_id: str
    digest: str
    attempts: int
    crashes: int


@dataclass(frozen=True)
class Finished:
    """How a row ended. ``reason`` is None exactly where nothing is missing; ``seconds`` is the time spent on it."""

    interview_id: str
    status: RowStatus
    reason: str | None
    media: MediaStatus | None
    seconds: float


@dataclass(frozen=True)
class Run:
    """One process that worked on the folder; ``ended`` is None where it was killed or still works."""

    pid: int
    host: str
    started: str  # UTC, ISO 8601
    ended: str | None
    versions: Mapping[str, str]


class Ledger:
    """One SQLite file per output folder, held by one process at a time, used from one thread.

    Every call that changes something is durable when it returns (write-ahead log, ``synchronous=FULL``: a row takes
    seconds to measure and milliseconds to record, so nothing is gained by risking it to a power cut).

    Open it with :meth:`open`; close it, use it as a context manager, or be killed.
    """

    def __init__(self, folder: Path, database: sqlite3.Connection, lock: int, run: int) -> None:
        self.folder = folder
        self._database = database
        self._lock = lock
        self._run = run

    @classmethod
    def open(cls, folder: Path, configuration: Mapping[str, Any], *, versions: Mapping[str, str]) -> Self:
        """Take hold of an output folder.

        Parameters
        ----------
        folder
            Must exist; gets ``ledger.sqlite`` and ``ledger.lock``.
        configuration
            JSON; everything that could change a result. The first run's is kept and every later one must equal it.
        versions
            What ran, for the record only: name → version.

        Raises
        ------
        AlreadyRunning
            If another process holds it; the sentence names it. The lock ends with its process, even by ``kill -9``.
        ConfigurationDiffers
            If the folder's results were made with another configuration; the sentence names each difference.
        LedgerBroken
            If the ledger is damaged or of another format.
        """
        lock, owner = take_folder(folder)
        try:
            database = _connect(folder / "ledger.sqlite")
            try:
                with database:
                    database.execute("BEGIN IMMEDIATE")
                    _agree(database, folder, configuration)
                    run = _enter(database, owner, versions)
            except BaseException:
                database.close()
                raise
        except BaseException:
            os.close(lock)
            raise
        return cls(folder, database, lock, run)

    def begin(self, rows: Sequence[tuple[str, str]]) -> None:
        """Enter the whole manifest as (interview id, digest of its line); of a folder that is resumed, the same one.

        Raises
        ------
        ValueError
            If an id is there twice.
        ConfigurationDiffers
            If the folder was begun with other rows; the sentence names them.
        """
        wanted = dict(rows)
        if len(wanted) != len(rows):
            twice = [name for name, times in Counter(name for name, _ in rows).items() if times > 1]
            raise ValueError(f"Every interview id must be there once. Got {', '.join(twice)} more than once.")
        with self._change() as database:
            known = dict(database.execute("SELECT interview_id, digest FROM interviews").fetchall())
            if not known:
                database.executemany(
                    "INSERT INTO interviews (place, interview_id, digest) VALUES (?, ?, ?)",
                    ((place, name, digest) for place, (name, digest) in enumerate(rows)),
                )
            elif known != wanted:
                raise _refusal(self.folder, "manifest", differences(known, wanted))

    def attempt(self, interview_id: str) -> int:
        """Record that a worker begins a row, before it does; return how often one has, this time included."""
        return self._count("attempts", interview_id)

    def crash(self, interview_id: str, seconds: float) -> bool:
        """Record that a row took its worker down; the second time it ends as ``not_scored(crashed)``.

        For a *worker's* death, seen by the living run: rows in flight when the whole run is killed have not crashed,
        they are simply pending again.

        Returns
        -------
        bool
            Whether the row has ended; False means it is to be tried again.
        """
        ended = self._count("crashes", interview_id) >= CRASHES_ALLOWED
        if ended:
            self.finish(interview_id, RowStatus.NOT_SCORED, MediaStatus.CRASHED, MediaStatus.CRASHED, seconds)
        return ended

    def finish(
        self, interview_id: str, status: RowStatus, reason: str | None, media: MediaStatus | None, seconds: float
    ) -> None:
        """End a row, once.

        Parameters
        ----------
        interview_id
            One that was begun.
        status
            How it ended.
        reason
            Why something is missing; None exactly where nothing is (scored, measured).
        media
            What decoding found; None where it was not decoded.
        seconds
            Time spent, ≥ 0.

        Raises
        ------
        ValueError
            If the row ended before with another status, reason or media (the same again changes nothing), is unknown,
            or reason and status contradict each other.
        """
        if (reason is None) != (status in COMPLETE):
            raise ValueError(
                f"{interview_id}: a row has a reason exactly where something is missing. Got {status}({reason})."
            )
        ending = (status.value, None if reason is None else str(reason), None if media is None else media.value)
        with self._change() as database:
            changed = database.execute(
                "UPDATE interviews SET status = ?, reason = ?, media = ?, seconds = ?, run = ? "
                "WHERE interview_id = ? AND status IS NULL",
                (*ending, seconds, self._run, interview_id),
            ).rowcount
            if not changed:
                before = database.execute(
                    "SELECT status, reason, media FROM interviews WHERE interview_id = ?", (interview_id,)
                ).fetchone()
                if before is None:
                    raise _unknown(interview_id)
                if before != ending:
                    raise ValueError(f"{interview_id} ended as {before} already; it cannot end as {ending} too.")

    def reopen(self, interview_id: str) -> None:
        """Make a row pending again whose sealed result was lost; its attempts and crashes stay counted."""
        with self._change() as database:
            database.execute(
                "UPDATE interviews SET status = NULL, reason = NULL, media = NULL, seconds = NULL, run = NULL "
                "WHERE interview_id = ?",
                (interview_id,),
            )

    def pending(self) -> tuple[Pending, ...]:
        """Rows that have not ended, in the manifest's order."""
        rows = self._database.execute(
            "SELECT interview_id, digest, attempts, crashes FROM interviews WHERE status IS NULL ORDER BY place"
        )
        return tuple(Pending(*row) for row in rows)

    def finished(self) -> tuple[Finished, ...]:
        """Rows that have ended, in the manifest's order."""
        rows = self._database.execute(
            "SELECT interview_id, status, reason, media, seconds FROM interviews "
            "WHERE status IS NOT NULL ORDER BY place"
        )
        return tuple(
            Finished(name, RowStatus(status), reason, None if media is None else MediaStatus(media), seconds)
            for name, status, reason, media, seconds in rows
        )

    def counts(self) -> dict[RowStatus, int]:
        """How many rows ended in each status, zeros included."""
        found = dict(self._database.execute("SELECT status, count(*) FROM interviews GROUP BY status").fetchall())
        return {status: found.get(status.value, 0) for status in RowStatus}

    def runs(self) -> tuple[Run, ...]:
        """Every process that worked on the folder, this one included, in order."""
        rows = self._database.execute("SELECT pid, host, started, ended, versions FROM runs ORDER BY run")
        return tuple(Run(pid, host, started, ended, json.loads(said)) for pid, host, started, ended, said in rows)

    def verify(self) -> dict[RowStatus, int]:
        """Return the counts, having checked that the file is sound and every row has ended in exactly one status.

        Raises
        ------
        LedgerBroken
            If it is not, naming what is wrong.
        """
        path = self.folder / "ledger.sqlite"
        try:
            (sound,) = self._database.execute("PRAGMA integrity_check").fetchone()
            (total,) = self._database.execute("SELECT count(*) FROM interviews").fetchone()
            counts, pending = self.counts(), self.pending()
        except sqlite3.DatabaseError as error:
            raise _broken(path, error) from error
        if sound != "ok":
            raise _broken(path, sound)
        if pending:
            some = ", ".join(row.interview_id for row in pending[:5])
            raise LedgerBroken(f"{len(pending)} of {total} rows have not ended ({some} …). Run the same command again.")
        if sum(counts.values()) != total:
            raise _broken(path, f"{total} rows, but statuses add up to {sum(counts.values())}")
        return counts

    def recall(self, path: Path) -> str | None:
        """Return the SHA-256 of a file that was read before and has not changed since, without reading it."""
        now = Identity.of(path)
        row = self._database.execute(
            "SELECT size, mtime_ns, ctime_ns, sha256 FROM media WHERE device = ? AND inode = ?",
            (str(now.device), str(now.inode)),
        ).fetchone()
        return str(row[3]) if row is not None and row[:3] == (now.size, now.mtime_ns, now.ctime_ns) else None

    def remember(self, digest: Digest) -> None:
        """Keep a digest, wherever it was computed; of a file changed within the last 2 s it is not trusted to last."""
        now = digest.identity
        if now.settled:
            with self._change() as database:
                database.execute(
                    "INSERT OR REPLACE INTO media VALUES (?, ?, ?, ?, ?, ?)",
                    (str(now.device), str(now.inode), now.size, now.mtime_ns, now.ctime_ns, digest.sha256),
                )

    def media_digest(self, path: Path) -> str:
        """Return the SHA-256 (hex) of a file, reading it only where it is new or changed. Raises as ``digest_file``."""
        known = self.recall(path)
        if known is None:
            digest = digest_file(path)
            self.remember(digest)
            known = digest.sha256
        return known

    def close(self) -> None:
        """Record that the run ended and let go of the folder."""
        with self._change() as database:
            database.execute(
                "UPDATE runs SET ended = ? WHERE run = ?", (datetime.now(UTC).isoformat(timespec="seconds"), self._run)
            )
        self._database.close()
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            yield self._database

    def _count(self, column: str, interview_id: str) -> int:
        with self._change() as database:
            row = database.execute(
                f"UPDATE interviews SET {column} = {column} + 1 "  # noqa: S608 – two constants of this class
                f"WHERE interview_id = ? AND status IS NULL RETURNING {column}",
                (interview_id,),
            ).fetchone()
        if row is None:
            raise _unknown(interview_id)
        return int(row[0])


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None)  # transactions are begun where they are meant
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        (found,) = database.execute("PRAGMA user_version").fetchone()
        if found == 0:
            tables = files("vivavoce.data").joinpath("ledger.sql").read_text(encoding="utf-8")
            database.executescript(f"BEGIN; {tables} PRAGMA user_version = {FORMAT}; COMMIT;")
        elif found != FORMAT:
            raise LedgerBroken(f"{path} has format {found}; this version reads {FORMAT}. Use another output folder.")
    except BaseException as error:
        database.close()
        if isinstance(error, sqlite3.DatabaseError):
            raise _broken(path, error) from error
        raise
    return database


def _agree(database: sqlite3.Connection, folder: Path, configuration: Mapping[str, Any]) -> None:
    wanted = json.dumps(configuration, sort_keys=True, ensure_ascii=False, allow_nan=False)
    row = database.execute("SELECT document FROM configuration").fetchone()
    if row is None:
        database.execute("INSERT INTO configuration VALUES (1, ?)", (wanted,))
    elif row[0] != wanted:
        raise _refusal(folder, "configuration", differences(json.loads(row[0]), json.loads(wanted)))


def _refusal(folder: Path, what: str, differing: Iterable[str]) -> ConfigurationDiffers:
    lines = sorted(differing, key=lambda line: line.partition(": ")[0].count("."))  # what was asked before what follows
    more = [f"… and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return ConfigurationDiffers(
        f"The results in {folder} were begun with another {what}:\n  "
        + "\n  ".join(lines[:SHOWN] + more)
        + f"\nUse another output folder, or the {what} that this one was begun with."
    )


def _enter(database: sqlite3.Connection, owner: Owner, versions: Mapping[str, str]) -> int:
    run = database.execute(
        "INSERT INTO runs (pid, host, started, versions) VALUES (?, ?, ?, ?) RETURNING run",
        (owner.pid, owner.host, owner.since, json.dumps(dict(versions), sort_keys=True)),
    ).fetchone()
    return int(run[0])


def _unknown(interview_id: str) -> ValueError:
    return ValueError(f"{interview_id} is not a pending row of this ledger.")


def _broken(path: Path, what: object) -> LedgerBroken:
    return LedgerBroken(
        f"The ledger {path} is damaged: {what}. Move the output folder aside and run again into a new one; "
        "what the artefact store holds is not measured again."
    )
