"""A procedure that finds something in ratings dealt out by chance has found nothing in the true ones."""

import numpy as np
import pytest

from tests.proof import proof_count
from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.training.overall import cross_fitted
from vivavoce.training.scheme import Scheme
from vivavoce.training.validation.permutation import (
    permuted_learning,
    permuted_persons,
    permuted_procedure,
    permuted_scores,
)


def planted(signal, seed, n=120, p=20):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p))
    return x, signal * x[:, 0] + rng.standard_normal(n), np.arange(n) // 2


def test_a_persons_rows_stay_together_and_everybody_is_dealt_out():
    persons = np.array(["a", "b", "a", "c", "b", "c", "d", "e"])
    drawn = permuted_persons(persons, 50)
    assert all(sorted(one) == list(range(8)) for one in drawn)
    assert all(len({persons[one[i]] for i in rows}) == 1 for one in drawn for rows in ([0, 2], [1, 4], [3, 5]))
    assert all(persons[one[6]] in "de" for one in drawn)  # who has one row is dealt one row
    assert len({one.tobytes() for one in drawn}) > 5


def test_the_observed_r_is_the_cross_fitted_one():
    x, y, persons = planted(1.0, 0)
    y[:7] = np.nan
    x[::9, 2] = np.nan
    rated = ~np.isnan(y)
    expected = cross_fitted(CompetencyRidge(), x[rated], y[rated], persons[rated])
    known = ~np.isnan(expected)
    found = permuted_learning(CompetencyRidge(), x, y, persons, count=19)
    assert found.r == pytest.approx(np.corrcoef(expected[known], y[rated][known])[0, 1])


def test_what_is_there_is_found():
    found = permuted_learning(CompetencyRidge(), *planted(1.0, 1), count=99)
    assert found.p == 0.01
    assert found.r > found.chance


@pytest.mark.proof
def test_what_is_not_there_is_found_in_one_of_twenty(record_property):
    sets = proof_count(60, 400)
    p = np.array([permuted_learning(CompetencyRidge(), *planted(0.0, [2, i]), count=19).p for i in range(sets)])
    record_property("noise found at .05", f"{np.mean(p <= 0.05):.3f} of {sets}")
    assert np.mean(p <= 0.05) <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / sets)
    assert 0.35 < p.mean() < 0.65


class Careless(Scheme):
    """Splits like any other, but ratings change places across sites and periods."""

    def exchangeable(self, persons):
        return np.zeros(len(persons), np.intp)


def drifting(seed):
    """Features and raters that both change in the course of a year, and nothing else; and by time."""
    rng, day = np.random.default_rng([6, seed]), np.linspace(-0.5, 0.5, 120)
    x = day[:, None] * rng.choice([-1, 1], 2) + rng.standard_normal((120, 2))
    return x, day + rng.standard_normal(120), Scheme.by_time(np.arange(120), day)


def differing(seed):
    """Sites whose rooms are heard and whose raters are strict or mild, and nothing else; and by site."""
    rng = np.random.default_rng([7, seed])
    site = rng.integers(0, 20, 120)
    x = rng.standard_normal((20, 4))[site] + 0.5 * rng.standard_normal((120, 4))
    y = rng.standard_normal(20)[site] + 0.5 * rng.standard_normal(120)
    return x, y, Scheme.by_group("site", np.arange(120), site)


@pytest.mark.proof
@pytest.mark.parametrize("make", [drifting, differing])
def test_what_only_differs_between_periods_or_sites_is_no_finding(make, record_property):
    sets, found = proof_count(30, 400), {Scheme: [], Careless: []}
    for i in range(sets):
        x, y, own = make(i)
        for kind, p in found.items():
            scheme = kind(own.by, own.persons, own.units, own.groups)
            p.append(permuted_learning(CompetencyRidge(), x, y, np.arange(120), count=19, scheme=scheme).p)
    within, across = (float(np.mean(np.array(p) <= 0.05)) for p in found.values())
    record_property("found at .05 where ratings change places within, and across", f"{within:.3f}, {across:.3f}")
    assert within <= 0.08 + 2.6 * np.sqrt(0.08 * 0.92 / sets)
    assert make is not drifting or across > 0.25


def test_scores_that_are_given_are_tested_as_they_are():
    x, y, persons = planted(1.0, 3)
    assert permuted_scores(x[:, 0], y, persons, count=199).p == 0.005
    assert permuted_scores(x[:, 1], y, persons, count=199).p > 0.05


def test_a_procedure_that_sees_the_criterion_gains_nothing_by_it():
    x, y, persons = planted(0.0, 4)

    def best(given):
        return x[:, int(np.argmax(x.T @ given))]

    naive = permuted_scores(best(y), y, persons, count=99)
    found = permuted_procedure(best, y, persons, count=99)
    assert found.r == naive.r
    assert found.p > naive.p + 0.2  # the best of twenty columns is as good for any other criterion
    assert found.chance > naive.chance


def test_too_few_people_and_no_spread_are_no_number():
    x = np.arange(30.0)
    assert permuted_scores(x[:10], x[:10], x[:10]).reason == "10 persons with both: fewer than 20"
    assert permuted_scores(np.ones(30), x, x).reason == "the scores do not vary"
    assert permuted_learning(CompetencyRidge(), x, np.ones(30), x).reason == "the criterion does not vary"
    with pytest.raises(ValueError, match="'count' parameter"):
        permuted_scores(x, x, x, count=10)
