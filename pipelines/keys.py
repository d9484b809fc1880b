"""``viva keys``: signing keys made, listed, trusted and revoked."""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated

from rich.console import Console
from rich.prompt import Prompt

from vivavoce.data.errors import Exit
from vivavoce.data.log.event import Action, Event
from vivavoce.data.signing.key import (
    KeyRefused,
    Revocation,
    Role,
    SigningKey,
    Trust,
    TrustRefused,
    add_key,
    revoke_key,
    trusted_key,
)
from vivavoce.pipelines.records import Records, Who
from vivavoce.pipelines.terminal import Listed, say

WHEN_LOST = "Whoever has this file can sign in this name; who loses it makes a new key."


Name = Annotated[str, "Lower-case letters, digits, dashes and underscores."]
Roles = Annotated[Sequence[Role], "What the key may sign; once for each."]


def create(
    name: Name,
    *,
    role: Roles,
    passphrase: Annotated[bool, "Lock it: asks, or reads VIVA_PASSPHRASE."] = False,
    who: Who = None,
    records: Records | None = None,
) -> Exit:
    """Make a key and enter it into the trust file."""
    said, books = Console(stderr=True), records or Records.here(who)
    entry = trusted_key(name, "0" * 64, role, _today())  # name and roles are checked before a file is written
    if books.trust_file.exists() and books.trust().find(name):
        raise TrustRefused(f"{books.trust_file} has a key {name!r} already. Choose another name.")
    path = books.key_file(entry.name)
    key = SigningKey.create(path, _new_passphrase() if passphrase else None)
    add_key(books.trust_file, trusted_key(name, key.public, role, _today()))
    _log(books, name, key.public, "create")
    say(said, f"Private key: {path}. {WHEN_LOST}")
    say(said, f"Public key {key.public}, as {_listed(role)}, is in {books.trust_file}.")
    return Exit.DONE


def trust(
    name: Name,
    public: Annotated[str, "What viva keys public printed there: 64 hexadecimal digits."],
    *,
    role: Roles,
    who: Who = None,
    records: Records | None = None,
) -> Exit:
    """Enter somebody else's public key into the trust file."""
    books = records or Records.here(who)
    add_key(books.trust_file, trusted_key(name, public, role, _today()))
    _log(books, name, public, "trust")
    say(Console(stderr=True), f"{name}, as {_listed(role)}, is in {books.trust_file}.")
    return Exit.DONE


def revoke(
    name: Name,
    *,
    reason: Annotated[str, "Why; shown wherever the key is refused."],
    who: Who = None,
    records: Records | None = None,
) -> Exit:
    """Revoke a key: nothing that it signed counts from now on."""
    books = records or Records.here(who)
    found = books.trust().find(name)
    if found is not None and books.logged and found.name == books.log_key:
        raise TrustRefused(
            f"The key {name!r} signs the event log. Make its successor first, which signs from then on "
            f"(VIVA_LOG_KEY={name}-2 viva keys create {name}-2 --role log), and revoke this one with that setting."
        )
    revoke_key(books.trust_file, name, Revocation(on=_today(), reason=reason))
    _log(books, name, found.public if found else "", "revoke", reason)
    said = f"{name} is revoked: bundles that it signed are refused from now on, whenever they were signed."
    say(Console(stderr=True), said)
    return Exit.DONE


def trusted(*, records: Records | None = None) -> Listed:
    """List the trusted keys."""
    books = records or Records.here()
    rows = [
        {
            "name": key.name,
            "roles": sorted(key.roles),
            "since": str(key.since),
            "revoked": f"{key.revoked.on}: {key.revoked.reason}" if key.revoked else None,
            "id": key.id,
            "private key here": books.key_file(key.name).is_file(),
        }
        for key in books.trust().keys
    ]
    return Listed(rows, ("name", "roles", "since", "revoked", "id", "private key here"))


def public(name: Name, *, records: Records | None = None) -> Exit:
    """Print a public key, to be sent to whoever shall trust it."""
    file = (records or Records.here()).trust_file
    found = Trust.read(file).find(name)
    if found is None:
        raise TrustRefused(f"{file} has no key {name!r}. See: viva keys list")
    print(found.public)  # noqa: T201
    return Exit.DONE


def _log(records: Records, name: str, public: str, what: str, reason: str | None = None) -> None:
    if records.logged:
        details = {"key": name, "change": what} | ({"reason": reason} if reason else {})
        records.write(Event.now(Action.KEY, records.who, details=details, digests={"public_key": public}))


def _new_passphrase() -> bytes:
    given = os.environ.get("VIVA_PASSPHRASE") or Prompt.ask("Passphrase", password=True)
    if not given:
        raise KeyRefused("A passphrase must have at least one character. Leave --passphrase out for a key without one.")
    return given.encode()


def _listed(roles: Sequence[Role]) -> str:
    return ", ".join(sorted(roles))


def _today() -> date:
    return datetime.now(UTC).date()
