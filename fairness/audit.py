"""The audit of a cohort: what was declared, judged as one family, and all that is worth looking through beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.multiplicity import benjamini_hochberg
from vivavoce.fairness.groups import UNKNOWN, UNKNOWN_WORD, Labels, intersections
from vivavoce.fairness.jobs import Jobs, Pooled, judge_jobs, status_of_told
from vivavoce.fairness.strata import design_of_gap, design_of_rates, stratify
from vivavoce.fairness.table import (
    SHARE_THAT_COUNTS,
    Family,
    Group,
    LeftOut,
    Measure,
    Table,
    Verdict,
    build_table,
    cuts_of,
    judge,
    scoring_rate,
    selected_at,
    status_of_tables,
)

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
    persons
        Whose row it is, shape (n,), where people stand in several; None where everybody has one.
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
    persons: npt.NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Choices:
    """What was decided before looking.

    ``comparators`` names a group by attribute; ``smallest_cell`` people are compared in an intersection or a stratum.
    """

    comparators: Mapping[str, str] = field(default_factory=dict)
    smallest_cell: int = SMALLEST_CELL


@dataclass(frozen=True)
class Audit:
    """Everything found: tables with verdicts, jobs by themselves and together, and who could not be scored.

    ``jobs`` is None where there is only one; else ``primary`` holds the tables of everybody, then those of every job.
    """

    primary: tuple[Table, ...]
    exploratory: tuple[Table, ...] = ()
    stratified: tuple[Pooled, ...] = ()
    not_scored: tuple[Table, ...] = ()
    jobs: Jobs | None = None

    @property
    def status(self) -> Verdict:
        """The audit's verdict: of the jobs where there are several, else of the declared tables."""
        return status_of_tables(self.primary) if self.jobs is None else status_of_told(self.jobs.told)


ByJob = Mapping[str, Mapping[str, Sequence[Group]]]
"""Groups by attribute and job; the job is empty where none is said."""


def audit_counts(tables: ByJob, choices: Choices, kind: str = "job") -> Audit:
    """Judge ready counts, by table and job (or site, as ``kind`` says).

    As in an audit of people, a group named as missing words are is counted as unknown and compared with nobody
    (:func:`vivavoce.pipelines.auditing.differences.read_counts` takes it out), and a group of less than 2 % is not
    *found* as comparator.
    """
    pooled = [_counted(name, _summed(by_job), choices) for name, by_job in tables.items()]
    jobs = list(dict.fromkeys(job for by_job in tables.values() for job in by_job))
    primary = judge(pooled)
    if len(jobs) < 2:
        return Audit(tuple(primary))
    by_job = {
        name: [
            _counted(name, found.get(job, ()), choices, choices.smallest_cell, f"{kind} = {job or UNKNOWN_WORD}")
            for job in jobs
            if found.get(job)
        ]
        for name, found in tables.items()
    }
    return _with_jobs(kind, primary, by_job)


def _with_jobs(kind: str, primary: Sequence[Table], by_job: Mapping[str, Sequence[Table]], **more: Any) -> Audit:
    jobs = judge_jobs(kind, primary, by_job, **more)
    return Audit((*jobs.pooled, *jobs.tables), stratified=jobs.together, jobs=jobs)


def _counted(
    name: str, groups: Sequence[Group], choices: Choices, smallest: int = 0, stratum: str | None = None
) -> Table:
    unknown = next((group for group in groups if group.name == UNKNOWN_WORD), None)
    known = [group for group in groups if group is not unknown]
    left_out = {group.name: LeftOut.TOO_FEW for group in known if group.n < smallest}
    return build_table(
        name, known, family=Family.PRIMARY, stratum=stratum, comparator=_named(choices, name, known, left_out),
        unknown=unknown, comparator_share=SHARE_THAT_COUNTS, left_out=left_out,
    )  # fmt: skip


def _summed(by_job: Mapping[str, Sequence[Group]]) -> list[Group]:
    """Everybody together, groups in the order in which they come."""
    found: dict[str, Group] = {}
    for group in (group for groups in by_job.values() for group in groups):
        before = found.get(group.name, Group(group.name, Fraction(0), Fraction(0)))
        found[group.name] = Group(group.name, before.selected + group.selected, before.n + group.n)  # type: ignore[operator]
    return list(found.values())


