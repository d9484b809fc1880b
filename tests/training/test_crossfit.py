"""No person's score comes from a model that saw that person's rating."""

import numpy as np
import pytest

from vivavoce.models.linear import CompetencyRidge
from vivavoce.training.crossfit import cross_fitted, person_folds


def test_all_rows_of_a_person_share_a_fold():
    persons = np.random.default_rng(0).integers(0, 23, 200)
    fold = person_folds(persons, seed=1)
    assert all(len(set(fold[persons == person])) == 1 for person in range(23))
    sizes = np.bincount([fold[persons == person][0] for person in range(23)])
    assert np.ptp(sizes) <= 1


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


def test_fewer_persons_than_folds_are_refused():
    with pytest.raises(ValueError, match="must be 2 to 3 persons"):
        person_folds(["a", "b", "c"])
