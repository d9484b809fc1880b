"""Who is at work on an output folder: one process at a time, named to whoever comes second.

Configurations of a run, compared entry by entry: whoever is refused is told what differs.

Rows of a ledger whose people were erased: they keep their place and their line, and name nobody.

Where what outlives a run is kept: keys, registry, event log.
"""

import json
import os
import socket
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vivavoce.data.errors import VivaError
from vivavoce.data.status import Reason, RowStatus
from vivavoce.data.vault.durable import take_lock


class AlreadyRunning(VivaError):
    """Another live process is at work on the folder."""


@dataclass(frozen=True)
class Owner:
    """A process, by its number, its machine and when it took the folder (UTC, ISO 8601)."""

    pid: int
    host: str
    since: str

    @staticmethod
    def this_process() -> "Owner":
        """Return the owner that this process is from now on."""
        return Owner(os.getpid(), socket.gethostname(), datetime.now(UTC).isoformat(timespec="seconds"))


def take_folder(folder: Path) -> tuple[int, Owner]:
    """Take a folder for this process, until the returned handle is closed or the process ends, even by ``kill -9``.

    A lock of the operating system (``flock``) holds it, so that no stale file can. Children made by a bare fork share
    the lock and would keep it after their parent's death; those of a forkserver, or started as programs, do not.

    Raises
    ------
    AlreadyRunning
        If a live process has it; the sentence names that process and the way out.
    """
    path = folder / "ledger.lock"
    handle = take_lock(path, wait=False)
    if handle is None:
        raise AlreadyRunning(
            f"{folder} is being worked on by {_name(path.read_bytes())}. "
            "Wait until it has finished, or stop it and run the same command again: it goes on where it was stopped."
        )
    owner = Owner.this_process()
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps(asdict(owner)).encode(), 0)
    return handle, owner


def _name(content: bytes) -> str:
    try:
        owner = Owner(**json.loads(content))
    except (ValueError, TypeError):  # it has the lock, but has not written its name yet
        return "another process, which has only just started"
    return f"process {owner.pid} on {owner.host}, since {owner.since}"


ABSENT = "absent"


class ConfigurationDiffers(VivaError):
    """The folder holds results of another configuration or another manifest."""


def differences(old: object, new: object, path: str = "") -> Iterator[str]:
    """Every entry in which two JSON documents differ, as ``dotted.path: old → new``, in the order of their paths.

    Examples
    --------
    >>> list(differences({"asr": {"engine": "whisper", "beam": 5}}, {"asr": {"engine": "provided"}, "fps": 5}))
    ['asr.beam: 5 → absent', 'asr.engine: "whisper" → "provided"', 'fps: absent → 5']
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted(old.keys() | new.keys()):
            place = f"{path}.{name}" if path else str(name)
            if name not in old:
                yield f"{place}: {ABSENT} → {_shown(new[name])}"
            elif name not in new:
                yield f"{place}: {_shown(old[name])} → {ABSENT}"
            else:
                yield from differences(old[name], new[name], place)
    elif _shown(old) != _shown(new):  # as JSON, in which 1, 1.0 and true are three things
        yield f"{path}: {_shown(old)} → {_shown(new)}"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def forgotten_id(line: int | str) -> str:
    """What a row is called once its person was erased: by its line in the manifest, as a row that cannot be read.

    Examples
    --------
    >>> forgotten_id(3)
    'line 3 (erased)'
    """
    return f"line {line} (erased)"


def lines_of(folder: Path) -> dict[str, str]:
    """The manifest's line of every row in a folder's ledger, by the id under which the row stands."""
    database = _connect(folder)
    try:
        return dict(database.execute("SELECT interview_id, digest FROM interviews").fetchall())
    finally:
        database.close()


def pending_rows(folder: Path) -> int:
    """How many rows of a folder's ledger have not ended."""
    database = _connect(folder)
    try:
        (count,) = database.execute("SELECT count(*) FROM interviews WHERE status IS NULL").fetchone()
    finally:
        database.close()
    return int(count)


def forget_rows(folder: Path, interviews: Collection[str]) -> int:
    """End rows as ``not_scored(erased)`` under a name that says nothing; returns how many there were.

    The folder must be held (:func:`take_folder`). What stood there is overwritten in the file, its free pages and its
    write-ahead log. Digests of recordings go too, everybody's: the ledger does not know whose a
    recording is, and reading one again costs seconds.
    """
    if not interviews:
        return 0
    database = _connect(folder)
    try:
        database.execute("PRAGMA secure_delete = ON")
        database.execute("BEGIN IMMEDIATE")
        known = [name for name in interviews if _is_known(database, name)]
        database.executemany(
            "UPDATE interviews SET interview_id = 'line ' || digest || ' (erased)', attempts = 0, crashes = 0, "
            "status = ?, reason = ?, media = NULL, seconds = 0, run = NULL WHERE interview_id = ?",
            [(RowStatus.NOT_SCORED.value, Reason.ERASED.value, name) for name in known],
        )
        if known:
            database.execute("DELETE FROM media")
        database.execute("COMMIT")
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        database.close()
    return len(known)


def _is_known(database: sqlite3.Connection, interview: str) -> bool:
    row = database.execute("SELECT 1 FROM interviews WHERE interview_id = ?", (interview,)).fetchone()
    return row is not None


def _connect(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / "ledger.sqlite", isolation_level=None)


def place(environment: Mapping[str, str], variable: str, name: str) -> Path:
    """Return what an environment variable names, else ``vivavoce/NAME`` in the user's data folder.

    Examples
    --------
    >>> place({"XDG_DATA_HOME": "/srv/share"}, "VIVA_LOG", "log").as_posix()
    '/srv/share/vivavoce/log'
    >>> place({"VIVA_LOG": "/srv/log"}, "VIVA_LOG", "log").as_posix()
    '/srv/log'
    """
    if named := environment.get(variable):
        return Path(named)
    data_home = environment.get("XDG_DATA_HOME")
    return (Path(data_home) if data_home else Path.home() / ".local" / "share") / "vivavoce" / name
