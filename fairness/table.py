"""One table of an audit: an attribute's groups, each compared with the comparator.

Verdicts on a family of comparisons: one Holm over what was declared, false-discovery control over the rest.

A comparator that was found by looking for the highest rate stands for every pair of groups: with seven equal groups
of 200, comparing six with the highest and correcting for six alone raises a false finding in 11 % of audits. So each
p-value is first multiplied by the pairs behind it, k / 2 for k groups (1 for two groups or a named comparator).

A finding also needs the score interval to exclude 1. mid-P alone exceeds its level a little where groups are unequal
(.0585 at 200 against 20 people, by enumeration); with the interval it stays within .0503 (docs/statistics/verdicts.md).

The same question at many cut scores: does a verdict hang on where the cut was put?

Scoring rate (6 RCNY 5-301): the share of a category that scores *above* the median of the whole sample.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.multiplicity import holm
from vivavoce.fairness.disparity import Comparison, Count, Counts, compare
from vivavoce.fairness.groups import Labels
from vivavoce.fairness.intervals import detectable_ratio

NAN = float("nan")
SHARE_THAT_COUNTS = Fraction(2, 100)  # a smaller group decides neither the comparator nor the exit status
PEOPLE_THAT_COUNT = 100  # but with this many it may be found as comparator: a standard error of .05 at most is no luck


class Family(StrEnum):
    """Declared before looking, or found by looking."""

    PRIMARY = "primary"
    EXPLORATORY = "exploratory"


class Measure(StrEnum):
    """What counts as a success: being selected, or scoring above the median of the whole sample."""

    SELECTION = "selection"
    SCORING = "scoring"


class Verdict(StrEnum):
    """What the numbers allow to be said of one group."""

    OK = "ok"
    FINDING = "finding"
    LOOK = "look"  # would be a finding by itself, and is none after correction or within jobs
    INSUFFICIENT = "insufficient"


class LeftOut(StrEnum):
    """Why a group is shown without being compared."""

    TOO_FEW = "too_few"

    @property
    def reason(self) -> str:
        """In a sentence."""
        return {LeftOut.TOO_FEW: "too few people of an intersection or a stratum: shown, not compared"}[self]


@dataclass(frozen=True)
class Group:
    """One group's counts; ``not_scored`` people stand beside n, never inside.

    ``design``: by how much people with several rows widen the rate's variance, ≥ 1; 1 where everybody has one row.
    """

    name: str
    selected: Count
    n: Count
    not_scored: int = 0
    design: float = 1.0

    @property
    def rate(self) -> float:
        """Share selected, 0–1; ``nan`` without people."""
        return float(Fraction(self.selected) / Fraction(self.n)) if self.n else NAN


@dataclass(frozen=True)
class Row:
    """One group in its table.

    Parameters
    ----------
    group
        Its counts.
    share
        Its share of the table's people, 0–1.
    comparison
        Against the comparator; None for the comparator itself, where there is none, and for groups left out.
    left_out
        Why the group takes no part in comparisons; its count and rate are printed all the same.
    adjusted_p
        mid-P after the family's correction; ``nan`` where nothing was compared.
    detectable_ratio
        Ratio nearest to 1 that these numbers would have noticed with power .80.
    verdict
        Set by :mod:`vivavoce.fairness.table`.
    why
        The verdict's reason in a word that the report spells out.
    """

    group: Group
    share: float
    comparison: Comparison | None
    left_out: LeftOut | None = None
    adjusted_p: float = NAN
    detectable_ratio: float = NAN
    verdict: Verdict = Verdict.INSUFFICIENT
    why: str = ""


@dataclass(frozen=True)
class Table:
    """An attribute's groups at one cut, for all people or one stratum.

    ``named`` tells whether the comparator was named beforehand; where it was found by looking, every pair of groups
    could have been compared, and the correction counts them (see :mod:`vivavoce.fairness.table`).
    """

    attribute: str
    family: Family
    stratum: str | None
    measure: Measure
    cut: float | None
    comparator: str | None
    named: bool
    rows: tuple[Row, ...]
    unknown: Group | None = None

    @property
    def compared(self) -> int:
        """Groups that take part, the comparator included."""
        return sum(row.left_out is None and row.group.n > 0 for row in self.rows)

    @property
    def pairs_per_test(self) -> float:
        """How many pairs of groups stand behind each test: 1 for a named comparator, else k / 2 of k groups."""
        return 1.0 if self.named else max(self.compared / 2, 1.0)

    def with_rows(self, rows: Sequence[Row]) -> "Table":
        """The same table with other rows."""
        return replace(self, rows=tuple(rows))


def build_table(
    attribute: str,
    groups: Sequence[Group],
    *,
    family: Family,
    measure: Measure = Measure.SELECTION,
    stratum: str | None = None,
    cut: float | None = None,
    comparator: str | None = None,
    unknown: Group | None = None,
    comparator_share: Fraction = Fraction(0),
    left_out: dict[str, LeftOut] | None = None,
) -> Table:
    """Compare every group with the comparator: the highest rate unless one is named.

    Parameters
    ----------
    attribute, family, measure, stratum, cut, unknown
        What the table is about.
    groups
        In the order in which they are printed.
    comparator
        A group's name; None takes the highest rate (the larger group, then the first, where rates are equal).
    comparator_share
        Share of the table's people, 0–1, that a group needs to be *found* as comparator, where it has fewer than 100.
    left_out
        By group, why it takes no part in comparisons.

    Raises
    ------
    ValueError
        For a comparator that is no group of the table.
    """
    left_out = left_out or {}
    names = [group.name for group in groups]
    if comparator is not None and comparator not in names:
        raise ValueError(
            f"The 'comparator' parameter of build_table must be one of {', '.join(map(repr, names))}. "
            f"Got {comparator!r} instead."
        )
    people = sum((Fraction(group.n) for group in groups), Fraction(0))
    taking_part = [group for group in groups if group.name not in left_out]
    reference = (
        next(group for group in groups if group.name == comparator)
        if comparator is not None
        else _highest(taking_part, people * comparator_share)
    )
    rows = []
    for group in groups:
        share = float(Fraction(group.n) / people) if people else NAN
        if reference is None or group is reference or group.name in left_out:
            rows.append(Row(group, share, None, left_out.get(group.name)))
            continue
        design = (reference.design, group.design)
        comparison = compare(Counts(reference.selected, reference.n), Counts(group.selected, group.n), design)
        power = detectable_ratio(reference.rate, float(reference.n) / design[0], float(group.n) / design[1])
        rows.append(Row(group, share, comparison, detectable_ratio=power))
    name = reference.name if reference else None
    return Table(attribute, family, stratum, measure, cut, name, comparator is not None, tuple(rows), unknown)


def _highest(groups: Sequence[Group], smallest: Fraction) -> Group | None:
    """The group with the highest rate among those with people: at least ``smallest`` of them, or a hundred."""
    least = min(smallest, Fraction(PEOPLE_THAT_COUNT))
    eligible = [group for group in groups if group.n > 0 and group.n >= least]
    return max(eligible, key=lambda group: (Fraction(group.selected) / Fraction(group.n), group.n), default=None)


ALPHA = 0.05
FOUR_FIFTHS = 0.8

Floats = npt.NDArray[np.float64]


def judge(tables: Sequence[Table], correct: Callable[[Floats], Floats] = holm) -> list[Table]:
    """Give every row of a family its verdict.

    ``ok``: the lower limit of the score interval is at least .8. ``finding``: corrected p < .05, ratio < .8, one person
    cannot flip it, and the score interval excludes 1. ``look``: the same, of what was declared, but for the correction.
    ``insufficient``: everything else. The comparator is ``ok`` where there is anything to compare it with.

    Parameters
    ----------
    tables
        The whole family; corrections run over all of their comparisons.
    correct
        ``holm`` for what was declared, ``benjamini_hochberg`` for what is looked through
        (:mod:`vivavoce.evaluation.multiplicity`).
    """
    return corrected(tables, correct(np.array(p_values(tables))))


def p_values(tables: Sequence[Table]) -> list[float]:
    """What a family's correction runs over: mid-P times the pairs behind it, row by row where there is one."""
    return [row.comparison.mid_p * table.pairs_per_test
            for table in tables for row in table.rows
            if row.comparison is not None and not np.isnan(row.comparison.mid_p)]  # fmt: skip


