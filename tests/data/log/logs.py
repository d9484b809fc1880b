"""Keys, a trust file and a filled log for tests."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from vivavoce.data.log.event import Action, Event
from vivavoce.data.log.log import EventLog
from vivavoce.data.signing.key import Role, SigningKey, Trust, TrustedKey, add_key

DIGEST = "0123456789abcdef" * 4


@dataclass(frozen=True)
class Place:
    """A log's folder, its key and its trust file."""

    folder: Path
    key: SigningKey
    trust_file: Path

    @property
    def trust(self) -> Trust:
        return Trust.read(self.trust_file)

    def open(self) -> EventLog:
        return EventLog.open(self.folder, self.key, self.trust, who="ana")


def make_key(folder: Path, name: str, *roles: Role) -> SigningKey:
    key = SigningKey.create(folder / f"{name}.key")
    entry = TrustedKey(name=name, public=key.public, roles=frozenset(roles), since=date(2026, 1, 1))
    add_key(folder / "trust.json", entry)
    return key


def make_log(folder: Path, *batches: int) -> Place:
    """A log with its first event and batches of so many more."""
    place = Place(folder / "log", make_key(folder, "machine", Role.LOG), folder / "trust.json")
    EventLog.create(place.folder, place.key, place.trust, who="ana")
    for size in batches:
        with place.open() as log:
            log.append(events(size))
    return place


def events(size: int) -> list[Event]:
    return [Event.now(Action.SCORE, "ana", digests={"model": DIGEST}, details={"row": row}) for row in range(size)]
