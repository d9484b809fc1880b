"""``viva audit``: from scores, declared groups and later facts to a report that an auditor can sign."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from vivavoce import __version__
from vivavoce.data.errors import VivaError
from vivavoce.data.identity import digest_file
from vivavoce.data.problem import Problem, nearest
from vivavoce.data.table import InputRefused, Source, Table, read_table
from vivavoce.fairness.audit import Choices, audit_cohort, audit_counts
from vivavoce.fairness.document import describe, share
from vivavoce.fairness.facts import declared_classes, read_facts
from vivavoce.fairness.groups import CANDIDATE, read_groups
from vivavoce.fairness.needs import answer, published
from vivavoce.fairness.rules import DEFAULT, Pack, read_pack
from vivavoce.fairness.table import Verdict
from vivavoce.pipelines.auditing.differences import describe_differences, describe_unmeasured, read_counts
from vivavoce.pipelines.auditing.doubts import check_groups, check_met, joined, spellings, ties
from vivavoce.pipelines.auditing.equals import describe_equals, equal_findings
from vivavoce.pipelines.auditing.evidence import Evidence
from vivavoce.pipelines.auditing.evidence import Option as EvidenceOption
from vivavoce.pipelines.auditing.kinds import options, registered
from vivavoce.pipelines.auditing.made import PAPERS, Audited, enter_audit, make_room, write_audit
from vivavoce.pipelines.auditing.papers import pack_of, write_paper
from vivavoce.pipelines.auditing.plan import plan_of, read_plan
from vivavoce.pipelines.auditing.scores import People, declare, read_scores
from vivavoce.pipelines.auditing.since import compare, read_older
from vivavoce.pipelines.auditing.verdict import announce
from vivavoce.pipelines.door import (
    Data,
    Folder,
    Map,
    Model,
    Option,
    Place,
    Shown,
    folder_for,
    front_door,
    maps_of,
    places_of,
)

Json = dict[str, Any]

KINDS: Mapping[str, Any] = {  # what a kind of evidence asks for, as the front door declares it
    "file": Data | None,
    "folder": Place | None,
    "model": Model | None,
    "number": float | None,
    "text": str | None,
    "ends": tuple[float, float] | None,
}
DISCLAIMER = "Statistical evidence, not legal advice."


class AuditRequest:
    """What ``viva audit`` may be asked for: scores with groups, or ready counts.

    ``named`` is everything else: the table of every kind of further evidence, and the options that kinds declare
    (``auditing/kinds.py`` lists both), each an argument of its own.

    Raises
    ------
    TypeError
        For a name that no kind declares.
    """

    def __init__(
        self,
        scores: Annotated[Data | None, "Scores or decisions, with candidate_id; or a plan, audit.yaml."] = None,
        groups: Annotated[
            Data | None, "Declared attributes by candidate_id; missing is unknown.", Shown(flag="--groups")
        ] = None,
        out: Annotated[
            Place | None,
            "Folder for audit.json, audit.html and audit.pdf; without it the verdict is only said.",
            Shown(flag="--out"),
        ] = None,
        *,
        counts: Annotated[Data | None, "Instead: ready counts, table, group, n, selected, perhaps job."] = None,
        cut: Annotated[float | None, "Selected is a score of at least this."] = None,
        select: Annotated[
            float | None, "Or: selected is this share of every job, from the top.", Shown(least=0, most=1)
        ] = None,
        decision: Annotated[str | None, "Or: selected is 1 in this column."] = None,
        by: Annotated[str | Sequence[str], "Attributes to judge. [default: all]"] = (),
        comparators: Annotated[
            Mapping[str, str] | None,
            "Compare with this group: attribute=group. [default: the highest rate]",
            Shown(flag="--comparator"),
        ] = None,
        rules: Annotated[Sequence[str], "Rule packs: shipped names or files; viva fair rules lists them."] = DEFAULT,
        attributes: Annotated[
            Mapping[str, str] | None,
            "Which column or table is which protected class: sex=gender, of ready counts also sex+race=table.",
            Shown(flag="--attribute"),
        ] = None,
        papers: Annotated[
            Sequence[str], "Papers to fill and to write: ll144-summary, ugesp-15a, …", Shown(flag="--paper")
        ] = (),
        facts: Annotated[Place | None, "YAML of what the organisation declares; viva fair rules makes a blank."] = None,
        seen: Annotated[
            bool, "Those who decided saw the score: decisions are compared at equal observed scores."
        ] = False,
        held_equal: Annotated[
            Sequence[str], "Columns of numbers that decisions were to rest on beside the score."
        ] = (),
        join: Annotated[
            Mapping[str, str] | None,
            "Count one spelling as another: sex:F=Female.",
            Shown(flag="--join", metavar="ATTRIBUTE:SPELLING=GROUP"),
        ] = None,
        replace: Annotated[bool, "Keep the audit that is in the folder beside the new one, numbered."] = False,
        shared: Annotated[bool, "Also write copies with counts below 10 suppressed."] = False,
        since: Annotated[Folder | None, "Folder of an older audit, to be set beside this one."] = None,
        tables: Annotated[bool, "Also write every table as CSV and all as tables.xlsx, in a folder tables/."] = False,
        map: Map = (),
        made: datetime | None = None,
        **named: Any,
    ) -> None:
        given = {name: value for name, value in named.items() if value is not None}
        known = [option.name for option in options()]
        for name in given:
            if name not in known:
                raise TypeError(f"An audit knows no evidence named {name!r}. {nearest(name, known)}")
        self.plan = plan_of(scores)
        self.scores = None if scores is None or self.plan else Source.of(scores, "scores")
        self.groups = None if groups is None else Source.of(groups, "groups")
        self.counts = None if counts is None else Source.of(counts, "counts")
        self.maps = maps_of(map)
        self.out = None if out is None else folder_for(out)
        self.cut, self.select, self.decision, self.shared, self.made = cut, select, decision, shared, made
        self.by = (by,) if isinstance(by, str) else tuple(by)
        self.comparators, self.rules = comparators or {}, tuple(rules)
        self.attributes, self.facts = attributes or {}, None if facts is None else Path(facts)
        self.papers = tuple(papers)
        self.join, self.replace, self.tables = join or {}, replace, tables
        self.since = None if since is None else places_of(since)[0]
        self.seen, self.held_equal = seen, tuple(held_equal)
        self.evidence: Mapping[str, Any] = given

    def __getattr__(self, name: str) -> Any:
        """Return what was given as further evidence."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self.evidence.get(name)

    @staticmethod
    def further() -> Iterator[Option]:
        """Every option that a kind of further evidence declares."""
        for one in options():
            kind = model_or_path(one)
            yield Option(one.name, kind, None, False, one.help, Shown(least=one.least, most=one.most))