def corrected(tables: Sequence[Table], adjusted: Floats) -> list[Table]:
    """The tables with verdicts, from the corrected p of each of :func:`p_values`."""
    values = iter(adjusted.tolist())
    judged = []
    for table in tables:
        rows = []
        for row in table.rows:
            tested = row.comparison is not None and not np.isnan(row.comparison.mid_p)
            verdict, why, p_value = _judge_row(row, table, next(values) if tested else float("nan"))
            rows.append(replace(row, verdict=verdict, why=why, adjusted_p=p_value))
        judged.append(table.with_rows(rows))
    return judged


def _judge_row(row: Row, table: Table, p: float) -> tuple[Verdict, str, float]:
    one = row.comparison
    if one is None:
        return *_without_comparison(row, table), p
    raw = one.mid_p if table.family is Family.PRIMARY else NAN
    limits = (one.score_low, one.score_high)
    return *decide(one.impact_ratio, limits, one.below_four_fifths, one.flip_flop, p, raw), p


def decide(
    ratio: float, limits: tuple[float, float], below: bool, flips: bool, p: float, raw: float = NAN
) -> tuple[Verdict, str]:
    """The verdict on one impact ratio and its reason, as :func:`judge` says.

    Parameters
    ----------
    ratio, limits
        Of the focal group to its comparator, with its score interval.
    below, flips
        Whether it is below four fifths, in exact arithmetic, and whether one person changes that.
    p, raw
        After the family's correction, and before; ``nan`` for the second where nothing was declared beforehand.
    """
    if np.isnan(ratio):
        return Verdict.INSUFFICIENT, "undefined"
    if limits[0] >= FOUR_FIFTHS:
        return Verdict.OK, "interval_above"
    if not below:
        return Verdict.INSUFFICIENT, "interval_reaches_below"
    if flips:
        return Verdict.INSUFFICIENT, "one_person"
    if p < ALPHA and limits[1] < 1:
        return Verdict.FINDING, "clear"
    if raw < ALPHA and limits[1] < 1:
        return Verdict.LOOK, "uncorrected_only"
    return Verdict.INSUFFICIENT, "chance"


