"""What still names a person in a folder, and which documents were made from tables that held them."""

import html
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from vivavoce.data.log.event import Action
from vivavoce.data.log.verify import Read
from vivavoce.pipelines.erasing.tables import Person, texts_of

SEALED = "store"  # of an output folder: pseudonyms and sealed bytes, which nobody opens without a key
DIGEST = re.compile(rb"\b[0-9a-f]{64}\b")


@dataclass(frozen=True)
class Use:
    """What was made from a table that held the person: it holds sums and coefficients, and stays."""

    what: str
    where: str


def files_of(folder: Path) -> list[Path]:
    """Every file of a folder but those that are sealed."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and SEALED not in path.relative_to(folder).parts)


def find_traces(paths: Collection[Path], person: Person) -> list[Path]:
    """Files in which an id of the person stands as a word of its own; Parquet is searched unpacked."""
    return [path for path in paths if _names(path, person)]


def _names(path: Path, person: Person) -> bool:
    if path.suffix == ".parquet":
        texts = texts_of(pq.read_table(path)).values()
        return any(person.is_named(cell) for column in texts for cell in set(column))
    text = path.read_bytes().decode("utf-8", errors="replace")
    return person.is_named(text) or person.is_named(html.unescape(text))


def documents_of(folders: Collection[Path], digests: Collection[str]) -> Iterator[Use]:
    """JSON documents that name one of these digests: data sheets, audits, comparisons, monitors."""
    wanted = {digest.encode() for digest in digests}
    for folder in folders:
        for path in sorted(folder.rglob("*.json")):
            if wanted & set(DIGEST.findall(path.read_bytes())):
                yield Use("a document made from it", str(path))


def events_of(read: Read, digests: Collection[str]) -> Iterator[Use]:
    """What the event log knows to have been made from tables with these digests: trainings, above all."""
    for number, line in enumerate(read.lines):
        if any(digest.encode() in line for digest in digests):
            event = json.loads(line)
            if event["action"] not in (Action.SCORE, Action.ERASE):
                model = event["digests"].get("model", "")[:12]
                what = f"{event['action']} of {event['time'][:10]}" + (f", model {model}" if model else "")
                yield Use(what, f"event {number}")
