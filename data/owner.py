"""Who is at work on an output folder: one process at a time, named to whoever comes second."""

import json
import os
import socket
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from vivavoce.data.vault.durable import take_lock


class AlreadyRunning(RuntimeError):
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
