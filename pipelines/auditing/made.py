"""An audit that was made: what it says, the folder it lies in, its line in the event log.

A folder holds one audit. Another one is refused there, or the first is kept beside it under a number, so that whoever
looks for a cut that passes leaves a trail.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from vivavoce.data.errors import AlreadyThere, Exit
from vivavoce.data.identity import digest_file
from vivavoce.data.log.event import Action, Event
from vivavoce.data.vault.durable import make_folder, write_durably
from vivavoce.fairness.table import Verdict
from vivavoce.pipelines.auditing.kinds import registered
from vivavoce.pipelines.auditing.story import audit_page
from vivavoce.pipelines.auditing.tables import write_tables
from vivavoce.pipelines.door import Place, scratch
from vivavoce.pipelines.records import Records, enter
from vivavoce.pipelines.report.page import print_beside, write_pdf

if TYPE_CHECKING:
    import pandas as pd

Json = dict[str, Any]

STATUSES = {Verdict.OK: Exit.DONE, Verdict.FINDING: Exit.FINDING}  # what is to be looked at cannot be told
FINDING = ("attribute", "group", "comparator", "stratum", "measure", "what", "family", "size", "interval")
TABLES, SHARED_TABLES = "tables", "tables.shared"
PAPERS, SIGNATURES = "papers", "signatures"  # folders beside an audit, which go where it goes
OF_THE_DAY = ("made", "vivavoce", "rules", "checks", "replaces")  # the same audit made again differs in these alone


@dataclass(frozen=True)
class Audited:
    """An audit that was made.

    Parameters
    ----------
    content
        As ``audit.json``: every number, verdict and source.
    shared
        The copy that may be passed on, where one was asked for.
    place
        Where the reports lie; None where nothing was written.
    logged
        Whether the event log has it, or there is none.
    tabled
        Whether its tables are written beside the reports, as CSV and as a workbook.
    """

    content: Json
    shared: Json | None
    place: Path | None
    logged: bool = True
    tabled: bool = False

    @property
    def verdict(self) -> Verdict:
        """Of the declared comparisons together: ``ok``, ``finding``, ``look`` or ``insufficient``."""
        return Verdict(self.content["status"])

    @property
    def exit(self) -> Exit:
        """0 every group ok, 1 a finding, 4 cannot be told or wants a look, 5 not entered into the event log."""
        return STATUSES.get(self.verdict, Exit.CANNOT_TELL) if self.logged else Exit.NOT_LOGGED

    @property
    def findings(self) -> "pd.DataFrame":
        """One row for each: the declared ones, then those found by looking; where, how large, and what settles it."""
        import pandas as pd

        rows = [{**one["where"], **one} for one in self.content["findings"]]
        return pd.DataFrame(rows, columns=None if rows else list(FINDING)).drop(columns="where", errors="ignore")

    @property
    def by_group(self) -> "pd.DataFrame":
        """One row for each group of each comparison: people, selection rate, impact ratio, its interval, verdict."""
        import pandas as pd

        tables = self.content["tables"]
        about = ("attribute", "family", "stratum", "comparator")
        rows = [{**{name: one.get(name) for name in about}, **row} for one in tables for row in one["rows"]]
        return pd.DataFrame(rows)

    @property
    def folder(self) -> Path:
        """Where the reports lie; where none was named they are written into a temporary folder now."""
        if self.place is None:
            object.__setattr__(self, "place", scratch("audit"))
            write_audit(self.folder, self)
        assert self.place is not None
        return self.place

    def to_html(self, path: Place) -> Path:
        """Write the page; returns where."""
        write_durably(Path(path), audit_page(self.content).encode())
        return Path(path)

    def to_pdf(self, path: Place) -> Path:
        """Write the PDF; returns where. Raises :class:`VivaError` on a machine without what prints it."""
        write_pdf(Path(path), audit_page(self.content))
        return Path(path)

    def document(self) -> Json:
        """What ``audit.json`` says, for a machine."""
        return self.content


def make_room(folder: Path, made: Audited, *, replace: bool) -> None:
    """See to it that the folder holds no other audit: keep that one beside, numbered, or refuse.

    Raises
    ------
    AlreadyThere
        Where another audit is there and is not to be replaced; one that differs by its day only is the same.
    """
    path = folder / "audit.json"
    if not path.exists():
        return
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        before = {}
    if _substance(before) == _substance(json.loads(json.dumps(made.content))):
        return
    if not replace:
        raise AlreadyThere(path, "this folder holds another audit. Name another, or keep that one beside: --replace.")
    number = 1
    while (folder / f"audit-{number}.json").exists():
        number += 1
    for document in filter(None, (made.content, made.shared)):
        document["replaces"] = {"file": f"audit-{number}.json", "sha256": digest_file(path).sha256}
    for old in sorted(folder.glob("audit.*")):
        old.rename(old.with_name(old.name.replace("audit", f"audit-{number}", 1)))
    for old in sorted(folder.glob("tables*")):
        if old.name in (TABLES, SHARED_TABLES):
            old.rename(old.with_name(old.name.replace("tables", f"tables-{number}", 1)))
    for name in (PAPERS, SIGNATURES):
        if (folder / name).is_dir():
            (folder / name).rename(folder / f"{name}-{number}")


def _substance(document: Json) -> Json:
    return {name: part for name, part in document.items() if name not in OF_THE_DAY}


def write_audit(folder: Path, made: Audited) -> None:
    """Write ``audit.json``, page and PDF, tables where asked for, and the copies that may be passed on if any."""
    make_folder(folder)
    _write(folder, "audit", made.content)
    if made.tabled:
        write_tables(folder / TABLES, made.content)
    if made.shared is not None:
        _write(folder, "audit.shared", made.shared)
        if made.tabled:
            write_tables(folder / SHARED_TABLES, made.shared)


def enter_audit(audited: Audited) -> bool:
    """Enter an audit that was written into the event log, where there is one; whether that was done."""
    records = Records.here()
    digests = {} if audited.place is None else {"audit": digest_file(audited.place / "audit.json").sha256}
    for kind in registered():
        if kind.declared.part in audited.content:
            digests |= kind.digests(audited.content[kind.declared.part])
    event = Event.now(Action.AUDIT, records.who, digests=digests, details={"status": audited.verdict.value})
    return enter(Console(stderr=True), [event], records)


def _write(out: Path, name: str, document: Json) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    write_durably(out / f"{name}.json", text.encode())
    page = out / f"{name}.html"
    write_durably(page, audit_page(document).encode())
    print_beside(page, Console(stderr=True))
