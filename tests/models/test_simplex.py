"""The sampler of weights against what can be computed without it."""

import numpy as np
import pytest

from tests.planted import CENTRE, people
from vivavoce.models.simplex import Moments, Slopes, log_likelihood, posteriors, resample, simplex, slopes

JOB = Moments.of(*people(np.array([0.1, 0.2, 0.3, 0.4]), 150, 0.5, 3)[:2])


def test_the_posterior_is_that_of_importance_sampling():
    drawn = np.random.default_rng(0).dirichlet(8 * CENTRE, 200_000)
    density = log_likelihood(drawn, [JOB])
    share = np.exp(density - density.max())
    mean = share @ drawn / share.sum()
    [found] = posteriors(CENTRE, [8.0], [JOB], particles=4000)
    assert found.weights.mean(axis=0) == pytest.approx(mean, abs=0.01)
    sd = np.sqrt(share @ (drawn - mean) ** 2 / share.sum())
    assert found.weights.std(axis=0) == pytest.approx(sd, abs=0.01)
    assert found.log_evidence == pytest.approx(np.log(share.mean()) + density.max(), abs=0.1)


def test_without_information_the_prior_comes_back():
    z = np.random.default_rng(1).standard_normal((6, 4)) * 1e-6
    [first, last] = posteriors(CENTRE, [4.0, 32.0], [Moments.of(z, np.arange(6.0))], particles=4000)
    for found in (first, last):
        assert found.weights.mean(axis=0) == pytest.approx(CENTRE, abs=0.02)
        assert found.weights[:, 0].std() == pytest.approx(np.sqrt(0.24 / (found.strength + 1)), rel=0.08)


def test_units_of_performance_do_not_matter():
    z, y, _ = people(CENTRE, 90, 0.5, 4)
    one, other = (posteriors(CENTRE, [8.0], [Moments.of(z, unit * y + 3)]) for unit in (1.0, 1000.0))
    assert one[0].weights == pytest.approx(other[0].weights)


def test_the_same_seed_gives_the_same_bytes():
    one, other = (posteriors(CENTRE, [4.0, 8.0], [JOB], seed=5) for _ in range(2))
    assert [p.weights.tobytes() for p in one] == [p.weights.tobytes() for p in other]
    assert posteriors(CENTRE, [4.0], [JOB], seed=6)[0].weights.tobytes() != one[0].weights.tobytes()


def test_slopes_are_those_of_a_regression_where_people_are_many():
    z, y, _ = people(CENTRE, 30_000, 0.3, 5)
    y = np.where(np.arange(30_000) % 3 == 1, y, np.nan)
    kept = np.isfinite(y)
    found = slopes(CENTRE[None, :], Moments.of(z[kept], y[kept]))
    x = z[kept] @ CENTRE
    assert found.centre[0] == pytest.approx(np.polyfit(x, y[kept], 1)[0], rel=0.001)
    assert found.positive[0] > 0.999


def test_slopes_above_zero_only():
    drawn = Slopes(np.full(5000, -0.1), np.full(5000, 0.2), 30).draw(np.random.default_rng(0), positive=True)
    assert drawn.min() > 0


def test_weights_stay_on_the_simplex_even_where_one_vanishes():
    weights = simplex(np.array([[-800.0, 0.0], [900.0, 3.0]]))
    assert np.all(weights >= 0)
    assert weights.sum(axis=1) == pytest.approx(1)


def test_resampling_expects_each_index_by_its_weight():
    found = resample(np.array([1.0, 0.0, 3.0]), 4000, np.random.default_rng(0))
    assert np.bincount(found, minlength=3).tolist() == [1000, 0, 3000]


@pytest.mark.parametrize("prior", [[1.0], [0.5, 0.6], [0.0, 1.0], [1.2, -0.2]])
def test_a_prior_that_is_none_is_refused(prior):
    with pytest.raises(ValueError, match="must hold two or more weights above 0 that sum to 1"):
        posteriors(prior, [4.0], [JOB])


def test_strengths_must_rise():
    with pytest.raises(ValueError, match="must rise from above 0"):
        posteriors(CENTRE, [8.0, 4.0], [JOB])


@pytest.mark.parametrize("y", [np.arange(4.0), np.ones(10)])
def test_a_job_that_says_nothing_is_refused(y):
    with pytest.raises(ValueError, match="leave the job out, or merge"):
        Moments.of(np.ones((len(y), 2)), y)
