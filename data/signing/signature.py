"""A detached signature over bytes: by which key, when, for what purpose."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vivavoce.data.signing.key import SigningKey
from vivavoce.data.signing.trust import Role, Trust, TrustedKey


class SignatureRefused(ValueError):
    """A signature that does not count: by an unknown or revoked key, a key without the role, or of other bytes."""


class Purpose(StrEnum):
    """What is signed. It is part of the signed bytes, so that a signature for one purpose serves no other."""

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
