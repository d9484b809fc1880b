"""One project key, and under it one key per person: destroying a person's key erases what was measured of them.

Sealing: bytes that can be read only with their key, at their address, unchanged (AES-256-GCM).
"""

import contextlib
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from vivavoce.data.errors import Exit, VivaError
from vivavoce.data.run_owner import place
from vivavoce.data.vault.durable import locked, make_folder, sweep, sync_folder, write_durably

KEY_BYTES = 32  # AES-256
NONCE_BYTES = 12  # 96 bits, random: NIST SP 800-38D allows 2**32 of them per key; a person has some dozens
TAG_BYTES = 16
MAGIC = b"VIVA"
VERSION = 1
HEADER = MAGIC + bytes([VERSION])


class Tampered(VivaError):
    """Sealed bytes that are not what was written there: changed, cut off, moved, or sealed with another key."""

    status = Exit.FINDING


def derive(key: bytes, purpose: str) -> bytes:
    """Return a 32-byte key for one purpose, so that no key serves two (HKDF-Expand with SHA-256, RFC 5869)."""
    return HKDFExpand(SHA256(), KEY_BYTES, b"vivavoce 1 " + purpose.encode()).derive(key)


def seal(key: bytes, content: bytes, address: str) -> bytes:
    """Seal content for one address.

    Parameters
    ----------
    key
        32 bytes.
    content
        What to seal.
    address
        Where it belongs; not stored, but needed to open it, so that a file moved elsewhere does not open.

    Returns
    -------
    bytes
        Header (magic and format version), nonce, ciphertext and tag: 33 bytes more than the content.

    Examples
    --------
    >>> key = bytes(range(32))
    >>> unseal(key, seal(key, b"a span", "person/one"), "person/one")
    b'a span'
    """
    nonce = os.urandom(NONCE_BYTES)
    return HEADER + nonce + AESGCM(key).encrypt(nonce, content, HEADER + address.encode())


def unseal(key: bytes, sealed: bytes, address: str) -> bytes:
    """Open what :func:`seal` made. Raises :class:`Tampered` with the reason; nothing unverified is returned."""
    if len(sealed) < len(HEADER) + NONCE_BYTES + TAG_BYTES:
        raise Tampered(f"it is cut off: {len(sealed)} bytes")
    if not sealed.startswith(MAGIC):
        raise Tampered(f"it is not a sealed file: it begins with {sealed[: len(MAGIC)]!r} instead of {MAGIC!r}")
    if not sealed.startswith(HEADER):
        raise Tampered(f"it has seal format {sealed[len(MAGIC)]}; this version reads format {VERSION}")
    nonce, body = sealed[len(HEADER) : len(HEADER) + NONCE_BYTES], sealed[len(HEADER) + NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, body, HEADER + address.encode())
    except InvalidTag as error:
        raise Tampered("its seal is broken: the bytes were changed, moved here or sealed with another key") from error


PSEUDONYM_DIGITS = 32  # hex, 128 bits: two of 10**9 people share one with a probability of 10**-21


class ProjectKeyRefused(VivaError):
    """The project key is missing, readable by others, malformed, or not the one that the folder was made with."""


class Erased(VivaError):
    """The person was erased: nothing can be read of them, and nothing may be written."""


@dataclass(frozen=True)
class ProjectKey:
    """The key that wraps every person's key, 32 bytes. Who loses it must measure again; who leaks it leaks all."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a key of another length."""
        if len(self.secret) != KEY_BYTES:
            raise ProjectKeyRefused(f"A project key must have {KEY_BYTES} bytes. Got {len(self.secret)} instead.")

    @staticmethod
    def location(environment: Mapping[str, str]) -> Path:
        """Return where the key file is: ``VIVA_PROJECT_KEY``, else ``vivavoce/project.key`` in the user's data folder.

        Examples
        --------
        >>> ProjectKey.location({"XDG_DATA_HOME": "/srv/share"}).as_posix()
        '/srv/share/vivavoce/project.key'
        """
        return place(environment, "VIVA_PROJECT_KEY", "project.key")

    @staticmethod
    def read(path: Path) -> "ProjectKey":
        """Read a key file: 64 hexadecimal digits that only their owner may read.

        Raises
        ------
        ProjectKeyRefused
            If there is none, others may read or write it, or it is not 64 hexadecimal digits; with the remedy.
        """
        try:
            with path.open("rb") as stream:
                mode = os.fstat(stream.fileno()).st_mode
                text = stream.read(4 * KEY_BYTES)
        except FileNotFoundError as error:
            raise ProjectKeyRefused(
                f"There is no project key at {path}. Name an existing one in VIVA_PROJECT_KEY, or let one be made."
            ) from error
        if mode & 0o077:
            raise ProjectKeyRefused(
                f"Others may read the project key {path} (mode {mode & 0o777:04o}, at most 0600). "
                f"Run: chmod 600 {path}; if it may have been read, make a new one and measure again."
            )
        try:
            return ProjectKey(bytes.fromhex(text.decode("ascii").strip()))
        except (ValueError, ProjectKeyRefused) as error:  # a wrong length ends here too
            raise ProjectKeyRefused(
                f"The project key {path} must be {2 * KEY_BYTES} hexadecimal digits. Restore it from your backup."
            ) from error

    @staticmethod
    def read_or_create(path: Path) -> "ProjectKey":
        """Read the key file; where there is none, make a random one first. Of two makers, the first one's key stays."""
        if not path.exists():
            make_folder(path.parent)
            write_durably(path, os.urandom(KEY_BYTES).hex().encode() + b"\n", replace=False)
        return ProjectKey.read(path)


