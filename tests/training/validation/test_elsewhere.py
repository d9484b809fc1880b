"""What holds at home may not hold elsewhere or later, and is shown not to."""

import numpy as np

from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.training.overall import cross_fitted
from vivavoce.training.validation.precision import held_out

N, SITES = 400, 40


def by_person(x, y):
    return np.corrcoef(cross_fitted(CompetencyRidge(), x, y, np.arange(N)), y)[0, 1]


def test_what_knows_the_site_only_is_worth_nothing_at_another():
    rng = np.random.default_rng(0)
    site = rng.integers(0, SITES, N)
    noises = rng.standard_normal((SITES, 40))[site]  # the room is heard in the features
    x = noises + 0.1 * rng.standard_normal((N, 40))
    y = 2 * rng.standard_normal(SITES)[site] + rng.standard_normal(N)  # and sites have their own strictness
    found = held_out(CompetencyRidge(), x, y, np.arange(N), site=site.astype(str))["site"]
    assert by_person(x, y) > 0.7
    assert found.high < 0.4


def test_what_held_before_and_no_longer_holds_is_seen_by_time():
    rng = np.random.default_rng(1)
    day = np.arange(N)
    x = rng.standard_normal((N, 2))
    y = np.where(day < 320, x[:, 0], x[:, 1]) + 0.5 * rng.standard_normal(N)
    times = np.datetime64("2026-01-01") + day
    found = held_out(CompetencyRidge(), x[300:], y[300:], np.arange(100), recorded_at=times[300:])["time"]
    early = held_out(CompetencyRidge(), x[:300], y[:300], np.arange(300), recorded_at=times[:300])["time"]
    assert early.value > 0.8
    assert found.value < 0.6


def test_rows_without_a_site_or_a_day_are_left_out_and_what_cannot_be_split_says_so():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((N, 1))
    y, persons = x[:, 0] + rng.standard_normal(N), np.arange(N)
    site = np.where(persons < 40, "", "one")
    times = np.full(N, np.datetime64("NaT"), "datetime64[us]")
    found = held_out(CompetencyRidge(), x, y, persons, site=site, recorded_at=times)
    assert "Everybody here is of one site" in found["site"].reason
    assert found["employer"].reason == "employers are not known"
    assert found["time"].reason == "it is known of nobody who was rated"
    assert held_out(CompetencyRidge(), x, y, persons)["site"].reason == "sites are not known"
