"""An audit as a JSON document (``audit.schema.json``): the one source of every report."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from vivavoce.fairness.audit import Audit, Pooled
from vivavoce.fairness.disparity import Count
from vivavoce.fairness.power import people_to_show
from vivavoce.fairness.table import SHARE_THAT_COUNTS, Family, Group, Row, Table, Verdict

VERSION = 1  # of the document's shape
ADVERSE_IMPACT = "adverse impact"
CLAUSE = "29 CFR 1607.4 D"
COMPARISON = (
    "impact_ratio", "ratio_low", "ratio_high", "score_low", "score_high", "difference", "difference_low",
    "difference_high", "z", "z_p", "chi2",
    "chi2_yates", "fisher_p", "mid_p", "phi", "h", "shortfall",
)  # fmt: skip

SETTLES = {
    "validity": "validity evidence for this job, and a search for an equally valid procedure with less impact",
    "confirm": "the same comparison, declared beforehand, on new data",
    "question": "a reading by people who know the job and both groups, and the score without the question on new data",
    "features": "the score without these features, or with everybody measured alike, compared by group on new data",
    "prediction": "the same comparison on new people, rated by somebody who does not know the score",
}

Json = dict[str, Any]


def describe(audit: Audit) -> Json:
    """The judged part of ``audit.json``: status, findings, what stays open, and all tables.

    JSON knows no ``nan`` and no infinity: both become null, and the row's ``undefined`` says why.
    """
    tables = [describe_table(table) for table in (*audit.primary, *audit.exploratory)]
    return {
        "version": VERSION,
        "status": status_of(audit.primary).value,
        "findings": [finding for table in (*audit.primary, *audit.exploratory) for finding in _findings(table)],
        "open": [entry for table in audit.primary for entry in _open(table)],
        "tables": tables,
        "stratified": [_pooled(pooled) for pooled in audit.stratified],
        "not_scored": [describe_table(table) for table in audit.not_scored],
    }


def status_of(primary: Sequence[Table]) -> Verdict:
    """The audit's verdict: any primary finding; else any group of at least 2 % without ``ok``; else ``ok``."""
    rows = [row for table in primary for row in table.rows]
    if any(row.verdict is Verdict.FINDING for row in rows):
        return Verdict.FINDING
    counted = [row for row in rows if row.left_out is None and row.share >= float(SHARE_THAT_COUNTS)]
    if counted and all(row.verdict is Verdict.OK for row in counted):
        return Verdict.OK
    return Verdict.INSUFFICIENT


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
        if row.verdict is Verdict.INSUFFICIENT
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
        **result,
    }


def finite(value: float) -> float | None:
    """The number, or None where JSON has none for it."""
    return value if math.isfinite(value) else None


def number(count: Count) -> int | float:
    """A count as JSON writes it: whole where it is whole."""
    exact = Fraction(count)
    return int(exact) if exact.denominator == 1 else float(exact)
