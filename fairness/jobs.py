"""Selection is judged where it happens: every job (or site) by itself, one family over all, one verdict for the whole.

The family holds every job's comparisons and, for each group, one comparison within all jobs together
(Cochran–Mantel–Haenszel); jobs too small to be judged alone are pooled the same way once more. One Holm correction over
all of it. A gap of everybody together that is not there within jobs is to be looked at, and no finding.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from vivavoce.evaluation.multiplicity import holm
from vivavoce.fairness.strata import Stratified, stratify
from vivavoce.fairness.table import (
    ALPHA,
    NAN,
    SHARE_THAT_COUNTS,
    Group,
    Table,
    Verdict,
    corrected,
    decide,
    p_values,
    status_of_tables,
)

Design = Callable[[str, str, str, Sequence[int]], float]
"""Of a gap: attribute, reference, focal group, places of the jobs; see :func:`strata.design_of_gap`."""


def independent(*_: object) -> float:
    """The design of people who stand in one row each, or of whom that is not known."""
    return 1.0


@dataclass(frozen=True)
class Pooled:
    """One group against the comparator within jobs or sites together.

    ``small`` tells whether only those are pooled that could not be judged alone. ``verdict`` is set by
    :func:`judge_jobs`; what decides nothing (jobs × sites) keeps ``insufficient`` and no corrected p.
    """

    attribute: str
    group: str
    comparator: str
    over: str
    result: Stratified
    small: bool = False
    adjusted_p: float = NAN
    verdict: Verdict = Verdict.INSUFFICIENT
    why: str = "exploratory"


@dataclass(frozen=True)
class Told:
    """What the jobs say of one attribute: how many could be judged alone, how many not, and the verdict over all."""

    attribute: str
    verdict: Verdict
    jobs: int
    alone: int
    one_group: int

    @property
    def not_alone(self) -> int:
        """Jobs with fewer than two groups that are large enough to be compared."""
        return self.jobs - self.alone


@dataclass(frozen=True)
class Jobs:
    """Every job's tables (one per attribute and job), what they say together, and each attribute's verdict."""

    kind: str
    pooled: tuple[Table, ...]
    tables: tuple[Table, ...]
    together: tuple[Pooled, ...]
    told: tuple[Told, ...]


def judge_jobs(
    kind: str, pooled: Sequence[Table], by_job: Mapping[str, Sequence[Table]], design: Design = independent
) -> Jobs:
    """Judge every job as one family.

    Parameters
    ----------
    kind
        What people are selected in: ``job`` or ``site``.
    pooled
        Every attribute's table of all people, judged as a family of its own.
    by_job
        The jobs' tables by attribute, not judged yet, in the same order of jobs; groups too small to be compared are
        left out of comparisons there.
    design
        Of people who stand in several jobs.
    """
    tables = [table for found in by_job.values() for table in found]
    together = [one for table in pooled for one in _together(kind, table, by_job[table.attribute], design)]
    pairs = {table.attribute: table.pairs_per_test for table in pooled}
    own = p_values(tables)
    adjusted = holm([*own, *(one.result.p * pairs[one.attribute] for one in together)])
    judged = corrected(tables, adjusted[: len(own)])
    together = [_judged(one, float(p)) for one, p in zip(together, adjusted[len(own) :], strict=True)]
    within = {(one.attribute, one.group) for one in together if one.verdict is Verdict.FINDING and not one.small}
    shown = [_within_only(table, within) for table in pooled]
    told = [
        _tell(table, [one for one in judged if one.attribute == table.attribute],
              [one for one in together if one.attribute == table.attribute])
        for table in shown
    ]  # fmt: skip
    return Jobs(kind, tuple(shown), tuple(judged), tuple(together), tuple(told))


def _together(kind: str, pooled: Table, jobs: Sequence[Table], design: Design) -> list[Pooled]:
    """Every group against the one that does best within jobs, over all jobs and over those too small by themselves."""
    groups = [row.group.name for row in pooled.rows if row.left_out is None and row.group.n > 0]
    counts = [{row.group.name: row.group for row in table.rows} for table in jobs]
    reference = pooled.comparator if pooled.named else _best_within(pooled, groups, counts)
    found = []
    for focal in (name for name in groups if reference is not None and name != reference):
        assert reference is not None
        small = [place for place, table in enumerate(jobs) if not _alone(table, focal)]
        for few, places in ((False, range(len(jobs))), (True, small)):
            if few and not 0 < len(small) < len(jobs):
                continue
            nobody = Group("", 0, 0)
            pairs = [
                ((one.selected, one.n), (other.selected, other.n))
                for one, other in (
                    (counts[place].get(reference, nobody), counts[place].get(focal, nobody)) for place in places
                )
            ]
            result = stratify(pairs, design(pooled.attribute, reference, focal, list(places)))
            found.append(Pooled(pooled.attribute, focal, reference, kind, result, few))
    return found


def _best_within(pooled: Table, groups: Sequence[str], counts: Sequence[Mapping[str, Group]]) -> str | None:
    """The group with the most selected beside what each job's own rate would give it, among those that count."""
    chosen, expected = dict.fromkeys(groups, Fraction(0)), dict.fromkeys(groups, Fraction(0))
    for job in counts:
        here = [job[name] for name in groups if name in job]
        people = sum((Fraction(group.n) for group in here), Fraction(0))
        selected = sum((Fraction(group.selected) for group in here), Fraction(0))
        for group in here if people else ():
            chosen[group.name] += Fraction(group.selected)
            expected[group.name] += Fraction(group.n) * selected / people
    share = {row.group.name: row.share for row in pooled.rows}
    counted = [name for name in groups if expected[name] and share[name] >= float(SHARE_THAT_COUNTS)]
    return max(counted, key=lambda name: (chosen[name] / expected[name], share[name]), default=None)


