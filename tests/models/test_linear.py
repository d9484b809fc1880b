"""Ridge on human ratings: planted coefficients, scikit-learn's own checks, absent values that are marked."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from vivavoce.models.linear.ridge import CompetencyRidge, measured_share, rating
from vivavoce.models.score import NoNorms, Norms


def planted(n=400, p=4, seed=0, noise=0.1):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p)) * [1.0, 10.0, 0.1, 5.0][:p] + 3
    return x, 3 + x @ [0.5, 0.0, -4.0, 0.1][:p] + noise * rng.standard_normal(n)


@parametrize_with_checks([CompetencyRidge()])
def test_scikit_learn_agrees(estimator, check):
    check(estimator)


def test_planted_coefficients_come_back():
    x, y = planted()
    model = CompetencyRidge(penalties=(1e-8,)).fit(x, y)
    assert model.coef_ == pytest.approx([0.5, 0.0, -4.0, 0.1], abs=0.1)
    assert model.intercept_ == pytest.approx(3, abs=0.3)


def test_wide_and_tall_forms_agree():
    x, y = planted(n=40)
    wide = np.hstack([x, np.zeros((40, 60))])
    one, other = CompetencyRidge(penalties=(0.1,)).fit(x, y), CompetencyRidge(penalties=(0.1,)).fit(wide, y)
    assert other.coef_[:4] == pytest.approx(one.coef_)
    assert other.coef_[4:] == pytest.approx(0)


def test_units_of_a_feature_do_not_matter():
    x, y = planted()
    one, other = CompetencyRidge().fit(x, y), CompetencyRidge().fit(x * 1000 - 7, y)
    assert other.predict(x * 1000 - 7) == pytest.approx(one.predict(x))


def test_noise_is_shrunk_more_than_signal():
    x, y = planted(n=60)
    noise = np.random.default_rng(5).standard_normal(60)
    assert CompetencyRidge().fit(x, noise).penalty_ > CompetencyRidge().fit(x, y).penalty_


def test_the_written_coefficients_are_the_whole_model():
    x, y = planted()
    x[::7, 1] = np.nan
    model = CompetencyRidge(least_measured=0.0).fit(x, y)
    written = rating(x.T, model.intercept_, model.coef_, model.absent_coef_, model.mean_, model.scale_)
    assert written.tobytes() == model.predict(x).tobytes()


def test_absence_that_says_something_has_its_own_coefficient():
    x, y = planted()
    absent = np.random.default_rng(1).random(400) < 0.3
    x[absent, 1] = np.nan
    y = y + absent
    model = CompetencyRidge(penalties=(1e-8,)).fit(x, y)
    assert model.absent_coef_[1] == pytest.approx(1, abs=0.1)
    assert model.absent_coef_[[0, 2, 3]].tolist() == [0, 0, 0]


def test_too_little_measured_is_no_prediction():
    x, y = planted()
    model = CompetencyRidge().fit(x, y)
    without = x[:1].copy()
    without[0, 0] = np.nan
    assert 0 < model.measured_share(without)[0] < 0.75
    assert np.isnan(model.predict(without))
    unimportant = x[:1].copy()
    unimportant[0, 1] = np.nan
    assert np.isfinite(model.predict(unimportant))


def test_features_that_say_nothing_need_not_be_measured():
    assert measured_share(np.array([[np.nan], [1.0]]), np.zeros(2)) == [1.0]


def test_constant_and_wholly_absent_features_get_no_coefficient():
    x, y = planted()
    x[:, 1], x[:, 3] = 7.1, np.nan
    model = CompetencyRidge().fit(x, y)
    assert model.coef_[[1, 3]].tolist() == [0, 0]
    assert model.absent_coef_.tolist() == [0, 0, 0, 0]


def test_persons_are_never_on_both_sides_when_the_penalty_is_chosen():
    rng = np.random.default_rng(3)
    persons = np.repeat(np.arange(30), 10)
    x = rng.standard_normal((30, 20))[persons]  # ten identical rows a person: memory passes for skill
    y = rng.standard_normal(30)[persons]
    blind, grouped = CompetencyRidge().fit(x, y), CompetencyRidge().fit(x, y, groups=persons)
    assert grouped.penalty_ > blind.penalty_


def test_penalties_must_be_above_zero():
    with pytest.raises(ValueError, match="must hold numbers above 0"):
        clone(CompetencyRidge(penalties=(0.0,))).fit(*planted())


def test_norms_need_applicants_who_differ():
    with pytest.raises(NoNorms, match="at least 20 applicants"):
        Norms.of(np.ones(50))
    with pytest.raises(NoNorms, match="Got 19 applicants"):
        Norms.of([*range(19), np.nan])


def test_a_weight_of_two_is_the_row_twice_and_only_ratios_matter():
    x, y = planted(n=60)
    x[::7, 1] = np.nan
    weights = np.random.default_rng(6).integers(0, 3, 60).astype(float)
    rows = np.repeat(np.arange(60), weights.astype(int))
    model = CompetencyRidge(penalties=(0.1,))
    weighted, tenfold = (clone(model).fit(x, y, sample_weight=one) for one in (weights, 10 * weights))
    repeated = clone(model).fit(x[rows], y[rows])
    assert weighted.coef_ == pytest.approx(repeated.coef_)
    assert weighted.absent_coef_ == pytest.approx(repeated.absent_coef_)
    assert weighted.intercept_ == pytest.approx(repeated.intercept_)
    assert tenfold.coef_ == pytest.approx(weighted.coef_)


def test_weights_decide_the_penalty_too():
    rng = np.random.default_rng(8)
    x = rng.standard_normal((200, 20))
    y = np.where(np.arange(200) < 100, x[:, 0], rng.standard_normal(200))  # signal in one half, noise in the other
    signal = np.where(np.arange(200) < 100, 1.0, 1e-6)
    one, other = (CompetencyRidge().fit(x, y, sample_weight=weights) for weights in (signal, signal[::-1]))
    assert one.penalty_ < other.penalty_


def test_weights_below_zero_are_refused():
    x, y = planted(n=20)
    with pytest.raises(ValueError, match="20 finite weights of at least 0"):
        CompetencyRidge().fit(x, y, sample_weight=np.full(20, -1.0))


def test_many_ratings_at_once_are_each_on_its_own():
    x, y = planted(n=120)
    x[::5, 1] = np.nan
    x[3, 0] = np.nan
    rng = np.random.default_rng(7)
    targets = np.column_stack([y, rng.standard_normal(120), y[::-1]])
    persons, weights = np.arange(120) // 2, rng.random(120)
    model = CompetencyRidge()
    together = model.predict_targets(x, targets, x, persons, weights)
    alone = [clone(model).fit(x, one, groups=persons, sample_weight=weights).predict(x) for one in targets.T]
    assert together == pytest.approx(np.column_stack(alone), nan_ok=True)
    assert np.isnan(together[3, 0])


def test_splits_as_scikit_learn_takes_them():
    x, y = planted(n=100)
    halves = [(np.arange(50), np.arange(50, 100)), (np.arange(50, 100), np.arange(50))]
    assert CompetencyRidge(cv=halves).fit(x, y).coef_ == pytest.approx(CompetencyRidge().fit(x, y).coef_, abs=0.2)


def test_one_slip_of_a_tracker_neither_turns_the_line_nor_makes_a_score():
    x, y = planted(n=200)
    slipped = x.copy()
    slipped[0, 2] = 1e4  # a hundred thousand standard deviations
    plain, model = CompetencyRidge().fit(x, y), CompetencyRidge().fit(slipped, y)
    assert np.abs(model.predict(slipped)[0] - y.mean()) < 4 * y.std()
    wild = x[:1].copy()
    wild[0, 0] = 1e9
    edge = x[:1].copy()
    edge[0, 0] = plain.mean_[0] + 4 * plain.scale_[0]
    assert plain.predict(wild) == pytest.approx(plain.predict(edge))


def test_values_beyond_reach_cost_little_of_what_the_others_teach():
    rng = np.random.default_rng(9)
    x = rng.standard_normal((300, 10))
    y = x[:, 0] + rng.standard_normal(300)
    slipped = np.where(rng.random(x.shape) < 0.003, 30 * rng.standard_normal(x.shape), x)
    fresh = rng.standard_normal((1000, 10))
    found = CompetencyRidge().fit(slipped, y).predict(fresh)
    assert np.corrcoef(found, fresh[:, 0])[0, 1] > 0.95


def test_columns_stay_centred_where_values_are_brought_in():
    x, y = planted(n=150)
    x[:5, 1] = 1e3
    x[::7, 2] = np.nan
    model = CompetencyRidge(penalties=(1e-6,), least_measured=0.0).fit(x, y)
    assert model.predict(x).mean() == pytest.approx(y.mean())
