"""``viva log``: the event log begun, read, verified, and its head kept elsewhere."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from rich.console import Console

from vivavoce.data.errors import Exit
from vivavoce.data.log.event import Event, HeadRefused
from vivavoce.data.log.tree import included, inclusion_proof, leaf_hash
from vivavoce.data.signing.signature import Purpose, known
from vivavoce.data.vault.durable import make_folder, write_durably
from vivavoce.pipelines.door import Place, Shown, folder_for
from vivavoce.pipelines.records import Records, Who, read_heads
from vivavoce.pipelines.terminal import Listed, say

HEADS = "heads.jsonl"  # one head a line, oldest first
SHOWN = 40  # digits of a detail in the table


def create(*, who: Who = None, records: Records | None = None) -> Exit:
    """Begin the log. It needs a key with the role ``log``: ``viva keys create log --role log``."""
    said, books = Console(stderr=True), records or Records.here(who)
    head = books.create_log()
    say(said, f"{books.log} is begun, its heads signed by {books.log_key!r}; root {head.root[:16]}….")
    if books.kept is None:
        say(said, "Name a file on another disk in VIVA_LOG_HEAD: only a head kept there shows an old state put back.")
    return Exit.DONE


def events(
    *, last: Annotated[int, "How many, from the end.", Shown(least=1)] = 30, records: Records | None = None
) -> Listed:
    """List the last events, the log verified."""
    rows = []
    for number, line in list(enumerate((records or Records.here()).read().lines))[-last:]:
        event = Event.read(line)[1]
        rows.append(
            {
                "n": number,
                "time": event.time[:19],
                "who": event.who,
                "action": event.action.value,
                "details": [f"{name} {str(value)[:SHOWN]}" for name, value in event.details.items()],
                "digests": [f"{name} {digest[:12]}" for name, digest in event.digests.items()],
                "people": len(event.people) or None,
            }
        )
    return Listed(rows, ("n", "time", "who", "action", "details", "digests", "people"))


@dataclass(frozen=True)
class LogVerified:
    """A log that is as its heads say: so many events, signed by whom and when, going on from so many kept heads."""

    log: str
    events: int
    signer: str
    signed: str
    kept: int
    exit: Exit = Exit.DONE

    def document(self) -> dict[str, Any]:
        """For a machine."""
        return asdict(self)

    def show(self) -> None:
        """Say it."""
        said = Console(stderr=True)
        say(said, f"{self.log}: {self.events} events as signed by {self.signer} at {self.signed}.")
        if self.kept:
            say(said, f"They go on from {self.kept} heads kept elsewhere.")
        else:
            say(said, "No head kept elsewhere was given (--head, VIVA_LOG_HEAD): an old state put back is not told.")


def verify(
    *,
    head: Annotated[Place | None, "Heads kept elsewhere; without one a rollback is not told."] = None,
    records: Records | None = None,
) -> LogVerified:
    """Verify the whole log, against heads kept elsewhere where there are any."""
    books = records or Records.here()
    more = read_heads(Path(head)) if head else []
    read = books.read(more)
    last, kept = read.heads[-1], len(more) + len(books.kept_heads())
    signer = known(last.signature, Purpose.HEAD, last.content(), books.trust()).name
    return LogVerified(str(books.log), last.size, signer, last.signature.time, kept)


def head(
    *,
    out: Annotated[Place | None, "Add it to heads.jsonl of this folder, to be kept elsewhere."] = None,
    records: Records | None = None,
) -> Exit:
    """Print the last head: so many events, under this root."""
    books = records or Records.here()
    file = folder_for(out) / HEADS if out else None
    line = books.read(read_heads(file) if file and file.exists() else ()).heads[-1].line() + b"\n"
    if file is None:
        print(line.decode(), end="")  # noqa: T201
        return Exit.DONE
    make_folder(file.parent)
    write_durably(file, (file.read_bytes() if file.exists() else b"") + line)
    say(Console(stderr=True), f"{file}: keep it where whoever writes the log cannot.")
    return Exit.DONE


def recover(*, who: Who = None, records: Records | None = None) -> Exit:
    """Cut off what a killed writer left unsigned, and log that."""
    with (records or Records.here(who)).writing() as log:
        cut = len(log.found.unsigned)
        found = (
            f"{cut} bytes were cut off, and the log says so."
            if cut or log.found.cut_head
            else "There is nothing to recover."
        )
        say(Console(stderr=True), found)
    return Exit.DONE


def prove(number: Annotated[int, "Of the event, as viva log list counts."], *, records: Records | None = None) -> Exit:
    """Print what shows one event to others: its line, the head, and the hashes between them."""
    read = (records or Records.here()).read()
    if not 0 <= number < len(read.lines):
        raise HeadRefused(f"There are events 0 to {len(read.lines) - 1}. Got {number} instead.")
    leaves, head = [leaf_hash(line) for line in read.lines], read.heads[-1]
    proof = inclusion_proof(leaves, number)
    assert included(leaves[number], number, head.size, proof, bytes.fromhex(head.root))
    document = {
        "event": read.lines[number].decode(),
        "number": number,
        "proof": [beside.hex() for beside in proof],
        "head": json.loads(head.line()),
    }
    print(json.dumps(document, indent=1, ensure_ascii=False))  # noqa: T201
    return Exit.DONE
