"""More people who teach: what is measured, and what is carried on."""

import numpy as np
import pytest

from tests.proof import proof_count
from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.training.overall import cross_fitted
from vivavoce.training.validation.precision import learning_curve

COEFFICIENTS = np.full(30, 0.18)  # R² = .49: r of .70 where everything is learned


def planted(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 30))
    return x, x @ COEFFICIENTS + rng.standard_normal(n)


def test_the_last_point_is_the_cross_fitted_r_and_fewer_people_teach_less():
    x, y = planted(300, 0)
    y[:20] = np.nan
    found = learning_curve(CompetencyRidge(), x, y, np.arange(300), draws=300)
    rated = ~np.isnan(y)
    expected = np.corrcoef(cross_fitted(CompetencyRidge(), x[rated], y[rated], np.arange(300)[rated]), y[rated])[0, 1]
    assert found.points[-1].r.value == pytest.approx(expected)
    assert [one.people for one in found.points] == [56, 112, 168, 224]
    assert found.points[0].r.value < found.points[1].r.value < found.points[-1].r.value
    assert found.ahead_people == 448


@pytest.mark.proof
def test_what_is_carried_on_is_what_comes(record_property):
    sets = proof_count(6, 60)
    expected = np.mean([_r(*planted(750, [1, i])) for i in range(sets)])  # four fifths, 600, teach
    found = [learning_curve(CompetencyRidge(), *planted(375, [2, i]), np.arange(375), draws=200) for i in range(sets)]
    assert {one.ahead_people for one in found} == {600}
    ahead = [one.ahead.value for one in found if np.isfinite(one.ahead.value)]
    record_property("r carried on to 600 people, and r of 600", f"{np.mean(ahead):.3f}, {expected:.3f}")
    record_property("not carried on", f"{1 - len(ahead) / sets:.2f}")
    assert len(ahead) >= sets / 3
    assert np.mean(ahead) == pytest.approx(expected, abs=0.03)


def _r(x, y):
    return np.corrcoef(cross_fitted(CompetencyRidge(), x, y, np.arange(len(y))), y)[0, 1]


def test_nothing_is_carried_on_where_the_law_does_not_hold():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((80, 5))
    found = learning_curve(CompetencyRidge(), x, rng.standard_normal(80), np.arange(80), draws=200)
    assert np.isnan(found.ahead.value)
    assert "nothing is carried on" in found.ahead.reason or "says too little" in found.ahead.reason


def test_weights_and_persons_are_kept_together():
    x, y = planted(200, 4)
    one = learning_curve(CompetencyRidge(), x, y, np.arange(200) // 2, weights=np.ones(200), draws=100)
    assert one == learning_curve(CompetencyRidge(), x, y, np.arange(200) // 2, draws=100)
    assert one.points[-1].people == 80


def test_too_few_people_are_no_curve():
    found = learning_curve(CompetencyRidge(), np.arange(12.0)[:, None], np.arange(12.0), np.arange(12))
    assert found.points[0].r.reason == "12 persons with both: fewer than 20"
