"""Cuts: planted shares, censored leavers and expected hit rates come back."""

import numpy as np
import pytest

from tests.proof import proof_count
from vivavoce.evaluation.decisions import correlations_with, expected_hit_rate, leaving_at_cuts, success_at_cuts


def people(n, r, rng):
    score = rng.standard_normal(n)
    return score, r * score + np.sqrt(1 - r**2) * rng.standard_normal(n)


def test_shares_are_those_that_were_planted():
    scores = np.repeat([30.0, 70.0], [300, 200])
    success = np.r_[np.arange(300) < 60, np.arange(200) < 100]
    [found] = success_at_cuts(scores, success, [50])
    assert (found.above, found.below) == (200, 300)
    assert (found.share_above.value, found.share_below.value) == (0.5, 0.2)
    assert found.ratio.value == 2.5
    assert 1.8 < found.ratio.low < 2.1 < 3.0 < found.ratio.high < 3.5


@pytest.mark.proof
def test_limits_of_the_ratio_cover(record_property):
    """Nominal 95 %; 2,000 studies of 200 people, true shares .5 and .25."""
    count, rng, hits = proof_count(150, 2000), np.random.default_rng(0), 0
    scores = np.repeat([0.0, 1.0], 100)
    for _ in range(count):
        success = rng.random(200) < np.where(scores > 0.5, 0.5, 0.25)
        hits += success_at_cuts(scores, success, [0.5])[0].ratio.covers(2.0)
    record_property("coverage", hits / count)
    assert hits / count >= (0.93 if count >= 2000 else 0.89)


def test_leavers_are_not_biased_by_people_who_were_followed_for_a_short_time():
    """Exponential times to leaving, 30 % and 60 % gone within a year, censored at random between 100 and 800 days."""
    rng, n = np.random.default_rng(1), 6000
    high = np.arange(n) % 2 == 0
    rate = -np.log(1 - np.where(high, 0.3, 0.6)) / 365
    leaves, followed = rng.exponential(1 / rate), rng.uniform(100, 800, n)
    [found] = leaving_at_cuts(np.where(high, 70, 30), np.minimum(leaves, followed), leaves <= followed, [50])
    assert found.share_above.value == pytest.approx(0.3, abs=0.03)  # three standard errors
    assert found.share_below.value == pytest.approx(0.6, abs=0.03)
    assert found.ratio.covers(0.5)
    naive = np.mean((leaves <= followed)[high] & (leaves[high] < 365))
    assert naive < 0.28  # counting only those who were seen to leave hides a good part of them


def test_the_expected_hit_rate_is_what_a_simulation_gives():
    score, performance = people(400_000, 0.35, np.random.default_rng(2))
    selected = score >= np.quantile(score, 0.75)
    good = performance >= np.quantile(performance, 0.7)
    assert expected_hit_rate(0.35, 0.30, 0.25) == pytest.approx(good[selected].mean(), abs=0.006)
    assert expected_hit_rate(1e-9, 0.30, 0.25) == pytest.approx(0.30)


def test_few_people_or_nobody_are_no_answer():
    [few] = success_at_cuts(np.arange(30.0), np.zeros(30), [25])
    assert np.isnan(few.ratio.value)
    assert "at least 20" in few.ratio.reason
    [none] = success_at_cuts(np.repeat([0.0, 1.0], 30), np.repeat([0, 1], 30), [0.5])
    assert "no rate to compare with" in none.ratio.reason
    [short] = leaving_at_cuts(np.repeat([0.0, 1.0], 30), np.full(60, 90.0), np.zeros(60), [0.5])
    assert "nobody was followed" in short.share_above.reason


def test_correlations_use_people_who_have_both():
    rng = np.random.default_rng(3)
    score, kpi = people(2000, 0.4, rng)
    kpi[:500] = np.nan
    found = correlations_with({"teamwork": score}, {"kpi": kpi, "rare": np.full(2000, np.nan)})
    assert found["kpi"]["teamwork"].covers(0.4)
    assert "0 people" in found["rare"]["teamwork"].reason


@pytest.mark.parametrize("bad", [{"validity": 1.0}, {"base_rate": 0.0}, {"selection_ratio": 30.0}])
def test_numbers_outside_their_range_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        expected_hit_rate(**({"validity": 0.3, "base_rate": 0.5, "selection_ratio": 0.2} | bad))
