"""An audit as a JSON document (``audit.schema.json``): the one source of every report.

A copy of an audit that may be passed on: no count below ten can be read in it or worked out from it.
"""

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from vivavoce.fairness.audit import Audit
from vivavoce.fairness.disparity import Count
from vivavoce.fairness.intervals import people_to_show
from vivavoce.fairness.jobs import Jobs, Pooled
from vivavoce.fairness.table import ALPHA, SHARE_THAT_COUNTS, Family, Group, Row, Table, Verdict

VERSION = 1  # of the document's shape
ADVERSE_IMPACT = "adverse impact"
CLAUSE = "29 CFR 1607.4 D"
ALL, SMALL = "{}: within all", "{}: within those not judged alone"  # the place of a gap within jobs or sites together
COMPARISON = (
    "impact_ratio", "ratio_low", "ratio_high", "score_low", "score_high", "difference", "difference_low",
    "difference_high", "z", "z_p", "chi2",
    "chi2_yates", "fisher_p", "mid_p", "phi", "h", "shortfall",
)  # fmt: skip

SETTLES = {
    "validity": "validity evidence for this job, and a search for an equally valid procedure with less impact",
    "confirm": "the same comparison, declared beforehand, on new data",
}

Json = dict[str, Any]


def describe(audit: Audit) -> Json:
    """The judged part of ``audit.json``: status, findings, what stays open, and all tables.

    JSON knows no ``nan`` and no infinity: both become null, and the row's ``undefined`` says why.
    """
    tables = [describe_table(table) for table in (*audit.primary, *audit.exploratory)]
    primary = [found for table in audit.primary for found in _findings(table)]
    named = {(one["where"]["attribute"], one["where"]["group"]) for one in primary if one["where"]["stratum"] is None}
    within = [
        _within(one, audit.primary)
        for one in audit.stratified
        if one.verdict is Verdict.FINDING and (one.small or (one.attribute, one.group) not in named)
    ]
    return {
        "version": VERSION,
        "status": audit.status.value,
        "jobs": None if audit.jobs is None else _jobs(audit.jobs),
        "findings": [*primary, *within, *(found for table in audit.exploratory for found in _findings(table))],
        "open": [entry for table in audit.primary for entry in _open(table)],
        "tables": tables,
        "stratified": [_pooled(pooled) for pooled in audit.stratified],
        "not_scored": [describe_table(table) for table in audit.not_scored],
    }


def _jobs(jobs: Jobs) -> Json:
    """What the jobs say of each attribute: how many could be judged alone, and what stands out where."""
    return {
        "kind": jobs.kind,
        "attributes": [
            {
                "attribute": one.attribute,
                "verdict": one.verdict.value,
                "jobs": one.jobs,
                "alone": one.alone,
                "not_alone": one.not_alone,
                "one_group": one.one_group,
                "differ": any(
                    found.result.differ_p < ALPHA
                    for found in jobs.together
                    if found.attribute == one.attribute and not found.small
                ),
                **{verdict.value: _named(jobs, one.attribute, verdict) for verdict in (Verdict.FINDING, Verdict.LOOK)},
            }
            for one in jobs.told
        ],
    }  # fmt: skip


def _named(jobs: Jobs, attribute: str, verdict: Verdict) -> list[Json]:
    """Who stands out, in which job; of everybody together only what is to be looked at, for jobs decide."""
    found = [
        (table.stratum, row.group.name, table.comparator, row.comparison.impact_ratio)
        for table in (*jobs.tables, *jobs.pooled)
        for row in table.rows
        if table.attribute == attribute and row.verdict is verdict and row.comparison is not None
        and (table.stratum or verdict is Verdict.LOOK)
    ]  # fmt: skip
    found += [
        ((SMALL if one.small else ALL).format(one.over), one.group, one.comparator, one.result.ratio)
        for one in jobs.together
        if one.attribute == attribute and one.verdict is verdict
    ]
    return [
        {"stratum": stratum, "group": group, "comparator": comparator, "ratio": finite(ratio)}
        for stratum, group, comparator, ratio in found
    ]


