"""How far apart the groups score, overall and per competency, as the part of ``audit.json`` that says so.

Ready counts, as somebody else added them up: apart from scores, which are of single people.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from vivavoce.data.cells import is_missing
from vivavoce.data.problem import Problem, shorten
from vivavoce.data.table import Column, Given, Kind, Maps, Table, duplicates, read_table
from vivavoce.evaluation.agreement import share
from vivavoce.evaluation.estimate import Estimate
from vivavoce.fairness.differences import LEAST, ScoreDifference, ScoreDifferences, score_differences
from vivavoce.fairness.document import finite
from vivavoce.fairness.groups import SEVERAL, UNKNOWN, UNKNOWN_WORD, Labels, settle
from vivavoce.fairness.table import SHARE_THAT_COUNTS, Family, Group, build_table
from vivavoce.models.score import OVERALL
from vivavoce.pipelines.auditing.doubts import joined, no_weights

FEWEST_BARS, MOST_BARS = 8, 40  # of a histogram: the square root of the people, within what an eye can tell apart

UNSAID = "unsaid"  # no reason stands beside a missing score

Floats = npt.NDArray[np.float64]
Json = dict[str, Any]


def describe_differences(
    scores: Floats, competencies: Mapping[str, Floats], attributes: Mapping[str, Labels], named: Mapping[str, str]
) -> list[Json]:
    """One entry per attribute with two groups or more: every group against the largest, or against the one named.

    Parameters
    ----------
    scores, competencies
        Shape (n,) each, ``nan`` where there is no score.
    attributes
        Declared groups; people of unknown group are left out.
    named
        The group to compare with, by attribute.
    """
    columns = {OVERALL: scores, **competencies}
    return [
        _attribute(name, labels, columns, named.get(name))
        for name, labels in attributes.items()
        if len(labels.levels) > 1
    ]


def _attribute(name: str, labels: Labels, columns: Mapping[str, Floats], named: str | None) -> Json:
    known = labels.codes != UNKNOWN
    groups = np.asarray(labels.levels)[labels.codes[known]]
    values = {score: column[known] for score, column in columns.items()}
    found = score_differences(values, groups, reference=named)
    reference = found.differences[0].reference
    return {
        "attribute": name,
        "family": "exploratory",
        "reference": reference,
        "reference_named": named is not None,
        "scores": [
            {"score": score, **_histograms(column, groups, labels.levels, found, score)}
            for score, column in values.items()
        ],
    }


def _histograms(
    column: Floats, groups: "npt.NDArray[np.str_]", levels: tuple[str, ...], found: ScoreDifferences, score: str
) -> Json:
    """Every group's distribution over the same edges, beside its difference; shares of the group's people."""
    present = column[np.isfinite(column)]
    largest = max(found.distributions[score, level].n for level in levels)
    bars = int(np.clip(math.sqrt(largest), FEWEST_BARS, MOST_BARS))
    edges = np.histogram_bin_edges(present, min(bars, max(len(np.unique(present)), 1)))
    differences = {one.focal: one for one in found.differences if one.score == score}
    rows = []
    for level in levels:
        about = found.distributions[score, level]
        counts = np.histogram(column[groups == level], edges)[0]
        rows.append(
            {
                "group": level,
                "n": about.n,
                "missing": about.missing,
                "mean": finite(about.mean),
                "sd": finite(about.sd),
                "quantiles": [finite(value) for value in about.quantiles],
                "histogram": (counts / about.n).tolist() if about.n >= LEAST else None,
                **_difference(differences.get(level)),
            }
        )
    return {"edges": edges.tolist(), "groups": rows}


def _difference(one: ScoreDifference | None) -> Json:
    """Reference − group: its mean, d and g with intervals; null for the reference itself and where undefined."""
    found = one.difference if one else None
    numbers: Json = {}
    for name in ("mean", "d", "g"):
        numbers |= estimate(f"difference_{name}", getattr(found, name) if found else None)
    return {
        **numbers,
        "p": finite(found.p) if found else None,
        "q": finite(one.q) if one else None,
        "reason": one.reason if one else "this is the reference",
    }


def estimate(name: str, found: Estimate | None) -> Json:
    """A number and its limits under ``name``, ``name_low``, ``name_high``; null where there is none."""
    values = (found.value, found.low, found.high) if found else (math.nan,) * 3
    return {f"{name}{end}": finite(value) for end, value in zip(("", "_low", "_high"), values, strict=True)}


def describe_unmeasured(
    scored: npt.NDArray[np.bool_],
    selected: npt.NDArray[np.bool_],
    attributes: Mapping[str, Labels],
    reasons: Sequence[str] = (),
    named: Mapping[str, str] | None = None,
) -> list[Json]:
    """Who has no score, of every group: the share with Wilson's interval, why, and what it does to the impact ratio.

    People of unknown group make a row of their own, which is compared with nobody. Each group's ratio stands three
    times: without those who have no score, with them as not selected, and with them as selected.

    Parameters
    ----------
    scored, selected
        Who has a score, and who of them passes, shape (n,) each.
    attributes
        Declared groups.
    reasons
        Why there is no score, shape (n,); nothing where the table does not say.
    named
        The group to compare with, by attribute; without one the highest rate.
    """
    why = np.asarray([reason.partition(": ")[0] or UNSAID for reason in reasons] if reasons else [UNSAID] * len(scored))
    entries = []
    for name, labels in attributes.items():
        groups = [(level, labels.codes == code) for code, level in enumerate(labels.levels)]
        unknown = labels.codes == UNKNOWN
        ratios = _ratios(scored, selected, name, labels, (named or {}).get(name))
        rows = []
        for level, here in (*groups, *([("unknown", unknown)] if unknown.any() else [])):
            out = ~scored[here]
            counted = Counter(why[here][out].tolist())
            rows.append(
                {
                    "group": level,
                    "n": len(out),
                    "not_scored": int(out.sum()),
                    **estimate("share", share(out)),
                    "reasons": dict(sorted(counted.items(), key=lambda one: (-one[1], one[0]))),
                    **ratios[level],
                }
            )
        entries.append({"attribute": name, "rows": rows})
    return entries


def _ratios(
    scored: npt.NDArray[np.bool_], selected: npt.NDArray[np.bool_], attribute: str, labels: Labels, named: str | None
) -> dict[str, Json]:
    """Each group's impact ratio by what becomes of people without a score, as the audit's own tables compare them."""
    chosen, everybody = selected & scored, np.ones_like(scored)
    ways = {
        "counted_out": (chosen, scored),
        "not_selected": (chosen, everybody),
        "selected": (chosen | ~scored, everybody),
    }
    found: dict[str, Json] = {level: {} for level in (*labels.levels, "unknown")}
    for way, (passed, counted) in ways.items():
        counts = zip(labels.levels, labels.counted(passed).tolist(), labels.counted(counted).tolist(), strict=False)
        groups = [Group(*one) for one in counts]  # the last count, of people of unknown group, has no level
        comparator = named if named in labels.levels else None
        table = build_table(
            attribute, groups, family=Family.EXPLORATORY, comparator=comparator, comparator_share=SHARE_THAT_COUNTS
        )
        for row in table.rows:
            own = 1.0 if row.group.name == table.comparator else math.nan
            ratio = own if row.comparison is None else row.comparison.impact_ratio
            found[row.group.name][f"ratio_{way}"] = finite(ratio)
        found["unknown"][f"ratio_{way}"] = None
    return found


COUNTS = (
    Column("table", Kind.NAME, meaning="which comparison"),
    Column("group", Kind.NAME, meaning="which group"),
    Column("n", Kind.TEXT, meaning="how many people"),
    Column("selected", Kind.TEXT, meaning="how many of them were selected"),
    Column("job", Kind.LABEL, meaning="for which job family: each is judged by itself").optional,
    Column("site", Kind.LABEL, meaning="where; judged by itself where no job is said").optional,
)


@dataclass(frozen=True)
class ReadyCounts:
    """Ready counts as read: groups by table and job (or site, as ``kind`` says), one job where none is said.

    ``several``: people by table who were counted under several values at once.
    """

    tables: Mapping[str, Mapping[str, Sequence[Group]]]
    kind: str
    table: Table
    several: Mapping[str, int]

    @property
    def people(self) -> dict[str, dict[str, float]]:
        """People of every known group, by table."""
        found: dict[str, dict[str, float]] = {name: {} for name in self.tables}
        for name, jobs in self.tables.items():
            for group in (group for groups in jobs.values() for group in groups if group.name != UNKNOWN_WORD):
                found[name][group.name] = found[name].get(group.name, 0.0) + float(group.n)
        return found


def read_counts(given: Given, maps: Maps | None = None, join: Mapping[str, str] | None = None) -> ReadyCounts:
    """Read ready counts, ``table,group,n,selected`` and perhaps ``job`` or ``site``, decimals exactly as written.

    Groups named by a word that tables use for what is missing are the unknown ones, added up; those of several values
    are one (:func:`vivavoce.fairness.groups.settle`), and ``join`` counts spellings as one, as among people.

    Raises
    ------
    TableRefused
        For missing columns, names that are empty or stand twice in a table, and counts that are not 0 ≤ selected ≤ n.
    """
    table = read_table(given, COUNTS, checks=[_once, _counted, no_weights], maps=maps, called="counts")
    frame = table.frame
    same = joined(join or {}, list(dict.fromkeys(frame["table"])), table.source)
    named: dict[str, dict[str, None]] = {}
    for name, group in zip(frame["table"], frame["group"], strict=True):
        named.setdefault(name, {})[group] = None
    settled = {
        name: dict(zip(groups, settle([None if is_missing(one) else one for one in groups], same.get(name, {})),
                       strict=True))
        for name, groups in named.items()
    }  # fmt: skip
    several = dict.fromkeys(named, Fraction(0))
    kind = next((name for name in ("job", "site") if name in frame), "job")
    where = frame[kind] if kind in frame else [None] * len(frame)
    tables: dict[str, dict[str, dict[str, Group]]] = {}
    for name, group, n, selected, job in zip(
        frame["table"], frame["group"], frame["n"], frame["selected"], where, strict=True
    ):
        called = settled[name][group] or UNKNOWN_WORD
        if called != group and called.casefold().startswith(SEVERAL):
            several[name] += Fraction(Decimal(n))
        groups = tables.setdefault(name, {}).setdefault("" if is_missing(job) else str(job), {})
        before = groups.get(called, Group(called, Fraction(0), Fraction(0)))
        chosen, people = Fraction(Decimal(selected)), Fraction(Decimal(n))
        groups[called] = Group(called, chosen + Fraction(before.selected), people + Fraction(before.n))
    found = {name: {job: [*groups.values()] for job, groups in jobs.items()} for name, jobs in tables.items()}
    return ReadyCounts(found, kind, table, {name: round(people) for name, people in several.items()})


def _once(table: Table) -> list[Problem]:
    """Groups that stand twice in a table, for a job and a site where it says so."""
    return duplicates(table, [name for name in ("table", "job", "site", "group") if name in table.frame])


def _counted(table: Table) -> list[Problem]:
    """Cells that are no count, and more selected than there are."""
    problems: list[Problem] = []
    for row, (n, selected) in enumerate(zip(table.frame["n"], table.frame["selected"], strict=True)):
        people, chosen = (_count(table, row, name, cell, problems) for name, cell in (("n", n), ("selected", selected)))
        if people is not None and chosen is not None and chosen > people:
            problems.append(table.problem(row, "selected", shorten(selected), f"At most n are selected ({n})."))
    return problems


def _count(table: Table, row: int, name: str, cell: str | None, problems: list[Problem]) -> Fraction | None:
    try:
        value = Decimal(cell or "")
        if value.is_finite() and value >= 0:
            return Fraction(value)
    except InvalidOperation:
        pass
    remedy = "Write a count of at least 0; decimals are allowed."
    problems.append(table.problem(row, name, "nothing" if cell is None else shorten(cell), remedy))
    return None
