"""Published and independently computed tables must come back to the last digit that their sources print."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.fairness.disparity import Counts, below_four_fifths, compare

# a/n reference, b/n focal, then every statistic as tabulated
TABLES = [
    ((48, 80), (12, 40), 0.5, (0.3014, 0.8294), (3.0984, 0.00195), (9.6, 8.4375), 0.00341, 0.00278, 0.2828, 0.6129, 8),
    ((3, 20), (1, 10), 0.6667, (0.0791, 5.6215), (0.3798, 0.70411), (0.1442, 0), 1.0, 0.79201, 0.0693, 0.1519, 0.333),
    (
        (70, 160), (42, 114), 0.8421, (0.6253, 1.1341), (1.1465, 0.25160), (1.3144, 1.0441),
        0.26435, 0.23846, 0.0693, 0.1410, 4.599,
    ),
]  # fmt: skip


@pytest.mark.parametrize("table", TABLES, ids=["48/80 12/40", "3/20 1/10", "70/160 42/114"])
def test_every_statistic_of_the_published_tables(table: tuple) -> None:
    reference, focal, ratio, katz, z, chi2, fisher_p, mid_p, phi, h, shortfall = table
    found = compare(reference, focal)
    assert found.impact_ratio == pytest.approx(ratio, abs=5e-5)
    assert (found.ratio_low, found.ratio_high) == pytest.approx(katz, abs=5e-5)
    assert (found.z, found.z_p) == pytest.approx(z, abs=5e-5)
    assert (found.chi2, found.chi2_yates) == pytest.approx(chi2, abs=5e-5)
    assert (found.fisher_p, found.mid_p) == pytest.approx((fisher_p, mid_p), abs=5e-6)
    assert (found.phi, found.h) == pytest.approx((phi, h), abs=5e-5)
    assert found.shortfall == pytest.approx(shortfall, abs=5e-4)
    assert not found.undefined


def test_a_ratio_of_exactly_four_fifths_is_not_below() -> None:
    """29 CFR 1607, Questions and Answers: rates .60, .45, .48, .51 give .75, .80, .85."""
    white = Counts(60, 100)
    others = [compare(white, Counts(selected, 100)) for selected in (45, 48, 51)]
    assert [round(found.impact_ratio, 10) for found in others] == [0.75, 0.8, 0.85]
    assert [found.below_four_fifths for found in others] == [True, False, False]


def test_all_3123_exact_ties_are_ties() -> None:
    ties = floats = 0
    for n1 in range(5, 60):
        for n2 in range(5, 60):
            for a in range(1, n1 + 1):
                b, left = divmod(4 * a * n2, 5 * n1)
                if left == 0 and b <= n2:
                    ties += 1
                    floats += (b / n2) / (a / n1) < 0.8
                    assert not below_four_fifths(a, n1, b, n2)
                    assert b == 0 or below_four_fifths(a, n1, b - 1, n2)
    assert (ties, floats) == (3123, 1029)


def test_decimal_counts_are_taken_exactly_and_rounded_for_exact_tests() -> None:
    found = compare((Fraction("19658.628"), 40617), (Fraction("77540.213"), 166039))
    assert found.focal_rate / found.reference_rate == pytest.approx(found.impact_ratio)
    assert found.impact_ratio == pytest.approx(0.467 / 0.484, abs=1e-6)
    assert found.mid_p == compare((19659, 40617), (77540, 166039)).mid_p


def test_numpy_integers_do_not_overflow() -> None:
    big = np.int64(2**40)
    assert compare((big - 1, big), (big // 2, big)).impact_ratio == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("reference", "focal", "flips"),
    [
        ((3, 20), (1, 10), True),  # moving one hire: 2/20 and 2/10, ratio 2.0
        ((48, 80), (12, 40), False),
        ((83 + 28, 219), (83, 207), True),  # .7911 becomes .8081
        ((4, 5), (16, 25), True),  # exactly .8, one fewer is below
        ((500, 1000), (500, 1000), False),
    ],
)
def test_the_flip_flop_rule(reference: tuple, focal: tuple, flips: bool) -> None:
    assert compare(reference, focal).flip_flop is flips


def test_undefined_is_nan_with_a_reason_never_zero() -> None:
    none_selected = compare((0, 10), (3, 10))
    assert math.isnan(none_selected.impact_ratio)
    assert "nobody of the reference group" in none_selected.undefined["impact_ratio"]
    assert none_selected.score_high == math.inf
    empty = compare((3, 10), (0, 0))
    assert all(
        math.isnan(getattr(empty, name)) for name in ("impact_ratio", "difference", "z", "mid_p", "score_low", "h")
    )
    assert empty.undefined["focal_rate"] == "a group has no people"
    everybody = compare((10, 10), (20, 20))
    assert everybody.impact_ratio == 1
    assert math.isnan(everybody.z)
    assert "no variance" in everybody.undefined["z"]
    for found in (none_selected, empty, everybody):
        for name, value in vars(found).items():
            assert (
                name == "undefined" or not (isinstance(value, float) and math.isnan(value)) or name in found.undefined
            )


@pytest.mark.parametrize("bad", [(11, 10), (-1, 10), (float("nan"), 10), (1, float("inf"))])
def test_impossible_counts_are_refused(bad: tuple) -> None:
    with pytest.raises(ValueError, match="'focal' parameter of compare must be .selected, n. with 0 ≤ selected ≤ n"):
        compare((1, 2), bad)


tables = st.tuples(st.integers(1, 300), st.integers(1, 300)).flatmap(
    lambda n: st.tuples(st.integers(0, n[0]), st.just(n[0]), st.integers(0, n[1]), st.just(n[1]))
)


@given(tables)
def test_swapping_the_groups_mirrors_every_statistic(table: tuple[int, int, int, int]) -> None:
    a, n1, b, n2 = table
    one, other = compare((a, n1), (b, n2)), compare((b, n2), (a, n1))
    mirrored = [(one.difference, -other.difference), (one.h, -other.h), (one.mid_p, other.mid_p)]
    mirrored += [(one.difference_low, -other.difference_high), (one.fisher_p, other.fisher_p)]
    if 0 < a + b < n1 + n2:
        mirrored += [
            (one.z, -other.z),
            (one.chi2, other.chi2),
            (one.phi, -other.phi),
            (one.shortfall, -other.shortfall),
        ]
    if a and b:
        mirrored += [(one.impact_ratio, 1 / other.impact_ratio), (one.score_low, 1 / other.score_high)]
    for left, right in mirrored:
        assert left == pytest.approx(right, rel=1e-6, abs=1e-9)


@given(tables)
def test_intervals_hold_their_estimate_and_p_values_are_probabilities(table: tuple[int, int, int, int]) -> None:
    a, n1, b, n2 = table
    found = compare((a, n1), (b, n2))
    assert found.difference_low - 1e-9 <= found.difference <= found.difference_high + 1e-9
    assert 0 <= found.mid_p <= found.fisher_p <= 1
    if a:
        assert found.score_low <= found.impact_ratio * (1 + 1e-9)
        assert found.impact_ratio <= found.score_high * (1 + 1e-9)
        assert found.below_four_fifths == (Fraction(b, n2) / Fraction(a, n1) < Fraction(4, 5))


# fairlearn's example of 71 people (test/unit/metrics/data_for_test.py, MIT licence), as counts: selected
# and all of each group, by what is true of them
TRUE, UNTRUE = "true", "untrue"
SEVENTY_ONE = {"aa": {TRUE: (15, 22), UNTRUE: (7, 14)}, "ba": {TRUE: (18, 23), UNTRUE: (6, 12)}}


def test_seventy_one_people_as_fairlearn_sees_them() -> None:
    from fairlearn.metrics import MetricFrame, equalized_odds_difference, selection_rate

    whole = {name: tuple(map(sum, zip(*cells.values(), strict=True))) for name, cells in SEVENTY_ONE.items()}
    found = compare(whole["ba"], whole["aa"])
    rates = [selected / n for selected, n in whole.values()]
    assert rates == pytest.approx([0.611111, 0.685714], abs=1e-6)
    assert found.difference == pytest.approx(0.074603, abs=1e-6)
    assert found.impact_ratio == pytest.approx(0.891204, abs=1e-6)
    among = {kind: compare(SEVENTY_ONE["ba"][kind], SEVENTY_ONE["aa"][kind]).difference for kind in (TRUE, UNTRUE)}
    assert max(map(abs, among.values())) == pytest.approx(0.100791, abs=1e-6)  # equalised odds
    rows = [
        (group, int(kind == TRUE), int(i < selected))
        for group, cells in SEVENTY_ONE.items()
        for kind, (selected, n) in cells.items()
        for i in range(n)
    ]
    group, truth, decided = (np.array(column) for column in zip(*rows, strict=True))
    frame = MetricFrame(metrics=selection_rate, y_true=truth, y_pred=decided, sensitive_features=group)
    assert frame.ratio() == pytest.approx(found.impact_ratio)
    assert frame.difference() == pytest.approx(found.difference)
    theirs = equalized_odds_difference(truth, decided, sensitive_features=group)
    assert theirs == pytest.approx(max(map(abs, among.values())))
