"""Sealing: bytes that can be read only with their key, at their address, unchanged (AES-256-GCM)."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

KEY_BYTES = 32  # AES-256
NONCE_BYTES = 12  # 96 bits, random: NIST SP 800-38D allows 2**32 of them per key; a person has some dozens
TAG_BYTES = 16
MAGIC = b"VIVA"
VERSION = 1
HEADER = MAGIC + bytes([VERSION])


class Tampered(ValueError):
    """Sealed bytes that are not what was written there: changed, cut off, moved, or sealed with another key."""


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
