"""``viva audit``: from scores, declared groups and later facts to a report that an auditor can sign."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from vivavoce import __version__
from vivavoce.data.digest import digest_file
from vivavoce.data.problem import Problem
from vivavoce.data.vault.durable import make_folder, write_durably
from vivavoce.fairness.audit import Choices, Cohort, audit_cohort, audit_counts
from vivavoce.fairness.document import describe
from vivavoce.fairness.groups import read_groups
from vivavoce.fairness.records import BadInput
from vivavoce.fairness.reviews import read_reviews
from vivavoce.fairness.rules import DEFAULT, Pack, answer, in_force, read_pack
from vivavoce.fairness.scoring_rate import scoring_rate
from vivavoce.fairness.suppression import share
from vivavoce.fairness.table import Measure, Verdict
from vivavoce.pipelines.audit_differences import describe_differences, describe_unmeasured
from vivavoce.pipelines.audit_input import Scores, read_counts, read_scores
from vivavoce.pipelines.audit_outcomes import describe_outcomes, read_outcomes
from vivavoce.pipelines.audit_pdf import write_pdf
from vivavoce.pipelines.audit_report import write_page
from vivavoce.pipelines.audit_voice import announce

EXIT = {Verdict.OK: 0, Verdict.FINDING: 1, Verdict.INSUFFICIENT: 4}
BAD_INPUT = 2
DISCLAIMER = "Statistical evidence, not legal advice."

Json = dict[str, Any]


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
    score's own within groups, above 0 and at most 1, where the file does not say it.
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
    reliability: float | None = None
    rules: tuple[str, ...] = DEFAULT
    comparators: Mapping[str, str] = field(default_factory=dict)
    shared: bool = False
    made: datetime | None = None


def run_counts_audit(request: CountsRequest) -> int:
    """Audit ready counts; returns the exit status: 0 ok, 1 a primary finding, 4 insufficient, 2 bad input."""
    try:
        packs = [read_pack(name) for name in request.rules]
        tables = read_counts(request.counts)
        choices = Choices(_comparators(request.comparators, tables, request.counts), _left_out(packs))
        judged = describe(audit_counts(tables, choices))
    except BadInput as error:
        return _refuse(error)
    data = {"counts": _source(request.counts), "last_recorded": None, "tables": len(tables)}
    return _finish(request, packs, judged, data, {"kind": "counts"})


def run_audit(request: AuditRequest) -> int:
    """Audit scores by declared groups; returns the exit status as :func:`run_counts_audit` does."""
    try:
        packs = [read_pack(name) for name in request.rules]
        scores = read_scores(request.scores, request.decision)
        groups = read_groups(request.groups, request.by)
        places = groups.places(scores.candidates)
        attributes = {name: groups.labels(places, name) for name in groups.attributes}
        comparators = _comparators(
            request.comparators, {name: labels.levels for name, labels in attributes.items()}, request.groups
        )
        cohort, declared = _declare(request, scores, attributes)
        reviews = read_reviews(request.reviews) if request.reviews else None
        became = _outcomes(request, scores, attributes, comparators)
    except BadInput as error:
        return _refuse(error)
    judged = describe(audit_cohort(cohort, Choices(comparators, _left_out(packs))))
    judged["unmeasured"] = describe_unmeasured(cohort.scored, attributes)
    if scores.scores is not None:
        judged["score_differences"] = describe_differences(scores.scores, scores.competencies, attributes, comparators)
    if became is not None:
        judged["outcomes"] = became
    if reviews is not None:
        judged["reviews"] = {**reviews.totals, "groups": [vars(found) for found in reviews.by_group(groups)]}
    data = {
        "scores": _source(request.scores),
        "groups": _source(request.groups),
        **({"outcomes": _source(request.outcomes)} if request.outcomes else {}),
        "rows": len(scores.candidates),
        "people": scores.people,
        "jobs": len(scores.strata["job"].levels) if "job" in scores.strata else 1,
        "scored": int(cohort.scored.sum()),
        "partial": scores.partial,
        "without_groups": int((places < 0).sum()),
        "groups_without_score": len(groups.frame) - len(np.unique(places[places >= 0])),
        "first_recorded": scores.recorded[0] if scores.recorded else None,
        "last_recorded": scores.recorded[1] if scores.recorded else None,
        "model_digests": list(scores.model_digests),
        "standings": list(scores.standings),
    }
    return _finish(request, packs, judged, data, declared)


def _outcomes(
    request: AuditRequest, scores: Scores, attributes: Mapping[str, Any], comparators: Mapping[str, str]
) -> Json | None:
    """What became of people, where a file says it."""
    if request.outcomes is None:
        return None
    if scores.scores is None:
        raise BadInput(request.scores, [Problem("options", "outcomes", "Outcomes need a column 'score'.")])
    given = request.reliability if request.reliability is not None else scores.reliability
    if given is not None and not 0 < given <= 1:
        remedy = "Write a number above 0 and at most 1: the score's reliability within groups."
        raise BadInput(request.scores, [Problem("reliability", str(given), remedy)])
    return describe_outcomes(read_outcomes(request.outcomes), scores, attributes, comparators, given)


def _declare(request: AuditRequest, scores: Scores, attributes: Mapping[str, Any]) -> tuple[Cohort, Json]:
    """The declared cut: who passes, and in which words the report says so."""
    asked = [name for name in ("cut", "select", "decision") if getattr(request, name) is not None]
    if len(asked) > 1:
        raise BadInput(
            request.scores, [Problem("options", ", ".join(asked), "Declare one of cut, select and decision.")]
        )
    if scores.decisions is not None:
        scored, selected = np.isfinite(scores.decisions), scores.decisions == 1
        declared: Json = {"kind": "decision", "column": request.decision or "decision"}
        return Cohort(scored, selected, scores.scores, Measure.SELECTION, None, attributes, scores.strata), declared
    if scores.scores is None:
        raise BadInput(request.scores, [Problem("options", ", ".join(asked), "A cut needs a column 'score'.")])
    values = scores.scores
    scored = np.isfinite(values)
    if not scored.any():
        raise BadInput(request.scores, [Problem("score", "no number", "Nobody was scored: there is nothing to audit.")])
    if not asked:
        rate = scoring_rate(values)
        declared = {"kind": "median", "cut": rate.median, "at_cut": rate.at_median}
        return Cohort(scored, rate.above, values, Measure.SCORING, rate.median, attributes, scores.strata), declared
    cut = request.cut if request.cut is not None else _cut_for(request, values[scored])
    selected = values >= cut  # nan never is
    declared = {
        "kind": asked[0],
        "cut": cut,
        "at_cut": int((values == cut).sum()),
        "asked": request.select,
        "share": float(selected.sum() / scored.sum()),
    }
    return Cohort(scored, selected, values, Measure.SELECTION, cut, attributes, scores.strata), declared


def _cut_for(request: AuditRequest, values: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """The score of the last person selected when the best ``select`` share is."""
    share_asked = request.select
    assert share_asked is not None
    if not 0 < share_asked < 1:
        raise BadInput(request.scores, [Problem("select", str(share_asked), "Write a share between 0 and 1.")])
    places = max(round(share_asked * len(values)), 1)
    return float(np.sort(values)[-places])


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
) -> int:
    """Answer the rules, write everything, and return the exit status."""
    made = request.made or datetime.now(UTC)
    document = {
        "made": made.isoformat(timespec="seconds"),
        "vivavoce": __version__,
        "disclaimer": DISCLAIMER,
        "restricted": True,
        "declared": declared,
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
    return EXIT[Verdict(document["status"])]


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


def _refuse(error: BadInput) -> int:
    for problem in error.problems:
        print(f"{error.path.name}: {problem}", file=sys.stderr)  # noqa: T201 (the command's own voice)
    return BAD_INPUT
