"""A signing key (Ed25519): the private half in a file of its owner's, the public half in the trust file."""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

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

from vivavoce.data.vault.durable import make_folder, write_durably

ID_DIGITS = 32  # hex, 128 bits of the public key's SHA-256: nobody finds a second key with the same id
MAX_BYTES = 4096  # an encrypted Ed25519 key has some 400 bytes


class KeyRefused(ValueError):
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
