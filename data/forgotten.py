"""Rows of a ledger whose people were erased: they keep their place and their line, and name nobody."""

import sqlite3
from collections.abc import Collection
from pathlib import Path

from vivavoce.data.status import Reason, RowStatus


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

    The folder must be held (:func:`vivavoce.data.owner.take_folder`). What stood there is overwritten in the file, its
    free pages and its write-ahead log. Digests of recordings go too, everybody's: the ledger does not know whose a
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
