"""The audit of a cohort: what was declared, judged as one family, and all that is worth looking through beside it.

Scoring rate (6 RCNY 5-301): the share of a category that scores *above* the median of the whole sample.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.multiplicity import benjamini_hochberg
from vivavoce.fairness.disparity import Stratified, stratify
from vivavoce.fairness.groups import UNKNOWN, Labels, intersections
from vivavoce.fairness.table import (
    SHARE_THAT_COUNTS,
    Family,
    Group,
    LeftOut,
    Measure,
    Table,
    build_table,
    cuts_of,
    judge,
    selected_at,
)

NAN = float("nan")


@dataclass(frozen=True)
class ScoringRate:
    """Who scores above the median.

    ``at_median`` people score exactly the median: they do not count as above, and the report says how many they are,
    since ties move every rate.
    """

    median: float
    above: npt.NDArray[np.bool_]
    at_median: int


def scoring_rate(scores: npt.NDArray[np.float64]) -> ScoringRate:
    """Find the median of all finite scores, shape (n,), and who lies above; ``nan`` (not scored) never does.

    The sample is everybody with a score, people of unknown groups included.

    Examples
    --------
    >>> rate = scoring_rate(np.array([1.0, 2.0, 2.0, 3.0, np.nan]))
    >>> rate.median, rate.above.tolist(), rate.at_median
    (2.0, [False, False, False, True, False], 2)
    """
    scored = scores[np.isfinite(scores)]
    median = float(np.median(scored)) if len(scored) else float("nan")
    return ScoringRate(median, scores > median, int((scored == median).sum()))


SMALLEST_CELL = 20  # people of an intersection or a stratum's group: below, a rate of .5 has a standard error above .11

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cohort:
    """People (rows) under audit; ``n`` of them, not scored ones included.

    Parameters
    ----------
    scored
        Who has a score or a decision, shape (n,).
    selected
        Who passes the declared cut, shape (n,); never somebody who was not scored.
    scores
        Shape (n,), ``nan`` where not scored; None where there are decisions only.
    measure, cut
        What passing means.
    attributes
        Declared groups by attribute.
    strata
        Jobs and sites, where there is more than one.
    swept
        What the sweep runs over, shape (n,): the scores where it is None; percentiles within each job where people
        are selected within their job.
    """

    scored: Bools
    selected: Bools
    scores: Floats | None
    measure: Measure
    cut: float | None
    attributes: Mapping[str, Labels]
    strata: Mapping[str, Labels] = field(default_factory=dict)
    swept: Floats | None = None


@dataclass(frozen=True)
class Choices:
    """What was decided before looking.

    ``comparators`` names a group by attribute. ``left_out_share`` is the share of people, 0–1, below which a rule pack
    lets a group stay out of ratios; None where no pack does.
    """

    comparators: Mapping[str, str] = field(default_factory=dict)
    left_out_share: Fraction | None = None
    smallest_cell: int = SMALLEST_CELL


@dataclass(frozen=True)
class Pooled:
    """One group against the comparator over all strata."""

    attribute: str
    group: str
    comparator: str
    over: str
    result: Stratified


@dataclass(frozen=True)
class Audit:
    """Everything found: tables with verdicts, strata pooled, and who could not be scored."""

    primary: tuple[Table, ...]
    exploratory: tuple[Table, ...] = ()
    stratified: tuple[Pooled, ...] = ()
    not_scored: tuple[Table, ...] = ()


def audit_counts(tables: Mapping[str, Sequence[Group]], choices: Choices) -> Audit:
    """Judge ready counts, one table per name; nothing is left out unless ``choices`` says so."""
    built = [
        build_table(
            name,
            groups,
            family=Family.PRIMARY,
            comparator=choices.comparators.get(name),
            left_out=_too_small(groups, choices.left_out_share),
        )
        for name, groups in tables.items()
    ]
    return Audit(tuple(judge(built)))


def audit_cohort(cohort: Cohort, choices: Choices) -> Audit:
    """Judge a cohort.

    The primary family is the declared cut × the attributes × their groups, pooled. Exploratory, under false-discovery
    control: the scoring rate where a cut was declared, intersections, every job and site, and a sweep over cuts.
    """
    primary = judge(
        [_table(name, labels, cohort, choices, Family.PRIMARY) for name, labels in cohort.attributes.items()]
    )
    crossed = intersections(dict(cohort.attributes))
    looked = [
        *_scoring(cohort, choices),
        *(_table(name, labels, cohort, choices, smallest=choices.smallest_cell) for name, labels in crossed.items()),
        *_by_stratum(cohort, choices),
        *_sweep(cohort, choices),
    ]
    return Audit(
        tuple(primary),
        tuple(judge(looked, benjamini_hochberg)),
        tuple(_pooled(cohort, primary)),
        tuple(
            judge([_unmeasured(name, labels, cohort) for name, labels in cohort.attributes.items()], benjamini_hochberg)
        ),
    )


def _table(
    attribute: str,
    labels: Labels,
    cohort: Cohort,
    choices: Choices,
    family: Family = Family.EXPLORATORY,
    *,
    smallest: int = 0,
    people: Bools | None = None,
    stratum: str | None = None,
    scoring: Bools | None = None,
    median: float | None = None,
) -> Table:
    """One attribute's table at the declared cut, or at the median; ``people`` restricts it to a stratum."""
    inside = np.ones_like(cohort.scored) if people is None else people
    groups, unknown = _groups(
        labels,
        labels.counted(inside & (cohort.selected if scoring is None else scoring)),
        labels.counted(inside & cohort.scored),
        labels.counted(inside & ~cohort.scored),
    )
    left_out = {group.name: LeftOut.TOO_FEW for group in groups if group.n < smallest}
    return build_table(
        attribute,
        groups,
        family=family,
        measure=cohort.measure if scoring is None else Measure.SCORING,
        stratum=stratum,
        cut=cohort.cut if scoring is None else median,
        comparator=_named(choices, attribute, groups, left_out),
        unknown=unknown,
        comparator_share=SHARE_THAT_COUNTS,
        left_out=left_out | _too_small(groups, choices.left_out_share),
    )