def _within(one: Pooled, primary: Sequence[Table]) -> Json:
    """A finding within jobs together, where the table of everybody holds none."""
    counts = {
        row.group.name: _counts(row.group)
        for table in primary
        for row in table.rows
        if table.attribute == one.attribute and table.stratum is None
    }
    found = one.result
    return {
        "what": ADVERSE_IMPACT,
        "where": {
            "attribute": one.attribute, "group": one.group, "comparator": one.comparator,
            "stratum": (SMALL if one.small else ALL).format(one.over), "measure": primary[0].measure.value,
            "cut": primary[0].cut,
        },
        "family": Family.PRIMARY.value,
        "size": finite(found.ratio),
        "interval": [finite(found.ratio_low), finite(found.ratio_high)],
        "difference": None,
        "evidence": {
            "group": counts[one.group], "comparator": counts[one.comparator], "mid_p": None, "strata_p": found.p,
            "adjusted_p": finite(one.adjusted_p), "correction": "Holm", "shortfall": None,
        },
        "clause": CLAUSE,
        "settles": "validity",
        "what_would_settle": SETTLES["validity"],
    }  # fmt: skip


def describe_table(table: Table) -> Json:
    """One table with its rows."""
    return {
        "attribute": table.attribute,
        "family": table.family.value,
        "stratum": table.stratum,
        "measure": table.measure.value,
        "cut": table.cut,
        "comparator": table.comparator,
        "comparator_named": table.named,
        "pairs_per_test": table.pairs_per_test,
        "rows": [_row(row) for row in table.rows],
        "unknown": _counts(table.unknown) if table.unknown else None,
    }


def _row(row: Row) -> Json:
    comparison = row.comparison
    numbers: Json = dict.fromkeys(COMPARISON)
    undefined: dict[str, str] = {}
    below = flips = False
    if comparison is not None:
        numbers = {name: finite(getattr(comparison, name)) for name in COMPARISON}
        undefined = dict(comparison.undefined)
        if comparison.score_high == math.inf:
            undefined["score_high"] = "no upper limit: nobody of the reference group was selected"
        below, flips = comparison.below_four_fifths, comparison.flip_flop
    elif row.left_out is None and row.verdict is Verdict.OK:
        numbers["impact_ratio"] = 1.0
        undefined = dict.fromkeys((name for name in COMPARISON if name != "impact_ratio"), "this is the comparator")
    else:
        undefined = dict.fromkeys(COMPARISON, row.left_out.reason if row.left_out else "nothing to compare with")
    return {
        **_counts(row.group),
        "share": finite(row.share),
        **numbers,
        "adjusted_p": finite(row.adjusted_p),
        "below_four_fifths": below,
        "flip_flop": flips,
        "detectable_ratio": finite(row.detectable_ratio),
        "verdict": row.verdict.value,
        "why": row.why,
        "left_out": row.left_out.reason if row.left_out else None,
        "undefined": undefined,
    }


def _counts(group: Group) -> Json:
    return {
        "group": group.name,
        "n": number(group.n),
        "selected": number(group.selected),
        "rate": finite(group.rate),
        "not_scored": group.not_scored,
    }


def _findings(table: Table) -> list[Json]:
    settles = "validity" if table.family is Family.PRIMARY else "confirm"
    return [
        {
            "what": ADVERSE_IMPACT,
            "where": _where(table, row),
            "family": table.family.value,
            "size": finite(row.comparison.impact_ratio),
            "interval": [finite(row.comparison.score_low), finite(row.comparison.score_high)],
            "difference": [
                finite(getattr(row.comparison, name)) for name in ("difference", "difference_low", "difference_high")
            ],
            "evidence": {
                "group": _counts(row.group),
                "comparator": _counts(
                    next(other.group for other in table.rows if other.group.name == table.comparator)
                ),
                "mid_p": finite(row.comparison.mid_p),
                "adjusted_p": finite(row.adjusted_p),
                "correction": "Holm" if table.family is Family.PRIMARY else "Benjamini-Hochberg",
                "shortfall": finite(row.comparison.shortfall),
            },
            "clause": CLAUSE,
            "settles": settles,
            "what_would_settle": SETTLES[settles],
        }
        for row in table.rows
        if row.verdict is Verdict.FINDING and row.comparison is not None
    ]


