"""Tables and lists without one person: what they become, everybody else's rows as they were, bit by bit.

It reads them by itself and not through the one door (``data/table.py``): the door gives values, and what must stay here
is every byte of everybody else's rows, quotes, line ends and types included.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from vivavoce.data.status import Reason, RowStatus
from vivavoce.pipelines.scoring.outputs import STATUS, Result, Row, status_table

CANDIDATE, INTERVIEW = "candidate_id", "interview_id"
KEYS = (CANDIDATE, INTERVIEW)
STATUS_TABLE = "status"  # keeps a row for each of the manifest's, whoever was erased
DETAIL = "The person was erased: nothing is kept of them."
WORD = r"[\w.@-]"  # what ids are made of: beside one of these, an id is part of another


@dataclass(frozen=True)
class Person:
    """Who is erased: the candidate's id, their interviews' ids, and what each row is called afterwards."""

    candidate: str
    interviews: frozenset[str] = frozenset()
    forgotten: Mapping[str, str] = field(default_factory=dict)  # by interview; only of rows that a ledger knows

    def is_named(self, text: str | None) -> bool:
        """Whether a text holds one of the ids, and not as a part of a longer one."""
        return text is not None and re.search(rf"(?<!{WORD})(?:{self._ids})(?!{WORD})", text) is not None

    def is_quoted(self, text: str | None) -> bool:
        """Whether a text holds one of the ids in quotes or brackets, as messages about a row do."""
        return text is not None and re.search(rf"""['"(](?:{self._ids})['")]""", text) is not None

    @property
    def _ids(self) -> str:
        return "|".join(re.escape(name) for name in sorted({self.candidate, *self.interviews}, key=len, reverse=True))


def forgotten_row(name: str) -> Row:
    """The row of an erased person, as every table of an output folder shows it: it ended, and names nobody."""
    return Row(None, Result(name, RowStatus.NOT_SCORED, Reason.ERASED, DETAIL, None, (), (), None, {}), 0.0)


def interviews_of(paths: list[Path], candidate: str) -> frozenset[str]:
    """Ids of the person's interviews, from every Parquet table that has both ids."""
    found: set[str] = set()
    for path in paths:
        if path.suffix == ".parquet" and set(KEYS) <= set(pq.read_schema(path).names):
            table = pq.read_table(path, columns=list(KEYS))
            found |= set(table.filter(pc.equal(table[CANDIDATE], candidate))[INTERVIEW].to_pylist())
    return frozenset(name for name in found if name is not None)


def texts_of(table: pa.Table) -> dict[str, list[str | None]]:
    """Every column of text, however it is stored: plain, large or by dictionary."""
    found = {}
    for name in table.column_names:
        kind = table[name].type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            found[name] = table[name].to_pylist()
    return found


def without(path: Path, person: Person) -> bytes | None:
    """What a table or list becomes without the person; None where it has nothing of them.

    Parameters
    ----------
    path
        ``.parquet`` or ``.csv`` with a column ``candidate_id`` or ``interview_id``; ``.json`` as
        ``viva model shadow --list`` writes it. Anything else has nothing of them here.
    """
    makers: Mapping[str, Callable[[Path, Person], bytes | None]] = {
        ".parquet": _parquet, ".csv": _csv, ".json": _listed,
    }  # fmt: skip
    make = makers.get(path.suffix.lower())
    return None if make is None else make(path, person)


def _parquet(path: Path, person: Person) -> bytes | None:
    if not set(KEYS) & set(pq.read_schema(path).names):
        return None
    table = pq.read_table(path)
    columns = texts_of(table)
    theirs = [_is_theirs({name: cells[i] for name, cells in columns.items()}, person) for i in range(len(table))]
    if not any(theirs):
        return None
    kept = table.filter(pa.array([not one for one in theirs]))
    if path.stem == STATUS_TABLE and table.schema.equals(STATUS):
        at = {i: person.forgotten[str(name)] for i, name in enumerate(columns[INTERVIEW]) if theirs[i]}
        kept = pa.concat_tables(
            [status_table([forgotten_row(at[i])]) if i in at else table.slice(i, 1) for i in range(len(table))]
        ).combine_chunks()
    stream = io.BytesIO()
    pq.write_table(kept, stream)
    return stream.getvalue()


def _csv(path: Path, person: Person) -> bytes | None:
    """Every record is kept as it was written, but for theirs."""
    lines = _records(path.read_bytes().decode("utf-8", errors="surrogateescape"))
    header, kept, changed = next(lines, ("", [])), [], False
    if not set(KEYS) & set(header[1]):
        return None
    for raw, cells in lines:
        row = {name: cell.removeprefix("'") for name, cell in zip(header[1], cells, strict=False)}
        if not _is_theirs(row, person):
            kept.append(raw)
            continue
        changed = True
        if path.stem == STATUS_TABLE and row.get(INTERVIEW) in person.forgotten:
            kept.append(_status_line(person.forgotten[row[INTERVIEW]]))
    return (header[0] + "".join(kept)).encode("utf-8", errors="surrogateescape") if changed else None


def _records(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each record as it stands and its cells; one with quoted line breaks is one record."""
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            taken.append(line)
            yield line

    for cells in csv.reader(lines()):
        yield "".join(taken), cells
        taken.clear()


def _status_line(name: str) -> str:
    stream = io.BytesIO()
    table = status_table([forgotten_row(name)])
    pyarrow.csv.write_csv(table, stream, pyarrow.csv.WriteOptions(include_header=False))
    return stream.getvalue().decode()


def _is_theirs(row: Mapping[str, str | None], person: Person) -> bool:
    """By either id; a row that could not be read has no candidate, and may name the person in its remedy."""
    if row.get(CANDIDATE):
        return row[CANDIDATE] == person.candidate
    if row.get(INTERVIEW) in person.interviews:
        return True
    return CANDIDATE in row and any(person.is_quoted(cell) for cell in row.values())


def _listed(path: Path, person: Person) -> bytes | None:
    """A comparison that lists who would change sides."""
    try:
        document: Any = json.loads(path.read_bytes())
        listed: Any = document["listed"]
        kept = {side: [name for name in names if name != person.candidate] for side, names in listed.items()}
    except (ValueError, KeyError, TypeError, AttributeError):  # another document
        return None
    if kept == listed:
        return None
    return (json.dumps({**document, "listed": kept}, indent=1, ensure_ascii=False) + "\n").encode()
