"""``viva audit``: from scores, declared groups and later facts to a report that an auditor can sign."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from vivavoce import __version__
from vivavoce.data.errors import Exit
from vivavoce.data.identity import digest_file
from vivavoce.data.log.event import Action, Event
from vivavoce.data.problem import Problem
from vivavoce.data.vault.durable import make_folder, write_durably
from vivavoce.fairness.audit import Choices, audit_cohort, audit_counts
from vivavoce.fairness.document import describe, share
from vivavoce.fairness.groups import read_groups, read_reviews
from vivavoce.fairness.records import BadInput
from vivavoce.fairness.rules import DEFAULT, Pack, answer, in_force, read_pack
from vivavoce.fairness.table import Verdict
from vivavoce.pipelines.auditing import made_of, outcomes, questions, ratings, recognised
from vivavoce.pipelines.auditing.differences import describe_differences, describe_unmeasured
from vivavoce.pipelines.auditing.page import write_page, write_pdf
from vivavoce.pipelines.auditing.restriction import read_applicants
from vivavoce.pipelines.auditing.scores import People, declare, read_counts, read_scores
from vivavoce.pipelines.auditing.story import announce
from vivavoce.pipelines.records import Records, enter

Json = dict[str, Any]

STATUSES = {Verdict.OK: Exit.DONE, Verdict.FINDING: Exit.FINDING, Verdict.INSUFFICIENT: Exit.CANNOT_TELL}
SOURCES = (
    "scores",
    "groups",
    "outcomes",
    "questions",
    "features",
    "recognition",
    "reviews",
)  # files that a request names, in the report's order
FINDINGS: Mapping[str, Callable[[Json], list[Json]]] = {
    "outcomes": outcomes.findings_of,
    "questions": questions.findings_of,
    "made_of": made_of.findings_of,
    "recognition": recognised.findings_of,
}
DISCLAIMER = "Statistical evidence, not legal advice."


@dataclass(frozen=True)
class CountsRequest:
    """``viva audit --counts TABLE.csv --out DIR``.

    ``rules`` are names of shipped packs or paths; ``comparators`` name a group by table; ``shared`` also writes copies
    with small counts suppressed; ``made`` is the audit's time (now, unless a test or a rerun fixes it).
    """

    counts: Path
    out: Path
    rules: tuple[str, ...] = DEFAULT
    comparators: Mapping[str, str] = field(default_factory=dict)
    shared: bool = False
    made: datetime | None = None


@dataclass(frozen=True)
class AuditRequest:
    """``viva audit SCORES --groups GROUPS --out DIR``.

    At most one of ``cut`` (a score, the person at it selected), ``select`` (share of people selected, 0–1, ties at the
    last score included) and ``decision`` (a 0/1 column). Without any: the ``decision`` column where the file has no
    scores, else the share above the median of all. ``by`` are the attributes to judge, all where empty.
    ``reviews`` are human overrides of these scores. ``outcomes`` are what became of people; ``reliability`` is the
    score's own within groups, above 0 and at most 1, where the file does not say it. ``applicants`` are all who applied
    (where they are not the rows of the scores) and ``selected_on`` what people were chosen on, ``score`` or a column:
    the validity is corrected for having chosen only where both are known. ``questions`` are single
    questions' scores, ``features`` what was measured, ``recognition`` what was said beside what was recognised.
    ``ratings`` are people's, ``rating_scale`` their scale's ends where they are not in the score's unit.
    ``model`` is the folder of the version that made the scores: the audit is of that very version then.
    """

    scores: Path
    groups: Path
    out: Path
    cut: float | None = None
    select: float | None = None
    decision: str | None = None
    by: tuple[str, ...] = ()
    reviews: Path | None = None
    outcomes: Path | None = None
    applicants: Path | None = None
    selected_on: str | None = None
    questions: Path | None = None
    features: Path | None = None
    recognition: Path | None = None
    ratings: Path | None = None
    rating_scale: tuple[float, float] | None = None
    model: Path | None = None
    reliability: float | None = None
    rules: tuple[str, ...] = DEFAULT
    comparators: Mapping[str, str] = field(default_factory=dict)
    shared: bool = False
    made: datetime | None = None


def run_counts_audit(request: CountsRequest) -> Exit:
    """Audit ready counts: 0 ok, 1 a primary finding, 4 insufficient."""
    packs = [read_pack(name) for name in request.rules]
    tables = read_counts(request.counts)
    choices = Choices(_comparators(request.comparators, tables, request.counts), _left_out(packs))
    judged = describe(audit_counts(tables, choices))
    data = {"counts": _source(request.counts), "last_recorded": None, "tables": len(tables)}
    return _finish(request, packs, judged, data, {"kind": "counts"})


def run_audit(request: AuditRequest) -> Exit:
    """Audit scores by declared groups; returns the exit status as :func:`run_counts_audit` does."""
    packs = [read_pack(name) for name in request.rules]
    people = _people(request)
    cohort, declared = declare(
        request.scores, people.scores, people.attributes,
        cut=request.cut, select=request.select, decision=request.decision,
    )  # fmt: skip
    beside = _beside(request, people)
    judged = describe(audit_cohort(cohort, Choices(people.comparators, _left_out(packs))))
    judged["unmeasured"] = describe_unmeasured(cohort.scored, people.attributes)
    if people.scores.scores is not None:
        judged["score_differences"] = describe_differences(
            people.scores.scores, people.scores.competencies, people.attributes, people.comparators
        )
    judged |= beside
    judged["findings"] += [
        finding for name, find in FINDINGS.items() if name in beside for finding in find(beside[name])
    ]
    given = {name: getattr(request, name) for name in SOURCES}
    data = {name: _source(path) for name, path in given.items() if path} | people.described(cohort.scored)
    return _finish(request, packs, judged, data, declared)


def _people(request: AuditRequest) -> People:
    scores = read_scores(request.scores, request.decision)
    groups = read_groups(request.groups, request.by)
    places = groups.places(scores.candidates)
    attributes = {name: groups.labels(places, name) for name in groups.attributes}
    levels = {name: labels.levels for name, labels in attributes.items()}
    comparators = _comparators(request.comparators, levels, request.groups)
    return People(request.scores, scores, groups, places, attributes, comparators)


def _beside(request: AuditRequest, people: People) -> Json:
    """Every part of the document that rests on a further table, where one is given."""
    found: Json = {}
    if request.model:
        from vivavoce.pipelines.auditing.differences import (
            describe_model,  # loads what measures: slow, and seldom asked for
        )

        digests, standings = people.scores.model_digests, people.scores.standings
        found["model"] = describe_model(request.model, request.scores, digests, standings)
    if request.outcomes:
        found["outcomes"] = _outcomes(request, people)
    if request.questions:
        scores = questions.read_questions(request.questions)
        found["questions"] = questions.describe_questions(scores, people.groups, people.comparators)
    if request.features:
        found["made_of"] = made_of.describe_made_of(made_of.read_measured(request.features), people)
    if request.recognition:
        heard = recognised.read_recognised(request.recognition)
        found["recognition"] = recognised.describe_recognised(heard, people.groups, people.comparators)
    if request.ratings:
        rated = ratings.read_ratings(request.ratings, request.rating_scale)
        found["agreement"] = ratings.describe_ratings(rated, people)
    if request.reviews:
        reviews = read_reviews(request.reviews)
        found["reviews"] = {**reviews.totals, "groups": [vars(one) for one in reviews.by_group(people.groups)]}
    return found


def _outcomes(request: AuditRequest, people: People) -> Json:
    """What became of people."""
    assert request.outcomes is not None
    if people.scores.scores is None:
        raise BadInput(request.scores, [Problem("options", "outcomes", "Outcomes need a column 'score'.")])
    given = request.reliability if request.reliability is not None else people.scores.reliability
    if given is not None and not 0 < given <= 1:
        remedy = "Write a number above 0 and at most 1: the score's reliability within groups."
        raise BadInput(request.scores, [Problem("reliability", str(given), remedy)])
    applicants = read_applicants(request.applicants, request.selected_on, request.scores, people.scores)
    return outcomes.describe_outcomes(outcomes.read_outcomes(request.outcomes), people, given, applicants)


def _comparators(named: Mapping[str, str], groups: Mapping[str, Sequence[Any]], path: Path) -> Mapping[str, str]:
    """Check the named comparators against the tables' groups."""
    levels = {name: [getattr(group, "name", group) for group in found] for name, found in groups.items()}
    problems = [
        Problem("comparator", f"{table}={group}", f"Name a group of it: {', '.join(levels.get(table, levels))}.")
        for table, group in named.items()
        if group not in levels.get(table, ())
    ]
    if problems:
        raise BadInput(path, problems)
    return named