def _open(table: Table) -> list[Json]:
    """Groups of which nothing can be said, and how many people would be needed to say it."""
    comparator = next((row.group for row in table.rows if row.group.name == table.comparator), None)
    rate = comparator.rate if comparator else math.nan
    needed = people_to_show(rate) if 0 < rate < 1 else None
    return [
        {
            "where": _where(table, row),
            "why": row.why,
            "n": number(row.group.n),
            "counts": row.share >= float(SHARE_THAT_COUNTS) and row.left_out is None,
            "detectable_ratio": finite(row.detectable_ratio),
            "people_needed": needed,
        }
        for row in table.rows
        if row.verdict in (Verdict.LOOK, Verdict.INSUFFICIENT) and (table.stratum is None or row.left_out is None)
    ]


def _where(table: Table, row: Row) -> Json:
    return {
        "attribute": table.attribute,
        "group": row.group.name,
        "comparator": table.comparator,
        "stratum": table.stratum,
        "measure": table.measure.value,
        "cut": table.cut,
    }


def _pooled(pooled: Pooled) -> Json:
    result = {
        name: finite(value) if isinstance(value, float) else value for name, value in asdict(pooled.result).items()
    }
    return {
        "attribute": pooled.attribute,
        "group": pooled.group,
        "comparator": pooled.comparator,
        "over": pooled.over,
        "small": pooled.small,
        "adjusted_p": finite(pooled.adjusted_p),
        "verdict": pooled.verdict.value,
        "why": pooled.why,
        **result,
    }


def finite(value: float) -> float | None:
    """The number, or None where JSON has none for it."""
    return value if math.isfinite(value) else None


def number(count: Count) -> int | float:
    """A count as JSON writes it: whole where it is whole."""
    exact = Fraction(count)
    return int(exact) if exact.denominator == 1 else float(exact)


SMALLEST_SHOWN = 10  # people; a smaller count may point at persons
WITHHELD = "withheld"
KEPT = ("group", "verdict", "why", "left_out", "below_four_fifths", "flip_flop", "undefined")
COUNTED = (*KEPT, "n", "selected", "rate", "share", "not_scored")
SHOWN = frozenset((  # every other chapter stays behind: means, shares and errors of small groups give counts away
    "version", "made", "vivavoce", "disclaimer", "declared", "data", "rules", "status", "jobs", "findings", "open",
    "tables", "checks", "provisional", "warnings",
))  # fmt: skip
OUTCOMES = ("selected", "unselected", "n", "not_scored")


