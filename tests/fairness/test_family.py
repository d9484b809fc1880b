"""Verdicts: what decides them, and how often they are wrong where the truth is known."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from scipy.stats import binom

from tests.proof import proof_count
from vivavoce.fairness.disparity import compare, fisher
from vivavoce.fairness.intervals import miettinen_nurminen
from vivavoce.fairness.table import (
    SHARE_THAT_COUNTS,
    Family,
    Group,
    LeftOut,
    Table,
    Verdict,
    build_table,
    judge,
)

SIZES = [(30, 10), (20, 20), (60, 15), (50, 50), (50, 20), (100, 30), (200, 20), (300, 30)]
Record = Callable[[str, object], None]


@pytest.fixture
def record(record_property: Record) -> Record:
    """What a proof saw, for docs/proof.md."""
    return record_property


def judged(*counts: tuple[int, int], comparator: str | None = None) -> Table:
    groups = [Group(f"g{i}", selected, n) for i, (selected, n) in enumerate(counts)]
    return judge([build_table("a", groups, family=Family.PRIMARY, comparator=comparator)])[0]


@pytest.mark.parametrize(
    ("counts", "verdict", "why"),
    [
        (((500, 1000), (490, 1000)), Verdict.OK, "interval_above"),
        (((500, 1000), (300, 1000)), Verdict.FINDING, "clear"),
        (((10, 20), (9, 20)), Verdict.INSUFFICIENT, "interval_reaches_below"),
        (((3, 20), (1, 10)), Verdict.INSUFFICIENT, "one_person"),
        (((20, 40), (14, 40)), Verdict.INSUFFICIENT, "chance"),
        (((0, 40), (0, 40)), Verdict.INSUFFICIENT, "undefined"),
        (((20, 40), (0, 0)), Verdict.INSUFFICIENT, "undefined"),
    ],
)
def test_each_verdict_has_its_reason(counts: tuple, verdict: Verdict, why: str) -> None:
    row = judged(*counts, comparator="g0").rows[1]
    assert (row.verdict, row.why) == (verdict, why)


def test_the_comparator_is_ok_only_where_there_is_something_to_compare() -> None:
    assert judged((10, 20), (9, 20)).rows[0].verdict is Verdict.OK
    assert judged((10, 20)).rows[0].verdict is Verdict.INSUFFICIENT
    assert judged((0, 20), (0, 20)).rows[0].verdict is Verdict.INSUFFICIENT


def test_a_group_left_out_is_shown_and_never_judged_nor_counted() -> None:
    groups = [Group("a", 50, 100), Group("b", 20, 100), Group("c", 1, 1)]
    table = build_table("x", groups, family=Family.PRIMARY, left_out={"c": LeftOut.TOO_FEW})
    assert (table.comparator, table.compared, table.pairs_per_test) == ("a", 2, 1.0)
    assert judge([table])[0].rows[2].why == "too_few"


def test_a_small_group_does_not_become_the_comparator_by_luck() -> None:
    groups = [Group("a", 83, 207), Group("b", 111, 219), Group("c", 1, 1)]
    assert build_table("x", groups, family=Family.PRIMARY).comparator == "c"
    share = build_table("x", groups, family=Family.PRIMARY, comparator_share=SHARE_THAT_COUNTS)
    assert share.comparator == "b"


def test_an_unknown_comparator_is_refused() -> None:
    with pytest.raises(ValueError, match="'comparator' parameter .* must be one of 'g0', 'g1'. Got 'x' instead"):
        judged((1, 2), (1, 2), comparator="x")


@cache
def judged_grid(n1: int, n2: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every table of two groups: mid-P, below four fifths beyond one person and with an interval below 1, and ok.

    Shapes (n1 + 1, n2 + 1); the first group is the comparator. The verdicts' rules again, over whole grids at once.
    """
    a, b = np.meshgrid(np.arange(n1 + 1), np.arange(n2 + 1), indexing="ij")
    mid_p = np.array([[fisher(x, n1, y, n2).mid_p for y in range(n2 + 1)] for x in range(n1 + 1)])
    low, high = miettinen_nurminen(a, n1, b, n2)
    stays = (5 * b * n1 < 4 * a * n2) & (5 * (b + 1) * n1 < 4 * (a - 1) * n2)
    return mid_p, stays & (high < 1) & (low < 0.8), low >= 0.8