def status_of_tables(tables: Sequence[Table]) -> Verdict:
    """Any finding, else anything to look at, else any group of at least 2 % without ``ok``, else ``ok``."""
    rows = [row for table in tables for row in table.rows]
    for verdict in (Verdict.FINDING, Verdict.LOOK):
        if any(row.verdict is verdict for row in rows):
            return verdict
    counted = [row for row in rows if row.left_out is None and row.share >= float(SHARE_THAT_COUNTS)]
    return Verdict.OK if counted and all(row.verdict is Verdict.OK for row in counted) else Verdict.INSUFFICIENT


def _without_comparison(row: Row, table: Table) -> tuple[Verdict, str]:
    if row.left_out is not None:
        return Verdict.INSUFFICIENT, row.left_out.value
    others = table.compared > 1
    if row.group.name == table.comparator and others and row.group.selected > 0:
        return Verdict.OK, "comparator"
    return Verdict.INSUFFICIENT, "nothing_to_compare"


CUTS = 20  # one per five per cent of people
ALL_DISTINCT = 30  # scores with no more values than this are cut at every one


def cuts_of(scores: Floats) -> Floats:
    """Cut scores that select from few to nearly all, rising; a person at the cut is selected.

    Every distinct score above the lowest where there are few of them; else ``CUTS`` scores that select evenly spaced
    shares of people, or, where ties leave fewer, evenly spaced distinct scores.
    """
    scored = np.sort(scores[np.isfinite(scores)])
    distinct: Floats = np.unique(scored)[1:]  # at the lowest score everybody is selected: nothing to compare
    if len(distinct) <= ALL_DISTINCT:
        return distinct
    places = np.arange(1, CUTS + 1) / (CUTS + 1)
    cuts: Floats = np.unique(scored[(places * len(scored)).astype(int)])
    if len(cuts) < CUTS or cuts[0] < distinct[0]:
        cuts = distinct[(places * len(distinct)).astype(int)]
    return cuts


def selected_at(cuts: Floats, scores: Floats, labels: Labels) -> npt.NDArray[np.int64]:
    """How many of each level score at least each cut, shape (cuts, levels + 1), unknown last; one pass over scores."""
    scored = np.isfinite(scores)
    passed = np.searchsorted(cuts, scores[scored], side="right")  # how many cuts each score reaches
    width = len(labels.levels) + 1
    cells = passed * width + labels.codes[scored] % width
    counts: npt.NDArray[np.int64] = np.bincount(cells, minlength=(len(cuts) + 1) * width).reshape(len(cuts) + 1, width)
    return np.asarray(counts[::-1].cumsum(axis=0)[::-1][1:])


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
