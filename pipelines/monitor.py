"""``viva monitor``: is the model in use still looking at what it was built on, month by month."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from vivavoce.data.errors import Exit
from vivavoce.data.identity import digest_file
from vivavoce.data.log.event import Action, Event
from vivavoce.data.problem import Problem
from vivavoce.data.table import InputRefused
from vivavoce.data.vault.durable import make_folder, write_durably
from vivavoce.evaluation.drift import watch
from vivavoce.fairness.groups import AFTER, BEFORE, CANDIDATE, DATE, read_groups, read_reviews
from vivavoce.pipelines.records import Records
from vivavoce.pipelines.scoring.model import load_scorer
from vivavoce.pipelines.terminal import say
from vivavoce.pipelines.watching.impact import (
    REFERENCE,
    RULES,
    Compared,
    Impact,
    Passing,
    describe,
    files,
    find_triggers,
    impact_of,
    plain,
    reviewed,
)
from vivavoce.pipelines.watching.monitor_page import write_page
from vivavoce.pipelines.watching.months import (
    UNDATED,
    WINDOW,
    Kind,
    Seen,
    check_alike,
    read_seen,
    window_of,
    with_reviews,
)

CALLING = tuple(kind for kind in Kind if kind is not Kind.RECORDING)

Json = dict[str, Any]


@dataclass(frozen=True)
class MonitorRequest:
    """What the command line asked for.

    Parameters
    ----------
    folders, reference
        Output folders of ``viva score``: what came since, and what the training or the audit used.
    out
        Folder for ``monitor.json`` and ``monitor.html``.
    model
        A folder or ``models:/NAME@champion``: watches the features that it uses, and its job.
    job
        Whose interviews; needed where there are several and no model.
    groups, select, cut
        Declared groups, and who passes: a share of each month from the top, or a score. All or none.
    reviews
        As ``viva review --export`` writes them.
    audit
        Folder of the audit in force.
    now
        The time of asking; set by tests.
    """

    folders: tuple[Path, ...]
    reference: Path
    out: Path
    model: str | None = None
    job: str | None = None
    groups: Path | None = None
    select: float | None = None
    cut: float | None = None
    reviews: Path | None = None
    audit: Path | None = None
    now: datetime | None = None


def run_monitor(request: MonitorRequest, records: Records, *, console: Console | None = None) -> Exit:
    """Look, and write what was seen; 0: quiet, 1: a new audit is called for."""
    said = console or Console(stderr=True)
    document = monitor(request)
    make_folder(request.out)
    written = (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()
    path = request.out / "monitor.json"
    write_durably(path, written)
    write_page(document, request.out / "monitor.html")
    if records.logged:
        details = {
            "triggers": len(document["triggers"]),
            "job": document["job"],
            "windows": len(document["windows"]),
        }
        digests = {"monitor": digest_file(path).sha256}
        records.write(Event.now(Action.MONITOR, records.who, digests=digests, details=details))
    for one in document["triggers"]:
        say(said, f"{one['rule']}: {one['words']}.")
    closing = "A new audit is called for." if document["triggers"] else "Quiet: nothing calls for a new audit."
    say(said, f"{closing} {request.out / 'monitor.html'}")
    return Exit.FINDING if document["triggers"] else Exit.DONE


def monitor(request: MonitorRequest) -> Json:
    """Compare every month with the reference.

    Raises
    ------
    InputRefused
        For tables that cannot be read, features measured otherwise than the reference's, and options that do not fit.
    vivavoce.models.directory.ModelRefused, vivavoce.models.version.ModelDiffers
        If the model cannot be loaded, or was trained on other measurements than these.
    """
    passing = _passing(request)
    scorer = None if request.model is None else load_scorer(request.model)
    job = request.job if scorer is None else scorer.job
    wanted = None if scorer is None else tuple(scorer.model.fingerprints)
    reference, later = read_seen([request.reference], job, wanted), read_seen(request.folders, job, wanted)
    check_alike(reference, later)
    if scorer is not None:
        scorer.model.check(later.fingerprints, ())
    if request.reviews is not None:
        changed = _reviews(request.reviews)
        reference, later = with_reviews(reference, changed), with_reviews(later, changed)
    audit = None if request.audit is None else _audit(request.audit)
    impact: list[Impact] = []
    if request.groups is not None:
        assert passing is not None
        impact = impact_of(later, read_groups(request.groups), passing, _comparators(audit))
    now = request.now or datetime.now(UTC)
    calling, explaining = _compare(reference, later, CALLING), _compare(reference, later, (Kind.RECORDING,))
    triggers = find_triggers(calling, impact, later, audit, now)
    return {
        "format": 1,
        "made": now.isoformat(timespec="seconds"),
        "restricted": request.groups is not None,
        "job": next(iter(later.people["job"].dropna()), None),
        "model": request.model,
        "reference": {"people": len(reference.people), **files(request.reference)},
        "folders": [files(one) for one in request.folders],
        "windows": [{"window": one, "people": int((later.people[WINDOW] == one).sum())} for one in later.windows],
        "rules": RULES,
        "not_given": [name for name in ("model", "groups", "reviews", "audit") if getattr(request, name) is None],
        "audit": None if audit is None else {"made": audit["made"], "model": (audit.get("model") or {}).get("digest")},
        "digests": list(later.digests),
        "triggers": [asdict(one) for one in triggers],
        "watched": [*describe(calling, later), *describe(explaining, later)],
        "reviewed": reviewed([calling.reference, *calling.windows]),
        "impact": [plain({**asdict(one), "below": one.below}) for one in impact],
    }


def _passing(request: MonitorRequest) -> Passing | None:
    given = [one for one in (request.select, request.cut) if one is not None]
    if (request.groups is None and given) or (request.groups is not None and len(given) != 1):
        remedy = "Name --groups with one of --select and --cut, or none of the three."
        raise InputRefused(request.out, [Problem("options", f"{len(given)} of --select and --cut", remedy)])
    if request.select is not None and not 0 < request.select < 1:
        raise InputRefused(request.out, [Problem("--select", str(request.select), "Write a share between 0 and 1.")])
    return Passing(request.cut, request.select) if given else None


def _reviews(path: Path) -> pd.DataFrame:
    table = read_reviews(path).table
    return table.frame[[CANDIDATE, BEFORE, AFTER]].assign(**{DATE: table.days(DATE)})


def _audit(folder: Path) -> Json:
    path = folder / "audit.json"
    try:
        found: Json = json.loads(path.read_text(encoding="utf-8"))
        made = datetime.fromisoformat(found["made"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputRefused(path, [Problem("audit", str(error), "Name the folder that viva audit wrote.")]) from error
    if made.tzinfo is None:
        raise InputRefused(path, [Problem("made", found["made"], "Write a time with its zone.")])
    return found


def _comparators(audit: Json | None) -> dict[str, str]:
    tables = [] if audit is None else audit.get("tables", [])
    named = [one for one in tables if one["family"] == "primary" and one["comparator_named"]]
    return {one["attribute"]: one["comparator"] for one in named}


def _compare(reference: Seen, later: Seen, kinds: Sequence[Kind]) -> Compared:
    """Dated windows one after the other; undated people are compared too, and are no month."""
    reasons = sorted({*reference.reasons, *later.reasons})
    old = window_of(REFERENCE, reference, reference.people, kinds, reasons)
    seen = [
        window_of(name, later, later.people[later.people[WINDOW] == name], kinds, reasons) for name in later.windows
    ]
    months = [one for one in seen if one.name != UNDATED]
    return Compared(old, seen, watch(old, months), watch(old, [one for one in seen if one.name == UNDATED]))