def model_or_path(option: EvidenceOption) -> Any:
    """The type of what a kind of evidence is given."""
    return KINDS["model" if option.name == "model" else option.value]


@front_door(AuditRequest)
def audit(request: AuditRequest) -> Audited:
    """Audit scores by declared groups, or ready counts, and write the reports where the request says.

    At most one of ``cut``, ``select`` (ties at the last score included) and ``decision`` says who is selected. Without
    any: the column ``decision`` where the table has no scores, else the share above the median of all.

    Raises
    ------
    VivaError
        For rules, tables and options that cannot be audited, each problem with its place and remedy; for a folder that
        holds another audit, unless the request says to keep that one beside.
    """
    plan = request.plan
    if plan is not None:
        request = _planned(request, plan)
    packs = [read_pack(name) for name in dict.fromkeys([*request.rules, *map(pack_of, request.papers)])]
    counts = request.counts
    judged, data, declared = _of_people(request) if counts is None else _of_counts(request, counts)
    document = _document(request, plan, packs, judged, data, declared)
    beside = {
        kind.declared.part: kind.share(document[kind.declared.part])
        for kind in registered()
        if kind.share is not None and kind.declared.part in document
    }
    shared = share(document, _demands(packs), beside) if request.shared else None
    made = Audited(document, shared, request.out, tabled=request.tables)
    if request.out is not None:
        make_room(request.out, made, replace=request.replace)
        write_audit(request.out, made)
        for name in request.papers:
            write_paper(request.out / PAPERS, name, document)
    announce(document, request.out)
    return replace(made, logged=enter_audit(made))


def _planned(request: AuditRequest, plan: Path) -> AuditRequest:
    """The request that a plan writes down; where to write, and whether over another audit, may be said beside it."""
    blank = vars(AuditRequest())
    beside = {name: value for name, value in vars(request).items() if name != "plan" and value != blank[name]}
    return AuditRequest(**read_plan(plan, beside))


def _of_counts(request: AuditRequest, counts: Source) -> tuple[Json, Json, Json]:
    """What ready counts say, where they were read, and what was declared."""
    if request.scores is not None or request.groups is not None:
        raise VivaError("viva audit takes either --counts, or SCORES with --groups.")
    read = read_counts(counts, request.maps, request.join)
    levels = read.people
    check_groups(levels, read.table.source, "or leave that table out.")
    warnings = [warning for name, groups in levels.items() for warning in spellings(name, groups)]
    warnings += [{"what": "several", "attribute": name, "n": n} for name, n in read.several.items() if n]
    choices = Choices(_comparators(request.comparators, levels, read.table.source))
    data = {"counts": _source(read.table), "last_recorded": None, "tables": len(read.tables)}
    declared = {"kind": "counts", **declared_classes(request.attributes, list(levels), read.table.source)}
    judged = describe(audit_counts(read.tables, choices, read.kind))
    return judged | {"provisional": True, "warnings": warnings}, data, declared


