"""``viva erase``: one person's data taken out of output folders, and their key destroyed; provable afterwards.

What still names a person in a folder, and which documents were made from tables that held them.
"""

import csv
import html
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from vivavoce.data.errors import Exit
from vivavoce.data.identity import digest_file
from vivavoce.data.log.event import Action, Event, pseudonym
from vivavoce.data.log.log import Read
from vivavoce.data.problem import Problem, shorten
from vivavoce.data.run_owner import forget_rows, forgotten_id, lines_of, pending_rows, take_folder
from vivavoce.data.table import InputRefused
from vivavoce.data.vault.durable import sweep, sync_folder
from vivavoce.data.vault.keys import ProjectKey
from vivavoce.data.vault.store import Store
from vivavoce.pipelines.door import Folder, Place, front_door, places_of
from vivavoce.pipelines.erased_rows import STATUS_TABLE, Person, interviews_of, texts_of, without
from vivavoce.pipelines.records import Records, Who
from vivavoce.pipelines.scoring.job import open_store
from vivavoce.pipelines.scoring.outputs import write_whole
from vivavoce.pipelines.terminal import say

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


ERASURES = "erasures.jsonl"  # one line for each: when, by whom, why, which tables; nobody is named
REPORT = "report.html"
LEDGER = "ledger.sqlite"
LONGEST = 2000  # characters of a reason
UNTOUCHED = (
    "Not touched, since viva did not write them or cannot take one person out: recordings, transcripts, the manifest, "
    "ratings, outcomes, declared groups, backups; histograms and counts in audits; coefficients of models."
)


@dataclass(frozen=True)
class EraseRequest:
    """What ``viva erase`` may be asked for."""

    folders: Annotated[Folder | Sequence[Folder], "Output folders of viva score or viva measure."]
    _: KW_ONLY
    candidate: Annotated[str, "Whose data."]
    reason: Annotated[str, "Why; on one line, without the person's id: it is kept."]
    also: Annotated[Sequence[Place], "A table or list elsewhere that holds the person; once for each."] = ()
    used_in: Annotated[Sequence[Folder], "A folder of models or audits: which were made from these tables?"] = ()
    who: Who = None
    records: Records | None = None

    @property
    def places(self) -> list[Path]:
        """The output folders."""
        return places_of(self.folders)

    @property
    def files(self) -> list[Path]:
        """The tables and lists elsewhere."""
        return [Path(one) for one in self.also]


@dataclass(frozen=True)
class Plan:
    """What erasing changes in one folder: files' new content in the order in which it is written, ``status`` last."""

    folder: Path
    person: Person
    changes: dict[Path, bytes]
    before: dict[str, str]  # digests of the Parquet tables that change, by name

    @property
    def after(self) -> dict[str, str]:
        """Digests of the same tables afterwards."""
        return {name: sha256(self.changes[self.folder / name]).hexdigest() for name in self.before}


@front_door(EraseRequest)
def erase(request: EraseRequest) -> Exit:
    """Erase one person: their rows taken out, their key destroyed, the erasure logged.

    Raises
    ------
    VivaError
        Where it is refused: for a folder that is none, a person who is not there, a reason that names them.
    """
    _check(request)
    with _held(request.places) as stores:
        return _erase(request, stores, request.records or Records.here(request.who), Console(stderr=True))


def _check(request: EraseRequest) -> None:
    """Refuse what is no request, before anything is looked at."""
    problems = []
    if not request.candidate.strip():
        problems.append(Problem("--candidate", shorten(request.candidate), "Write the candidate's id."))
    if not request.reason.strip() or len(request.reason) > LONGEST or not request.reason.isprintable():
        remedy = f"Write 1 to {LONGEST} characters on one line."
        problems.append(Problem("--reason", shorten(request.reason), remedy))
    elif Person(request.candidate).is_named(request.reason):
        problems.append(Problem("--reason", shorten(request.reason), "Leave the person's id out: the reason is kept."))
    for folder in request.places:
        if not (folder / LEDGER).is_file() or not (folder / "store" / "keys").is_dir():
            remedy = "Name output folders that viva score or viva measure wrote."
            problems.append(Problem(str(folder), "no ledger and keys", remedy))
    missing = [path for path in (*request.files, *places_of(request.used_in)) if not path.exists()]
    problems += [Problem(str(path), "nothing", "Name a file or folder that exists.") for path in missing]
    if problems:
        raise InputRefused(request.places[0], problems)


@contextmanager
def _held(folders: Sequence[Path]) -> Iterator[dict[Path, Store]]:
    """Hold every folder, so that no run is at work on one, and open its store."""
    key = ProjectKey.read(ProjectKey.location(os.environ))
    once = {folder.resolve(): folder for folder in folders}.values()
    with ExitStack() as held:
        for folder in once:
            held.callback(os.close, take_folder(folder)[0])
        yield {folder: open_store(folder / "store", key) for folder in once}