def _groups(
    labels: Labels, selected: npt.NDArray[np.int64], n: npt.NDArray[np.int64], not_scored: npt.NDArray[np.int64]
) -> tuple[list[Group], Group]:
    counts = list(zip(selected.tolist(), n.tolist(), not_scored.tolist(), strict=True))
    groups = [Group(name, *cell) for name, cell in zip(labels.levels, counts[:-1], strict=True)]
    return groups, Group("unknown", *counts[-1])


def _named(choices: Choices, attribute: str, groups: Sequence[Group], left_out: Mapping[str, LeftOut]) -> str | None:
    """The comparator named for this attribute, where this table has it and compares it."""
    name = choices.comparators.get(attribute)
    return name if name not in left_out and any(group.name == name for group in groups) else None


def _too_small(groups: Sequence[Group], share: Fraction | None) -> dict[str, LeftOut]:
    if share is None:
        return {}
    people = sum((Fraction(group.n) for group in groups), Fraction(0))
    return {group.name: LeftOut.SMALL_SHARE for group in groups if Fraction(group.n) < share * people}


def _scoring(cohort: Cohort, choices: Choices) -> list[Table]:
    """The scoring rate of every attribute and intersection, where it is not the declared measure itself."""
    if cohort.scores is None or cohort.measure is Measure.SCORING:
        return []
    rate = scoring_rate(cohort.scores)
    pooled = [
        _table(name, labels, cohort, choices, scoring=rate.above, median=rate.median)
        for name, labels in cohort.attributes.items()
    ]
    crossed = intersections(dict(cohort.attributes))
    return pooled + [
        _table(name, labels, cohort, choices, smallest=choices.smallest_cell, scoring=rate.above, median=rate.median)
        for name, labels in crossed.items()
    ]


def _by_stratum(cohort: Cohort, choices: Choices) -> list[Table]:
    return [
        _table(
            name, labels, cohort, choices,
            smallest=choices.smallest_cell, people=strata.codes == code, stratum=f"{kind} = {level}",
        )
        for kind, strata in cohort.strata.items()
        for code, level in enumerate(strata.levels)
        for name, labels in cohort.attributes.items()
    ]  # fmt: skip


def _sweep(cohort: Cohort, choices: Choices) -> list[Table]:
    swept = cohort.scores if cohort.swept is None else cohort.swept
    if swept is None:
        return []
    cuts = cuts_of(swept)
    tables = []
    for attribute, labels in cohort.attributes.items():
        n, not_scored = labels.counted(cohort.scored), labels.counted(~cohort.scored)
        for cut, selected in zip(cuts.tolist(), selected_at(cuts, swept, labels), strict=True):
            groups, unknown = _groups(labels, selected, n, not_scored)
            tables.append(
                build_table(
                    attribute,
                    groups,
                    family=Family.EXPLORATORY,
                    cut=cut,
                    comparator=_named(choices, attribute, groups, {}),
                    unknown=unknown,
                    comparator_share=SHARE_THAT_COUNTS,
                    left_out=_too_small(groups, choices.left_out_share),
                )
            )
    return tables


def _pooled(cohort: Cohort, primary: Sequence[Table]) -> list[Pooled]:
    """Mantel-Haenszel and Breslow-Day of every group against its comparator, over jobs and sites together."""
    if not cohort.strata:
        return []
    strata = list(cohort.strata.values())
    cells = strata[0] if len(strata) == 1 else strata[0].crossed(strata[1])
    rows = [cells.codes == code for code in range(len(cells.levels))]
    found = []
    for table in primary:
        labels = cohort.attributes[table.attribute]
        counts = [(labels.counted(row & cohort.selected), labels.counted(row & cohort.scored)) for row in rows]
        for place, row in enumerate(table.rows):
            if row.comparison is None or table.comparator is None:
                continue
            base = labels.levels.index(table.comparator)
            pairs = [((int(s[base]), int(n[base])), (int(s[place]), int(n[place]))) for s, n in counts]
            over = " and ".join(cohort.strata)
            found.append(Pooled(table.attribute, row.group.name, table.comparator, over, stratify(pairs)))
    return found


def _unmeasured(attribute: str, labels: Labels, cohort: Cohort) -> Table:
    """Being scored as the outcome: who could not be measured, by group."""
    everybody = np.ones_like(cohort.scored)
    groups, unknown = _groups(
        labels, labels.counted(cohort.scored), labels.counted(everybody), labels.counted(~everybody)
    )
    return build_table(
        attribute, groups, family=Family.EXPLORATORY, unknown=unknown, comparator_share=SHARE_THAT_COUNTS
    )


def known(labels: Labels) -> int:
    """How many rows have a declared level."""
    return int((labels.codes != UNKNOWN).sum())