class KeyRing:
    """The persons' keys in a folder, each a file of its own, wrapped by the project key.

    Nothing in the folder names anyone: files are called by pseudonym, an HMAC of the candidate's id under the
    project key. Any number of processes may use one folder at once.

    Parameters
    ----------
    folder
        Made where it does not exist. Backups of it outlive an erasure: let them expire.
    project_key
        What wraps the keys.

    Raises
    ------
    ProjectKeyRefused
        If the folder was made with another project key.
    """

    def __init__(self, folder: Path, project_key: ProjectKey) -> None:
        self.folder = folder
        self._names = derive(project_key.secret, "pseudonyms")
        self._wrapping = derive(project_key.secret, "wrapping")
        self._signing = derive(project_key.secret, "tombstones")
        make_folder(folder)
        with locked(folder / "lock"):
            _check_owner(folder / "project.id", derive(project_key.secret, "identity").hex()[:PSEUDONYM_DIGITS])

    def pseudonym(self, person: str) -> str:
        """Return the name under which the person's files are kept, 32 hexadecimal digits."""
        return hmac.digest(self._names, person.encode(), hashlib.sha256).hex()[:PSEUDONYM_DIGITS]

    def find(self, person: str) -> bytes | None:
        """Return the person's key, or None for someone who has none yet.

        Raises
        ------
        Erased
            If the person was erased.
        Tampered
            If the key file or the tombstone was changed: a new key would orphan what is sealed with the old one, so
            a person must decide.
        """
        pseudonym = self.pseudonym(person)
        path = self._key_file(pseudonym)
        # The key is read before the tombstone is looked for: destroying writes them in the other order, so whoever
        # reads half-destroyed bytes sees the tombstone.
        try:
            wrapped = path.read_bytes()
        except FileNotFoundError:
            wrapped = None
        if erased := self._tombstone(pseudonym):
            _shred(path)  # the process that erased may have been killed half-way
            raise Erased(
                f"Person {pseudonym} was erased on {erased}: nothing is kept of them or measured again. "
                "Leave their interviews out of the manifest."
            )
        if wrapped is None:
            return None
        try:
            return unseal(self._wrapping, wrapped, f"key/{pseudonym}")
        except Tampered as error:
            raise Tampered(
                f"The key file {path} cannot be used: {error}. Restore it from your backup, or erase the person."
            ) from error

    def find_or_create(self, person: str) -> bytes:
        """Return the person's key, making one where there is none; two processes at once get the same."""
        key = self.find(person)
        if key is not None:
            return key
        with locked(self.folder / "lock"):
            sweep(self.folder, older_s=0)  # keys of killed processes, never used
            key = self.find(person)
            if key is None:
                key = os.urandom(KEY_BYTES)
                pseudonym = self.pseudonym(person)
                write_durably(self._key_file(pseudonym), seal(self._wrapping, key, f"key/{pseudonym}"))
        return key

    def erased(self, person: str) -> str | None:
        """Return the day on which the person was erased, ISO 8601 in UTC; None for everybody else.

        Raises
        ------
        Tampered
            If somebody else wrote the tombstone.
        """
        return self._tombstone(self.pseudonym(person))

    def destroy(self, person: str) -> None:
        """Destroy the person's key and leave a signed tombstone, so that nobody makes them a new one.

        The tombstone comes first: a process killed half-way has already made the person unreadable, and the next
        look at them finishes the work. Overwriting reaches the file's blocks on file systems that write in place;
        on others, and in backups, the old blocks last until they are reused.
        """
        pseudonym = self.pseudonym(person)
        with locked(self.folder / "lock"):
            if self._tombstone(pseudonym) is None:
                today = datetime.now(UTC).date().isoformat()
                stone = {"erased": today, "signature": self._signature(pseudonym, today)}
                write_durably(self._tombstone_file(pseudonym), json.dumps(stone).encode())
            _shred(self._key_file(pseudonym))

    def _tombstone(self, pseudonym: str) -> str | None:
        path = self._tombstone_file(pseudonym)
        if not path.exists():
            return None
        try:
            stone = json.loads(path.read_bytes())
            erased, signature = str(stone["erased"]), str(stone["signature"])
        except (ValueError, KeyError, TypeError) as error:
            raise Tampered(f"The tombstone {path} is unreadable. Restore it, or delete it and erase again.") from error
        if not hmac.compare_digest(signature, self._signature(pseudonym, erased)):
            raise Tampered(
                f"The tombstone {path} was not signed by this project. Find out who wrote it, then delete it."
            )
        return erased

    def _signature(self, pseudonym: str, erased: str) -> str:
        return hmac.digest(self._signing, f"{pseudonym} {erased}".encode(), hashlib.sha256).hex()

    def _key_file(self, pseudonym: str) -> Path:
        return self.folder / f"{pseudonym}.key"

    def _tombstone_file(self, pseudonym: str) -> Path:
        return self.folder / f"{pseudonym}.erased"


def _check_owner(path: Path, identity: str) -> None:
    if not path.exists():
        write_durably(path, identity.encode())
    found = path.read_text(encoding="ascii", errors="replace")
    if found != identity:
        raise ProjectKeyRefused(
            f"The keys in {path.parent} belong to project key {found[:8]}…, not to {identity[:8]}…. "
            "Name the right key file in VIVA_PROJECT_KEY, or use another folder."
        )


def _shred(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):  # done already, or being done by another process
        with path.open("r+b") as stream:
            stream.write(os.urandom(path.stat().st_size))
            stream.flush()
            os.fsync(stream.fileno())
        path.unlink()
        sync_folder(path.parent)