def _left_out(packs: Sequence[Pack]) -> Any:
    return next((pack.left_out_share for pack in packs if pack.left_out_share is not None), None)


def _finish(
    request: CountsRequest | AuditRequest, packs: Sequence[Pack], judged: Json, data: Json, declared: Json
) -> Exit:
    """Answer the rules, write everything, and return the exit status."""
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
    make_folder(request.out)
    _write(request.out, "audit", document)
    if request.shared:
        demands = [
            {"pack": pack.name, "clause": check.clause}
            for pack in packs
            for check in pack.checks
            if check.demands_counts
        ]
        _write(request.out, "audit.shared", share(document, demands))
    announce(document, request.out)
    return STATUSES[Verdict(document["status"])] if _entered(request.out, document) else Exit.NOT_LOGGED


def _entered(out: Path, document: Json) -> bool:
    """Enter the audit into the event log, where there is one."""
    records = Records.here()
    digests = {"audit": digest_file(out / "audit.json").sha256}
    if document.get("model"):
        digests["model"] = document["model"]["digest"]
    event = Event.now(Action.AUDIT, records.who, digests=digests, details={"status": document["status"]})
    return enter(Console(stderr=True), [event], records)


def _family(tables: Sequence[Json]) -> Json:
    """The one family that decides: whose comparisons, how many, how corrected."""
    primary = [table for table in tables if table["family"] == "primary"]
    compared = sum(row["adjusted_p"] is not None for table in primary for row in table["rows"])
    attributes = list(dict.fromkeys(table["attribute"] for table in primary))
    return {"attributes": attributes, "comparisons": compared, "correction": "Holm"}


def _write(out: Path, name: str, document: Json) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    write_durably(out / f"{name}.json", text.encode())
    write_page(out / f"{name}.html", document)
    write_pdf(out / f"{name}.pdf", document)


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


def _source(path: Path) -> Json:
    return {"file": path.name, "sha256": digest_file(path).sha256}
