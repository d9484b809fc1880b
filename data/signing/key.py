"""A signing key (Ed25519): the private half in a file of its owner's, the public half in the trust file.

The trust file: whose public keys count, for what, and which were revoked.

It is where all trust begins: whoever can change it can vouch for anything. Keep it under version control, writable by
those only who decide about keys.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from vivavoce.data.errors import VivaError
from vivavoce.data.problem import problems_of
from vivavoce.data.signing import Role as Role
from vivavoce.data.vault.durable import locked, make_folder, write_durably

ID_DIGITS = 32  # hex, 128 bits of the public key's SHA-256: nobody finds a second key with the same id
MAX_BYTES = 4096  # an encrypted Ed25519 key has some 400 bytes


class KeyRefused(VivaError):
    """A private key that is missing, readable by others, locked, or no Ed25519 key."""


@dataclass(frozen=True)
class SigningKey:
    """A private key. Whoever has it can sign in its owner's name."""

    private: Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> str:
        """The public key, 64 hexadecimal digits."""
        return self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    @property
    def id(self) -> str:
        """What signatures call the key: 32 hexadecimal digits of the public key's SHA-256."""
        return key_id(self.public)

    @staticmethod
    def create(path: Path, passphrase: bytes | None = None) -> "SigningKey":
        """Make a new key and write it to a new file (PKCS 8, mode 0600).

        Parameters
        ----------
        path
            Where no file may be yet.
        passphrase
            Encrypts the file; None writes it in the clear, for machines that sign unattended.

        Raises
        ------
        KeyRefused
            If the file exists.
        """
        key = SigningKey(Ed25519PrivateKey.generate())
        encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        content = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        make_folder(path.parent)
        if not write_durably(path, content, replace=False):
            raise KeyRefused(f"{path} exists, and a key is never overwritten. Choose another name.")
        return key

    @staticmethod
    def read(path: Path, passphrase: bytes | None = None) -> "SigningKey":
        """Read a key file; a passphrase is tried where the file has one.

        Raises
        ------
        KeyRefused
            If there is none, others may read or write it, the passphrase is missing or wrong, or it is no Ed25519 key.
        """
        try:
            with path.open("rb") as stream:
                mode = os.fstat(stream.fileno()).st_mode
                content = stream.read(MAX_BYTES)
        except OSError as error:
            raise KeyRefused(
                f"The key {path} cannot be read: {error.strerror}. Make one with: viva keys create"
            ) from error
        if mode & 0o077:
            raise KeyRefused(
                f"Others may read the key {path} (mode {mode & 0o777:04o}, at most 0600). "
                f"Run: chmod 600 {path}; if it may have been read, revoke it and make a new one."
            )
        locked = b"ENCRYPTED" in content
        try:
            private = load_pem_private_key(content, passphrase if locked else None)
        except TypeError as error:
            raise KeyRefused(f"The key {path} needs its passphrase: set VIVA_PASSPHRASE.") from error
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyRefused(f"The key {path} is damaged, no key, or its passphrase is another one.") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise KeyRefused(f"The key {path} must be an Ed25519 key. Make one with: viva keys create")
        return SigningKey(private)


def key_id(public: str) -> str:
    """Return the id of a public key given as 64 hexadecimal digits."""
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()[:ID_DIGITS]


MAX_TRUST_BYTES = 2**20  # 1 MiB, some 3,000 keys
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class TrustRefused(VivaError):
    """A trust file that is missing, writable by others, or not well formed; or a change to it that makes no sense."""


class Revocation(BaseModel):
    """Since when a key no longer counts, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    on: date
    reason: Reason


class TrustedKey(BaseModel):
    """A public key with what it may sign."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    public: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    roles: Annotated[frozenset[Role], Field(min_length=1)]
    since: date
    revoked: Revocation | None = None

    @property
    def id(self) -> str:
        """What signatures call the key."""
        return key_id(self.public)


