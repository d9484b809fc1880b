"""Correlations over persons, and whether one score is more valid than another."""

import numpy as np
import pytest

from tests.proof import proof_count
from vivavoce.evaluation.correlation import correlation, correlation_interval
from vivavoce.evaluation.effect import people_needed_for_difference
from vivavoce.evaluation.estimate import bootstrap
from vivavoce.evaluation.gain import gain


def planted(n, seed, added):
    """A base score, a fuller one, a criterion; the population's gain in r is known."""
    rng = np.random.default_rng(seed)
    first, second, noise = rng.standard_normal((3, n))
    y = 0.4 * first + added * second + np.sqrt(1 - 0.16 - added**2) * noise
    return first, 0.4 * first + (added or 0.1) * second, y


def truth(added):
    weight = added or 0.1
    return (0.16 + added * weight) / np.hypot(0.4, weight) - 0.4


def test_the_interval_is_that_of_the_general_bootstrap():
    rng = np.random.default_rng(0)
    persons = np.repeat(np.arange(80), 3)
    x = rng.standard_normal(80)[persons] + rng.standard_normal(240)
    y = x + rng.standard_normal(240)
    found = correlation(x, y, persons)
    expected = bootstrap(lambda a, b: float(np.corrcoef(a, b)[0, 1]), x, y, persons=persons)
    assert found.value == pytest.approx(expected.value)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.02)


def test_a_person_with_ten_equal_rows_counts_once():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((2, 60))
    once = bootstrap(lambda a, b: float(np.corrcoef(a, b)[0, 1]), x, y)
    ten = correlation(np.repeat(x, 10), np.repeat(y, 10), np.repeat(np.arange(60), 10))
    assert (ten.value, ten.low, ten.high) == pytest.approx((once.value, once.low, once.high))


def test_persons_with_a_row_each_have_fishers_limits_and_others_wider_ones():
    rng = np.random.default_rng(5)
    x = np.repeat(rng.standard_normal(50), 4)
    y = 0.5 * x + np.repeat(rng.standard_normal(50), 4)
    single = correlation(x[::4], y[::4], np.arange(50))
    assert (single.low, single.high) == correlation_interval(single.value, 50)
    apart, together = correlation(x, y), correlation(x, y, np.repeat(np.arange(50), 4))
    assert together.high - together.low > 1.6 * (apart.high - apart.low)
    assert together.high - together.low == pytest.approx(single.high - single.low, rel=0.25)


def test_rows_without_both_are_left_out_and_too_few_are_no_number():
    x = np.arange(30.0)
    assert correlation(np.where(x < 5, np.nan, x), x).value == pytest.approx(1)
    assert correlation(np.where(x < 15, np.nan, x), x, least=20).reason == "15 people with both: fewer than 20"
    assert correlation(np.where(x < 5, np.nan, x), x, x // 2).reason == "13 persons with both: fewer than 20"
    assert correlation(np.ones(30), x).reason == "one of the two does not vary"
    with pytest.raises(ValueError, match="must be finite"):
        correlation(np.where(x < 5, np.inf, x), x)


@pytest.mark.parametrize(
    ("added", "n", "verdict"), [(0.3, 2000, "shown"), (0.1, 60, "underpowered"), (0.0, 5000, "not shown")]
)
def test_the_three_verdicts(added, n, verdict):
    found = gain(*planted(n, 2, added))
    assert found.verdict == verdict
    assert found.gain.value == pytest.approx(found.full.value - found.base.value)


def test_paired_is_narrower_than_apart():
    found = gain(*planted(500, 3, 0.1))
    apart = np.hypot(found.base.high - found.base.low, found.full.high - found.full.low)
    assert found.gain.high - found.gain.low < 0.6 * apart


@pytest.mark.proof
@pytest.mark.parametrize("added", [0.0, 0.2])
def test_intervals_of_the_gain_hold_the_truth(added, record_property):
    sets = proof_count(60, 400)
    found = [gain(*planted(250, [4, i], added), draws=500) for i in range(sets)]
    covered = np.mean([one.gain.covers(truth(added)) for one in found])
    record_property("coverage of 95 % intervals", f"{covered:.3f} of {sets}")
    assert covered >= 0.88
    if added == 0:
        assert np.mean([one.verdict == "shown" for one in found]) <= 0.05


@pytest.mark.proof
def test_the_people_needed_would_show_it(record_property):
    sets = proof_count(60, 400)
    size = truth(0.2)
    needed = gain(*planted(400, 5, 0.2), smallest=size).people_needed
    shown = np.mean([gain(*planted(needed, [6, i], 0.2), draws=500).verdict == "shown" for i in range(sets)])
    record_property("power at the people needed (.80 promised)", f"{shown:.2f} with {needed} people")
    assert 0.65 < shown < 0.95


def test_four_times_the_people_halve_what_can_be_told():
    assert people_needed_for_difference(0.01, 0.02, 500) == pytest.approx(
        4 * people_needed_for_difference(0.02, 0.02, 500), abs=4
    )
    with pytest.raises(ValueError, match="'difference' parameter"):
        people_needed_for_difference(0.0, 0.02, 500)
