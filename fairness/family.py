"""Verdicts on a family of comparisons: one Holm over what was declared, false-discovery control over the rest.

A comparator that was found by looking for the highest rate stands for every pair of groups: with seven equal groups
of 200, comparing six with the highest and correcting for six alone raises a false finding in 11 % of audits. So each
p-value is first multiplied by the pairs behind it, k / 2 for k groups (1 for two groups or a named comparator).

A finding also needs the score interval to exclude 1. mid-P alone exceeds its level a little where groups are unequal
(.0585 at 200 against 20 people, by enumeration); with the interval it stays within .0503 (docs/statistics/verdicts.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from vivavoce.fairness.table import Row, Table, Verdict

ALPHA = 0.05
FOUR_FIFTHS = 0.8

Floats = npt.NDArray[np.float64]


def holm(p: npt.ArrayLike) -> Floats:
    """Holm's step-down p-values: below α they keep the chance of *any* false finding within α.

    Parameters
    ----------
    p
        p-values, shape (m,); those above 1 (after an earlier correction) count as 1.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65–70.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(4).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, np.float64)
    order = np.argsort(values, kind="stable")
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)), 1)
    return adjusted


def benjamini_hochberg(p: npt.ArrayLike) -> Floats:
    """Benjamini and Hochberg's p-values: below α, false findings are on average at most α of all findings.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(4).tolist()
    [0.03, 0.04, 0.04]
    """
    values = np.asarray(p, np.float64)
    order = np.argsort(values, kind="stable")[::-1]
    adjusted = np.empty_like(values)
    ranks = np.arange(len(values), 0, -1)
    adjusted[order] = np.minimum(np.minimum.accumulate(values[order] * len(values) / ranks), 1)
    return adjusted


def judge(tables: Sequence[Table], correct: Callable[[Floats], Floats] = holm) -> list[Table]:
    """Give every row of a family its verdict.

    ``ok``: the lower limit of the score interval is at least .8. ``finding``: corrected p < .05, ratio < .8, one person
    cannot flip it, and the score interval excludes 1. ``insufficient``: everything else. The comparator is ``ok`` where
    there is anything to compare it with.

    Parameters
    ----------
    tables
        The whole family; corrections run over all of their comparisons.
    correct
        :func:`holm` for what was declared, :func:`benjamini_hochberg` for what is looked through.
    """
    p = [
        row.comparison.mid_p * table.pairs_per_test
        for table in tables
        for row in table.rows
        if row.comparison is not None and not np.isnan(row.comparison.mid_p)
    ]
    adjusted = iter(correct(np.array(p)).tolist())
    judged = []
    for table in tables:
        rows = []
        for row in table.rows:
            tested = row.comparison is not None and not np.isnan(row.comparison.mid_p)
            verdict, why, p_value = _judge_row(row, table, next(adjusted) if tested else float("nan"))
            rows.append(replace(row, verdict=verdict, why=why, adjusted_p=p_value))
        judged.append(table.with_rows(rows))
    return judged


def _judge_row(row: Row, table: Table, p: float) -> tuple[Verdict, str, float]:
    comparison = row.comparison
    if comparison is None:
        verdict, why = _without_comparison(row, table)
        return verdict, why, p
    if np.isnan(comparison.impact_ratio):
        return Verdict.INSUFFICIENT, "undefined", p
    if comparison.score_low >= FOUR_FIFTHS:
        return Verdict.OK, "interval_above", p
    if not comparison.below_four_fifths:
        return Verdict.INSUFFICIENT, "interval_reaches_below", p
    if comparison.flip_flop:
        return Verdict.INSUFFICIENT, "one_person", p
    if p < ALPHA and comparison.score_high < 1:
        return Verdict.FINDING, "clear", p
    return Verdict.INSUFFICIENT, "chance", p


def _without_comparison(row: Row, table: Table) -> tuple[Verdict, str]:
    if row.left_out is not None:
        return Verdict.INSUFFICIENT, row.left_out.value
    others = table.compared > 1
    if row.group.name == table.comparator and others and row.group.selected > 0:
        return Verdict.OK, "comparator"
    return Verdict.INSUFFICIENT, "nothing_to_compare"
