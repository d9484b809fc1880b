"""What publishing writes with and into: signing keys, the trust file, the event log; and who is at the keyboard."""

import getpass
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from rich.console import Console

from vivavoce.data.errors import VivaError
from vivavoce.data.log.event import Event, Head
from vivavoce.data.log.log import EVENTS, EventLog, Read, verify_log
from vivavoce.data.run_owner import place
from vivavoce.data.signing.key import SigningKey, Trust
from vivavoce.data.vault.durable import make_folder, write_durably
from vivavoce.pipelines.door import Shown
from vivavoce.pipelines.terminal import say

Who = Annotated[str | None, "Who does it. [default: this account]", Shown(flag="--as", metavar="WHO")]
Key = Annotated[str, "Who signs: a key's name, or the path of its file."]


@dataclass(frozen=True)
class Records:
    """Where the house keeps them.

    Parameters
    ----------
    keys
        Folder of private keys: ``NAME.key``.
    trust_file
        Public keys that count.
    log
        Folder of the event log.
    log_key
        Name of the key that signs the log's heads.
    kept
        File with the last head, on another disk or machine than the log; None: an old state of the log that is put back
        whole cannot be told from the present one.
    passphrase
        Of private keys that have one.
    who
        The operator's id.
    """

    keys: Path
    trust_file: Path
    log: Path
    log_key: str
    kept: Path | None
    passphrase: bytes | None
    who: str

    @staticmethod
    def of(environment: Mapping[str, str], who: str | None = None) -> "Records":
        """Read where they are; what is not said lies in ``vivavoce`` in the user's data folder.

        Variables are ``VIVA_KEYS``, ``VIVA_TRUST``, ``VIVA_LOG``, ``VIVA_LOG_KEY``, ``VIVA_LOG_HEAD``,
        ``VIVA_PASSPHRASE``.

        Parameters
        ----------
        environment
            As ``os.environ``.
        who
            The operator; the account's name by default.
        """
        kept, passphrase = environment.get("VIVA_LOG_HEAD"), environment.get("VIVA_PASSPHRASE")
        return Records(
            keys=place(environment, "VIVA_KEYS", "keys"),
            trust_file=place(environment, "VIVA_TRUST", "trust.json"),
            log=place(environment, "VIVA_LOG", "log"),
            log_key=environment.get("VIVA_LOG_KEY") or "log",
            kept=Path(kept) if kept else None,
            passphrase=passphrase.encode() if passphrase else None,
            who=who or _account(),
        )

    @staticmethod
    def here(who: str | None = None) -> "Records":
        """Return those of this process."""
        return Records.of(os.environ, who)

    def trust(self) -> Trust:
        """Read the trust file. Raises :class:`vivavoce.data.signing.key.TrustRefused`."""
        return Trust.read(self.trust_file)

    def key_file(self, name: str) -> Path:
        """Return where the private key of this name is."""
        return self.keys / f"{name}.key"

    def key(self, name: str) -> SigningKey:
        """Read a private key by its name, or a key file by its path (with a slash).

        Raises
        ------
        vivavoce.data.signing.key.KeyRefused
            If it cannot be used.
        """
        return SigningKey.read(Path(name) if "/" in name else self.key_file(name), self.passphrase)

    @property
    def logged(self) -> bool:
        """Whether there is an event log: once somebody began one, everything that is done belongs there."""
        return (self.log / EVENTS).is_file()

    def create_log(self) -> Head:
        """Begin the event log. Raises :class:`vivavoce.data.log.log.LogRefused` where there is one."""
        return self._keep(EventLog.create(self.log, self.key(self.log_key), self.trust(), who=self.who))

    def write(self, *events: Event) -> Head:
        """Append events to the log; they are durable, and covered by the returned head, when this returns.

        Raises
        ------
        vivavoce.data.log.log.NoLog, vivavoce.data.log.log.LogAltered
            If there is no log, or not the one that its heads say.
        vivavoce.data.log.log.LogRefused, vivavoce.data.signing.key.KeyRefused
            If the log's key cannot sign.
        """
        with self.writing() as log:
            return log.append(events)

    @contextmanager
    def writing(self) -> Iterator[EventLog]:
        """Hold the log for what reads it and then writes: ``log.found`` is what it held.

        It is verified first, against the kept head too: nothing is built on an altered one. Raises as :meth:`write`.
        """
        trust, key = self.trust(), self.key(self.log_key)
        with EventLog.open(self.log, key, trust, who=self.who, kept=self.kept_heads()) as log:
            yield log
            if log.head is not None:
                self._keep(log.head)

    def read(self, more: Sequence[Head] = ()) -> Read:
        """Read the log and verify all of it, against the kept head and more of them.

        Raises
        ------
        vivavoce.data.log.log.NoLog, vivavoce.data.log.log.LogAltered
            If there is no log, or not the one that its heads say.
        """
        return verify_log(self.log, self.trust(), kept=[*self.kept_heads(), *more])

    def kept_heads(self) -> list[Head]:
        """Return what ``VIVA_LOG_HEAD`` holds. Raises :class:`vivavoce.data.log.event.HeadRefused`."""
        if self.kept is None or not self.kept.exists():
            return []
        return read_heads(self.kept)

    def _keep(self, head: Head) -> Head:
        if self.kept is not None:
            make_folder(self.kept.parent)
            write_durably(self.kept, head.line() + b"\n")
        return head


def enter(said: Console, events: Sequence[Event], records: Records, *, once: bool = False) -> bool:
    """Write events into the log where there is one; False, and said, where it refuses.

    ``once`` leaves out an event that the log has already: the same action on the same digests, the same people.
    """
    if not events or not records.logged:
        return True
    try:
        with records.writing() as log:
            known = [_identity(one) for one in log.found.events(*{one.action for one in events})] if once else []
            if missing := [one for one in events if _identity(one) not in known]:
                log.append(missing)
    except VivaError as error:
        say(said, f"Done, but not entered into the event log: {error}", "red")
        return False
    return True


def _identity(event: Event) -> tuple[object, ...]:
    """What makes two events one that was entered twice."""
    return event.action, dict(event.digests), event.people


def read_heads(path: Path) -> list[Head]:
    """Read heads from a file, one a line. Raises :class:`vivavoce.data.log.event.HeadRefused`, :class:`OSError`."""
    return [Head.read(line) for line in path.read_bytes().splitlines()]


def _account() -> str:
    try:
        return getpass.getuser()
    except KeyError:  # a container may run under a number that has no name
        return f"uid-{os.getuid()}"
