"""``viva audit``: from scores, declared groups and later facts to a report that an auditor can sign."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from vivavoce import __version__
from vivavoce.data.errors import Exit
from vivavoce.data.identity import digest_file
from vivavoce.data.log.event import Action, Event
from vivavoce.data.problem import Problem, nearest
from vivavoce.data.table import Given, InputRefused, Maps, Source, Table
from vivavoce.data.vault.durable import make_folder, write_durably
from vivavoce.fairness.audit import Choices, audit_cohort, audit_counts
from vivavoce.fairness.document import describe, share
from vivavoce.fairness.groups import read_groups
from vivavoce.fairness.rules import DEFAULT, Pack, answer, in_force, read_pack
from vivavoce.fairness.table import Verdict
from vivavoce.pipelines.auditing.counts import read_counts
from vivavoce.pipelines.auditing.differences import describe_differences, describe_unmeasured
from vivavoce.pipelines.auditing.evidence import Evidence
from vivavoce.pipelines.auditing.kinds import options, registered
from vivavoce.pipelines.auditing.page import audit_page
from vivavoce.pipelines.auditing.scores import People, declare, read_scores
from vivavoce.pipelines.auditing.story import announce
from vivavoce.pipelines.records import Records, enter
from vivavoce.pipelines.report.pdf import print_beside

Json = dict[str, Any]

STATUSES = {Verdict.OK: Exit.DONE, Verdict.FINDING: Exit.FINDING, Verdict.INSUFFICIENT: Exit.CANNOT_TELL}
DISCLAIMER = "Statistical evidence, not legal advice."


@dataclass(frozen=True)
class CountsRequest:
    """``viva audit --counts TABLE.csv --out DIR``.

    ``rules`` are names of shipped packs or paths; ``comparators`` name a group by table; ``shared`` also writes
    copies with small counts suppressed; without ``out`` nothing is written; ``made`` is the audit's time (now, unless
    a test or a rerun fixes it); ``maps`` says what the user calls the table's columns.
    """

    counts: Given
    out: Path | None = None
    rules: tuple[str, ...] = DEFAULT
    comparators: Mapping[str, str] = field(default_factory=dict)
    shared: bool = False
    made: datetime | None = None
    maps: Maps | None = None


@dataclass(frozen=True, init=False)
class AuditRequest:
    """``viva audit SCORES --groups GROUPS --out DIR``.

    At most one of ``cut`` (a score, the person at it selected), ``select`` (share of people selected, 0–1, ties at the
    last score included) and ``decision`` (a 0/1 column). Without any: the ``decision`` column where the file has no
    scores, else the share above the median of all. ``by`` are the attributes to judge, all where empty. Without ``out``
    nothing is written. ``evidence`` is everything else by name: the table of every kind of further evidence and the
    options that kinds declare (``auditing/kinds.py`` lists both); each may be given as an argument of its own,
    ``AuditRequest(scores, groups, out, outcomes=path, reliability=.8)``. ``maps`` says what the user calls the tables'
    columns.

    Raises
    ------
    TypeError
        For a name that no kind declares.
    """

    scores: Given
    groups: Given
    out: Path | None
    cut: float | None
    select: float | None
    decision: str | None
    by: tuple[str, ...]
    rules: tuple[str, ...]
    comparators: Mapping[str, str]
    shared: bool
    made: datetime | None
    evidence: Mapping[str, Any]
    maps: Maps | None

    def __init__(
        self,
        scores: Given,
        groups: Given,
        out: Path | None = None,
        cut: float | None = None,
        select: float | None = None,
        decision: str | None = None,
        by: tuple[str, ...] = (),
        *,
        rules: tuple[str, ...] = DEFAULT,
        comparators: Mapping[str, str] | None = None,
        shared: bool = False,
        made: datetime | None = None,
        evidence: Mapping[str, Any] | None = None,
        maps: Maps | None = None,
        **named: Any,
    ) -> None:
        given = {name: value for name, value in {**(evidence or {}), **named}.items() if value is not None}
        known = [option.name for option in options()]
        for name in given:
            if name not in known:
                raise TypeError(f"AuditRequest knows no evidence named {name!r}. {nearest(name, known)}")
        fields = {
            "scores": scores, "groups": groups, "out": out, "cut": cut, "select": select, "decision": decision,
            "by": by, "rules": rules, "comparators": comparators or {}, "shared": shared, "made": made,
            "evidence": given, "maps": maps,
        }  # fmt: skip
        for name, value in fields.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class Audited:
    """An audit that was made.

    Parameters
    ----------
    document
        As ``audit.json``: every number, verdict and source.
    shared
        The copy that may be passed on, where one was asked for.
    folder
        Where the reports lie; None where nothing was written.
    """

    document: Json
    shared: Json | None
    folder: Path | None

    @property
    def verdict(self) -> Verdict:
        """Of the declared comparisons together."""
        return Verdict(self.document["status"])

    @property
    def findings(self) -> list[Json]:
        """The declared ones, then those found by looking."""
        found: list[Json] = self.document["findings"]
        return found


def audit(request: AuditRequest | CountsRequest) -> Audited:
    """Audit scores by declared groups, or ready counts, and write the reports where the request says.

    Raises
    ------
    InputRefused
        For rules, tables and options that cannot be audited, each problem with its place and remedy.
    """
    packs = [read_pack(name) for name in request.rules]
    if isinstance(request, CountsRequest):
        judged, data, declared = _of_counts(request, packs)
    else:
        judged, data, declared = _of_people(request, packs)
    document = _document(request, packs, judged, data, declared)
    beside = {
        kind.declared.part: kind.share(document[kind.declared.part])
        for kind in registered()
        if kind.share is not None and kind.declared.part in document
    }
    shared = share(document, _demands(packs), beside) if request.shared else None
    if request.out is not None:
        make_folder(request.out)
        _write(request.out, "audit", document)
        if shared is not None:
            _write(request.out, "audit.shared", shared)
    return Audited(document, shared, request.out)


def run_counts_audit(request: CountsRequest) -> Exit:
    """Audit ready counts: 0 ok, 1 a primary finding, 4 insufficient."""
    return _run(request)


def run_audit(request: AuditRequest) -> Exit:
    """Audit scores by declared groups; returns the exit status as :func:`run_counts_audit` does."""
    return _run(request)


def _run(request: AuditRequest | CountsRequest) -> Exit:
    audited = audit(request)
    announce(audited.document, audited.folder)
    return STATUSES[audited.verdict] if enter_audit(audited) else Exit.NOT_LOGGED


def enter_audit(audited: Audited) -> bool:
    """Enter an audit that was written into the event log, where there is one; whether that was done."""
    records = Records.here()
    digests = {} if audited.folder is None else {"audit": digest_file(audited.folder / "audit.json").sha256}
    for kind in registered():
        if kind.declared.part in audited.document:
            digests |= kind.digests(audited.document[kind.declared.part])
    event = Event.now(Action.AUDIT, records.who, digests=digests, details={"status": audited.verdict.value})
    return enter(Console(stderr=True), [event], records)


def _of_counts(request: CountsRequest, packs: Sequence[Pack]) -> tuple[Json, Json, Json]:
    """What ready counts say, where they were read, and what was declared."""
    tables, read = read_counts(request.counts, request.maps)
    choices = Choices(_comparators(request.comparators, tables, read.source), _left_out(packs))
    data = {"counts": _source(read), "last_recorded": None, "tables": len(tables)}
    return describe(audit_counts(tables, choices)), data, {"kind": "counts"}


def _of_people(request: AuditRequest, packs: Sequence[Pack]) -> tuple[Json, Json, Json]:
    """What scores, groups and further evidence say, where they were read, and what was declared."""
    people = _people(request)
    cohort, declared = declare(
        people.source, people.scores, people.attributes,
        cut=request.cut, select=request.select, decision=request.decision,
    )  # fmt: skip
    beside = _beside(request, people)
    judged = describe(audit_cohort(cohort, Choices(people.comparators, _left_out(packs))))
    judged["unmeasured"] = describe_unmeasured(cohort.scored, people.attributes)
    if people.scores.scores is not None:
        judged["score_differences"] = describe_differences(
            people.scores.scores, people.scores.competencies, people.attributes, people.comparators
        )
    for kind, _, part in beside:
        judged[kind.declared.part] = part
        judged["findings"] += kind.findings(part)
    data = {"scores": _source(people.scores.table), "groups": _source(people.groups.table)}
    read = {kind.declared.name: getattr(found, "table", None) for kind, found, _ in beside}
    for option in options():
        if option.value == "file" and option.name in request.evidence:
            found = read.get(option.name)
            data[option.name] = _source(request.evidence[option.name] if found is None else found)
    return judged, data | people.described(cohort.scored), declared


def _people(request: AuditRequest) -> People:
    scores = read_scores(request.scores, request.decision, request.maps)
    groups = read_groups(request.groups, request.by, request.maps)
    places = groups.places(scores.candidates)
    attributes = {name: groups.labels(places, name) for name in groups.attributes}
    levels = {name: labels.levels for name, labels in attributes.items()}
    comparators = _comparators(request.comparators, levels, groups.table.source)
    return People(scores.table.source, scores, groups, places, attributes, comparators)


def _beside(request: AuditRequest, people: People) -> list[tuple[Evidence[Any], Any, Json]]:
    """Every kind of further evidence that was given, as read, with what it says."""
    alone = [
        Problem("options", f"--{_dashed(option.name)} alone", f"Give it together with --{_dashed(option.kind)}.")
        for option in options()
        if option.name in request.evidence and option.kind not in request.evidence
    ]
    if alone:
        raise InputRefused(people.source, alone)
    found = []
    for kind in registered():
        own = kind.declared
        if own.name in request.evidence:
            given = {option.name: request.evidence.get(option.name) for option in own.options}
            given |= {"maps": request.maps, "whose": people.scores.interviews}
            table = kind.read(request.evidence[own.name], given)
            found.append((kind, table, kind.describe(table, people, given)))
    return found


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def _comparators(named: Mapping[str, str], groups: Mapping[str, Sequence[Any]], source: Source) -> Mapping[str, str]:
    """Check the named comparators against the tables' groups."""
    levels = {name: [getattr(group, "name", group) for group in found] for name, found in groups.items()}
    problems = [
        Problem("comparator", f"{table}={group}", f"Name a group of it: {', '.join(levels.get(table, levels))}.")
        for table, group in named.items()
        if group not in levels.get(table, ())
    ]
    if problems:
        raise InputRefused(source, problems)
    return named