def _of_people(request: AuditRequest) -> tuple[Json, Json, Json]:
    """What scores, groups and further evidence say, where they were read, and what was declared."""
    if request.scores is None or request.groups is None:
        raise VivaError("viva audit needs SCORES and --groups, or --counts.")
    people = _people(request, request.scores, request.groups)
    cohort, declared = declare(
        people.source, people.scores, people.attributes,
        cut=request.cut, select=request.select, decision=request.decision,
    )  # fmt: skip
    declared |= declared_classes(request.attributes, list(people.attributes), people.groups.table.source)
    beside = _beside(request, people)
    judged = describe(audit_cohort(cohort, Choices(people.comparators)))
    warnings = [*ties(declared, people.scores.scores), *people.warnings]
    judged |= {"provisional": False, "warnings": warnings}
    if judged["status"] == Verdict.OK and any(one["what"] == "all_alike" for one in warnings):
        judged["status"] = Verdict.INSUFFICIENT.value  # nobody was told from anybody
    judged["unmeasured"] = describe_unmeasured(
        cohort.scored, cohort.selected, people.attributes, people.scores.reasons, people.comparators
    )
    if people.scores.scores is not None:
        judged["score_differences"] = describe_differences(
            people.scores.scores, people.scores.competencies, people.attributes, people.comparators
        )
    equals = describe_equals(people, cohort, seen=request.seen, held=request.held_equal)
    if equals is not None:
        found = equal_findings(equals, cohort.measure.value, cohort.cut)
        judged |= {"equals": equals, "findings": [*found, *judged["findings"]]}
        judged["status"] = Verdict.FINDING.value if found else judged["status"]
    for kind, _, part in beside:
        judged[kind.declared.part] = part
        judged["findings"] += kind.findings(part)
    data = {"scores": _source(people.scores.table), "groups": _source(people.groups.table)}
    read = {kind.declared.name: getattr(found, "table", None) for kind, found, _ in beside}
    for option in options():
        if option.value == "file" and option.name in request.evidence:
            given = request.evidence[option.name]
            data[option.name] = _source(read.get(option.name) or read_table(given, empty=True, called=option.name))
    return judged, data | people.described(cohort.scored), declared


def _people(request: AuditRequest, given: Source, declared: Source) -> People:
    scores = read_scores(given, request.decision, request.maps)
    groups = read_groups(declared, request.by, request.maps)
    groups = replace(groups, same=joined(request.join, groups.attributes, groups.table.source))
    check_met(scores.candidates, groups.frame[CANDIDATE], f"{scores.table.source} and {groups.table.source}")
    places = groups.places(scores.candidates)
    attributes = {name: groups.labels(places, name) for name in groups.attributes}
    levels = {name: labels.people for name, labels in attributes.items()}
    check_groups(levels, groups.table.source, "or leave it out: --by with the others.")
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


def _comparators(named: Mapping[str, str], levels: Mapping[str, Iterable[str]], source: Source) -> Mapping[str, str]:
    """Check the named comparators against the tables' groups."""
    problems = [
        Problem("comparator", f"{table}={group}", f"Name a group of it: {', '.join(levels.get(table, levels))}.")
        for table, group in named.items()
        if group not in levels.get(table, ())
    ]
    if problems:
        raise InputRefused(source, problems)
    return named


def _document(
    request: AuditRequest, plan: Path | None, packs: Sequence[Pack], judged: Json, data: Json, declared: Json
) -> Json:
    """The whole document, with the rules' checks answered."""
    made = request.made or datetime.now(UTC)
    if request.since is not None and request.out is not None and request.since.resolve() == request.out.resolve():
        raise VivaError("--since and --out name one folder.", remedy="Write the new audit into a folder of its own.")
    older = None if request.since is None else read_older(request.since)
    document = {
        "made": made.isoformat(timespec="seconds"),
        "vivavoce": __version__,
        "disclaimer": DISCLAIMER,
        "restricted": True,
        "declared": {**declared, **_family(judged)},
        "data": data,
        **judged,
    }
    if request.facts is not None:
        document["facts"] = read_facts(request.facts)
        document["data"]["facts"] = {"file": request.facts.name, "sha256": digest_file(request.facts).sha256}
    if plan is not None:
        document["data"]["plan"] = {"file": plan.name, "sha256": digest_file(plan).sha256}
    document["rules"] = [pack.document(made.date(), published(pack.table, document)) for pack in packs]
    document["checks"] = [answered.document() for answered in answer(packs, document)]
    if older is not None:
        document["since"] = compare(older[0], document)
        document["data"]["since"] = older[1]
    return document


def _demands(packs: Sequence[Pack]) -> list[Json]:
    """Checks that ask for every count."""
    return [
        {"pack": pack.name, "clause": check.clause} for pack in packs for check in pack.checks if check.demands_counts
    ]


def _family(judged: Json) -> Json:
    """The one family that decides: whose comparisons, how many, how corrected; of several jobs theirs alone."""
    primary = [table for table in judged["tables"] if table["family"] == "primary"]
    own = [table for table in primary if table["stratum"] or not judged["jobs"]]
    compared = sum(row["adjusted_p"] is not None for table in own for row in table["rows"])
    compared += sum(one["adjusted_p"] is not None for one in judged["stratified"])
    attributes = list(dict.fromkeys(table["attribute"] for table in primary))
    return {"attributes": attributes, "comparisons": compared, "correction": "Holm"}


def _source(given: Table) -> Json:
    """Name and digest of what was read, and the map of its columns where the user gave one."""
    found: Json = {"file": given.source.name, "sha256": given.sha256}
    return found | ({"map": dict(given.mapped)} if given.mapped else {})