def audit_cohort(cohort: Cohort, choices: Choices) -> Audit:
    """Judge a cohort.

    The primary family is the declared cut × the attributes × their groups; where there are several jobs (or, without
    jobs, sites), of every job, and within all of them together (:mod:`vivavoce.fairness.jobs`). Exploratory, under
    false-discovery control: the scoring rate where a cut was declared, intersections, sites beside jobs, and a sweep
    over cuts.
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
    audited = Audit(tuple(primary))
    kind = next(iter(cohort.strata), None)
    if kind is not None:
        by_job = {name: _job_tables(kind, name, cohort, choices) for name in cohort.attributes}
        audited = _with_jobs(kind, primary, by_job, design=partial(_design, cohort, kind))
    return replace(
        audited,
        exploratory=tuple(judge(looked, benjamini_hochberg)),
        stratified=(*audited.stratified, *(_crossed(cohort, audited.stratified) if len(cohort.strata) > 1 else ())),
        not_scored=tuple(
            judge([_unmeasured(name, labels, cohort) for name, labels in cohort.attributes.items()], benjamini_hochberg)
        ),
    )


def _jobs_of(labels: Labels) -> list[tuple[str, Bools]]:
    """Every job by name with its rows; people of whom no job is said are a job by themselves."""
    found = [(level, labels.codes == code) for code, level in enumerate(labels.levels)]
    unsaid = labels.codes == UNKNOWN
    return [*found, (UNKNOWN_WORD, unsaid)] if unsaid.any() else found


def _job_tables(kind: str, attribute: str, cohort: Cohort, choices: Choices) -> list[Table]:
    labels = cohort.attributes[attribute]
    return [
        _table(attribute, labels, cohort, choices, Family.PRIMARY, smallest=choices.smallest_cell, people=rows,
               stratum=f"{kind} = {job}")
        for job, rows in _jobs_of(cohort.strata[kind])
    ]  # fmt: skip


def _design(cohort: Cohort, kind: str, attribute: str, reference: str, focal: str, places: Sequence[int]) -> float:
    """Of the gap between two groups over jobs, where people stand in several."""
    if cohort.persons is None:
        return 1.0
    labels, jobs = cohort.attributes[attribute], cohort.strata[kind]
    codes = np.where(jobs.codes == UNKNOWN, len(jobs.levels), jobs.codes)
    two = [labels.levels.index(name) for name in (reference, focal)]
    rows = cohort.scored & np.isin(labels.codes, two) & np.isin(codes, places)
    return design_of_gap(codes[rows], labels.codes[rows] == two[1], cohort.selected[rows], cohort.persons[rows])


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
    passed, counted = inside & (cohort.selected if scoring is None else scoring), inside & cohort.scored
    groups, unknown = _groups(
        labels,
        labels.counted(passed),
        labels.counted(counted),
        labels.counted(inside & ~cohort.scored),
        _designs(labels, passed, counted, cohort),
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
        left_out=left_out,
    )


def _groups(
    labels: Labels,
    selected: npt.NDArray[np.int64],
    n: npt.NDArray[np.int64],
    not_scored: npt.NDArray[np.int64],
    designs: Sequence[float] | None = None,
) -> tuple[list[Group], Group]:
    counts = list(zip(selected.tolist(), n.tolist(), not_scored.tolist(), strict=True))
    wider = [1.0] * len(labels.levels) if designs is None else designs
    groups = [Group(name, *cell, one) for name, cell, one in zip(labels.levels, counts[:-1], wider, strict=True)]
    return groups, Group(UNKNOWN_WORD, *counts[-1])


def _designs(labels: Labels, passed: Bools, counted: Bools, cohort: Cohort) -> list[float] | None:
    """How much wider each group's rate varies because people stand in several rows; None where nobody does."""
    if cohort.persons is None:
        return None
    rows = counted & (labels.codes != UNKNOWN)
    found: list[float] = design_of_rates(
        labels.codes[rows], len(labels.levels), passed[rows], cohort.persons[rows]
    ).tolist()
    return found


def _named(choices: Choices, attribute: str, groups: Sequence[Group], left_out: Mapping[str, LeftOut]) -> str | None:
    """The comparator named for this attribute, where this table has it and compares it."""
    name = choices.comparators.get(attribute)
    return name if name not in left_out and any(group.name == name for group in groups) else None


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
        for kind, strata in list(cohort.strata.items())[1:]  # the first is judged by itself: declared
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
            designs = None
            if cohort.persons is not None:
                designs = _designs(labels, cohort.scored & (swept >= cut), cohort.scored, cohort)
            groups, unknown = _groups(labels, selected, n, not_scored, designs)
            tables.append(
                build_table(
                    attribute,
                    groups,
                    family=Family.EXPLORATORY,
                    cut=cut,
                    comparator=_named(choices, attribute, groups, {}),
                    unknown=unknown,
                    comparator_share=SHARE_THAT_COUNTS,
                )
            )
    return tables


def _crossed(cohort: Cohort, together: Sequence[Pooled]) -> list[Pooled]:
    """The same gaps within jobs and sites at once: looked at, deciding nothing."""
    first, second = list(cohort.strata.values())[:2]
    cells = first.crossed(second)
    rows = [cells.codes == code for code in range(len(cells.levels))]
    found = []
    for one in (one for one in together if not one.small):
        labels = cohort.attributes[one.attribute]
        base, focal = (labels.levels.index(name) for name in (one.comparator, one.group))
        counts = [(labels.counted(row & cohort.selected), labels.counted(row & cohort.scored)) for row in rows]
        pairs = [((int(s[base]), int(n[base])), (int(s[focal]), int(n[focal]))) for s, n in counts]
        result = stratify(pairs, _design(replace(cohort, strata={"both": cells}), "both", one.attribute,
                                         one.comparator, one.group, range(len(rows))))  # fmt: skip
        found.append(Pooled(one.attribute, one.group, one.comparator, " and ".join(cohort.strata), result))
    return found


def _unmeasured(attribute: str, labels: Labels, cohort: Cohort) -> Table:
    """Being scored as the outcome: who could not be measured, by group."""
    everybody = np.ones_like(cohort.scored)
    groups, unknown = _groups(
        labels, labels.counted(cohort.scored), labels.counted(everybody), labels.counted(~everybody),
        _designs(labels, cohort.scored, everybody, cohort),
    )  # fmt: skip
    return build_table(
        attribute, groups, family=Family.EXPLORATORY, unknown=unknown, comparator_share=SHARE_THAT_COUNTS
    )


def known(labels: Labels) -> int:
    """How many rows have a declared level."""
    return int((labels.codes != UNKNOWN).sum())
