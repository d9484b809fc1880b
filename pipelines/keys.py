"""``viva keys``: signing keys made, listed, trusted and revoked."""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime

from rich.console import Console
from rich.prompt import Prompt
from rich.table import Table

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
from vivavoce.pipelines.records import Records
from vivavoce.pipelines.terminal import say

WHEN_LOST = "Whoever has this file can sign in this name; who loses it makes a new key."


def run_create(name: str, roles: Sequence[Role], records: Records, *, locked: bool) -> Exit:
    """Make a key and enter it into the trust file; ``locked`` asks for a passphrase."""
    said = Console(stderr=True)
    entry = trusted_key(name, "0" * 64, roles, _today())  # name and roles are checked before a file is written
    if records.trust_file.exists() and records.trust().find(name):
        raise TrustRefused(f"{records.trust_file} has a key {name!r} already. Choose another name.")
    path = records.key_file(entry.name)
    key = SigningKey.create(path, _new_passphrase() if locked else None)
    add_key(records.trust_file, trusted_key(name, key.public, roles, _today()))
    _log(records, name, key.public, "create")
    say(said, f"Private key: {path}. {WHEN_LOST}")
    say(said, f"Public key {key.public}, as {_listed(roles)}, is in {records.trust_file}.")
    return Exit.DONE


def run_trust(name: str, public: str, roles: Sequence[Role], records: Records) -> Exit:
    """Enter somebody else's public key into the trust file."""
    said = Console(stderr=True)
    add_key(records.trust_file, trusted_key(name, public, roles, _today()))
    _log(records, name, public, "trust")
    say(said, f"{name}, as {_listed(roles)}, is in {records.trust_file}.")
    return Exit.DONE


def run_revoke(name: str, reason: str, records: Records) -> Exit:
    """Revoke a key: nothing that it signed counts from now on."""
    said = Console(stderr=True)
    found = records.trust().find(name)
    if found is not None and records.logged and found.name == records.log_key:
        raise TrustRefused(
            f"The key {name!r} signs the event log. Make its successor first, which signs from then on "
            f"(VIVA_LOG_KEY={name}-2 viva keys create {name}-2 --role log), and revoke this one with that setting."
        )
    revoke_key(records.trust_file, name, Revocation(on=_today(), reason=reason))
    _log(records, name, found.public if found else "", "revoke", reason)
    say(said, f"{name} is revoked: bundles that it signed are refused from now on, whenever they were signed.")
    return Exit.DONE


def run_list(records: Records) -> Exit:
    """List the trusted keys."""
    table = Table("name", "roles", "since", "revoked", "id", "private key here")
    for key in records.trust().keys:
        gone = f"{key.revoked.on}: {key.revoked.reason}" if key.revoked else ""
        here = "yes" if records.key_file(key.name).is_file() else "no"
        table.add_row(key.name, ", ".join(sorted(key.roles)), str(key.since), gone, key.id, here)
    Console().print(table)
    return Exit.DONE


def run_public(name: str, records: Records) -> Exit:
    """Print a public key, to be sent to whoever shall trust it."""
    found = Trust.read(records.trust_file).find(name)
    if found is None:
        raise TrustRefused(f"{records.trust_file} has no key {name!r}. See: viva keys list")
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
