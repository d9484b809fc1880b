"""A detached signature over bytes: by which key, when, for what purpose.

A folder as somebody else may have made it: plain files only, with plain names, few and small enough to read.
"""

import os
import re
import stat
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vivavoce.data.errors import VivaError
from vivavoce.data.problem import shorten
from vivavoce.data.signing.key import Role, SigningKey, Trust, TrustedKey
from vivavoce.data.vault.durable import make_folder, write_durably


class SignatureRefused(VivaError):
    """A signature that does not count: by an unknown or revoked key, a key without the role, or of other bytes."""


class Purpose(StrEnum):
    """What is signed. It is part of the signed bytes, so that a signature for one purpose serves no other."""

    AUDIT = "audit"
    BUNDLE = "bundle"
    EVENT = "event"
    HEAD = "head"
    WAIVER = "waiver"


@dataclass(frozen=True)
class Signature:
    """Key id, time (UTC, ISO 8601, as the signer's clock had it) and the 64 bytes as 128 hexadecimal digits."""

    key: str
    time: str
    value: str

    def document(self) -> dict[str, str]:
        """As JSON."""
        return asdict(self)

    @staticmethod
    def of(document: Any) -> "Signature":
        """Read the JSON form.

        Raises
        ------
        SignatureRefused
            If it is anything else.
        """
        names = {"key", "time", "value"}
        if (
            not isinstance(document, dict)
            or set(document) != names
            or not all(type(v) is str for v in document.values())
        ):
            raise SignatureRefused("A signature must have key, time and value, all text, and nothing else.")
        return Signature(**document)


def sign(key: SigningKey, purpose: Purpose, content: bytes, now: datetime) -> Signature:
    """Sign bytes.

    Examples
    --------
    >>> from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    >>> key = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
    >>> sign(key, Purpose.EVENT, b"all of it", datetime(2026, 11, 22, tzinfo=UTC)).time
    '2026-11-22T00:00:00+00:00'
    """
    time = now.astimezone(UTC).isoformat(timespec="seconds")
    return Signature(key.id, time, key.private.sign(_message(purpose, time, content)).hex())


def check(signature: Signature, purpose: Purpose, content: bytes, trust: Trust, *roles: Role) -> TrustedKey:
    """Return whose signature this is.

    Parameters
    ----------
    signature, purpose, content
        As :func:`sign` made it and took them.
    trust
        The keys that count.
    roles
        Of which the key must have at least one; none: any trusted key will do.

    Raises
    ------
    SignatureRefused
        Saying which: unknown key, revoked key, role missing, or other bytes than those that were signed.
    """
    key = known(signature, purpose, content, trust)
    if key.revoked:
        raise SignatureRefused(f"The key {key.name!r} was revoked on {key.revoked.on}: {key.revoked.reason}")
    if roles and not key.roles & set(roles):
        raise SignatureRefused(f"The key {key.name!r} may sign as {_listed(key.roles)}, not as {_listed(roles)}.")
    return key


def known(signature: Signature, purpose: Purpose, content: bytes, trust: Trust) -> TrustedKey:
    """Return whose signature this is, be the key revoked or not: for what a later signature covers.

    Raises
    ------
    SignatureRefused
        For an unknown key, or other bytes than those that were signed.
    """
    key = trust.find(signature.key)
    if key is None or key.id != signature.key:
        raise SignatureRefused(f"The key {signature.key!r} is unknown: the trust file does not list it.")
    try:
        value = bytes.fromhex(signature.value)
        message = _message(purpose, signature.time, content)
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public)).verify(value, message)
    except (ValueError, InvalidSignature) as error:
        raise SignatureRefused(
            f"The signature by {key.name!r} is not one of these bytes for {purpose.value!r}."
        ) from error
    return key


def _message(purpose: Purpose, time: str, content: bytes) -> bytes:
    return b"\n".join((b"vivavoce 1", purpose.encode(), time.encode(), content))


def _listed(roles: "frozenset[Role] | tuple[Role, ...]") -> str:
    return " or ".join(sorted(roles))


NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")  # of every file and folder: none begins with a dot
MAX_DEPTH = 4  # folders within folders
MAX_ENTRIES = 500  # files and folders; an audit has some 20, a model some 10
MAX_FILE_BYTES = 64 * 2**20  # 64 MiB
MAX_TREE_BYTES = 256 * 2**20  # 256 MiB


class TreeRefused(VivaError):
    """A folder that holds links, pipes, odd names, or too much."""


def plain_files(folder: Path) -> list[str]:
    """Return the paths of all files, relative to the folder, with slashes, sorted; nothing is opened.

    Raises
    ------
    TreeRefused
        For a link, a pipe, a socket or a device, a name that is not plain, or more or larger files than there may be.
    """
    if folder.is_symlink() or not folder.is_dir():
        raise TreeRefused(f"{folder} must be a folder, and no link to one.")
    found: list[str] = []
    count, size, folders = 0, 0, [PurePosixPath()]
    while folders:
        here = folders.pop()
        with os.scandir(folder / here) as entries:
            for entry in entries:
                path = here / entry.name
                status = entry.stat(follow_symlinks=False)
                _refuse_entry(folder, path, status)
                count += 1
                size += status.st_size
                if count > MAX_ENTRIES or size > MAX_TREE_BYTES:
                    raise TreeRefused(f"{folder} must hold at most {MAX_ENTRIES} files and {MAX_TREE_BYTES} bytes.")
                if stat.S_ISDIR(status.st_mode):
                    folders.append(path)
                else:
                    found.append(path.as_posix())
    return sorted(found)


def read_plain(folder: Path, path: str) -> bytes:
    """Return the content of one of the :func:`plain_files`; a link that has taken its place meanwhile is refused.

    Raises
    ------
    TreeRefused
        If it is no plain file any more, or larger than 64 MiB.
    """
    try:
        handle = os.open(folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise TreeRefused(f"{folder / path} cannot be read as a plain file: {error.strerror}.") from error
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise TreeRefused(f"{folder / path} is no plain file.")
        content = stream.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise TreeRefused(f"{folder / path} is larger than {MAX_FILE_BYTES} bytes.")
    return content


def copy_plain(source: Path, target: Path) -> None:
    """Copy a folder's plain files into another, durably.

    Raises
    ------
    TreeRefused
        As :func:`plain_files` does.
    """
    for path in plain_files(source):
        make_folder((target / path).parent)
        write_durably(target / path, read_plain(source, path))


def _refuse_entry(folder: Path, path: PurePosixPath, status: os.stat_result) -> None:
    if not NAME.fullmatch(path.name):
        raise TreeRefused(
            f"{folder} holds {shorten(path.as_posix())}: names must be letters, digits, dots, dashes and underscores, "
            "beginning with a letter or digit."
        )
    if stat.S_ISLNK(status.st_mode):
        raise TreeRefused(f"{folder / path} is a link: put the file itself there.")
    if not stat.S_ISDIR(status.st_mode) and not stat.S_ISREG(status.st_mode):
        raise TreeRefused(f"{folder / path} is neither a file nor a folder.")
    if stat.S_ISREG(status.st_mode) and status.st_size > MAX_FILE_BYTES:
        raise TreeRefused(f"{folder / path} has {status.st_size} bytes, at most {MAX_FILE_BYTES}.")
    if len(path.parts) > MAX_DEPTH:
        raise TreeRefused(f"{folder / path} lies more than {MAX_DEPTH} folders deep.")
