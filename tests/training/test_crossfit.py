"""No person's score comes from a model that saw that person's rating."""

import numpy as np
import pytest

from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.training.overall import cross_fitted


def test_noise_has_no_validity_although_it_fits():
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((150, 60)), rng.standard_normal(150)
    model = CompetencyRidge(penalties=(1e-6,))
    assert np.corrcoef(model.fit(x, y).predict(x), y)[0, 1] > 0.6
    assert abs(np.corrcoef(cross_fitted(model, x, y, np.arange(150)), y)[0, 1]) < 0.25


def test_a_persons_own_rating_changes_nothing_in_that_persons_score():
    rng = np.random.default_rng(3)
    x, persons = rng.standard_normal((80, 5)), np.repeat(np.arange(40), 2)
    y = x[:, 0] + rng.standard_normal(80)
    changed = y.copy()
    changed[persons == 7] += 100
    one, other = (cross_fitted(CompetencyRidge(), x, values, persons) for values in (y, changed))
    assert one[persons == 7] == pytest.approx(other[persons == 7])
    assert not np.allclose(one[persons != 7], other[persons != 7])


def test_unrated_people_are_scored_and_teach_nothing():
    rng = np.random.default_rng(4)
    x = rng.standard_normal((100, 3))
    y = np.where(np.arange(100) < 60, x[:, 0], np.nan)
    assert np.isfinite(cross_fitted(CompetencyRidge(), x, y, np.arange(100))).all()


def test_people_with_weight_zero_teach_nothing():
    rng = np.random.default_rng(5)
    x = rng.standard_normal((120, 3))
    y = np.where(np.arange(120) < 60, x[:, 0], -x[:, 0])
    found = cross_fitted(CompetencyRidge(), x, y, np.arange(120), weights=(np.arange(120) < 60).astype(float))
    assert np.corrcoef(found, x[:, 0])[0, 1] > 0.99


def test_splits_with_a_person_on_both_sides_are_refused():
    x = np.random.default_rng(6).standard_normal((20, 2))
    halves = [(np.arange(10), np.arange(10, 20))]
    with pytest.raises(ValueError, match="Split 0 has 1 persons on both sides"):
        cross_fitted(CompetencyRidge(), x, x[:, 0], np.r_[np.arange(19), 0], splits=halves)


def test_what_no_split_predicts_has_no_score():
    x = np.random.default_rng(7).standard_normal((20, 2))
    found = cross_fitted(CompetencyRidge(), x, x[:, 0], np.arange(20), splits=[(np.arange(10), np.arange(10, 15))])
    assert np.isfinite(found).tolist() == [False] * 10 + [True] * 5 + [False] * 5