def test_the_grid_says_what_judge_says() -> None:
    mid_p, clear, ok = judged_grid(40, 25)
    rng = np.random.default_rng(2)
    for a, b in zip(rng.integers(1, 41, 60).tolist(), rng.integers(0, 26, 60).tolist(), strict=True):
        row = judged((a, 40), (b, 25), comparator="g0").rows[1]
        assert (row.verdict is Verdict.FINDING) == bool(clear[a, b] and mid_p[a, b] < 0.05)
        assert (row.verdict is Verdict.OK) == bool(ok[a, b])


@pytest.mark.proof
def test_two_equal_groups_raise_a_finding_in_five_of_a_hundred_at_most(record: Record) -> None:
    """By enumeration of every table, against whichever rate is higher."""
    for n1, n2 in SIZES[: proof_count(3, len(SIZES))]:
        mid_p, clear, _ = judged_grid(n1, n2)
        other = judged_grid(n2, n1)[1].T
        found = (mid_p < 0.05) & (clear | other)
        worst = 0.0
        for rate in np.linspace(0.05, 0.95, 37):
            chance = np.outer(binom.pmf(np.arange(n1 + 1), n1, rate), binom.pmf(np.arange(n2 + 1), n2, rate))
            worst = max(worst, float(chance[found].sum()))
        record(f"{n1} and {n2} equal people: highest rate of a finding", f"{worst:.4f}")
        assert worst <= 0.0503


@pytest.mark.proof
@pytest.mark.parametrize("sizes", [(100,) * 3, (200,) * 7, (1000, 300, 200, 100, 50, 30, 20)])
def test_many_equal_groups_raise_a_finding_in_five_of_a_hundred_at_most(sizes: tuple[int, ...], record: Record) -> None:
    draws = proof_count(40, 1000)
    rng = np.random.default_rng(11)
    for rate in (0.3, 0.1, 0.5)[: proof_count(1, 3)]:
        alarms = []
        for _ in range(draws):
            table = judged(*zip(rng.binomial(sizes, rate).tolist(), sizes, strict=True))
            alarms.append(any(row.verdict is Verdict.FINDING for row in table.rows))
        name = f"{len(sizes)} equal groups of {sizes[0]}–{sizes[-1]} at rate {rate}, {draws} draws"
        record(name, f"{np.mean(alarms):.4f}")
        assert np.mean(alarms) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)


@pytest.mark.proof
def test_ok_is_said_of_a_true_ratio_of_four_fifths_in_three_of_a_hundred_at_most(record: Record) -> None:
    for n1, n2 in [(100, 100), (200, 60), (300, 300)][: proof_count(1, 3)]:
        ok = judged_grid(n1, n2)[2]
        for rate in (0.3, 0.5, 0.7, 0.9):
            chance = np.outer(binom.pmf(np.arange(n1 + 1), n1, rate), binom.pmf(np.arange(n2 + 1), n2, 0.8 * rate))
            wrong = float(chance[ok].sum())
            record(f"true ratio .80, {n1} and {n2} people at rate {rate}: called ok", f"{wrong:.4f}")
            assert wrong <= 0.035


def test_no_ok_against_the_highest_rate_hangs_on_one_person() -> None:
    for n1, n2 in ((5, 60), (20, 20), (60, 20)):
        for a, b in np.argwhere(judged_grid(n1, n2)[2]).tolist():
            assert a * n2 < b * n1 or not compare((a, n1), (b, n2)).flip_flop