def trusted_key(name: str, public: str, roles: Iterable[Role], since: date) -> TrustedKey:
    """Return an entry for the trust file.

    Raises
    ------
    TrustRefused
        If the name, the public key or the roles are not well formed.
    """
    try:
        return TrustedKey(name=name, public=public, roles=frozenset(roles), since=since)
    except ValidationError as error:
        found = "; ".join(str(one) for one in problems_of(error, None, {}))
        raise TrustRefused(f"This cannot be a trusted key: {found}") from error


class Trust(BaseModel):
    """All keys that were ever trusted here; revoked ones stay, so that old signatures can be told from forged ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Annotated[int, Field(ge=1, le=1)] = 1
    keys: tuple[TrustedKey, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for what, values in (
            ("name", [one.name for one in self.keys]),
            ("public key", [one.public for one in self.keys]),
        ):
            if len(set(values)) < len(values):
                raise ValueError(f"Every {what} must occur once.")
        return self

    @staticmethod
    def read(path: Path) -> "Trust":
        """Read a trust file.

        Raises
        ------
        TrustRefused
            If there is none, others may write it, or it is not well formed; each finding is named.
        """
        try:
            mode = path.stat().st_mode
            content = path.read_bytes()[: MAX_TRUST_BYTES + 1]
        except OSError as error:
            raise TrustRefused(
                f"The trust file {path} cannot be read: {error.strerror}. Name it in VIVA_TRUST, or begin one with: "
                "viva keys create NAME --role publish"
            ) from error
        if mode & 0o022:
            raise TrustRefused(
                f"Others may write the trust file {path} (mode {mode & 0o777:04o}). Run: chmod go-w {path}"
            )
        if len(content) > MAX_TRUST_BYTES:
            raise TrustRefused(f"The trust file {path} is larger than {MAX_TRUST_BYTES} bytes.")
        try:
            return Trust.model_validate_json(content)
        except ValidationError as error:
            found = "; ".join(str(one) for one in problems_of(error, None, {}))
            raise TrustRefused(f"The trust file {path} is not well formed: {found}") from error

    def find(self, key: str) -> TrustedKey | None:
        """Return the key with this id or name, or None."""
        return next((one for one in self.keys if key in {one.id, one.name}), None)


def add_key(path: Path, key: TrustedKey) -> Trust:
    """Add a key to a trust file, which is begun where there is none.

    Raises
    ------
    TrustRefused
        If its name or public key is there already.
    """
    make_folder(path.parent)
    with locked(path.with_suffix(".lock")):
        trust = Trust.read(path) if path.exists() else Trust()
        if any(key.name == one.name or key.public == one.public for one in trust.keys):
            raise TrustRefused(f"{path} holds the name {key.name!r} or this public key already. Choose another name.")
        return _write(path, Trust(keys=(*trust.keys, key)))


def revoke_key(path: Path, name: str, revocation: Revocation) -> Trust:
    """Mark a key as revoked: nothing that it signed counts from now on, whenever it was signed.

    A stolen key can sign with any date; so the date of a signature cannot save it.

    Raises
    ------
    TrustRefused
        If there is no such key, or it was revoked before.
    """
    with locked(path.with_suffix(".lock")):
        trust = Trust.read(path)
        found = trust.find(name)
        if found is None:
            raise TrustRefused(f"{path} has no key {name!r}. It has: {', '.join(one.name for one in trust.keys)}.")
        if found.revoked:
            raise TrustRefused(f"The key {found.name!r} was revoked on {found.revoked.on} already.")
        keys = (one.model_copy(update={"revoked": revocation}) if one == found else one for one in trust.keys)
        return _write(path, Trust(keys=tuple(keys)))


def _write(path: Path, trust: Trust) -> Trust:
    document = trust.model_dump(mode="json", exclude_none=True)
    for one in document["keys"]:
        one["roles"] = sorted(one["roles"])
    write_durably(path, (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode())
    return trust