def share(
    audit: Mapping[str, Any], demands: Sequence[Mapping[str, Any]] = (), beside: Mapping[str, Json] | None = None
) -> Json:
    """Copy an audit's document for people who may not see small counts.

    In every primary table rows with a count from 1 to 9 (selected, not selected, or not scored) lose all their
    numbers, since a rate or a ratio gives its count away; then the next smallest rows do, until at least two are
    withheld and together hold ten people or more of each outcome, so that no total gives them away either.
    Exploratory tables and those of single jobs are left out as a whole: neighbouring cuts, jobs and intersections
    differ by small counts. So is every part that is neither among ``SHOWN`` nor given in ``beside``. Findings and open
    questions keep their place and lose their numbers where their row or table did.

    Parameters
    ----------
    audit
        The complete document.
    demands
        Checks (``pack``, ``clause``) that ask for every count: recorded as conflicts where something was withheld.
    beside
        Parts of further evidence by name, as far as their kinds declare that they may be passed on.
    """
    allowed = {name: part for name, part in audit.items() if name in SHOWN}
    shared: Json = copy.deepcopy({**(beside or {}), **allowed})
    shared["restricted"] = False
    shared["smallest_shown"] = SMALLEST_SHOWN
    shared["tables"] = [one for one in shared["tables"] if one["family"] == "primary" and one["stratum"] is None]
    shared["findings"] = [finding for finding in shared["findings"] if finding["family"] == "primary"]
    shared["stratified"], shared["not_scored"] = [], []
    for pack in shared.get("rules", ()):
        pack.pop("tables", None)
    for seen in (one for check in shared.get("checks", ()) for one in check["evidence"]):
        seen["value"] = None
    shared["warnings"] = [one for one in shared.get("warnings", ()) if not 0 < one.get("n", 0) < SMALLEST_SHOWN]
    for told in (shared.get("jobs") or {}).get("attributes", []):
        for one in (*told["finding"], *told["look"]):
            one["ratio"] = None
    hidden = set()
    for table in shared["tables"]:
        hidden |= {(table["attribute"], group) for group in _withhold(table)}
    numbers = ("size", "interval", "difference", "evidence")
    shared["findings"] = [_without(found, hidden, numbers) for found in shared["findings"]]
    shared["open"] = [_without(entry, hidden, ("n", "detectable_ratio", "people_needed")) for entry in shared["open"]]
    for name in ("partial", "without_groups", "groups_without_score"):
        if 0 < (shared["data"].get(name) or 0) < SMALLEST_SHOWN:
            shared["data"][name] = None
    data = shared["data"]
    if 0 < data.get("rows", 0) - data.get("scored", data.get("rows", 0)) < SMALLEST_SHOWN:
        data["scored"] = None
    if 0 < shared["declared"].get("at_cut", 0) < SMALLEST_SHOWN:
        shared["declared"]["at_cut"] = None
    shared["conflicts"] = [{"pack": demand["pack"], "clause": demand["clause"]} for demand in demands] if hidden else []
    return shared


def _withhold(table: Json) -> set[str]:
    """Withhold a table's small rows and their complements; returns the names of what was withheld."""
    rows = [*table["rows"], *([table["unknown"]] if table["unknown"] else [])]
    counts = {id(row): _outcomes(row) for row in rows}
    chosen = [row for row in rows if any(0 < count < SMALLEST_SHOWN for count in counts[id(row)].values())]
    rest = sorted((row for row in rows if row not in chosen), key=lambda row: float(row["n"]))
    while chosen and rest and not _safe([counts[id(row)] for row in chosen]):
        chosen.append(rest.pop(0))
    withheld = {row["group"] for row in chosen}
    for row in chosen:
        row.update({name: None for name in row if name not in KEPT})
        if "why" in row:
            row.update(why=WITHHELD, undefined={}, below_four_fifths=None, flip_flop=None)
    comparator = next((row for row in table["rows"] if row["group"] == table["comparator"]), None)
    if comparator in chosen:  # a ratio and a rate give the comparator's rate away
        for row in table["rows"]:
            row.update({name: None for name in row if name not in COUNTED})
    return withheld


def _safe(hidden: Sequence[Mapping[str, float]]) -> bool:
    """Whether totals minus what is shown tell nothing small: two rows or more, each outcome none or at least ten."""
    sums = [sum(row[name] for row in hidden) for name in OUTCOMES]
    return len(hidden) > 1 and all(total == 0 or total >= SMALLEST_SHOWN for total in sums)


def _outcomes(row: Mapping[str, Any]) -> dict[str, float]:
    n, selected = float(row["n"]), float(row["selected"])
    return {"selected": selected, "unselected": n - selected, "n": n, "not_scored": float(row["not_scored"])}


def _without(entry: Json, hidden: set[tuple[str, str]], names: Sequence[str]) -> Json:
    """The entry without its numbers where its group, the one it is compared with, or its job's table is withheld."""
    where = entry["where"]
    if (
        not where["stratum"]
        and not {(where["attribute"], where["group"]), (where["attribute"], where["comparator"])} & hidden
    ):
        return entry
    return {**entry, **dict.fromkeys(names), WITHHELD: True}
