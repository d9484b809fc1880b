"""A search finds what was planted, and what it found on its own folds is never the validity that is reported."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests.proof import proof_count
from tests.training.tables import FRAMEWORK, write
from vivavoce.evaluation.estimate import bootstrap
from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.training.joining import read_inputs
from vivavoce.training.linear.linear_trainer import fit
from vivavoce.training.linear.search import PENALTIES, STARTED, Search, SearchedRidge, family, without_idle
from vivavoce.training.overall import cross_fitted
from vivavoce.training.validation.permutation import permuted_learning

SETS = tuple(name for name in "abcdefghijkl" for _ in range(4))


UNEQUAL = "settings are chosen on folds of rows, and a row twice is not a row of weight two in two folds"


@parametrize_with_checks(
    [SearchedRidge(trials=2)],
    expected_failed_checks=lambda _: {"check_sample_weight_equivalence_on_dense_data": UNEQUAL},
)
def test_it_is_an_estimator_like_any_other(estimator, check):
    check(estimator)


def r(one, other):
    return float(np.corrcoef(one, other)[0, 1])


def test_noise_looks_good_inside_a_search_and_has_no_nested_validity():
    rng = np.random.default_rng(1)
    x, y, persons = rng.standard_normal((120, len(SETS))), rng.standard_normal(120), np.arange(120)
    searched = SearchedRidge(SETS, trials=80, seed=0)
    inside = clone(searched).fit(x, y, groups=persons).best_.r
    nested = bootstrap(r, cross_fitted(searched, x, y, persons), y, persons=persons, draws=500)
    assert inside > 0.2
    assert nested.low < 0 < nested.high
    assert nested.value < inside - 0.15


def test_families_that_say_something_are_kept_and_noise_is_left_out():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((200, len(SETS)))
    y = x[:, :4].sum(axis=1) + rng.standard_normal(200)
    searched = SearchedRidge(SETS, trials=60, seed=0).fit(x, y)
    assert "a" in searched.best_.families
    assert len(searched.best_.families) < 8
    assert (searched.coef_[[name not in searched.best_.families for name in SETS]] == 0).all()
    fresh = rng.standard_normal((2000, len(SETS)))
    plain = CompetencyRidge().fit(x, y)
    truth = fresh[:, :4].sum(axis=1)
    assert r(searched.predict(fresh), truth) > r(plain.predict(fresh), truth)


def test_hopeless_trials_are_given_up_early():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((150, len(SETS)))
    searched = SearchedRidge(SETS, trials=50, seed=0).fit(x, x[:, 0] + 0.5 * rng.standard_normal(150))
    pruned = [one for one in searched.trials_ if one.pruned]
    assert 0 < len(pruned) < 50
    assert np.mean([one.error for one in pruned]) > searched.best_.error
    assert all(PENALTIES[0] <= one.penalty <= PENALTIES[1] for one in searched.trials_)


def test_the_same_seed_tries_the_same_settings():
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((80, len(SETS))), rng.standard_normal(80)
    one, other = (SearchedRidge(SETS, trials=20, seed=5).fit(x, y) for _ in range(2))
    assert str(one.trials_) == str(other.trials_)
    assert (one.coef_ == other.coef_).all()
    assert str(SearchedRidge(SETS, trials=20, seed=6).fit(x, y).trials_) != str(one.trials_)


def test_the_plain_ridge_is_the_first_thing_tried():
    rng = np.random.default_rng(5)
    x = rng.standard_normal((80, len(SETS)))
    searched = SearchedRidge(SETS, trials=1).fit(x, x[:, 0])
    assert searched.best_.families == tuple(sorted(set(SETS)))
    plain = CompetencyRidge((0.1,)).fit(x, x[:, 0])
    assert searched.predict(x) == pytest.approx(plain.predict(x))


def test_rows_of_one_person_stay_on_one_side_of_the_inner_folds():
    rng = np.random.default_rng(6)
    persons = np.repeat(np.arange(40), 3)
    who = rng.standard_normal((40, 30))[persons]  # features that name the person
    y = rng.standard_normal(40)[persons]
    assert SearchedRidge(trials=15).fit(who, y, groups=persons).best_.r < 0.4
    assert SearchedRidge(trials=15).fit(who, y).best_.r > 0.8


def test_how_much_must_have_been_measured_is_searched_where_something_is_missing():
    rng = np.random.default_rng(7)
    x = rng.standard_normal((150, 8))
    y = x.sum(axis=1)
    assert {one.least_measured for one in SearchedRidge(trials=20).fit(x, y).trials_} == {0.75}
    x[rng.random(x.shape) < 0.3] = np.nan
    searched = SearchedRidge(trials=20).fit(x, y)
    assert {one.least_measured for one in searched.trials_} == {0.5, 0.75, 0.9}
    assert searched.least_measured == searched.best_.least_measured


def test_a_training_searches_and_its_model_asks_for_nothing_that_it_does_not_use(tmp_path):
    paths = write(tmp_path, n=80)
    inputs = read_inputs(paths["features"], paths["ratings"], None, FRAMEWORK)
    search = Search(6, inputs.modalities, 0)
    fitted = fit(inputs, FRAMEWORK, estimator=search, effort=None, seed=0)
    model, trials = fitted.model, fitted.trials
    assert {name: len(tried) for name, tried in trials.items()} == dict.fromkeys(inputs.features, 6)
    lean = without_idle(model)
    assert set(lean.fingerprints) <= set(model.fingerprints)
    idle = set(model.fingerprints) - set(lean.fingerprints)
    less = {
        name: {one: values for one, values in columns.items() if one not in idle}
        for name, columns in inputs.features.items()
    }
    one, other = model.points(inputs.features), lean.points(less)
    assert all(one[name] == pytest.approx(other[name], nan_ok=True) for name in one)


def test_families_are_told_by_modality_and_name():
    assert family("prosody.rms_db", {}) == "prosody"
    assert family("prosody.rms_db", {"prosody.rms_db": "voice"}) == "voice: prosody"


def test_families_that_do_not_fit_the_columns_are_refused():
    with pytest.raises(ValueError, match="2 families for 3 columns"):
        SearchedRidge(families=("a", "b")).fit(np.ones((10, 3)), np.arange(10.0))


def test_many_ratings_at_once_are_searched_as_each_alone():
    rng = np.random.default_rng(8)
    x, persons = rng.standard_normal((120, len(SETS))), np.arange(120) // 2
    x[rng.random(x.shape) < 0.05] = np.nan
    targets = np.nan_to_num(x[:, :3]) + rng.standard_normal((120, 3))
    new = rng.standard_normal((30, len(SETS)))
    for trials in (1, 4, STARTED):
        searched = SearchedRidge(SETS, trials=trials, seed=3)
        found = searched.predict_targets(x, targets, new, persons)
        for one, target in zip(found.T, targets.T, strict=True):
            assert one == pytest.approx(clone(searched).fit(x, target, groups=persons).predict(new), nan_ok=True)
    with pytest.raises(ValueError, match="at most 10 trials"):
        SearchedRidge(SETS, trials=11).predict_targets(x, targets, new, persons)


def test_the_first_settings_depend_on_no_rating():
    rng = np.random.default_rng(9)
    x, persons = rng.standard_normal((60, len(SETS))), np.arange(60)
    one, other = (
        [(trial.families, trial.penalty) for trial in SearchedRidge(SETS, trials=15).fit(x, y, groups=persons).trials_]
        for y in rng.standard_normal((2, 60))
    )
    assert one[:STARTED] == other[:STARTED]
    assert one != other


def test_a_permutation_test_of_a_search_searches_in_every_permutation():
    rng = np.random.default_rng(10)
    x, persons = rng.standard_normal((100, len(SETS))), np.arange(100)
    reduced = SearchedRidge(SETS, trials=STARTED)
    signal = x[:, :4].sum(axis=1) + rng.standard_normal(100)
    found = permuted_learning(reduced, x, signal, persons, count=39)
    assert found.p == 0.025
    assert found.r == pytest.approx(r(cross_fitted(reduced, x, signal, persons), signal))


@pytest.mark.proof
def test_a_search_in_noise_is_found_in_one_of_twenty(record_property):
    sets = proof_count(20, 300)
    p = []
    for i in range(sets):
        rng = np.random.default_rng([11, i])
        x, y = rng.standard_normal((60, 12)), rng.standard_normal(60)
        reduced = SearchedRidge(SETS[::4], trials=STARTED)
        p.append(permuted_learning(reduced, x, y, np.arange(60), count=19).p)
    record_property("noise found at .05 after a search", f"{np.mean(np.array(p) <= 0.05):.3f} of {sets}")
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / sets)
