"""Which recording is this: the SHA-256 of a file, and what tells without reading it that it has not changed."""

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

SETTLED_S = 2.0  # the coarsest time stamp in use (FAT, some network mounts) has 2 s


class InputChanged(ValueError):
    """A file changed while it was read."""


@dataclass(frozen=True)
class Identity:
    """What the file system says of a file; while it stays equal, so does the content.

    ``ctime_ns`` (the last change of content *or* attributes) notices content that was replaced by a tool that puts
    the old time stamp back.
    """

    device: int
    inode: int
    size: int  # bytes
    mtime_ns: int
    ctime_ns: int

    @staticmethod
    def of(path: Path) -> "Identity":
        """Return the identity of a file; links are followed."""
        return _identity(path.stat())

    @property
    def settled(self) -> bool:
        """Whether the last change lies so far back that another one would show in the time stamps."""
        return time.time() - max(self.mtime_ns, self.ctime_ns) / 1e9 > SETTLED_S


@dataclass(frozen=True)
class Digest:
    """A file's SHA-256 (hex) and the identity that it had from the first byte read to the last."""

    sha256: str
    identity: Identity


def digest_file(path: Path) -> Digest:
    """Read a file once and return its digest; memory does not grow with its size.

    Raises
    ------
    InputChanged
        If the file changed while it was read.
    OSError
        If it cannot be read.
    """
    with path.open("rb") as stream:
        before = _identity(os.fstat(stream.fileno()))
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    if Identity.of(path) != before:  # written to, or replaced by another file
        raise InputChanged(f"{path} changed while it was read. Wait until it is complete, then run again.")
    return Digest(sha256, before)


def _identity(stat: os.stat_result) -> Identity:
    return Identity(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
