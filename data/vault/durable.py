"""Files that survive `kill -9` and power loss: written whole or not at all, and locks that die with their holder."""

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make the folder's entries durable: a rename is only safe from power loss once its folder is synced."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Create a folder that only its owner may enter, with its parents, durably; one that exists is left as it is."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir(mode=0o700, exist_ok=True)
        sync_folder(place.parent)


def write_durably(path: Path, content: bytes, *, scratch: Path | None = None, replace: bool = True) -> bool:
    """Write a file that readers see whole or not at all, with mode 0600.

    Parameters
    ----------
    path
        Where the content shall be; its folder must exist.
    content
        All of it.
    scratch
        Where the temporary file lives, on the same file system; the file's own folder by default.
        What a killed process leaves there is removed by :func:`sweep`.
    replace
        False leaves a file that is already there untouched.

    Returns
    -------
    bool
        Whether the content is now at ``path``; False only where ``replace`` is False and another file was first.
    """
    handle, name = tempfile.mkstemp(suffix=".tmp", prefix=".", dir=scratch or path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if replace:
            temporary.replace(path)
        else:
            path.hardlink_to(temporary)  # unlike a rename, fails where the name is taken
        sync_folder(path.parent)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    return True


def sweep(scratch: Path, *, older_s: float) -> None:
    """Remove temporary files that no process has touched for ``older_s`` seconds."""
    for temporary in scratch.glob(".*.tmp"):
        with contextlib.suppress(FileNotFoundError):  # its writer, or another sweep, was first
            if time.time() - temporary.stat().st_mtime >= older_s:
                temporary.unlink()


def take_lock(path: Path, *, wait: bool) -> int | None:
    """Lock a file for this process; the lock ends when the process does, however it ends.

    Returns the open handle, to be closed to release the lock, or None where another holds it and ``wait`` is False.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the file's lock for the length of a block, waiting for it as long as it takes."""
    handle = take_lock(path, wait=True)
    assert handle is not None
    try:
        yield
    finally:
        os.close(handle)