def _alone(table: Table, group: str) -> bool:
    """Whether this job's table judges the group: it takes part there, and another one does."""
    return table.compared > 1 and any(row.group.name == group and row.left_out is None for row in table.rows)


def _judged(one: Pooled, p: float) -> Pooled:
    found = one.result
    verdict, why = decide(
        found.ratio, (found.ratio_low, found.ratio_high), found.below_four_fifths, found.flip_flop, p, found.p
    )
    return replace(one, adjusted_p=p, verdict=verdict, why=why)


def _within_only(table: Table, within: set[tuple[str, str]]) -> Table:
    """The table of everybody together; what is no finding within jobs is to be looked at here."""
    return table.with_rows(
        [
            replace(row, verdict=Verdict.LOOK, why="not_within")
            if row.verdict in (Verdict.FINDING, Verdict.LOOK) and (table.attribute, row.group.name) not in within
            else row
            for row in table.rows
        ]
    )


def _tell(pooled: Table, jobs: Sequence[Table], together: Sequence[Pooled]) -> Told:
    alone = [table for table in jobs if table.compared > 1]
    single = [table for table in jobs if sum(row.group.n > 0 for row in table.rows) < 2]
    verdicts = [row.verdict for table in jobs for row in table.rows] + [one.verdict for one in together]
    if Verdict.FINDING in verdicts:
        verdict = Verdict.FINDING
    elif Verdict.LOOK in verdicts or any(row.verdict is Verdict.LOOK for row in pooled.rows):
        verdict = Verdict.LOOK
    elif _covered(pooled, jobs, single, together) and (not alone or status_of_tables(alone) is Verdict.OK):
        verdict = Verdict.OK
    else:
        verdict = Verdict.INSUFFICIENT
    return Told(pooled.attribute, verdict, len(jobs), len(alone), len(single))


def _covered(pooled: Table, jobs: Sequence[Table], single: Sequence[Table], together: Sequence[Pooled]) -> bool:
    """Whether people of jobs that could not be judged alone are few, or shown to pass alike over these jobs together.

    Jobs with one group only can be shown nothing of. Where no job could be judged alone, all of them together decide.
    """
    people = sum((Fraction(row.group.n) for row in pooled.rows), Fraction(0))
    if not together or _people(single) >= SHARE_THAT_COUNTS * people:
        return False
    for group in dict.fromkeys(one.group for one in together):
        hidden = [table for table in jobs if table not in single and not _alone(table, group)]
        left = sum((Fraction(row.group.n) for table in hidden for row in table.rows if row.group.name == group),
                   Fraction(0))  # fmt: skip
        own = [one for one in together if one.group == group]
        decisive = next((one for one in own if one.small), own[0])
        same = not decisive.result.differ_p < ALPHA
        if left >= SHARE_THAT_COUNTS * people and not (decisive.verdict is Verdict.OK and same):
            return False
    return True


def _people(tables: Sequence[Table]) -> Fraction:
    return sum((Fraction(row.group.n) for table in tables for row in table.rows), Fraction(0))


def status_of_told(told: Sequence[Told]) -> Verdict:
    """One verdict over all attributes: the gravest."""
    found = {one.verdict for one in told}
    order = (Verdict.FINDING, Verdict.LOOK, Verdict.INSUFFICIENT, Verdict.OK)
    return next((verdict for verdict in order if verdict in found), Verdict.INSUFFICIENT)