def _erase(request: EraseRequest, stores: Mapping[Path, Store], records: Records, said: Console) -> Exit:
    plans = [make_plan(folder, request.candidate) for folder in stores]
    person = Person(request.candidate, frozenset().union(*(one.person.interviews for one in plans)))
    known = [one for one in plans if _is_known(one, stores[one.folder])]
    if not known:
        remedy = "Name somebody who is there, letter by letter as the manifest does."
        if any(pending_rows(folder) for folder in stores):
            remedy += " Rows that have not begun name nobody yet: finish the run first."
        raise InputRefused(request.places[0], [Problem("--candidate", shorten(request.candidate), remedy)])
    digests = {digest for plan in plans for digest in (*plan.before.values(), *_earlier(plan.folder))}
    uses = list(documents_of(places_of(request.used_in), digests))
    if records.logged:
        with records.writing() as log:  # before any key goes, since the pseudonym goes with it
            uses += events_of(log.found, digests)
            entered = {event.people for event in log.found.events(Action.ERASE)}
            events = [event for one in known if (event := _event(request, one, stores[one.folder], records.who))]
            if missing := [event for event in events if event.people not in entered]:
                log.append(missing)
    for plan in known:
        say(said, carry_out(plan, stores[plan.folder], request.reason.strip(), records.who))
    for path in request.files:
        content = without(path, person)
        if content is not None:
            _write(path, content)
            say(said, f"{path}: their rows taken out.")
    return _close(request, person, uses, said)


def make_plan(folder: Path, candidate: str) -> Plan:
    """What would change in a folder; nothing is written."""
    sweep(folder, older_s=0)  # what a killed writer had begun: the folder is held
    paths = files_of(folder)
    lines = lines_of(folder)
    forgotten = {name: forgotten_id(line) for name, line in lines.items()}
    try:
        person = Person(candidate, interviews_of(paths, candidate), forgotten)
        changes = {path: content for path in paths if (content := without(path, person)) is not None}
    except (pa.ArrowException, csv.Error) as error:
        remedy = "Take the table that cannot be read out of the folder, or restore it."
        raise InputRefused(folder, [Problem("tables", shorten(str(error)), remedy)]) from error
    ordered = sorted(changes, key=lambda path: (path.stem == STATUS_TABLE, path.suffix == ".parquet"))
    tables = [path for path in ordered if path.suffix == ".parquet"]
    before = {path.relative_to(folder).as_posix(): digest_file(path).sha256 for path in tables}
    return Plan(folder, person, {path: changes[path] for path in ordered}, before)


def _is_known(plan: Plan, store: Store) -> bool:
    candidate = plan.person.candidate
    return (
        bool(plan.changes) or store.keyring.erased(candidate) is not None or store.keyring.find(candidate) is not None
    )


def _event(request: EraseRequest, plan: Plan, store: Store, who: str) -> Event | None:
    """What the log says of an erasure; None where the key, and the pseudonym with it, is gone already."""
    key = None if store.keyring.erased(request.candidate) else store.keyring.find(request.candidate)
    if key is None:
        return None
    digests = {f"{name} before": digest for name, digest in plan.before.items()} | plan.after
    details = {"reason": request.reason.strip(), "tables": len(plan.before)}
    return Event.now(Action.ERASE, who, digests=digests, details=details, people=(pseudonym(key),))


def carry_out(plan: Plan, store: Store, reason: str, who: str) -> str:
    """Erase; each step may be done already, and the last ones find what is to be done from what the earlier left."""
    candidate = plan.person.candidate
    again = store.keyring.erased(candidate)
    store.keyring.destroy(candidate)
    sealed = store.remove(candidate)
    if plan.changes:
        _note(plan, reason, who)
        (plan.folder / REPORT).unlink(missing_ok=True)
        sync_folder(plan.folder)
    for path, content in plan.changes.items():
        _write(path, content)
    rows = forget_rows(plan.folder, _to_forget(plan.folder))
    if again and not (sealed or plan.changes or rows):
        return f"{plan.folder}: was erased on {again}; nothing was left to do."
    words = f"{plan.folder}: key destroyed, {sealed} sealed files and rows of {len(plan.changes)} tables taken out."
    if plan.changes:
        words += f" {REPORT} is gone: the command that made the folder writes it again, without this person."
    if pending_rows(plan.folder):
        words += " Its run has not finished: the same command goes on without this person."
    return words


def _to_forget(folder: Path) -> list[str]:
    """Rows of the ledger whose row in the status table is forgotten already."""
    path = folder / f"{STATUS_TABLE}.parquet"
    if not path.exists():
        return []
    shown = set(pq.read_table(path, columns=["interview_id"])["interview_id"].to_pylist())
    return [
        name for name, line in lines_of(folder).items() if name != forgotten_id(line) and forgotten_id(line) in shown
    ]


def _note(plan: Plan, reason: str, who: str) -> None:
    """Add a line on this erasure, by which later ones know what the tables were; nobody is named."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    line = {"time": now, "who": who, "reason": reason, "before": plan.before, "after": plan.after}
    path = plan.folder / ERASURES
    kept = path.read_bytes() if path.exists() else b""
    _write(path, kept + json.dumps(line, ensure_ascii=False).encode() + b"\n")


def _earlier(folder: Path) -> set[str]:
    """Digests that the folder's tables had before other people were erased: this person stood in those, too."""
    path = folder / ERASURES
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {digest for line in lines for digest in json.loads(line)["before"].values()}


def _close(request: EraseRequest, person: Person, uses: Sequence[Use], said: Console) -> Exit:
    """Say what cannot be erased, and look for what still names the person."""
    if uses:
        say(said, "Made from a table that held this person, and still there:")
        for use in uses:
            say(said, f"  {use.what}: {use.where}")
    say(said, UNTOUCHED)
    paths = [path for folder in request.places for path in files_of(folder)] + list(request.files)
    left = find_traces(paths, person)
    for path in left:
        say(said, f"{path}: still names them. Take it out by hand, or delete the file.")
    if not left:
        say(said, f"{len(paths)} files were searched: none names the person or an interview of theirs.")
    return Exit.FINDING if left else Exit.DONE


def _write(path: Path, content: bytes) -> None:
    write_whole(path, lambda temporary: Path(temporary).write_bytes(content))