def _left_out(packs: Sequence[Pack]) -> Any:
    return next((pack.left_out_share for pack in packs if pack.left_out_share is not None), None)


def _document(
    request: CountsRequest | AuditRequest, packs: Sequence[Pack], judged: Json, data: Json, declared: Json
) -> Json:
    """The whole document, with the rules' checks answered."""
    made = request.made or datetime.now(UTC)
    document = {
        "made": made.isoformat(timespec="seconds"),
        "vivavoce": __version__,
        "disclaimer": DISCLAIMER,
        "restricted": True,
        "declared": {**declared, **_family(judged["tables"])},
        "data": data,
        "rules": [_pack(pack, made.date()) for pack in packs],
        **judged,
    }
    document["checks"] = [answered.document() for answered in answer(packs, document)]
    return document


def _demands(packs: Sequence[Pack]) -> list[Json]:
    """Checks that ask for every count."""
    return [
        {"pack": pack.name, "clause": check.clause} for pack in packs for check in pack.checks if check.demands_counts
    ]


def _family(tables: Sequence[Json]) -> Json:
    """The one family that decides: whose comparisons, how many, how corrected."""
    primary = [table for table in tables if table["family"] == "primary"]
    compared = sum(row["adjusted_p"] is not None for table in primary for row in table["rows"])
    attributes = list(dict.fromkeys(table["attribute"] for table in primary))
    return {"attributes": attributes, "comparisons": compared, "correction": "Holm"}


def _write(out: Path, name: str, document: Json) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    write_durably(out / f"{name}.json", text.encode())
    page = out / f"{name}.html"
    write_durably(page, audit_page(document).encode())
    print_beside(page, Console(stderr=True))


def _pack(pack: Pack, day: date) -> Json:
    return {
        "name": pack.name,
        "version": pack.version,
        "title": pack.title.model_dump(),
        "standing": pack.standing,
        "valid_from": pack.valid_from.isoformat(),
        "valid_to": pack.valid_to.isoformat() if pack.valid_to else None,
        "in_force": in_force(pack, day),
        "source": pack.source,
    }


def _source(given: Table | Path) -> Json:
    """Name and digest of what was read, and the map of its columns where the user gave one."""
    if isinstance(given, Path):
        return {"file": given.name, "sha256": digest_file(given).sha256}
    found: Json = {"file": given.source.name, "sha256": given.sha256}
    return found | ({"map": dict(given.mapped)} if given.mapped else {})
