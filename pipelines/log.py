"""``viva log``: the event log begun, read, verified, and its head kept elsewhere."""

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from vivavoce.data.errors import Exit
from vivavoce.data.log.event import Event, HeadRefused
from vivavoce.data.log.tree import included, inclusion_proof, leaf_hash
from vivavoce.data.signing.signature import Purpose, known
from vivavoce.data.vault.durable import write_durably
from vivavoce.pipelines.records import Records, read_heads
from vivavoce.pipelines.terminal import say

SHOWN = 40  # digits of a detail in the table


def run_create(records: Records) -> Exit:
    """Begin the log."""
    said = Console(stderr=True)
    head = records.create_log()
    say(said, f"{records.log} is begun, its heads signed by {records.log_key!r}; root {head.root[:16]}….")
    if records.kept is None:
        say(
            said,
            "Name a file on another disk in VIVA_LOG_HEAD: only a head kept there shows an old state put back.",
        )
    return Exit.DONE


def run_list(records: Records, last: int, out: Console | None = None) -> Exit:
    """Print the last events, the log verified."""
    read = records.read()
    table = Table("n", "time", "who", "action", "details", "digests", "people")
    for number, line in list(enumerate(read.lines))[-last:]:
        event = Event.read(line)[1]
        details = ", ".join(f"{name} {str(value)[:SHOWN]}" for name, value in event.details.items())
        digests = ", ".join(f"{name} {digest[:12]}" for name, digest in event.digests.items())
        people = str(len(event.people) or "")
        table.add_row(str(number), event.time[:19], event.who, event.action.value, details, digests, people)
    (out or Console()).print(table)
    return Exit.DONE


def run_verify(records: Records, heads: Path | None) -> Exit:
    """Verify the whole log, against heads kept elsewhere where there are any."""
    said = Console(stderr=True)
    more = read_heads(heads) if heads else []
    read = records.read(more)
    last, kept = read.heads[-1], len(more) + len(records.kept_heads())
    signer = known(last.signature, Purpose.HEAD, last.content(), records.trust()).name
    say(said, f"{records.log}: {last.size} events as signed by {signer} at {last.signature.time}.")
    if kept:
        say(said, f"They go on from {kept} heads kept elsewhere.")
    else:
        say(said, "No head kept elsewhere was given (--head, VIVA_LOG_HEAD): an old state put back is not told.")
    return Exit.DONE


def run_head(records: Records, out: Path | None) -> Exit:
    """Print the last head, or add it to a file that is kept elsewhere."""
    said = Console(stderr=True)
    line = records.read(read_heads(out) if out and out.exists() else ()).heads[-1].line() + b"\n"
    if out is None:
        print(line.decode(), end="")  # noqa: T201
        return Exit.DONE
    write_durably(out, (out.read_bytes() if out.exists() else b"") + line)
    say(said, f"{out}: keep it where whoever writes the log cannot.")
    return Exit.DONE


def run_recover(records: Records) -> Exit:
    """Cut off what a killed writer left unsigned, and log that."""
    said = Console(stderr=True)
    with records.writing() as log:
        cut = len(log.found.unsigned)
        if cut or log.found.cut_head:
            say(said, f"{cut} bytes were cut off, and the log says so.")
        else:
            say(said, "There is nothing to recover.")
    return Exit.DONE


def run_prove(records: Records, number: int) -> Exit:
    """Print what shows one event to others: its line, the head, and the hashes between them."""
    read = records.read()
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
