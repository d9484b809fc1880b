"""``viva monitor``: is the model in use still looking at what it was built on, month by month."""

import json
import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from rich.console import Console

from vivavoce.data.column_maps import Maps
from vivavoce.data.errors import Exit
from vivavoce.data.identity import digest_file
from vivavoce.data.log.event import Action, Event
from vivavoce.data.problem import Problem
from vivavoce.data.table import InputRefused
from vivavoce.evaluation.drift import FEW, watch
from vivavoce.fairness.groups import AFTER, BEFORE, CANDIDATE, DATE, read_groups, read_reviews
from vivavoce.pipelines.door import Data, Folder, Map, Model, Place, folder_for, front_door, maps_of, named, places_of
from vivavoce.pipelines.records import Records, Who
from vivavoce.pipelines.report.blocks import speaker
from vivavoce.pipelines.scoring.model import load_scorer
from vivavoce.pipelines.terminal import keep, say
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
from vivavoce.pipelines.watching.monitor_page import closing, told, write_page
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
    """What ``viva monitor`` may be asked for; records and time are those of this process unless given."""

    folders: Annotated[Folder | Sequence[Folder], "Output folders of viva score: what came since."]
    _: KW_ONLY
    reference: Annotated[Folder, "The folder that the training or the audit used."]
    out: Annotated[Place, "Folder for monitor.json and monitor.html."]
    model: Annotated[Model | None, "Watch the features of this one: a folder, or models:/NAME@champion."] = None
    job: Annotated[str | None, "Whose interviews, where there are several jobs."] = None
    groups: Annotated[Data | None, "Declared groups: impact ratios month by month."] = None
    select: Annotated[float | None, "With --groups: the share of each month selected."] = None
    cut: Annotated[float | None, "Or: selected is a score of at least this."] = None
    reviews: Annotated[Data | None, "As viva review --export writes them."] = None
    audit: Annotated[Folder | None, "Folder of the audit in force."] = None
    map: Map = ()
    who: Who = None
    records: Records | None = None
    now: datetime | None = None

    @property
    def places(self) -> list[Path]:
        """The folders that came since."""
        return places_of(self.folders)


@dataclass(frozen=True)
class Watched:
    """What was seen month by month.

    Parameters
    ----------
    folder
        Where ``monitor.json`` and the page are.
    seen
        What ``monitor.json`` says.
    """

    folder: Path
    seen: Json

    @property
    def exit(self) -> Exit:
        """0 quiet, 1 a new audit is called for, 4 no month has people enough to tell."""
        if self.seen["triggers"]:
            return Exit.FINDING
        return Exit.DONE if told(self.seen) else Exit.CANNOT_TELL

    @property
    def triggers(self) -> pd.DataFrame:
        """One row for each thing that calls for a new audit."""
        return pd.DataFrame(self.seen["triggers"])

    def document(self) -> Json:
        """What ``monitor.json`` says, for a machine."""
        return self.seen


@front_door(MonitorRequest)
def monitor(request: MonitorRequest) -> Watched:
    """Watch what is in use: compare every month with the reference, and write what was seen.

    Raises
    ------
    VivaError
        For tables that cannot be read, features measured otherwise than the reference's, options that do not fit, and
        a model that cannot be used on these measurements.
    """
    said, records, out = Console(stderr=True), request.records or Records.here(request.who), folder_for(request.out)
    document = compare(request)
    path = out / "monitor.json"
    keep(path, document)
    write_page(document, out / "monitor.html")
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
    say(said, f"{' '.join(closing(document, speaker('en', 'monitor')))} {out / 'monitor.html'}")
    return Watched(out, document)


def compare(request: MonitorRequest) -> Json:
    """Compare every month with the reference; raises as :func:`monitor`."""
    passing, maps = _passing(request), maps_of(request.map)
    scorer = None if request.model is None else load_scorer(request.model)
    job = request.job if scorer is None else scorer.job
    wanted = None if scorer is None else tuple(scorer.model.fingerprints)
    place = Path(named(request.reference))
    reference, later = read_seen([place], job, wanted), read_seen(request.places, job, wanted)
    check_alike(reference, later)
    if scorer is not None:
        scorer.model.check(later.fingerprints, ())
    if request.reviews is not None:
        changed = _reviews(request.reviews, maps)
        reference, later = with_reviews(reference, changed), with_reviews(later, changed)
    audit = None if request.audit is None else _audit(Path(named(request.audit)))
    impact: list[Impact] = []
    if request.groups is not None:
        assert passing is not None
        groups = read_groups(request.groups, maps=maps)
        impact = impact_of(later, groups, passing, _comparators(audit))
    now = request.now or datetime.now(UTC)
    calling, explaining = _compare(reference, later, CALLING), _compare(reference, later, (Kind.RECORDING,))
    triggers = find_triggers(calling, impact, later, audit, now)
    return {
        "format": 1,
        "made": now.isoformat(timespec="seconds"),
        "restricted": request.groups is not None,
        "job": next(iter(later.people["job"].dropna()), None),
        "model": None if request.model is None else named(request.model),
        "reference": {"people": len(reference.people), **files(place)},
        "folders": [files(one) for one in request.places],
        "too_few": _too_few([*calling.months, *explaining.months], impact, later),
        "least_people": FEW,
        "windows": [{"window": one, "people": int((later.people[WINDOW] == one).sum())} for one in later.windows],
        "rules": RULES,
        "not_given": [name for name in ("model", "groups", "reviews", "audit") if getattr(request, name) is None],
        "audit": None if audit is None else {"made": audit["made"], "model": (audit.get("model") or {}).get("digest")},
        "digests": list(later.digests),
        "triggers": [asdict(one) for one in triggers],
        "watched": [*describe(calling, later), *describe(explaining, later)],
        "reviewed": reviewed([calling.reference, *calling.windows]),
        "impact": [plain({**asdict(one), "below": one.below}) for one in impact],
        **maps.told(),
    }


def _too_few(seen: Sequence[Any], impact: Sequence[Impact], later: Seen) -> list[str]:
    """Dated windows of which nothing could be compared: too few people there, or in the reference."""
    compared = {one.window for one in (*seen, *impact) if not math.isnan(one.adjusted_p)}
    return [one for one in later.windows if one != UNDATED and one not in compared]


def _passing(request: MonitorRequest) -> Passing | None:
    given = [one for one in (request.select, request.cut) if one is not None]
    if (request.groups is None and given) or (request.groups is not None and len(given) != 1):
        remedy = "Name --groups with one of --select and --cut, or none of the three."
        raise InputRefused(Path(request.out), [Problem("options", f"{len(given)} of --select and --cut", remedy)])
    if request.select is not None and not 0 < request.select < 1:
        problem = Problem("--select", str(request.select), "Write a share between 0 and 1.")
        raise InputRefused(Path(request.out), [problem])
    return Passing(request.cut, request.select) if given else None


def _reviews(path: Data, maps: Maps) -> pd.DataFrame:
    table = read_reviews(path, maps).table
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
